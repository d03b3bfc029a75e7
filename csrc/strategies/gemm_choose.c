/* How gemm does a product: which input plays which part, which tile, what is packed, and in which
 * blocks. The choice is the cheapest by a model of the cycles that tiles, packing and storing take.
 */
#include "strategies/gemm.h"

#include <math.h>

/* One way to do it. */
typedef struct Shape {
    const Tile *tile;
    int left; /* the input whose axes are the rows */
    bool is_packed[2];
    double seconds; /* estimate of the whole contraction */
} Shape;

/* What the estimates of all shapes with the same left input share. */
typedef struct Model {
    const KernelSet *kernels;
    const Groups *groups;
    double pack_cycles[2]; /* per element of an input, by Part */
    double store_cycles;   /* per element of the output */
    double line_cycles;    /* per vector that a direct tile loads from the right input */
    bool can_be_direct[2];
    int planes;
} Model;

/* ---- estimates ----------------------------------------------------------------------------------
 */

static const double CYCLE = 0.35e-9, CHAIN_CYCLES = 4, LOADS_PER_CYCLE = 2;

/* Per element packed: copied in runs, transposed in squares, gathered one by one. */
static const double PACK_RUN_CYCLES = 0.15, PACK_TURN_CYCLES = 0.5, PACK_GATHER_CYCLES = 1.5;
static const double PACK_EACH_RUN_CYCLES = 2, SHORT_RUN = 4;
static const double STORE_SCATTER_CYCLES = 1.5, STORE_VECTOR_CYCLES = 0.2, FAR_LINE_CYCLES = 2;
static const double TILE_CALL_CYCLES = 25, BATCH_ENTRY_CYCLES = 150, CALL_SECONDS = 0.4e-6;

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t at_least_one(ptrdiff_t a) {
    return a > 1 ? a : 1;
}

static ptrdiff_t blocks_of(ptrdiff_t extent, ptrdiff_t block) {
    return (extent + block - 1) / block;
}

static bool is_complex(DType dtype) {
    return dtype == DTYPE_C64 || dtype == DTYPE_C128;
}

/* Cycles of one step of the depth: bound by multiply-adds, by their latency or by loads. A direct
   tile also loads the offsets of its rows. */
static double tile_cycles(const Model *model, const Tile *tile, bool is_direct) {
    double vectors = (double)(tile->cols / model->kernels->vector_cols);
    double rows = tile->rows * model->planes;
    double loads = vectors + (is_direct ? 2 * rows + 4 : rows);
    double lines = is_direct ? vectors * model->line_cycles : 0;
    return fmax(fmax(rows * vectors / 2, CHAIN_CYCLES), loads / LOADS_PER_CYCLE) + 0.5 + lines;
}

/* The tile for what is left over where whole ones end. */
static const Tile *edge_tile(const KernelSet *kernels, const Tile *main, ptrdiff_t rows,
                             ptrdiff_t cols) {
    const Tile *best = main;
    for (int i = 0; i < kernels->tile_count; i++) {
        const Tile *tile = &kernels->tiles[i];
        bool is_enough = tile->rows >= rows && tile->cols >= cols;
        if (is_enough && tile->rows <= best->rows && tile->cols <= best->cols) best = tile;
    }
    return best;
}

/* All tiles of one batch entry: the whole ones, those at the edges, and the one in the corner. */
static double tiles_cycles(const Model *model, const Shape *shape) {
    const Groups *groups = model->groups;
    const Tile *tile = shape->tile;
    bool is_direct = !shape->is_packed[PART_LEFT] || !shape->is_packed[PART_RIGHT];
    ptrdiff_t rows = groups->rows.extent, cols = groups->cols.extent;
    ptrdiff_t edges[2] = {rows % tile->rows, cols % tile->cols};
    double cycles = 0;
    for (int i = 0; i < 4; i++) {
        bool row_edge = i / 2, col_edge = i % 2;
        ptrdiff_t row_count = row_edge ? edges[0] > 0 : rows / tile->rows;
        ptrdiff_t col_count = col_edge ? edges[1] > 0 : cols / tile->cols;
        if (row_count * col_count == 0) continue;
        const Tile *edge = i == 0
                               ? tile
                               : edge_tile(model->kernels, tile, row_edge ? edges[0] : tile->rows,
                                           col_edge ? edges[1] : tile->cols);
        double steps = (double)groups->sum.extent * tile_cycles(model, edge, is_direct);
        cycles += (double)(row_count * col_count) * (steps + TILE_CALL_CYCLES);
    }
    return cycles;
}

