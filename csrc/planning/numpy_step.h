/* The steps of numpy.einsum_path: what they cost, what they leave, and paths made of them. */
#ifndef FASTEINSUM_PLANNING_NUMPY_STEP_H
#define FASTEINSUM_PLANNING_NUMPY_STEP_H

#include "base/natural.h"
#include "planning/path.h"

/* The positions that one step takes, counted in the list of the operands that are left. They are
   removed from it, the result is appended. */
typedef struct NumpyStep {
    int count;
    int *positions;
} NumpyStep;

/* Lives in an arena, as its steps do. */
typedef struct NumpyPath {
    int step_count;
    NumpyStep *steps;
} NumpyPath;

/* Makes an empty path with room for step_limit steps. */
Status numpy_path_begin(int step_limit, Arena *arena, NumpyPath *path, Error *error) MUST_CHECK;
Status numpy_path_add_pair(NumpyPath *path, int first, int second, Arena *arena,
                           Error *error) MUST_CHECK;

/* The step that takes everything that is left. */
Status numpy_path_add_all(NumpyPath *path, int term_count, Arena *arena, Error *error) MUST_CHECK;

/* The operands that are left, by their labels. Changed in place; room for one result per step. */
typedef struct NumpyTerms {
    int count;
    LabelSet *labels;
} NumpyTerms;

/* What the operands of a step have, and what its result keeps of that: the labels that the output
   or another operand needs. */
typedef struct NumpyProduct {
    LabelSet labels, result;
} NumpyProduct;

NumpyProduct numpy_product(const NumpyTerms *terms, const NumpyStep *step, const LabelSet *output);
void numpy_terms_replace(NumpyTerms *terms, const NumpyStep *step, const LabelSet *result);

Natural label_set_size(const LabelSet *labels, const ptrdiff_t extents[]);
int label_set_count(const LabelSet *labels);

/* Operations of a step with these labels: for each of their combinations, the products, and one
   addition if anything is summed. */
Natural label_set_cost(const LabelSet *labels, int operand_count, bool sums,
                       const ptrdiff_t extents[]);
Natural numpy_product_cost(const NumpyProduct *product, int operand_count,
                           const ptrdiff_t extents[]);

#endif
