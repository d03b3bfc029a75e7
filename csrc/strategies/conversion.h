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

/* Per element: what converting costs, and what turning a block does. */
static const double CONVERSION_CYCLES = 0.5, TURN_CYCLES = 0.6;

/* Where an input of a block is, in rows and columns: bytes from element to element, 0 where it does
   not move. */
typedef struct Lie {
    const char *data;
    ptrdiff_t row, col;
} Lie;

/* The same input as computed with, in scratch, its rows or its columns following each other. */
Lie conversion_read(const Conversion *conversion, Lie from, ptrdiff_t rows, ptrdiff_t cols,
                    bool by_rows, char *scratch);

/* Where a block of an output goes. */
typedef struct Place {
    char *data;
    ptrdiff_t row, col;
} Place;

/* Stores a block whose elements follow each other in scratch: sums of a narrower type. */
void conversion_write(const Conversion *conversion, char *scratch, Place out, ptrdiff_t rows,
                      ptrdiff_t cols);

#endif
