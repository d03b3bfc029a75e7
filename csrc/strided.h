/* The checks of as_strided: a view of any shape and strides, laid over an array. Items may be of
 * any kind; their size is given. Sizes and strides come from users, so nothing is assumed to fit.
 */
#ifndef FASTEINSUM_STRIDED_H
#define FASTEINSUM_STRIDED_H

#include "base/error.h"
#include "base/tensor.h"

/* The first and last byte of some elements, counted from the first element of an array. */
typedef struct ByteRange {
    ptrdiff_t first, last; /* inclusive; there are none if last < first */
} ByteRange;

/* A view that somebody asks for: of items of item_bytes, offset bytes behind the first element of
   the array. tensor->data and tensor->dtype are ignored throughout. */
typedef struct StridedView {
    const Tensor *tensor;
    ptrdiff_t offset;
    size_t item_bytes;
} StridedView;

/* Checks the lengths and finds the bytes that are touched, in overflow-tested arithmetic. */
Status strided_range(const StridedView *view, ByteRange *range, Error *error) MUST_CHECK;

/* range lies within limits; owner ("x", "the base of x") is for the message. */
Status strided_check_bounds(const StridedView *view, ByteRange range, ByteRange limits,
                            const char *owner, Error *error) MUST_CHECK;

/* Every element of the view is an element of items, which starts origin bytes from the array's
   first element. For arrays of references, where any other address is not one. */
Status strided_check_items(const StridedView *view, const Tensor *items, ptrdiff_t origin,
                           Error *error) MUST_CHECK;

/* No two elements of the view share a byte, as far as that can be told cheaply. */
Status strided_check_overlap(const StridedView *view, Error *error) MUST_CHECK;

#endif
