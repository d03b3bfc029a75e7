#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATTERN = 0xA5 };

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static char *map_or_stop(size_t bytes) {
    char *mapping = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping != MAP_FAILED) return mapping;
    perror("guarded_make");
    exit(EXIT_FAILURE);
}

Guarded guarded_make(size_t bytes, GuardSide side) {
    size_t page = page_bytes();
    size_t inside = (bytes + page - 1) / page * page;
    char *mapping = map_or_stop(inside + 2 * page);
    char *first = mapping + page;
    if (inside && mprotect(first, inside, PROT_READ | PROT_WRITE) != 0) {
        perror("guarded_make");
        exit(EXIT_FAILURE);
    }
    memset(first, PATTERN, inside);
    char *data = side == GUARD_BEHIND ? first + inside - bytes : first;
    return (Guarded){data, bytes, mapping, inside + 2 * page};
}

static int holds_pattern(const char *from, const char *to) {
    for (; from < to; from++) {
        if ((unsigned char)*from != PATTERN) return 0;
    }
    return 1;
}

int guarded_is_intact(const Guarded *memory) {
    const char *first = memory->mapping + page_bytes();
    const char *end = memory->mapping + memory->mapping_bytes - page_bytes();
    return holds_pattern(first, memory->data) && holds_pattern(memory->data + memory->bytes, end);
}

void guarded_free(Guarded *memory) {
    munmap(memory->mapping, memory->mapping_bytes);
    *memory = (Guarded){0};
}
