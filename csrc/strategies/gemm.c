/* Products of matrices in whatever shape they come. Each input is read through two tables of
 * offsets, one along its own axes and one along the summed axes; a register tile walks them direct,
 * or walks panels into which they are packed by blocks. Offsets describe any strided view, so that
 * windows, transposes and reversed axes need no case of their own.
 *
 *     for each block of rows and columns
 *       for each block of the depth         (packed columns: L2)
 *         for each chunk of rows            (packed rows: beside them)
 *           for each panel of columns       (L1)
 *             for each panel of rows: tile
 *
 * A panel is packed when a tile needs it and it does not bear the stamp of the current unit, or of
 * the chunk of rows: so each thread packs what its tasks need, once. gemm_choose.c decides about
 * all sizes. */
#include "strategies/gemm.h"

#include "base/extents.h"

#include <string.h>

/* The offsets of some positions of a group on the two sides that have it. */
typedef struct Table {
    ptrdiff_t first, count;
    const ptrdiff_t *offsets[2];
} Table;

/* Where a tile finds its rows, or its columns. */
typedef struct Panel {
    const char *data;
    const ptrdiff_t *lanes, *depth; /* for direct tiles */
} Panel;

/* Which blocks a unit is made of. */
typedef struct Unit {
    ptrdiff_t number, entry, blocks[3];
} Unit;

enum { PACK_STEPS = 16 };

/* One running task. */
typedef struct GemmRun {
    const GemmChoices *choices;
    char *const *data;
    char *scratch;
    Unit unit;
    char *base[3];        /* of the current batch entry */
    Table tables[3];      /* by Part */
    char *sums;           /* of a block of an output to be converted, row by row */
    ptrdiff_t vectors[4]; /* offsets of those of a direct panel */
} GemmRun;

static ptrdiff_t *table_memory(const GemmRun *run, Part part, int which) {
    return (ptrdiff_t *)(void *)(run->scratch + run->choices->layout.tables[part][which]);
}

/* Where rows or columns are in the sums of the block. */
static const ptrdiff_t *sums_offsets(const GemmRun *run, Part part, ptrdiff_t first,
                                     ptrdiff_t count) {
    const GemmChoices *choices = run->choices;
    ptrdiff_t step = choices->elements[3];
    if (part == PART_LEFT) step *= choices->cuts[PART_RIGHT].block;
    ptrdiff_t start = first - run->unit.blocks[part] * choices->cuts[part].block;
    ptrdiff_t *offsets = table_memory(run, part, 1);
    for (ptrdiff_t i = 0; i < count; i++) offsets[i] = (start + i) * step;
    return offsets;
}

/* Describes `count` positions from first on. Behind them the last one is repeated, for the tile at
   the edge. */
static void table_move(GemmRun *run, Part part, ptrdiff_t first, ptrdiff_t count) {
    const GemmChoices *choices = run->choices;
    Table *table = &run->tables[part];
    if (table->first == first && table->count == count) return;
    *table = (Table){.first = first, .count = count};
    for (int i = 0; i < 2; i++) {
        if (i == 1 && part != PART_DEPTH && choices->narrowing.kernel) {
            table->offsets[i] = sums_offsets(run, part, first, count);
            continue;
        }
        if (choices->offsets[part][i]) {
            table->offsets[i] = choices->offsets[part][i] + first;
            continue;
        }
        ptrdiff_t *offsets = table_memory(run, part, i);
        group_offsets(gemm_axes(choices, part), gemm_side(choices, part, i), first, count, offsets);
        for (int j = 0; j < TILE_MAX_ROWS; j++) offsets[count + j] = offsets[count - 1];
        table->offsets[i] = offsets;
    }
}

/* ---- panels -------------------------------------------------------------- */

static bool is_adjacent(const ptrdiff_t offsets[], int count, ptrdiff_t element) {
    for (int i = 1; i < count; i++) {
        if (offsets[i] - offsets[i - 1] != element) return false;
    }
    return true;
}

