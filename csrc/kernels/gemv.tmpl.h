/* The product of a matrix and a vector; sums.tmpl.h cuts the matrix into blocks. What differs
 * between layouts is only how one block is summed. A complex product sums (real * x, imaginary * x)
 * with the real part of x in all lanes, and the swapped parts with the imaginary one. */

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

/* ---- the depth has unit stride
 * ---------------------------------------------------------------------- */

/* Two sums of a row: products of equal parts, and of one's parts with the other's swapped. */
static inline __attribute__((always_inline)) void NAME(gemv_add)(Vector sums[PLANES], Vector m,
                                                                 Vector x[PLANES]) {
    for (int p = 0; p < PLANES; p++) sums[p] += m * x[p];
}

static inline __attribute__((always_inline)) void NAME(gemv_parts)(Vector vector,
                                                                   Vector x[PLANES]) {
    x[0] = vector;
#if PLANES == 2
    x[1] = NAME(swap_parts)(vector);
#endif
}

/* The sums of 1 or 4 rows from their vectors of sums. */
static inline __attribute__((always_inline)) void NAME(gemv_fold)(Vector parts[PLANES][4],
                                                                  ELEMENT *sums, int rows) {
    ELEMENT folded[PLANES][4 * PLANES];
    for (int p = 0; p < PLANES; p++) {
        if (rows == 4) NAME(fold_four)(parts[p], folded[p]);
        if (rows == 1) NAME(fold)(parts[p][0], folded[p]);
    }
    for (int i = 0; i < rows; i++) {
#if PLANES == 1
        sums[i] = folded[0][i];
#else
        sums[2 * i] = folded[0][2 * i] - folded[0][2 * i + 1];
        sums[2 * i + 1] = folded[1][2 * i] + folded[1][2 * i + 1];
#endif
    }
}

/* Whole vectors along `count` >= LANES scalars of each of 1 or 4 rows. */
static inline __attribute__((always_inline)) void
NAME(gemv_along)(const char *matrix, ptrdiff_t row, const char *vector, ptrdiff_t count,
                 ELEMENT *sums, int rows, int chains) {
    enum { SCALAR = NAME(GEMV_SCALAR) };
    Vector parts[4][8][PLANES], x[PLANES];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
        for (int c = 0; c < chains; c++) {
            for (int p = 0; p < PLANES; p++) parts[i][c][p] = (Vector){0};
        }
    }
    ptrdiff_t k = 0;
    for (; k + chains * LANES <= count; k += chains * LANES) {
#pragma GCC unroll 8
        for (int c = 0; c < chains; c++) {
            ptrdiff_t at = (k + c * LANES) * SCALAR;
            NAME(gemv_parts)(NAME(load)(vector + at), x);
#pragma GCC unroll 4
            for (int i = 0; i < rows; i++) {
                NAME(gemv_add)(parts[i][c], NAME(load)(matrix + i * row + at), x);
            }
        }
    }
    for (; k + LANES <= count; k += LANES) {
        NAME(gemv_parts)(NAME(load)(vector + k * SCALAR), x);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            NAME(gemv_add)(parts[i][0], NAME(load)(matrix + i * row + k * SCALAR), x);
        }
    }
    if (k < count) {
        ptrdiff_t last = (count - LANES) * SCALAR;
        NAME(gemv_parts)(NAME(load_last)(vector + last, count - k), x);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            Vector m = NAME(load_last)(matrix + i * row + last, count - k);
            NAME(gemv_add)(parts[i][0], m, x);
        }
    }
    Vector totals[PLANES][4];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        for (int p = 0; p < PLANES; p++) {
#pragma GCC unroll 8
            for (int c = 1; c < chains; c++) parts[i][0][p] += parts[i][c][p];
            totals[p][i] = parts[i][0][p];
        }
    }
    NAME(gemv_fold)(totals, sums, rows);
}

