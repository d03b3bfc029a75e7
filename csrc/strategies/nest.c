#include "strategies/nest.h"

#include "base/extents.h"
#include "kernels/kernels.h"
#include "strategies/conversion.h"

#include <math.h>

/* A task is worth handing to a thread from some ten microseconds on. */
enum { TASK_ELEMENTS = 1 << 17 };

/* Bytes of the last cache that one core may count on, however large it is: others use it too. */
enum { LARGEST_SHARE = 8 << 20 };

/* Copies the axes [first, last) that the kernel does not walk; gives where the next ones go. */
static Axis *take_outer(const Contraction *contraction, Plane plane, int first, int last,
                        Axis *to) {
    for (int i = first; i < last; i++) {
        if (i != plane.rows && i != plane.cols) *to++ = contraction->axes[i];
    }
    return to;
}

static Axis *take_inner(const Contraction *contraction, int axis, Axis *to) {
    *to = axis == NO_AXIS ? (Axis){.extent = 1} : contraction->axes[axis];
    return to;
}

/* Whole positions where there are enough of them, else pieces of the rows. */
static void cut(Nest *nest, ptrdiff_t grain) {
    ptrdiff_t rows = nest->rows->extent;
    double elements = (double)nest->kept_positions * (double)nest->summed_positions * (double)rows *
                      (double)nest->cols_block;
    ptrdiff_t tasks = (ptrdiff_t)(elements / TASK_ELEMENTS) + 1;
    if (nest->kept_positions >= tasks) {
        nest->positions_per_task = divide_up(nest->kept_positions, tasks);
        nest->rows_per_task = rows;
    } else {
        ptrdiff_t cuts = divide_up(tasks, nest->kept_positions);
        nest->positions_per_task = 1;
        nest->rows_per_task = divide_up(divide_up(rows, cuts), grain) * grain;
    }
    nest->row_tasks = divide_up(rows, nest->rows_per_task);
}

Status nest_make(const Contraction *contraction, Plane plane, Arena *arena, Nest *nest,
                 Error *error) {
    Axis *axes = arena_take(arena, (size_t)contraction->axis_count + 3, sizeof *axes);
    if (!axes) return error_memory(error);
    ptrdiff_t cols = nest_extent(contraction, plane.cols);
    ptrdiff_t block = plane.cols_block ? smaller(plane.cols_block, cols) : cols;
    Axis *summed = take_outer(contraction, plane, 0, contraction->kept_count, axes);
    Axis *end =
        take_outer(contraction, plane, contraction->kept_count, contraction->axis_count, summed);
    if (block < cols) {
        *end++ =
            axis_of_blocks(&contraction->axes[plane.cols], block, contraction->input_count + 1);
    }
    *nest = (Nest){
        .outer = axes,
        .rows = take_inner(contraction, plane.rows, end),
        .cols = take_inner(contraction, plane.cols, end + 1),
        .cols_block = block,
        .side_count = contraction->input_count + 1,
        .kept_count = (int)(summed - axes),
        .summed_count = (int)(end - summed),
    };
    nest->kept_positions = axes_extent(axes, nest->kept_count);
    nest->summed_positions = axes_extent(summed, nest->summed_count);
    cut(nest, plane.grain);
    return STATUS_OK;
}

ptrdiff_t nest_task_count(const Nest *nest) {
    return divide_up(nest->kept_positions, nest->positions_per_task) * nest->row_tasks;
}

Piece nest_piece(const Nest *nest, ptrdiff_t task) {
    ptrdiff_t position = task / nest->row_tasks * nest->positions_per_task;
    ptrdiff_t row = task % nest->row_tasks * nest->rows_per_task;
    return (Piece){
        .position = position,
        .position_count = smaller(nest->positions_per_task, nest->kept_positions - position),
        .row = row,
        .row_count = smaller(nest->rows_per_task, nest->rows->extent - row),
    };
}

void nest_begin(const Nest *nest, const Piece *piece, char *const data[], Walk *walk) {
    char *starts[MAX_SIDES];
    for (int side = 0; side < nest->side_count; side++) {
        starts[side] = data[side] + piece->row * nest->rows->strides[side];
    }
    walk_begin(walk, nest->outer, nest->kept_count, nest->side_count, starts, piece->position);
}

bool nest_is_served(const Contraction *contraction, const Machine *machine) {
    DType arithmetic = contraction->arithmetic;
    return arithmetic != DTYPE_OBJECT && !conversion_is_needed(contraction, arithmetic) &&
           kernels_for(arithmetic, machine->isa) != NULL;
}

int nest_nearest(const Contraction *contraction, int side, int first, int last) {
    int nearest = NO_AXIS;
    ptrdiff_t best = PTRDIFF_MAX;
    for (int i = first; i < last; i++) {
        ptrdiff_t step = magnitude(contraction->axes[i].strides[side]);
        if (step == 0 || step >= best) continue;
        best = step;
        nearest = i;
    }
    return nearest;
}

int nest_longest(const Contraction *contraction, int first, int last) {
    int longest = NO_AXIS;
    for (int i = first; i < last; i++) {
        if (contraction->axes[i].extent > nest_extent(contraction, longest)) longest = i;
    }
    return longest;
}

ptrdiff_t nest_extent(const Contraction *contraction, int axis) {
    return axis == NO_AXIS ? 1 : contraction->axes[axis].extent;
}

ptrdiff_t nest_stride(const Contraction *contraction, int axis, int side) {
    return axis == NO_AXIS ? 0 : contraction->axes[axis].strides[side];
}

bool nest_is_lone(const Contraction *contraction, int side) {
    int nearest = nest_nearest(contraction, side, 0, contraction->axis_count);
    return nearest != NO_AXIS &&
           axis_is_shared(&contraction->axes[nearest], contraction->input_count + 1);
}

double nest_elements(const Contraction *contraction) {
    double elements = 1;
    for (int i = 0; i < contraction->axis_count; i++) {
        elements *= (double)contraction->axes[i].extent;
    }
    return elements;
}

double nest_side_bytes(const Contraction *contraction, int side) {
    double element = (double)dtype_size(contraction->dtypes[side]), bytes = element, span = element;
    for (int i = 0; i < contraction->axis_count; i++) {
        const Axis *axis = &contraction->axes[i];
        if (axis->strides[side] != 0) bytes *= (double)axis->extent;
        span += (double)(axis->extent - 1) * fabs((double)axis->strides[side]);
    }
    return fmin(bytes, span);
}

double nest_bytes(const Contraction *contraction) {
    double total = 0;
    for (int side = 0; side <= contraction->input_count; side++) {
        total += nest_side_bytes(contraction, side);
    }
    return total;
}

bool nest_is_streamed(const Contraction *contraction, const Machine *machine) {
    size_t share = machine->l3_bytes / 2 < LARGEST_SHARE ? machine->l3_bytes / 2 : LARGEST_SHARE;
    double bytes = (double)dtype_size(contraction->dtypes[contraction->input_count]);
    for (int i = 0; i < contraction->kept_count; i++) {
        bytes *= (double)contraction->axes[i].extent;
    }
    return bytes > (double)share;
}
