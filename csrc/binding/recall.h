/* The short way of a call: its plan was made by an earlier one. */
#ifndef FASTEINSUM_BINDING_RECALL_H
#define FASTEINSUM_BINDING_RECALL_H

#include "binding/call_key.h"

/* Whether the plan can be run for these very arrays: out does not overlap an operand. */
bool recall_is_possible(const Sides *sides);

/* The result of a plan that was found by the key of the sides. */
PyObject *recall_run(const Sides *sides, Plan *plan);

#endif
