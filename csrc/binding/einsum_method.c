/* A call of einsum from Python, stage by stage. */
#include "binding/einsum_method.h"

#include "binding/dispatch.h"
#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/objects.h"
#include "binding/recall.h"
#include "binding/results.h"
#include "binding/run.h"

/* Everything that a call holds; call_end gives back what has been taken so far. */
typedef struct Call {
    ModuleState *state;
    const CallKey *key; /* to keep the plan by, or NULL */
    Request request;
    Operands operands;
    Einsum einsum;
    Computing computing;
    Target target;
    ObjectRun objects;
    bool is_described; /* the plan is asked for, not the result */
    bool out_fits;     /* out has as many axes as the result, so it took part in the broadcasting */
} Call;

/* Every stage returns true, or false with an exception set. */

static bool check(Status status, const Error *error) {
    if (status == STATUS_OK) return true;
    error_raise(error);
    return false;
}

static bool call_begin(Call *call, ModuleState *state, const CallArguments *arguments) {
    call->state = state;
    call->key = NULL;
    call->operands.count = 0;
    call->computing.descr = NULL;
    call->target = (Target){0};
    call->is_described = false;
    einsum_begin(&call->einsum);
    return request_read(&call->request, arguments, &call->operands, &call->einsum.arena);
}

static void call_end(Call *call) {
    target_end(&call->target);
    Py_XDECREF((PyObject *)call->computing.descr);
    operands_end(&call->operands); /* they lie in the arena, which goes last */
    request_end(&call->request);
    einsum_end(&call->einsum);
}

static bool resolve_with(Call *call, const Tensor *out) {
    Error error;
    return check(einsum_resolve(&call->einsum, call->request.text, call->request.length,
                                call->operands.tensors, call->operands.count, out, &error),
                 &error);
}

/* With optimize an out with more axes than the result is filled by broadcasting, as in NumPy. */
static bool has_surplus_axes(Call *call) {
    PyArrayObject *out = call->request.out;
    if (!out || !call->request.optimize.is_on || !resolve_with(call, NULL)) return false;
    Tensor result;
    problem_output(&call->einsum.problem, &result);
    return PyArray_NDIM(out) > result.axis_count;
}

static bool call_resolve(Call *call) {
    call->out_fits = false;
    if (has_surplus_axes(call)) return true;
    if (PyErr_Occurred()) return false;
    if (!call->request.out) return resolve_with(call, NULL);
    Tensor out;
    tensor_from_array(&out, call->request.out);
    call->out_fits = true;
    return resolve_with(call, &out);
}

static bool has_sum(const Problem *problem) {
    return problem->label_count > problem->kept_count;
}

static bool call_check_optimize(Call *call) {
    return optimize_check(&call->request.optimize, &call->einsum.subscripts, call->operands.tensors,
                          has_sum(&call->einsum.problem), &call->einsum.arena);
}

/* NumPy's optimized path stores the result of a contraction in an `out` without axes whatever its
   type, and code relies on it; an explicit casting rule is obeyed all the same. */
static bool stores_unchecked(const Call *call) {
    return call->request.optimize.is_on && !call->request.has_casting &&
           PyArray_NDIM(call->request.out) == 0 && call->operands.count > 1 &&
           has_sum(&call->einsum.problem);
}

/* out is accumulated in, so its elements have to go both ways. */
static bool check_out_casting(const Call *call, PyArray_Descr *descr) {
    PyArray_Descr *out = PyArray_DESCR(call->request.out);
    NPY_CASTING casting = call->request.casting;
    if (stores_unchecked(call) || (PyArray_CanCastTypeTo(descr, out, casting) &&
                                   PyArray_CanCastArrayTo(call->request.out, descr, casting))) {
        return true;
    }
    PyErr_Format(PyExc_TypeError,
                 "einsum: the result cannot be cast from %R to the dtype of out, %R, and back "
                 "according to the rule '%s'",
                 descr, out, casting_name(casting));
    return false;
}

static bool call_choose_dtype(Call *call) {
    const Request *request = &call->request;
    PyArrayObject *out = request->out;
    if (!operands_promote(&call->operands, request->dtype, out, &call->computing)) return false;
    /* NumPy computes in the native form of a dtype that is asked for, and the rule is about that.
     */
    PyArray_Descr *descr = call->computing.descr;
    return operands_check_casting(&call->operands, descr, request->casting) &&
           (!out || check_out_casting(call, descr));
}

