#include "binding/config.h"

#include "binding/data_memory.h"
#include "build_info.h" /* generated: csrc/build.py */
#include "kernels/kernels.h"
#include "runtime/quota.h"
#include "runtime/threads.h"

#include <stdlib.h>

static const char variable[] = "FASTEINSUM_ISA";

#define ISA_QUOTED(name, spelling, vector_bytes) " '" spelling "'"
static bool warn_of_value(const char *value) {
    return PyErr_WarnFormat(
               PyExc_RuntimeWarning, 1,
               "%s='%s' is not known and ignored; it may be one of" ISA_LIST(ISA_QUOTED), variable,
               value) == 0;
}
#undef ISA_QUOTED

bool config_choose_isa(ModuleState *state) {
    const char *value = getenv(variable);
    state->cap = value ? isa_from_name(value) : ISA_COUNT;
    state->machine = machine_with_isa(isa_choose(state->cap));
    bool is_unknown = value && value[0] && state->cap == ISA_COUNT;
    return !is_unknown || warn_of_value(value);
}

bool config_choose_threads(void) {
    const char *ignored = threads_read_environment();
    return !ignored ||
           PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "%s='%s' is no positive number and ignored",
                            ignored, getenv(ignored)) == 0;
}

/* What became of one ISA, and why it is not the one in use. */
static const char *isa_outcome(const ModuleState *state, Isa isa) {
    if (isa == state->machine.isa) return "in use";
    if (!isa_is_built(isa)) return "not in this build";
    if (!isa_is_present(isa)) return "not on this machine";
    if (isa < state->machine.isa) return "available, a more capable one is in use";
    return state->cap < isa ? "switched off by FASTEINSUM_ISA"
                            : "available, switched off by a test";
}

/* A list of the ISAs that the predicate holds for. */
static PyObject *isas_where(bool (*holds)(Isa isa)) {
    PyObject *list = PyList_New(0);
    for (Isa isa = 0; isa < ISA_COUNT && list; isa++) {
        if (!holds(isa)) continue;
        PyObject *name = PyUnicode_FromString(isa_name(isa));
        if (!name || PyList_Append(list, name) < 0) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

static PyObject *isa_outcomes(const ModuleState *state) {
    PyObject *outcomes = PyDict_New();
    for (Isa isa = 0; isa < ISA_COUNT && outcomes; isa++) {
        PyObject *outcome = PyUnicode_FromString(isa_outcome(state, isa));
        if (!outcome || PyDict_SetItemString(outcomes, isa_name(isa), outcome) < 0) {
            Py_CLEAR(outcomes);
        }
        Py_XDECREF(outcome);
    }
    return outcomes;
}

/* How many there may be, why, and what the system grants. */
static PyObject *thread_facts(void) {
    int quota = quota_processors("");
    PyObject *processors = quota > 0 ? PyLong_FromLong(quota) : NULL;
    if (!processors) Py_INCREF(Py_None);
    return Py_BuildValue("{s:i, s:s, s:i, s:N}", "limit", threads_limit(), "set_by",
                         threads_origin(), "processors", threads_affinity(), "quota",
                         processors ? processors : Py_None);
}

PyObject *method_config(PyObject *module, PyObject *Py_UNUSED(ignored)) {
    const ModuleState *state = PyModule_GetState(module);
    const Machine *machine = &state->machine;
    const char *cap = state->cap == ISA_COUNT ? NULL : isa_name(state->cap);
    /* clang-format off: one pair a line */
    return Py_BuildValue(
        "{s:s, s:s, s:s, s:s, s:s, s:z, s:N, s:N, s:N, s:s, s:N, s:N, s:{s:n, s:n, s:n}}",
        "version", FASTEINSUM_VERSION, "source_hash", FASTEINSUM_SOURCE_HASH, "compiler",
        FASTEINSUM_COMPILER, "flags", FASTEINSUM_FLAGS, "isa", isa_name(machine->isa), "isa_cap",
        cap, "isas_built", isas_where(isa_is_built), "isas_found", isas_where(isa_is_present),
        "isa_outcomes", isa_outcomes(state), "isas_dropped", FASTEINSUM_ISAS_DROPPED, "threads",
        thread_facts(), "recycling", method_recycling(module, NULL), "cache_bytes", "l1",
        (Py_ssize_t)machine->l1_bytes, "l2", (Py_ssize_t)machine->l2_bytes, "l3",
        (Py_ssize_t)machine->l3_bytes);
    /* clang-format on */
}

bool config_add_constants(PyObject *module) {
    return PyModule_AddStringConstant(module, "__version__", FASTEINSUM_VERSION) == 0 &&
           PyModule_AddStringConstant(module, "source_hash", FASTEINSUM_SOURCE_HASH) == 0;
}
