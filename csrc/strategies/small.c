/* Two inputs with short sums and, on one side, few columns: that side stays in registers while the
 * rows of the other go by, and the kernel walks one more axis of any kind, so that a batch of small
 * products is one call. One axis is summed at most; what else is kept, is walked outside. */
#include "base/extents.h"
#include "kernels/kernels.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>
#include <string.h>

enum { OUT = 2 };

/* Where nothing is summed, multiply has the same work with fewer steps for a long run, and runs
   where entries are side by side. */
static const double UNSUMMED = 1.3;

/* For each vector of side-by-side entries that is stored beyond L2, as each lies apart. */
static const double FAR_CYCLES = 80;

/* For each line of other entries, fetched from the second level or from beyond. */
static const double LINE_CYCLES = 4, FAR_LINE_CYCLES = 20;

/* Entries that span so many times their own bytes have no gaps worth the name. */
static const double GAPS = 2;

enum { LINE_BYTES = 64 };

/* The axes that the kernel walks, as indices or NO_AXIS, and what that takes. */
typedef struct Roles {
    int left; /* the input that has the rows */
    int entries, rows, cols, depth;
    bool is_side_by_side;
    double seconds;
} Roles;

typedef struct SmallChoices {
    Nest nest; /* without columns and depth: its rows are the entries, its columns the rows */
    SmallShape shape;
    SmallKernel *kernel;
    int sides[3];     /* which side is left, right and out */
    bool is_one_call; /* nothing is walked outside and nothing cut */
} SmallChoices;

/* ---- who plays which part ------------------------------------------------ */

static ptrdiff_t stride_of(const Contraction *contraction, int axis, int side) {
    return nest_stride(contraction, axis, side);
}

/* Whether vectors can hold one element of each of several entries along an axis. */
static bool is_side_by_side(const Contraction *contraction, int axis) {
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->arithmetic);
    bool is_real = contraction->arithmetic != DTYPE_C64 && contraction->arithmetic != DTYPE_C128;
    for (int side = 0; side < OUT; side++) {
        ptrdiff_t stride = stride_of(contraction, axis, side);
        if (stride != 0 && stride != size) return false;
    }
    return is_real && stride_of(contraction, axis, OUT) == size;
}

/* The longest kept axis along which the side does not move, of at most `most`; the one that is
   taken is left out. */
static int find_axis(const Contraction *contraction, int side_at_rest, ptrdiff_t most, int taken,
                     int also_taken) {
    int found = NO_AXIS;
    for (int i = 0; i < contraction->kept_count; i++) {
        ptrdiff_t extent = contraction->axes[i].extent;
        bool is_free = i != taken && i != also_taken && extent <= most;
        if (!is_free || stride_of(contraction, i, side_at_rest) != 0) continue;
        if (extent > nest_extent(contraction, found)) found = i;
    }
    return found;
}

static int find_entries(const Contraction *contraction, const Roles *roles) {
    int found = NO_AXIS;
    for (int i = 0; i < contraction->kept_count; i++) {
        if (i == roles->rows || i == roles->cols) continue;
        if (contraction->axes[i].extent > nest_extent(contraction, found)) found = i;
    }
    return found;
}

/* Lines of a side that an entry needs and the one before did not; none where entries follow each
   other without gaps, which costs all strategies alike. */
static double new_lines(const Contraction *contraction, const Roles *roles, int side) {
    const int inner[] = {roles->rows, roles->cols, roles->depth};
    double step = (double)magnitude(stride_of(contraction, roles->entries, side));
    double elements = 1, nearest = INFINITY, span = 0;
    for (int i = 0; i < 3; i++) {
        double stride = (double)magnitude(stride_of(contraction, inner[i], side));
        double extent = (double)nest_extent(contraction, inner[i]);
        if (stride == 0) continue;
        elements *= extent;
        nearest = fmin(nearest, stride);
        span = fmax(span, stride * extent);
    }
    double bytes = elements * (double)dtype_size(contraction->dtypes[side]);
    if (span <= GAPS * bytes && step <= GAPS * bytes) return 0;
    double lines = fmax(elements * fmin(nearest / LINE_BYTES, 1), 1);
    return lines * fmin(step / LINE_BYTES, 1);
}

