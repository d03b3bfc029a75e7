/* NumPy's element types and the core's. */
#ifndef FASTEINSUM_BINDING_DTYPES_H
#define FASTEINSUM_BINDING_DTYPES_H

#include "binding/numpy_api.h"

#include "base/tensor.h"

/* The core's type for a dtype of any byte order, by kind and size; false where the core has none.
 */
bool dtype_from_descr(PyArray_Descr *descr, DType *dtype);

/* Borrows the array's data and copies its geometry. An element type that the core does not know
   counts as bytes: good for views, which only look at strides. */
void tensor_from_array(Tensor *tensor, PyArrayObject *array);

#endif
