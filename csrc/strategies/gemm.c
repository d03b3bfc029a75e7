/* Products of matrices in whatever shape they come. Each input is read through two tables of
 * offsets, one along its own axes and one along the summed axes, and packed by blocks into panels;
 * a register tile walks the panels. Offsets describe any strided view, so that windows, transposes
 * and reversed axes need no case of their own.
 *
 *     for each block of columns             (packed right: L3, or L2 if it fits)
 *       for each block of the depth         (one panel of it: L1)
 *         for each block of rows            (packed left: L2)
 *           for each panel of columns, for each panel of rows: tile
 */
#include "kernels/kernels.h"
#include "strategies/groups.h"
#include "strategies/strategy.h"

#include <math.h>

/* How the work is cut and who plays which part. */
typedef struct Shape {
    const Tile *tile;
    int left; /* the input whose axes are the rows; the other one's elements fill the vectors */
    double seconds; /* estimate of the whole contraction */
} Shape;

/* Where things lie in the scratch of a task, in bytes. */
typedef struct Layout {
    size_t tables[3][2]; /* of rows, columns, depth: the offsets of either side that has them */
    size_t left_panels, right_panels;
    size_t bytes;
} Layout;

/* How an input is packed. */
typedef struct Side {
    int input;
    int width;            /* lanes of a panel */
    ptrdiff_t pack_depth; /* steps of the depth packed at a time */
} Side;

typedef struct GemmChoices {
    const Tile *tile;
    PackKernel *pack;
    int left, right;
    Side left_side, right_side;
    Groups groups;
    ptrdiff_t panel_element;                     /* bytes of an element in a panel */
    ptrdiff_t row_block, col_block, depth_block; /* extents of the packed blocks */
    ptrdiff_t rows_per_task, batch_per_task;     /* columns: one block each */
    ptrdiff_t row_tasks, col_tasks;              /* tasks of one batch entry */
    Layout layout;
} GemmChoices;

/* ---- estimates ----------------------------------------------------------------------------------
 */

static const double CYCLE = 0.35e-9, LOAD_CYCLES = 0.15;

/* Per element of a panel: copied in runs, gathered one by one. */
static const double PACK_RUN_CYCLES = 0.4, PACK_GATHER_CYCLES = 1.5;
static const double STORE_SCATTER_CYCLES = 1.5, STORE_VECTOR_CYCLES = 0.2;
static const double TILE_CALL_CYCLES = 25, BATCH_ENTRY_CYCLES = 150, CALL_SECONDS = 0.4e-6;

static double blocks_of(ptrdiff_t extent, ptrdiff_t block) {
    return (double)((extent + block - 1) / block);
}

static bool is_complex(DType dtype) {
    return dtype == DTYPE_C64 || dtype == DTYPE_C128;
}

/* Cycles of one step of the depth: bound by multiply-adds or by their latency, and slowed down a
   little by every load. */
static double tile_cycles(const Tile *tile, const KernelSet *kernels, int planes) {
    double lanes = kernels->flops_per_cycle / 4.0;
    double vectors = tile->cols / lanes, rows = tile->rows;
    double products = rows * vectors * planes * planes / 2;
    return fmax(products, 4) + LOAD_CYCLES * (rows + vectors) * planes;
}

/* Whether the innermost axis of a group has a stride of one element on a side. */
static bool has_unit_stride(const AxisGroup *group, int side, ptrdiff_t element) {
    for (int i = 0; i < group->count; i++) {
        if (group->axes[i]->strides[side] == element) return true;
    }
    return false;
}

static double pack_cycles(const AxisGroup *lanes, int side, ptrdiff_t element) {
    return has_unit_stride(lanes, side, element) ? PACK_RUN_CYCLES : PACK_GATHER_CYCLES;
}

