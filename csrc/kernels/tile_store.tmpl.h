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

/* The same where the columns follow each other. */
static inline __attribute__((always_inline)) void
NAME(tile_store_adjacent)(const TileJob *job, const Element *sums, char *out, bool accumulate) {
    Element *to = (Element *)(void *)(out + job->col_offsets[0]);
    for (int j = 0; j < job->cols; j++) {
        for (int plane = 0; plane < PLANES; plane++) {
            ELEMENT sum = sums[j].plane[plane];
            to[j].plane[plane] = accumulate ? (ELEMENT)(to[j].plane[plane] + sum) : sum;
        }
    }
}

/* sums[row][col], rows `width` elements apart. */
static void NAME(tile_store)(const TileJob *job, const Element *sums, ptrdiff_t width) {
    for (int i = 0; i < job->rows; i++, sums += width) {
        char *out = job->out + job->row_offsets[i];
        if (job->has_adjacent_cols) {
            if (job->accumulate) NAME(tile_store_adjacent)(job, sums, out, true);
            if (!job->accumulate) NAME(tile_store_adjacent)(job, sums, out, false);
        } else {
            if (job->accumulate) NAME(tile_store_row)(job, sums, out, true);
            if (!job->accumulate) NAME(tile_store_row)(job, sums, out, false);
        }
    }
}
