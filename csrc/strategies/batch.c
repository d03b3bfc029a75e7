/* Products of many matrices whose entries lie side by side in memory, with the batch innermost on
 * all sides: vectors lie along the batch, and each of them holds one element of several products.
 * Nothing is packed, copied or turned, however the matrices lie. */
#include "base/extents.h"
#include "kernels/kernels.h"
#include "strategies/groups.h"
#include "strategies/nest.h"
#include "strategies/rates.h"
#include "strategies/units.h"

#include <math.h>

enum { LEFT, RIGHT, OUT };
enum { CHAIN_STEPS = 256 };      /* of additions without a break */
enum { MOST_OFFSETS = 1 << 14 }; /* in the tables */
enum { TASK_PRODUCTS = 1 << 19, LINE_BYTES = 64 };

static const double SUM_LATENCY = 4, TILE_CYCLES = 20;
/* For each vector that is loaded: from beyond the first cache, or from many pages as well. */
static const double NEAR_CYCLES = 1, FAR_CYCLES = 6, FETCH_CYCLES = 4;

/* By group (rows, columns, depth): offsets on the two sides that have it. */
typedef struct Table {
    ptrdiff_t extent;
    ptrdiff_t *offsets[2];
} Table;

typedef struct BatchChoices {
    BatchKernel *kernel;
    Table rows, cols, depth;
    ptrdiff_t element;
    ptrdiff_t lanes, block; /* the last block takes what is left over */
    ptrdiff_t near_block;   /* the part of a block that the kernel takes at once */
    bool is_far;            /* blocks come from memory: they are fetched in long runs */
    Units units;            /* entries that lie elsewhere, then blocks of lanes */
} BatchChoices;

/* The axis of the lanes. */
static int find_lanes(const Contraction *contraction, const KernelSet *kernels) {
    ptrdiff_t element = (ptrdiff_t)dtype_size(contraction->arithmetic);
    for (int i = 0; i < contraction->kept_count; i++) {
        const Axis *axis = &contraction->axes[i];
        bool is_near = axis->extent >= kernels->vector_cols;
        for (int side = 0; side < 3; side++) is_near &= axis->strides[side] == element;
        if (is_near) return i;
    }
    return NO_AXIS;
}

/* ---- estimates ----------------------------------------------------------- */

/* Of one vector of lanes. */
static double vector_cycles(const Groups *groups, const KernelSet *kernels, const Machine *machine,
                            double planes) {
    double rows = (double)groups->rows.extent, cols = (double)groups->cols.extent;
    double depth = (double)groups->sum.extent;
    double row_tiles = ceil(rows / kernels->batch_rows);
    double col_tiles = ceil(cols / kernels->batch_cols);
    double multiplying =
        2 * planes * planes * rows * cols * kernels->vector_cols / kernels->flops_per_cycle;
    double waiting = row_tiles * col_tiles * SUM_LATENCY * planes;
    double loads = rows * col_tiles + cols * row_tiles;
    double lines = isa_vector_bytes(machine->isa) * (rows * depth + cols * depth + rows * cols);
    double far = lines > (double)machine->l2_bytes / 8   ? FAR_CYCLES
                 : lines > (double)machine->l1_bytes / 2 ? NEAR_CYCLES
                                                         : 0;
    double step = fmax(multiplying, waiting) + loads * (0.5 + far);
    return depth * step + row_tiles * col_tiles * TILE_CYCLES;
}

/* What comes from memory is fetched line by line. */
static bool is_far(const Contraction *contraction, const Machine *machine) {
    return nest_bytes(contraction) > (double)machine->l2_bytes;
}

static double fetch_cycles(const Contraction *contraction, const Machine *machine) {
    if (!is_far(contraction, machine)) return 0;
    return nest_bytes(contraction) / LINE_BYTES * FETCH_CYCLES;
}

