/* The only door to the allocator. */
#ifndef FASTEINSUM_BASE_MEMORY_H
#define FASTEINSUM_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum { MEMORY_ALIGNMENT = 64 }; /* one cache line, one widest vector */

static inline size_t memory_whole_lines(size_t bytes) {
    return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

/* size bytes aligned to MEMORY_ALIGNMENT, contents undefined; NULL when there is no memory. */
void *memory_take(size_t size) __attribute__((malloc, warn_unused_result));
void memory_give(void *memory);

/* The same for MEMORY_BLOCK bytes, which are kept for the next taker when given back: for what
   every call needs for a short while. */
enum { MEMORY_BLOCK = 8192 };
void *memory_take_block(void) __attribute__((malloc, warn_unused_result));
void memory_give_block(void *block);

/* For tests: the n-th allocation from now on fails (0 is the next), once or for good; n < 0 ends
 * it. */
void memory_fail(ptrdiff_t n, int for_good);

/* Whether an allocation that the system makes, of the stack of a thread, is to fail now: it counts
   as one of ours. */
bool memory_is_to_fail(void);

/* Blocks taken and not yet given back. */
ptrdiff_t memory_blocks(void);

#endif
