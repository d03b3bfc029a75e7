#include "strategies/summation.h"

#include "base/extents.h"
#include "base/memory.h"

enum {
    CHAIN = 128,       /* partial sums that are added one after the other */
    CHUNK_ROWS = 1024, /* rows whose sums stay in cache while the summed positions go by */
    TURNED_ROWS = 64,  /* of a block that is turned */
};

/* ---- prepare ------------------------------------------------------------- */

bool summation_applies(const Contraction *contraction, const Machine *machine) {
    return contraction->input_count <= SUMMATION_INPUTS &&
           contraction->axis_count > contraction->kept_count &&
           contraction->arithmetic != DTYPE_OBJECT &&
           kernels_for(contraction->arithmetic, machine->isa) != NULL;
}

double summation_convert_cycles(const Contraction *contraction) {
    return conversion_is_needed(contraction, contraction->arithmetic) ? CONVERSION_CYCLES : 0;
}

/* Whether the rows of a plane are summed. */
static bool sums_rows(const Contraction *contraction, Plane plane) {
    return plane.rows >= contraction->kept_count;
}

bool summation_can_walk(const Contraction *contraction, Plane plane) {
    if (!sums_rows(contraction, plane)) return true;
    int output = contraction->input_count;
    bool is_plain = dtype_is_plain(contraction->dtypes[output], contraction->arithmetic);
    return plane.rows != plane.cols && is_plain &&
           nest_extent(contraction, plane.rows) <= CHAIN * TURNED_ROWS;
}

/* Whether an input goes through scratch. */
static bool is_read(const Summation *summation, int side) {
    return summation->conversions[side].kernel || summation->is_turned[side];
}

/* How much of an input fits into a block: whole runs along the axis where elements are near. */
static void fit_block(Summation *summation, const Contraction *contraction, Plane *plane,
                      int side) {
    ptrdiff_t along_rows = magnitude(nest_stride(contraction, plane->rows, side));
    ptrdiff_t along_cols = magnitude(nest_stride(contraction, plane->cols, side));
    if (along_rows == 0 || along_cols == 0) return;
    ptrdiff_t rows = smaller(nest_extent(contraction, plane->rows), CHUNK_ROWS / 2);
    ptrdiff_t cols = smaller(nest_extent(contraction, plane->cols), SUMMATION_BLOCK / 4);
    bool has_near_rows = along_rows < along_cols;
    summation->most_rows = summation->is_turned[side] ? smaller(rows, TURNED_ROWS)
                           : has_near_rows            ? rows
                                                      : smaller(SUMMATION_BLOCK / cols, CHUNK_ROWS);
    plane->cols_block = SUMMATION_BLOCK / summation->most_rows;
}

static void choose_block(Summation *summation, const Contraction *contraction, Plane *plane) {
    int output = contraction->input_count;
    bool has_blocks = summation->has_products;
    for (int side = 0; side < output; side++) has_blocks |= is_read(summation, side);
    bool has_rows = has_blocks || summation->conversions[output].kernel;
    summation->most_rows = has_rows ? CHUNK_ROWS : PTRDIFF_MAX;
    if (!has_blocks) return;
    plane->cols_block = SUMMATION_BLOCK;
    if (summation->has_products) {
        plane->cols_block /= smaller(nest_extent(contraction, plane->rows), CHUNK_ROWS);
    }
    for (int side = 0; side < output; side++) {
        if (summation->has_products || is_read(summation, side)) {
            fit_block(summation, contraction, plane, side);
        }
    }
}

static size_t partial_bytes(const Summation *summation) {
    size_t levels = 0;
    for (ptrdiff_t positions = summation->nest.summed_positions; positions > CHAIN; levels++) {
        positions = divide_up(positions, CHAIN);
    }
    return levels * CHUNK_ROWS * (size_t)summation->element_bytes;
}

