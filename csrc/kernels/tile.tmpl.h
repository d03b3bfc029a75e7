/* The register tile: rows x vectors accumulators that stay in registers over the whole depth. Each
 * step takes the vectors of the right input and one broadcast element per row of the left one. The
 * body is one inlined function of constant rows and vectors; the compiler unrolls it fully.
 *
 * Complex numbers stay interleaved. A row has two accumulators per vector, one for each part of its
 * elements: with (a + bi) times (c + di), one collects (ac, ad) and the other (bc, bd), and only at
 * the end they are joined to (ac - bd, ad + bc). So a complex step is a real one of twice the rows.
 */
#define TILE_NAME(way, rows, vectors) PASTE(PASTE(NAME(tile), way), rows##x##vectors)

/* Where the elements of one step of the depth are. */
typedef struct NAME(TileStep) {
    const Element *left, *again; /* packed: the same panel twice, see tile_left */
    const char *scattered;       /* direct: the rows lie at rows[i] from here */
    const ptrdiff_t *rows;
    const char *right;
    const ptrdiff_t *cols; /* direct: where the vectors lie; packed: NULL, one after the other */
} NAME(TileStep);

/* A broadcast element of the left input. Of two vectors, half of the rows load theirs twice,
 * through a pointer that the compiler cannot know to be the same one: then the broadcast is part of
 * the multiply-add. That trades instructions for loads until both are about equally scarce. */
static inline __attribute__((always_inline)) Vector NAME(tile_left)(const NAME(TileStep) * step,
                                                                    int i, int plane, bool again) {
    const Element *left = step->rows
                              ? (const Element *)(const void *)(step->scattered + step->rows[i])
                          : again ? step->again + i
                                  : step->left + i;
    return NAME(broadcast)(left->plane[plane]);
}

static inline __attribute__((always_inline)) void
NAME(tile_step)(Vector sums[TILE_MAX_ROWS][4][PLANES], const NAME(TileStep) * step, int rows,
                int vectors) {
    Vector right[4];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        right[v] = NAME(load)(step->right + (step->cols ? step->cols[v] : v * VECTOR_BYTES));
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        for (int plane = 0; plane < PLANES; plane++) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                bool again = vectors == 2 && v == 1 && i % 2 && !step->cols;
                Vector left = NAME(tile_left)(step, i, plane, again);
                sums[i][v][plane] += NAME(times)(left, right[v]);
            }
        }
    }
}

/* One vector of the result. */
static inline __attribute__((always_inline)) Vector NAME(tile_join)(const Vector sums[PLANES]) {
#if PLANES == 2
    static const ELEMENT signs[2] = {(ELEMENT)-0.0, 0};
    return sums[0] + (Vector)((Bits)NAME(swap_parts)(sums[1]) ^ (Bits)NAME(repeat)(signs));
#else
    return sums[0];
#endif
}

/* Whole vectors of the output, for the rows that exist. */
static inline __attribute__((always_inline)) void
NAME(tile_store_vectors)(const TileJob *job, Vector sums[TILE_MAX_ROWS][4][PLANES], int rows,
                         int vectors) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        if (i == job->rows) break;
        char *out = job->out + job->row_offsets[i] + job->col_offsets[0];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            Vector sum = NAME(tile_join)(sums[i][v]);
            if (job->accumulate) sum += NAME(load)(out + v * VECTOR_BYTES);
            NAME(store)(out + v * VECTOR_BYTES, sum);
        }
    }
}

static inline __attribute__((always_inline)) void
NAME(tile_finish)(const TileJob *job, Vector sums[TILE_MAX_ROWS][4][PLANES], int rows,
                  int vectors) {
    if (job->has_adjacent_cols && job->cols * PLANES == vectors * LANES) {
        NAME(tile_store_vectors)(job, sums, rows, vectors);
        return;
    }
    ELEMENT flat[TILE_MAX_ROWS * 4 * LANES];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            NAME(store)(flat + (i * vectors + v) * LANES, NAME(tile_join)(sums[i][v]));
        }
    }
    NAME(tile_store)(job, (const Element *)(const void *)flat, vectors * LANES / PLANES);
}

