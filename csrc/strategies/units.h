/* The loops around a kernel that does a unit of work at once, and how the units are cut into tasks:
 * a task is a run of units, and no two differ by more than one. */
#ifndef FASTEINSUM_STRATEGIES_UNITS_H
#define FASTEINSUM_STRATEGIES_UNITS_H

#include "strategies/strategy.h"
#include "strategies/walk.h"

/* Lives in the plan's arena. */
typedef struct Units {
    Axis *axes; /* outermost first */
    int axis_count;
    ptrdiff_t count, task_count;
} Units;

/* Makes room for so many axes; the caller adds each of them by units_add. */
Status units_make(Units *units, int most_axes, Arena *arena, Error *error) MUST_CHECK;
void units_add(Units *units, const Axis *axis);

/* After the last axis: tasks of no fewer than so many products, if there are so many units. */
void units_cut(Units *units, const Contraction *contraction, double task_products);

/* Stands at the first unit of the task; gives how many it has. */
ptrdiff_t units_begin(const Units *units, const Task *task, int side_count, char *const data[],
                      Walk *walk);

/* Where the walk stands along the axis that was added as the last one but `before`. */
static inline ptrdiff_t units_at(const Units *units, const Walk *walk, int before) {
    return walk->index[units->axis_count - 1 - before];
}

#endif
