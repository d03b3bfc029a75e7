#include "binding/data_memory.h"

#include "binding/integers.h"
#include "runtime/recycle.h"

#include <stdlib.h>
#include <string.h>

/* ---- the handler, as NEP 49 has it ---------------------------------------- */

static void *take(void *Py_UNUSED(context), size_t bytes) {
    return recycle_take(bytes);
}

static void *take_zeros(void *Py_UNUSED(context), size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *memory = recycle_take(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

static void *resize(void *Py_UNUSED(context), void *memory, size_t bytes) {
    return memory ? recycle_resize(memory, bytes) : recycle_take(bytes);
}

static void give(void *Py_UNUSED(context), void *memory, size_t Py_UNUSED(bytes)) {
    if (memory) recycle_give(memory);
}

static PyDataMem_Handler functions = {
    .name = "fasteinsum",
    .version = 1,
    .allocator = {.malloc = take, .calloc = take_zeros, .realloc = resize, .free = give},
};

static PyObject *handler; /* for good: arrays may outlive the module */

bool data_memory_prepare(void) {
    if (!handler) handler = PyCapsule_New(&functions, "mem_handler", NULL);
    if (!handler) return false;
    const char *ignored = recycle_read_environment();
    return !ignored ||
           PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "%s='%s' is no number of bytes and ignored",
                            ignored, getenv(ignored)) == 0;
}

/* ---- arrays --------------------------------------------------------------- */

/* Puts ours in the place of NumPy's own and says so; one that the user has set stays. False with an
   exception set. */
static bool begin(bool *is_ours) {
    PyObject *current = PyDataMem_GetHandler();
    if (!current) return false;
    *is_ours = current == PyDataMem_DefaultHandler;
    Py_DECREF(current);
    PyObject *before = *is_ours ? PyDataMem_SetHandler(handler) : NULL;
    bool done = !*is_ours || before;
    Py_XDECREF(before);
    return done;
}

/* Keeps the exception of an array that could not be made. */
static bool end(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *ours = PyDataMem_SetHandler(PyDataMem_DefaultHandler);
    Py_XDECREF(ours);
    if (type) PyErr_Restore(type, value, traceback);
    return ours != NULL;
}

PyArrayObject *array_new_large(PyArray_Descr *descr, int axis_count, const ptrdiff_t *shape,
                               const ptrdiff_t *strides) {
    bool is_ours = false;
    if (recycle_limit() > 0 && !begin(&is_ours)) {
        Py_DECREF((PyObject *)descr);
        return NULL;
    }
    PyArrayObject *array = array_new_small(descr, axis_count, shape, strides);
    if (is_ours && !end()) Py_CLEAR(array);
    return array;
}

PyArrayObject *array_new(PyArray_Descr *descr, int axis_count, const ptrdiff_t *shape,
                         const ptrdiff_t *strides) {
    size_t bytes = (size_t)PyDataType_ELSIZE(descr);
    bool is_huge = false; /* NumPy says what is wrong with it */
    for (int i = 0; i < axis_count; i++) {
        is_huge = __builtin_mul_overflow(bytes, (size_t)shape[i], &bytes) || is_huge;
    }
    bool is_large = !is_huge && bytes >= RECYCLE_LEAST;
    return is_large ? array_new_large(descr, axis_count, shape, strides)
                    : array_new_small(descr, axis_count, shape, strides);
}

/* ---- the switch ----------------------------------------------------------- */

PyObject *method_set_recycling(PyObject *Py_UNUSED(module), PyObject *bytes) {
    ptrdiff_t value;
    if (!integer_read(bytes, &value)) return NULL;
    if (value < 0) {
        return PyErr_Format(PyExc_ValueError, "bytes must not be negative, as %S is", bytes);
    }
    recycle_set_limit((size_t)value);
    Py_INCREF(Py_None);
    return Py_None;
}

PyObject *method_recycling(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return Py_BuildValue("{s:n, s:n}", "limit", (Py_ssize_t)recycle_limit(), "kept",
                         (Py_ssize_t)recycle_kept());
}
