/* Two inputs, something summed, and only one of them (the matrix) has kept axes of its own:
 * products of a matrix and a vector, or of two vectors, any number of them side by side. The kernel
 * walks one kept axis of the matrix, along which the other input may move too, and one summed axis;
 * the loops around it are summed in a tree. */
#include "strategies/rates.h"
#include "strategies/summation.h"

#include <math.h>

enum { OUT = 2 };

/* Whether a kept axis belongs to the side alone. */
static bool is_own(const Axis *axis, int side) {
    return axis->strides[side] != 0 && axis->strides[1 - side] == 0;
}

static bool has_own(const Contraction *contraction, int side) {
    for (int i = 0; i < contraction->kept_count; i++) {
        if (is_own(&contraction->axes[i], side)) return true;
    }
    return false;
}

/* Which input is the matrix; -1 if both would be. */
static int find_matrix(const Contraction *contraction) {
    bool left = has_own(contraction, 0), right = has_own(contraction, 1);
    return left && right ? -1 : right;
}

/* How an input lies in a plane. */
typedef struct Lie {
    double along_rows, along_depth; /* bytes of a step */
} Lie;

static Lie lie_of(const Contraction *contraction, Plane plane, int side) {
    return (Lie){fabs((double)nest_stride(contraction, plane.rows, side)),
                 fabs((double)nest_stride(contraction, plane.cols, side))};
}

/* Whether neighbours in either direction share cache lines. */
static bool is_near(Lie lie) {
    return fmin(lie.along_rows, lie.along_depth) < 64;
}

/* Seconds of all kernel calls if they walk this plane. */
static double plane_seconds(const Contraction *contraction, int matrix, Plane plane,
                            double elements) {
    double size = (double)dtype_size(contraction->dtypes[OUT]);
    double rows = (double)nest_extent(contraction, plane.rows);
    double depth = (double)nest_extent(contraction, plane.cols);
    Lie m = lie_of(contraction, plane, matrix), v = lie_of(contraction, plane, 1 - matrix);
    bool is_shared = v.along_rows == 0;
    double per_byte = is_shared ? 1 / 24.0 : 1 / 16.0, cycles;
    if (m.along_depth == size && (is_shared || v.along_depth == size)) {
        double gathering = v.along_depth == size ? 0 : depth;
        cycles = gathering + rows * (10 + depth * size * per_byte);
    } else if (m.along_rows == size && (is_shared || v.along_rows == size)) {
        cycles = depth * (4 + rows * size * per_byte);
    } else {
        cycles = rows * depth * ((is_near(m) ? 1 : 4) + (is_near(v) ? 1 : 4));
    }
    double calls = elements / (rows * depth);
    return calls * (rates_cycles(cycles) + rates.seconds_per_call);
}

/* The best of the planes worth a thought: along each kind of axis, the nearest elements of either
   input, or the longest loop. */
static Plane choose_plane(const Contraction *contraction, int matrix, double *seconds) {
    int kept = contraction->kept_count, all = contraction->axis_count;
    int rows[] = {nest_nearest(contraction, matrix, 0, kept),
                  nest_nearest(contraction, 1 - matrix, 0, kept),
                  nest_longest(contraction, 0, kept)};
    int cols[] = {nest_nearest(contraction, matrix, kept, all),
                  nest_nearest(contraction, 1 - matrix, kept, all),
                  nest_longest(contraction, kept, all)};
    double elements = nest_elements(contraction);
    Plane best = {NO_AXIS, NO_AXIS, NEST_GRAIN};
    *seconds = INFINITY;
    for (int i = 0; i < 9; i++) {
        Plane plane = {rows[i / 3], cols[i % 3], NEST_GRAIN};
        double candidate = plane_seconds(contraction, matrix, plane, elements);
        if (candidate >= *seconds) continue;
        best = plane;
        *seconds = candidate;
    }
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[matrix]);
    if (nest_stride(contraction, best.rows, matrix) == size) best.grain = RUN_BYTES / size;
    return best;
}

static double gemv_cost(const Contraction *contraction, const Machine *machine) {
    bool applies =
        contraction->input_count == 2 && contraction->axis_count > contraction->kept_count;
    if (!applies || !nest_is_served(contraction, machine)) return INFINITY;
    int matrix = find_matrix(contraction);
    if (matrix < 0) return INFINITY;
    double seconds;
    choose_plane(contraction, matrix, &seconds);
    return seconds;
}

typedef struct GemvChoices {
    Summation summation;
    GemvKernel *kernel;
    int matrix, vector; /* sides */
} GemvChoices;

static void gemv_term(const void *context, char *const pointers[], const Target *target) {
    const GemvChoices *choices = context;
    const Nest *nest = &choices->summation.nest;
    choices->kernel(&(GemvJob){
        .rows = target->rows,
        .depth = nest->cols->extent,
        .matrix = pointers[choices->matrix],
        .matrix_row = nest->rows->strides[choices->matrix],
        .matrix_depth = nest->cols->strides[choices->matrix],
        .vector = pointers[choices->vector],
        .vector_row = nest->rows->strides[choices->vector],
        .vector_depth = nest->cols->strides[choices->vector],
        .out = target->out,
        .out_row = target->stride,
        .accumulate = target->accumulate,
    });
}

static Status gemv_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                           StepPlan *step, Error *error) {
    GemvChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    double seconds;
    choices->matrix = find_matrix(contraction);
    choices->vector = 1 - choices->matrix;
    choices->kernel = kernels->gemv;
    choices->summation = (Summation){
        .add = kernels->reduce,
        .element_bytes = (ptrdiff_t)dtype_size(contraction->dtypes[OUT]),
        .term = gemv_term,
        .context = choices,
    };
    Plane plane = choose_plane(contraction, choices->matrix, &seconds);
    TRY(nest_make(contraction, plane, arena, &choices->summation.nest, error));
    step->choices = choices;
    step->phases = phases_single(nest_task_count(&choices->summation.nest));
    step->scratch_bytes = summation_scratch_bytes(&choices->summation);
    return STATUS_OK;
}

static void gemv_run(const StepPlan *step, char *const data[], const Task *task) {
    const GemvChoices *choices = step->choices;
    summation_run(&choices->summation, data, task);
}

const Strategy strategy_gemv = {"gemv", gemv_cost, gemv_prepare, gemv_run};
