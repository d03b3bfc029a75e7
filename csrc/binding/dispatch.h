/* Arrays of other libraries answer through NumPy's protocol, __array_function__ (NEP 18). */
#ifndef FASTEINSUM_BINDING_DISPATCH_H
#define FASTEINSUM_BINDING_DISPATCH_H

#include "binding/request.h"
#include "binding/state.h"

/* Whether a positional argument, or out, belongs to a type with its own __array_function__.
   -1 with an exception set if that cannot be told. */
int dispatch_is_foreign(const ModuleState *state, const CallArguments *arguments);

/* Calls a function of numpy, one of those in the state, with the same arguments. */
PyObject *dispatch_to_numpy(PyObject *function, const CallArguments *arguments);

#endif
