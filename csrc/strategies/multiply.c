/* Any number of inputs, nothing summed: one pass over the output that reads all inputs side by
 * side, without intermediate results. The kernel walks one axis, the cheapest one given its length
 * and the strides of all sides. Inputs that lie across it are turned in blocks. */
#include "base/extents.h"
#include "strategies/conversion.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

/* Elements of a block, if inputs are only converted and if they are turned. */
enum { LONG_BLOCK = 1024, BLOCK_ALONG = 128, BLOCK_ACROSS = 32, LEAST_TURNED = 4 };

/* Per element of an input that has no runs. */
static const double NEAR_CYCLES = 1, FAR_CYCLES = 3;

/* The axis that the kernel walks, and the one along which inputs are turned; or NO_AXIS. */
typedef struct Axes {
    int along, across;
} Axes;

typedef struct MultiplyChoices {
    Nest nest;
    MultiplyKernel *kernel;
    const Axis *along, *across;        /* of a block; in the nest */
    ptrdiff_t along_most, across_most; /* that it has of them */
    Conversion *conversions; /* by side; NULL: there are no blocks, the kernel reads all */
    bool *is_read;           /* by side: the block goes through scratch */
    size_t *scratch;         /* by side: where in the scratch of a task */
} MultiplyChoices;

/* Truth values need no more than bytes where nothing is summed. */
static DType arithmetic_of(const Contraction *contraction) {
    for (int side = 0; side <= contraction->input_count; side++) {
        if (contraction->dtypes[side] != DTYPE_BOOL) return contraction->arithmetic;
    }
    return DTYPE_I8;
}

/* Whether an input is at rest or moves by single elements. */
static bool is_dense(const Contraction *contraction, int side, int axis) {
    ptrdiff_t stride = nest_stride(contraction, axis, side);
    return stride == 0 || stride == (ptrdiff_t)dtype_size(contraction->dtypes[side]);
}

/* Whether an input that is not dense along the kernel's axis is across it. */
static bool is_turned(const Contraction *contraction, int side, Axes axes) {
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[side]);
    return side < contraction->input_count && !is_dense(contraction, side, axes.along) &&
           nest_stride(contraction, axes.across, side) == size;
}

/* Seconds of all kernel calls if they walk these axes. */
static double axes_seconds(const Contraction *contraction, Axes axes, double elements) {
    int output = contraction->input_count;
    bool has_vectors = nest_stride(contraction, axes.along, output) ==
                       (ptrdiff_t)dtype_size(contraction->dtypes[output]);
    double cycles = 0;
    for (int side = 0; side < output; side++) {
        ptrdiff_t stride = magnitude(nest_stride(contraction, axes.along, side));
        if (is_dense(contraction, side, axes.along)) continue;
        bool turns = is_turned(contraction, side, axes);
        cycles += turns ? TURN_CYCLES : stride < 64 ? NEAR_CYCLES : FAR_CYCLES;
        has_vectors &= turns;
    }
    double size = (double)dtype_size(arithmetic_of(contraction));
    cycles += output * (has_vectors ? size / 32 : 1);
    if (conversion_is_needed(contraction, arithmetic_of(contraction))) {
        cycles += output * CONVERSION_CYCLES;
    }
    double calls = elements / (double)nest_extent(contraction, axes.along);
    return rates_cycles(elements * cycles) + calls * rates.seconds_per_call * (0.5 + output / 4.0);
}

static void improve(const Contraction *contraction, Axes axes, double elements, Axes *best,
                    double *seconds) {
    double candidate = axes_seconds(contraction, axes, elements);
    if (candidate >= *seconds) return;
    *best = axes;
    *seconds = candidate;
}

/* The cheapest axis, and across it the one along which some input moves by single elements. */
static Axes choose_axes(const Contraction *contraction, double *seconds) {
    Axes best = {NO_AXIS, NO_AXIS};
    double elements = nest_elements(contraction);
    *seconds = axes_seconds(contraction, best, elements);
    for (int along = contraction->kept_count; along-- > 0;) {
        improve(contraction, (Axes){along, NO_AXIS}, elements, &best, seconds);
        for (int side = 0; side < contraction->input_count; side++) {
            if (is_dense(contraction, side, along)) continue;
            Axes axes = {along, nest_nearest(contraction, side, 0, contraction->kept_count)};
            bool is_large = axes.across != along &&
                            nest_extent(contraction, axes.across) >= LEAST_TURNED &&
                            nest_extent(contraction, along) >= LEAST_TURNED;
            if (is_large) improve(contraction, axes, elements, &best, seconds);
        }
    }
    return best;
}

static double multiply_cost(const Contraction *contraction, const Machine *machine) {
    bool applies = contraction->axis_count == contraction->kept_count &&
                   arithmetic_of(contraction) != DTYPE_OBJECT &&
                   kernels_for(arithmetic_of(contraction), machine->isa) != NULL;
    if (!applies) return INFINITY;
    double seconds;
    choose_axes(contraction, &seconds);
    return seconds;
}

