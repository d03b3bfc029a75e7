/* The contraction orders of numpy.einsum_path, step for step. They are what einsum_path answers;
   what einsum carries out is planned in path.h. */
#ifndef FASTEINSUM_PLANNING_NUMPY_PATH_H
#define FASTEINSUM_PLANNING_NUMPY_PATH_H

#include "notation/spelling.h"
#include "planning/numpy_step.h"

/* What the planners look at; labels are the codes of letters. Borrowed. */
typedef struct NumpyRequest {
    PathRequest labels;
    Natural forbidden_size; /* no step makes a result of this size or more; 0 forbids them all */
    bool (*is_interrupted)(void); /* asked now and then by the optimal planner; or NULL */
} NumpyRequest;

/* The labels of a spelling, in the arena. The largest term is the largest result that is allowed;
   in its size a repeated label counts each time. */
Status numpy_request_make(const Spelling *spelling, Arena *arena, NumpyRequest *request,
                          Error *error) MUST_CHECK;

/* Whether there is anything to choose: more than two operands, and a label that is summed. */
bool numpy_request_has_choice(const NumpyRequest *request);

/* All operands at once. */
Status numpy_path_single(const NumpyRequest *request, Arena *arena, NumpyPath *path,
                         Error *error) MUST_CHECK;

/* Pair by pair, whichever removes most elements, while that costs less than all at once. */
Status numpy_path_greedy(const NumpyRequest *request, Arena *arena, NumpyPath *path,
                         Error *error) MUST_CHECK;

/* The first in lexicographic order of the paths with the least operations. Takes a time that grows
   like the factorial of the number of operands; LIMIT if it is interrupted. */
Status numpy_path_optimal(const NumpyRequest *request, Arena *arena, NumpyPath *path,
                          Error *error) MUST_CHECK;

#endif
