/* Values from one element type to another, by NumPy's casts. */
#ifndef FASTEINSUM_BINDING_TRANSFER_H
#define FASTEINSUM_BINDING_TRANSFER_H

#include "binding/numpy_api.h"

#include "base/tensor.h"

/* Stores the elements of from, broadcast if need be, in to. Whether the cast is allowed has been
   decided before. As in numpy.einsum the floating-point state is not looked at: no warnings about
   overflow, and numpy.errstate has no effect. The two share no memory. */
bool transfer(PyArrayObject *to, PyArrayObject *from);

/* A new array with the elements of a view in another type, and as *tensor the same view of it:
   shape as before, its own strides. No more elements are converted than the view has distinct ones:
   broadcast axes stay broadcast, overlapping windows keep overlapping. */
PyArrayObject *transfer_view(PyArrayObject *view, PyArray_Descr *descr, Tensor *tensor);

#endif