static double shape_seconds(const Groups *groups, const Contraction *contraction, int left,
                            const Tile *tile, const KernelSet *kernels) {
    ptrdiff_t element = (ptrdiff_t)dtype_size(contraction->arithmetic);
    double rows = (double)groups->rows.extent, cols = (double)groups->cols.extent;
    double depth = (double)groups->sum.extent;
    double tiles =
        blocks_of(groups->rows.extent, tile->rows) * blocks_of(groups->cols.extent, tile->cols);
    double step = tile_cycles(tile, kernels, is_complex(contraction->arithmetic) ? 2 : 1);
    double cycles = tiles * (depth * step + TILE_CALL_CYCLES) + BATCH_ENTRY_CYCLES;
    cycles += rows * depth * pack_cycles(&groups->rows, left, element);
    cycles += cols * depth * pack_cycles(&groups->cols, 1 - left, element);
    bool is_vector_store = has_unit_stride(&groups->cols, 2, element);
    cycles += rows * cols * (is_vector_store ? STORE_VECTOR_CYCLES : STORE_SCATTER_CYCLES);
    return CALL_SECONDS + (double)groups->batch.extent * cycles * CYCLE;
}

/* The cheapest tile and distribution of parts. */
static Shape shape_choose(const Contraction *contraction, const KernelSet *kernels) {
    Shape best = {.seconds = INFINITY};
    for (int left = 0; left < 2; left++) {
        Groups groups;
        groups_make(&groups, contraction, left);
        for (int i = 0; i < kernels->tile_count; i++) {
            const Tile *tile = &kernels->tiles[i];
            double seconds = shape_seconds(&groups, contraction, left, tile, kernels);
            if (seconds < best.seconds) best = (Shape){tile, left, seconds};
        }
    }
    return best;
}

static bool is_applicable(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count != 2 || contraction->kept_count == contraction->axis_count) {
        return false;
    }
    for (int side = 0; side < 3; side++) {
        if (dtype_is_converted(contraction->dtypes[side])) return false;
    }
    return kernels_for(contraction->arithmetic, machine->isa) != NULL;
}

static double cost(const Contraction *contraction, const Machine *machine) {
    if (!is_applicable(contraction, machine)) return INFINITY;
    return shape_choose(contraction, kernels_for(contraction->arithmetic, machine->isa)).seconds;
}

enum { PACK_STEPS = 16 };

/* ---- prepare ------------------------------------------------------------------------------------
 */

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t at_least_one(ptrdiff_t a) {
    return a > 1 ? a : 1;
}

static ptrdiff_t round_up(ptrdiff_t extent, ptrdiff_t step) {
    return (extent + step - 1) / step * step;
}

/* The fewest equal blocks of at most `most` positions, as a multiple of step. */
static ptrdiff_t even_block(ptrdiff_t extent, ptrdiff_t most, ptrdiff_t step) {
    ptrdiff_t blocks = at_least_one((extent + most - 1) / most);
    return round_up(at_least_one((extent + blocks - 1) / blocks), step);
}

/* A panel of columns stays in L1 while the rows pass, a block of rows in L2 while the columns do.
 */
static void choose_blocks(GemmChoices *choices, const Machine *machine) {
    const Tile *tile = choices->tile;
    const Groups *groups = &choices->groups;
    ptrdiff_t element = choices->panel_element;
    ptrdiff_t l1 = (ptrdiff_t)machine->l1_bytes, l2 = (ptrdiff_t)machine->l2_bytes;
    ptrdiff_t depth = at_least_one(l1 * 3 / 4 / (tile->cols * element)) + 31;
    choices->depth_block = even_block(groups->sum.extent, depth, 1);
    ptrdiff_t depth_bytes = choices->depth_block * element;
    ptrdiff_t rows = round_up(at_least_one(smaller(l2 / 4, 1 << 20) / depth_bytes), tile->rows);
    ptrdiff_t cols = round_up(at_least_one((2 << 20) / depth_bytes), tile->cols);
    choices->row_block = even_block(groups->rows.extent, rows, tile->rows);
    choices->col_block = even_block(groups->cols.extent, cols, tile->cols);
}

/* Lanes that follow each other are packed by few steps of the depth, others by all of them. */
static Side choose_side(const GemmChoices *choices, const AxisGroup *lanes, int input, int width) {
    bool runs = has_unit_stride(lanes, input, choices->panel_element);
    return (Side){input, width, runs ? PACK_STEPS : choices->depth_block};
}