static double shape_seconds(const Model *model, const Shape *shape) {
    const Groups *groups = model->groups;
    double rows = (double)groups->rows.extent, cols = (double)groups->cols.extent;
    double depth = (double)groups->sum.extent;
    double cycles = tiles_cycles(model, shape) + BATCH_ENTRY_CYCLES;
    if (shape->is_packed[PART_LEFT]) cycles += rows * depth * model->pack_cycles[PART_LEFT];
    if (shape->is_packed[PART_RIGHT]) cycles += cols * depth * model->pack_cycles[PART_RIGHT];
    cycles += rows * cols * model->store_cycles;
    return CALL_SECONDS + (double)groups->batch.extent * cycles * CYCLE;
}

/* Whether an axis of a group has a stride of one element on a side. */
static bool has_unit_stride(const AxisGroup *group, int side, ptrdiff_t element) {
    for (int i = 0; i < group->count; i++) {
        if (group->axes[i]->strides[side] == element) return true;
    }
    return false;
}

/* How many neighbours along the innermost axis of a group follow each other in memory. */
static ptrdiff_t run_length(const AxisGroup *group, int side, ptrdiff_t element) {
    if (group->count == 0) return 1;
    const Axis *inner = group->axes[group->count - 1];
    return inner->strides[side] == element ? inner->extent : 1;
}

/* Lanes in runs take a load and a store for each vector, and some time for each run. */
static double pack_cycles(const AxisGroup *lanes, const AxisGroup *depth, int side,
                          ptrdiff_t element) {
    double run = (double)run_length(lanes, side, element);
    if (run >= SHORT_RUN) return PACK_RUN_CYCLES + PACK_EACH_RUN_CYCLES / run;
    return has_unit_stride(depth, side, element) ? PACK_TURN_CYCLES : PACK_GATHER_CYCLES;
}

/* Whether the vectors of a group, whose elements follow each other on a side, are whole ones. */
static bool has_vectors(const AxisGroup *group, int side, ptrdiff_t element, int lanes) {
    if (group->count == 0) return false;
    const Axis *inner = group->axes[group->count - 1];
    return inner->strides[side] == element && inner->extent >= lanes;
}

/* Steps of the depth that are a multiple of a page apart compete for the same lines of the cache,
   so that each panel of rows finds them further away. */
static double line_cycles(const Groups *groups, int right) {
    for (int i = 0; i < groups->sum.count; i++) {
        const Axis *axis = groups->sum.axes[i];
        if (axis->strides[right] % 2048 == 0 && axis->extent > 8) return FAR_LINE_CYCLES;
    }
    return 0;
}

static Model model_make(const Groups *groups, const Contraction *contraction, int left,
                        const KernelSet *kernels) {
    const DType *dtypes = contraction->dtypes;
    int right = 1 - left;
    ptrdiff_t elements[3];
    for (int side = 0; side < 3; side++) elements[side] = (ptrdiff_t)dtype_size(dtypes[side]);
    return (Model){
        .kernels = kernels,
        .groups = groups,
        .pack_cycles = {pack_cycles(&groups->rows, &groups->sum, left, elements[left]),
                        pack_cycles(&groups->cols, &groups->sum, right, elements[right])},
        .store_cycles = has_unit_stride(&groups->cols, 2, elements[2]) ? STORE_VECTOR_CYCLES
                                                                       : STORE_SCATTER_CYCLES,
        .line_cycles = line_cycles(groups, right),
        .can_be_direct = {!dtype_is_converted(dtypes[left]),
                          !dtype_is_converted(dtypes[right]) &&
                              has_vectors(&groups->cols, right, elements[right],
                                          kernels->vector_cols)},
        .planes = is_complex(contraction->arithmetic) ? 2 : 1,
    };
}

/* Whether a tile is worth a thought: none is that has rows or columns to spare where a smaller one
   would do, or that is much smaller than the problem allows. */
static bool is_candidate(const Model *model, const Tile *tile) {
    ptrdiff_t rows = model->groups->rows.extent, cols = model->groups->cols.extent;
    const Tile *largest = &model->kernels->tiles[0];
    if (tile->rows > rows && edge_tile(model->kernels, tile, rows, tile->cols) != tile)
        return false;
    if (tile->cols > cols && edge_tile(model->kernels, tile, tile->rows, cols) != tile)
        return false;
    bool is_small = 3 * tile->rows * tile->cols < largest->rows * largest->cols;
    return !is_small || tile->rows >= rows || tile->cols >= cols;
}

/* The cheapest one with this left input, if it is cheaper than the best so far: first the tile,
   then what is packed. */
