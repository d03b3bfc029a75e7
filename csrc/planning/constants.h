/* Inputs that never change: which of them are multiplied once and for all, and what is left. */
#ifndef FASTEINSUM_PLANNING_CONSTANTS_H
#define FASTEINSUM_PLANNING_CONSTANTS_H

#include "notation/problem.h"
#include "planning/path.h"

/* Some constants whose product is formed once; or one of them, of which something is summed, or
   nothing. */
typedef struct ConstantGroup {
    int input_count;
    int *inputs;   /* numbers of inputs, growing */
    LabelSet kept; /* the labels of the product: those that something else has as well */
} ConstantGroup;

typedef struct ConstantGroups {
    const bool *is_constant; /* [input]; borrowed */
    int count;
    ConstantGroup *groups;
} ConstantGroups;

/* Groups the constants so that what is left to do takes the least estimated time. Every problem of
   the same subscripts and shapes gives the same groups, whatever its strides and dtypes; none may
   be empty. The groups lie in the arena. */
Status constants_group(const Problem *problem, const bool is_constant[], Arena *arena,
                       ConstantGroups *groups, Error *error) MUST_CHECK;

/* Whether the product of a group is its only input as it is. */
bool constants_are_whole(const Problem *problem, const ConstantGroup *group);

/* The problem of forming a group's product: its inputs, in elements of a type, laid out. */
Status constants_product(const Problem *problem, const ConstantGroup *group, DType dtype,
                         Arena *arena, Problem *product, Error *error) MUST_CHECK;

/* What is read in place of a group. */
typedef struct ConstantProduct {
    ptrdiff_t *strides; /* [label] of the problem that was grouped */
    DType dtype;
} ConstantProduct;

/* Strides of a product by the labels of the problem, from its own problem. */
void constants_strides(const Problem *problem, const ConstantGroup *group, const Problem *product,
                       ptrdiff_t strides[]);

/* The problem that is left: its inputs are those that are no constants, then the products. It
   borrows from the first problem. */
Status constants_rest(const Problem *problem, const ConstantGroups *groups,
                      const ConstantProduct products[], Arena *arena, Problem *rest,
                      Error *error) MUST_CHECK;

#endif
