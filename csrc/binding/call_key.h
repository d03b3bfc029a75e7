/* What the plan of a call depends on, as a key. */
#ifndef FASTEINSUM_BINDING_CALL_KEY_H
#define FASTEINSUM_BINDING_CALL_KEY_H

#include "binding/request.h"
#include "binding/state.h"

/* What a plan reads and writes, all borrowed: its inputs are the operands, then the constants. */
typedef struct Sides {
    PyArrayObject *const *operands;
    int operand_count;
    PyArrayObject *out;     /* or NULL */
    char *const *constants; /* the element at index 0 of each */
    int constant_count;
} Sides;

enum { MOST_LISTED = 16 };

typedef struct CallKey {
    PlanKey plan;
    Sides sides;                        /* those of the arguments */
    PyArrayObject *listed[MOST_LISTED]; /* the operands of a call with lists of labels */
} CallKey;

/* True if the call is plain: the subscripts are a string, or lists or tuples of ints, the operands
   and out are nothing but arrays of NumPy, aligned and of native byte order, the other keywords
   have values that never change. All that a plan depends on is then in the key. Costs some ten
   nanoseconds, calls no Python code and sets no exception. */
bool call_key_make(CallKey *key, const ModuleState *state, const CallArguments *arguments);

/* The same for calls that have all but their arrays in common. */
bool sides_key_make(PlanKey *key, const ModuleState *state, const Sides *sides);

/* Whether that would be the key which the plan was kept under. Both are of the same such calls. */
bool sides_have_key_of(const Plan *plan, const ModuleState *state, const Sides *sides);

#endif