static void shape_improve(Shape *best, const Model *model, int left) {
    Shape shape = {.left = left, .is_packed = {true, true}, .seconds = INFINITY};
    for (int i = 0; i < model->kernels->tile_count; i++) {
        Shape other = {&model->kernels->tiles[i], left, {true, true}, 0};
        if (!is_candidate(model, other.tile)) continue;
        other.seconds = shape_seconds(model, &other);
        if (other.seconds < shape.seconds) shape = other;
    }
    for (int way = 0; way < 4; way++) {
        Shape other = {shape.tile, left, {way / 2 == 0, way % 2 == 0}, 0};
        bool is_possible = true;
        for (int part = 0; part < 2; part++) {
            is_possible &= other.is_packed[part] || model->can_be_direct[part];
        }
        if (is_possible) other.seconds = shape_seconds(model, &other);
        if (is_possible && other.seconds < shape.seconds) shape = other;
    }
    if (shape.seconds < best->seconds) *best = shape;
}

static Shape shape_choose(const Contraction *contraction, const KernelSet *kernels) {
    Shape best = {.seconds = INFINITY};
    for (int left = 0; left < 2; left++) {
        Groups groups;
        groups_make(&groups, contraction, left);
        Model model = model_make(&groups, contraction, left, kernels);
        shape_improve(&best, &model, left);
    }
    return best;
}

static bool is_applicable(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count != 2 || contraction->kept_count == contraction->axis_count) {
        return false;
    }
    return kernels_for(contraction->arithmetic, machine->isa) != NULL;
}

double gemm_cost(const Contraction *contraction, const Machine *machine) {
    if (!is_applicable(contraction, machine)) return INFINITY;
    return shape_choose(contraction, kernels_for(contraction->arithmetic, machine->isa)).seconds;
}

/* ---- blocks and tasks ---------------------------------------------------------------------------
 */

/* Multiply-adds: what a task and a chunk should have at least, and what makes an entry of the batch
   large. */
static const double TASK_PRODUCTS = 1e6, CHUNK_PRODUCTS = 0.25e6, LARGE_PRODUCTS = 1e6;

enum { MOST_CHUNKS = 16, MANY_ENTRIES = 16, LEAST_BLOCK = 256, WHOLE_TABLES = 4096 };

static ptrdiff_t round_up(ptrdiff_t extent, ptrdiff_t step) {
    return (extent + step - 1) / step * step;
}

/* The fewest equal blocks of at most `most` positions, as a multiple of step; one chunk each. */
static Cut cut_make(ptrdiff_t extent, ptrdiff_t most, ptrdiff_t step) {
    ptrdiff_t blocks = at_least_one(blocks_of(extent, at_least_one(most)));
    ptrdiff_t block = round_up(at_least_one(blocks_of(extent, blocks)), step);
    return (Cut){extent, block, at_least_one(blocks_of(extent, block)), block, 1};
}

/* A panel of columns is as large as L1, through which the rows pass beside it. A block of the
   output and the panels of its rows and columns are as large as some caches of the second level, as
   each block reads its part of the inputs again: with s rows and columns, a depth d and room for n
   elements, s * s + 2 * s * d = n. Smaller blocks were slower wherever they were measured. */
static void choose_blocks(GemmChoices *choices, const Machine *machine) {
    const Tile *tile = choices->tiles[0][0];
    const Groups *groups = &choices->groups;
    ptrdiff_t l1 = (ptrdiff_t)machine->l1_bytes / choices->elements[3];
    double l2 =
        (double)machine->l2_bytes * (choices->is_half ? 1 : 5) / (double)choices->elements[3];
    choices->cuts[PART_DEPTH] = cut_make(groups->sum.extent, l1 / tile->cols, 1);
    double depth = (double)choices->cuts[PART_DEPTH].block;
    double side = fmax(sqrt(depth * depth + l2) - depth, LEAST_BLOCK);
    double rows = fmin((double)groups->rows.extent, side);
    double cols =
        fmin((double)groups->cols.extent, fmax((l2 - rows * depth) / (rows + depth), side));
    if (cols < side) rows = fmax((l2 - cols * depth) / (cols + depth), side);
    choices->cuts[PART_LEFT] = cut_make(groups->rows.extent, (ptrdiff_t)rows, tile->rows);
    choices->cuts[PART_RIGHT] = cut_make(groups->cols.extent, (ptrdiff_t)cols, tile->cols);
}

