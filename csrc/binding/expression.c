/* Calls of an expression: by a plan that an earlier one left, or through all stages of einsum. */
#include "binding/expression.h"

#include "binding/dispatch.h"
#include "binding/recall.h"

#include <string.h>

/* ---- plans ---- */

void expression_keep(Expression *expression, const Call *call, const Sides *sides) {
    PlanKey key;
    Plan *plan = call->einsum.plan;
    KeptPlan *kept = expression->kept;
    int constant_count = call->products ? call->products->count : 0;
    if (sides->operand_count + constant_count >= PLAN_KEY_WORDS || !call_comes_again(call)) return;
    if (!sides_key_make(&key, expression->state, sides) || !plan_take_key(plan, &key)) return;
    plan_free(kept[EXPRESSION_PLANS - 1].plan);
    memmove(kept + 1, kept, (EXPRESSION_PLANS - 1) * sizeof *kept);
    kept[0] = (KeptPlan){plan_share(plan), call->products};
}

/* The plan for these sides, which get the constants that it reads; NULL if there is none. */
static Plan *find_plan(Expression *expression, Sides *sides) {
    KeptPlan *kept = expression->kept;
    for (int i = 0; i < EXPRESSION_PLANS && kept[i].plan; i++) {
        if (!sides_have_key_of(kept[i].plan, expression->state, sides)) continue;
        KeptPlan found = kept[i];
        if (i > 0) {
            memmove(kept + 1, kept, (size_t)i * sizeof *kept);
            kept[0] = found;
        }
        if (found.products) {
            sides->constants = found.products->data;
            sides->constant_count = found.products->count;
        }
        return found.plan;
    }
    return NULL;
}

/* ---- the arguments of a call ---- */

static bool check_count(const Expression *expression, Py_ssize_t given) {
    int needed = expression->array_count;
    if (given == needed) return true;
    PyErr_Format(PyExc_ValueError, "expression %R: %d %s needed, but %zd %s given",
                 expression->subscripts, needed, needed == 1 ? "array is" : "arrays are", given,
                 given == 1 ? "was" : "were");
    return false;
}

/* The only keyword is out. Borrowed, NULL where there is none. */
static bool read_out(const CallArguments *arguments, PyObject **out) {
    Py_ssize_t count = PyTuple_Size(arguments->names);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(arguments->names, i);
        if (PyUnicode_CompareWithASCIIString(name, "out") != 0) {
            PyErr_Format(PyExc_TypeError,
                         "expression: a call got an unexpected keyword argument %R", name);
            return false;
        }
        *out = arguments->values[arguments->count + i];
    }
    if (*out == Py_None) *out = NULL;
    return true;
}

/* The sides as they are passed: no more is known of them than how many there are. */
static bool read_sides(const Expression *expression, const CallArguments *arguments, Sides *sides) {
    PyObject *out = NULL;
    if (arguments->names && !read_out(arguments, &out)) return false;
    *sides = (Sides){.operands = (PyArrayObject *const *)arguments->values,
                     .operand_count = expression->array_count,
                     .out = (PyArrayObject *)out};
    return check_count(expression, arguments->count);
}

/* at: the number of the operand in the subscripts. */
static bool check_shape(const Expression *expression, int at, PyArrayObject *array) {
    PyObject *shape = PyTuple_GetItem(expression->shapes, at);
    int axis_count = (int)PyTuple_Size(shape);
    if (PyArray_NDIM(array) != axis_count) {
        PyErr_Format(PyExc_ValueError,
                     "expression %R: operand %d has %d %s but was declared with %d",
                     expression->subscripts, at, PyArray_NDIM(array),
                     PyArray_NDIM(array) == 1 ? "axis" : "axes", axis_count);
        return false;
    }
    for (int axis = 0; axis < axis_count; axis++) {
        Py_ssize_t declared = PyLong_AsSsize_t(PyTuple_GetItem(shape, axis));
        Py_ssize_t extent = PyArray_DIM(array, axis);
        if (extent == declared) continue;
        PyErr_Format(
            PyExc_ValueError,
            "expression %R: axis %d of operand %d has extent %zd but was declared with %zd",
            expression->subscripts, axis, at, extent, declared);
        return false;
    }
    return true;
}