/* False: out of memory. */
static bool choose_blocks(MultiplyChoices *choices, const Contraction *contraction, Axes axes,
                          const Machine *machine, Arena *arena, StepPlan *step) {
    bool turns = axes.across != NO_AXIS;
    choices->conversions = NULL;
    if (!turns && !conversion_is_needed(contraction, arithmetic_of(contraction))) return true;
    choices->along = turns ? choices->nest.cols : choices->nest.rows;
    choices->across = turns ? choices->nest.rows : choices->nest.cols;
    choices->along_most = turns ? BLOCK_ALONG : LONG_BLOCK;
    choices->across_most = turns ? BLOCK_ACROSS : 1;
    ptrdiff_t elements = choices->along_most * choices->across_most;
    size_t sides = (size_t)contraction->input_count + 1, bytes = 0;
    choices->conversions = arena_take(arena, sides, sizeof *choices->conversions);
    choices->is_read = arena_take(arena, sides, sizeof *choices->is_read);
    choices->scratch = arena_take(arena, sides, sizeof *choices->scratch);
    if (!choices->conversions || !choices->is_read || !choices->scratch) return false;
    for (int side = 0; side < (int)sides; side++) {
        Conversion conversion =
            conversion_make(contraction, side, arithmetic_of(contraction), machine->isa);
        choices->conversions[side] = conversion;
        choices->is_read[side] = conversion.kernel || is_turned(contraction, side, axes);
        choices->scratch[side] = bytes;
        if (choices->is_read[side]) bytes += conversion_scratch_bytes(&conversion, elements);
    }
    step->scratch_bytes = bytes;
    return true;
}

static Status multiply_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                               StepPlan *step, Error *error) {
    MultiplyChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    double seconds;
    Axes axes = choose_axes(contraction, &seconds);
    Plane plane = axes.across == NO_AXIS ? (Plane){axes.along, NO_AXIS, NEST_GRAIN, 0}
                                         : (Plane){axes.across, axes.along, BLOCK_ACROSS, 0};
    TRY(nest_make(contraction, plane, arena, &choices->nest, error));
    choices->kernel = kernels_for(arithmetic_of(contraction), machine->isa)->multiply;
    if (!choose_blocks(choices, contraction, axes, machine, arena, step)) {
        return error_memory(error);
    }
    step->choices = choices;
    step->phases = phases_single(nest_task_count(&choices->nest));
    return STATUS_OK;
}

/* ---- blocks -------------------------------------------------------------- */

/* Where an input of a block is, or by way of scratch. Its rows are across, its columns along. */
static Lie read_input(const MultiplyChoices *choices, int side, const char *data, ptrdiff_t along,
                      ptrdiff_t across, char *scratch) {
    Lie lie = {data, choices->across->strides[side], choices->along->strides[side]};
    if (!choices->is_read[side]) return lie;
    return conversion_read(&choices->conversions[side], lie, across, along, false,
                           scratch + choices->scratch[side]);
}

static void multiply_block(const MultiplyChoices *choices, char *const starts[], ptrdiff_t along,
                           ptrdiff_t across, char *scratch) {
    int output = choices->nest.side_count - 1;
    Lie lies[MAX_SIDES];
    const char *inputs[MAX_SIDES];
    ptrdiff_t strides[MAX_SIDES];
    for (int side = 0; side < output; side++) {
        lies[side] = read_input(choices, side, starts[side], along, across, scratch);
        strides[side] = lies[side].col;
    }
    const Conversion *narrowing = &choices->conversions[output];
    ptrdiff_t out_stride = choices->along->strides[output];
    char *narrowed = scratch + choices->scratch[output];
    for (ptrdiff_t i = 0; i < across; i++) {
        for (int side = 0; side < output; side++) {
            inputs[side] = lies[side].data + i * lies[side].row;
        }
        char *out = starts[output] + i * choices->across->strides[output];
        choices->kernel(&(MultiplyJob){
            .count = along,
            .input_count = output,
            .inputs = inputs,
            .in_strides = strides,
            .out = narrowing->kernel ? narrowed : out,
            .out_stride = narrowing->kernel ? narrowing->computed : out_stride,
        });
        if (narrowing->kernel) conversion_write(narrowing, narrowed, out, out_stride, along);
    }
}

/* The piece of a position that has so many rows. */
static void multiply_blocks(const MultiplyChoices *choices, char *const pointers[], ptrdiff_t rows,
                            char *scratch) {
    const Nest *nest = &choices->nest;
    bool turns = choices->across == nest->rows;
    ptrdiff_t along = turns ? choices->along->extent : rows, across = turns ? rows : 1;
    for (ptrdiff_t i = 0; i < across; i += choices->across_most) {
        for (ptrdiff_t j = 0; j < along; j += choices->along_most) {
            char *starts[MAX_SIDES];
            for (int side = 0; side < nest->side_count; side++) {
                starts[side] = pointers[side] + i * choices->across->strides[side] +
                               j * choices->along->strides[side];
            }
            multiply_block(choices, starts, smaller(choices->along_most, along - j),
                           smaller(choices->across_most, across - i), scratch);
        }
    }
}

/* ---- run ----------------------------------------------------------------- */

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
            multiply_blocks(choices, walk.pointers, piece.row_count, task->scratch);
        } else {
            multiply_row(choices, walk.pointers, piece.row_count);
        }
    }
}

const Strategy strategy_multiply = {"multiply", multiply_cost, NULL, multiply_prepare,
                                    multiply_run};
