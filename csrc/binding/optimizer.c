#include "binding/optimizer.h"

static PyObject *letter_of(int label) {
    char letter = (char)label;
    return PyUnicode_FromStringAndSize(&letter, 1);
}

static PyObject *frozenset_of(const LabelSet *labels) {
    PyObject *letters = PyFrozenSet_New(NULL);
    for (int label = 0; letters && label < MAX_LABELS; label++) {
        if (!label_set_has(labels, label)) continue;
        PyObject *letter = letter_of(label);
        if (!letter || PySet_Add(letters, letter) < 0) Py_CLEAR(letters);
        Py_XDECREF(letter);
    }
    return letters;
}

static PyObject *list_of_inputs(const PathRequest *request) {
    PyObject *list = PyList_New(request->input_count);
    for (int i = 0; list && i < request->input_count; i++) {
        PyObject *letters = frozenset_of(&request->inputs[i]);
        if (!letters || PyList_SetItem(list, i, letters) < 0) Py_CLEAR(list);
    }
    return list;
}

static PyObject *dict_of_extents(const PathRequest *request) {
    LabelSet all = request->output;
    for (int i = 0; i < request->input_count; i++) {
        all = label_set_union(&all, &request->inputs[i]);
    }
    PyObject *extents = PyDict_New();
    for (int label = 0; extents && label < MAX_LABELS; label++) {
        if (!label_set_has(&all, label)) continue;
        PyObject *letter = letter_of(label);
        PyObject *extent = letter ? PyLong_FromSsize_t(request->extents[label]) : NULL;
        if (!extent || PyDict_SetItem(extents, letter, extent) < 0) Py_CLEAR(extents);
        Py_XDECREF(extent);
        Py_XDECREF(letter);
    }
    return extents;
}

PyObject *optimizer_call(PyObject *optimizer, const PathRequest *request) {
    PyObject *inputs = list_of_inputs(request);
    PyObject *output = inputs ? frozenset_of(&request->output) : NULL;
    PyObject *extents = output ? dict_of_extents(request) : NULL;
    PyObject *path = NULL, *steps = NULL;
    if (extents) {
        path = PyObject_CallFunctionObjArgs(optimizer, inputs, output, extents, Py_None, NULL);
    }
    if (path) steps = PySequence_List(path);
    Py_XDECREF(path);
    Py_XDECREF(extents);
    Py_XDECREF(output);
    Py_XDECREF(inputs);
    return steps;
}
