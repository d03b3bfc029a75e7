/* A strided view of memory that somebody else owns. */
#ifndef FASTEINSUM_BASE_TENSOR_H
#define FASTEINSUM_BASE_TENSOR_H

#include "base/dtype.h"
#include "base/limits.h"

/* Strides in bytes, any sign, zero included. Only the first axis_count entries are meaningful, so
   that making one costs what it holds. data is borrowed. */
typedef struct Tensor {
    char *data;
    DType dtype;
    int axis_count;
    ptrdiff_t shape[MAX_AXES];
    ptrdiff_t strides[MAX_AXES];
} Tensor;

/* Number of elements; the caller knows that it fits (whatever is an array already does). */
ptrdiff_t tensor_element_count(const Tensor *tensor);

/* The bytes that the elements occupy, relative to the one at index 0: [low, high). Both 0 if there
   are none. */
typedef struct ByteSpan {
    ptrdiff_t low, high;
} ByteSpan;

ByteSpan byte_span(int axis_count, const ptrdiff_t shape[], const ptrdiff_t strides[],
                   ptrdiff_t element_bytes);
void tensor_byte_span(const Tensor *tensor, ptrdiff_t *low, ptrdiff_t *high);

/* Whether two elements may share bytes. Exact for what permutes and slices one array; true where
   that cannot be excluded cheaply. */
bool tensor_may_overlap_itself(const Tensor *tensor);

#endif