static void NAME(gemv_along_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    Element gathered[NAME(GEMV_BLOCK)];
    const char *vector = NAME(gemv_vector)(job, k, depth, gathered);
    const char *matrix = job->matrix + row * job->matrix_row + k * ELEMENT_BYTES;
    ptrdiff_t i = 0, count = PLANES * depth;
    for (; i + 4 <= rows; i += 4) {
        NAME(gemv_along)(matrix + i * job->matrix_row, job->matrix_row, vector, count,
                         sums + i * PLANES, 4, 2 / PLANES);
    }
    for (; i < rows; i++) {
        NAME(gemv_along)(matrix + i * job->matrix_row, 0, vector, count, sums + i * PLANES, 1,
                         8 / PLANES);
    }
}

/* ---- any strides
 * ------------------------------------------------------------------------------------ */

static inline Element NAME(multiply_add)(Element sum, Element a, Element b) {
#if PLANES == 1
    sum.plane[0] = (ELEMENT)(sum.plane[0] + 1u * a.plane[0] * b.plane[0]);
#else
    sum.plane[0] += a.plane[0] * b.plane[0] - a.plane[1] * b.plane[1];
    sum.plane[1] += a.plane[1] * b.plane[0] + a.plane[0] * b.plane[1];
#endif
    return sum;
}

/* Up to four rows side by side, two sums for each. */
static inline __attribute__((always_inline)) void
NAME(gemv_few)(const GemvJob *job, const char *matrix, const char *vector, ptrdiff_t depth,
               ELEMENT *sums, int rows) {
    Element parts[4][2] = {{{{0}}}};
    for (ptrdiff_t d = 0; d < depth; d += 2) {
#pragma GCC unroll 2
        for (int c = 0; c < 2; c++) {
            if (c == 1 && d + 1 == depth) break;
            Element x = *(const Element *)(const void *)vector;
#pragma GCC unroll 4
            for (int i = 0; i < rows; i++) {
                Element m = *(const Element *)(const void *)(matrix + i * job->matrix_row);
                parts[i][c] = NAME(multiply_add)(parts[i][c], m, x);
            }
            matrix += job->matrix_depth;
            vector += job->vector_depth;
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        for (int p = 0; p < PLANES; p++) {
            sums[i * PLANES + p] = (ELEMENT)(parts[i][0].plane[p] + parts[i][1].plane[p]);
        }
    }
}

static void NAME(gemv_any_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                 ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    const char *matrix = job->matrix + row * job->matrix_row + k * job->matrix_depth;
    const char *vector = job->vector + k * job->vector_depth;
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4, matrix += 4 * job->matrix_row) {
        NAME(gemv_few)(job, matrix, vector, depth, sums + i * PLANES, 4);
    }
    sums += i * PLANES;
    if (rows - i == 3) NAME(gemv_few)(job, matrix, vector, depth, sums, 3);
    if (rows - i == 2) NAME(gemv_few)(job, matrix, vector, depth, sums, 2);
    if (rows - i == 1) NAME(gemv_few)(job, matrix, vector, depth, sums, 1);
}

/* One element of every row after the other, where those lie closer together. */
static void NAME(gemv_near_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                  ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    Element *to = (Element *)sums;
    for (ptrdiff_t i = 0; i < PLANES * rows; i++) sums[i] = 0;
    for (ptrdiff_t d = k; d < k + depth; d++) {
        const char *matrix = job->matrix + row * job->matrix_row + d * job->matrix_depth;
        Element x = *(const Element *)(const void *)(job->vector + d * job->vector_depth);
        for (ptrdiff_t i = 0; i < rows; i++, matrix += job->matrix_row) {
            to[i] = NAME(multiply_add)(to[i], *(const Element *)(const void *)matrix, x);
        }
    }
}

/* ---- the rows have unit stride
 * ---------------------------------------------------------------------- */

/* An element of the vector in all lanes, ready to multiply a column. */
typedef struct NAME(Factor) {
    Vector parts[PLANES];
} NAME(Factor);

