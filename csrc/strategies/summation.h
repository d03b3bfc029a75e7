/* Summing over the loops outside a kernel. A kernel sums along one axis with short chains of
 * additions; this keeps the chains short where other summed axes surround it, and the sums in
 * cache. Inputs that are not stored as they are computed with come to the kernel in blocks, and
 * such sums leave by rows. */
#ifndef FASTEINSUM_STRATEGIES_SUMMATION_H
#define FASTEINSUM_STRATEGIES_SUMMATION_H

#include "strategies/conversion.h"
#include "strategies/nest.h"

/* Where an input runs along the rows, tasks have runs of so many bytes, long enough to be fetched
   ahead. */
enum { RUN_BYTES = 8192 };

/* Where the sums of some rows go. */
typedef struct Target {
    ptrdiff_t rows;
    char *out;
    ptrdiff_t stride;
    bool accumulate;
} Target;

enum {
    SUMMATION_INPUTS = 8,
    SUMMATION_BLOCK = 8192, /* elements that go through scratch at once, and stay in cache */
};

/* What the kernel reads for one target: of each input so many columns. */
typedef struct Block {
    ptrdiff_t cols;
    Lie inputs[SUMMATION_INPUTS];
    char *products; /* room for SUMMATION_BLOCK of them, if there are any */
} Block;

/* A nest whose kernel walks rows and a summed axis (cols). Rows may be of a summed axis too: then
   their sums are summed. */
typedef struct Summation {
    Nest nest;
    Conversion conversions[SUMMATION_INPUTS + 1]; /* by side */
    bool
        is_turned[SUMMATION_INPUTS]; /* the input lies along the other axis than the kernel wants */
    bool has_products;               /* no more than a block at once, and room for products */
    ReduceKernel *add;               /* joins partial sums */
    ptrdiff_t element_bytes;         /* of a sum */
    ptrdiff_t most_rows;             /* that are summed at once */
    bool sums_rows;                  /* rows are of a summed axis */
    bool is_plain;                   /* one call of the kernel for each kept position */
    size_t side_scratch[SUMMATION_INPUTS + 1]; /* in that of a task, behind the partial sums */
    size_t row_scratch, product_scratch;
    /* What the kernel does with a block. context is the strategy's own. */
    void (*term)(const void *context, const Block *block, const Target *target);
    const void *context;
} Summation;

/* Whether sums can be formed in the arithmetic of the contraction. */
bool summation_applies(const Contraction *contraction, const Machine *machine);

/* What converting costs, for each time that an element is read. */
double summation_convert_cycles(const Contraction *contraction);

/* Of a call of the kernel, with the step of the loops around it. */
static const double summation_call_seconds = 40e-9;

/* Whether a plane is one, and its rows can be summed if they are of a summed axis. */
bool summation_can_walk(const Contraction *contraction, Plane plane);

/* Makes the nest, and the phases and scratch of the step. term, context, is_turned and
   has_products are the caller's. */
Status summation_make(const Contraction *contraction, Plane plane, const Machine *machine,
                      Arena *arena, Summation *summation, StepPlan *step, Error *error) MUST_CHECK;

/* Computes one task: writes every row of its kept positions. */
void summation_run(const Summation *summation, char *const data[], const Task *task);

#endif
