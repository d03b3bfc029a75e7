#include "binding/steps.h"

static bool is_repeated(const NumpyStep *step, Py_ssize_t position) {
    for (int i = 0; i < step->count; i++) {
        if (step->positions[i] == position) return true;
    }
    return false;
}

/* Adds a position; it has to be one of the operands left, and not one that the step has already. */
static bool add_position(NumpyStep *step, PyObject *object, int left) {
    PyObject *index = PyNumber_Index(object);
    if (!index) return false;
    Py_ssize_t position = PyNumber_AsSsize_t(index, PyExc_IndexError);
    Py_DECREF(index);
    if (position == -1 && PyErr_Occurred()) return false;
    const char *why = NULL;
    if (position < 0 || position >= left)
        why = "is out of range";
    else if (is_repeated(step, position))
        why = "is repeated in one step";
    if (why) {
        PyErr_Format(PyExc_IndexError,
                     "optimize: position %zd of the path %s, %d operands are left", position, why,
                     left);
        return false;
    }
    step->positions[step->count++] = (int)position;
    return true;
}

static bool read_step(NumpyStep *step, PyObject *positions, int left, Arena *arena) {
    Py_ssize_t count = PyList_Size(positions);
    *step = (NumpyStep){0, arena_take(arena, (size_t)count, sizeof *step->positions)};
    if (!step->positions) return PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!add_position(step, PyList_GetItem(positions, i), left)) return false;
    }
    return true;
}

bool steps_read(PyObject *steps, int operand_count, Arena *arena, NumpyPath *path) {
    int left = operand_count;
    Py_ssize_t count = PyList_Size(steps);
    *path = (NumpyPath){0, arena_take(arena, (size_t)count, sizeof *path->steps)};
    if (!path->steps) return PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        NumpyStep *step = &path->steps[path->step_count++];
        PyObject *positions = PySequence_List(PyList_GetItem(steps, i));
        bool done = positions && read_step(step, positions, left, arena);
        Py_XDECREF(positions);
        if (!done) return false;
        left += 1 - step->count;
    }
    if (left == 1) return true;
    PyErr_Format(PyExc_RuntimeError,
                 "optimize: the path is invalid, %d more operands have to be contracted", left - 1);
    return false;
}

static PyObject *step_tuple(const NumpyStep *step) {
    PyObject *tuple = PyTuple_New(step->count);
    for (int i = 0; tuple && i < step->count; i++) {
        PyObject *position = PyLong_FromLong(step->positions[i]);
        if (!position || PyTuple_SetItem(tuple, i, position) < 0) Py_CLEAR(tuple);
    }
    return tuple;
}

PyObject *steps_list(const NumpyPath *path) {
    PyObject *list = PyList_New(path->step_count);
    for (int i = 0; list && i < path->step_count; i++) {
        PyObject *tuple = step_tuple(&path->steps[i]);
        if (!tuple || PyList_SetItem(list, i, tuple) < 0) Py_CLEAR(list);
    }
    return list;
}