/* Whether the columns of a direct panel are all there, as vectors of elements that follow each
   other; notes where these are. */
static bool has_vectors(GemmRun *run, ptrdiff_t at, int width) {
    const GemmChoices *choices = run->choices;
    const Table *cols = &run->tables[PART_RIGHT];
    int lanes = choices->kernels->vector_cols;
    if (at + width > cols->count) return false;
    for (int v = 0; v * lanes < width; v++) {
        const ptrdiff_t *offsets = cols->offsets[0] + at + v * lanes;
        if (!is_adjacent(offsets, lanes, choices->elements[3])) return false;
        run->vectors[v] = offsets[0];
    }
    return true;
}

/* The first of the lanes of which panels are kept: all columns of a block, all rows of a chunk. */
static ptrdiff_t kept_from(const GemmRun *run, Part part) {
    if (part == PART_LEFT) return run->tables[part].first;
    return run->unit.blocks[part] * run->choices->cuts[part].block;
}

/* Where a position of the chunk is among them. */
static ptrdiff_t kept_position(const GemmRun *run, Part part, ptrdiff_t at) {
    return run->tables[part].first + at - kept_from(run, part);
}

/* The panel that begins there. */
static char *panel_of(const GemmRun *run, Part part, ptrdiff_t at) {
    const GemmChoices *choices = run->choices;
    ptrdiff_t lane_bytes = run->tables[PART_DEPTH].count * choices->elements[3];
    return run->scratch + choices->layout.panels[part] + kept_position(run, part, at) * lane_bytes;
}

/* Packs `depth` steps from k on of the lanes from position `at` of the chunk on. */
static void panel_pack(const GemmRun *run, Part part, ptrdiff_t at, ptrdiff_t k, ptrdiff_t depth) {
    const GemmChoices *choices = run->choices;
    const Table *lanes = &run->tables[part], *steps = &run->tables[PART_DEPTH];
    ptrdiff_t count = lanes->count - at;
    bool is_edge = count < choices->edge_width[part][0];
    int width = choices->edge_width[part][is_edge];
    const Side *side = &choices->sides[part];
    char *panel = panel_of(run, part, at) + k * width * choices->elements[3];
    char *stored = run->scratch + choices->layout.stored;
    side->pack(&(PackJob){
        .source = run->base[side->input],
        .lane_offsets = lanes->offsets[0] + at,
        .depth_offsets = steps->offsets[part] + k,
        .depth = depth,
        .lanes = (int)smaller(width, count),
        .width = width,
        .panel = side->convert ? stored : panel,
    });
    if (side->convert) side->convert(stored, panel, depth * width);
}

/* Packs the lanes from position `at` on, unless that was done before. Lanes in long
   runs are packed all at once, by few steps of the depth, so that memory is read in long runs;
   others panel by panel. */
static void panels_pack(GemmRun *run, Part part, ptrdiff_t at) {
    const GemmChoices *choices = run->choices;
    const Table *lanes = &run->tables[part];
    const ptrdiff_t width = choices->edge_width[part][0], depth = run->tables[PART_DEPTH].count;
    bool is_long = choices->sides[part].has_long_runs;
    ptrdiff_t *stamps = (ptrdiff_t *)(void *)(run->scratch + choices->layout.stamps[part]);
    ptrdiff_t *stamp = stamps + kept_position(run, part, at) / width;
    ptrdiff_t mark = run->unit.number * choices->cuts[part].extent + kept_from(run, part) + 1;
    if (*stamp == mark) return;
    ptrdiff_t end = is_long ? lanes->count : at + 1, steps = is_long ? PACK_STEPS : depth;
    for (ptrdiff_t k = 0; k < depth; k += steps) {
        for (ptrdiff_t i = at; i < end; i += width) {
            panel_pack(run, part, i, k, smaller(steps, depth - k));
        }
    }
    for (ptrdiff_t i = at; i < end; i += width) *stamp++ = mark;
}

