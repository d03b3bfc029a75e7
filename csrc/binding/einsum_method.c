#include "binding/einsum_method.h"

#include "binding/call.h"
#include "binding/dispatch.h"
#include "binding/recall.h"

/* key: NULL if the plan is not to be kept. */
static PyObject *compute(Call *call, const CallKey *key) {
    if (!call_prepare(call)) return NULL;
    if (key && call_comes_again(call)) {
        plan_cache_add(&call->state->plans, &key->plan, call->einsum.plan);
    }
    return call_result(call);
}

static PyObject *compute_anew(ModuleState *state, const CallArguments *arguments,
                              const CallKey *key) {
    int foreign = dispatch_is_foreign(state, arguments);
    if (foreign < 0) return NULL;
    if (foreign) return dispatch_to_numpy(state->numpy_einsum, arguments);
    Call call;
    PyObject *result = call_begin(&call, state, arguments) ? compute(&call, key) : NULL;
    call_end(&call);
    return result;
}

PyObject *method_einsum(PyObject *module, PyObject *const *values, Py_ssize_t count,
                        PyObject *names) {
    ModuleState *state = PyModule_GetState(module);
    CallArguments arguments = {values, count, names};
    CallKey key;
    if (!call_key_make(&key, state, &arguments)) return compute_anew(state, &arguments, NULL);
    Plan *plan = plan_cache_find(&state->plans, &key.plan);
    if (plan && recall_is_possible(&key.sides)) return recall_run(&key.sides, plan);
    return compute_anew(state, &arguments, &key);
}

PyObject *method_describe(PyObject *module, PyObject *const *values, Py_ssize_t count,
                          PyObject *names) {
    CallArguments arguments = {values, count, names};
    Call call;
    PyObject *result =
        call_begin(&call, PyModule_GetState(module), &arguments) ? call_describe(&call) : NULL;
    call_end(&call);
    return result;
}
