/* The arithmetic without the interpreter's lock. */
#ifndef FASTEINSUM_BINDING_RELEASE_H
#define FASTEINSUM_BINDING_RELEASE_H

#include "binding/numpy_api.h"

#include "einsum.h"

/* einsum_run with the GIL released, on as many threads as this one may use. Signals are looked
   after now and then: what a handler raises ends the run with STATUS_INTERRUPTED. */
Status release_and_run(const Plan *plan, char *const data[], Error *error) MUST_CHECK;

#endif
