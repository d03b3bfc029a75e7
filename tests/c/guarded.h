/* Memory that ends, or begins, where the next byte cannot be touched: an over-read or over-write by
 * one byte stops the program instead of passing unseen. */
#ifndef FASTEINSUM_TESTS_GUARDED_H
#define FASTEINSUM_TESTS_GUARDED_H

#include <stddef.h>

typedef enum GuardSide { GUARD_BEHIND, GUARD_BEFORE, GUARD_SIDE_COUNT } GuardSide;

/* Owned by whoever made it; data has exactly bytes usable bytes, flush against the guard. The slack
   on the other side, up to the edge of the page, holds a pattern. */
typedef struct Guarded {
    char *data;
    size_t bytes;
    char *mapping; /* a guard page, the pages of data, a guard page */
    size_t mapping_bytes;
} Guarded;

/* Stops the program if the system has no memory. The bytes of data hold the pattern too. */
Guarded guarded_make(size_t bytes, GuardSide side);

/* Whether the slack still holds the pattern: nothing wrote there. */
int guarded_is_intact(const Guarded *memory);

void guarded_free(Guarded *memory);

#endif
