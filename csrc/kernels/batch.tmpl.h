/* Products of many matrices whose elements lie side by side: a vector holds one element of each of
 * LANES entries, so that a tile of vectors is as many tiles of products. Nothing is broadcast and
 * nothing is packed; whatever the matrices look like, they are read by whole vectors. The last
 * vector of the lanes overlaps the one before it. */

/* Accumulators leave room for the vectors of a step, which are two a column where numbers are
   complex. */
#define BATCH_TILE_ROWS 4
#if VECTOR_REGISTERS >= 32
    #define BATCH_TILE_COLS 4
#else
    #define BATCH_TILE_COLS 2
#endif

#ifndef BATCH_TYPES
    #define BATCH_TYPES
/* Where a tile begins: row, column and lane; the first `skip` lanes of its vector were computed
   before. */
typedef struct BatchPlace {
    ptrdiff_t row, col, lane;
    int skip;
} BatchPlace;
#endif

/* One step of the depth for some columns of the right input. */
typedef struct NAME(BatchFactors) {
    Vector plain[BATCH_TILE_COLS];
    Vector swapped[BATCH_TILE_COLS]; /* complex numbers: their parts */
} NAME(BatchFactors);

static inline __attribute__((always_inline)) Vector
NAME(batch_add)(Vector sum, Vector left, const NAME(BatchFactors) * right, int col) {
#if PLANES == 2
    sum += NAME(real_parts)(left) * right->plain[col];
    return sum + NAME(imaginary_parts)(left) * right->swapped[col];
#else
    return sum + NAME(times)(left, right->plain[col]);
#endif
}

static inline __attribute__((always_inline)) void NAME(batch_store)(const BatchJob *job, char *out,
                                                                    Vector sum, int skip) {
    if (job->accumulate) {
        if (skip > 0) sum = (Vector)((Bits)sum & NAME(last_lanes)(LANES - skip));
        sum += NAME(load)(out);
    }
    NAME(store)(out, sum);
}

static inline __attribute__((always_inline)) void
NAME(batch_tile)(const BatchJob *job, const BatchPlace *place, int rows, int cols) {
    Vector sums[BATCH_TILE_ROWS][BATCH_TILE_COLS];
    ptrdiff_t left_rows[BATCH_TILE_ROWS], right_cols[BATCH_TILE_COLS];
    const ptrdiff_t start = place->lane * (ptrdiff_t)sizeof(ELEMENT);
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        left_rows[i] = job->left_rows[place->row + i] + start;
#pragma GCC unroll 4
        for (int j = 0; j < cols; j++) sums[i][j] = (Vector){0};
    }
#pragma GCC unroll 4
    for (int j = 0; j < cols; j++) right_cols[j] = job->right_cols[place->col + j] + start;
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        const char *left = job->left + job->left_depth[k];
        const char *right = job->right + job->right_depth[k];
        NAME(BatchFactors) factors;
#pragma GCC unroll 4
        for (int j = 0; j < cols; j++) {
            factors.plain[j] = NAME(load)(right + right_cols[j]);
#if PLANES == 2
            factors.swapped[j] = NAME(swap_parts)(factors.plain[j]);
#endif
        }
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            Vector factor = NAME(load)(left + left_rows[i]);
#pragma GCC unroll 4
            for (int j = 0; j < cols; j++) {
                sums[i][j] = NAME(batch_add)(sums[i][j], factor, &factors, j);
            }
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        char *out = job->out + job->out_rows[place->row + i] + start;
#pragma GCC unroll 4
        for (int j = 0; j < cols; j++) {
            NAME(batch_store)(job, out + job->out_cols[place->col + j], sums[i][j], place->skip);
        }
    }
}

/* One function for each number of columns, and of rows. */
#define BATCH_DEFINE(rows, cols)                                                         \
    static void PASTE(PASTE(batch_##rows##x##cols, SET), ISA)(const BatchJob *job,       \
                                                              const BatchPlace *place) { \
        NAME(batch_tile)(job, place, rows, cols);                                        \
    }
#define BATCH_ENTRY(rows, cols) PASTE(PASTE(batch_##rows##x##cols, SET), ISA),
#if BATCH_TILE_COLS == 4
    #define BATCH_EACH(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4)
#else
    #define BATCH_EACH(X, rows) X(rows, 1) X(rows, 2)
#endif
BATCH_EACH(BATCH_DEFINE, 1)
BATCH_EACH(BATCH_DEFINE, 2)
BATCH_EACH(BATCH_DEFINE, 3)
BATCH_EACH(BATCH_DEFINE, 4)

typedef void NAME(BatchTile)(const BatchJob *job, const BatchPlace *place);

static NAME(BatchTile) *const NAME(batch_tiles)[BATCH_TILE_ROWS][BATCH_TILE_COLS] = {
    {BATCH_EACH(BATCH_ENTRY, 1)},
    {BATCH_EACH(BATCH_ENTRY, 2)},
    {BATCH_EACH(BATCH_ENTRY, 3)},
    {BATCH_EACH(BATCH_ENTRY, 4)},
};
#undef BATCH_EACH
#undef BATCH_ENTRY
#undef BATCH_DEFINE

/* All lanes of a tile, which stay on the same pages, before the next one. */
static void NAME(batch)(const BatchJob *job) {
    BatchPlace place;
    const ptrdiff_t width = PLANES * job->lanes;
    for (place.row = 0; place.row < job->rows; place.row += BATCH_TILE_ROWS) {
        ptrdiff_t rows = job->rows - place.row;
        if (rows > BATCH_TILE_ROWS) rows = BATCH_TILE_ROWS;
        for (place.col = 0; place.col < job->cols; place.col += BATCH_TILE_COLS) {
            ptrdiff_t cols = job->cols - place.col;
            if (cols > BATCH_TILE_COLS) cols = BATCH_TILE_COLS;
            NAME(BatchTile) *tile = NAME(batch_tiles)[rows - 1][cols - 1];
            for (ptrdiff_t lane = 0; lane < width; lane += LANES) {
                place.skip = lane + LANES > width ? (int)(lane + LANES - width) : 0;
                place.lane = lane - place.skip;
                tile(job, &place);
            }
        }
    }
}

enum { NAME(BATCH_ROWS) = BATCH_TILE_ROWS, NAME(BATCH_COLS) = BATCH_TILE_COLS };

#undef BATCH_TILE_ROWS
#undef BATCH_TILE_COLS
