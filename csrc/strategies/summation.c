#include "strategies/summation.h"

#include "base/extents.h"

enum {
    CHAIN = 128,       /* partial sums that are added one after the other */
    CHUNK_ROWS = 1024, /* rows whose sums stay in cache while the summed positions go by */
};

size_t summation_scratch_bytes(const Summation *summation) {
    size_t levels = 0;
    for (ptrdiff_t positions = summation->nest.summed_positions; positions > CHAIN; levels++) {
        positions = divide_up(positions, CHAIN);
    }
    return levels * CHUNK_ROWS * (size_t)summation->element_bytes;
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

/* Sums the next count positions of the walk: a tree whose nodes have up to CHAIN branches. scratch
   has room for the partial sums of the levels below. */
static void sum_next(const Summation *summation, Walk *walk, ptrdiff_t count, Target target,
                     char *scratch) {
    if (count <= CHAIN) {
        for (ptrdiff_t i = 0; i < count; i++, walk_next(walk)) {
            summation->term(summation->context, walk->pointers, &target);
            target.accumulate = true;
        }
        return;
    }
    ptrdiff_t branch = CHAIN;
    while (branch * CHAIN < count) branch *= CHAIN;
    for (ptrdiff_t done = 0; done < count; done += branch) {
        Target partial = {target.rows, scratch, summation->element_bytes, false};
        sum_next(summation, walk, smaller(branch, count - done), partial,
                 scratch + CHUNK_ROWS * summation->element_bytes);
        add_partial(summation, scratch, &target);
        target.accumulate = true;
    }
}

/* The rows of one kept position, by chunks. */
static void sum_rows(const Summation *summation, char *const pointers[], ptrdiff_t row_count,
                     char *scratch) {
    const Nest *nest = &summation->nest;
    const Axis *rows = nest->rows;
    int output = nest->side_count - 1;
    ptrdiff_t chunk = nest->summed_positions == 1 ? row_count : CHUNK_ROWS;
    for (ptrdiff_t row = 0; row < row_count; row += chunk) {
        char *starts[MAX_SIDES];
        for (int side = 0; side <= output; side++) {
            starts[side] = pointers[side] + row * rows->strides[side];
        }
        Walk walk;
        walk_begin(&walk, nest->outer + nest->kept_count, nest->summed_count, nest->side_count,
                   starts, 0);
        Target target = {smaller(chunk, row_count - row), starts[output], rows->strides[output],
                         false};
        sum_next(summation, &walk, nest->summed_positions, target, scratch);
    }
}

void summation_run(const Summation *summation, char *const data[], const Task *task) {
    Piece piece = nest_piece(&summation->nest, task->number);
    Walk walk;
    nest_begin(&summation->nest, &piece, data, &walk);
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        sum_rows(summation, walk.pointers, piece.row_count, task->scratch);
    }
}
