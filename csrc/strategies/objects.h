/* What `generic` needs to compute with Python objects; the binding fills it (binding/objects.c). */
#ifndef FASTEINSUM_STRATEGIES_OBJECTS_H
#define FASTEINSUM_STRATEGIES_OBJECTS_H

#include <stddef.h>

struct ObjectArithmetic {
    void *context;

    /* One output element: sum over count terms of x0 * x1 * ..., left to right, started from the
       integer 0 where begins is true, else from what *out holds; the result replaces *out. inputs
       and strides have input_count entries. After the first failure (an exception is set) the
       context remembers it and every later call returns at once. */
    void (*accumulate)(void *context, int input_count, char *const inputs[],
                       const ptrdiff_t strides[], ptrdiff_t count, char *out, int begins);
};

#endif
