/* Order of the loops: those with long strides outside, and the taps of a window close to where its
 * position moves the total. So a few rows of the windows and of the total stay in the cache while
 * all taps that meet there are added. Then the two that make the best block are moved inwards. */
#include "fold_walk.h"

#include "base/extents.h"

#include <string.h>

enum { NO_PAIR = -1 };

/* Of windows: half of a small first-level cache. */
static const double near_bytes = 16384;

void fold_walk_order(const Tensor *tensor, int axes[]) {
    for (int i = 0; i < tensor->axis_count; i++) {
        int at = i;
        for (; at > 0; at--) {
            if (magnitude(tensor->strides[axes[at - 1]]) >= magnitude(tensor->strides[i])) break;
            axes[at] = axes[at - 1];
        }
        axes[at] = i;
    }
}

/* ------------------------------------------------------------------------- listing the loops */

static void add_loop(FoldWalk *walk, const FoldLoop *loop) {
    if (loop->extent != 1) walk->loops[walk->loop_count++] = *loop;
}

/* The steps of a loop, starting at a coordinate, that stay inside the pair's length. */
static FoldRange clip(const FoldPair *pair, ptrdiff_t coordinate, const FoldLoop *loop) {
    FoldRange range = {0, loop->extent};
    if (coordinate < 0) range.first = (-coordinate + loop->step - 1) / loop->step;
    ptrdiff_t last = pair->length - 1 - coordinate;
    ptrdiff_t end = last < 0 ? 0 : last / loop->step + 1;
    if (end < range.end) range.end = end;
    if (range.first > range.end) range.first = range.end;
    return range;
}

static bool is_clipped(const WindowAxis *window) {
    ptrdiff_t reach = (window->positions - 1) * window->stride + window->extent;
    return window->before > 0 || reach > window->length;
}

/* A loop whose partner has one step only: the steps inside are known at once. */
static void clip_alone(FoldWalk *walk, const FoldPair *pair, FoldLoop *loop) {
    FoldRange range = clip(pair, -pair->before, loop);
    walk->source_offset += range.first * loop->source_stride;
    walk->total_offset += range.first * loop->total_stride;
    loop->extent = range.end - range.first;
}

/* The loops of one windowed axis. positions and taps have their strides already. */
static void add_window(FoldWalk *walk, const WindowAxis *window, FoldLoop *positions,
                       FoldLoop *taps) {
    FoldPair pair = {window->before, window->length, NULL};
    ptrdiff_t stride = positions->total_stride; /* of one step of the coordinate */
    walk->total_offset -= window->before * stride;
    positions->step = window->stride;
    taps->step = window->dilation;
    positions->total_stride = stride * (positions->extent > 1 ? window->stride : 1);
    taps->total_stride = stride * (taps->extent > 1 ? window->dilation : 1);
    if (is_clipped(window)) {
        if (taps->extent == 1) {
            clip_alone(walk, &pair, positions);
        } else if (positions->extent == 1) {
            clip_alone(walk, &pair, taps);
        } else {
            positions->pair = taps->pair = walk->pair_count;
            walk->pairs[walk->pair_count++] = pair;
        }
    }
    add_loop(walk, positions);
    add_loop(walk, taps);
}

static void list_loops(FoldWalk *walk, const Tensor *windows, const Windows *geometry,
                       const Tensor *total) {
    int window_of[MAX_AXES];
    for (int i = 0; i < total->axis_count; i++) window_of[i] = -1;
    for (int i = 0; i < geometry->count; i++) window_of[geometry->axes[i].axis] = i;
    for (int axis = 0; axis < total->axis_count; axis++) {
        int window = window_of[axis];
        FoldLoop loop = {.extent = windows->shape[axis],
                         .source_stride = windows->strides[axis],
                         .total_stride = total->strides[axis],
                         .pair = NO_PAIR};
        if (window < 0) {
            add_loop(walk, &loop);
        } else {
            int last = total->axis_count + window;
            FoldLoop taps = {.extent = windows->shape[last],
                             .source_stride = windows->strides[last],
                             .pair = NO_PAIR,
                             .is_tap = true};
            taps.total_stride = loop.total_stride;
            add_window(walk, &geometry->axes[window], &loop, &taps);
        }
    }
}