/* As many equal chunks as wanted, or as there are panels. */
static void cut_chunks(Cut *cut, ptrdiff_t wanted, ptrdiff_t width) {
    ptrdiff_t panels = blocks_of(cut->block, width);
    cut->chunk = blocks_of(panels, at_least_one(smaller(wanted, panels))) * width;
    cut->chunks = blocks_of(cut->block, cut->chunk);
}

/* Large products are shared out chunk by chunk; of small ones a task does several, or at least one
   with all its depth. */
static void choose_tasks(GemmChoices *choices, StepPlan *step) {
    Cut *rows = &choices->cuts[PART_LEFT], *cols = &choices->cuts[PART_RIGHT];
    const Cut *depth = &choices->cuts[PART_DEPTH];
    ptrdiff_t entries = choices->groups.batch.extent;
    double entry = (double)rows->extent * (double)cols->extent * (double)depth->extent;
    double unit = (double)rows->block * (double)cols->block * (double)depth->block;
    choices->units = entries * rows->blocks * cols->blocks * depth->blocks;
    choices->is_phased = entry >= LARGE_PRODUCTS && entries < MANY_ENTRIES;
    ptrdiff_t group = entry < TASK_PRODUCTS ? (ptrdiff_t)(TASK_PRODUCTS / entry) + 1 : 1;
    choices->units_per_task = group * rows->blocks * cols->blocks * depth->blocks;
    step->phases = phases_single(blocks_of(choices->units, choices->units_per_task));
    if (!choices->is_phased) return;
    ptrdiff_t wanted = smaller((ptrdiff_t)(unit / CHUNK_PRODUCTS), MOST_CHUNKS);
    cut_chunks(rows, wanted, 2 * choices->edge_width[PART_LEFT][0]);
    cut_chunks(cols, blocks_of(wanted, rows->chunks), choices->edge_width[PART_RIGHT][0]);
    ptrdiff_t chunks = rows->chunks * cols->chunks;
    step->phases = (Phases){choices->units, {chunks, chunks}};
}

static size_t aligned(ptrdiff_t bytes) {
    return ((size_t)bytes + 63) / 64 * 64;
}

/* The stamps come first: what a task finds there must be a stamp or zero. */
static void choose_layout(GemmChoices *choices) {
    const ptrdiff_t word = (ptrdiff_t)sizeof(ptrdiff_t);
    GemmLayout *layout = &choices->layout;
    size_t at = 0;
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        layout->stamps[part] = at;
        at += aligned(blocks_of(choices->cuts[part].block, choices->edge_width[part][0]) * word);
    }
    layout->stamp_bytes = at;
    for (int i = 0; i < 6; i++) {
        layout->tables[i / 2][i % 2] = at;
        if (choices->offsets[i / 2][i % 2]) continue;
        at += aligned((choices->cuts[i / 2].block + TILE_MAX_ROWS) * word);
    }
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        layout->panels[part] = at;
        /* a direct right input is packed where its vectors are not whole */
        if (!choices->sides[part].is_packed && part == PART_LEFT) continue;
        at += aligned(choices->cuts[part].block * choices->cuts[PART_DEPTH].block *
                      choices->elements[3]);
    }
    layout->halves = layout->sums = layout->bytes = at;
}

/* Memory for what is not computed as it is stored. */
static void choose_half_layout(GemmChoices *choices, StepPlan *step) {
    const Cut *rows = &choices->cuts[PART_LEFT], *cols = &choices->cuts[PART_RIGHT];
    GemmLayout *layout = &choices->layout;
    bool has_halves = choices->is_half;
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        has_halves |= choices->sides[part].is_half;
    }
    if (!has_halves) return;
    ptrdiff_t panel = TILE_MAX_COLS * choices->cuts[PART_DEPTH].block;
    ptrdiff_t most = panel > cols->block ? panel : cols->block;
    layout->sums += aligned(most * (ptrdiff_t)sizeof(half_bits));
    layout->bytes = layout->sums;
    size_t sums = aligned(rows->block * cols->block * choices->elements[3]);
    if (choices->is_half && choices->is_phased) step->shared_bytes = sums;
    if (choices->is_half && !choices->is_phased) layout->bytes += sums;
}

/* ---- prepare ------------------------------------------------------------------------------------
 */

static void choose_tiles(GemmChoices *choices, const Tile *tile) {
    ptrdiff_t rows = choices->groups.rows.extent % tile->rows;
    ptrdiff_t cols = choices->groups.cols.extent % tile->cols;
    for (int i = 0; i < 4; i++) {
        choices->tiles[i / 2][i % 2] =
            edge_tile(choices->kernels, tile, i / 2 ? rows : tile->rows, i % 2 ? cols : tile->cols);
    }
    for (int edge = 0; edge < 2; edge++) {
        choices->edge_width[PART_LEFT][edge] = choices->tiles[edge][0]->rows;
        choices->edge_width[PART_RIGHT][edge] = choices->tiles[0][edge]->cols;
    }
}

