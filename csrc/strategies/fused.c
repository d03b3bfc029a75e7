/* Three inputs or more, something summed: their products are formed block by block in cache and
 * summed from there, so that no intermediate result is ever written. Worth it where a product of
 * some of them would have all the axes there are. */
#include "strategies/rates.h"
#include "strategies/summation.h"

#include <math.h>

typedef struct FusedChoices {
    Summation summation;
    MultiplyKernel *multiply;
    ReduceKernel *reduce;
    int input_count;
    bool walks_rows; /* the kernels walk along the rows of a block, else along its columns */
} FusedChoices;

static const double SUM_CYCLES_PER_BYTE = 1 / 16.0, ROW_CYCLES = 40;

/* The input that moves along most axes: the others are small beside it. */
static int find_largest(const Contraction *contraction) {
    int largest = 0, most = -1;
    for (int side = 0; side < contraction->input_count; side++) {
        int moves = 0;
        for (int i = 0; i < contraction->axis_count; i++) {
            moves += contraction->axes[i].strides[side] != 0;
        }
        if (moves <= most) continue;
        largest = side;
        most = moves;
    }
    return largest;
}

/* Cycles per element if the kernels walk along an axis of the plane. */
static double cycles_along(const Contraction *contraction, int along) {
    double size = (double)dtype_size(contraction->arithmetic), cycles = size * SUM_CYCLES_PER_BYTE;
    for (int side = 0; side < contraction->input_count; side++) {
        ptrdiff_t stride = nest_stride(contraction, along, side);
        bool is_fast = stride == 0 || stride == (ptrdiff_t)dtype_size(contraction->dtypes[side]);
        cycles += is_fast ? size / 32 : 1;
    }
    return cycles + ROW_CYCLES / (double)nest_extent(contraction, along);
}

/* Whether the kernels had better walk along the rows of a plane. */
static bool walks_rows(const Contraction *contraction, Plane plane) {
    return cycles_along(contraction, plane.rows) < cycles_along(contraction, plane.cols);
}

static double plane_seconds(const Contraction *contraction, Plane plane, double elements) {
    double cycles =
        fmin(cycles_along(contraction, plane.rows), cycles_along(contraction, plane.cols));
    cycles += contraction->input_count * summation_convert_cycles(contraction);
    double calls = elements / (double)nest_extent(contraction, plane.rows) /
                   (double)nest_extent(contraction, plane.cols);
    return rates_cycles(elements * cycles) + calls * rates.seconds_per_call;
}

/* The best of the planes worth a thought, as in gemv. */
static Plane choose_plane(const Contraction *contraction, double *seconds) {
    int kept = contraction->kept_count, all = contraction->axis_count;
    int side = find_largest(contraction);
    int rows[] = {nest_nearest(contraction, side, 0, kept), nest_longest(contraction, 0, kept)};
    int cols[] = {nest_nearest(contraction, side, kept, all), nest_longest(contraction, kept, all)};
    double elements = nest_elements(contraction);
    Plane best = {NO_AXIS, NO_AXIS, NEST_GRAIN, 0};
    *seconds = INFINITY;
    for (int i = 0; i < 4; i++) {
        Plane plane = {rows[i / 2], cols[i % 2], NEST_GRAIN, 0};
        double candidate = plane_seconds(contraction, plane, elements);
        if (candidate >= *seconds) continue;
        best = plane;
        *seconds = candidate;
    }
    return best;
}

static double fused_cost(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count < 3 || !summation_applies(contraction, machine)) return INFINITY;
    double seconds;
    choose_plane(contraction, &seconds);
    return seconds;
}

/* The products of a block, in runs of `count` along the axis that the kernels walk. Runs that go on
   where the one before ended, in every input, are one. */
static void multiply_block(const FusedChoices *choices, const Block *block, ptrdiff_t count,
                           ptrdiff_t runs) {
    const char *inputs[SUMMATION_INPUTS];
    ptrdiff_t along[SUMMATION_INPUTS], across[SUMMATION_INPUTS];
    bool is_one_run = true;
    for (int i = 0; i < choices->input_count; i++) {
        const Lie *lie = &block->inputs[i];
        inputs[i] = lie->data;
        along[i] = choices->walks_rows ? lie->row : lie->col;
        across[i] = choices->walks_rows ? lie->col : lie->row;
        is_one_run &= across[i] == count * along[i];
    }
    ptrdiff_t size = choices->summation.element_bytes;
    choices->multiply(&(MultiplyJob){
        .rows = is_one_run ? 1 : runs,
        .cols = is_one_run ? runs * count : count,
        .input_count = choices->input_count,
        .inputs = inputs,
        .in_rows = across,
        .in_cols = along,
        .out = block->products,
        .out_row = count * size,
        .out_col = size,
    });
}

static void fused_term(const void *context, const Block *block, const Target *target) {
    const FusedChoices *choices = context;
    bool by_rows = choices->walks_rows;
    ptrdiff_t size = choices->summation.element_bytes;
    ptrdiff_t count = by_rows ? target->rows : block->cols;
    multiply_block(choices, block, count, by_rows ? block->cols : target->rows);
    choices->reduce(&(ReduceJob){
        .kept = target->rows,
        .summed = block->cols,
        .in = block->products,
        .in_kept = by_rows ? size : count * size,
        .in_summed = by_rows ? count * size : size,
        .out = target->out,
        .out_kept = target->stride,
        .accumulate = target->accumulate,
    });
}

static Status fused_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                            StepPlan *step, Error *error) {
    FusedChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    double seconds;
    Plane plane = choose_plane(contraction, &seconds);
    *choices = (FusedChoices){
        .summation = {.term = fused_term, .context = choices, .has_products = true},
        .multiply = multiply_kernel_for(contraction->arithmetic, machine->isa),
        .reduce = kernels->reduce,
        .input_count = contraction->input_count,
        .walks_rows = walks_rows(contraction, plane),
    };
    step->choices = choices;
    return summation_make(contraction, plane, machine, arena, &choices->summation, step, error);
}

static void fused_run(const StepPlan *step, char *const data[], const Task *task) {
    const FusedChoices *choices = step->choices;
    summation_run(&choices->summation, data, task);
}

const Strategy strategy_fused = {"fused", fused_cost, NULL, fused_prepare, fused_run};
