/* Runs plans on the memory of arrays. */
#ifndef FASTEINSUM_BINDING_RUN_H
#define FASTEINSUM_BINDING_RUN_H

#include "binding/numpy_api.h"

#include "einsum.h"

/* data: one pointer per side, inputs first. Lets other threads of Python go on if that is worth it,
   and the plan does not compute with Python objects. False with an exception set. */
bool run_plan(const Plan *plan, char *const data[]);

#endif
