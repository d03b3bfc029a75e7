#include "strategies/units.h"

#include "base/extents.h"
#include "strategies/nest.h"

#include <math.h>

Status units_make(Units *units, int most_axes, Arena *arena, Error *error) {
    *units = (Units){.axes = arena_take(arena, (size_t)most_axes, sizeof(Axis))};
    return units->axes ? STATUS_OK : error_memory(error);
}

void units_add(Units *units, const Axis *axis) {
    units->axes[units->axis_count++] = *axis;
}

void units_cut(Units *units, const Contraction *contraction, double task_products) {
    double tasks = ceil(nest_elements(contraction) / task_products);
    units->count = axes_extent(units->axes, units->axis_count);
    units->task_count = (ptrdiff_t)fmin(tasks, (double)units->count);
}

ptrdiff_t units_begin(const Units *units, const Task *task, int side_count, char *const data[],
                      Walk *walk) {
    ptrdiff_t each = units->count / units->task_count, rest = units->count % units->task_count;
    ptrdiff_t first = each * task->number + smaller(rest, task->number);
    walk_begin(walk, units->axes, units->axis_count, side_count, data, first);
    return each + (task->number < rest);
}
