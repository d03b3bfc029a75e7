/* The arguments of one call, sorted by a table of parameters. */
#ifndef FASTEINSUM_BINDING_ARGUMENTS_H
#define FASTEINSUM_BINDING_ARGUMENTS_H

#include "binding/numpy_api.h"

#include <stdbool.h>

/* A function as Python sees it: the first `positional` parameters may be given by position, the
   first `required` of these must be given. */
typedef struct Signature {
    const char *function;
    int required, positional, count;
    const char *const *parameters; /* count names */
} Signature;

/* Fills values[signature->count] with borrowed references, NULL for what is not given. arguments,
   count and keyword_names as METH_FASTCALL | METH_KEYWORDS passes them. False with a TypeError set,
   worded as Python words its own. */
bool arguments_bind(const Signature *signature, PyObject *const *arguments, Py_ssize_t count,
                    PyObject *keyword_names, PyObject *values[]);

/* The truth of an optional argument; false with an exception set if it has none. */
bool arguments_flag(PyObject *value, bool absent, bool *flag);

/* A string argument as UTF-8, borrowed from it; NULL with a TypeError set for anything else. */
const char *arguments_text(PyObject *value, const char *parameter);

#endif
