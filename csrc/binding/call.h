/* A call that nothing is known of, stage by stage. */
#ifndef FASTEINSUM_BINDING_CALL_H
#define FASTEINSUM_BINDING_CALL_H

#include "binding/constants.h"
#include "binding/objects.h"
#include "binding/request.h"
#include "binding/results.h"
#include "binding/state.h"

/* Everything that a call holds; call_end gives back what has been taken so far. */
typedef struct Call {
    ModuleState *state;
    Request request;
    Operands operands;
    Einsum einsum;
    Computing computing;
    Target target;
    ObjectRun objects;
    Constants *constants;     /* borrowed: those of an expression, or NULL */
    const Products *products; /* borrowed: what is read in place of the constants, or NULL */
    bool is_described;        /* keep the texts of the plan */
    bool is_only_planned;     /* nothing is computed, no array is made for it */
    bool out_fits; /* out has as many axes as the result, so it took part in the broadcasting */
} Call;

/* Reads the arguments, in either form. call_end in any case. */
bool call_begin(Call *call, ModuleState *state, const CallArguments *arguments);

/* The same for a request that was read before; the operands are still to be taken. */
bool call_begin_like(Call *call, ModuleState *state, const Request *request, int operand_count);
void call_end(Call *call);

/* Says which of the operands are held by an expression; NULL: none. */
void call_hold(Call *call, Constants *constants);

/* Everything before the arithmetic: labels, types, the array for the result, the plan. */
bool call_prepare(Call *call);

/* Whether the plan serves later calls: it works on the arrays themselves, and what their key tells
   of them says what it computes in. */
bool call_comes_again(const Call *call);

/* Runs the plan of a call that has been prepared. A new reference. */
PyObject *call_result(Call *call);

/* The plan as text; prepares the call itself. */
PyObject *call_describe(Call *call);

#endif