/* Tasks of some million multiply-adds: several blocks of rows, or several batch entries. */
static void choose_tasks(GemmChoices *choices, StepPlan *step) {
    const Groups *groups = &choices->groups;
    choices->rows_per_task = 2 * choices->row_block;
    choices->row_tasks = (ptrdiff_t)blocks_of(groups->rows.extent, choices->rows_per_task);
    choices->col_tasks = (ptrdiff_t)blocks_of(groups->cols.extent, choices->col_block);
    double entry =
        (double)groups->rows.extent * (double)groups->cols.extent * (double)groups->sum.extent;
    choices->batch_per_task = entry < 1e6 ? (ptrdiff_t)(1e6 / entry) + 1 : 1;
    ptrdiff_t batch_tasks = (ptrdiff_t)blocks_of(groups->batch.extent, choices->batch_per_task);
    step->phases = phases_single(batch_tasks * choices->row_tasks * choices->col_tasks);
}

static size_t aligned(ptrdiff_t bytes) {
    return ((size_t)bytes + 63) / 64 * 64;
}

static void choose_layout(GemmChoices *choices) {
    Layout *layout = &choices->layout;
    ptrdiff_t extents[3] = {choices->row_block, choices->col_block, choices->depth_block};
    ptrdiff_t depth_bytes = choices->depth_block * choices->panel_element;
    size_t at = 0;
    for (int i = 0; i < 6; i++) {
        layout->tables[i / 2][i % 2] = at;
        at += aligned(extents[i / 2] * (ptrdiff_t)sizeof(ptrdiff_t));
    }
    layout->left_panels = at;
    layout->right_panels = at + aligned(choices->row_block * depth_bytes);
    layout->bytes = layout->right_panels + aligned(choices->col_block * depth_bytes);
}

static Status prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                      StepPlan *step, Error *error) {
    GemmChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    Shape shape = shape_choose(contraction, kernels);
    groups_make(&choices->groups, contraction, shape.left);
    choices->tile = shape.tile;
    choices->pack = kernels->pack;
    choices->left = shape.left;
    choices->right = 1 - shape.left;
    choices->panel_element = (ptrdiff_t)dtype_size(contraction->arithmetic);
    choose_blocks(choices, machine);
    choices->left_side = choose_side(choices, &choices->groups.rows, shape.left, shape.tile->rows);
    choices->right_side =
        choose_side(choices, &choices->groups.cols, 1 - shape.left, shape.tile->cols);
    choose_tasks(choices, step);
    choose_layout(choices);
    step->choices = choices;
    step->scratch_bytes = choices->layout.bytes;
    return STATUS_OK;
}

/* ---- run ----------------------------------------------------------------------------------------
 */

/* The offsets of some positions of a group on the two sides that have it. */
typedef struct Table {
    const AxisGroup *group;
    int sides[2];
    ptrdiff_t first, count; /* described now; the same ones are not worked out again */
    ptrdiff_t *offsets[2];
} Table;

/* One running task. */
typedef struct GemmRun {
    const GemmChoices *choices;
    char *data[3];           /* of the current batch entry */
    Table rows, cols, depth; /* left and output; right and output; left and right */
    char *left_panels, *right_panels;
} GemmRun;

static Table table_begin(const AxisGroup *group, int side, int other_side, char *scratch,
                         const size_t layout[2]) {
    return (Table){.group = group,
                   .sides = {side, other_side},
                   .first = -1,
                   .offsets = {(ptrdiff_t *)(void *)(scratch + layout[0]),
                               (ptrdiff_t *)(void *)(scratch + layout[1])}};
}

static GemmRun run_begin(const GemmChoices *choices, char *scratch) {
    const Layout *layout = &choices->layout;
    const Groups *groups = &choices->groups;
    int left = choices->left, right = choices->right;
    return (GemmRun){
        .choices = choices,
        .rows = table_begin(&groups->rows, left, 2, scratch, layout->tables[0]),
        .cols = table_begin(&groups->cols, right, 2, scratch, layout->tables[1]),
        .depth = table_begin(&groups->sum, left, right, scratch, layout->tables[2]),
        .left_panels = scratch + layout->left_panels,
        .right_panels = scratch + layout->right_panels,
    };
}

/* Describes up to `block` positions from first on, but none from end on. */
static void table_move(Table *table, ptrdiff_t first, ptrdiff_t block, ptrdiff_t end) {
    ptrdiff_t count = smaller(block, end - first);
    if (table->first == first && table->count == count) return;
    table->first = first;
    table->count = count;
    for (int i = 0; i < 2; i++) {
        group_offsets(table->group, table->sides[i], first, count, table->offsets[i]);
    }
}

