/* Walking the outer loops of a contraction: an odometer that moves one pointer per side. */
#ifndef FASTEINSUM_STRATEGIES_WALK_H
#define FASTEINSUM_STRATEGIES_WALK_H

#include "notation/contraction.h"

/* The axes are borrowed. pointers[side] is where each side stands. */
typedef struct Walk {
    const Axis *axes; /* outermost first */
    int axis_count, side_count;
    ptrdiff_t index[MAX_LABELS];
    char *pointers[MAX_SIDES];
} Walk;

/* Stands at position `at` (0 <= at < axes_extent) of the loops over axes[0 .. axis_count). */
static inline void walk_begin(Walk *walk, const Axis axes[], int axis_count, int side_count,
                              char *const data[], ptrdiff_t at) {
    walk->axes = axes;
    walk->axis_count = axis_count;
    walk->side_count = side_count;
    for (int side = 0; side < side_count; side++) walk->pointers[side] = data[side];
    for (int i = axis_count; i-- > 0;) {
        walk->index[i] = at % axes[i].extent;
        at /= axes[i].extent;
        for (int side = 0; side < side_count; side++) {
            walk->pointers[side] += walk->index[i] * axes[i].strides[side];
        }
    }
}

/* One step further, the last axis fastest; from the last position it returns to the first. */
static inline void walk_next(Walk *walk) {
    for (int i = walk->axis_count; i-- > 0;) {
        const Axis *axis = &walk->axes[i];
        bool wraps = ++walk->index[i] == axis->extent;
        ptrdiff_t steps = wraps ? 1 - axis->extent : 1;
        for (int side = 0; side < walk->side_count; side++) {
            walk->pointers[side] += steps * axis->strides[side];
        }
        if (!wraps) return;
        walk->index[i] = 0;
    }
}

#endif
