/* Sums of products of shifted vectors with single elements: windows that slide along the vectors.
 * Nothing is packed. A tile keeps several rows of the output in registers, all of which use each
 * vector of the map once it is loaded. The last vector of a row overlaps the one before it. */

/* Rows and vectors of the tiles: accumulators fill the registers, but for the vectors of a step.
   Narrow outputs take tall tiles, as sums that wait for each other need company. */
#if VECTOR_REGISTERS >= 32 && PLANES == 1
    #define DIRECT_TALL(X) X(12, 2) X(8, 2)
    #define DIRECT_FLAT(X) X(6, 4) X(4, 4) X(2, 4) X(1, 4)
    #define DIRECT_TALL_ROWS 12
    #define DIRECT_FLAT_ROWS 6
#elif VECTOR_REGISTERS >= 32 || PLANES == 1
    #define DIRECT_TALL(X) X(6, 2) X(4, 2)
    #define DIRECT_FLAT(X) X(3, 4) X(1, 4)
    #define DIRECT_TALL_ROWS 6
    #define DIRECT_FLAT_ROWS 3
#else
    #define DIRECT_TALL(X) X(3, 2) X(2, 2)
    #define DIRECT_FLAT(X) X(1, 4)
    #define DIRECT_TALL_ROWS 3
    #define DIRECT_FLAT_ROWS 1
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

/* All lanes of rows row .. row + rows - 1: by as many whole vectors at once as there are left, at
   most so many; if there is not even one, by narrower ones. */
static inline __attribute__((always_inline)) void NAME(direct_strip)(const DirectJob *job, int row,
                                                                     int rows, int vectors) {
#define DIRECT_TILE(size, lanes, count)                               \
    do {                                                              \
        ptrdiff_t past = at + (lanes) * (count) - width;              \
        DirectPlace place = {at, past > 0 ? (int)past : 0};           \
        PASTE(NAME(direct_tile), size)(job, row, place, rows, count); \
        at += (lanes) * (count);                                      \
    } while (0)
    enum { HALF = LANES / 2 > PLANES ? LANES / 2 : PLANES };
    enum { QUARTER = LANES / 4 > PLANES ? LANES / 4 : PLANES };
    ptrdiff_t at = 0, width = PLANES * job->lanes;
    if (width >= LANES) {
        while (vectors == 4 && at + 3 * LANES < width) DIRECT_TILE(whole, LANES, 4);
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

#define DIRECT_DEFINE(rows, vectors)                                             \
    static void PASTE(NAME(direct_strip), rows)(const DirectJob *job, int row) { \
        NAME(direct_strip)(job, row, rows, vectors);                             \
    }
DIRECT_TALL(DIRECT_DEFINE)
DIRECT_FLAT(DIRECT_DEFINE)
#undef DIRECT_DEFINE

/* The tallest tiles that leave no rows over, or enough for another good one. */
static void NAME(direct)(const DirectJob *job) {
    bool is_narrow = PLANES * job->lanes <= 2 * LANES;
    int row = 0;
#define DIRECT_RUN(height, vectors)                                                               \
    while ((vectors) > 2 || is_narrow) {                                                          \
        int left = job->rows - row - (height);                                                    \
        if (left < 0 || ((height) == DIRECT_TALL_ROWS && 0 < left && 2 * left < (height))) break; \
        PASTE(NAME(direct_strip), height)(job, row);                                              \
        row += (height);                                                                          \
    }
    DIRECT_TALL(DIRECT_RUN)
    DIRECT_FLAT(DIRECT_RUN)
#undef DIRECT_RUN
}

enum { NAME(DIRECT_TALLEST) = DIRECT_TALL_ROWS, NAME(DIRECT_FLATTEST) = DIRECT_FLAT_ROWS };

#undef DIRECT_TALL
#undef DIRECT_FLAT
#undef DIRECT_TALL_ROWS
#undef DIRECT_FLAT_ROWS
#undef DIRECT_MOST_VECTORS
#undef DIRECT_PLAIN_PRODUCT
