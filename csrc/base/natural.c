#include "base/natural.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WORD_BITS = 64 };

typedef unsigned __int128 Double;

Natural natural_from(uint64_t value) {
    Natural number;
    number.count = value != 0;
    number.words[0] = value;
    return number;
}

Natural natural_largest(void) {
    Natural number = {.count = NATURAL_WORDS};
    memset(number.words, 0xff, sizeof number.words);
    return number;
}

static void append_carry(Natural *number, uint64_t carry) {
    if (carry == 0) return;
    if (number->count == NATURAL_WORDS) {
        *number = natural_largest();
    } else {
        number->words[number->count++] = carry;
    }
}

void natural_multiply(Natural *number, uint64_t factor) {
    if (factor == 0) number->count = 0;
    uint64_t carry = 0;
    for (int i = 0; i < number->count; i++) {
        Double product = (Double)number->words[i] * factor + carry;
        number->words[i] = (uint64_t)product;
        carry = (uint64_t)(product >> WORD_BITS);
    }
    append_carry(number, carry);
}

void natural_add(Natural *number, const Natural *other) {
    while (number->count < other->count) number->words[number->count++] = 0;
    uint64_t carry = 0;
    for (int i = 0; i < number->count; i++) {
        Double sum = (Double)number->words[i] + carry;
        if (i < other->count) sum += other->words[i];
        number->words[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> WORD_BITS);
    }
    append_carry(number, carry);
}

int natural_compare(const Natural *a, const Natural *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count; i-- > 0;) {
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

/* ---- division, bit by bit ---- */

/* Room for one number and for the shifts that a division needs. */
typedef struct Wide {
    uint64_t words[NATURAL_WORDS + 1];
} Wide;

static int bit_count(const Natural *number) {
    if (number->count == 0) return 0;
    return number->count * WORD_BITS - __builtin_clzll(number->words[number->count - 1]);
}

/* The number with its highest bit at bit NATURAL_WORDS * WORD_BITS - 1. */
static Wide wide_align(const Natural *number) {
    Wide wide = {{0}};
    int shift = NATURAL_WORDS * WORD_BITS - bit_count(number);
    int words = shift / WORD_BITS, bits = shift % WORD_BITS;
    for (int i = 0; i < number->count; i++) {
        wide.words[i + words] |= number->words[i] << bits;
        if (bits > 0) wide.words[i + words + 1] |= number->words[i] >> (WORD_BITS - bits);
    }
    return wide;
}

static void wide_double(Wide *wide) {
    for (int i = NATURAL_WORDS; i > 0; i--) {
        wide->words[i] = wide->words[i] << 1 | wide->words[i - 1] >> (WORD_BITS - 1);
    }
    wide->words[0] <<= 1;
}

static bool wide_is_less(const Wide *a, const Wide *b) {
    for (int i = NATURAL_WORDS; i >= 0; i--) {
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i];
    }
    return false;
}

static void wide_subtract(Wide *from, const Wide *other) {
    uint64_t borrow = 0;
    for (int i = 0; i <= NATURAL_WORDS; i++) {
        Double difference = (Double)from->words[i] - other->words[i] - borrow;
        from->words[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> WORD_BITS) & 1;
    }
}

static bool wide_is_zero(const Wide *wide) {
    uint64_t any = 0;
    for (int i = 0; i <= NATURAL_WORDS; i++) any |= wide->words[i];
    return any == 0;
}

/* Aligned, both numbers lie within a factor of 2, so that 64 steps give at least 63 significant
   bits of the quotient. The last of them also stands for all that follow: rounding to 53 is right.
 */
double natural_ratio(const Natural *a, const Natural *b) {
    assert(b->count > 0);
    if (a->count == 0) return 0;
    Wide rest = wide_align(a), divisor = wide_align(b);
    uint64_t quotient = 0;
    for (int i = 0; i < WORD_BITS; i++) {
        bool fits = !wide_is_less(&rest, &divisor);
        if (fits) wide_subtract(&rest, &divisor);
        quotient = quotient << 1 | fits;
        wide_double(&rest);
    }
    quotient |= !wide_is_zero(&rest);
    return ldexp((double)quotient, bit_count(a) - bit_count(b) - (WORD_BITS - 1));
}

double natural_value(const Natural *number) {
    Natural one = natural_from(1);
    return natural_ratio(number, &one);
}
