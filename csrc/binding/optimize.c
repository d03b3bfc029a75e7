#include "binding/optimize.h"

/* ["einsum_path", step, ...], of any sequence type. */
static int is_path(PyObject *first) {
    PyObject *marker = PyUnicode_FromString("einsum_path");
    int equal = marker ? PyObject_RichCompareBool(first, marker, Py_EQ) : -1;
    Py_XDECREF(marker);
    return equal;
}

/* (name, limit): the limit is a Python number of elements. It has to be one that int() takes. */
static bool read_limited(Optimize *optimize, PyObject *name, PyObject *limit) {
    PyObject *elements = PyNumber_Long(limit);
    if (!elements) return false;
    Py_DECREF(elements);
    Py_INCREF(name);
    optimize->name = name;
    return true;
}

static bool is_limited(PyObject *sequence, PyObject *first) {
    if (PyObject_Size(sequence) != 2 || !PyUnicode_Check(first)) return false;
    PyObject *limit = PySequence_GetItem(sequence, 1);
    bool is_number = limit && (PyLong_Check(limit) || PyFloat_Check(limit));
    Py_XDECREF(limit);
    PyErr_Clear();
    return is_number;
}

static bool refuse(PyObject *object) {
    PyErr_Format(
        PyExc_TypeError,
        "optimize: did not understand the path %R; it is a bool, None, the name of a method, "
        "(name, memory limit) or ['einsum_path', (0, 1), ...]",
        object);
    return false;
}

static bool read_sequence(Optimize *optimize, PyObject *sequence, PyObject *first) {
    int has_steps = is_path(first);
    if (has_steps < 0) return false;
    if (has_steps) {
        optimize->path = PySequence_List(sequence);
        return optimize->path != NULL;
    }
    if (!is_limited(sequence, first)) return refuse(sequence);
    PyObject *limit = PySequence_GetItem(sequence, 1);
    bool done = limit && read_limited(optimize, first, limit);
    Py_XDECREF(limit);
    return done;
}

bool optimize_read(Optimize *optimize, PyObject *object) {
    *optimize = (Optimize){.is_on = object && object != Py_False};
    if (!object || object == Py_None || PyBool_Check(object)) return true;
    if (PyUnicode_Check(object)) {
        Py_INCREF(object);
        optimize->name = object;
        return true;
    }
    Py_ssize_t count = PyObject_Size(object);
    if (count < 0) return false;
    if (count == 0) return refuse(object);
    PyObject *zero = PyLong_FromLong(0);
    PyObject *first = zero ? PyObject_GetItem(object, zero) : NULL;
    bool done = first && read_sequence(optimize, object, first);
    Py_XDECREF(first);
    Py_XDECREF(zero);
    return done;
}

void optimize_end(Optimize *optimize) {
    Py_CLEAR(optimize->name);
    Py_CLEAR(optimize->path);
}

static bool is_repeated(PyObject *positions, Py_ssize_t at, Py_ssize_t position) {
    for (Py_ssize_t i = 0; i < at; i++) {
        if (PyLong_AsSsize_t(PyList_GetItem(positions, i)) == position) return true;
    }
    return false;
}

/* Item `at` becomes an int; it has to name one of left operands that the step did not name before.
 */
static bool check_position(PyObject *positions, Py_ssize_t at, Py_ssize_t left) {
    PyObject *index = PyNumber_Index(PyList_GetItem(positions, at));
    if (!index) return false;
    PyList_SetItem(positions, at, index); /* takes the reference over */
    Py_ssize_t position = PyNumber_AsSsize_t(index, PyExc_IndexError);
    if (position == -1 && PyErr_Occurred()) return false;
    const char *why = NULL;
    if (position < 0 || position >= left)
        why = "is out of range";
    else if (is_repeated(positions, at, position))
        why = "is repeated in one step";
    if (!why) return true;
    PyErr_Format(PyExc_IndexError, "optimize: position %zd of the path %s, %zd operands are left",
                 position, why, left);
    return false;
}

/* How many operands a step takes, or -1. */
static Py_ssize_t check_step(PyObject *step, Py_ssize_t left) {
    PyObject *positions = PySequence_List(step);
    if (!positions) return -1;
    Py_ssize_t count = PyList_Size(positions);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!check_position(positions, i, left)) {
            count = -1;
            break;
        }
    }
    Py_DECREF(positions);
    return count;
}

static bool check_path(PyObject *path, Py_ssize_t operand_count) {
    Py_ssize_t left = operand_count;
    for (Py_ssize_t i = 1; i < PyList_Size(path); i++) {
        Py_ssize_t taken = check_step(PyList_GetItem(path, i), left);
        if (taken < 0) return false;
        left += 1 - taken;
    }
    if (left == 1) return true;
    PyErr_Format(PyExc_RuntimeError,
                 "optimize: the path is invalid, %zd more operands have to be contracted",
                 left - 1);
    return false;
}

static bool check_name(PyObject *name) {
    static const char *const names[] = {"greedy", "optimal"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0) return true;
    }
    PyErr_Format(PyExc_KeyError, "optimize: path name %R not found; 'greedy' and 'optimal' are",
                 name);
    return false;
}

bool optimize_check(const Optimize *optimize, Py_ssize_t operand_count, bool is_summed) {
    if (optimize->path) return check_path(optimize->path, operand_count);
    if (!optimize->name || operand_count <= 2 || !is_summed) return true;
    return check_name(optimize->name);
}
