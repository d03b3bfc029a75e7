/* The loops around a kernel that walks one or two axes itself, and how they are cut into tasks. */
#ifndef FASTEINSUM_STRATEGIES_NEST_H
#define FASTEINSUM_STRATEGIES_NEST_H

#include "strategies/strategy.h"
#include "strategies/walk.h"

enum { NO_AXIS = -1 };

/* The axes that the kernel walks, as indices of contraction->axes or NO_AXIS. */
typedef struct Plane {
    int rows;             /* kept */
    int cols;             /* kept for copies, else summed */
    ptrdiff_t grain;      /* tasks are cut at multiples of so many rows */
    ptrdiff_t cols_block; /* the kernel gets at most so many columns at once; 0: all of them */
} Plane;

/* Lives in the plan's arena. */
typedef struct Nest {
    const Axis *outer; /* kept ones, then summed ones, in the order of the contraction, and at last
                          the blocks of the columns, if there are several */
    const Axis *rows, *cols; /* the kernel's own; an axis of extent 1 where it has none */
    ptrdiff_t cols_block;    /* the last block may have fewer */
    int side_count, kept_count, summed_count; /* of outer */
    ptrdiff_t kept_positions, summed_positions;
    ptrdiff_t positions_per_task, rows_per_task; /* one of them is all there are, or 1 */
    ptrdiff_t row_tasks;                         /* tasks that share their positions */
} Nest;

/* The part of the kept loops that is one task. */
typedef struct Piece {
    ptrdiff_t position, position_count;
    ptrdiff_t row, row_count;
} Piece;

/* Rows are cut at whole cache lines of any dtype, so that two tasks rarely write to one line. */
enum { NEST_GRAIN = 16 };

/* Takes the kernel's axes out of the loops, and cuts the rest into tasks of about equal work. */
Status nest_make(const Contraction *contraction, Plane plane, Arena *arena, Nest *nest,
                 Error *error) MUST_CHECK;

ptrdiff_t nest_task_count(const Nest *nest);
Piece nest_piece(const Nest *nest, ptrdiff_t task);

/* Stands at the first kept position and first row of the piece. */
void nest_begin(const Nest *nest, const Piece *piece, char *const data[], Walk *walk);

/* The columns of the block at which a walk of the summed loops stands. */
static inline ptrdiff_t nest_cols(const Nest *nest, const Walk *walk) {
    ptrdiff_t all = nest->cols->extent;
    if (nest->cols_block == all) return all;
    ptrdiff_t left = all - walk->index[walk->axis_count - 1] * nest->cols_block;
    return left < nest->cols_block ? left : nest->cols_block;
}

/* Whether there are kernels for the contraction, and it needs no conversion. */
bool nest_is_served(const Contraction *contraction, const Machine *machine);

/* The axis among [first, last) along which the side moves by the shortest step that is not zero, or
   the one of greatest extent; NO_AXIS if there is none. */
int nest_nearest(const Contraction *contraction, int side, int first, int last);
int nest_longest(const Contraction *contraction, int first, int last);

/* Whether neighbours in memory belong to different entries of the batch, so that every element of
   an entry takes a line of its own. */
bool nest_is_lone(const Contraction *contraction, int side);

/* 1 for NO_AXIS, and a stride of 0. */
ptrdiff_t nest_extent(const Contraction *contraction, int axis);
ptrdiff_t nest_stride(const Contraction *contraction, int axis, int side);

/* Elements of the whole loop nest, and the bytes of all elements that one side or all of them
   visit: those that overlapping windows visit several times count once. */
double nest_elements(const Contraction *contraction);
double nest_side_bytes(const Contraction *contraction, int side);
double nest_bytes(const Contraction *contraction);

/* Whether the output is so large that it would only push other things out of the caches. */
bool nest_is_streamed(const Contraction *contraction, const Machine *machine);

#endif
