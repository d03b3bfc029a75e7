/* The product of a matrix and a vector, or of many pairs of vectors; sums.tmpl.h cuts the matrix
 * into blocks. What differs
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

/* ---- the depth has unit stride ------------------------------------------- */

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

/* Where up to four rows of either input begin. */
typedef struct NAME(GemvRows) {
    const char *matrix, *vector;
    ptrdiff_t matrix_row, vector_row;
} NAME(GemvRows);

/* LANES scalars, or the last `kept` of them. */
static inline __attribute__((always_inline)) Vector NAME(gemv_load)(const char *memory,
                                                                    ptrdiff_t kept) {
    return kept == LANES ? NAME(load)(memory) : NAME(load_last)(memory, kept);
}

/* One vector of each row, `at` bytes from its start, to the sums of one chain. moves: whether each
   row has a vector of its own. */
static inline __attribute__((always_inline)) void NAME(gemv_add_rows)(const NAME(GemvRows) * from,
                                                                      ptrdiff_t at, ptrdiff_t kept,
                                                                      Vector (*chain)[8][PLANES],
                                                                      int rows, bool moves) {
    Vector x[PLANES];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        if (i == 0 || moves) {
            const char *vector = from->vector + i * from->vector_row + at;
            NAME(gemv_parts)(NAME(gemv_load)(vector, kept), x);
        }
        const char *matrix = from->matrix + i * from->matrix_row + at;
        NAME(gemv_add)(chain[i][0], NAME(gemv_load)(matrix, kept), x);
    }
}

/* Whole vectors along `count` scalars of each of 1 or 4 rows. Fewer than LANES are loaded with
   those before them, which must be there. */
static inline __attribute__((always_inline)) void NAME(gemv_along)(const NAME(GemvRows) * from,
                                                                   ptrdiff_t count, ELEMENT *sums,
                                                                   int rows, int chains,
                                                                   bool moves) {
    enum { SCALAR = NAME(GEMV_SCALAR) };
    Vector parts[4][8][PLANES];
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
            NAME(gemv_add_rows)(from, at, LANES, (Vector(*)[8][PLANES]) & parts[0][c], rows, moves);
        }
    }
    for (; k + LANES <= count; k += LANES) {
        NAME(gemv_add_rows)(from, k * SCALAR, LANES, parts, rows, moves);
    }
    if (k < count) {
        NAME(gemv_add_rows)(from, (count - LANES) * SCALAR, count - k, parts, rows, moves);
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

/* All rows of a block, four at a time. */
static inline __attribute__((always_inline)) void NAME(gemv_along_rows)(NAME(GemvRows) from,
                                                                        ptrdiff_t rows,
                                                                        ptrdiff_t count,
                                                                        ELEMENT *sums, bool moves) {
    for (; rows >= 4; rows -= 4, sums += 4 * PLANES) {
        NAME(gemv_along)(&from, count, sums, 4, 2 / PLANES, moves);
        from.matrix += 4 * from.matrix_row;
        from.vector += 4 * from.vector_row;
    }
    for (; rows > 0; rows--, sums += PLANES) {
        NAME(gemv_along)(&from, count, sums, 1, 8 / PLANES, moves);
        from.matrix += from.matrix_row;
        from.vector += from.vector_row;
    }
}

static void NAME(gemv_along_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    NAME(GemvRows)
    from = {.matrix = job->matrix + row * job->matrix_row + k * ELEMENT_BYTES,
            .matrix_row = job->matrix_row};
    Element gathered[NAME(GEMV_BLOCK)];
    from.vector = NAME(gemv_vector)(job, k, depth, gathered);
    NAME(gemv_along_rows)(from, rows, PLANES * depth, sums, false);
}

/* The same where each row has a vector of its own. */
static void NAME(gemv_pairs_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    NAME(GemvRows)
    from = {.matrix = job->matrix + row * job->matrix_row + k * ELEMENT_BYTES,
            .vector = job->vector + row * job->vector_row + k * ELEMENT_BYTES,
            .matrix_row = job->matrix_row,
            .vector_row = job->vector_row};
    NAME(gemv_along_rows)(from, rows, PLANES * depth, sums, true);
}

/* ---- any strides --------------------------------------------------------- */

static inline Element NAME(multiply_add)(Element sum, Element a, Element b) {
#if PLANES == 1
    sum.plane[0] = (ELEMENT)(sum.plane[0] + 1u * a.plane[0] * b.plane[0]);
#else
    sum.plane[0] += a.plane[0] * b.plane[0] - a.plane[1] * b.plane[1];
    sum.plane[1] += a.plane[1] * b.plane[0] + a.plane[0] * b.plane[1];
#endif
    return sum;
}

static inline Element NAME(gemv_element)(const char *memory) {
    return *(const Element *)(const void *)memory;
}

/* One place of the depth of up to four rows to one of their two sums. */
static inline __attribute__((always_inline)) void
NAME(gemv_add_places)(const GemvJob *job, const char *matrix, const char *vector,
                      Element parts[4][2], int rows, int place) {
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        Element m = NAME(gemv_element)(matrix + i * job->matrix_row);
        Element x = NAME(gemv_element)(vector + i * job->vector_row);
        parts[i][place] = NAME(multiply_add)(parts[i][place], m, x);
    }
}

