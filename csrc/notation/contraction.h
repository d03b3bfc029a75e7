/* One step of a plan: a loop nest with one stride per side. This is what strategies see. */
#ifndef FASTEINSUM_NOTATION_CONTRACTION_H
#define FASTEINSUM_NOTATION_CONTRACTION_H

#include "base/dtype.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* One loop, all sides together: inputs first, the output last. Strides in bytes; a stride of zero
   means that the side does not move, whatever the reason: label missing, broadcast, window at rest.
 */
typedef struct Axis {
    ptrdiff_t extent;
    ptrdiff_t strides[MAX_SIDES];
} Axis;

/* Sums of products of Python objects, supplied by the binding so that the core knows no Python. */
typedef struct ObjectArithmetic ObjectArithmetic;

/* out[kept] = sum over the summed axes of the product of the inputs, in normal form:
   no axis has extent 1, axes that run on in each other on every side are merged, and an axis along
   which most elements go backwards is walked the other way round (origins say where the walk
   starts). Kept axes come first, by falling stride of the output; then the summed ones, by
   falling stride of the first input that moves. */
typedef struct Contraction {
    DType arithmetic;           /* what products and sums are computed in */
    int input_count;            /* the output is side input_count */
    int kept_count, axis_count; /* axes[0 .. kept_count) are kept, the rest is summed */
    bool is_empty;              /* some summed axis has extent 0: the output is zeros */
    DType dtypes[MAX_SIDES];    /* as stored */
    ptrdiff_t
        origins[MAX_SIDES]; /* bytes from a side's data to the element where the walk starts */
    const ObjectArithmetic *objects;
    Axis axes[MAX_LABELS];
} Contraction;

/* Makes an empty contraction; then add axes, then normalise. */
void contraction_begin(Contraction *contraction, DType arithmetic, int input_count);

/* Appends a copy of the axis; kept ones before any summed one. */
void contraction_add(Contraction *contraction, const Axis *axis, bool kept);

/* Brings it into the normal form described above. */
void contraction_normalise(Contraction *contraction);

/* Whether every side moves along an axis: those of a product that do are its batch. */
bool axis_is_shared(const Axis *axis, int side_count);

/* The loop over blocks of so many positions of an axis. */
Axis axis_of_blocks(const Axis *axis, ptrdiff_t block, int side_count);

/* Product of the extents of axes[first .. last); it fits, as the operands exist or were checked. */
ptrdiff_t axes_extent(const Axis axes[], int count);

/* Bytes of the part in use: enough to copy, since the axes come last. */
size_t contraction_bytes(const Contraction *contraction);

#endif
