/* All kernels of one dtype on one ISA, and the table that lists them. isa.tmpl.h defines
 *     SET         spelling of the dtype
 *     ELEMENT     its scalar: for a complex dtype that of one part, for integers the unsigned type,
 *                 whose arithmetic wraps
 *     PLANES      1, or 2 for a complex dtype: real parts and imaginary parts */
#define STORED STORED_PLAIN

#include "kernels/set_begin.tmpl.h"

#include "kernels/lanes.tmpl.h"

#include "kernels/tile_store.tmpl.h"

/* Tiles by rows and vectors, the largest first: as many accumulators as the registers hold beside
 * the operands of a step, and all smaller ones for what is left over at the edges. A row of complex
 * numbers has two accumulators per vector. */
#if VECTOR_REGISTERS >= 32 && PLANES == 1
    #define TILES_1(X) X(12, 1) X(8, 1) X(6, 1) X(4, 1) X(2, 1) X(1, 1)
    #define TILES_2(X) X(12, 2) X(8, 2) X(6, 2) X(4, 2) X(2, 2) X(1, 2)
    #define TILES_3(X) X(8, 3) X(6, 3) X(4, 3) X(2, 3) X(1, 3)
#elif VECTOR_REGISTERS >= 32
    #define TILES_1(X) X(6, 1) X(4, 1) X(3, 1) X(2, 1) X(1, 1)
    #define TILES_2(X) X(6, 2) X(4, 2) X(3, 2) X(2, 2) X(1, 2)
    #define TILES_3(X) X(4, 3) X(3, 3) X(2, 3) X(1, 3)
#elif PLANES == 1
    #define TILES_1(X) X(6, 1) X(4, 1) X(2, 1) X(1, 1)
    #define TILES_2(X) X(6, 2) X(4, 2) X(2, 2) X(1, 2)
    #define TILES_3(X) X(4, 3) X(2, 3) X(1, 3)
#else
    #define TILES_1(X) X(3, 1) X(2, 1) X(1, 1)
    #define TILES_2(X) X(3, 2) X(2, 2) X(1, 2)
    #define TILES_3(X)
#endif
#define TILES(X) TILES_2(X) TILES_3(X) TILES_1(X)
#include "kernels/tile.tmpl.h"

#include "kernels/sums.tmpl.h"

#include "kernels/batch.tmpl.h"
#include "kernels/copy.tmpl.h"
#include "kernels/direct.tmpl.h"
#include "kernels/gemv.tmpl.h"
#include "kernels/multiply.tmpl.h"
#include "kernels/reduce.tmpl.h"
#include "kernels/small.tmpl.h"

static const Tile NAME(tiles)[] = {
#define TILE_ENTRY(rows, vectors)                                        \
    {rows, (vectors) * LANES / PLANES, TILE_NAME(packed, rows, vectors), \
     TILE_NAME(half_packed, rows, vectors), TILE_NAME(direct, rows, vectors)},
    TILES(TILE_ENTRY)
#undef TILE_ENTRY
};

/* Multiply-adds of integers take several instructions, those of bytes go by way of shorts. */
#define FLOAT_PRODUCTS_PER_PRODUCT \
    (NAME(IS_FLOAT) ? 1.0 : ELEMENT_BYTES == 1 ? 12.0 : ELEMENT_BYTES == 8 ? 6.0 : ELEMENT_BYTES)

static const KernelSet NAME(kernel_set) = {
    .tiles = NAME(tiles),
    .tile_count = (int)(sizeof NAME(tiles) / sizeof NAME(tiles)[0]),
    .vector_cols = LANES / PLANES,
    .flops_per_cycle = 2 * FMAS_PER_CYCLE * LANES / FLOAT_PRODUCTS_PER_PRODUCT,
    .pack = PACK_OF(ELEMENT_BYTES),
    .reduce = NAME(reduce),
    .gemv = NAME(gemv),
    .direct = NAME(direct),
    .direct_flat_rows = NAME(DIRECT_FLATTEST),
    .direct_tall_rows = NAME(DIRECT_TALLEST),
    .batch = NAME(batch),
    .batch_rows = NAME(BATCH_ROWS),
    .batch_cols = NAME(BATCH_COLS),
    .smalls = &NAME(smalls),
};

#undef FLOAT_PRODUCTS_PER_PRODUCT
#undef TILES
#undef TILES_1
#undef TILES_2
#undef TILES_3
#undef TILE_NAME

#include "kernels/set_end.tmpl.h"
