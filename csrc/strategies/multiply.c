/* Any number of inputs, nothing summed: one pass over the output that reads all inputs side by
 * side, without intermediate results. The kernel walks a plane of two axes, along the cheapest one
 * given its length and the strides of all sides. Inputs that lie across it are turned in blocks,
 * those that are the same for all rows gathered. */
#include "base/extents.h"
#include "strategies/conversion.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

/* Per element that is reversed. */
static const double REVERSE_CYCLES = 0.3;

/* Elements of a block, if inputs are only converted and if they are turned. */
enum { LONG_BLOCK = 1024, BLOCK_ALONG = 128, BLOCK_ACROSS = 32, LEAST_TURNED = 4 };

enum { LINE_BYTES = 64 };

/* Per element of an input that has no runs; per row of each input, and of an output whose lines are
   fetched again for each of the rows that share them. */
static const double NEAR_CYCLES = 1, FAR_CYCLES = 3, ROW_CYCLES = 3, SHARED_LINE_CYCLES = 25;

/* The axis that the kernel goes along, and the one of its rows, along which inputs may be turned;
   or NO_AXIS. */
typedef struct Axes {
    int along, across;
    bool turns;
} Axes;

typedef struct MultiplyChoices {
    Nest nest;
    MultiplyKernel *kernel;
    const Axis *along, *across;        /* in the nest */
    ptrdiff_t along_most, across_most; /* that a block has of them */
    Conversion *conversions; /* by side; NULL: there are no blocks, the kernel reads all */
    bool *is_read;           /* by side: the block goes through scratch */
    size_t *scratch;         /* by side: where in the scratch of a task */
} MultiplyChoices;

/* Truth values need no other type where nothing is summed. */
static DType arithmetic_of(const Contraction *contraction) {
    for (int side = 0; side <= contraction->input_count; side++) {
        if (contraction->dtypes[side] != DTYPE_BOOL) return contraction->arithmetic;
    }
    return DTYPE_BOOL;
}

/* Whether an input is at rest or moves by single elements. */
static bool is_dense(const Contraction *contraction, int side, int axis) {
    ptrdiff_t stride = nest_stride(contraction, axis, side);
    return stride == 0 || stride == (ptrdiff_t)dtype_size(contraction->dtypes[side]);
}

/* Whether it moves by single elements backwards. */
static bool is_backward(const Contraction *contraction, int side, int axis) {
    return nest_stride(contraction, axis, side) ==
           -(ptrdiff_t)dtype_size(contraction->dtypes[side]);
}

/* Whether blocks of an input that is not dense along the kernel's axis are easily made so: those
   that are dense across it are turned, or gathered once for all rows, others reversed. */
static bool can_be_turned(const Contraction *contraction, int side, int along, int across) {
    if (side == contraction->input_count || is_dense(contraction, side, along)) return false;
    if (is_backward(contraction, side, along)) return true;
    return across != NO_AXIS && is_dense(contraction, side, across);
}

static bool is_turned(const Contraction *contraction, int side, Axes axes) {
    return axes.turns && can_be_turned(contraction, side, axes.along, axes.across);
}

/* Cycles for each element of an input that is not dense along the kernel's axis, beside those of
   the product. */
static double scattered_cycles(const Contraction *contraction, int side, Axes axes) {
    ptrdiff_t stride = magnitude(nest_stride(contraction, axes.along, side));
    double cycles = stride < LINE_BYTES ? NEAR_CYCLES : FAR_CYCLES;
    bool is_repeated = axes.across != NO_AXIS && nest_stride(contraction, axes.across, side) == 0;
    if (!is_turned(contraction, side, axes)) return is_repeated ? NEAR_CYCLES : cycles;
    if (is_backward(contraction, side, axes.along)) return REVERSE_CYCLES;
    ptrdiff_t rows = smaller(BLOCK_ACROSS, nest_extent(contraction, axes.across));
    return is_repeated ? cycles / (double)rows : TURN_CYCLES;
}

/* Whether rows that share a line of the output are written far apart in time, and it is too large
   to be found in a cache again. */
static bool shares_lines(const Contraction *contraction, Axes axes, const Machine *machine) {
    int output = contraction->input_count;
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[output]);
    return nest_extent(contraction, axes.along) * size < LINE_BYTES &&
           magnitude(nest_stride(contraction, axes.across, output)) > LINE_BYTES &&
           nest_side_bytes(contraction, output) > (double)machine->l2_bytes;
}

