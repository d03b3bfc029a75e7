/* Private functions for the project's own tests: what a process computes with, and what fails. */
#ifndef FASTEINSUM_BINDING_SWITCHES_H
#define FASTEINSUM_BINDING_SWITCHES_H

#include "binding/numpy_api.h"

/* _use_isa(name): from now on these kernels; returns the name of those before. */
PyObject *method_use_isa(PyObject *module, PyObject *name);

/* _use_strategy(name or None): for every step, or the cheapest again; returns the one before. */
PyObject *method_use_strategy(PyObject *module, PyObject *name);

/* _fail_allocation(n, for_good): the n-th allocation of the core from now on fails; n < 0 ends it.
 */
PyObject *method_fail_allocation(PyObject *module, PyObject *arguments);

/* _allocated_blocks(): blocks of memory that the core holds. */
PyObject *method_allocated_blocks(PyObject *module, PyObject *ignored);

#endif
