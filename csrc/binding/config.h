/* Which kernels this process uses, and what the build and the machine say about it. */
#ifndef FASTEINSUM_BINDING_CONFIG_H
#define FASTEINSUM_BINDING_CONFIG_H

#include "binding/state.h"

#include <stdbool.h>

/* Sets machine and cap of the state: the most capable ISA, capped by FASTEINSUM_ISA. A value that
   names no ISA is a RuntimeWarning. False with an exception set if that was made an error. */
bool config_choose_isa(ModuleState *state);

/* Takes the number of threads from the environment, with a warning likewise. */
bool config_choose_threads(void);

/* _config(): the facts as a dict. */
PyObject *method_config(PyObject *module, PyObject *ignored);

/* The constants __version__ and source_hash. */
bool config_add_constants(PyObject *module);

#endif