static double batch_cost(const Contraction *contraction, const Machine *machine) {
    bool applies = contraction->input_count == 2 && !contraction->is_empty &&
                   contraction->axis_count > contraction->kept_count &&
                   nest_is_served(contraction, machine);
    if (!applies) return INFINITY;
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    int lanes = find_lanes(contraction, kernels);
    if (lanes == NO_AXIS) return INFINITY;
    Groups groups;
    groups_make(&groups, contraction, LEFT);
    ptrdiff_t offsets = groups.rows.extent + groups.cols.extent + groups.sum.extent;
    if (offsets > MOST_OFFSETS / 2) return INFINITY;
    double extent = (double)contraction->axes[lanes].extent;
    double vectors = ceil(extent / kernels->vector_cols);
    double planes = dtype_is_complex(contraction->arithmetic) ? 2 : 1;
    double cycles = vectors * vector_cycles(&groups, kernels, machine, planes);
    double entries = (double)groups.batch.extent / extent;
    return entries * (rates_cycles(cycles) + rates.seconds_per_call) +
           rates_cycles(fetch_cycles(contraction, machine));
}

/* ---- prepare ------------------------------------------------------------- */

static Status make_table(const AxisGroup *group, int first_side, int second_side, Arena *arena,
                         Table *table, Error *error) {
    const int sides[] = {first_side, second_side};
    table->extent = group->extent;
    for (int i = 0; i < 2; i++) {
        table->offsets[i] = arena_take(arena, (size_t)group->extent, sizeof(ptrdiff_t));
        if (!table->offsets[i]) return error_memory(error);
        group_offsets(group, sides[i], 0, group->extent, table->offsets[i]);
    }
    return STATUS_OK;
}

/* By whole vectors, as many lanes as leave the matrices in so many bytes. */
static ptrdiff_t lanes_within(const BatchChoices *choices, size_t bytes, ptrdiff_t vector_lanes) {
    ptrdiff_t rows = choices->rows.extent, cols = choices->cols.extent;
    ptrdiff_t elements = (rows + cols) * choices->depth.extent + rows * cols;
    ptrdiff_t lanes = (ptrdiff_t)bytes / (elements * choices->element);
    return lanes / vector_lanes * vector_lanes;
}

/* A block is what stays in the second cache, and the part of it that the kernel takes at once what
   stays in the first, if that has room for any. */
static void choose_blocks(BatchChoices *choices, const KernelSet *kernels, const Machine *machine) {
    ptrdiff_t vector = kernels->vector_cols;
    choices->block = larger(vector, lanes_within(choices, machine->l2_bytes / 2, vector));
    choices->near_block = lanes_within(choices, machine->l1_bytes / 2, vector);
    if (choices->near_block == 0) choices->near_block = choices->block;
}

/* Whole ones, as the last one takes what is left over. */
static ptrdiff_t block_count(const BatchChoices *choices) {
    return larger(1, choices->lanes / choices->block);
}

static Status make_units(const Contraction *contraction, const AxisGroup *batch, int lanes,
                         Arena *arena, BatchChoices *choices, Error *error) {
    TRY(units_make(&choices->units, batch->count, arena, error));
    for (int i = 0; i < batch->count; i++) {
        if (batch->axes[i] == &contraction->axes[lanes]) continue;
        units_add(&choices->units, batch->axes[i]);
    }
    Axis blocks = axis_of_blocks(&contraction->axes[lanes], choices->block, 3);
    blocks.extent = block_count(choices);
    units_add(&choices->units, &blocks);
    units_cut(&choices->units, contraction, TASK_PRODUCTS);
    return STATUS_OK;
}

static Status batch_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                            StepPlan *step, Error *error) {
    BatchChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    int lanes = find_lanes(contraction, kernels);
    *choices = (BatchChoices){.kernel = kernels->batch, .lanes = contraction->axes[lanes].extent};
    Groups groups;
    groups_make(&groups, contraction, LEFT);
    TRY(make_table(&groups.rows, LEFT, OUT, arena, &choices->rows, error));
    TRY(make_table(&groups.cols, RIGHT, OUT, arena, &choices->cols, error));
    TRY(make_table(&groups.sum, LEFT, RIGHT, arena, &choices->depth, error));
    choices->element = (ptrdiff_t)dtype_size(contraction->arithmetic);
    choices->is_far = is_far(contraction, machine);
    choose_blocks(choices, kernels, machine);
    TRY(make_units(contraction, &groups.batch, lanes, arena, choices, error));
    step->choices = choices;
    step->phases = phases_single(choices->units.task_count);
    return STATUS_OK;
}

