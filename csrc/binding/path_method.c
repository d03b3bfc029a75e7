/* A call of einsum_path. Only the shapes of the operands matter, nothing is computed. */
#include "binding/path_method.h"

#include "binding/arguments.h"
#include "binding/dispatch.h"
#include "binding/errors.h"
#include "binding/steps.h"
#include "planning/numpy_report.h"

/* Everything that a call holds; call_end gives it back. */
typedef struct PathCall {
    Request request; /* of which only the expression and optimize are in use */
    Operands operands;
    Arena arena;
    Spelling spelling;
    NumpyRequest labels;
    NumpyPath path;
    PyObject *steps; /* owned: a list, or NULL where a planner made the path */
    const char *text;
} PathCall;

/* Every stage returns true, or false with an exception set. */

/* The numbers of huge expressions are beyond floats: numpy says so with another exception than that
   of a limit. */
static bool check_report(Status status, const Error *error) {
    if (status == STATUS_OK) return true;
    if (status == STATUS_LIMIT) {
        PyErr_SetString(PyExc_OverflowError, error->message);
    } else {
        error_raise(error);
    }
    return false;
}

static bool check_keywords(const CallArguments *arguments) {
    Py_ssize_t count = arguments->names ? PyTuple_Size(arguments->names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(arguments->names, i);
        if (PyUnicode_CompareWithASCIIString(name, "optimize") == 0) continue;
        if (PyUnicode_CompareWithASCIIString(name, "einsum_call") == 0) continue;
        PyErr_Format(PyExc_TypeError, "einsum_path() got an unexpected keyword argument %R", name);
        return false;
    }
    return true;
}

/* What numpy returns with einsum_call is private to it, and has changed from version to version. */
static bool check_einsum_call(const CallArguments *arguments) {
    bool einsum_call;
    if (!arguments_flag(arguments_keyword(arguments, "einsum_call"), false, &einsum_call)) {
        return false;
    }
    if (!einsum_call) return true;
    PyErr_SetString(PyExc_ValueError,
                    "einsum_path: einsum_call=True is private to numpy and not supported; without "
                    "it the path and its description are returned");
    return false;
}

static bool read_optimize(PathCall *call, const CallArguments *arguments) {
    PyObject *given = arguments_keyword(arguments, "optimize");
    if (!optimize_read(&call->request.optimize, given ? given : Py_True)) return false;
    call->request.optimize.is_on = true; /* numpy's optimized path reads the lists of labels */
    return true;
}

static bool call_read(PathCall *call, const CallArguments *arguments) {
    return check_einsum_call(arguments) && read_optimize(call, arguments) &&
           request_read_expression(&call->request, arguments, &call->operands, &call->arena);
}

static bool call_spell(PathCall *call) {
    Subscripts subscripts;
    Error error;
    const Request *request = &call->request;
    return error_check(subscripts_parse(request->text, request->length, call->operands.count,
                                        &call->arena, &subscripts, &error),
                       &error) &&
           error_check(spelling_make(&subscripts, call->operands.tensors, &call->arena,
                                     &call->spelling, &error),
                       &error) &&
           error_check(numpy_request_make(&call->spelling, &call->arena, &call->labels, &error),
                       &error);
}

static bool call_report(PathCall *call) {
    Error error;
    return check_report(numpy_report_make(&call->spelling, &call->labels, &call->path, &call->arena,
                                          &call->text, &error),
                        &error);
}

/* numpy appends the steps to a list, which only a list can be. */
static bool check_is_list(const CallArguments *arguments, const Optimize *optimize) {
    PyObject *given = arguments_keyword(arguments, "optimize");
    if (!optimize->steps || PyList_Check(given)) return true;
    PyErr_Format(PyExc_TypeError, "einsum_path: an explicit path has to be a list, not %R",
                 Py_TYPE(given));
    return false;
}

/* (['einsum_path', step, ...], text) */
static PyObject *call_result(const PathCall *call) {
    PyObject *path = call->steps ? PyList_GetSlice(call->steps, 0, PyList_Size(call->steps))
                                 : steps_list(&call->path);
    PyObject *marker = path ? PyUnicode_FromString("einsum_path") : NULL;
    PyObject *pair = NULL;
    if (marker && PyList_Insert(path, 0, marker) == 0) {
        pair = Py_BuildValue("(Os)", path, call->text);
    }
    Py_XDECREF(marker);
    Py_XDECREF(path);
    return pair;
}

static PyObject *call_run(PathCall *call, const CallArguments *arguments) {
    const Optimize *optimize = &call->request.optimize;
    if (!call_read(call, arguments) || !call_spell(call) ||
        !optimize_plan(optimize, &call->labels, &call->arena, &call->path, &call->steps) ||
        !call_report(call) || !check_is_list(arguments, optimize)) {
        return NULL;
    }
    return call_result(call);
}

static void call_end(PathCall *call) {
    Py_XDECREF(call->steps);
    operands_end(&call->operands);
    request_end(&call->request);
    arena_free(&call->arena);
}

PyObject *method_einsum_path(PyObject *module, PyObject *const *values, Py_ssize_t count,
                             PyObject *names) {
    const ModuleState *state = PyModule_GetState(module);
    CallArguments arguments = {values, count, names};
    if (!check_keywords(&arguments)) return NULL;
    int foreign = dispatch_is_foreign(state, &arguments);
    if (foreign < 0) return NULL;
    if (foreign) return dispatch_to_numpy(state->numpy_einsum_path, &arguments);
    PathCall call = {.steps = NULL};
    PyObject *result = call_run(&call, &arguments);
    call_end(&call);
    return result;
}