/* Up to four rows side by side, two sums for each. */
static inline __attribute__((always_inline)) void
NAME(gemv_few)(const GemvJob *job, const char *matrix, const char *vector, ptrdiff_t depth,
               ELEMENT *sums, int rows) {
    Element parts[4][2] = {{{{0}}}};
    ptrdiff_t d = 0;
    for (; d + 2 <= depth; d += 2) {
        NAME(gemv_add_places)(job, matrix, vector, parts, rows, 0);
        NAME(gemv_add_places)(job, matrix + job->matrix_depth, vector + job->vector_depth, parts,
                              rows, 1);
        matrix += 2 * job->matrix_depth;
        vector += 2 * job->vector_depth;
    }
    if (d < depth) NAME(gemv_add_places)(job, matrix, vector, parts, rows, 0);
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
    const char *vector = job->vector + row * job->vector_row + k * job->vector_depth;
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        NAME(gemv_few)(job, matrix, vector, depth, sums + i * PLANES, 4);
        matrix += 4 * job->matrix_row;
        vector += 4 * job->vector_row;
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
        const char *vector = job->vector + row * job->vector_row + d * job->vector_depth;
        for (ptrdiff_t i = 0; i < rows; i++) {
            Element m = NAME(gemv_element)(matrix + i * job->matrix_row);
            Element x = NAME(gemv_element)(vector + i * job->vector_row);
            to[i] = NAME(multiply_add)(to[i], m, x);
        }
    }
}

/* 1 or 4 rows without gaps that are shorter than a vector: each is loaded with the end of the one
   before, of which only the lanes to be kept remain. shared: what all rows are multiplied by,
   unless each has a vector of its own. */
static inline __attribute__((always_inline)) void NAME(gemv_short)(const NAME(GemvRows) * from,
                                                                   Bits kept,
                                                                   const Vector shared[PLANES],
                                                                   ELEMENT *sums, int rows) {
    Vector totals[PLANES][4], own[PLANES];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        Bits m = (Bits)NAME(load)(from->matrix + i * from->matrix_row) & kept;
        if (!shared) {
            Bits x = (Bits)NAME(load)(from->vector + i * from->vector_row) & kept;
            NAME(gemv_parts)((Vector)x, own);
        }
        for (int p = 0; p < PLANES; p++) {
            totals[p][i] = (Vector)m * (shared ? shared[p] : own[p]);
        }
    }
    NAME(gemv_fold)(totals, sums, rows);
}

