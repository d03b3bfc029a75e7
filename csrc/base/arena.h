/* Memory with one lifetime: many small takes, one arena_free. */
#ifndef FASTEINSUM_BASE_ARENA_H
#define FASTEINSUM_BASE_ARENA_H

#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;

/* Start with `Arena arena = {0};`. Owns its blocks until arena_free. */
typedef struct Arena {
    ArenaBlock *newest;
    char *next, *end; /* the free part of the newest block */
} Arena;

/* Room for count things of size bytes, aligned for any element; NULL when there is no memory. */
void *arena_take(Arena *arena, size_t count, size_t size) __attribute__((warn_unused_result));
void arena_free(Arena *arena);

/* All that it has taken from the allocator. */
size_t arena_bytes(const Arena *arena);

#endif
