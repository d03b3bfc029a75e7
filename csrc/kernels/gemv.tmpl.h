/* The product of a matrix and a vector, or of many pairs of vectors; sums.tmpl.h cuts the matrix
 * into blocks. What differs between layouts is only how one block is summed. A complex product sums
 * (real * x, imaginary * x) with the real part of x in all lanes, and the swapped parts with the
 * imaginary one. */

enum { NAME(GEMV_BLOCK) = 256 * LANES / PLANES, NAME(GEMV_SCALAR) = sizeof(ELEMENT) };

/* The vector of a block, as it is or gathered. */
static const char *NAME(gemv_vector)(const GemvJob *job, ptrdiff_t k, ptrdiff_t depth,
                                     Element *gathered) {
    const char *vector = job->vector + k * job->vector_depth;
    if (job->vector_depth == ELEMENT_BYTES) return vector;
    for (ptrdiff_t d = 0; d < depth; d++) {
        gathered[d] = *(const Element *)(const void *)(vector + d * job->vector_depth);
    }
    return (const char *)gathered;
}

#include "kernels/gemv_along.tmpl.h"

#include "kernels/gemv_any.tmpl.h"

#include "kernels/gemv_across.tmpl.h"

/* How the sums of a block are computed, and how long a block may be. */
typedef struct NAME(GemvWay) {
    NAME(SumBlock) * block;
    ptrdiff_t depth;
} NAME(GemvWay);

/* Where the depth has unit stride. */
static NAME(GemvWay) NAME(gemv_way_along)(const GemvJob *job) {
    bool is_shared = job->vector_row == 0;
    ptrdiff_t length = job->depth * ELEMENT_BYTES;
    bool is_gapless = job->matrix_row == length && (is_shared || job->vector_row == length);
    if (length >= VECTOR_BYTES) {
        NAME(SumBlock) *block = is_shared ? NAME(gemv_along_block) : NAME(gemv_pairs_block);
        return (NAME(GemvWay)){block, NAME(GEMV_BLOCK)};
    }
    bool is_loadable = HAS_MASKS || is_gapless;
    return (NAME(GemvWay)){is_loadable ? NAME(gemv_short_block) : NAME(gemv_any_block), LANES};
}

/* Where the rows have unit stride. */
static NAME(GemvWay) NAME(gemv_way_across)(const GemvJob *job) {
    ptrdiff_t length = job->rows * ELEMENT_BYTES;
    bool is_gapless =
        job->matrix_depth == length && (job->vector_row == 0 || job->vector_depth == length);
    if (HAS_MASKS || length >= VECTOR_BYTES) return (NAME(GemvWay)){NAME(gemv_across_block), 512};
    return (NAME(GemvWay)){is_gapless ? NAME(gemv_narrow_block) : NAME(gemv_near_block), 256};
}

static NAME(GemvWay) NAME(gemv_way)(const GemvJob *job) {
    bool is_shared = job->vector_row == 0;
    bool is_along =
        job->matrix_depth == ELEMENT_BYTES && (is_shared || job->vector_depth == ELEMENT_BYTES);
    bool is_across =
        job->matrix_row == ELEMENT_BYTES && (is_shared || job->vector_row == ELEMENT_BYTES);
    if (is_along && job->depth > 0) return NAME(gemv_way_along)(job);
    if (is_across && job->rows > 1) return NAME(gemv_way_across)(job);
    bool is_near = imaxabs(job->matrix_row) < imaxabs(job->matrix_depth) && job->rows >= 8;
    return (NAME(GemvWay)){is_near ? NAME(gemv_near_block) : NAME(gemv_any_block), 256};
}

static void NAME(gemv)(const GemvJob *job) {
    NAME(GemvWay) way = NAME(gemv_way)(job);
    NAME(sum_plane)(&(SumPlane){
        .block = way.block,
        .block_depth = way.depth,
        .job = job,
        .rows = job->rows,
        .depth = job->depth,
        .out = job->out,
        .out_stride = job->out_row,
        .accumulate = job->accumulate,
    });
}
