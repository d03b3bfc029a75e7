/* Problems and steps as text, for the printed plan. */
#ifndef FASTEINSUM_PLANNING_DESCRIBE_H
#define FASTEINSUM_PLANNING_DESCRIBE_H

#include "base/arena.h"
#include "notation/problem.h"
#include "planning/path.h"

/* "bij,bjk->bik   f32   b=8 i=64 k=32 j=64": labels of each side by falling stride, that is, as
   they lie in memory. In the arena; NULL when there is no memory. */
const char *describe_problem(const Problem *problem, Arena *arena);

/* "bij,bjk->bik" for a step; labels and strides have one entry per side, the result last. */
const char *describe_step(const Problem *problem, const LabelSet labels[],
                          const ptrdiff_t *const strides[], int side_count, Arena *arena);

#endif