/* ---- run ----------------------------------------------------------------- */

/* A block of a side: the lanes of each element are one run. Inlined, as gcc takes functions that
   only prefetch for ones without effect, and drops the calls. */
static inline __attribute__((always_inline)) void
fetch_side(const char *data, const ptrdiff_t outer[], ptrdiff_t outer_count,
           const ptrdiff_t inner[], ptrdiff_t inner_count, ptrdiff_t bytes) {
    for (ptrdiff_t i = 0; i < outer_count; i++) {
        for (ptrdiff_t j = 0; j < inner_count; j++) {
            const char *run = data + outer[i] + inner[j];
            for (ptrdiff_t at = 0; at < bytes; at += LINE_BYTES) __builtin_prefetch(run + at, 0, 2);
        }
    }
}

static inline __attribute__((always_inline)) void fetch_block(const BatchChoices *choices,
                                                              const BatchJob *job) {
    const Table *rows = &choices->rows, *cols = &choices->cols, *depth = &choices->depth;
    ptrdiff_t bytes = job->lanes * choices->element;
    fetch_side(job->left, rows->offsets[0], rows->extent, depth->offsets[0], depth->extent, bytes);
    fetch_side(job->right, cols->offsets[0], cols->extent, depth->offsets[1], depth->extent, bytes);
    fetch_side(job->out, rows->offsets[1], rows->extent, cols->offsets[1], cols->extent, bytes);
}

/* All of the depth, for lanes that are near. */
static void multiply_lanes(const BatchChoices *choices, BatchJob *job) {
    const Table *depth = &choices->depth;
    for (ptrdiff_t first = 0; first < depth->extent; first += job->depth) {
        job->left_depth = depth->offsets[0] + first;
        job->right_depth = depth->offsets[1] + first;
        job->depth = smaller(depth->extent - first, CHAIN_STEPS);
        job->accumulate = first > 0;
        choices->kernel(job);
    }
}

static void multiply_block(const BatchChoices *choices, const BatchJob *block) {
    BatchJob job = *block;
    if (choices->is_far) fetch_block(choices, block);
    for (ptrdiff_t left = block->lanes; left > 0; left -= job.lanes) {
        job.lanes = left < 2 * choices->near_block ? left : choices->near_block;
        multiply_lanes(choices, &job);
        ptrdiff_t bytes = job.lanes * choices->element;
        job.left += bytes;
        job.right += bytes;
        job.out += bytes;
    }
}

static void batch_run(const StepPlan *step, char *const data[], const Task *task) {
    const BatchChoices *choices = step->choices;
    BatchJob job = {
        .rows = choices->rows.extent,
        .cols = choices->cols.extent,
        .left_rows = choices->rows.offsets[0],
        .out_rows = choices->rows.offsets[1],
        .right_cols = choices->cols.offsets[0],
        .out_cols = choices->cols.offsets[1],
    };
    Walk walk;
    ptrdiff_t count = units_begin(&choices->units, task, 3, data, &walk);
    ptrdiff_t last_block = block_count(choices) - 1;
    for (ptrdiff_t i = 0; i < count; i++, walk_next(&walk)) {
        bool is_last = units_at(&choices->units, &walk, 0) == last_block;
        job.left = walk.pointers[LEFT];
        job.right = walk.pointers[RIGHT];
        job.out = walk.pointers[OUT];
        job.lanes = is_last ? choices->lanes - last_block * choices->block : choices->block;
        multiply_block(choices, &job);
    }
}

const Strategy strategy_batch = {"batch", batch_cost, NULL, batch_prepare, batch_run};
