#include "binding/spell_method.h"

#include "binding/errors.h"
#include "binding/request.h"
#include "notation/spelling.h"

/* Everything that a call holds; spell_end gives it back. */
typedef struct SpellCall {
    Request request; /* of which only the expression is in use */
    Operands operands;
    Arena arena;
    Spelling spelling;
} SpellCall;

static void spell_end(SpellCall *call) {
    operands_end(&call->operands);
    request_end(&call->request);
    arena_free(&call->arena);
}

/* Resolving is what refuses the expressions that einsum refuses. */
static Status spell(SpellCall *call, Error *error) {
    Subscripts subscripts;
    Problem problem;
    const Tensor *tensors = call->operands.tensors;
    TRY(subscripts_parse(call->request.text, call->request.length, call->operands.count,
                         &call->arena, &subscripts, error));
    TRY(problem_resolve(&subscripts, tensors, NULL, &call->arena, &problem, error));
    return spelling_make(&subscripts, tensors, &call->arena, &call->spelling, error);
}

/* (array, its letters) for each operand, then the letters of the output. */
static PyObject *spell_result(const SpellCall *call) {
    PyObject *pairs = PyList_New(0);
    for (int i = 0; pairs && i < call->operands.count; i++) {
        PyObject *pair =
            Py_BuildValue("(Os)", (PyObject *)call->operands.arrays[i], call->spelling.inputs[i]);
        if (!pair || PyList_Append(pairs, pair) < 0) Py_CLEAR(pairs);
        Py_XDECREF(pair);
    }
    return pairs ? Py_BuildValue("(Ns)", pairs, call->spelling.output) : NULL;
}

PyObject *method_spell(PyObject *Py_UNUSED(module), PyObject *const *values, Py_ssize_t count,
                       PyObject *names) {
    CallArguments arguments = {values, count, names};
    SpellCall call = {.operands = {0}};
    Error error;
    PyObject *result = NULL;
    if (request_read_expression(&call.request, &arguments, &call.operands, &call.arena)) {
        result = spell(&call, &error) == STATUS_OK ? spell_result(&call) : error_raise(&error);
    }
    spell_end(&call);
    return result;
}
