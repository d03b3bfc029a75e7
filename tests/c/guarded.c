#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xA5, MOST_SPARE = 16 };

/* Mappings that nobody uses, for the next of their size: the system takes microseconds to make one.
 */
static struct Spare {
    char *mapping; /* NULL: an empty place */
    size_t bytes;
} spares[MOST_SPARE];

static size_t page_bytes(void) {
    static size_t bytes;
    if (bytes == 0) bytes = (size_t)sysconf(_SC_PAGESIZE);
    return bytes;
}

static void stop(void) {
    perror("guarded_make");
    exit(EXIT_FAILURE);
}

/* Pages between two that cannot be touched. */
static char *mapping_make(size_t bytes) {
    char *mapping = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) stop();
    size_t page = page_bytes(), inside = bytes - 2 * page;
    if (inside && mprotect(mapping + page, inside, PROT_READ | PROT_WRITE) != 0) stop();
    return mapping;
}

static char *mapping_take(size_t bytes) {
    for (int i = 0; i < MOST_SPARE; i++) {
        char *mapping = spares[i].mapping;
        if (!mapping || spares[i].bytes != bytes) continue;
        spares[i].mapping = NULL;
        return mapping;
    }
    return mapping_make(bytes);
}

Guarded guarded_make(size_t bytes, GuardSide side) {
    size_t page = page_bytes(), inside = (bytes + page - 1) / page * page;
    char *mapping = mapping_take(inside + 2 * page), *first = mapping + page;
    memset(first, PATTERN, inside);
    char *data = side == GUARD_BEHIND ? first + inside - bytes : first;
    return (Guarded){data, bytes, mapping, inside + 2 * page};
}

/* Whether the first byte is right, and each as the one before it. */
static int holds_pattern(const char *from, const char *to) {
    if (from == to) return 1;
    return (unsigned char)*from == PATTERN && memcmp(from, from + 1, (size_t)(to - from) - 1) == 0;
}

int guarded_is_intact(const Guarded *memory) {
    const char *first = memory->mapping + page_bytes();
    const char *end = memory->mapping + memory->mapping_bytes - page_bytes();
    return holds_pattern(first, memory->data) && holds_pattern(memory->data + memory->bytes, end);
}

/* An empty place, or in turn one of the others. */
static struct Spare *spare_place(void) {
    static int turn = 0;
    for (int i = 0; i < MOST_SPARE; i++) {
        if (!spares[i].mapping) return &spares[i];
    }
    turn = (turn + 1) % MOST_SPARE;
    munmap(spares[turn].mapping, spares[turn].bytes);
    return &spares[turn];
}

void guarded_free(Guarded *memory) {
    *spare_place() = (struct Spare){memory->mapping, memory->mapping_bytes};
    *memory = (Guarded){0};
}
