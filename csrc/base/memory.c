#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

static _Atomic ptrdiff_t blocks;
static _Atomic ptrdiff_t until_failure = -1; /* negative: never */
static atomic_bool fails_for_good;

bool memory_is_to_fail(void) {
    if (atomic_load_explicit(&until_failure, memory_order_relaxed) < 0) return false;
    ptrdiff_t left = atomic_fetch_sub(&until_failure, 1);
    if (left == 0 && fails_for_good) atomic_store(&until_failure, 0);
    return left == 0;
}

void *memory_take(size_t size) {
    if (memory_is_to_fail() || size > PTRDIFF_MAX - MEMORY_ALIGNMENT) return NULL;
    size_t whole = memory_whole_lines(size);
    void *memory = aligned_alloc(MEMORY_ALIGNMENT, whole ? whole : MEMORY_ALIGNMENT);
    if (memory) atomic_fetch_add(&blocks, 1);
    return memory;
}

void memory_give(void *memory) {
    if (memory) atomic_fetch_sub(&blocks, 1);
    free(memory);
}

enum { KEPT_BLOCKS = 8 };

static _Atomic(void *) kept[KEPT_BLOCKS];

/* A block that is kept counts as given back, and taking it fails when an allocation is to fail. */
void *memory_take_block(void) {
    for (int i = 0; i < KEPT_BLOCKS; i++) {
        if (!atomic_load_explicit(&kept[i], memory_order_relaxed)) continue;
        void *block = atomic_exchange(&kept[i], NULL);
        if (!block) continue;
        bool fails = memory_is_to_fail();
        if (fails) free(block);
        if (!fails) atomic_fetch_add(&blocks, 1);
        return fails ? NULL : block;
    }
    return memory_take(MEMORY_BLOCK);
}

void memory_give_block(void *block) {
    for (int i = 0; i < KEPT_BLOCKS && block; i++) {
        void *none = NULL;
        if (atomic_load_explicit(&kept[i], memory_order_relaxed)) continue;
        if (!atomic_compare_exchange_strong(&kept[i], &none, block)) continue;
        atomic_fetch_sub(&blocks, 1);
        return;
    }
    memory_give(block);
}

void memory_fail(ptrdiff_t n, int for_good) {
    atomic_store(&fails_for_good, for_good != 0);
    atomic_store(&until_failure, n);
}

ptrdiff_t memory_blocks(void) {
    return atomic_load(&blocks);
}