static inline __attribute__((always_inline)) void NAME(gemv_short_rows)(NAME(GemvRows) from,
                                                                        ptrdiff_t rows, Bits kept,
                                                                        const Vector shared[PLANES],
                                                                        ELEMENT *sums) {
    for (; rows >= 4; rows -= 4, sums += 4 * PLANES) {
        NAME(gemv_short)(&from, kept, shared, sums, 4);
        from.matrix += 4 * from.matrix_row;
        from.vector += 4 * from.vector_row;
    }
    for (; rows > 0; rows--, sums += PLANES) {
        NAME(gemv_short)(&from, kept, shared, sums, 1);
        from.matrix += from.matrix_row;
        from.vector += from.vector_row;
    }
}

/* The first rows go element by element, as nothing is before them. */
static void NAME(gemv_short_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    ptrdiff_t count = PLANES * depth, before = (count - LANES) * NAME(GEMV_SCALAR);
    ptrdiff_t first = row ? 0 : NAME(least)((LANES - 1) / count, rows);
    NAME(gemv_any_block)(context, row, first, k, depth, sums);
    NAME(GemvRows)
    from = {.matrix = job->matrix + (row + first) * job->matrix_row + before,
            .vector = job->vector + (row + first) * job->vector_row + before,
            .matrix_row = job->matrix_row,
            .vector_row = job->vector_row};
    Bits kept = NAME(last_lanes)(count);
    if (job->vector_row) {
        NAME(gemv_short_rows)(from, rows - first, kept, NULL, sums + first * PLANES);
        return;
    }
    ELEMENT last[LANES] = {0};
    for (ptrdiff_t d = 0; d < depth; d++) {
        const char *element = job->vector + d * job->vector_depth;
        memcpy(last + LANES - count + d * PLANES, element, ELEMENT_BYTES);
    }
    Vector shared[PLANES];
    NAME(gemv_parts)(NAME(load)(last), shared);
    NAME(gemv_short_rows)(from, rows - first, kept, shared, sums + first * PLANES);
}

/* ---- the rows have unit stride ------------------------------------------- */

/* What a column is multiplied by, lane by lane. */
typedef struct NAME(Factor) {
    Vector parts[PLANES];
} NAME(Factor);

/* An element of the vector in all lanes. */
static inline __attribute__((always_inline)) NAME(Factor) NAME(factor_at)(const char *memory) {
    const Element *element = (const Element *)(const void *)memory;
    NAME(Factor) factor = {{NAME(broadcast)(element->plane[0])}};
#if PLANES == 2
    factor.parts[1] = NAME(imaginary_parts)(NAME(broadcast)(element->plane[1]));
#endif
    return factor;
}

/* Lanes that follow each other in memory. */
static inline __attribute__((always_inline)) NAME(Factor) NAME(factors_at)(const char *memory) {
    NAME(Factor) factor = {{NAME(load)(memory)}};
#if PLANES == 2
    factor.parts[1] = NAME(imaginary_parts)(factor.parts[0]);
    factor.parts[0] = NAME(real_parts)(factor.parts[0]);
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

enum { NAME(GEMV_COLUMNS) = VECTOR_REGISTERS / 4 / PLANES }; /* whose factors fill the registers */

/* Up to GEMV_COLUMNS columns of the matrix, and of the vectors where each row has its own. */
typedef struct NAME(GemvColumns) {
    const char *matrix, *vector;
    ptrdiff_t matrix_depth, vector_depth;
    NAME(Factor) x[NAME(GEMV_COLUMNS)]; /* where all rows share one vector */
} NAME(GemvColumns);

/* sums[0 .. LANES) += count columns, `at` bytes below their start. */
static inline __attribute__((always_inline)) void NAME(gemv_columns)(const NAME(GemvColumns) * from,
                                                                     ptrdiff_t at, int count,
                                                                     bool moves, ELEMENT *sums) {
    Vector sum = {0};
#pragma GCC unroll 8
    for (int c = 0; c < count; c++) {
        NAME(Factor)
        x = moves ? NAME(factors_at)(from->vector + c * from->vector_depth + at) : from->x[c];
        sum = NAME(add_column)(sum, from->matrix + c * from->matrix_depth + at, &x);
    }
    NAME(store)(sums, NAME(load)(sums) + sum);
}

/* The same for all rows: whole vectors, the last of which has its own sums as it may overlap the
   one before; or a single one that begins before the rows. */
static inline __attribute__((always_inline)) void NAME(gemv_across)(NAME(GemvColumns) * from,
                                                                    ptrdiff_t width, int count,
                                                                    bool moves, ELEMENT *sums,
                                                                    ELEMENT *tail) {
#pragma GCC unroll 8
    for (int c = 0; c < count && !moves; c++) {
        from->x[c] = NAME(factor_at)(from->vector + c * from->vector_depth);
    }
    const ptrdiff_t scalar = NAME(GEMV_SCALAR);
    ptrdiff_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        NAME(gemv_columns)(from, j * scalar, count, moves, sums + j);
    }
    if (j < width) NAME(gemv_columns)(from, (width - LANES) * scalar, count, moves, tail);
    from->matrix += count * from->matrix_depth;
    from->vector += count * from->vector_depth;
}

