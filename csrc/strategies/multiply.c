/* Any number of inputs, nothing summed: one pass over the output that reads all inputs side by
 * side, without intermediate results. The kernel walks one axis, the cheapest one given its length
 * and the strides of all sides. */
#include "base/extents.h"
#include "strategies/conversion.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

enum { BLOCK = 1024 }; /* elements that are converted at once */

static const double CONVERT_CYCLES = 0.5; /* per element of an input */

typedef struct MultiplyChoices {
    Nest nest;
    MultiplyKernel *kernel;
    Conversion *conversions; /* by side; NULL: all are stored as computed with */
    size_t *scratch;         /* by side: where in the scratch of a task */
} MultiplyChoices;

/* Truth values need no more than bytes where nothing is summed. */
static DType arithmetic_of(const Contraction *contraction) {
    for (int side = 0; side <= contraction->input_count; side++) {
        if (contraction->dtypes[side] != DTYPE_BOOL) return contraction->arithmetic;
    }
    return DTYPE_I8;
}

/* Whether the kernel can use whole vectors along an axis. */
static bool is_dense(const Contraction *contraction, int axis) {
    for (int side = 0; side <= contraction->input_count; side++) {
        ptrdiff_t stride = nest_stride(contraction, axis, side);
        bool is_resting = stride == 0 && side < contraction->input_count;
        if (!is_resting && stride != (ptrdiff_t)dtype_size(contraction->dtypes[side])) return false;
    }
    return true;
}

/* Seconds of all kernel calls if they walk this axis. */
static double axis_seconds(const Contraction *contraction, int axis, double elements) {
    double inputs = contraction->input_count;
    double cycles =
        is_dense(contraction, axis) ? (double)dtype_size(arithmetic_of(contraction)) / 32 : 1;
    if (conversion_is_needed(contraction, arithmetic_of(contraction))) cycles += CONVERT_CYCLES;
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
    bool applies = contraction->axis_count == contraction->kept_count &&
                   arithmetic_of(contraction) != DTYPE_OBJECT &&
                   kernels_for(arithmetic_of(contraction), machine->isa) != NULL;
    if (!applies) return INFINITY;
    double seconds;
    choose_axis(contraction, nest_elements(contraction), &seconds);
    return seconds;
}

/* False: out of memory. */
static bool choose_conversions(MultiplyChoices *choices, const Contraction *contraction,
                               const Machine *machine, Arena *arena, StepPlan *step) {
    choices->conversions = NULL;
    if (!conversion_is_needed(contraction, arithmetic_of(contraction))) return true;
    size_t sides = (size_t)contraction->input_count + 1, bytes = 0;
    choices->conversions = arena_take(arena, sides, sizeof *choices->conversions);
    choices->scratch = arena_take(arena, sides, sizeof *choices->scratch);
    if (!choices->conversions || !choices->scratch) return false;
    for (size_t side = 0; side < sides; side++) {
        choices->conversions[side] =
            conversion_make(contraction, (int)side, arithmetic_of(contraction), machine->isa);
        choices->scratch[side] = bytes;
        bytes += conversion_scratch_bytes(&choices->conversions[side], BLOCK);
    }
    step->scratch_bytes = bytes;
    return true;
}

static Status multiply_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                               StepPlan *step, Error *error) {
    MultiplyChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    double seconds;
    Plane plane = {choose_axis(contraction, nest_elements(contraction), &seconds), NO_AXIS,
                   NEST_GRAIN, 0};
    TRY(nest_make(contraction, plane, arena, &choices->nest, error));
    choices->kernel = kernels_for(arithmetic_of(contraction), machine->isa)->multiply;
    if (!choose_conversions(choices, contraction, machine, arena, step)) return error_memory(error);
    step->choices = choices;
    step->phases = phases_single(nest_task_count(&choices->nest));
    return STATUS_OK;
}

/* The next elements of a row, by way of scratch; moves the pointers behind them. */
static void multiply_block(const MultiplyChoices *choices, char *pointers[], ptrdiff_t count,
                           char *scratch) {
    const Nest *nest = &choices->nest;
    const char *inputs[MAX_SIDES];
    ptrdiff_t strides[MAX_SIDES];
    int output = nest->side_count - 1;
    const BlockAxis once = {1, 0};
    for (int side = 0; side < output; side++) {
        const Conversion *conversion = &choices->conversions[side];
        inputs[side] = pointers[side];
        strides[side] = nest->rows->strides[side];
        if (!conversion->kernel) continue;
        char *block = scratch + choices->scratch[side];
        BlockAxis row = {strides[side] ? count : 1, strides[side]};
        conversion_read(conversion, pointers[side], once, row, block);
        inputs[side] = block;
        strides[side] = strides[side] ? conversion->computed : 0;
    }
    const Conversion *narrowing = &choices->conversions[output];
    BlockAxis to = {count, nest->rows->strides[output]};
    char *block = scratch + choices->scratch[output];
    choices->kernel(&(MultiplyJob){
        .count = count,
        .input_count = output,
        .inputs = inputs,
        .in_strides = strides,
        .out = narrowing->kernel ? block : pointers[output],
        .out_stride = narrowing->kernel ? narrowing->computed : to.stride,
    });
    if (narrowing->kernel) conversion_write(narrowing, block, pointers[output], to);
    for (int side = 0; side <= output; side++) pointers[side] += count * nest->rows->strides[side];
}

static void multiply_converted(const MultiplyChoices *choices, char *const pointers[],
                               ptrdiff_t count, char *scratch) {
    char *here[MAX_SIDES];
    for (int side = 0; side < choices->nest.side_count; side++) here[side] = pointers[side];
    for (ptrdiff_t done = 0; done < count; done += BLOCK) {
        multiply_block(choices, here, smaller(BLOCK, count - done), scratch);
    }
}

static void multiply_row(const MultiplyChoices *choices, char *const pointers[], ptrdiff_t count) {
    const Nest *nest = &choices->nest;
    int output = nest->side_count - 1;
    choices->kernel(&(MultiplyJob){
        .count = count,
        .input_count = output,
        .inputs = (const char *const *)pointers,
        .in_strides = nest->rows->strides,
        .out = pointers[output],
        .out_stride = nest->rows->strides[output],
    });
}

static void multiply_run(const StepPlan *step, char *const data[], const Task *task) {
    const MultiplyChoices *choices = step->choices;
    Piece piece = nest_piece(&choices->nest, task->number);
    Walk walk;
    nest_begin(&choices->nest, &piece, data, &walk);
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        if (choices->conversions) {
            multiply_converted(choices, walk.pointers, piece.row_count, task->scratch);
        } else {
            multiply_row(choices, walk.pointers, piece.row_count);
        }
    }
}

const Strategy strategy_multiply = {"multiply", multiply_cost, NULL, multiply_prepare,
                                    multiply_run};
