#include "binding/integers.h"

bool integer_read(PyObject *object, ptrdiff_t *value) {
    *value = PyNumber_AsSsize_t(object, NULL);
    return *value != -1 || !PyErr_Occurred();
}

static bool read_scalar(PyObject *object, Integers *integers) {
    integers->is_scalar = true;
    integers->count = 1;
    return integer_read(object, &integers->values[0]);
}

static bool read_tuple(PyObject *tuple, const char *parameter, Integers *integers) {
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count > MAX_AXES) {
        PyErr_Format(PyExc_ValueError, "%s has %zd entries, but an array has at most %d axes",
                     parameter, count, MAX_AXES);
        return false;
    }
    integers->is_scalar = false;
    integers->count = (int)count;
    for (int i = 0; i < integers->count; i++) {
        if (!integer_read(PyTuple_GetItem(tuple, i), &integers->values[i])) return false;
    }
    return true;
}

bool integers_read(PyObject *object, const char *parameter, Integers *integers) {
    if (PyLong_Check(object)) return read_scalar(object, integers);
    PyObject *tuple = PySequence_Tuple(object);
    if (!tuple) { /* nothing to iterate over: an int of some kind, or an error that says so */
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) return false;
        PyErr_Clear();
        return read_scalar(object, integers);
    }
    bool done = read_tuple(tuple, parameter, integers);
    Py_DECREF(tuple);
    return done;
}

bool integers_read_shape(PyObject *object, Integers *shape) {
    if (!integers_read(object, "shape", shape)) return false;
    for (int i = 0; i < shape->count; i++) {
        if (shape->values[i] >= 0) continue;
        PyErr_Format(PyExc_ValueError, "length of axis %d must not be negative, got %zd", i,
                     shape->values[i]);
        return false;
    }
    return true;
}

bool integers_read_per_axis(PyObject *object, const char *parameter, int axis_count,
                            Integers *integers) {
    if (!integers_read(object, parameter, integers)) return false;
    if (integers->is_scalar) {
        for (int i = 1; i < axis_count; i++) integers->values[i] = integers->values[0];
        integers->count = axis_count;
        return true;
    }
    if (integers->count == axis_count) return true;
    PyErr_Format(PyExc_ValueError, "%s has %d %s for %d windowed %s", parameter, integers->count,
                 integers->count == 1 ? "entry" : "entries", axis_count,
                 axis_count == 1 ? "axis" : "axes");
    return false;
}

static void raise_axis_error(ptrdiff_t axis, int axis_count) {
    PyObject *module = PyImport_ImportModule("numpy.exceptions");
    PyObject *type = module ? PyObject_GetAttrString(module, "AxisError") : NULL;
    PyObject *error = type ? PyObject_CallFunction(type, "ni", axis, axis_count) : NULL;
    if (error) PyErr_SetObject(type, error);
    Py_XDECREF(error);
    Py_XDECREF(type);
    Py_XDECREF(module);
}

bool integers_read_axes(PyObject *object, int axis_count, Integers *axes) {
    if (!integers_read(object, "axis", axes)) return false;
    for (int i = 0; i < axes->count; i++) {
        ptrdiff_t axis = axes->values[i];
        if (axis < -axis_count || axis >= axis_count) {
            raise_axis_error(axis, axis_count);
            return false;
        }
        if (axis < 0) axes->values[i] += axis_count;
    }
    return true;
}

PyObject *integers_tuple(const ptrdiff_t values[], int count) {
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple && i < count; i++) {
        PyObject *value = PyLong_FromSsize_t(values[i]);
        if (!value || PyTuple_SetItem(tuple, i, value) < 0) Py_CLEAR(tuple);
    }
    return tuple;
}
