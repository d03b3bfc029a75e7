/* What is to be computed: every label with its extent, every side with its strides. */
#ifndef FASTEINSUM_NOTATION_PROBLEM_H
#define FASTEINSUM_NOTATION_PROBLEM_H

#include "base/arena.h"
#include "base/tensor.h"
#include "notation/subscripts.h"

/* Labels are numbered 0, 1, ...: first those of the output in its order (the axes of the ellipsis
   included), then the summed ones: broadcast axes first, then by growing letter. No data pointers.

   Each label occurs at most once per side: a diagonal has added its strides. The stride is 0 where
   a side lacks the label or broadcasts it (its extent 1, the label's larger). Lives in an arena. */
typedef struct Problem {
    int input_count;
    int label_count, kept_count; /* labels 0 .. kept_count - 1 are the output's */
    ptrdiff_t *extents;          /* [label] */
    ptrdiff_t **strides;         /* [side][label]; sides 0 .. input_count - 1, then the output */
    bool **present;              /* [input][label]: whether the side carries the label at all */
    int *letters;                /* [label]: code point, or 0 for an axis behind an ellipsis */
    int broadcast_first, broadcast_count; /* the labels of axes behind ellipses, leftmost first */
    DType *dtypes;                        /* [side] */
    bool is_view;            /* one input, nothing summed, no out: the result can be a view of it */
    bool inputs_are_fortran; /* each input was resolved with its first axis fastest, and packed */
} Problem;

/* Gives labels their extents. out is NULL, or takes part in broadcasting and fixes the strides of
   the output side; without it they are 0 until problem_set_layout. The output's dtype is that of
   out or of the first input. Fails with SHAPE (operand, label, both extents), LIMIT (more than
   MAX_AXES output axes, or an output too large for any dtype) or MEMORY. */
Status problem_resolve(const Subscripts *subscripts, const Tensor operands[], const Tensor *out,
                       Arena *arena, Problem *problem, Error *error) MUST_CHECK;

/* Fails with LIMIT if the loops over all labels, taken together, are too many to count. That is for
   whoever takes all inputs in one step; a pairwise order may exist even so. */
Status problem_check_space(const Problem *problem, Error *error) MUST_CHECK;

/* Whether some label has extent 0, so that no element is ever read. */
bool problem_is_empty(const Problem *problem);

/* Room for the sides of a problem whose inputs and labels are counted: for problems that are made
   of others. The rows are undefined, but for the output's, which is 0. */
Status problem_take_sides(Problem *problem, Arena *arena, Error *error) MUST_CHECK;

/* Takes dtype and strides of one side from a tensor of the shape it was resolved with. */
void problem_bind(Problem *problem, const Subscripts *subscripts, int side, const Tensor *tensor);

/* Fills the output's strides for elements of the given dtype: order is one of K A C F, by the rules
   of numpy.einsum (K: the axes in the order in which the inputs are walked fastest). Comes before
   problem_bind replaces inputs, as the order depends on those that the caller passed. */
void problem_set_layout(Problem *problem, char order, DType dtype);

/* Shape and strides of the output, or of the view if problem->is_view. data is NULL. */
void problem_output(const Problem *problem, Tensor *tensor);

#endif
