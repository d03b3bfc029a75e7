/* The steps of a path as Python objects. */
#ifndef FASTEINSUM_BINDING_STEPS_H
#define FASTEINSUM_BINDING_STEPS_H

#include "binding/numpy_api.h"

#include "planning/numpy_step.h"

/* Reads a list of steps, each any iterable of positions. RuntimeError unless one operand is left at
   the end, IndexError where a position is out of range or repeated in a step, TypeError where it is
   no integer. */
bool steps_read(PyObject *steps, int operand_count, Arena *arena, NumpyPath *path);

/* A new list of tuples. */
PyObject *steps_list(const NumpyPath *path);

#endif
