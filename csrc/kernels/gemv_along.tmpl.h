/* Blocks of gemv.tmpl.h whose depth has unit stride: vectors of products along it, several rows
 * side by side, and at last the sums of their lanes. */

/* Two sums of a row: products of equal parts, and of one's parts with the other's swapped. */
static inline __attribute__((always_inline)) void NAME(gemv_add)(Vector sums[PLANES], Vector m,
                                                                 Vector x[PLANES]) {
    for (int p = 0; p < PLANES; p++) sums[p] += NAME(times)(m, x[p]);
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
