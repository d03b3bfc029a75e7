#include "planning/regions.h"

#include "base/memory.h"

#include <stdint.h>

/* The end of a live region that overlaps [offset, offset + bytes), or offset if none does. */
static size_t next_free(const Regions *regions, size_t offset, size_t bytes) {
    for (int i = 0; i < regions->count; i++) {
        const Region *region = &regions->live[i];
        size_t end = region->offset + region->bytes;
        if (region->offset < offset + bytes && offset < end) return end;
    }
    return offset;
}

bool region_take(Regions *regions, size_t bytes, size_t *offset) {
    if (bytes > PTRDIFF_MAX / 2 || regions->high_water > PTRDIFF_MAX / 2) return false;
    bytes = memory_whole_lines(bytes);
    size_t at = 0;
    for (size_t next = next_free(regions, at, bytes); next != at;
         next = next_free(regions, at, bytes)) {
        at = next;
    }
    regions->live[regions->count++] = (Region){at, bytes};
    if (at + bytes > regions->high_water) regions->high_water = at + bytes;
    *offset = at;
    return true;
}

void region_give(Regions *regions, size_t offset) {
    for (int i = 0; i < regions->count; i++) {
        if (regions->live[i].offset == offset) {
            regions->live[i] = regions->live[--regions->count];
            return;
        }
    }
}
