/* The register tile: rows x vectors accumulators that stay in registers over the whole depth. Each
 * step takes one vector row of the right panel and one broadcast element per row of the left one.
 * The body is one inlined function of constant rows and vectors; the compiler unrolls it fully. */
#define TILE_NAME(rows, vectors) PASTE(NAME(tile), rows##x##vectors)

static inline __attribute__((always_inline)) void
NAME(tile_step)(Vector sums[PLANES][TILE_MAX_ROWS][4], const ELEMENT *left, const ELEMENT *right,
                int rows, int vectors) {
    Vector r[PLANES][4];
#pragma GCC unroll 8
    for (int v = 0; v < PLANES * vectors; v++) {
        r[v / vectors][v % vectors] = NAME(load)(right + v * LANES);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        Vector l = NAME(broadcast)(left[i]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            for (int plane = 0; plane < PLANES; plane++) {
                sums[plane][i][v] += NAME(times)(l, r[plane][v]);
            }
        }
#if PLANES == 2
        Vector imaginary = NAME(broadcast)(left[rows + i]);
    #pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            sums[0][i][v] -= imaginary * r[1][v];
            sums[1][i][v] += imaginary * r[0][v];
        }
#endif
    }
}

/* Whole rows of the output that lie in memory as in the tile. */
static inline __attribute__((always_inline)) void
NAME(tile_store_vectors)(const TileJob *job, Vector sums[PLANES][TILE_MAX_ROWS][4], int rows,
                         int vectors) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        char *out = job->out + job->row_offsets[i] + job->col_offsets[0];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            Vector sum = sums[0][i][v];
            if (job->accumulate) sum += NAME(load)(out + v * VECTOR_BYTES);
            NAME(store)(out + v * VECTOR_BYTES, sum);
        }
    }
}

/* The output is needed at the end only, and by then it has come from as far as memory. */
static inline __attribute__((always_inline)) void NAME(tile_prefetch)(const TileJob *job, int rows,
                                                                      int vectors) {
    if (!job->has_adjacent_cols) return;
    for (int i = 0; i < job->rows && i < rows; i++) {
        const char *out = job->out + job->row_offsets[i] + job->col_offsets[0];
        for (int v = 0; v < PLANES * vectors * VECTOR_BYTES; v += 64)
            __builtin_prefetch(out + v, 1);
    }
}

static inline __attribute__((always_inline)) void NAME(tile)(const TileJob *job, int rows,
                                                             int vectors) {
    NAME(tile_prefetch)(job, rows, vectors);
    Vector sums[PLANES][TILE_MAX_ROWS][4];
    for (int plane = 0; plane < PLANES; plane++) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sums[plane][i][v] = (Vector){0};
        }
    }
    const ELEMENT *left = job->left, *right = job->right;
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        NAME(tile_step)(sums, left, right, rows, vectors);
        left += PLANES * rows;
        right += PLANES * vectors * LANES;
    }
    if (PLANES == 1 && job->has_adjacent_cols && job->rows == rows) {
        NAME(tile_store_vectors)(job, sums, rows, vectors);
        return;
    }
    ELEMENT flat[PLANES * TILE_MAX_ROWS * 4 * LANES];
    for (int plane = 0; plane < PLANES; plane++) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                ELEMENT *to = flat + ((plane * rows + i) * vectors + v) * LANES;
                NAME(store)(to, sums[plane][i][v]);
            }
        }
    }
    (job->has_adjacent_cols ? NAME(tile_store_adjacent) : NAME(tile_store))(job, flat, rows,
                                                                            vectors * LANES);
}

#define TILE_DEFINE(rows, vectors)                             \
    static void TILE_NAME(rows, vectors)(const TileJob *job) { \
        NAME(tile)(job, rows, vectors);                        \
    }
TILES(TILE_DEFINE)
#undef TILE_DEFINE
