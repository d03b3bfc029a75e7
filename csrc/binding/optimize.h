/* The argument `optimize` of einsum and einsum_path: read as NumPy does, and one form more. */
#ifndef FASTEINSUM_BINDING_OPTIMIZE_H
#define FASTEINSUM_BINDING_OPTIMIZE_H

#include "binding/numpy_api.h"

#include "planning/numpy_path.h"

#include <stdbool.h>

/* What was passed; the objects are owned. At most one of name, steps and optimizer is there; none
   means all operands in one step. */
typedef struct Optimize {
    bool is_on;          /* anything else than False was passed */
    PyObject *name;      /* of a planner, 'greedy' for True */
    PyObject *limit;     /* that came with the name: an int, elements of a result; or NULL */
    PyObject *steps;     /* a list, what followed 'einsum_path' */
    PyObject *optimizer; /* a path optimizer as those of opt_einsum and cotengra: see optimizer.h */
} Optimize;

/* object is NULL where nothing was passed. */
bool optimize_read(Optimize *optimize, PyObject *object);
void optimize_end(Optimize *optimize);

/* The path that is asked for. The request gets the memory limit. *steps is a new list of its steps
   as they were passed or as an optimizer made them, NULL where a planner did. */
bool optimize_plan(const Optimize *optimize, NumpyRequest *request, Arena *arena, NumpyPath *path,
                   PyObject **steps);

/* The errors of optimize_plan without the planning: for einsum, whose planner takes its own way. So
   optimize changes neither values nor types. is_summed: whether any label is. */
bool optimize_check(const Optimize *optimize, const Subscripts *subscripts, const Tensor operands[],
                    bool is_summed, Arena *arena);

#endif
