/* What plain loops compute with, whatever the dtype: the kernels are compared with them. */
#ifndef FASTEINSUM_TESTS_VALUES_H
#define FASTEINSUM_TESTS_VALUES_H

#include "suite.h"

#include <math.h>

/* Roundings that one term of a sum may go through: longer sums must be blocked. */
enum { LONGEST_CHAIN = 320 };

/* Floating-point types use part, real and imaginary, and size, the sum of all magnitudes; integers
   use bits, which wrap. */
typedef struct Value {
    double part[2], size;
    uint64_t bits;
} Value;

/* Begins with {0}. lost is what the additions have rounded away, so that part + lost is as good as
   the exact sum of the terms. */
typedef struct Sum {
    double part[2], lost[2], size;
    uint64_t bits;
} Sum;

static inline uint64_t bits_load(const char *memory, ptrdiff_t size) {
    if (size == 1) return *(const uint8_t *)memory;
    if (size == 2) return *(const uint16_t *)(const void *)memory;
    if (size == 4) return *(const uint32_t *)(const void *)memory;
    return *(const uint64_t *)(const void *)memory;
}

static inline Value value_load(const Suite *suite, const char *memory) {
    if (!suite->is_real) return (Value){.bits = bits_load(memory, suite->size)};
    Value value = {{0}, 0, 0};
    for (int p = 0; p < suite->planes; p++) {
        value.part[p] = suite->is_single ? (double)((const float *)(const void *)memory)[p]
                                         : ((const double *)(const void *)memory)[p];
        value.size += fabs(value.part[p]);
    }
    return value;
}

static inline Value value_product(Value a, Value b) {
    return (Value){
        {a.part[0] * b.part[0] - a.part[1] * b.part[1],
         a.part[0] * b.part[1] + a.part[1] * b.part[0]},
        a.size * b.size,
        a.bits * b.bits,
    };
}

static inline void sum_add(Sum *sum, Value term) {
    for (int p = 0; p < 2; p++) {
        double before = sum->part[p], after = before + term.part[p], added = after - before;
        sum->lost[p] += (before - (after - added)) + (term.part[p] - added);
        sum->part[p] = after;
    }
    sum->size += term.size;
    sum->bits += term.bits;
}

/* Whether the element in memory is the sum. steps: roundings that a term may have gone through,
   which equal terms do half as often on the average; three more are those of the products here. */
static inline bool sum_equals(const Suite *suite, const Sum *sum, const char *memory,
                              ptrdiff_t steps) {
    if (!suite->is_real) {
        uint64_t bits = bits_load((const char *)&sum->bits, suite->size);
        return bits_load(memory, suite->size) == bits;
    }
    double rounding = suite->is_single ? 0x1p-24 : 0x1p-53;
    double chain = steps < LONGEST_CHAIN ? (double)steps : LONGEST_CHAIN;
    if (suite->filling == FILLING_CONSTANT) chain /= 2;
    double bound = suite->filling == FILLING_WHOLE ? 0 : (chain + 3) * rounding * sum->size;
    Value actual = value_load(suite, memory);
    bool holds = true;
    for (int p = 0; p < suite->planes; p++) {
        holds &= fabs((actual.part[p] - sum->part[p]) - sum->lost[p]) <= bound;
    }
    return holds;
}

#endif
