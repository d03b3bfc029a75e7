/* What the module keeps between calls. */
#ifndef FASTEINSUM_BINDING_STATE_H
#define FASTEINSUM_BINDING_STATE_H

#include "binding/numpy_api.h"

#include "planning/plan_cache.h"

/* The Python objects are owned by the module. machine and strategy are changed only by tests, with
   the GIL held and no other call running. */
typedef struct ModuleState {
    Machine machine;             /* whose kernels are used */
    const Strategy *strategy;    /* forced for every step, or NULL */
    Isa cap;                     /* from FASTEINSUM_ISA; ISA_COUNT if nothing is capped */
    PyObject *numpy_einsum;      /* as they were at import, for foreign array types: */
    PyObject *numpy_einsum_path; /* numpy.einsum and numpy.einsum_path */
    PyObject *ndarray_protocol;  /* ndarray.__array_function__, which tells them from our own */
    PlanCache plans;             /* used with the GIL held */
} ModuleState;

#endif
