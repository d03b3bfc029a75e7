/* Sides whose elements are not stored as they are computed with, or not in the order in which a
 * kernel is fast: converted and turned block by block on their way to a kernel, or from it. */
#ifndef FASTEINSUM_STRATEGIES_CONVERSION_H
#define FASTEINSUM_STRATEGIES_CONVERSION_H

#include "kernels/kernels.h"
#include "notation/contraction.h"

typedef struct Conversion {
    ConvertKernel *kernel;      /* NULL: stored as computed with */
    CopyKernel *copy;           /* of elements as stored */
    ptrdiff_t stored, computed; /* bytes of an element */
} Conversion;

/* Between the elements of a side and those of some arithmetic. */
Conversion conversion_make(const Contraction *contraction, int side, DType arithmetic, Isa isa);

/* Whether any side needs one. */
bool conversion_is_needed(const Contraction *contraction, DType arithmetic);

/* Bytes of scratch for a block of so many elements as computed, and behind them as stored. */
size_t conversion_scratch_bytes(const Conversion *conversion, ptrdiff_t elements);

/* A loop within a block. */
typedef struct BlockAxis {
    ptrdiff_t count, stride;
} BlockAxis;

/* Fills scratch with the elements of a block as computed, the inner ones following each other. */
void conversion_read(const Conversion *conversion, const char *source, BlockAxis outer,
                     BlockAxis inner, char *scratch);

/* Stores the elements that follow each other in scratch: sums of a narrower type. */
void conversion_write(const Conversion *conversion, char *scratch, char *out, BlockAxis to);

#endif