static inline __attribute__((always_inline)) void
NAME(gemv_across_columns)(const GemvJob *job, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                          ptrdiff_t depth, ELEMENT *sums, bool moves) {
    enum { COLUMNS = NAME(GEMV_COLUMNS) };
    ptrdiff_t width = PLANES * rows;
    NAME(GemvColumns)
    from = {.matrix = job->matrix + row * job->matrix_row + k * job->matrix_depth,
            .vector = job->vector + row * job->vector_row + k * job->vector_depth,
            .matrix_depth = job->matrix_depth,
            .vector_depth = job->vector_depth};
    ELEMENT tail[LANES] = {0};
    memset(sums, 0, (size_t)(rows * ELEMENT_BYTES));
    for (; depth >= COLUMNS; depth -= COLUMNS) {
        NAME(gemv_across)(&from, width, COLUMNS, moves, sums, tail);
    }
    for (; depth > 0; depth--) NAME(gemv_across)(&from, width, 1, moves, sums, tail);
    ptrdiff_t left = NAME(least)(width % LANES ? LANES : 0, width);
    memcpy(sums + width - left, tail + LANES - left, (size_t)left * sizeof(ELEMENT));
}

static void NAME(gemv_across_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                    ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    if (PLANES * rows < LANES) {
        NAME(gemv_near_block)(context, row, rows, k, depth, sums);
    } else if (job->vector_row == 0) {
        NAME(gemv_across_columns)(job, row, rows, k, depth, sums, false);
    } else {
        NAME(gemv_across_columns)(job, row, rows, k, depth, sums, true);
    }
}

/* Less than a vector of rows, columns without gaps: each is loaded with the end of the one before,
   whose sums are forgotten, so that the first ones go element by element. */
static void NAME(gemv_narrow_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                    ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    ELEMENT others[LANES];
    ptrdiff_t first = k ? 0 : NAME(least)((LANES - 1) / (PLANES * rows), depth);
    NAME(gemv_near_block)(job, row, rows, k, first, sums);
    if (job->vector_row == 0) {
        NAME(gemv_across_columns)(job, row, rows, k + first, depth - first, others, false);
    } else {
        NAME(gemv_across_columns)(job, row, rows, k + first, depth - first, others, true);
    }
    for (ptrdiff_t i = 0; i < PLANES * rows; i++) sums[i] = (ELEMENT)(sums[i] + others[i]);
}

/* ---- the kernel ---------------------------------------------------------- */

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
    return (NAME(GemvWay)){is_gapless ? NAME(gemv_short_block) : NAME(gemv_any_block), LANES};
}

/* Where the rows have unit stride. */
static NAME(GemvWay) NAME(gemv_way_across)(const GemvJob *job) {
    ptrdiff_t length = job->rows * ELEMENT_BYTES;
    bool is_gapless =
        job->matrix_depth == length && (job->vector_row == 0 || job->vector_depth == length);
    if (length >= VECTOR_BYTES) return (NAME(GemvWay)){NAME(gemv_across_block), 512};
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
