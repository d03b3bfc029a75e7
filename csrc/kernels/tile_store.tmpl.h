/* The way from a tile that was computed to the output, where the tile cannot store by itself: it is
 * cut off at an edge, or its columns do not follow each other in memory. */

/* accumulate is a constant. */
static inline __attribute__((always_inline)) void
NAME(tile_store_row)(const TileJob *job, const Element *sums, char *out, bool accumulate) {
    for (int j = 0; j < job->cols; j++) {
        Element *element = (Element *)(void *)(out + job->col_offsets[j]);
        for (int plane = 0; plane < PLANES; plane++) {
            ELEMENT sum = sums[j].plane[plane];
            element->plane[plane] = accumulate ? (ELEMENT)(element->plane[plane] + sum) : sum;
        }
    }
}

/* Columns that follow each other, by vectors of some size: the last one overlaps the one before, so
   that what it adds to is read first. */
#define TILE_STORE_VECTORS(size)                                                     \
    do {                                                                             \
        typedef ELEMENT Loose                                                        \
            __attribute__((vector_size(size), aligned(sizeof(ELEMENT)), may_alias)); \
        const ptrdiff_t end = bytes - (size);                                        \
        Loose last = *(const Loose *)(const void *)(sums + end);                     \
        if (accumulate) last += *(const Loose *)(void *)(out + end);                 \
        for (ptrdiff_t at = 0; at < end; at += (size)) {                             \
            Loose sum = *(const Loose *)(const void *)(sums + at);                   \
            if (accumulate) sum += *(const Loose *)(void *)(out + at);               \
            *(Loose *)(void *)(out + at) = sum;                                      \
        }                                                                            \
        *(Loose *)(void *)(out + end) = last;                                        \
    } while (0)

/* `bytes` of columns that follow each other. */
static inline __attribute__((always_inline)) void
NAME(tile_store_run)(const char *sums, char *out, ptrdiff_t bytes, bool accumulate) {
    if (bytes >= VECTOR_BYTES) {
        TILE_STORE_VECTORS(VECTOR_BYTES);
#if VECTOR_BYTES >= 32
    } else if (bytes >= VECTOR_BYTES / 2) {
        TILE_STORE_VECTORS(VECTOR_BYTES / 2);
#endif
#if VECTOR_BYTES >= 64
    } else if (bytes >= VECTOR_BYTES / 4) {
        TILE_STORE_VECTORS(VECTOR_BYTES / 4);
#endif
    } else {
        for (ptrdiff_t at = 0; at < bytes; at += (ptrdiff_t)sizeof(ELEMENT)) {
            ELEMENT *to = &((Element *)(void *)(out + at))->plane[0];
            ELEMENT sum = ((const Element *)(const void *)(sums + at))->plane[0];
            *to = accumulate ? (ELEMENT)(*to + sum) : sum;
        }
    }
}

#undef TILE_STORE_VECTORS

/* Where the runs of columns that follow each other end; gives how many there are. */
static int NAME(tile_find_runs)(const TileJob *job, short ends[TILE_MAX_COLS]) {
    const ptrdiff_t *offsets = job->col_offsets;
    int count = 0;
    for (int j = 1; j <= job->cols; j++) {
        bool goes_on = j < job->cols && offsets[j] - offsets[j - 1] == (ptrdiff_t)sizeof(Element);
        if (!goes_on) ends[count++] = (short)j;
    }
    return count;
}

/* Row by row, in runs or, where these are short, one by one; accumulate is a constant. */
static inline __attribute__((always_inline)) void
NAME(tile_store_rows)(const TileJob *job, const Element *sums, ptrdiff_t width, bool accumulate) {
    short ends[TILE_MAX_COLS];
    int count = NAME(tile_find_runs)(job, ends);
    for (int i = 0; i < job->rows; i++, sums += width) {
        char *out = job->out + job->row_offsets[i];
        if (2 * count > job->cols) {
            NAME(tile_store_row)(job, sums, out, accumulate);
            continue;
        }
        for (int run = 0, j = 0; run < count; j = ends[run++]) {
            NAME(tile_store_run)((const char *)(sums + j), out + job->col_offsets[j],
                                 (ends[run] - j) * (ptrdiff_t)sizeof(Element), accumulate);
        }
    }
}

/* sums[row][col], rows `width` elements apart. */
static void NAME(tile_store)(const TileJob *job, const Element *sums, ptrdiff_t width) {
    if (job->accumulate) NAME(tile_store_rows)(job, sums, width, true);
    if (!job->accumulate) NAME(tile_store_rows)(job, sums, width, false);
}