/* count multiples of step. */
static ptrdiff_t *even_offsets(Arena *arena, ptrdiff_t count, ptrdiff_t step) {
    ptrdiff_t *offsets = arena_take(arena, (size_t)count, sizeof *offsets);
    for (ptrdiff_t i = 0; offsets && i < count; i++) offsets[i] = i * step;
    return offsets;
}

/* What direct tiles need to read panels. */
static bool choose_even_offsets(GemmChoices *choices, Part part, Arena *arena) {
    Side *side = &choices->sides[part];
    ptrdiff_t lane = choices->elements[3];
    if (part == PART_RIGHT) lane *= choices->kernels->vector_cols;
    side->even_lanes = even_offsets(arena, TILE_MAX_ROWS, lane);
    for (int edge = 0; edge < 2; edge++) {
        ptrdiff_t width = choices->edge_width[part][edge];
        side->even_depth[edge] =
            even_offsets(arena, choices->cuts[PART_DEPTH].block, width * choices->elements[3]);
    }
    return side->even_lanes && side->even_depth[0] && side->even_depth[1];
}

/* Small tables are made once and for all. */
static bool choose_offsets(GemmChoices *choices, Arena *arena) {
    ptrdiff_t count = 0;
    for (Part part = PART_LEFT; part <= PART_DEPTH; part++) count += choices->cuts[part].extent;
    for (int i = 0; i < 6 && count <= WHOLE_TABLES; i++) {
        Part part = (Part)(i / 2);
        if (choices->is_half && part != PART_DEPTH && i % 2) continue; /* sums lie elsewhere */
        ptrdiff_t extent = choices->cuts[part].extent;
        ptrdiff_t *offsets = arena_take(arena, (size_t)(extent + TILE_MAX_ROWS), sizeof *offsets);
        if (!offsets) return false;
        group_offsets(gemm_axes(choices, part), gemm_side(choices, part, i % 2), 0, extent,
                      offsets);
        for (int j = 0; j < TILE_MAX_ROWS; j++) offsets[extent + j] = offsets[extent - 1];
        choices->offsets[part][i % 2] = offsets;
    }
    return true;
}

static Side choose_side(const GemmChoices *choices, const Shape *shape, Part part) {
    int input = part == PART_LEFT ? shape->left : 1 - shape->left;
    ptrdiff_t element = choices->elements[input];
    return (Side){
        .input = input,
        .is_packed = shape->is_packed[part],
        .has_long_runs = run_length(gemm_axes(choices, part), input, element) >=
                         2 * choices->edge_width[part][0],
        .is_half = element != choices->elements[3],
        .pack = element == choices->elements[3] ? choices->kernels->pack : choices->halves->pack,
    };
}

/* What is left once the shape is chosen. False: out of memory. */
static bool choose_all(GemmChoices *choices, const Shape *shape, const Machine *machine,
                       Arena *arena) {
    choose_tiles(choices, shape->tile);
    choose_blocks(choices, machine);
    choices->is_direct = !shape->is_packed[PART_LEFT] || !shape->is_packed[PART_RIGHT];
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        choices->sides[part] = choose_side(choices, shape, part);
        if (choices->is_direct && !choose_even_offsets(choices, part, arena)) return false;
    }
    return choose_offsets(choices, arena);
}

Status gemm_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                    StepPlan *step, Error *error) {
    GemmChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    choices->kernels = kernels_for(contraction->arithmetic, machine->isa);
    Shape shape = shape_choose(contraction, choices->kernels);
    groups_make(&choices->groups, contraction, shape.left);
    choices->halves = half_kernels_for(machine->isa);
    choices->elements[3] = (ptrdiff_t)dtype_size(contraction->arithmetic);
    for (int side = 0; side < 3; side++) {
        choices->elements[side] = (ptrdiff_t)dtype_size(contraction->dtypes[side]);
    }
    choices->is_half = choices->elements[2] != choices->elements[3];
    for (int i = 0; i < 6; i++) choices->offsets[i / 2][i % 2] = NULL;
    if (!choose_all(choices, &shape, machine, arena)) return error_memory(error);
    choose_tasks(choices, step);
    choose_layout(choices);
    choose_half_layout(choices, step);
    step->choices = choices;
    step->scratch_bytes = choices->layout.bytes;
    step->cleared_bytes = choices->layout.stamp_bytes;
    return STATUS_OK;
}