/* The panel of rows or columns from position `at` of the chunk on; is_edge: it is narrower than the
   others. */
static Panel panel_at(GemmRun *run, Part part, ptrdiff_t at, bool is_edge) {
    const GemmChoices *choices = run->choices;
    const Side *side = &choices->sides[part];
    int width = choices->edge_width[part][is_edge];
    const char *data = run->base[side->input];
    const ptrdiff_t *depth = run->tables[PART_DEPTH].offsets[part];
    if (!side->is_packed && part == PART_LEFT) {
        return (Panel){data, run->tables[part].offsets[0] + at, depth};
    }
    if (!side->is_packed && has_vectors(run, at, width)) return (Panel){data, run->vectors, depth};
    panels_pack(run, part, at);
    return (Panel){panel_of(run, part, at), side->even_lanes, side->even_depth[is_edge]};
}

/* ---- tiles --------------------------------------------------------------- */

static TileKernel *tile_kernel(const GemmChoices *choices, const Tile *tile) {
    if (!choices->sides[PART_LEFT].is_packed) return tile->direct;
    return choices->sides[PART_RIGHT].is_packed ? tile->packed : tile->half_packed;
}

/* All rows of the chunk by one panel of columns. */
static void multiply_rows(GemmRun *run, TileJob *job, bool col_edge) {
    const GemmChoices *choices = run->choices;
    const Table *rows = &run->tables[PART_LEFT];
    const int height = choices->tiles[0][0]->rows;
    for (ptrdiff_t row = 0; row < rows->count; row += height) {
        bool row_edge = rows->count - row < height;
        Panel left = panel_at(run, PART_LEFT, row, row_edge);
        const Tile *tile = choices->tiles[row_edge][col_edge];
        job->rows = (int)smaller(height, rows->count - row);
        job->left = left.data;
        job->left_rows = left.lanes;
        job->left_depth = left.depth;
        job->row_offsets = rows->offsets[1] + row;
        tile_kernel(choices, tile)(job);
    }
}

/* All tiles of the chunk that the tables describe. */
static void multiply_chunk(GemmRun *run) {
    const GemmChoices *choices = run->choices;
    const Table *cols = &run->tables[PART_RIGHT];
    const int width = choices->tiles[0][0]->cols;
    TileJob job = {
        .depth = run->tables[PART_DEPTH].count,
        .out = choices->narrowing.kernel ? run->sums : run->base[2],
        .accumulate = run->unit.blocks[PART_DEPTH] > 0,
    };
    for (ptrdiff_t col = 0; col < cols->count; col += width) {
        bool col_edge = cols->count - col < width;
        Panel right = panel_at(run, PART_RIGHT, col, col_edge);
        job.cols = (int)smaller(width, cols->count - col);
        job.right = right.data;
        job.right_cols = right.lanes;
        job.right_depth = right.depth;
        job.col_offsets = cols->offsets[1] + col;
        job.has_adjacent_cols = is_adjacent(job.col_offsets, job.cols, choices->elements[3]);
        multiply_rows(run, &job, col_edge);
    }
}

/* Stores elements from position `at` of some axes on, as far as the innermost axis goes, at most
   `count`; gives how many. */
static ptrdiff_t scatter_run(const AxisGroup *axes, ptrdiff_t at, ptrdiff_t count, char *out,
                             const char *elements, const Conversion *conversion) {
    static const Axis once = {.extent = 1};
    const Axis *inner = axes->count ? axes->axes[axes->count - 1] : &once;
    ptrdiff_t run = smaller(count, inner->extent - at % inner->extent);
    conversion->copy(&(CopyJob){
        .rows = 1,
        .cols = run,
        .in = elements,
        .in_col = conversion->stored,
        .out = out + group_offset(axes, 2, at),
        .out_col = inner->strides[2],
    });
    return run;
}

