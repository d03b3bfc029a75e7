/* Sums of products of shifted vectors with single elements: windows that slide along the vectors.
 * Nothing is packed. A tile keeps several rows of the output in registers, all of which use each
 * vector of the map once it is loaded. The last vector of a row overlaps the one before it. */

/* Accumulators fill the registers, but for the vectors of a step. */
#if VECTOR_REGISTERS >= 32 && PLANES == 1
    #define DIRECT_ROWS(X) X(6) X(2) X(1)
    #define DIRECT_MOST_ROWS 6
#elif VECTOR_REGISTERS >= 32
    #define DIRECT_ROWS(X) X(3) X(1)
    #define DIRECT_MOST_ROWS 3
#elif PLANES == 1
    #define DIRECT_ROWS(X) X(3) X(1)
    #define DIRECT_MOST_ROWS 3
#else
    #define DIRECT_ROWS(X) X(1)
    #define DIRECT_MOST_ROWS 1
#endif
#define DIRECT_MOST_VECTORS 4
#define DIRECT_PLAIN_PRODUCT(a, b) ((a) * (b))

#ifndef DIRECT_TYPES
    #define DIRECT_TYPES
/* Where a tile begins, in scalars of a row, and how many of its lanes are there twice. */
typedef struct DirectPlace {
    ptrdiff_t at;
    int skip;
} DirectPlace;

/* A run as a tile sees it. */
typedef struct DirectSteps {
    const char *map, *kernel;
    ptrdiff_t taps;
    int skip;
} DirectSteps;
#endif

#define DIRECT_BYTES VECTOR_BYTES
#define DIRECT_WIDTH whole
#define DIRECT_TIMES NAME(times)
#include "kernels/direct_tile.tmpl.h"

#define DIRECT_BYTES (VECTOR_BYTES / 2 > ELEMENT_BYTES ? VECTOR_BYTES / 2 : ELEMENT_BYTES)
#define DIRECT_WIDTH half
#define DIRECT_TIMES DIRECT_PLAIN_PRODUCT
#include "kernels/direct_tile.tmpl.h"

#define DIRECT_BYTES (VECTOR_BYTES / 4 > ELEMENT_BYTES ? VECTOR_BYTES / 4 : ELEMENT_BYTES)
#define DIRECT_WIDTH quarter
#define DIRECT_TIMES DIRECT_PLAIN_PRODUCT
#include "kernels/direct_tile.tmpl.h"

#define DIRECT_BYTES ELEMENT_BYTES
#define DIRECT_WIDTH single
#define DIRECT_TIMES DIRECT_PLAIN_PRODUCT
#include "kernels/direct_tile.tmpl.h"

/* Apart, as it is not worth one copy for each number of rows. */
static __attribute__((noinline)) void NAME(direct_element)(const DirectJob *job, int row,
                                                           ptrdiff_t at) {
    PASTE(NAME(direct_tile), single)(job, row, (DirectPlace){at, 0}, 1, 1);
}

/* All lanes of rows row .. row + rows - 1: by as many whole vectors at once as there are left; if
   there is not even one, by narrower ones. */
static inline __attribute__((always_inline)) void NAME(direct_strip)(const DirectJob *job, int row,
                                                                     int rows) {
#define DIRECT_TILE(size, lanes, vectors)                               \
    do {                                                                \
        ptrdiff_t past = at + (lanes) * (vectors) - width;              \
        DirectPlace place = {at, past > 0 ? (int)past : 0};             \
        PASTE(NAME(direct_tile), size)(job, row, place, rows, vectors); \
        at += (lanes) * (vectors);                                      \
    } while (0)
    enum { HALF = LANES / 2 > PLANES ? LANES / 2 : PLANES };
    enum { QUARTER = LANES / 4 > PLANES ? LANES / 4 : PLANES };
    ptrdiff_t at = 0, width = PLANES * job->lanes;
    if (width >= LANES) {
        while (at + 3 * LANES < width) DIRECT_TILE(whole, LANES, 4);
        while (at + LANES < width) DIRECT_TILE(whole, LANES, 2);
        while (at < width) DIRECT_TILE(whole, LANES, 1);
    } else if (width >= HALF) {
        while (at < width) DIRECT_TILE(half, HALF, 1);
    } else if (width >= QUARTER) {
        while (at < width) DIRECT_TILE(quarter, QUARTER, 1);
    } else {
        for (; at < width; at += PLANES) {
            for (int r = row; r < row + rows; r++) NAME(direct_element)(job, r, at);
        }
    }
#undef DIRECT_TILE
}

#define DIRECT_DEFINE(rows)                                                      \
    static void PASTE(NAME(direct_strip), rows)(const DirectJob *job, int row) { \
        NAME(direct_strip)(job, row, rows);                                      \
    }
DIRECT_ROWS(DIRECT_DEFINE)
#undef DIRECT_DEFINE

static void NAME(direct)(const DirectJob *job) {
    int row = 0;
#define DIRECT_RUN(height)                                 \
    for (; row + (height) <= job->rows; row += (height)) { \
        PASTE(NAME(direct_strip), height)(job, row);       \
    }
    DIRECT_ROWS(DIRECT_RUN)
#undef DIRECT_RUN
}

enum { NAME(DIRECT_HEIGHT) = DIRECT_MOST_ROWS };

#undef DIRECT_ROWS
#undef DIRECT_MOST_ROWS
#undef DIRECT_MOST_VECTORS
#undef DIRECT_PLAIN_PRODUCT
