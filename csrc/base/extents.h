/* Arithmetic on extents and strides that cannot overflow where it is used. */
#ifndef FASTEINSUM_BASE_EXTENTS_H
#define FASTEINSUM_BASE_EXTENTS_H

#include <stddef.h>

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static inline ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

static inline ptrdiff_t magnitude(ptrdiff_t stride) {
    return stride < 0 ? -stride : stride;
}

/* How many blocks hold an extent. */
static inline ptrdiff_t divide_up(ptrdiff_t extent, ptrdiff_t block) {
    return (extent + block - 1) / block;
}

/* The next multiple of a step. */
static inline ptrdiff_t round_up(ptrdiff_t extent, ptrdiff_t step) {
    return divide_up(extent, step) * step;
}

#endif
