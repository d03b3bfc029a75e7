#include "binding/cache_methods.h"

#include "binding/state.h"

PyObject *method_cache_info(PyObject *module, PyObject *Py_UNUSED(ignored)) {
    const ModuleState *state = PyModule_GetState(module);
    const PlanCache *plans = &state->plans;
    return Py_BuildValue("{s:K, s:K, s:i, s:i, s:n}", "hits", (unsigned long long)plans->hits,
                         "misses", (unsigned long long)plans->misses, "maxsize", PLAN_CACHE_PLANS,
                         "currsize", plans->plan_count, "bytes", (Py_ssize_t)plans->bytes);
}

PyObject *method_cache_clear(PyObject *module, PyObject *Py_UNUSED(ignored)) {
    ModuleState *state = PyModule_GetState(module);
    plan_cache_clear(&state->plans);
    Py_INCREF(Py_None);
    return Py_None;
}
