#include "binding/switches.h"

#include "base/memory.h"
#include "binding/state.h"
#include "kernels/kernels.h"

PyObject *method_use_isa(PyObject *module, PyObject *name) {
    ModuleState *state = PyModule_GetState(module);
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    if (!text) return NULL;
    Isa isa = isa_from_name(text);
    if (isa == ISA_COUNT || !isa_is_built(isa) || !isa_is_present(isa)) {
        return PyErr_Format(PyExc_ValueError, "the instruction set %R cannot be used here", name);
    }
    PyObject *before = PyUnicode_FromString(isa_name(state->machine.isa));
    if (before) state->machine = machine_with_isa(isa);
    return before;
}

PyObject *method_use_strategy(PyObject *module, PyObject *name) {
    ModuleState *state = PyModule_GetState(module);
    const Strategy *strategy = NULL;
    if (name != Py_None) {
        const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
        if (!text) return NULL;
        strategy = strategy_from_name(text);
        if (!strategy) return PyErr_Format(PyExc_ValueError, "there is no strategy %R", name);
    }
    PyObject *before = Py_BuildValue("z", state->strategy ? state->strategy->name : NULL);
    if (before) state->strategy = strategy;
    return before;
}

PyObject *method_fail_allocation(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_ssize_t n;
    int for_good;
    if (!PyArg_ParseTuple(arguments, "np", &n, &for_good)) return NULL;
    memory_fail(n, for_good);
    Py_INCREF(Py_None);
    return Py_None;
}

PyObject *method_allocated_blocks(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return PyLong_FromSsize_t(memory_blocks());
}