/* Seconds of all kernel calls if they walk these axes. */
static double axes_seconds(const Contraction *contraction, Axes axes, const Machine *machine) {
    int output = contraction->input_count;
    double elements = nest_elements(contraction);
    double rows = elements / (double)nest_extent(contraction, axes.along);
    double calls = rows / (double)nest_extent(contraction, axes.across);
    bool has_vectors = nest_stride(contraction, axes.along, output) ==
                       (ptrdiff_t)dtype_size(contraction->dtypes[output]);
    double cycles = 0;
    for (int side = 0; side < output; side++) {
        if (is_dense(contraction, side, axes.along)) continue;
        cycles += scattered_cycles(contraction, side, axes);
        has_vectors &= is_turned(contraction, side, axes);
    }
    double size = (double)dtype_size(arithmetic_of(contraction));
    cycles += output * (has_vectors ? size / 32 : 1);
    if (conversion_is_needed(contraction, arithmetic_of(contraction))) {
        cycles += output * CONVERSION_CYCLES;
    }
    double row_cycles = output * ROW_CYCLES;
    if (shares_lines(contraction, axes, machine)) row_cycles += SHARED_LINE_CYCLES;
    return rates_cycles(elements * cycles + rows * row_cycles) +
           calls * rates.seconds_per_call * (0.5 + output / 4.0);
}

/* What is found while axes are tried. */
typedef struct Best {
    Axes axes;
    double seconds;
} Best;

static void improve(const Contraction *contraction, Axes axes, const Machine *machine, Best *best) {
    double seconds = axes_seconds(contraction, axes, machine);
    if (seconds < best->seconds) *best = (Best){axes, seconds};
}

/* Along one axis, with rows of any other; and with rows along which inputs are turned that move by
   single elements there, or not at all. */
static void improve_along(const Contraction *contraction, int along, const Machine *machine,
                          Best *best) {
    int kept = contraction->kept_count;
    improve(contraction, (Axes){along, NO_AXIS, false}, machine, best);
    for (int across = kept; across-- > 0;) {
        if (across == along) continue;
        improve(contraction, (Axes){along, across, false}, machine, best);
    }
    if (nest_extent(contraction, along) < LEAST_TURNED) return;
    for (int side = 0; side < contraction->input_count; side++) {
        for (int across = NO_AXIS; across < kept; across++) {
            bool is_narrow = nest_extent(contraction, across) < LEAST_TURNED;
            if (across == along || (across != NO_AXIS && is_narrow)) continue;
            if (!can_be_turned(contraction, side, along, across)) continue;
            improve(contraction, (Axes){along, across, true}, machine, best);
        }
    }
}

static Best choose_axes(const Contraction *contraction, const Machine *machine) {
    Best best = {.seconds = INFINITY};
    improve(contraction, (Axes){NO_AXIS, NO_AXIS, false}, machine, &best);
    for (int along = contraction->kept_count; along-- > 0;) {
        improve_along(contraction, along, machine, &best);
    }
    return best;
}

static double multiply_cost(const Contraction *contraction, const Machine *machine) {
    bool applies = contraction->axis_count == contraction->kept_count &&
                   multiply_kernel_for(arithmetic_of(contraction), machine->isa) != NULL;
    if (!applies) return INFINITY;
    return choose_axes(contraction, machine).seconds;
}

/* Tasks are cut along the rows of the nest, which are the longer axis; where inputs are turned, so
   that blocks stay whole. */
static Plane choose_plane(const Contraction *contraction, Axes axes) {
    bool is_long = nest_extent(contraction, axes.along) > nest_extent(contraction, axes.across);
    if (axes.turns) return (Plane){axes.across, axes.along, BLOCK_ACROSS, 0};
    return is_long ? (Plane){axes.along, axes.across, NEST_GRAIN, 0}
                   : (Plane){axes.across, axes.along, NEST_GRAIN, 0};
}

static void choose_block(MultiplyChoices *choices, bool turns) {
    bool has_rows = turns && choices->across->extent > 1;
    choices->along_most = has_rows ? BLOCK_ALONG : smaller(LONG_BLOCK, choices->along->extent);
    choices->across_most = has_rows ? BLOCK_ACROSS : LONG_BLOCK / choices->along_most;
}