/* Gives the bytes in all. */
static size_t lay_out(Summation *summation, int output) {
    size_t bytes = memory_whole_lines(partial_bytes(summation));
    for (int side = 0; side <= output; side++) {
        summation->side_scratch[side] = bytes;
        const Conversion *conversion = &summation->conversions[side];
        if (side < output && is_read(summation, side)) {
            bytes += conversion_scratch_bytes(conversion, SUMMATION_BLOCK);
        } else if (conversion->kernel) {
            bytes += conversion_scratch_bytes(conversion, CHUNK_ROWS);
        }
    }
    summation->row_scratch = bytes;
    if (summation->sums_rows) bytes += CHUNK_ROWS * (size_t)summation->element_bytes;
    summation->product_scratch = bytes;
    if (summation->has_products) bytes += (size_t)(SUMMATION_BLOCK * summation->element_bytes);
    return bytes;
}

/* Whether each position takes one call of the kernel, on the sides as they are. */
static bool is_plain(const Summation *summation) {
    const Nest *nest = &summation->nest;
    int output = nest->side_count - 1;
    bool is_read_whole = nest->summed_positions == 1 && summation->most_rows >= nest->rows->extent;
    for (int side = 0; side < output; side++) is_read_whole &= !is_read(summation, side);
    return is_read_whole && !summation->sums_rows && !summation->conversions[output].kernel;
}

Status summation_make(const Contraction *contraction, Plane plane, const Machine *machine,
                      Arena *arena, Summation *summation, StepPlan *step, Error *error) {
    DType arithmetic = contraction->arithmetic;
    int output = contraction->input_count;
    for (int side = 0; side <= output; side++) {
        summation->conversions[side] = conversion_make(contraction, side, arithmetic, machine->isa);
    }
    summation->add = kernels_for(arithmetic, machine->isa)->reduce;
    summation->element_bytes = (ptrdiff_t)dtype_size(arithmetic);
    summation->sums_rows = sums_rows(contraction, plane);
    if (summation->sums_rows) plane.grain = nest_extent(contraction, plane.rows); /* one task */
    choose_block(summation, contraction, &plane);
    TRY(nest_make(contraction, plane, arena, &summation->nest, error));
    if (summation->nest.summed_positions > 1 || summation->sums_rows) {
        summation->most_rows = smaller(summation->most_rows, CHUNK_ROWS);
    }
    summation->is_plain = is_plain(summation);
    step->phases = phases_single(nest_task_count(&summation->nest));
    step->scratch_bytes = lay_out(summation, output);
    return STATUS_OK;
}

/* ---- run ----------------------------------------------------------------- */

/* An input as the kernel reads it: where it is, or by way of scratch. */
static Lie read_input(const Summation *summation, int side, const char *data, ptrdiff_t rows,
                      ptrdiff_t cols, char *scratch) {
    const Nest *nest = &summation->nest;
    Lie lie = {data, nest->rows->strides[side], nest->cols->strides[side]};
    if (!is_read(summation, side)) return lie;
    bool has_near_rows = lie.row != 0 && (lie.col == 0 || magnitude(lie.row) < magnitude(lie.col));
    bool by_rows = has_near_rows != summation->is_turned[side];
    return conversion_read(&summation->conversions[side], lie, rows, cols, by_rows, scratch);
}

/* What is summed at the position of the walk. */
static void add_term(const Summation *summation, const Walk *walk, const Target *target,
                     char *scratch) {
    Block block;
    block.cols = nest_cols(&summation->nest, walk);
    block.products = scratch + summation->product_scratch;
    for (int side = 0; side < summation->nest.side_count - 1; side++) {
        block.inputs[side] = read_input(summation, side, walk->pointers[side], target->rows,
                                        block.cols, scratch + summation->side_scratch[side]);
    }
    summation->term(summation->context, &block, target);
}

/* Adds the sums of the level below to the target. */
static void add_partial(const Summation *summation, char *partial, const Target *target) {
    summation->add(&(ReduceJob){
        .kept = target->rows,
        .summed = 1,
        .in = partial,
        .in_kept = summation->element_bytes,
        .out = target->out,
        .out_kept = target->stride,
        .accumulate = target->accumulate,
    });
}

/* Sums the next count positions of the walk: a tree whose nodes have up to CHAIN branches. partials
   has room for the sums of the levels below. */
