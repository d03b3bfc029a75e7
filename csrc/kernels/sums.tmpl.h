/* What reduce and gemv share: the sums of many rows are cut into blocks of rows, whose sums stay in
 * the first-level cache, and of the depth, short enough that a block is summed without long chains
 * of additions; the sums of blocks are joined in a tree. */
#include <inttypes.h>
#include <string.h>

#define SumPlane NAME(SumPlane)

enum { NAME(SUM_ROWS) = 4096 / ELEMENT_BYTES };

/* sums[i] = sum over depth elements from element k on, for `rows` rows from `row` on. */
typedef void NAME(SumBlock)(const void *job, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                            ptrdiff_t depth, ELEMENT *sums);

typedef struct SumPlane {
    NAME(SumBlock) * block;
    ptrdiff_t block_depth; /* how much of the depth it sums at a time */
    const void *job;
    ptrdiff_t rows, depth;
    char *out;
    ptrdiff_t out_stride;
    bool accumulate;
} SumPlane;

static void NAME(sum_tree)(const SumPlane *plane, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                           ptrdiff_t depth, ELEMENT *sums) {
    if (depth <= plane->block_depth) {
        plane->block(plane->job, row, rows, k, depth, sums);
        return;
    }
    ptrdiff_t first = depth / 2 / 64 * 64; /* whole vectors; both parts hold at least one */
    ELEMENT others[PLANES * NAME(SUM_ROWS)];
    NAME(sum_tree)(plane, row, rows, k, first, sums);
    NAME(sum_tree)(plane, row, rows, k + first, depth - first, others);
    for (ptrdiff_t i = 0; i < PLANES * rows; i++) sums[i] = (ELEMENT)(sums[i] + others[i]);
}

static void NAME(put_sums)(const SumPlane *plane, ptrdiff_t row, ptrdiff_t rows,
                           const ELEMENT *sums) {
    char *out = plane->out + row * plane->out_stride;
    if (plane->out_stride == ELEMENT_BYTES && !plane->accumulate) {
        memcpy(out, sums, (size_t)(rows * ELEMENT_BYTES));
        return;
    }
    for (ptrdiff_t i = 0; i < rows; i++, out += plane->out_stride) {
        Element *to = (Element *)(void *)out;
        for (int p = 0; p < PLANES; p++) {
            ELEMENT before = plane->accumulate ? to->plane[p] : 0;
            to->plane[p] = (ELEMENT)(before + sums[i * PLANES + p]);
        }
    }
}

/* Rows that follow each other, each summed as one block: no sums need to go elsewhere first. */
static bool NAME(is_one_block)(const SumPlane *plane) {
    return plane->rows > 0 && plane->rows <= NAME(SUM_ROWS) && plane->depth <= plane->block_depth &&
           plane->out_stride == ELEMENT_BYTES && !plane->accumulate;
}

static void NAME(sum_plane)(const SumPlane *plane) {
    if (NAME(is_one_block)(plane)) {
        plane->block(plane->job, 0, plane->rows, 0, plane->depth, (ELEMENT *)(void *)plane->out);
        return;
    }
    ELEMENT sums[PLANES * NAME(SUM_ROWS)];
    for (ptrdiff_t row = 0; row < plane->rows; row += NAME(SUM_ROWS)) {
        ptrdiff_t left = plane->rows - row;
        ptrdiff_t rows = left < NAME(SUM_ROWS) ? left : NAME(SUM_ROWS);
        NAME(sum_tree)(plane, row, rows, 0, plane->depth, sums);
        NAME(put_sums)(plane, row, rows, sums);
    }
}
