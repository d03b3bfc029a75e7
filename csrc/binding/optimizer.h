/* Path optimizers of other packages, as opt_einsum defines them: callables that get the labels of
   the inputs (a list of frozensets), those of the output (a frozenset), the extents (a dict by
   label) and a memory limit, and return the steps of a path. */
#ifndef FASTEINSUM_BINDING_OPTIMIZER_H
#define FASTEINSUM_BINDING_OPTIMIZER_H

#include "binding/numpy_api.h"

#include "planning/path.h"

/* Asks for a path, without a memory limit. A new list of steps, not yet checked; NULL with an
   exception set. Labels are the codes of letters. */
PyObject *optimizer_call(PyObject *optimizer, const PathRequest *request);

#endif