/* Gives back what arrays_from has taken so far. */
static void arrays_release(PyArrayObject **arrays, int count) {
    for (int i = 0; i < count; i++) Py_XDECREF((PyObject *)arrays[i]);
    PyMem_Free(arrays);
}

/* The same sides as arrays of the shapes that were declared, to be released; NULL where one of them
   is none. */
static PyArrayObject **arrays_from(const Expression *expression, Sides *sides) {
    int count = sides->operand_count;
    PyArrayObject **arrays = PyMem_Calloc((size_t)count + 1, sizeof *arrays);
    if (!arrays) return (PyArrayObject **)PyErr_NoMemory();
    for (int i = 0, at = 0; i < count; i++, at++) {
        while (expression->held[at]) at++;
        arrays[i] = (PyArrayObject *)operand_array((PyObject *)sides->operands[i]);
        if (!arrays[i] || !check_shape(expression, at, arrays[i])) {
            arrays_release(arrays, count);
            return NULL;
        }
    }
    sides->operands = arrays;
    return arrays;
}

/* ---- the long way ---- */

static bool begin(Expression *expression, Call *call, const Sides *sides) {
    int count = expression->operand_count, next = 0;
    if (!call_begin_like(call, expression->state, &expression->request, count)) return false;
    if (sides->out && !request_read_out(&call->request, (PyObject *)sides->out)) return false;
    for (int i = 0; i < count; i++) {
        PyArrayObject *array = expression->held[i];
        if (!array) array = sides->operands[next++];
        if (!operands_take(&call->operands, i, (PyObject *)array)) return false;
    }
    call_hold(call, expression->constants);
    return true;
}

static PyObject *compute(Expression *expression, Call *call, const Sides *sides) {
    if (!call_prepare(call)) return NULL;
    expression_keep(expression, call, sides);
    return call_result(call);
}

static PyObject *compute_anew(Expression *expression, const Sides *sides) {
    Call call;
    bool is_begun = begin(expression, &call, sides);
    PyObject *result = is_begun ? compute(expression, &call, sides) : NULL;
    call_end(&call);
    return result;
}

/* What was no array until now may have a plan all the same. */
static PyObject *convert_and_compute(Expression *expression, Sides *sides) {
    PyArrayObject **arrays = arrays_from(expression, sides);
    if (!arrays) return NULL;
    Plan *plan = find_plan(expression, sides);
    bool is_known = plan && recall_is_possible(sides);
    PyObject *result = is_known ? recall_run(sides, plan) : compute_anew(expression, sides);
    arrays_release(arrays, sides->operand_count);
    return result;
}

/* The call of numpy.einsum that means the same, for arrays of other libraries. */
static PyObject *dispatch(const Expression *expression, const Sides *sides) {
    PyObject *keywords = expression_options(expression);
    if (keywords && sides->out &&
        PyDict_SetItemString(keywords, "out", (PyObject *)sides->out) < 0) {
        Py_CLEAR(keywords);
    }
    PyObject *positional =
        keywords ? expression_arguments(expression, (PyObject *const *)sides->operands) : NULL;
    PyObject *result =
        positional ? PyObject_Call(expression->state->numpy_einsum, positional, keywords) : NULL;
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return result;
}

PyObject *expression_call(PyObject *self, PyObject *const *values, size_t count, PyObject *names) {
    Expression *expression = (Expression *)self;
    CallArguments arguments = {values, PyVectorcall_NARGS(count), names};
    Sides sides;
    if (!read_sides(expression, &arguments, &sides)) return NULL;
    Plan *plan = find_plan(expression, &sides);
    if (plan && recall_is_possible(&sides)) return recall_run(&sides, plan);
    int foreign = dispatch_is_foreign(expression->state, &arguments);
    if (foreign < 0) return NULL;
    return foreign ? dispatch(expression, &sides) : convert_and_compute(expression, &sides);
}

PyObject *expression_describe(PyObject *self, PyObject *const *values, Py_ssize_t count,
                              PyObject *names) {
    Expression *expression = (Expression *)self;
    CallArguments arguments = {values, count, names};
    Sides sides;
    if (!read_sides(expression, &arguments, &sides)) return NULL;
    PyArrayObject **arrays = arrays_from(expression, &sides);
    if (!arrays) return NULL;
    Call call;
    PyObject *text = begin(expression, &call, &sides) ? call_describe(&call) : NULL;
    call_end(&call);
    arrays_release(arrays, sides.operand_count);
    return text;
}