/* ------------------------------------------------------------------------ order of the loops */

/* Taps are near their positions in the windows, wherever these lie: only the total counts. */
static ptrdiff_t sort_key(const FoldLoop *loop) {
    return magnitude(loop->total_stride) + (loop->is_tap ? 0 : magnitude(loop->source_stride));
}

static void sort_loops(FoldWalk *walk) {
    for (int i = 1; i < walk->loop_count; i++) {
        FoldLoop loop = walk->loops[i];
        int at = i;
        for (; at > 0 && sort_key(&walk->loops[at - 1]) < sort_key(&loop); at--) {
            walk->loops[at] = walk->loops[at - 1];
        }
        walk->loops[at] = loop;
    }
}

/* Time of one access, relative to an addition in a register; measured. */
static double access_cost(ptrdiff_t stride, size_t item) {
    ptrdiff_t bytes = magnitude(stride);
    if (bytes == 0) return 0.1;
    if (stride == (ptrdiff_t)item) return 0.25;
    return bytes <= 64 ? 0.5 : bytes <= 256 ? 0.8 : 2.0;
}

/* Per element: starting a row costs as much as several additions. */
static double inner_cost(const FoldLoop *loop, size_t source_item, size_t total_item) {
    return 8.0 / (double)loop->extent + access_cost(loop->source_stride, source_item) +
           access_cost(loop->total_stride, total_item);
}

static void move_loop(FoldWalk *walk, int from, int to) {
    FoldLoop moved = walk->loops[from];
    for (int i = from; i < to; i++) walk->loops[i] = walk->loops[i + 1];
    walk->loops[to] = moved;
}

/* The cheapest loop becomes the innermost. */
static void choose_cols(FoldWalk *walk, size_t source_item, size_t total_item) {
    int last = walk->loop_count - 1, best = last;
    if (last < 0) return;
    double best_cost = inner_cost(&walk->loops[best], source_item, total_item);
    for (int i = last - 1; i >= 0; i--) {
        double cost = inner_cost(&walk->loops[i], source_item, total_item);
        if (cost >= best_cost) continue;
        best = i;
        best_cost = cost;
    }
    move_loop(walk, best, last);
}

/* The longest loop around it becomes the next, to make blocks of many rows, as long as all that it
   is moved across stays in the nearest cache meanwhile. */
static void choose_rows(FoldWalk *walk, size_t source_item) {
    int last = walk->loop_count - 2, best = last;
    if (last < 0) return;
    double bytes = (double)source_item * (double)walk->loops[last + 1].extent;
    for (int i = last; i >= 0; i--) {
        bytes *= (double)walk->loops[i].extent;
        if (bytes > near_bytes) break;
        if (walk->loops[i].extent > walk->loops[best].extent) best = i;
    }
    move_loop(walk, best, last);
}

static bool loop_continues(const FoldLoop *outer, const FoldLoop *inner) {
    return outer->pair == NO_PAIR && inner->pair == NO_PAIR &&
           outer->source_stride == inner->source_stride * inner->extent &&
           outer->total_stride == inner->total_stride * inner->extent;
}

/* Neighbours that walk both sides as one loop would. */
static void merge_loops(FoldWalk *walk) {
    int kept = 0;
    for (int i = 0; i < walk->loop_count; i++) {
        FoldLoop *outer = kept > 0 ? &walk->loops[kept - 1] : NULL;
        FoldLoop loop = walk->loops[i];
        if (outer && loop_continues(outer, &loop)) {
            loop.extent *= outer->extent;
            *outer = loop;
        } else {
            walk->loops[kept++] = loop;
        }
    }
    walk->loop_count = kept;
}

/* The innermost two loops are one block, so there are two even where nothing is left to repeat. */
static void ensure_two_loops(FoldWalk *walk) {
    static const FoldLoop once = {.extent = 1, .pair = NO_PAIR};
    while (walk->loop_count < 2) {
        memmove(&walk->loops[1], &walk->loops[0], (size_t)walk->loop_count * sizeof once);
        walk->loops[0] = once;
        walk->loop_count++;
    }
}

