/* The argument `optimize`. It is read and checked as NumPy does, and changes neither values nor
   types nor what is an error: the planner takes its own way. */
#ifndef FASTEINSUM_BINDING_OPTIMIZE_H
#define FASTEINSUM_BINDING_OPTIMIZE_H

#include "binding/numpy_api.h"

#include <stdbool.h>

typedef struct Optimize {
    bool is_on;     /* anything else than False was passed */
    PyObject *name; /* owned: the name of a path method; or NULL */
    PyObject *path; /* owned: a list, 'einsum_path' and then the steps; or NULL */
} Optimize;

/* object is NULL where nothing was passed. */
bool optimize_read(Optimize *optimize, PyObject *object);
void optimize_end(Optimize *optimize);

/* Checks what depends on the expression: the steps of an explicit path, and the name of a method
   where there is anything to choose. */
bool optimize_check(const Optimize *optimize, Py_ssize_t operand_count, bool is_summed);

#endif
