#include "binding/dispatch.h"

/* The common types, which need no look at their attributes. */
static bool is_plain(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyArray_Type || type == &PyUnicode_Type || type == &PyList_Type ||
           type == &PyTuple_Type || type == &PyFloat_Type || type == &PyLong_Type ||
           object == Py_None;
}

static int is_foreign(const ModuleState *state, PyObject *object) {
    if (is_plain(object)) return 0;
    PyObject *protocol = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__array_function__");
    if (!protocol) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
        PyErr_Clear();
        return 0;
    }
    bool is_ours = protocol == state->ndarray_protocol;
    Py_DECREF(protocol);
    return !is_ours;
}

int dispatch_is_foreign(const ModuleState *state, const CallArguments *arguments) {
    for (Py_ssize_t i = 0; i < arguments->count; i++) {
        int foreign = is_foreign(state, arguments->values[i]);
        if (foreign) return foreign;
    }
    PyObject *out = arguments_keyword(arguments, "out");
    return out ? is_foreign(state, out) : 0;
}

static PyObject *tuple_from_values(PyObject *const *values, Py_ssize_t count) {
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        Py_INCREF(values[i]); /* taken over by the tuple */
        if (PyTuple_SetItem(tuple, i, values[i]) < 0) Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *dict_from_keywords(const CallArguments *arguments) {
    PyObject *keywords = PyDict_New();
    Py_ssize_t count = arguments->names ? PyTuple_Size(arguments->names) : 0;
    for (Py_ssize_t i = 0; keywords && i < count; i++) {
        PyObject *name = PyTuple_GetItem(arguments->names, i);
        PyObject *value = arguments->values[arguments->count + i];
        if (PyDict_SetItem(keywords, name, value) < 0) Py_CLEAR(keywords);
    }
    return keywords;
}

PyObject *dispatch_to_numpy(PyObject *function, const CallArguments *arguments) {
    PyObject *positional = tuple_from_values(arguments->values, arguments->count);
    PyObject *keywords = positional ? dict_from_keywords(arguments) : NULL;
    PyObject *result = keywords ? PyObject_Call(function, positional, keywords) : NULL;
    Py_XDECREF(keywords);
    Py_XDECREF(positional);
    return result;
}
