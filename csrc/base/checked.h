/* Sizes whose arithmetic may overflow go through these: true means the result is right. */
#ifndef FASTEINSUM_BASE_CHECKED_H
#define FASTEINSUM_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool checked_multiply(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *result) {
    return !__builtin_mul_overflow(a, b, result);
}

static inline bool checked_add(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *result) {
    return !__builtin_add_overflow(a, b, result);
}

static inline bool checked_size(size_t count, size_t size, size_t *bytes) {
    return !__builtin_mul_overflow(count, size, bytes) && *bytes <= PTRDIFF_MAX;
}

#endif
