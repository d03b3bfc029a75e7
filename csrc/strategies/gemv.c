/* Two inputs, something summed: products of a matrix and a vector, or of two vectors, any number of
 * them side by side, of a matrix with each row of another. The kernel walks one kept axis of the
 * matrix, along which the other input may move too, and one summed axis; the loops around it are
 * summed in a tree. */
#include "strategies/rates.h"
#include "strategies/summation.h"

#include <math.h>
#include <string.h>

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

/* Bytes of a step of an input in either direction of a plane. */
typedef struct Steps {
    double row, col, element;
} Steps;

static Steps steps_of(const Contraction *contraction, Plane plane, int side) {
    return (Steps){fabs((double)nest_stride(contraction, plane.rows, side)),
                   fabs((double)nest_stride(contraction, plane.cols, side)),
                   (double)dtype_size(contraction->dtypes[side])};
}

/* Whether neighbours in either direction share cache lines. */
static bool is_near(Steps steps) {
    return fmin(steps.row, steps.col) < 64;
}

/* Whether the vector, one per row, lies across a matrix whose rows (columns) have unit stride. */
static bool is_across_rows(Steps m, Steps v) {
    return m.col == m.element && v.row == v.element && v.col != 0 && v.col != v.element;
}

static bool is_across_cols(Steps m, Steps v) {
    return m.row == m.element && v.col == v.element && v.row != 0 && v.row != v.element;
}

static bool is_turned(Steps m, Steps v) {
    return is_across_rows(m, v) || is_across_cols(m, v);
}

/* Elements that are turned one by one take this long, those of fewer rows or columns than this. */
static const double NARROW_TURN_CYCLES = 2, NARROW = 4;

/* Cycles of turning the vectors of a plane: those that are too narrow for squares go element by
   element. */
static double turn_cycles(double rows, double depth) {
    return rows * depth * (fmin(rows, depth) < NARROW ? NARROW_TURN_CYCLES : TURN_CYCLES);
}

/* Whether the sums of rows go to elements that do not follow each other. */
static bool is_scattered(const Contraction *contraction, Plane plane) {
    ptrdiff_t step = nest_stride(contraction, plane.rows, OUT);
    return step != 0 && step != (ptrdiff_t)dtype_size(contraction->dtypes[OUT]);
}

/* How much longer products take here than in a tile: none of their sums share what is loaded. */
static const double PRODUCT_SHARE = 2.5;

/* For each sum that does not follow the one before. */
static const double PUT_CYCLES = 4;

/* Seconds of all kernel calls if they walk this plane. */
static double plane_seconds(const Contraction *contraction, int matrix, Plane plane,
                            double elements, double flops_per_cycle) {
    DType arithmetic = contraction->arithmetic;
    double size = (double)dtype_size(arithmetic), planes = dtype_is_complex(arithmetic) ? 2 : 1;
    double rows = (double)nest_extent(contraction, plane.rows);
    double depth = (double)nest_extent(contraction, plane.cols);
    Steps m = steps_of(contraction, plane, matrix), v = steps_of(contraction, plane, 1 - matrix);
    bool is_shared = v.row == 0;
    double per_byte = is_shared ? 1 / 24.0 : 1 / 16.0, cycles;
    bool turns = is_turned(m, v);
    if (m.col == m.element && (is_shared || v.col == v.element || turns)) {
        double gathering = v.col == v.element || turns ? 0 : depth;
        cycles = gathering + rows * (10 + depth * size * per_byte);
    } else if (m.row == m.element && (is_shared || v.row == v.element || turns)) {
        cycles = depth * (4 + rows * size * per_byte);
    } else {
        cycles = rows * depth * ((is_near(m) ? 1 : 4) + (is_near(v) ? 1 : 4));
    }
    if (turns) cycles += turn_cycles(rows, depth);
    if (is_scattered(contraction, plane)) cycles += rows * PUT_CYCLES;
    double products = 2 * planes * planes * rows * depth;
    cycles = fmax(cycles, products * PRODUCT_SHARE / flops_per_cycle);
    cycles += rows * depth * summation_convert_cycles(contraction);
    double calls = elements / (rows * depth);
    return calls * (rates_cycles(cycles) + summation_call_seconds);
}