/* False: out of memory. */
static bool make_conversions(MultiplyChoices *choices, const Contraction *contraction, Axes axes,
                             const Machine *machine, Arena *arena, StepPlan *step) {
    DType arithmetic = arithmetic_of(contraction);
    choices->conversions = NULL;
    if (!axes.turns && !conversion_is_needed(contraction, arithmetic)) return true;
    choose_block(choices, axes.turns);
    ptrdiff_t elements = choices->along_most * choices->across_most;
    size_t sides = (size_t)contraction->input_count + 1, bytes = 0;
    choices->conversions = arena_take(arena, sides, sizeof *choices->conversions);
    choices->is_read = arena_take(arena, sides, sizeof *choices->is_read);
    choices->scratch = arena_take(arena, sides, sizeof *choices->scratch);
    if (!choices->conversions || !choices->is_read || !choices->scratch) return false;
    for (int side = 0; side < (int)sides; side++) {
        Conversion conversion = conversion_make(contraction, side, arithmetic, machine->isa);
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
    Axes axes = choose_axes(contraction, machine).axes;
    Plane plane = choose_plane(contraction, axes);
    TRY(nest_make(contraction, plane, arena, &choices->nest, error));
    const Nest *nest = &choices->nest;
    choices->along = plane.rows == axes.along ? nest->rows : nest->cols;
    choices->across = plane.rows == axes.along ? nest->cols : nest->rows;
    choices->kernel = multiply_kernel_for(arithmetic_of(contraction), machine->isa);
    if (!make_conversions(choices, contraction, axes, machine, arena, step)) {
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
    const char *inputs[MAX_SIDES];
    ptrdiff_t rows[MAX_SIDES], cols[MAX_SIDES];
    for (int side = 0; side < output; side++) {
        Lie lie = read_input(choices, side, starts[side], along, across, scratch);
        inputs[side] = lie.data;
        rows[side] = lie.row;
        cols[side] = lie.col;
    }
    const Conversion *narrowing = &choices->conversions[output];
    Place out = {starts[output], choices->across->strides[output], choices->along->strides[output]};
    Place products = out;
    if (narrowing->kernel) {
        ptrdiff_t size = narrowing->computed;
        products = (Place){scratch + choices->scratch[output], along * size, size};
    }
    choices->kernel(&(MultiplyJob){
        .rows = across,
        .cols = along,
        .input_count = output,
        .inputs = inputs,
        .in_rows = rows,
        .in_cols = cols,
        .out = products.data,
        .out_row = products.row,
        .out_col = products.col,
    });
    if (narrowing->kernel) conversion_write(narrowing, products.data, out, across, along);
}

static void multiply_blocks(const MultiplyChoices *choices, char *const pointers[], ptrdiff_t along,
                            ptrdiff_t across, char *scratch) {
    for (ptrdiff_t i = 0; i < across; i += choices->across_most) {
        for (ptrdiff_t j = 0; j < along; j += choices->along_most) {
            char *starts[MAX_SIDES];
            for (int side = 0; side < choices->nest.side_count; side++) {
                starts[side] = pointers[side] + i * choices->across->strides[side] +
                               j * choices->along->strides[side];
            }
            multiply_block(choices, starts, smaller(choices->along_most, along - j),
                           smaller(choices->across_most, across - i), scratch);
        }
    }
}

/* ---- run ----------------------------------------------------------------- */

static void multiply_planes(const MultiplyChoices *choices, Walk *walk, ptrdiff_t positions,
                            ptrdiff_t along, ptrdiff_t across) {
    int output = choices->nest.side_count - 1;
    MultiplyJob job = {
        .rows = across,
        .cols = along,
        .input_count = output,
        .inputs = (const char *const *)walk->pointers,
        .in_rows = choices->across->strides,
        .in_cols = choices->along->strides,
        .out_row = choices->across->strides[output],
        .out_col = choices->along->strides[output],
    };
    for (ptrdiff_t i = 0; i < positions; i++, walk_next(walk)) {
        job.out = walk->pointers[output];
        choices->kernel(&job);
    }
}

static void multiply_run(const StepPlan *step, char *const data[], const Task *task) {
    const MultiplyChoices *choices = step->choices;
    const Nest *nest = &choices->nest;
    Piece piece = nest_piece(nest, task->number);
    bool cuts_along = choices->along == nest->rows;
    ptrdiff_t along = cuts_along ? piece.row_count : choices->along->extent;
    ptrdiff_t across = cuts_along ? choices->across->extent : piece.row_count;
    Walk walk;
    nest_begin(nest, &piece, data, &walk);
    if (!choices->conversions) {
        multiply_planes(choices, &walk, piece.position_count, along, across);
        return;
    }
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        multiply_blocks(choices, walk.pointers, along, across, task->scratch);
    }
}

const Strategy strategy_multiply = {"multiply", multiply_cost, NULL, multiply_prepare,
                                    multiply_run};
