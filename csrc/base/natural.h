/* Natural numbers far beyond 64 bits: numbers of elements and operations in plans, compared
 * exactly. */
#ifndef FASTEINSUM_BASE_NATURAL_H
#define FASTEINSUM_BASE_NATURAL_H

#include <stdbool.h>
#include <stdint.h>

/* A double ends at 2^1024; the spare words keep what is added and multiplied near that end apart.
 */
enum { NATURAL_WORDS = 18, NATURAL_BYTES = 8 * NATURAL_WORDS };

/* Words beyond `count` are not meaningful; the last one in use is not 0. What does not fit becomes
   the largest number there is: exact below it, and all beyond are equal. */
typedef struct Natural {
    int count;
    uint64_t words[NATURAL_WORDS]; /* the least significant first */
} Natural;

Natural natural_from(uint64_t value);
Natural natural_largest(void);

void natural_multiply(Natural *number, uint64_t factor);
void natural_add(Natural *number, const Natural *other);

/* Negative, 0 or positive as a is less than, equal to or more than b. */
int natural_compare(const Natural *a, const Natural *b);

/* a / b, correctly rounded; infinite where a double ends. b is not 0. */
double natural_ratio(const Natural *a, const Natural *b);

/* Correctly rounded. */
double natural_value(const Natural *number);

#endif
