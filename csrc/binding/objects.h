/* Python-object arithmetic for the core's generic loops. */
#ifndef FASTEINSUM_BINDING_OBJECTS_H
#define FASTEINSUM_BINDING_OBJECTS_H

#include "binding/numpy_api.h"

#include "notation/contraction.h"
#include "strategies/objects.h"

#include <stdbool.h>

/* The arithmetic of one run. Runs hold the GIL throughout, as every multiplication may call Python.
 */
typedef struct ObjectRun {
    ObjectArithmetic arithmetic; /* its context is this struct, so it must not be moved */
    bool has_failed;             /* an exception is set; nothing more is computed */
} ObjectRun;

void objects_begin(ObjectRun *run);

#endif
