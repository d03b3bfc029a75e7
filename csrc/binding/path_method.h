/* einsum_path: the order of contraction that numpy would take, and what numpy prints about it. */
#ifndef FASTEINSUM_BINDING_PATH_METHOD_H
#define FASTEINSUM_BINDING_PATH_METHOD_H

#include "binding/numpy_api.h"

/* einsum_path(*operands, optimize='greedy', einsum_call=False) */
PyObject *method_einsum_path(PyObject *module, PyObject *const *values, Py_ssize_t count,
                             PyObject *names);

#endif
