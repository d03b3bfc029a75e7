#include "base/arena.h"

#include "base/checked.h"
#include "base/memory.h"

struct ArenaBlock {
    ArenaBlock *older;
    size_t size;
};

enum { ALIGNMENT = 16, HEADER = ALIGNMENT };
_Static_assert(sizeof(ArenaBlock) <= HEADER, "the header precedes what is taken");

/* Blocks of the usual size are kept by the allocator's door for the next arena. */
static ArenaBlock *block_add(Arena *arena, size_t bytes) {
    size_t size = bytes + HEADER > MEMORY_BLOCK ? bytes + HEADER : MEMORY_BLOCK;
    ArenaBlock *block = size == MEMORY_BLOCK ? memory_take_block() : memory_take(size);
    if (!block) return NULL;
    block->older = arena->newest;
    block->size = size;
    arena->newest = block;
    arena->next = (char *)block + HEADER;
    arena->end = (char *)block + size;
    return block;
}

static void block_end(ArenaBlock *block) {
    if (block->size == MEMORY_BLOCK) {
        memory_give_block(block);
    } else {
        memory_give(block);
    }
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
        block_end(block);
    }
    arena->next = arena->end = NULL;
}

size_t arena_bytes(const Arena *arena) {
    size_t bytes = 0;
    for (const ArenaBlock *block = arena->newest; block; block = block->older) bytes += block->size;
    return bytes;
}
