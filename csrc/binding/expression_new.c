/* The constructor of expressions: what a call would do up to its plan. */
#include "binding/expression.h"

/* The keywords, of which all but the first are those of einsum. */
static char *option_names[] = {"constants", "dtype", "order", "casting", "optimize", NULL};
enum { OPTION_COUNT = sizeof option_names / sizeof option_names[0] - 1 };

/* Borrowed, NULL where they were not given. */
typedef struct Options {
    PyObject *constants, *dtype;
    PyObject *all[OPTION_COUNT];
} Options;

static bool options_read(Options *options, PyObject *keywords) {
    PyObject *positional = PyTuple_New(0);
    PyObject **all = options->all;
    *options = (Options){0};
    bool done = positional && PyArg_ParseTupleAndKeywords(
                                  positional, keywords, "|$OOOOO:expression", option_names, &all[0],
                                  &all[1], &all[2], &all[3], &all[4]);
    options->constants = all[0];
    options->dtype = all[1];
    Py_XDECREF(positional);
    return done;
}

/* ---- the first plan ---- */

/* The request is kept for later calls. */
static bool adopt(Expression *expression, const Request *request) {
    request_copy(&expression->request, request);
    expression->subscripts =
        PyUnicode_FromStringAndSize(request->text, (Py_ssize_t)request->length);
    if (!expression->subscripts) return false;
    expression->request.text = PyUnicode_AsUTF8AndSize(expression->subscripts, NULL);
    return expression->request.text != NULL;
}

/* The arrays that a call would bring. */
static bool find_sides(const Expression *expression, Call *call, Sides *sides) {
    size_t room = (size_t)expression->operand_count;
    PyArrayObject **operands = arena_take(&call->einsum.arena, room, sizeof *operands);
    if (!operands) return PyErr_NoMemory() != NULL;
    *sides = (Sides){.operands = operands};
    for (int i = 0; i < expression->operand_count; i++) {
        if (!expression->held[i]) operands[sides->operand_count++] = call->operands.arrays[i];
    }
    return true;
}

static bool plan_first(Expression *expression, Call *call, const CallArguments *arguments) {
    Sides sides;
    if (!call_begin(call, expression->state, arguments)) return false;
    call->is_only_planned = true;
    call_hold(call, expression->constants);
    if (!adopt(expression, &call->request) || !call_prepare(call)) return false;
    if (!find_sides(expression, call, &sides)) return false;
    expression_keep(expression, call, &sides);
    return true;
}

/* The arguments of einsum: the subscripts, the arrays, then the options. values has room for all.
 */
static PyObject *collect(const Options *options, PyObject *arrays, PyObject *values[]) {
    PyObject *names = PyList_New(0);
    for (Py_ssize_t i = 0; i < PyList_Size(arrays); i++) *values++ = PyList_GetItem(arrays, i);
    for (int i = 1; names && i < OPTION_COUNT; i++) {
        if (!options->all[i]) continue;
        PyObject *name = PyUnicode_FromString(option_names[i]);
        bool has_failed = !name || PyList_Append(names, name) < 0;
        Py_XDECREF(name);
        if (has_failed) Py_CLEAR(names);
        *values++ = options->all[i];
    }
    PyObject *tuple = names ? PyList_AsTuple(names) : NULL;
    Py_XDECREF(names);
    return tuple;
}

static bool plan_arrays(Expression *expression, PyObject *subscripts, const Options *options,
                        PyObject *arrays) {
    Py_ssize_t count = 1 + PyList_Size(arrays);
    PyObject **values = PyMem_Malloc((size_t)(count + OPTION_COUNT) * sizeof(PyObject *));
    if (!values) return PyErr_NoMemory() != NULL;
    values[0] = subscripts;
    PyObject *names = collect(options, arrays, values + 1);
    bool done = false;
    if (names) {
        CallArguments call_arguments = {values, count, names};
        Call call;
        done = plan_first(expression, &call, &call_arguments);
        call_end(&call);
    }
    Py_XDECREF(names);
    PyMem_Free(values);
    return done;
}

/* ---- the whole ---- */

static bool check_subscripts(PyObject *arguments) {
    PyObject *first = PyTuple_Size(arguments) > 0 ? PyTuple_GetItem(arguments, 0) : Py_None;
    if (PyUnicode_Check(first) || PyBytes_Check(first)) return true;
    PyErr_Format(PyExc_TypeError, "expression: the subscripts must be a string, not %R",
                 Py_TYPE(first));
    return false;
}

static bool take_operands(Expression *expression, Py_ssize_t count) {
    size_t room = (size_t)count;
    expression->operand_count = expression->array_count = (int)count;
    expression->held = arena_take(&expression->arena, room, sizeof *expression->held);
    if (!expression->held) return PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < count; i++) expression->held[i] = NULL;
    return true;
}

static bool declare(Expression *expression, PyObject *arguments, const Options *options) {
    if (!check_subscripts(arguments)) return false;
    if (!take_operands(expression, PyTuple_Size(arguments) - 1)) return false;
    PyObject *arrays =
        expression_read_operands(expression, arguments, options->constants, options->dtype);
    bool done = arrays && plan_arrays(expression, PyTuple_GetItem(arguments, 0), options, arrays);
    Py_XDECREF(arrays);
    return done;
}

PyObject *expression_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    Options options;
    if (!options_read(&options, keywords)) return NULL;
    Expression *expression = (Expression *)PyType_GenericAlloc(type, 0);
    if (!expression) return NULL;
    expression->call = expression_call;
    expression->state = PyType_GetModuleState(type);
    if (!declare(expression, arguments, &options)) Py_CLEAR(expression);
    return (PyObject *)expression;
}
