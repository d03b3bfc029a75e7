/* Summing over the loops outside a kernel. A kernel sums along one axis with short chains of
 * additions; this keeps the chains short where other summed axes surround it, and the sums in
 * cache. */
#ifndef FASTEINSUM_STRATEGIES_SUMMATION_H
#define FASTEINSUM_STRATEGIES_SUMMATION_H

#include "kernels/kernels.h"
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

/* A nest whose kernel walks rows and a summed axis (cols). */
typedef struct Summation {
    Nest nest;
    ReduceKernel *add; /* joins partial sums */
    ptrdiff_t element_bytes;
    /* What the kernel does at one position: pointers say where each side stands. context is the
       strategy's own. */
    void (*term)(const void *context, char *const pointers[], const Target *target);
    const void *context;
} Summation;

/* Bytes of scratch of one task. */
size_t summation_scratch_bytes(const Summation *summation);

/* Computes one task: writes every row of its kept positions. */
void summation_run(const Summation *summation, char *const data[], const Task *task);

#endif
