/* Calls of objects without a tuple. The limited API has what a type needs for them from Python 3.12
 * on; 3.11 has the same under the same names. */
#ifndef FASTEINSUM_BINDING_VECTORCALL_H
#define FASTEINSUM_BINDING_VECTORCALL_H

#include "binding/numpy_api.h"

#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 < 0x030C0000

    #define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
    #define PY_VECTORCALL_ARGUMENTS_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1))

typedef PyObject *(*vectorcallfunc)(PyObject *callable, PyObject *const *values, size_t count,
                                    PyObject *names);

PyAPI_FUNC(PyObject *)
    PyVectorcall_Call(PyObject *callable, PyObject *positional, PyObject *keywords);

static inline Py_ssize_t PyVectorcall_NARGS(size_t count) {
    return (Py_ssize_t)(count & ~PY_VECTORCALL_ARGUMENTS_OFFSET);
}

#endif

#endif