/* What the estimates of all roles share. */
typedef struct Model {
    double lanes;          /* of a vector */
    double line_cycles[3]; /* to fetch a line of a side from the second level or from beyond */
    bool is_output_far, are_all_near;
} Model;

static Model model_make(const Contraction *contraction, const Machine *machine) {
    double size = (double)dtype_size(contraction->arithmetic);
    Model model = {.lanes = (double)isa_vector_bytes(machine->isa) / size, .are_all_near = true};
    for (int side = 0; side <= OUT; side++) {
        double bytes = nest_side_bytes(contraction, side);
        bool is_far = bytes > (double)machine->l2_bytes / 2;
        if (bytes <= (double)machine->l1_bytes / 2) continue;
        model.line_cycles[side] = is_far ? FAR_LINE_CYCLES : LINE_CYCLES;
        model.are_all_near = false;
        model.is_output_far = side == OUT && bytes > (double)machine->l2_bytes;
    }
    return model;
}

/* Loads, products and stores of one entry; lanes of them at a time. */
static double roles_seconds(const Contraction *contraction, const Roles *roles,
                            const Model *model) {
    double rows = (double)nest_extent(contraction, roles->rows);
    double cols = (double)nest_extent(contraction, roles->cols);
    double depth = (double)nest_extent(contraction, roles->depth);
    double entries = (double)nest_extent(contraction, roles->entries);
    double row = 1 + depth / 3 + cols / 2 + depth * cols / 4;
    double cycles = 2 + depth * cols / 2 + rows * row;
    if (roles->is_side_by_side && entries >= model->lanes) {
        cycles /= model->lanes / 2;
        if (model->is_output_far) cycles += rows * cols * FAR_CYCLES / model->lanes;
    } else {
        for (int side = 0; side <= OUT && !model->are_all_near; side++) {
            cycles += new_lines(contraction, roles, side) * model->line_cycles[side];
        }
    }
    double all = nest_elements(contraction) / (rows * cols * depth);
    return rates_cycles(all * cycles) + all / entries * rates.seconds_per_call;
}

/* With the entries given, or NO_AXIS for the longest axis that is left. */
static Roles assign(const Contraction *contraction, int left, int entries, const Model *model) {
    bool is_summed = contraction->axis_count > contraction->kept_count;
    Roles roles = {.left = left, .entries = entries};
    roles.depth = is_summed ? contraction->kept_count : NO_AXIS;
    roles.cols = find_axis(contraction, left, SMALL_MOST, entries, NO_AXIS);
    roles.rows = find_axis(contraction, 1 - left, PTRDIFF_MAX, entries, roles.cols);
    if (entries == NO_AXIS) roles.entries = find_entries(contraction, &roles);
    roles.is_side_by_side = roles.entries != NO_AXIS && is_side_by_side(contraction, roles.entries);
    roles.seconds = roles_seconds(contraction, &roles, model);
    return roles;
}

static Roles choose_roles(const Contraction *contraction, const Machine *machine) {
    Model model = model_make(contraction, machine);
    Roles best = {.seconds = INFINITY};
    for (int left = 0; left < 2; left++) {
        for (int entries = NO_AXIS; entries < contraction->kept_count; entries++) {
            bool is_worth =
                entries == NO_AXIS || !model.are_all_near || is_side_by_side(contraction, entries);
            if (!is_worth) continue;
            Roles roles = assign(contraction, left, entries, &model);
            if (roles.seconds < best.seconds) best = roles;
        }
    }
    return best;
}

static bool applies(const Contraction *contraction, const Machine *machine) {
    int summed = contraction->axis_count - contraction->kept_count;
    if (contraction->input_count != 2 || contraction->is_empty || summed > 1) return false;
    if (summed == 1 && contraction->axes[contraction->kept_count].extent > SMALL_MOST) return false;
    return nest_is_served(contraction, machine);
}

