/* The text that numpy.einsum_path prints about a path. */
#ifndef FASTEINSUM_PLANNING_NUMPY_REPORT_H
#define FASTEINSUM_PLANNING_NUMPY_REPORT_H

#include "planning/numpy_path.h"

/* Character by character as numpy prints it; the text lies in the arena. The path is valid: it ends
   with one operand. Fails with RANGE if it has no steps, LIMIT if a number is beyond the doubles,
   or MEMORY. */
Status numpy_report_make(const Spelling *spelling, const NumpyRequest *request,
                         const NumpyPath *path, Arena *arena, const char **text,
                         Error *error) MUST_CHECK;

#endif
