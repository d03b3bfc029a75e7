/* What the plan of a call depends on, as a key. */
#ifndef FASTEINSUM_BINDING_CALL_KEY_H
#define FASTEINSUM_BINDING_CALL_KEY_H

#include "binding/request.h"
#include "binding/state.h"

/* The operands and out are borrowed from the arguments. */
typedef struct CallKey {
    PlanKey plan;
    PyArrayObject *const *operands;
    int operand_count;
    PyArrayObject *out; /* or NULL */
} CallKey;

/* True if the call is plain: the subscripts are a string, the operands and out are nothing but
   arrays of NumPy, aligned and of native byte order, the other keywords have values that never
   change. All that a plan depends on is then in the key. Costs some ten nanoseconds, calls no
   Python code and sets no exception. */
bool call_key_make(CallKey *key, const ModuleState *state, const CallArguments *arguments);

#endif
