/* In which blocks and tasks a product of the chosen shape is done, and what its tasks keep in their
 * scratch. */
#include "base/extents.h"
#include "base/memory.h"
#include "strategies/gemm.h"

/* ---- blocks and tasks ---------------------------------------------------- */

/* Multiply-adds: what a task and a chunk should have at least, and what makes an entry of the batch
   large. */
static const double TASK_PRODUCTS = 1e6, CHUNK_PRODUCTS = 0.25e6, LARGE_PRODUCTS = 1e6;

enum { MOST_CHUNKS = 16, ROW_PANELS = 2, COL_PANELS = 8 };
enum { MANY_ENTRIES = 16, LEAST_BLOCK = 256, WHOLE_TABLES = 4096 };

/* The fewest equal blocks of at most `most` positions, as a multiple of step; one chunk each. */
static Cut cut_make(ptrdiff_t extent, ptrdiff_t most, ptrdiff_t step) {
    ptrdiff_t blocks = larger(1, divide_up(extent, larger(1, most)));
    ptrdiff_t block = round_up(larger(1, divide_up(extent, blocks)), step);
    return (Cut){extent, block, larger(1, divide_up(extent, block)), block, 1};
}

/* The panels of a block of columns take half of the second level, where the panels of one chunk of
   rows after the other meet them. The sums take as much as all of it: the tiles fetch them while
   they multiply, so that it matters little where they wait for the next block of the depth. */
static void choose_blocks(GemmChoices *choices, const Machine *machine) {
    const Tile *tile = choices->tiles[0][0];
    const Groups *groups = &choices->groups;
    Cut *rows = &choices->cuts[PART_LEFT], *cols = &choices->cuts[PART_RIGHT];
    Cut *depth = &choices->cuts[PART_DEPTH];
    ptrdiff_t l2 = (ptrdiff_t)machine->l2_bytes / choices->elements[3];
    ptrdiff_t most_depth = gemm_most_depth(machine, choices->elements[3], tile->cols);
    *depth = cut_make(groups->sum.extent, most_depth, 1);
    ptrdiff_t least_rows = larger(1, smaller(groups->rows.extent, LEAST_BLOCK));
    ptrdiff_t most_cols = smaller(l2 / 2 / depth->block, l2 / least_rows);
    *cols = cut_make(groups->cols.extent, most_cols, tile->cols);
    *rows = cut_make(groups->rows.extent, larger(l2 / cols->block, least_rows), tile->rows);
}

/* As many equal chunks as wanted, or as there are panels. */
static void cut_chunks(Cut *cut, ptrdiff_t wanted, ptrdiff_t width) {
    ptrdiff_t panels = divide_up(cut->block, width);
    cut->chunk = divide_up(panels, larger(1, smaller(wanted, panels))) * width;
    cut->chunks = divide_up(cut->block, cut->chunk);
}

/* Large products are shared out chunk by chunk, of as many panels at least as make packing cheap;
   of small ones a task does several, or at least one with all its depth. */
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
    step->phases = phases_single(divide_up(choices->units, choices->units_per_task));
    if (!choices->is_phased) return;
    ptrdiff_t wanted = smaller((ptrdiff_t)(unit / CHUNK_PRODUCTS), MOST_CHUNKS);
    cut_chunks(rows, wanted, ROW_PANELS * choices->edge_width[PART_LEFT][0]);
    cut_chunks(cols, wanted / rows->chunks, COL_PANELS * choices->edge_width[PART_RIGHT][0]);
    ptrdiff_t chunks = rows->chunks * cols->chunks;
    step->phases = (Phases){choices->units, {chunks, chunks}};
}

static size_t line_bytes(ptrdiff_t bytes) {
    return memory_whole_lines((size_t)bytes);
}

/* Of how many lanes a task keeps the panels. */
static ptrdiff_t kept_lanes(const GemmChoices *choices, Part part) {
    const Cut *cut = &choices->cuts[part];
    return part == PART_LEFT ? cut->chunk : cut->block;
}

/* The stamps come first: what a task finds there must be a stamp or zero. */
static void choose_layout(GemmChoices *choices) {
    const ptrdiff_t word = (ptrdiff_t)sizeof(ptrdiff_t);
    GemmLayout *layout = &choices->layout;
    size_t at = 0;
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        layout->stamps[part] = at;
        at += line_bytes(divide_up(kept_lanes(choices, part), choices->edge_width[part][0]) * word);
    }
    layout->stamp_bytes = at;
    for (int i = 0; i < 6; i++) {
        layout->tables[i / 2][i % 2] = at;
        if (choices->offsets[i / 2][i % 2]) continue;
        at += line_bytes((choices->cuts[i / 2].block + TILE_MAX_ROWS) * word);
    }
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        layout->panels[part] = at;
        /* a direct right input is packed where its vectors are not whole */
        if (!choices->sides[part].is_packed && part == PART_LEFT) continue;
        at += line_bytes(kept_lanes(choices, part) * choices->cuts[PART_DEPTH].block *
                         choices->elements[3]);
    }
    layout->stored = layout->sums = layout->bytes = at;
}