/* Sums that are complete go to the output. */
static void narrow_chunk(const GemmRun *run) {
    const GemmChoices *choices = run->choices;
    const Table *rows = &run->tables[PART_LEFT], *cols = &run->tables[PART_RIGHT];
    const AxisGroup *axes = &choices->groups.cols;
    const Conversion *narrowing = &choices->narrowing;
    char *stored = run->scratch + choices->layout.stored;
    for (ptrdiff_t i = 0; i < rows->count; i++) {
        const char *sums = run->sums + rows->offsets[1][i] + cols->offsets[1][0];
        narrowing->kernel(sums, stored, cols->count);
        char *row = run->base[2] + group_offset(&choices->groups.rows, 2, rows->first + i);
        for (ptrdiff_t j = 0; j < cols->count;) {
            const char *elements = stored + j * narrowing->stored;
            j += scatter_run(axes, cols->first + j, cols->count - j, row, elements, narrowing);
        }
    }
}

/* ---- units --------------------------------------------------------------- */

/* The unit of a number: entries of the batch outermost, the depth innermost. */
static Unit unit_find(const GemmChoices *choices, ptrdiff_t number) {
    Unit unit = {.number = number};
    ptrdiff_t rest = number;
    for (int part = PART_DEPTH; part >= PART_LEFT; part--) {
        unit.blocks[part] = rest % choices->cuts[part].blocks;
        rest /= choices->cuts[part].blocks;
    }
    unit.entry = rest;
    return unit;
}

static void unit_begin(GemmRun *run, ptrdiff_t number) {
    ptrdiff_t entry_before = run->unit.entry;
    run->unit = unit_find(run->choices, number);
    if (run->unit.entry == entry_before) return;
    for (int side = 0; side < 3; side++) {
        run->base[side] =
            run->data[side] + group_offset(&run->choices->groups.batch, side, run->unit.entry);
    }
}

/* Multiplies one chunk of each block of the current unit. */
static void unit_multiply(GemmRun *run, const ptrdiff_t chunks[3]) {
    for (Part part = PART_LEFT; part <= PART_DEPTH; part++) {
        const Cut *cut = &run->choices->cuts[part];
        ptrdiff_t block = run->unit.blocks[part] * cut->block;
        ptrdiff_t end = smaller(block + cut->block, cut->extent);
        ptrdiff_t first = block + chunks[part] * cut->chunk;
        if (first >= end) return;
        table_move(run, part, first, smaller(cut->chunk, end - first));
    }
    multiply_chunk(run);
    bool is_complete = run->unit.blocks[PART_DEPTH] == run->choices->cuts[PART_DEPTH].blocks - 1;
    if (run->choices->narrowing.kernel && is_complete) narrow_chunk(run);
}

static void run(const StepPlan *step, char *const data[], const Task *task) {
    const GemmChoices *choices = step->choices;
    GemmRun run = {.choices = choices, .data = data, .scratch = task->scratch};
    run.sums = choices->is_phased ? task->shared : task->scratch + choices->layout.sums;
    run.unit.entry = -1;
    for (int part = 0; part < 3; part++) run.tables[part].first = -1;
    ptrdiff_t chunks[3] = {0};
    ptrdiff_t unit = task->number * choices->units_per_task;
    ptrdiff_t end = smaller(unit + choices->units_per_task, choices->units);
    if (choices->is_phased) {
        chunks[PART_LEFT] = task->number / choices->cuts[PART_RIGHT].chunks;
        chunks[PART_RIGHT] = task->number % choices->cuts[PART_RIGHT].chunks;
        unit = task->phase;
        end = unit + 1;
    }
    for (; unit < end; unit++) {
        unit_begin(&run, unit);
        unit_multiply(&run, chunks);
    }
}

const Strategy strategy_gemm = {"gemm", gemm_cost, gemm_bound, gemm_prepare, run};
