/* Arrays that show the memory of another array. */
#ifndef FASTEINSUM_BINDING_VIEWS_H
#define FASTEINSUM_BINDING_VIEWS_H

#include "binding/numpy_api.h"

#include "base/tensor.h"

/* What kind of view is wanted. */
typedef struct ViewKind {
    bool keeps_subclass; /* of the type of the array, else a plain ndarray */
    bool is_writeable;   /* if the array is */
} ViewKind;

/* The argument as an array, a subclass only if it is kept. A new reference, or NULL. */
PyArrayObject *view_source(PyObject *object, bool keeps_subclass);

/* An array with data, shape and strides of the tensor and the dtype of source, which it keeps
   alive. */
PyObject *view_make(PyArrayObject *source, const Tensor *tensor, ViewKind kind);

#endif
