/* A key holds, in this order: the number of operands and the kernels in use, the strategy that is
 * forced, the subscripts; then type, number of axes, shape and strides of each operand; then each
 * keyword with its value. Texts come with their lengths, so that no two calls have the same words
 * by accident. */
#include "binding/call_key.h"

#include <string.h>

static bool is_text(PyObject *object) {
    return PyUnicode_CheckExact(object);
}

static bool add_text(PlanKey *key, PyObject *text) {
    Py_ssize_t size;
    const char *letters = PyUnicode_AsUTF8AndSize(text, &size);
    if (!letters) {
        PyErr_Clear(); /* the long way says what is wrong with it */
        return false;
    }
    size_t length = (size_t)size;
    if (!plan_key_has_room(key, 1 + plan_key_text_words(length))) return false;
    plan_key_add(key, length);
    plan_key_add_text(key, letters, length);
    return true;
}

static bool is_plain(PyObject *object) {
    if (!PyArray_CheckExact(object)) return false;
    PyArrayObject *array = (PyArrayObject *)object;
    return (PyArray_FLAGS(array) & NPY_ARRAY_ALIGNED) && PyArray_TYPE(array) <= NPY_HALF &&
           PyArray_ISNBO(PyArray_DESCR(array)->byteorder);
}

static bool add_array(PlanKey *key, PyObject *object) {
    if (!is_plain(object)) return false;
    PyArrayObject *array = (PyArrayObject *)object;
    int axis_count = PyArray_NDIM(array);
    if (!plan_key_has_room(key, 1 + 2 * (size_t)axis_count)) return false;
    plan_key_add(key, (uint64_t)PyArray_TYPE(array) << 32 | (uint64_t)axis_count);
    plan_key_add_axes(key, PyArray_DIMS(array), PyArray_STRIDES(array), axis_count);
    return true;
}

/* Whether the object stands for one and the same value as long as the process lives, so that its
   address says it all: True, None, float, numpy.float64, numpy.dtype("f8"). */
static bool is_constant(PyObject *object) {
    if (object == Py_None || PyBool_Check(object)) return true;
    if (PyType_Check(object))
        return !PyType_HasFeature((PyTypeObject *)object, Py_TPFLAGS_HEAPTYPE);
    if (!PyArray_DescrCheck(object)) return false;
    int type = ((PyArray_Descr *)object)->type_num;
    if (type < 0 || type > NPY_HALF) return false;
    PyArray_Descr *own = PyArray_DescrFromType(type); /* NumPy holds it for good */
    Py_DECREF(own);
    return (PyObject *)own == object;
}

static bool add_option(PlanKey *key, PyObject *value) {
    if (is_text(value)) return add_text(key, value);
    if (!is_constant(value) || !plan_key_has_room(key, 1)) return false;
    plan_key_add(key, (uintptr_t)value);
    return true;
}

static bool add_out(CallKey *key, PyObject *value) {
    if (value == Py_None) return true;
    key->out = (PyArrayObject *)value;
    return add_array(&key->plan, value);
}

static bool add_keywords(CallKey *key, const CallArguments *arguments) {
    PyObject *names = arguments->names;
    Py_ssize_t count = names ? PyTuple_Size(names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        PyObject *value = arguments->values[arguments->count + i];
        if (!is_text(name) || !add_text(&key->plan, name)) return false;
        bool is_out = PyUnicode_CompareWithASCIIString(name, "out") == 0;
        if (!(is_out ? add_out(key, value) : add_option(&key->plan, value))) return false;
    }
    return true;
}

static bool add_operands(CallKey *key, const CallArguments *arguments) {
    for (Py_ssize_t i = 1; i < arguments->count; i++) {
        if (!add_array(&key->plan, arguments->values[i])) return false;
    }
    return true;
}

bool call_key_make(CallKey *key, const ModuleState *state, const CallArguments *arguments) {
    plan_key_begin(&key->plan);
    key->out = NULL;
    if (arguments->count < 2 || !is_text(arguments->values[0])) return false;
    key->operands = (PyArrayObject *const *)(arguments->values + 1);
    key->operand_count = (int)(arguments->count - 1);
    plan_key_add(&key->plan, (uint64_t)state->machine.isa << 32 | (uint64_t)(arguments->count - 1));
    plan_key_add(&key->plan, (uintptr_t)state->strategy);
    return add_text(&key->plan, arguments->values[0]) && add_operands(key, arguments) &&
           add_keywords(key, arguments);
}
