/* Problems for the tests of resolving: operands that are described but have no memory. */
#ifndef FASTEINSUM_TESTS_PROBLEM_CASE_H
#define FASTEINSUM_TESTS_PROBLEM_CASE_H

#include "notation/problem.h"

enum { MOST_OPERANDS = 4, MOST_AXES = 6, HUGE_BITS = 40 };

#define HUGE_EXTENT ((ptrdiff_t)1 << HUGE_BITS)

/* A shape: extents until -1. */
typedef ptrdiff_t Shape[MOST_AXES + 1];

typedef enum Packing { PACKED_C, PACKED_F } Packing;

/* Without gaps, as far as that fits. */
Tensor tensor_make(const ptrdiff_t shape[], DType dtype, Packing packing);

/* A problem with all it lives on. */
typedef struct Case {
    Arena arena;
    Subscripts subscripts;
    Problem problem;
    Error error;
    Tensor operands[MOST_OPERANDS];
} Case;

/* How many operands an expression has. */
int count_operands(const char *text);

/* One operand for each of the expression. */
void make_operands(Case *c, const char *text, const Shape shapes[]);

/* Resolves; the operands are made already. */
Status case_resolve(Case *c, const char *text, int operand_count, const Tensor *out);

/* Checks that nothing is lost. */
void case_end(Case *c);

/* As numbers with blanks between them. */
void extents_write(const ptrdiff_t values[], int count, char *text);

#endif
