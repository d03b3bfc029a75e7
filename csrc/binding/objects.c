#include "binding/objects.h"

/* An element, owned: it may be replaced in the array while Python code runs. Empty slots count as
   None. */
static PyObject *element(const char *data) {
    PyObject *object = *(PyObject *const *)(const void *)data;
    if (!object) object = Py_None;
    Py_INCREF(object);
    return object;
}

/* x0 * x1 * ..., from left to right. */
static PyObject *product(int input_count, char *const inputs[], const ptrdiff_t strides[],
                         ptrdiff_t at) {
    PyObject *result = element(inputs[0] + at * strides[0]);
    for (int i = 1; i < input_count && result; i++) {
        PyObject *factor = element(inputs[i] + at * strides[i]);
        PyObject *left = result;
        result = PyNumber_Multiply(left, factor);
        Py_DECREF(left);
        Py_DECREF(factor);
    }
    return result;
}

/* sum + term; takes both references over, and either may be NULL. */
static PyObject *add(PyObject *sum, PyObject *term) {
    PyObject *result = sum && term ? PyNumber_Add(sum, term) : NULL;
    Py_XDECREF(sum);
    Py_XDECREF(term);
    return result;
}

/* The array's slot changes hands before the old object goes, as that may run Python code. */
static void store(char *out, PyObject *object) {
    PyObject **slot = (PyObject **)(void *)out;
    PyObject *old = *slot;
    *slot = object;
    Py_XDECREF(old);
}

static void accumulate(void *context, int input_count, char *const inputs[],
                       const ptrdiff_t strides[], ptrdiff_t count, char *out, int begins) {
    ObjectRun *run = context;
    if (run->has_failed) return;
    PyObject *sum = begins ? PyLong_FromLong(0) : element(out);
    for (ptrdiff_t at = 0; at < count && sum; at++) {
        sum = add(sum, product(input_count, inputs, strides, at));
    }
    if (sum)
        store(out, sum);
    else
        run->has_failed = true;
}

void objects_begin(ObjectRun *run) {
    *run = (ObjectRun){.arithmetic = {.context = run, .accumulate = accumulate}};
}
