/* The core's errors as Python exceptions. */
#ifndef FASTEINSUM_BINDING_ERRORS_H
#define FASTEINSUM_BINDING_ERRORS_H

#include "binding/numpy_api.h"

#include "base/error.h"

#include <stdbool.h>

/* Sets the exception that belongs to the error's status, with its message. Always NULL, so that a
   function can end with `return error_raise(&error)`. */
PyObject *error_raise(const Error *error);

/* True if all went well, else that exception is set. */
bool error_check(Status status, const Error *error);

#endif