/* The output is needed at the end only, and by then it has come from as far as memory. */
static inline __attribute__((always_inline)) void
NAME(tile_begin)(const TileJob *job, Vector sums[TILE_MAX_ROWS][4][PLANES], int rows, int vectors) {
    for (int i = 0; job->has_adjacent_cols && i < job->rows && i < rows; i++) {
        const char *out = job->out + job->row_offsets[i] + job->col_offsets[0];
        for (int v = 0; v < vectors * VECTOR_BYTES; v += 64) __builtin_prefetch(out + v, 1);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            for (int plane = 0; plane < PLANES; plane++) sums[i][v][plane] = (Vector){0};
        }
    }
}

static inline __attribute__((always_inline)) void NAME(tile_packed)(const TileJob *job, int rows,
                                                                    int vectors) {
    Vector sums[TILE_MAX_ROWS][4][PLANES];
    NAME(tile_begin)(job, sums, rows, vectors);
    NAME(TileStep) step = {.left = (const Element *)(const void *)job->left, .right = job->right};
    step.again = step.left;
    __asm__("" : "+r"(step.again));
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        NAME(tile_step)(sums, &step, rows, vectors);
        step.left += rows;
        step.again += rows;
        step.right += vectors * VECTOR_BYTES;
    }
    NAME(tile_finish)(job, sums, rows, vectors);
}

/* Vectors wait for nothing but their own offset, which is the same for all of them. */
static inline __attribute__((always_inline)) void NAME(tile_half_packed)(const TileJob *job,
                                                                         int rows, int vectors) {
    Vector sums[TILE_MAX_ROWS][4][PLANES];
    NAME(tile_begin)(job, sums, rows, vectors);
    ptrdiff_t col_offsets[4];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) col_offsets[v] = job->right_cols[v];
    NAME(TileStep)
    step = {.left = (const Element *)(const void *)job->left, .cols = col_offsets};
    step.again = step.left;
    __asm__("" : "+r"(step.again));
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        step.right = job->right + job->right_depth[k];
        NAME(tile_step)(sums, &step, rows, vectors);
        step.left += rows;
        step.again += rows;
    }
    NAME(tile_finish)(job, sums, rows, vectors);
}

static inline __attribute__((always_inline)) void NAME(tile_direct)(const TileJob *job, int rows,
                                                                    int vectors) {
    Vector sums[TILE_MAX_ROWS][4][PLANES];
    NAME(tile_begin)(job, sums, rows, vectors);
    ptrdiff_t row_offsets[TILE_MAX_ROWS], col_offsets[4];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) row_offsets[i] = job->left_rows[i];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) col_offsets[v] = job->right_cols[v];
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        NAME(TileStep)
        step = {.scattered = job->left + job->left_depth[k],
                .rows = row_offsets,
                .right = job->right + job->right_depth[k],
                .cols = col_offsets};
        NAME(tile_step)(sums, &step, rows, vectors);
    }
    NAME(tile_finish)(job, sums, rows, vectors);
}

#define TILE_DEFINE(rows, vectors)                                          \
    static void TILE_NAME(packed, rows, vectors)(const TileJob *job) {      \
        NAME(tile_packed)(job, rows, vectors);                              \
    }                                                                       \
    static void TILE_NAME(half_packed, rows, vectors)(const TileJob *job) { \
        NAME(tile_half_packed)(job, rows, vectors);                         \
    }                                                                       \
    static void TILE_NAME(direct, rows, vectors)(const TileJob *job) {      \
        NAME(tile_direct)(job, rows, vectors);                              \
    }
TILES(TILE_DEFINE)
#undef TILE_DEFINE
