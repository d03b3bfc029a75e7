/* A plan in the making: what plan.c, copies.c, steps.c and operands.c share. */
#ifndef FASTEINSUM_PLANNING_BUILDER_H
#define FASTEINSUM_PLANNING_BUILDER_H

#include "planning/path.h"
#include "planning/plan.h"
#include "planning/regions.h"

/* An input, or the result of a step: what later steps see of it. */
typedef struct Operand {
    LabelSet labels;    /* along which it moves */
    ptrdiff_t *strides; /* [label] */
    Slot slot;
    DType dtype;
} Operand;

/* A plan in the making. Its own memory is the scratch arena, which ends with plan_make. */
typedef struct Builder {
    const Problem *problem;
    const PlanOptions *options;
    Arena *scratch;
    Plan *plan;
    Operand *operands; /* inputs, then the results of steps */
    int operand_count;
    LabelSet unmoved; /* summed labels along which no input moves: left to the last step */
    Regions regions;
    size_t shared_bytes;      /* the most that a step needs */
    Contraction *contraction; /* of the step to come, with room for the axes there are */
    Contraction *pretended;   /* of what it could be instead */
    Error *error;
} Builder;

/* What products and sums of the problem are computed in. */
static inline DType builder_arithmetic(const Builder *builder) {
    const Problem *problem = builder->problem;
    return dtype_arithmetic(problem->dtypes[problem->input_count]);
}

/* The inputs, the results of steps and the output become operands one after the other. */
void operand_from_input(Builder *builder, int input);

/* A new operand in the workspace, laid out like the only side, as a result of two, or, with the
   other input and the output as well, as the first input of a product. */
Status operand_from_step(Builder *builder, Operand *const sides[], int count, const LabelSet *kept,
                         DType dtype) MUST_CHECK;

/* The end of the plan: the output of the problem, which may broadcast labels no input moves along.
 */
void operand_from_output(Builder *builder);

/* Nobody reads it any more. */
void operand_release(Builder *builder, const Operand *operand);

/* Makes the builder's contraction: the last of the sides from the others. */
void make_contraction(Builder *builder, Operand *const sides[], int side_count,
                      const LabelSet *summed);

/* Appends the step that computes it, with the fastest strategy. */
Status append_step(Builder *builder, Operand *const sides[], int side_count) MUST_CHECK;

/* Appends a step that computes the last of the sides from the others. Sides that are not stored as
   computed with, or lie badly, are copied in steps of their own where that is faster. */
Status add_step(Builder *builder, Operand *const sides[], int side_count,
                const LabelSet *summed) MUST_CHECK;

#endif