/* The first loop of a pair is its outer one: it looks up what the other may do. */
static Status tabulate_ranges(FoldWalk *walk, FoldLoop *outer, const FoldLoop *inner, Arena *arena,
                              Error *error) {
    FoldPair *pair = &walk->pairs[outer->pair];
    pair->ranges = arena_take(arena, (size_t)outer->extent, sizeof *pair->ranges);
    if (!pair->ranges) return error_memory(error);
    for (ptrdiff_t step = 0; step < outer->extent; step++) {
        pair->ranges[step] = clip(pair, step * outer->step - pair->before, inner);
    }
    return STATUS_OK;
}

static Status assign_roles(FoldWalk *walk, Arena *arena, Error *error) {
    FoldLoop *outer_of[MAX_AXES] = {NULL};
    for (int i = 0; i < walk->loop_count; i++) {
        FoldLoop *loop = &walk->loops[i];
        loop->role = FOLD_FREE;
        if (loop->pair == NO_PAIR) continue;
        FoldLoop *outer = outer_of[loop->pair];
        loop->role = outer ? FOLD_INNER : FOLD_OUTER;
        outer_of[loop->pair] = loop;
        if (outer) TRY(tabulate_ranges(walk, outer, loop, arena, error));
    }
    return STATUS_OK;
}

Status fold_walk_make(FoldWalk *walk, const Tensor *windows, const Windows *geometry,
                      const Tensor *total, Arena *arena, Error *error) {
    walk->loop_count = walk->pair_count = 0;
    walk->total_offset = walk->source_offset = 0;
    if (tensor_element_count(windows) == 0) {
        walk->loops[walk->loop_count++] = (FoldLoop){.extent = 0, .pair = NO_PAIR};
    } else {
        list_loops(walk, windows, geometry, total);
        sort_loops(walk);
        merge_loops(walk);
        choose_cols(walk, dtype_size(windows->dtype), dtype_size(total->dtype));
        choose_rows(walk, dtype_size(windows->dtype));
    }
    ensure_two_loops(walk);
    return assign_roles(walk, arena, error);
}

/* ----------------------------------------------------------------------------------- running */

/* current: for each pair, the steps of its inner loop that the outer loop has left inside. */
typedef struct FoldRun {
    const FoldWalk *walk;
    const char *source;
    char *total;
    FoldAdd *add;
    FoldRange current[MAX_AXES];
} FoldRun;

static FoldRange range_of(const FoldRun *run, const FoldLoop *loop) {
    if (loop->role == FOLD_INNER) return run->current[loop->pair];
    return (FoldRange){0, loop->extent};
}

static void run_block(const FoldRun *run, ptrdiff_t source_offset, ptrdiff_t total_offset) {
    const FoldLoop *row = &run->walk->loops[run->walk->loop_count - 2], *col = row + 1;
    bool is_pair = row->role == FOLD_OUTER; /* its inner loop can only be the last one */
    FoldBlock block = {
        .source = run->source + source_offset,
        .total = run->total,
        .total_offset = total_offset,
        .rows = range_of(run, row),
        .cols_of_row = is_pair ? run->walk->pairs[row->pair].ranges : NULL,
        .source_row = row->source_stride,
        .source_col = col->source_stride,
        .total_row = row->total_stride,
        .total_col = col->total_stride,
    };
    if (!is_pair) block.cols = range_of(run, col);
    run->add(&block);
}

static void run_loops(FoldRun *run, int level, ptrdiff_t source_offset, ptrdiff_t total_offset) {
    if (level == run->walk->loop_count - 2) {
        run_block(run, source_offset, total_offset);
        return;
    }
    const FoldLoop *loop = &run->walk->loops[level];
    FoldRange range = range_of(run, loop);
    for (ptrdiff_t i = range.first; i < range.end; i++) {
        if (loop->role == FOLD_OUTER) {
            run->current[loop->pair] = run->walk->pairs[loop->pair].ranges[i];
        }
        run_loops(run, level + 1, source_offset + i * loop->source_stride,
                  total_offset + i * loop->total_stride);
    }
}

void fold_walk_run(const FoldWalk *walk, const char *source, char *total, FoldAdd *add) {
    FoldRun run;
    run.walk = walk;
    run.source = source;
    run.total = total;
    run.add = add;
    for (int i = 0; i < walk->pair_count; i++) run.current[i] = (FoldRange){0, 0};
    run_loops(&run, 0, walk->source_offset, walk->total_offset);
}