/* Memory for what is not computed as it is stored. */
static void choose_stored_layout(GemmChoices *choices, StepPlan *step) {
    const Cut *rows = &choices->cuts[PART_LEFT], *cols = &choices->cuts[PART_RIGHT];
    GemmLayout *layout = &choices->layout;
    ptrdiff_t most = choices->narrowing.kernel ? cols->block * choices->elements[2] : 0;
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        const Side *side = &choices->sides[part];
        ptrdiff_t panel = choices->edge_width[part][0] * choices->cuts[PART_DEPTH].block;
        if (side->convert) most = larger(most, panel * choices->elements[side->input]);
    }
    layout->sums += line_bytes(most);
    layout->bytes = layout->sums;
    if (!choices->narrowing.kernel) return;
    size_t sums = line_bytes(rows->block * cols->block * choices->elements[3]);
    if (choices->is_phased)
        step->shared_bytes = sums;
    else
        layout->bytes += sums;
}

/* ---- prepare ------------------------------------------------------------- */

static void choose_tiles(GemmChoices *choices, const Tile *tile) {
    ptrdiff_t rows = choices->groups.rows.extent % tile->rows;
    ptrdiff_t cols = choices->groups.cols.extent % tile->cols;
    for (int i = 0; i < 4; i++) {
        choices->tiles[i / 2][i % 2] = gemm_edge_tile(
            choices->kernels, tile, i / 2 ? rows : tile->rows, i % 2 ? cols : tile->cols);
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
        if (choices->narrowing.kernel && part != PART_DEPTH && i % 2)
            continue; /* sums lie elsewhere */
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

static Side choose_side(const GemmChoices *choices, const GemmShape *shape, Part part,
                        const Contraction *contraction, Isa isa) {
    int input = part == PART_LEFT ? shape->left : 1 - shape->left;
    Conversion conversion = conversion_make(contraction, input, choices->arithmetic, isa);
    return (Side){
        .input = input,
        .is_packed = shape->is_packed[part],
        .has_long_runs = gemm_run_length(gemm_axes(choices, part), input, conversion.stored) >=
                         2 * choices->edge_width[part][0],
        .pack = pack_kernel_for((size_t)conversion.stored, isa),
        .convert = conversion.kernel,
    };
}

/* What is left once the shape is chosen. False: out of memory. */
static bool choose_all(GemmChoices *choices, const GemmShape *shape, const Contraction *contraction,
                       const Machine *machine, Arena *arena) {
    choose_tiles(choices, shape->tile);
    choose_blocks(choices, machine);
    choices->is_direct = !shape->is_packed[PART_LEFT] || !shape->is_packed[PART_RIGHT];
    for (Part part = PART_LEFT; part <= PART_RIGHT; part++) {
        choices->sides[part] = choose_side(choices, shape, part, contraction, machine->isa);
        if (choices->is_direct && !choose_even_offsets(choices, part, arena)) return false;
    }
    return choose_offsets(choices, arena);
}

Status gemm_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                    StepPlan *step, Error *error) {
    GemmChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    DType arithmetic = choices->arithmetic = gemm_arithmetic(contraction);
    choices->kernels = kernels_for(arithmetic, machine->isa);
    GemmShape shape = gemm_shape_choose(contraction, machine);
    groups_make(&choices->groups, contraction, shape.left);
    choices->elements[3] = (ptrdiff_t)dtype_size(arithmetic);
    for (int side = 0; side < 3; side++) {
        choices->elements[side] = (ptrdiff_t)dtype_size(contraction->dtypes[side]);
    }
    choices->narrowing = conversion_make(contraction, 2, arithmetic, machine->isa);
    for (int i = 0; i < 6; i++) choices->offsets[i / 2][i % 2] = NULL;
    if (!choose_all(choices, &shape, contraction, machine, arena)) return error_memory(error);
    choose_tasks(choices, step);
    choose_layout(choices);
    choose_stored_layout(choices, step);
    step->choices = choices;
    step->scratch_bytes = choices->layout.bytes;
    step->cleared_bytes = choices->layout.stamp_bytes;
    return STATUS_OK;
}
