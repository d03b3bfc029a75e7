/* The value that padding is filled with. */
#ifndef FASTEINSUM_BINDING_FILL_H
#define FASTEINSUM_BINDING_FILL_H

#include "binding/numpy_api.h"

/* A new array without axes of the given dtype that holds the value, or NULL with a ValueError set
   if it cannot: NaN or 1.5 among integers, 1e6 among halves, a text that is too long. */
PyArrayObject *fill_make(PyObject *value, PyArray_Descr *descr);

#endif