static inline __attribute__((always_inline)) NAME(Factor) NAME(factor_at)(const char *memory) {
    const Element *element = (const Element *)(const void *)memory;
    NAME(Factor) factor = {{NAME(broadcast)(element->plane[0])}};
#if PLANES == 2
    factor.parts[1] = NAME(imaginary_parts)(NAME(broadcast)(element->plane[1]));
#endif
    return factor;
}

static inline __attribute__((always_inline)) Vector NAME(add_column)(Vector sum, const char *matrix,
                                                                     const NAME(Factor) * x) {
    Vector m = NAME(load)(matrix);
    sum += m * x->parts[0];
#if PLANES == 2
    sum += NAME(swap_parts)(m) * x->parts[1];
#endif
    return sum;
}

/* sums[0 .. LANES) += count columns, each with its factor. */
static inline __attribute__((always_inline)) void NAME(gemv_columns)(const char *matrix,
                                                                     ptrdiff_t step,
                                                                     const NAME(Factor) x[],
                                                                     int count, ELEMENT *sums) {
    Vector sum = {0};
#pragma GCC unroll 4
    for (int c = 0; c < count; c++) sum = NAME(add_column)(sum, matrix + c * step, &x[c]);
    NAME(store)(sums, NAME(load)(sums) + sum);
}

/* The same for all rows: whole vectors, the last of which has its own sums as it may overlap. */
static inline __attribute__((always_inline)) void NAME(gemv_across)(const GemvJob *job,
                                                                    const char *matrix, ptrdiff_t k,
                                                                    ptrdiff_t width, int count,
                                                                    ELEMENT *sums, ELEMENT *tail) {
    NAME(Factor) x[4];
#pragma GCC unroll 4
    for (int c = 0; c < count; c++) {
        x[c] = NAME(factor_at)(job->vector + (k + c) * job->vector_depth);
    }
    const ptrdiff_t scalar = NAME(GEMV_SCALAR), step = job->matrix_depth;
    matrix += k * step;
    ptrdiff_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        NAME(gemv_columns)(matrix + j * scalar, step, x, count, sums + j);
    }
    if (j < width) NAME(gemv_columns)(matrix + (width - LANES) * scalar, step, x, count, tail);
}

static void NAME(gemv_across_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                    ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    ptrdiff_t width = PLANES * rows, end = k + depth;
    if (width < LANES) {
        NAME(gemv_near_block)(context, row, rows, k, depth, sums);
        return;
    }
    const char *matrix = job->matrix + row * ELEMENT_BYTES;
    ELEMENT tail[LANES] = {0};
    memset(sums, 0, (size_t)(rows * ELEMENT_BYTES));
    for (; k + 4 <= end; k += 4) NAME(gemv_across)(job, matrix, k, width, 4, sums, tail);
    for (; k < end; k++) NAME(gemv_across)(job, matrix, k, width, 1, sums, tail);
    if (width % LANES) NAME(store)(sums + width - LANES, NAME(load)(tail));
}

/* ---- the kernel
 * ------------------------------------------------------------------------------------- */

static void NAME(gemv)(const GemvJob *job) {
    SumPlane plane = {
        .job = job,
        .rows = job->rows,
        .depth = job->depth,
        .out = job->out,
        .out_stride = job->out_row,
        .accumulate = job->accumulate,
    };
    if (job->matrix_depth == ELEMENT_BYTES && PLANES * job->depth >= LANES) {
        plane.block = NAME(gemv_along_block);
        plane.block_depth = NAME(GEMV_BLOCK);
    } else if (job->matrix_row == ELEMENT_BYTES && PLANES * job->rows >= LANES) {
        plane.block = NAME(gemv_across_block);
        plane.block_depth = 512;
    } else {
        bool is_near = imaxabs(job->matrix_row) < imaxabs(job->matrix_depth) && job->rows >= 8;
        plane.block = is_near ? NAME(gemv_near_block) : NAME(gemv_any_block);
        plane.block_depth = 256;
    }
    NAME(sum_plane)(&plane);
}
