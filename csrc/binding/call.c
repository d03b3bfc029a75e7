#include "binding/call.h"

#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/results.h"
#include "binding/run.h"

#include <string.h>

/* Every stage returns true, or false with an exception set. */

static void clear(Call *call, ModuleState *state) {
    call->state = state;
    call->constants = NULL;
    call->products = NULL;
    call->operands.count = 0;
    call->computing.descr = NULL;
    call->target = (Target){0};
    call->is_described = call->is_only_planned = false;
    einsum_begin(&call->einsum);
}

bool call_begin(Call *call, ModuleState *state, const CallArguments *arguments) {
    clear(call, state);
    return request_read(&call->request, arguments, &call->operands, &call->einsum.arena);
}

bool call_begin_like(Call *call, ModuleState *state, const Request *request, int operand_count) {
    clear(call, state);
    request_copy(&call->request, request);
    return operands_begin(&call->operands, operand_count, &call->einsum.arena);
}

void call_end(Call *call) {
    target_end(&call->target);
    Py_XDECREF((PyObject *)call->computing.descr);
    operands_end(&call->operands); /* they lie in the arena, which goes last */
    request_end(&call->request);
    einsum_end(&call->einsum);
}

static bool resolve_with(Call *call, const Tensor *out) {
    Error error;
    return error_check(einsum_resolve(&call->einsum, call->request.text, call->request.length,
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

static bool resolve(Call *call) {
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

static bool check_optimize(Call *call) {
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

static bool choose_dtype(Call *call) {
    const Request *request = &call->request;
    PyArrayObject *out = request->out;
    if (!operands_promote(&call->operands, request->dtype, out, &call->computing)) return false;
    /* NumPy computes in the native form of a dtype that is asked for, and the rule is about that.
     */
    PyArray_Descr *descr = call->computing.descr;
    return operands_check_casting(&call->operands, descr, request->casting) &&
           (!out || check_out_casting(call, descr));
}

static bool check_out(const Call *call) {
    return !call->request.out || target_check_out(call->request.out);
}

void call_hold(Call *call, Constants *constants) {
    Operands *operands = &call->operands;
    if (!constants) return;
    call->constants = constants;
    operands->is_constant = constants->is_constant;
    for (int i = 0; i < operands->count; i++) {
        Tensor *tensor = &operands->tensors[i];
        size_t bytes = (size_t)tensor->axis_count * sizeof *tensor->strides;
        if (constants->is_constant[i]) memcpy(tensor->strides, constants->strides[i], bytes);
    }
}

/* Once the result is laid out, the copies are read. */
static void bind_constants(Call *call) {
    Operands *operands = &call->operands;
    for (int i = 0; call->constants && i < operands->count; i++) {
        if (!call->constants->is_constant[i]) continue;
        tensor_from_array(&operands->tensors[i], operands->arrays[i]);
        einsum_bind(&call->einsum, i, &operands->tensors[i]);
    }
}

static bool convert(Call *call) {
    bind_constants(call);
    return operands_convert(&call->operands, &call->computing, &call->einsum);
}

/* An array for the result, or only the layout that it would have. */
static bool lay_out_result(Call *call) {
    const Request *request = &call->request;
    Problem *problem = &call->einsum.problem;
    if (!call->is_only_planned) {
        return target_allocate(&call->target, problem, &call->computing, request->dtype,
                               request->order);
    }
    problem_set_layout(problem, request->order, call->computing.dtype);
    return true;
}

/* The layout of a new result follows the operands as they were passed, so this precedes their
   conversion; whether out overlaps an operand depends on what is converted, so that comes after. */
static bool place_result(Call *call) {
    PyArrayObject *out = call->request.out;
    if (!out) return lay_out_result(call) && convert(call);
    return convert(call) && target_take_out(&call->target, out, &call->operands, &call->computing,
                                            &call->einsum, call->out_fits);
}

static bool plan_view(Call *call) {
    PlanOptions options = {.machine = &call->state->machine, .as_view = true};
    Error error;
    return error_check(einsum_plan(&call->einsum, &options, &error), &error);
}

/* Everything but Python objects, and empty sums, which read nothing. */
static bool has_products(const Call *call) {
    return call->constants && call->computing.dtype != DTYPE_OBJECT &&
           !problem_is_empty(&call->einsum.problem);
}

/* The products of constants, made now or before, take their place. */
static bool plan_rest(Call *call, const PlanOptions *options) {
    Einsum *einsum = &call->einsum;
    call->products =
        constants_products(call->constants, call->state, &call->operands, &call->computing, einsum);
    if (!call->products) return false;
    Problem rest;
    Error error;
    return error_check(constants_rest(&einsum->problem, &call->constants->groups,
                                      call->products->inputs, &einsum->arena, &rest, &error),
                       &error) &&
           error_check(plan_make(&rest, options, &einsum->plan, &error), &error);
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
    if (has_products(call)) return plan_rest(call, &options);
    Error error;
    return error_check(einsum_plan(&call->einsum, &options, &error), &error);
}

bool call_prepare(Call *call) {
    Problem *problem = &call->einsum.problem;
    if (!resolve(call) || !check_optimize(call)) return false;
    if (call->constants) problem->is_view = false; /* they are nobody else's */
    if (problem->is_view && !call->request.out) return plan_view(call);
    return check_out(call) && choose_dtype(call) && place_result(call) && plan_steps(call);
}

/* Whether the result is what the core writes, or would be if it were not only planned. */
static bool writes_result(const Call *call) {
    const PyArray_Descr *asked = call->request.out ? NULL : call->request.dtype;
    return call->target.written == call->target.result &&
           (!asked || PyArray_ISNBO(asked->byteorder));
}

bool call_comes_again(const Call *call) {
    const Operands *operands = &call->operands;
    if (call->einsum.plan->needs_python || !writes_result(call)) return false;
    if (call->constants && !call->products) return false;
    if (operands_promote_by_value(operands, call->request.out)) return false;
    for (int i = 0; i < operands->count; i++) {
        bool is_constant = operands->is_constant && operands->is_constant[i];
        if (operands->converted[i] && !is_constant) return false;
    }
    return true;
}

/* One pointer per input of the plan. */
static int find_data(const Call *call, char *data[]) {
    const Operands *operands = &call->operands;
    const Products *products = call->products;
    int count = 0;
    for (int i = 0; i < operands->count; i++) {
        if (products && operands->is_constant[i]) continue;
        data[count++] = operands->tensors[i].data;
    }
    for (int i = 0; products && i < products->count; i++) data[count++] = products->data[i];
    return count;
}

static bool run(Call *call) {
    char **data = arena_take(&call->einsum.arena, (size_t)call->operands.count + 1, sizeof *data);
    if (!data) return PyErr_NoMemory() != NULL;
    data[find_data(call, data)] = PyArray_BYTES(call->target.written);
    return run_plan(call->einsum.plan, data) &&
           !(call->einsum.plan->needs_python && call->objects.has_failed);
}

PyObject *call_result(Call *call) {
    const Layout *result = &call->einsum.plan->result;
    if (result->is_view) return result_view(call->operands.arrays[0], result);
    return run(call) ? target_finish(&call->target) : NULL;
}

PyObject *call_describe(Call *call) {
    call->is_described = call->is_only_planned = true;
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
