/* Blocks of gemv.tmpl.h of any strides, element by element. */

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

/* 1 or 4 rows of `count` lanes, less than a vector. shared: what all of them are multiplied by,
   unless each has a vector of its own. */
static inline __attribute__((always_inline)) void NAME(gemv_short)(const NAME(GemvRows) * from,
                                                                   ptrdiff_t count,
                                                                   const Vector shared[PLANES],
                                                                   ELEMENT *sums, int rows) {
    Vector totals[PLANES][4], own[PLANES];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        Vector m = NAME(load_short)(from->matrix + i * from->matrix_row, count);
        if (!shared) {
            NAME(gemv_parts)(NAME(load_short)(from->vector + i * from->vector_row, count), own);
        }
        for (int p = 0; p < PLANES; p++) {
            totals[p][i] = NAME(times)(m, shared ? shared[p] : own[p]);
        }
    }
    NAME(gemv_fold)(totals, sums, rows);
}

static inline __attribute__((always_inline)) void
NAME(gemv_short_rows)(NAME(GemvRows) from, ptrdiff_t rows, ptrdiff_t count,
                      const Vector shared[PLANES], ELEMENT *sums) {
    for (; rows >= 4; rows -= 4, sums += 4 * PLANES) {
        NAME(gemv_short)(&from, count, shared, sums, 4);
        from.matrix += 4 * from.matrix_row;
        from.vector += 4 * from.vector_row;
    }
    for (; rows > 0; rows--, sums += PLANES) {
        NAME(gemv_short)(&from, count, shared, sums, 1);
        from.matrix += from.matrix_row;
        from.vector += from.vector_row;
    }
}

/* The first rows go element by element where nothing is before them that could be loaded. */
static void NAME(gemv_short_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    ptrdiff_t count = PLANES * depth, first = NAME(rows_unloadable)(count, rows, row == 0);
    NAME(gemv_any_block)(context, row, first, k, depth, sums);
    NAME(GemvRows)
    from = {.matrix = job->matrix + (row + first) * job->matrix_row,
            .vector = job->vector + (row + first) * job->vector_row,
            .matrix_row = job->matrix_row,
            .vector_row = job->vector_row};
    if (job->vector_row) {
        NAME(gemv_short_rows)(from, rows - first, count, NULL, sums + first * PLANES);
        return;
    }
    ELEMENT lanes[LANES] = {0};
    for (ptrdiff_t d = 0; d < depth; d++) {
        const char *element = job->vector + d * job->vector_depth;
        memcpy(lanes + NAME(short_start)(count) + d * PLANES, element, ELEMENT_BYTES);
    }
    Vector shared[PLANES];
    NAME(gemv_parts)(NAME(load)(lanes), shared);
    NAME(gemv_short_rows)(from, rows - first, count, shared, sums + first * PLANES);
}
