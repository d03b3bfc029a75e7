/* What the tests of kernels run on: each dtype on each ISA that is built and present, with operands
 * flush against pages that cannot be touched, on either side, and filled in more than one way. */
#ifndef FASTEINSUM_TESTS_SUITE_H
#define FASTEINSUM_TESTS_SUITE_H

#include "guarded.h"
#include "kernels/kernels.h"

/* What floating-point operands hold: whole numbers, whose sums are exact; numbers of both signs; or
   one number everywhere, whose rounding errors all have one sign in long chains. */
typedef enum Filling { FILLING_WHOLE, FILLING_RANDOM, FILLING_CONSTANT } Filling;

typedef struct Suite {
    Isa isa;
    DType dtype;
    const KernelSet *kernels; /* NULL for a dtype that is stored but not computed with */
    ptrdiff_t size;           /* bytes of an element */
    int planes, lanes;        /* scalars of an element, and of a vector */
    bool is_real, is_single;  /* computed with as floating point, and in single precision */
    Filling filling;
    double constant; /* of FILLING_CONSTANT */
    GuardSide side;
} Suite;

/* Calls the test for each dtype that has kernels of its own, on every ISA: whole and, if it is a
   floating-point type, random numbers, on both sides of the guard. */
void suites_run(void (*test)(const Suite *suite));

/* The same for each dtype as stored, with whole numbers or any bits: what only moves elements. */
void stored_suites_run(void (*test)(const Suite *suite));

enum { MOST_EXTENTS = 10 };

/* Extents around one and three vectors, and the blocks of four or eight that kernels take at once,
   rising. Gives how many. */
int suite_extents(const Suite *suite, ptrdiff_t extents[MOST_EXTENTS]);

/* Names the case of a failed check. */
void report(const Suite *suite, const char *kernel, const ptrdiff_t extents[3], int layout);

#endif
