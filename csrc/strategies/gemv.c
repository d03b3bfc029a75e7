/* Two inputs, something summed, and only one of them (the matrix) has kept axes of its own:
 * products of a matrix and a vector, or of two vectors, any number of them side by side. The kernel
 * walks one axis of the rows and one summed axis; the loops around it are summed in a tree. */
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

/* Seconds of all kernel calls if they walk this plane. */
static double plane_seconds(const Contraction *contraction, int matrix, Plane plane,
                            double elements) {
    double size = (double)dtype_size(contraction->dtypes[OUT]);
    double rows = (double)nest_extent(contraction, plane.rows);
    double depth = (double)nest_extent(contraction, plane.cols);
    double along_rows = fabs((double)nest_stride(contraction, plane.rows, matrix));
    double along_depth = fabs((double)nest_stride(contraction, plane.cols, matrix));
    double vector_stride = (double)nest_stride(contraction, plane.cols, 1 - matrix);
    double cycles = vector_stride == size ? 0 : depth; /* it is gathered */
    if (along_depth == size) {
        cycles += rows * (10 + depth * size / 24);
    } else if (along_rows == size) {
        cycles += depth * (3 + rows * size / 24);
    } else {
        bool shares_lines = fmin(along_rows, along_depth) < 64;
        cycles += rows * depth * (shares_lines ? 2 : 5);
    }
    double calls = elements / (rows * depth);
    return calls * (rates_cycles(cycles) + rates.seconds_per_call);
}

/* The nearest, or the longest, of the kept axes that the matrix has alone; NO_AXIS for a product of
   vectors. */
static int find_rows(const Contraction *contraction, int matrix, bool longest) {
    int found = NO_AXIS;
    for (int i = 0; i < contraction->kept_count; i++) {
        const Axis *axis = &contraction->axes[i];
        if (!is_own(axis, matrix)) continue;
        bool better = found == NO_AXIS ||
                      (longest ? axis->extent > contraction->axes[found].extent
                               : fabs((double)axis->strides[matrix]) <
                                     fabs((double)contraction->axes[found].strides[matrix]));
        if (better) found = i;
    }
    return found;
}

static Plane choose_plane(const Contraction *contraction, int matrix, double *seconds) {
    int kept = contraction->kept_count, all = contraction->axis_count;
    int rows[] = {find_rows(contraction, matrix, false), find_rows(contraction, matrix, true)};
    int cols[] = {nest_nearest(contraction, matrix, kept, all),
                  nest_nearest(contraction, 1 - matrix, kept, all),
                  nest_longest(contraction, kept, all)};
    double elements = nest_elements(contraction);
    Plane best = {NO_AXIS, NO_AXIS};
    *seconds = INFINITY;
    for (int i = 0; i < 6; i++) {
        Plane plane = {rows[i / 3], cols[i % 3]};
        double candidate = plane_seconds(contraction, matrix, plane, elements);
        if (candidate >= *seconds) continue;
        best = plane;
        *seconds = candidate;
    }
    return best;
}

static double gemv_cost(const Contraction *contraction, const Machine *machine) {
    bool applies =
        contraction->input_count == 2 && contraction->axis_count > contraction->kept_count;
    if (!applies || !nest_is_served(contraction, machine)) return INFINITY;
    int matrix = find_matrix(contraction);
    if (matrix < 0) return INFINITY;
    double seconds, bytes = nest_bytes(contraction);
    choose_plane(contraction, matrix, &seconds);
    return fmax(seconds, rates_traffic(bytes, bytes, machine));
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