static bool call_check_out(const Call *call) {
    return !call->request.out || target_check_out(call->request.out);
}

/* The layout of a new result follows the operands as they were passed, so this precedes their
   conversion; whether out overlaps an operand depends on what is converted, so that comes after. */
static bool call_place_result(Call *call) {
    const Request *request = &call->request;
    Einsum *einsum = &call->einsum;
    if (!request->out) {
        return target_allocate(&call->target, &einsum->problem, &call->computing, request->dtype,
                               request->order) &&
               operands_convert(&call->operands, &call->computing, einsum);
    }
    return operands_convert(&call->operands, &call->computing, einsum) &&
           target_take_out(&call->target, request->out, &call->operands, &call->computing, einsum,
                           call->out_fits);
}

static bool plan_view(Call *call) {
    PlanOptions options = {.machine = &call->state->machine, .as_view = true};
    Error error;
    return check(einsum_plan(&call->einsum, &options, &error), &error);
}

static bool plan_steps(Call *call) {
    bool is_object = call->computing.dtype == DTYPE_OBJECT;
    objects_begin(&call->objects);
    PlanOptions options = {
        .machine = &call->state->machine,
        .strategy = call->state->strategy,
        .in_one_step = is_object, /* Python's multiplication need not be associative */
        .is_described = call->is_described,
        .objects = is_object ? &call->objects.arithmetic : NULL,
        .type_number = call->computing.descr->type_num,
    };
    Error error;
    return check(einsum_plan(&call->einsum, &options, &error), &error);
}

/* Everything before the arithmetic. */
static bool call_prepare(Call *call) {
    if (!call_resolve(call) || !call_check_optimize(call)) return false;
    if (call->einsum.problem.is_view && !call->request.out) return plan_view(call);
    return call_check_out(call) && call_choose_dtype(call) && call_place_result(call) &&
           plan_steps(call);
}

/* A plan serves later calls if it works on the arrays themselves, and if what their key tells of
   them says what it computes in. */
static void keep_plan(const Call *call) {
    Plan *plan = call->einsum.plan;
    if (!call->key || plan->needs_python || call->target.written != call->target.result) return;
    if (operands_promote_by_value(&call->operands, call->request.out)) return;
    for (int i = 0; i < call->operands.count; i++) {
        if (call->operands.converted[i]) return;
    }
    plan_cache_add(&call->state->plans, &call->key->plan, plan);
}

static bool call_run(Call *call) {
    int count = call->operands.count;
    char **data = arena_take(&call->einsum.arena, (size_t)count + 1, sizeof *data);
    if (!data) return PyErr_NoMemory() != NULL;
    for (int i = 0; i < count; i++) data[i] = call->operands.tensors[i].data;
    data[count] = PyArray_BYTES(call->target.written);
    return run_plan(call->einsum.plan, data) &&
           !(call->einsum.plan->needs_python && call->objects.has_failed);
}

static PyObject *call_compute(Call *call) {
    if (!call_prepare(call)) return NULL;
    keep_plan(call);
    const Layout *result = &call->einsum.plan->result;
    if (result->is_view) return result_view(call->operands.arrays[0], result);
    return call_run(call) ? target_finish(&call->target) : NULL;
}

static PyObject *call_describe(Call *call) {
    call->is_described = true;
    if (!call_prepare(call)) return NULL;
    const Plan *plan = call->einsum.plan;
    if (plan->result.is_view) {
        return PyUnicode_FromString("a view of the operand, nothing is computed\n");
    }
    size_t size = plan_print(plan, NULL, 0) + 1;
    char *text = arena_take(&call->einsum.arena, size, 1);
    if (!text) return PyErr_NoMemory();
    plan_print(plan, text, size);
    return PyUnicode_FromString(text);
}

/* A call that nothing is known of. key: NULL if its plan is not to be kept. */
static PyObject *compute_anew(ModuleState *state, const CallArguments *arguments,
                              const CallKey *key) {
    int foreign = dispatch_is_foreign(state, arguments);
    if (foreign < 0) return NULL;
    if (foreign) return dispatch_to_numpy(state->numpy_einsum, arguments);
    Call call;
    bool is_begun = call_begin(&call, state, arguments);
    call.key = key;
    PyObject *result = is_begun ? call_compute(&call) : NULL;
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
    if (plan && recall_is_possible(&key)) return recall_run(&key, plan);
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
