/* The loop nest of fold: every element of a windows array is added to the element of the total that
 * its window looks at, if there is one. */
#ifndef FASTEINSUM_FOLD_WALK_H
#define FASTEINSUM_FOLD_WALK_H

#include "base/arena.h"
#include "fold_kernels.h"
#include "windows.h"

/* One loop. Positions and taps of a windowed axis move the same coordinate of the total, so where
   they can leave it they form a pair: the outer decides which steps of the inner are inside. */
typedef enum FoldRole { FOLD_FREE, FOLD_OUTER, FOLD_INNER } FoldRole;
typedef struct FoldLoop {
    ptrdiff_t extent;
    ptrdiff_t source_stride, total_stride; /* bytes */
    bool is_tap;
    int pair;       /* which of the walk's pairs it belongs to, -1 if to none */
    ptrdiff_t step; /* of the coordinate, for pairs */
    FoldRole role;
} FoldLoop;

/* The outer loop of a pair looks up which steps of the inner stay inside. */
typedef struct FoldPair {
    ptrdiff_t before, length; /* the coordinate starts at -before and is inside from 0 to length */
    FoldRange *ranges;        /* one per step of the outer loop, in the arena */
} FoldPair;

/* Outermost loop first, at least two. Borrows the arena it was made with. */
typedef struct FoldWalk {
    int loop_count, pair_count;
    FoldLoop loops[MAX_AXES + 2];
    FoldPair pairs[MAX_AXES];
    ptrdiff_t total_offset; /* where all loops start, in bytes; possibly outside of the total */
    ptrdiff_t source_offset;
} FoldWalk;

/* Loops for adding windows to total, which has the axes of the array that is folded to. Windows of
   count 0 make it a plain addition of two arrays of one shape. */
Status fold_walk_make(FoldWalk *walk, const Tensor *windows, const Windows *geometry,
                      const Tensor *total, Arena *arena, Error *error) MUST_CHECK;

void fold_walk_run(const FoldWalk *walk, const char *source, char *total, FoldAdd *add);

/* The axes of a tensor by falling stride of either sign. */
void fold_walk_order(const Tensor *tensor, int axes[]);

#endif