/* What is found while planes are tried. */
typedef struct Best {
    int matrix; /* the side */
    Plane plane;
    double seconds;
} Best;

static bool is_repeated(const int axes[], int at) {
    for (int i = 0; i < at; i++) {
        if (axes[i] == axes[at]) return true;
    }
    return false;
}

/* The planes worth a thought: along each kind of axis, the nearest elements of either input, or the
   longest loop. Rows may be summed as well. */
static void improve(const Contraction *contraction, int matrix, const Machine *machine,
                    Best *best) {
    int kept = contraction->kept_count, all = contraction->axis_count;
    int rows[6] = {nest_nearest(contraction, matrix, 0, kept),
                   nest_nearest(contraction, 1 - matrix, 0, kept),
                   nest_longest(contraction, 0, kept)};
    int cols[3] = {nest_nearest(contraction, matrix, kept, all),
                   nest_nearest(contraction, 1 - matrix, kept, all),
                   nest_longest(contraction, kept, all)};
    memcpy(rows + 3, cols, sizeof cols);
    double elements = nest_elements(contraction);
    double flops_per_cycle = kernels_for(contraction->arithmetic, machine->isa)->flops_per_cycle;
    for (int i = 0; i < 18; i++) {
        if (is_repeated(rows, i / 3) || is_repeated(cols, i % 3)) continue;
        Plane plane = {rows[i / 3], cols[i % 3], NEST_GRAIN, 0};
        if (!summation_can_walk(contraction, plane)) continue;
        double seconds = plane_seconds(contraction, matrix, plane, elements, flops_per_cycle);
        if (seconds < best->seconds) *best = (Best){matrix, plane, seconds};
    }
}

/* An input that has no kept axes of its own cannot be the matrix if the other one has. */
static Best choose_plane(const Contraction *contraction, const Machine *machine) {
    Best best = {.seconds = INFINITY};
    bool has_left = has_own(contraction, 0), has_right = has_own(contraction, 1);
    if (has_left || !has_right) improve(contraction, 0, machine, &best);
    if (has_right) improve(contraction, 1, machine, &best);
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[best.matrix]);
    if (nest_stride(contraction, best.plane.rows, best.matrix) == size) {
        best.plane.grain = RUN_BYTES / size;
    }
    return best;
}

static double gemv_cost(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count != 2 || !summation_applies(contraction, machine)) return INFINITY;
    return choose_plane(contraction, machine).seconds;
}

typedef struct GemvChoices {
    Summation summation;
    GemvKernel *kernel;
    int matrix, vector; /* sides */
} GemvChoices;

static void gemv_term(const void *context, const Block *block, const Target *target) {
    const GemvChoices *choices = context;
    const Lie *matrix = &block->inputs[choices->matrix], *vector = &block->inputs[choices->vector];
    choices->kernel(&(GemvJob){
        .rows = target->rows,
        .depth = block->cols,
        .matrix = matrix->data,
        .matrix_row = matrix->row,
        .matrix_depth = matrix->col,
        .vector = vector->data,
        .vector_row = vector->row,
        .vector_depth = vector->col,
        .out = target->out,
        .out_row = target->stride,
        .accumulate = target->accumulate,
    });
}

static Status gemv_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                           StepPlan *step, Error *error) {
    GemvChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    Best best = choose_plane(contraction, machine);
    choices->matrix = best.matrix;
    choices->vector = 1 - best.matrix;
    choices->kernel = kernels_for(contraction->arithmetic, machine->isa)->gemv;
    choices->summation = (Summation){.term = gemv_term, .context = choices};
    step->choices = choices;
    choices->summation.is_turned[choices->vector] =
        is_turned(steps_of(contraction, best.plane, choices->matrix),
                  steps_of(contraction, best.plane, choices->vector));
    return summation_make(contraction, best.plane, machine, arena, &choices->summation, step,
                          error);
}

static void gemv_run(const StepPlan *step, char *const data[], const Task *task) {
    const GemvChoices *choices = step->choices;
    summation_run(&choices->summation, data, task);
}

const Strategy strategy_gemv = {"gemv", gemv_cost, NULL, gemv_prepare, gemv_run};