/* Packs all lanes (rows or columns) of an input for the current depth: a few steps of the depth for
   all panels, then the next ones, so that lanes which follow each other are read in long runs. */
static void pack_panels(const GemmRun *run, const Table *lanes, const Side *side, char *panels) {
    const ptrdiff_t *depth_offsets = run->depth.offsets[side->input == run->choices->right];
    ptrdiff_t step_bytes = side->width * run->choices->panel_element;
    PackJob job = {.source = run->data[side->input], .width = side->width};
    for (ptrdiff_t k = 0; k < run->depth.count; k += side->pack_depth) {
        job.depth_offsets = depth_offsets + k;
        job.depth = smaller(side->pack_depth, run->depth.count - k);
        char *panel = panels + k * step_bytes;
        for (ptrdiff_t first = 0; first < lanes->count; first += side->width) {
            job.lane_offsets = lanes->offsets[0] + first;
            job.lanes = (int)smaller(side->width, lanes->count - first);
            job.panel = panel;
            run->choices->pack(&job);
            panel += run->depth.count * step_bytes;
        }
    }
}

static bool is_adjacent(const ptrdiff_t offsets[], int count, ptrdiff_t element) {
    for (int i = 1; i < count; i++) {
        if (offsets[i] - offsets[i - 1] != element) return false;
    }
    return true;
}

/* All tiles of the packed blocks. */
static void multiply_panels(const GemmRun *run, bool accumulate) {
    const GemmChoices *choices = run->choices;
    const Tile *tile = choices->tile;
    ptrdiff_t panel_row = run->depth.count * choices->panel_element;
    TileJob job = {.depth = run->depth.count, .out = run->data[2], .accumulate = accumulate};
    for (ptrdiff_t col = 0; col < run->cols.count; col += tile->cols) {
        job.cols = (int)smaller(tile->cols, run->cols.count - col);
        job.right = run->right_panels + col * panel_row;
        job.col_offsets = run->cols.offsets[1] + col;
        job.has_adjacent_cols = job.cols == tile->cols &&
                                is_adjacent(job.col_offsets, job.cols, choices->panel_element);
        for (ptrdiff_t row = 0; row < run->rows.count; row += tile->rows) {
            job.rows = (int)smaller(tile->rows, run->rows.count - row);
            job.left = run->left_panels + row * panel_row;
            job.row_offsets = run->rows.offsets[1] + row;
            tile->run(&job);
        }
    }
}

/* Rows first .. end of the block of columns from col on, for the current batch entry. */
static void multiply_block(GemmRun *run, ptrdiff_t first, ptrdiff_t end, ptrdiff_t col) {
    const GemmChoices *choices = run->choices;
    const Groups *groups = &choices->groups;
    table_move(&run->cols, col, choices->col_block, groups->cols.extent);
    for (ptrdiff_t depth = 0; depth < groups->sum.extent; depth += choices->depth_block) {
        table_move(&run->depth, depth, choices->depth_block, groups->sum.extent);
        pack_panels(run, &run->cols, &choices->right_side, run->right_panels);
        for (ptrdiff_t row = first; row < end; row += choices->row_block) {
            table_move(&run->rows, row, choices->row_block, end);
            pack_panels(run, &run->rows, &choices->left_side, run->left_panels);
            multiply_panels(run, depth > 0);
        }
    }
}

static void run(const StepPlan *step, char *const data[], const Task *task) {
    const GemmChoices *choices = step->choices;
    const Groups *groups = &choices->groups;
    GemmRun state = run_begin(choices, task->scratch);
    ptrdiff_t col = task->number % choices->col_tasks * choices->col_block;
    ptrdiff_t rest = task->number / choices->col_tasks;
    ptrdiff_t row = rest % choices->row_tasks * choices->rows_per_task;
    ptrdiff_t row_end = smaller(row + choices->rows_per_task, groups->rows.extent);
    ptrdiff_t entry = rest / choices->row_tasks * choices->batch_per_task;
    ptrdiff_t entry_end = smaller(entry + choices->batch_per_task, groups->batch.extent);
    for (; entry < entry_end; entry++) {
        for (int side = 0; side < 3; side++) {
            state.data[side] = data[side] + group_offset(&groups->batch, side, entry);
        }
        multiply_block(&state, row, row_end, col);
    }
}

const Strategy strategy_gemm = {"gemm", cost, prepare, run};
