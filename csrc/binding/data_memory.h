/* New arrays, the large ones in memory that is used again: NumPy asks the handler that an array
   remembers for its data, and gives the data back to it. */
#ifndef FASTEINSUM_BINDING_DATA_MEMORY_H
#define FASTEINSUM_BINDING_DATA_MEMORY_H

#include "binding/numpy_api.h"

#include <stdbool.h>
#include <stddef.h>

/* Once, before any array is made, and what the environment says about it, with a warning for a
   value that is ignored. False with an exception set. */
bool data_memory_prepare(void);

/* A new array in C order, or with the strides; takes over the dtype, as NumPy's constructors do. */
PyArrayObject *array_new(PyArray_Descr *descr, int axis_count, const ptrdiff_t *shape,
                         const ptrdiff_t *strides);

/* The same for an array known to be of RECYCLE_LEAST bytes at least, and of fewer. */
PyArrayObject *array_new_large(PyArray_Descr *descr, int axis_count, const ptrdiff_t *shape,
                               const ptrdiff_t *strides);

static inline PyArrayObject *array_new_small(PyArray_Descr *descr, int axis_count,
                                             const ptrdiff_t *shape, const ptrdiff_t *strides) {
    return (PyArrayObject *)PyArray_NewFromDescr(&PyArray_Type, descr, axis_count, shape, strides,
                                                 NULL, 0, NULL);
}

/* _set_recycling(bytes), and _recycling(): what may be kept and what is. */
PyObject *method_set_recycling(PyObject *module, PyObject *bytes);
PyObject *method_recycling(PyObject *module, PyObject *ignored);

#endif