static void sum_next(const Summation *summation, Walk *walk, ptrdiff_t count, Target target,
                     char *partials, char *scratch) {
    if (count <= CHAIN) {
        for (ptrdiff_t i = 0; i < count; i++, walk_next(walk)) {
            add_term(summation, walk, &target, scratch);
            target.accumulate = true;
        }
        return;
    }
    ptrdiff_t branch = CHAIN;
    while (branch * CHAIN < count) branch *= CHAIN;
    for (ptrdiff_t done = 0; done < count; done += branch) {
        Target partial = {target.rows, partials, summation->element_bytes, false};
        sum_next(summation, walk, smaller(branch, count - done), partial,
                 partials + CHUNK_ROWS * summation->element_bytes, scratch);
        add_partial(summation, partials, &target);
        target.accumulate = true;
    }
}

/* The sums of rows that are summed go to the one element of all of them. */
static void join_rows(const Summation *summation, const Target *sums, char *out, bool accumulate) {
    summation->add(&(ReduceJob){
        .kept = 1,
        .summed = sums->rows,
        .in = sums->out,
        .in_summed = sums->stride,
        .out = out,
        .accumulate = accumulate,
    });
}

/* Rows of one kept position from `row` on; starts: where each side begins. */
static void sum_some_rows(const Summation *summation, char *const starts[], ptrdiff_t row,
                          ptrdiff_t count, char *scratch) {
    const Nest *nest = &summation->nest;
    int output = nest->side_count - 1;
    const Conversion *narrowing = &summation->conversions[output];
    ptrdiff_t stride = nest->rows->strides[output];
    Target target = {count, starts[output], stride, false};
    if (narrowing->kernel) {
        target.out = scratch + summation->side_scratch[output];
        target.stride = narrowing->computed;
    } else if (summation->sums_rows) {
        target.out = scratch + summation->row_scratch;
        target.stride = summation->element_bytes;
    }
    Walk walk;
    walk_begin(&walk, nest->outer + nest->kept_count, nest->summed_count, nest->side_count, starts,
               0);
    sum_next(summation, &walk, nest->summed_positions, target, scratch, scratch);
    if (narrowing->kernel) {
        conversion_write(narrowing, target.out, (Place){starts[output], 0, stride}, 1, count);
    } else if (summation->sums_rows) {
        join_rows(summation, &target, starts[output], row > 0);
    }
}

/* The rows of one kept position, by chunks. */
static void sum_rows(const Summation *summation, char *const pointers[], ptrdiff_t row_count,
                     char *scratch) {
    const Nest *nest = &summation->nest;
    ptrdiff_t chunk = smaller(summation->most_rows, row_count);
    for (ptrdiff_t row = 0; row < row_count; row += chunk) {
        char *starts[MAX_SIDES];
        for (int side = 0; side < nest->side_count; side++) {
            starts[side] = pointers[side] + row * nest->rows->strides[side];
        }
        sum_some_rows(summation, starts, row, smaller(chunk, row_count - row), scratch);
    }
}

/* Positions with one call of the kernel each: what calls have in common is found once. */
static void sum_planes(const Summation *summation, Walk *walk, const Piece *piece, char *scratch) {
    const Nest *nest = &summation->nest;
    int output = nest->side_count - 1;
    Block block = {.cols = nest->cols->extent, .products = scratch + summation->product_scratch};
    Target target = {.rows = piece->row_count, .stride = nest->rows->strides[output]};
    for (int side = 0; side < output; side++) {
        block.inputs[side].row = nest->rows->strides[side];
        block.inputs[side].col = nest->cols->strides[side];
    }
    for (ptrdiff_t i = 0; i < piece->position_count; i++, walk_next(walk)) {
        for (int side = 0; side < output; side++) block.inputs[side].data = walk->pointers[side];
        target.out = walk->pointers[output];
        summation->term(summation->context, &block, &target);
    }
}

void summation_run(const Summation *summation, char *const data[], const Task *task) {
    Piece piece = nest_piece(&summation->nest, task->number);
    Walk walk;
    nest_begin(&summation->nest, &piece, data, &walk);
    if (summation->is_plain) {
        sum_planes(summation, &walk, &piece, task->scratch);
        return;
    }
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        sum_rows(summation, walk.pointers, piece.row_count, task->scratch);
    }
}