static double small_cost(const Contraction *contraction, const Machine *machine) {
    if (!applies(contraction, machine)) return INFINITY;
    bool is_summed = contraction->axis_count > contraction->kept_count;
    Roles roles = choose_roles(contraction, machine);
    if (is_summed) return roles.seconds;
    return roles.is_side_by_side ? INFINITY : UNSUMMED * roles.seconds;
}

/* ---- the plan ------------------------------------------------------------ */

static SmallShape make_shape(const Contraction *contraction, const Roles *roles) {
    int left = roles->left, right = 1 - left;
    return (SmallShape){
        .rows = nest_extent(contraction, roles->rows),
        .entry = {stride_of(contraction, roles->entries, left),
                  stride_of(contraction, roles->entries, right),
                  stride_of(contraction, roles->entries, OUT)},
        .left_row = stride_of(contraction, roles->rows, left),
        .left_depth = stride_of(contraction, roles->depth, left),
        .right_depth = stride_of(contraction, roles->depth, right),
        .right_col = stride_of(contraction, roles->cols, right),
        .out_row = stride_of(contraction, roles->rows, OUT),
        .out_col = stride_of(contraction, roles->cols, OUT),
        .is_side_by_side = roles->is_side_by_side,
    };
}

/* The loops without those that are written out in the kernel. Tasks are cut at whole vectors. */
static Status make_nest(const Contraction *contraction, const Roles *roles, ptrdiff_t lanes,
                        Arena *arena, Nest *nest, Error *error) {
    Contraction *outer = arena_take(arena, 1, contraction_bytes(contraction));
    if (!outer) return error_memory(error);
    memcpy(outer, contraction, contraction_bytes(contraction));
    outer->axis_count = outer->kept_count = 0;
    Plane plane = {NO_AXIS, NO_AXIS, larger(NEST_GRAIN, lanes), 0};
    for (int i = 0; i < contraction->kept_count; i++) {
        if (i == roles->cols) continue;
        if (i == roles->entries) plane.rows = outer->kept_count;
        if (i == roles->rows) plane.cols = outer->kept_count;
        outer->axes[outer->kept_count++] = contraction->axes[i];
    }
    outer->axis_count = outer->kept_count;
    return nest_make(outer, plane, arena, nest, error);
}

static Status small_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                            StepPlan *step, Error *error) {
    SmallChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    Roles roles = choose_roles(contraction, machine);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    choices->kernel = (*kernels->smalls)[nest_extent(contraction, roles.depth) - 1]
                                        [nest_extent(contraction, roles.cols) - 1];
    choices->shape = make_shape(contraction, &roles);
    choices->sides[0] = roles.left;
    choices->sides[1] = 1 - roles.left;
    choices->sides[2] = OUT;
    TRY(make_nest(contraction, &roles, kernels->vector_cols, arena, &choices->nest, error));
    ptrdiff_t tasks = nest_task_count(&choices->nest);
    choices->is_one_call = tasks == 1 && choices->nest.kept_positions == 1;
    step->choices = choices;
    step->phases = phases_single(tasks);
    return STATUS_OK;
}

static void call_kernel(const SmallChoices *choices, char *const pointers[], ptrdiff_t entries) {
    const int *sides = choices->sides;
    char *data[3] = {pointers[sides[0]], pointers[sides[1]], pointers[sides[2]]};
    choices->kernel(&choices->shape, data, entries);
}

static void small_run(const StepPlan *step, char *const data[], const Task *task) {
    const SmallChoices *choices = step->choices;
    const Nest *nest = &choices->nest;
    if (choices->is_one_call) {
        call_kernel(choices, data, nest->rows->extent);
        return;
    }
    Piece piece = nest_piece(nest, task->number);
    Walk walk;
    nest_begin(nest, &piece, data, &walk);
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        call_kernel(choices, walk.pointers, piece.row_count);
    }
}

const Strategy strategy_small = {"small", small_cost, NULL, small_prepare, small_run};
