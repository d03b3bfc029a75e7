#include "base/arena.h"

#include "base/checked.h"
#include "base/memory.h"

struct ArenaBlock {
    ArenaBlock *older;
};

enum { ALIGNMENT = 16, HEADER = ALIGNMENT, BLOCK_SIZE = 8192 };

static void *block_add(Arena *arena, size_t bytes) {
    size_t size = bytes > BLOCK_SIZE - HEADER ? bytes + HEADER : BLOCK_SIZE;
    char *block = memory_take(size);
    if (!block) return NULL;
    ((ArenaBlock *)(void *)block)->older = arena->newest;
    arena->newest = (ArenaBlock *)(void *)block;
    arena->next = block + HEADER;
    arena->end = block + size;
    return block;
}

void *arena_take(Arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!checked_size(count, size, &bytes) || bytes > PTRDIFF_MAX - 2 * ALIGNMENT) return NULL;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    if (bytes > (size_t)(arena->end - arena->next) && !block_add(arena, bytes)) return NULL;
    void *taken = arena->next;
    arena->next += bytes;
    return taken;
}

void arena_free(Arena *arena) {
    while (arena->newest) {
        ArenaBlock *block = arena->newest;
        arena->newest = block->older;
        memory_give(block);
    }
    arena->next = arena->end = NULL;
}
