/* One input, some axes summed. The kernel walks one kept and one summed axis, one of them the axis
 * along which the input moves by single elements if that pays; the loops around it are summed in a
 * tree. */
#include "strategies/rates.h"
#include "strategies/summation.h"

#include <math.h>

enum { IN, OUT };

/* Seconds of all kernel calls if they walk this plane. */
static double plane_seconds(const Contraction *contraction, Plane plane, double elements) {
    double size = (double)dtype_size(contraction->dtypes[IN]);
    double rows = (double)nest_extent(contraction, plane.rows);
    double cols = (double)nest_extent(contraction, plane.cols);
    double along_rows = fabs((double)nest_stride(contraction, plane.rows, IN));
    double along_cols = fabs((double)nest_stride(contraction, plane.cols, IN));
    double cycles;
    if (along_cols == size) {
        cycles = rows * (8 + cols * size / 32);
    } else if (along_rows == size) {
        cycles = cols * (2 + rows * size / 32);
    } else {
        bool shares_lines = fmin(along_rows, along_cols) < 64;
        cycles = rows * cols * (shares_lines ? 1.5 : 5);
    }
    cycles += rows * cols * summation_convert_cycles(contraction);
    double calls = elements / (rows * cols);
    return calls * (rates_cycles(cycles) + summation_call_seconds);
}

/* The best of the planes worth a thought: along each kind of axis, the nearest elements of either
   side, or the longest loop. Rows may be summed as well. */
static Plane choose_plane(const Contraction *contraction, double *seconds) {
    int kept = contraction->kept_count, all = contraction->axis_count;
    int rows[] = {nest_nearest(contraction, IN, 0, kept), nest_nearest(contraction, OUT, 0, kept),
                  nest_longest(contraction, 0, kept), nest_longest(contraction, kept, all)};
    int cols[] = {nest_nearest(contraction, IN, kept, all), nest_longest(contraction, kept, all)};
    double elements = nest_elements(contraction);
    Plane best = {NO_AXIS, NO_AXIS, NEST_GRAIN, 0};
    *seconds = INFINITY;
    for (int i = 0; i < 8; i++) {
        Plane plane = {rows[i / 2], cols[i % 2], NEST_GRAIN, 0};
        if (!summation_can_walk(contraction, plane)) continue;
        double candidate = plane_seconds(contraction, plane, elements);
        if (candidate >= *seconds) continue;
        best = plane;
        *seconds = candidate;
    }
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[IN]);
    if (nest_stride(contraction, best.rows, IN) == size) best.grain = RUN_BYTES / size;
    return best;
}

static double reduce_cost(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count != 1 || !summation_applies(contraction, machine)) return INFINITY;
    double seconds;
    choose_plane(contraction, &seconds);
    return seconds;
}

typedef struct ReduceChoices {
    Summation summation;
    ReduceKernel *kernel;
} ReduceChoices;

static void reduce_term(const void *context, const Block *block, const Target *target) {
    const ReduceChoices *choices = context;
    const Lie *in = &block->inputs[IN];
    choices->kernel(&(ReduceJob){
        .kept = target->rows,
        .summed = block->cols,
        .in = in->data,
        .in_kept = in->row,
        .in_summed = in->col,
        .out = target->out,
        .out_kept = target->stride,
        .accumulate = target->accumulate,
    });
}

static Status reduce_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                             StepPlan *step, Error *error) {
    ReduceChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    double seconds;
    Plane plane = choose_plane(contraction, &seconds);
    choices->kernel = kernels_for(contraction->arithmetic, machine->isa)->reduce;
    choices->summation = (Summation){.term = reduce_term, .context = choices};
    step->choices = choices;
    return summation_make(contraction, plane, machine, arena, &choices->summation, step, error);
}

static void reduce_run(const StepPlan *step, char *const data[], const Task *task) {
    const ReduceChoices *choices = step->choices;
    summation_run(&choices->summation, data, task);
}

const Strategy strategy_reduce = {"reduce", reduce_cost, NULL, reduce_prepare, reduce_run};
