/* Where intermediates lie in the workspace: regions that live from one step to another. */
#ifndef FASTEINSUM_PLANNING_REGIONS_H
#define FASTEINSUM_PLANNING_REGIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Region {
    size_t offset, bytes;
} Region;

/* The regions in use now, and the most that ever was. regions has room for all that can live at the
   same time; the memory is the caller's. */
typedef struct Regions {
    int count;
    Region *live;
    size_t high_water;
} Regions;

/* Places bytes at the lowest offset that is free, aligned to a cache line. False if that overflows.
 */
bool region_take(Regions *regions, size_t bytes, size_t *offset);

/* Ends the region that starts at offset. */
void region_give(Regions *regions, size_t offset);

#endif
