/* Any number of inputs, nothing summed: one pass over the output that reads all inputs side by
 * side, without intermediate results. The kernel walks one axis, the cheapest one given its length
 * and the strides of all sides. */
#include "kernels/kernels.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

typedef struct MultiplyChoices {
    Nest nest;
    MultiplyKernel *kernel;
} MultiplyChoices;

/* Whether the kernel can use whole vectors along an axis. */
static bool is_dense(const Contraction *contraction, int axis) {
    int output = contraction->input_count;
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[output]);
    for (int side = 0; side < output; side++) {
        ptrdiff_t stride = nest_stride(contraction, axis, side);
        if (stride != 0 && stride != size) return false;
    }
    return nest_stride(contraction, axis, output) == size;
}

/* Seconds of all kernel calls if they walk this axis. */
static double axis_seconds(const Contraction *contraction, int axis, double elements) {
    double inputs = contraction->input_count;
    double size = (double)dtype_size(contraction->dtypes[contraction->input_count]);
    double cycles = is_dense(contraction, axis) ? size / 32 : 1;
    double calls = elements / (double)nest_extent(contraction, axis);
    return rates_cycles(elements * inputs * cycles) +
           calls * rates.seconds_per_call * (0.5 + inputs / 4);
}

static int choose_axis(const Contraction *contraction, double elements, double *seconds) {
    int best = NO_AXIS;
    *seconds = axis_seconds(contraction, NO_AXIS, elements);
    for (int axis = contraction->kept_count; axis-- > 0;) {
        double candidate = axis_seconds(contraction, axis, elements);
        if (candidate >= *seconds) continue;
        best = axis;
        *seconds = candidate;
    }
    return best;
}

static double multiply_cost(const Contraction *contraction, const Machine *machine) {
    bool applies = contraction->axis_count == contraction->kept_count;
    if (!applies || !nest_is_served(contraction, machine)) return INFINITY;
    double seconds;
    choose_axis(contraction, nest_elements(contraction), &seconds);
    return seconds;
}

static Status multiply_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                               StepPlan *step, Error *error) {
    MultiplyChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    double seconds;
    Plane plane = {choose_axis(contraction, nest_elements(contraction), &seconds), NO_AXIS,
                   NEST_GRAIN};
    TRY(nest_make(contraction, plane, arena, &choices->nest, error));
    choices->kernel = kernels_for(contraction->arithmetic, machine->isa)->multiply;
    step->choices = choices;
    step->phases = phases_single(nest_task_count(&choices->nest));
    return STATUS_OK;
}

static void multiply_run(const StepPlan *step, char *const data[], const Task *task) {
    const MultiplyChoices *choices = step->choices;
    const Nest *nest = &choices->nest;
    int output = nest->side_count - 1;
    Piece piece = nest_piece(nest, task->number);
    Walk walk;
    nest_begin(nest, &piece, data, &walk);
    MultiplyJob job = {
        .count = piece.row_count,
        .input_count = output,
        .inputs = (const char *const *)walk.pointers,
        .in_strides = nest->rows->strides,
        .out_stride = nest->rows->strides[output],
    };
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        job.out = walk.pointers[output];
        choices->kernel(&job);
    }
}

const Strategy strategy_multiply = {"multiply", multiply_cost, multiply_prepare, multiply_run};
