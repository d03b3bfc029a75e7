/* Operands that an expression holds, and what is computed of them once. */
#ifndef FASTEINSUM_BINDING_CONSTANTS_H
#define FASTEINSUM_BINDING_CONSTANTS_H

#include "binding/operands.h"
#include "binding/state.h"
#include "planning/constants.h"

/* The products of all groups in one type. Immutable. */
typedef struct Products {
    Arena arena; /* in which this lies */
    int count;
    PyArrayObject **owners;  /* [group]: hold the memory */
    char **data;             /* [group]: the element at index 0 */
    ConstantProduct *inputs; /* [group] */
} Products;

/* Start with {0} but for what is borrowed. Used with the GIL held. */
typedef struct Constants {
    const bool *is_constant; /* [operand]; borrowed */
    ptrdiff_t **strides; /* [operand]: as they were passed, for the layout of results; borrowed */
    Arena arena;
    bool is_grouped;
    ConstantGroups groups;
    Products *products[DTYPE_COUNT]; /* by the type they were computed in; NULL until then */
} Constants;

/* The products in the type of a call, formed by the first that computes in it. Its operands and
   their problem have been resolved and hold all constants. NULL with an exception set. They live as
   long as the constants. */
const Products *constants_products(Constants *constants, const ModuleState *state,
                                   Operands *operands, const Computing *computing, Einsum *einsum);
void constants_end(Constants *constants);

#endif
