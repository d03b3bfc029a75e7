/* Blocks of gemv.tmpl.h whose rows have unit stride: vectors of rows, column after column. */

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

/* An element of its own for each lane. */
static inline __attribute__((always_inline)) NAME(Factor) NAME(factors_of)(Vector lanes) {
    NAME(Factor) factor = {{lanes}};
#if PLANES == 2
    factor.parts[1] = NAME(imaginary_parts)(factor.parts[0]);
    factor.parts[0] = NAME(real_parts)(factor.parts[0]);
#endif
    return factor;
}

static inline __attribute__((always_inline)) Vector NAME(add_column)(Vector sum, Vector m,
                                                                     const NAME(Factor) * x) {
    sum += NAME(times)(m, x->parts[0]);
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
        NAME(Factor) x = from->x[c];
        if (moves) x = NAME(factors_of)(NAME(load)(from->vector + c * from->vector_depth + at));
        sum = NAME(add_column)(sum, NAME(load)(from->matrix + c * from->matrix_depth + at), &x);
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

#if HAS_MASKS
/* Less than a vector of rows, summed in registers. */
static inline __attribute__((always_inline)) void
NAME(gemv_across_short)(const GemvJob *job, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                        ptrdiff_t depth, ELEMENT *sums, bool moves) {
    enum { CHAINS = 4 };
    ptrdiff_t bytes = rows * ELEMENT_BYTES;
    Vector totals[CHAINS] = {{0}};
    for (ptrdiff_t d = 0; d < depth; d += CHAINS) {
    #pragma GCC unroll 4
        for (int c = 0; c < CHAINS; c++) {
            if (d + c >= depth) break;
            const char *matrix =
                job->matrix + row * job->matrix_row + (k + d + c) * job->matrix_depth;
            const char *vector =
                job->vector + row * job->vector_row + (k + d + c) * job->vector_depth;
            NAME(Factor)
            x = moves ? NAME(factors_of)(NAME(load_first)(vector, bytes)) : NAME(factor_at)(vector);
            totals[c] = NAME(add_column)(totals[c], NAME(load_first)(matrix, bytes), &x);
        }
    }
    Vector total = (totals[0] + totals[1]) + (totals[2] + totals[3]);
    NAME(store_first)(sums, total, bytes);
}
#endif

static void NAME(gemv_across_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                    ptrdiff_t depth, ELEMENT *sums) {
    const GemvJob *job = context;
    if (PLANES * rows < LANES) {
#if HAS_MASKS
        if (job->vector_row == 0) {
            NAME(gemv_across_short)(job, row, rows, k, depth, sums, false);
        } else {
            NAME(gemv_across_short)(job, row, rows, k, depth, sums, true);
        }
#else
        NAME(gemv_near_block)(context, row, rows, k, depth, sums);
#endif
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
