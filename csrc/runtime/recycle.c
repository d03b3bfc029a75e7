/* The kept blocks move from slot to slot by age, each by one exchange of pointers: a block belongs
 * to whoever has taken it out, so that neither threads nor forks need a lock. What is on its way
 * while a process forks is lost to the child.
 *
 *     given back ──> newest ──> oldest ──> the system
 *
 * The system may take their pages when memory is short (MADV_FREE). Pages that it did not take are
 * not faulted in again. */
#include "runtime/recycle.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KEPT_BLOCKS = 4 };

/* A block lies behind its header, in the same piece of memory. */
typedef struct Block {
    size_t bytes; /* without the header */
} Block;

static _Atomic(Block *) kept[KEPT_BLOCKS];
static _Atomic size_t kept_bytes;
static _Atomic size_t limit = (size_t)256 << 20;

static const char variable[] = "FASTEINSUM_RECYCLE";

static char *block_memory(Block *block) {
    return (char *)block + MEMORY_ALIGNMENT;
}

static Block *block_of(void *memory) {
    return (Block *)(void *)((char *)memory - MEMORY_ALIGNMENT);
}

/* ---- pages --------------------------------------------------------------- */

enum { ADVICE_NONE = -1 };

#ifdef MADV_HUGEPAGE
static const int advice_large = MADV_HUGEPAGE;
#else
static const int advice_large = ADVICE_NONE;
#endif

#ifdef MADV_FREE
static const int advice_unused = MADV_FREE;
#else
static const int advice_unused = ADVICE_NONE;
#endif

/* Of the pages that lie in the block as a whole. It is advice: a system that does not know it loses
   time alone. */
static void advise(Block *block, int advice) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)block_memory(block) + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)block_memory(block) + block->bytes) / page * page;
    if (advice != ADVICE_NONE && begin < end) madvise((void *)begin, end - begin, advice);
}

/* ---- kept blocks --------------------------------------------------------- */

/* The block of a slot, which is the caller's from now on; or NULL. */
static Block *take_out(int slot) {
    Block *block = atomic_exchange(&kept[slot], NULL);
    if (block) atomic_fetch_sub(&kept_bytes, block->bytes);
    return block;
}

static void trim_to(size_t bytes) {
    for (int i = KEPT_BLOCKS; i-- > 0 && atomic_load(&kept_bytes) > bytes;)
        memory_give(take_out(i));
}

/* Frees the block that found no slot, if there is one, and what is beyond the limit. */
static void settle(Block *left_over) {
    if (left_over) atomic_fetch_sub(&kept_bytes, left_over->bytes);
    memory_give(left_over);
    trim_to(atomic_load(&limit));
}

/* As the newest; the oldest of all goes. */
static void keep(Block *block) {
    atomic_fetch_add(&kept_bytes, block->bytes);
    for (int i = 0; i < KEPT_BLOCKS && block; i++) block = atomic_exchange(&kept[i], block);
    settle(block);
}

/* Into the slot that it was taken out of, unless a newer one is there by now. */
static void put_back(int slot, Block *block) {
    Block *none = NULL;
    atomic_fetch_add(&kept_bytes, block->bytes);
    settle(atomic_compare_exchange_strong(&kept[slot], &none, block) ? NULL : block);
}

/* A quarter of what is asked for may lie idle behind it. */
static bool fits(const Block *block, size_t bytes) {
    return block->bytes >= bytes && block->bytes - bytes <= bytes / 4;
}

static Block *find(size_t bytes) {
    for (int i = 0; i < KEPT_BLOCKS; i++) {
        Block *block = take_out(i);
        if (block && fits(block, bytes)) return block;
        if (block) put_back(i, block);
    }
    return NULL;
}

/* ---- taking and giving --------------------------------------------------- */

static Block *make(size_t bytes) {
    if (bytes > PTRDIFF_MAX - MEMORY_ALIGNMENT) return NULL;
    Block *block = memory_take(bytes + MEMORY_ALIGNMENT);
    if (!block && recycle_kept() > 0) {
        trim_to(0);
        block = memory_take(bytes + MEMORY_ALIGNMENT);
    }
    if (!block) return NULL;
    block->bytes = bytes;
    advise(block, advice_large);
    return block;
}

void *recycle_take(size_t bytes) {
    Block *block = find(bytes);
    if (!block) block = make(bytes);
    return block ? block_memory(block) : NULL;
}

void *recycle_resize(void *memory, size_t bytes) {
    size_t before = block_of(memory)->bytes;
    void *moved = recycle_take(bytes);
    if (!moved) return NULL;
    memcpy(moved, memory, before < bytes ? before : bytes);
    recycle_give(memory);
    return moved;
}

void recycle_give(void *memory) {
    Block *block = block_of(memory);
    if (block->bytes < RECYCLE_LEAST || block->bytes > atomic_load(&limit)) {
        memory_give(block);
        return;
    }
    advise(block, advice_unused);
    keep(block);
}

/* ---- the limit ----------------------------------------------------------- */

void recycle_set_limit(size_t bytes) {
    atomic_store(&limit, bytes);
    trim_to(bytes);
}

size_t recycle_limit(void) {
    return atomic_load_explicit(&limit, memory_order_relaxed);
}

size_t recycle_kept(void) {
    return atomic_load(&kept_bytes);
}

const char *recycle_read_environment(void) {
    const char *text = getenv(variable);
    if (!text || !*text) return NULL;
    char *end;
    unsigned long long bytes = strtoull(text, &end, 10);
    bool is_number = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!is_number) return variable;
    recycle_set_limit(bytes < PTRDIFF_MAX ? (size_t)bytes : PTRDIFF_MAX);
    return NULL;
}
