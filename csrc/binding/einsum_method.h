/* einsum, and the text of its plan. */
#ifndef FASTEINSUM_BINDING_EINSUM_METHOD_H
#define FASTEINSUM_BINDING_EINSUM_METHOD_H

#include "binding/numpy_api.h"

/* einsum(*operands, out=None, optimize=False, **kwargs) */
PyObject *method_einsum(PyObject *module, PyObject *const *values, Py_ssize_t count,
                        PyObject *names);

/* _describe(...): the plan of the call with these arguments, as text; nothing is computed. */
PyObject *method_describe(PyObject *module, PyObject *const *values, Py_ssize_t count,
                          PyObject *names);

#endif
