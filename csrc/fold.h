/* fold, the adjoint of windows: every element of the windows is added to the element of the array
 * that it was taken from (overlap-add). */
#ifndef FASTEINSUM_FOLD_H
#define FASTEINSUM_FOLD_H

#include "pad.h"

/* The element type of the result; STATUS_DTYPE for types that are not numbers. */
Status fold_dtype(DType windows, bool average, DType *result, Error *error) MUST_CHECK;

/* Completes geometry, in which sizes are not yet set, by the shapes of the windows array and of the
   array to fold to, and checks that they belong together. */
Status fold_resolve(const Tensor *windows, Windows *geometry, const ptrdiff_t shape[],
                    int axis_count, Error *error) MUST_CHECK;

/* What to fold; all of it resolved. Elements in the padding are dropped for PAD_CONSTANT, for other
   modes they are added to the element that they are copies of. */
typedef struct FoldJob {
    const Tensor *windows; /* any strides, zero included; aligned elements */
    const Windows *geometry;
    PadMode mode;
    bool average;    /* divide by the number of visits where there are any */
    bool accumulate; /* add to the result instead of overwriting it */
} FoldJob;

/* result has the array's shape and the type of fold_dtype, does not overlap itself or the windows.
   Sums are made in an order that only shapes and strides decide. Fails only for want of memory;
   the result's contents are undefined then. */
Status fold_run(const FoldJob *job, const Tensor *result, Error *error) MUST_CHECK;

#endif
