/* A value is held if nothing is lost but rounding. NumPy's own conversions wrap, truncate and
 * overflow, so each kind of dtype has its test here. */
#include "binding/fill.h"

#include "base/half.h"

#include <math.h>
#include <stdbool.h>

static void refuse(PyObject *value, PyArray_Descr *descr) {
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "constant_values %S cannot be held by dtype %S", value,
                 (PyObject *)descr);
}

/* Every test: 1 if the value is held, 0 if it is not (an exception may be set, refuse clears it).
 */

static int is_equal(PyObject *left, PyObject *right) {
    return left && right && PyObject_RichCompareBool(left, right, Py_EQ) == 1;
}

static bool is_in_range(PyObject *whole, char kind, size_t bytes) {
    int bits = 8 * (int)bytes;
    if (kind == 'u') {
        unsigned long long number = PyLong_AsUnsignedLongLong(whole);
        return !PyErr_Occurred() && (bits == 64 || number >> bits == 0);
    }
    long long number = PyLong_AsLongLong(whole);
    long long limit = 1LL << (bits - 2); /* half of what overflows, as that may be too large */
    return !PyErr_Occurred() && -limit <= number >> 1 && number >> 1 < limit;
}

static int holds_integer(PyObject *value, char kind, size_t bytes) {
    PyObject *whole = PyNumber_Long(value);
    int held = is_equal(whole, value) && is_in_range(whole, kind, bytes);
    Py_XDECREF(whole);
    return held;
}

static int holds_bool(PyObject *value) {
    PyObject *truth = PyBool_FromLong(PyObject_IsTrue(value) > 0);
    int held = is_equal(truth, value);
    Py_XDECREF(truth);
    return held;
}

/* A finite value stays finite in floating-point numbers of the given size. */
static bool stays_finite(double value, size_t bytes) {
    if (!isfinite(value)) return true;
    if (bytes == 2) {
        float rounded = (float)value; /* infinite or far from every half if it does not fit */
        return isfinite(rounded) && isfinite(half_to_float(half_from_float(rounded)));
    }
    return bytes != 4 || isfinite((float)value);
}

static int holds_float(PyObject *value, size_t bytes) {
    double number = PyFloat_AsDouble(value);
    return !PyErr_Occurred() && stays_finite(number, bytes);
}

static int holds_complex(PyObject *value, size_t bytes) {
    double real = PyComplex_RealAsDouble(value);
    if (PyErr_Occurred()) return 0;
    double imaginary = PyComplex_ImagAsDouble(value);
    return !PyErr_Occurred() && stays_finite(real, bytes / 2) && stays_finite(imaginary, bytes / 2);
}

static int holds_kind(PyObject *value, PyArray_Descr *descr) {
    size_t bytes = (size_t)PyDataType_ELSIZE(descr);
    switch (descr->kind) {
        case 'b':
            return holds_bool(value);
        case 'i':
        case 'u':
            return holds_integer(value, descr->kind, bytes);
        case 'f':
            return holds_float(value, bytes);
        case 'c':
            return holds_complex(value, bytes);
        default:
            return 1;
    }
}

/* Texts must come back as they went in. */
static int comes_back(PyObject *value, PyArrayObject *fill) {
    if (!PyUnicode_Check(value) && !PyBytes_Check(value)) return 1;
    char kind = PyArray_DESCR(fill)->kind;
    if (kind != 'U' && kind != 'S') return 1;
    PyObject *stored = PyArray_GETITEM(fill, PyArray_BYTES(fill));
    int held = is_equal(stored, value);
    Py_XDECREF(stored);
    return held;
}

/* NumPy's scalars and arrays without axes as Python's own; other values as they are. */
static PyObject *plain_value(PyObject *value) {
    if (PyArray_Check(value) || PyArray_IsScalar(value, Generic)) {
        return PyObject_CallMethod(value, "item", NULL);
    }
    Py_INCREF(value);
    return value;
}

static PyArrayObject *store(PyObject *value, PyArray_Descr *descr) {
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    PyArrayObject *fill = (PyArrayObject *)PyArray_Zeros(0, NULL, descr, 0);
    if (!fill) return NULL;
    bool stored = PyArray_SETITEM(fill, PyArray_BYTES(fill), value) == 0;
    if (!stored || !comes_back(value, fill)) Py_CLEAR(fill);
    return fill;
}

static bool is_foreseen(void) {
    return !PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_ValueError) ||
           PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_OverflowError);
}

PyArrayObject *fill_make(PyObject *value, PyArray_Descr *descr) {
    PyObject *plain = plain_value(value);
    if (!plain) return NULL;
    PyArrayObject *fill = holds_kind(plain, descr) ? store(plain, descr) : NULL;
    Py_DECREF(plain);
    if (!fill && is_foreseen()) refuse(value, descr);
    return fill;
}
