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

/* The same where the columns follow each other: `bytes` of them. The last vector overlaps the one
   before, so that what it adds to is read first. */
static inline __attribute__((always_inline)) void
NAME(tile_store_adjacent)(const char *sums, char *out, ptrdiff_t bytes, bool accumulate) {
    if (bytes >= VECTOR_BYTES) {
        ptrdiff_t end = bytes - VECTOR_BYTES;
        Vector last = NAME(load)(sums + end);
        if (accumulate) last = NAME(load)(out + end) + last;
        for (ptrdiff_t at = 0; at < end; at += VECTOR_BYTES) {
            Vector sum = NAME(load)(sums + at);
            NAME(store)(out + at, accumulate ? NAME(load)(out + at) + sum : sum);
        }
        NAME(store)(out + end, last);
        return;
    }
    for (ptrdiff_t at = 0; at < bytes; at += (ptrdiff_t)sizeof(ELEMENT)) {
        ELEMENT *to = &((Element *)(void *)(out + at))->plane[0];
        ELEMENT sum = ((const Element *)(const void *)(sums + at))->plane[0];
        *to = accumulate ? (ELEMENT)(*to + sum) : sum;
    }
}

/* sums[row][col], rows `width` elements apart. */
static void NAME(tile_store)(const TileJob *job, const Element *sums, ptrdiff_t width) {
    for (int i = 0; i < job->rows; i++, sums += width) {
        char *out = job->out + job->row_offsets[i];
        if (job->has_adjacent_cols) {
            out += job->col_offsets[0];
            ptrdiff_t bytes = job->cols * ELEMENT_BYTES;
            if (job->accumulate) NAME(tile_store_adjacent)((const char *)sums, out, bytes, true);
            if (!job->accumulate) NAME(tile_store_adjacent)((const char *)sums, out, bytes, false);
        } else {
            if (job->accumulate) NAME(tile_store_row)(job, sums, out, true);
            if (!job->accumulate) NAME(tile_store_row)(job, sums, out, false);
        }
    }
}
