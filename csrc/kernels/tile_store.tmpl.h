/* The way from a tile that was computed to the output, where the tile cannot store by itself: it is
 * cut off at an edge, its columns do not follow each other in memory, or it is complex. */

/* sums[plane][col], planes plane_size apart. accumulate is a constant. */
static inline __attribute__((always_inline)) void NAME(tile_store_row)(const TileJob *job,
                                                                       const ELEMENT *sums,
                                                                       ptrdiff_t plane_size,
                                                                       char *out, bool accumulate) {
    for (int j = 0; j < job->cols; j++) {
        Element *element = (Element *)(void *)(out + job->col_offsets[j]);
        for (int plane = 0; plane < PLANES; plane++) {
            ELEMENT sum = sums[plane * plane_size + j];
            element->plane[plane] = accumulate ? (ELEMENT)(element->plane[plane] + sum) : sum;
        }
    }
}

static void NAME(tile_store)(const TileJob *job, const ELEMENT *sums, ptrdiff_t height,
                             ptrdiff_t width) {
    for (int i = 0; i < job->rows; i++) {
        char *out = job->out + job->row_offsets[i];
        if (job->accumulate) {
            NAME(tile_store_row)(job, sums + i * width, height * width, out, true);
        } else {
            NAME(tile_store_row)(job, sums + i * width, height * width, out, false);
        }
    }
}

/* Complex elements that follow each other: the planes are interleaved in one stream. */
static void NAME(tile_store_adjacent)(const TileJob *job, const ELEMENT *sums, ptrdiff_t height,
                                      ptrdiff_t width) {
    for (int i = 0; i < job->rows; i++) {
        Element *out = (Element *)(void *)(job->out + job->row_offsets[i] + job->col_offsets[0]);
        const ELEMENT *row = sums + i * width;
        for (ptrdiff_t j = 0; j < width; j++) {
            for (int plane = 0; plane < PLANES; plane++) {
                ELEMENT before = job->accumulate ? out[j].plane[plane] : 0;
                out[j].plane[plane] = (ELEMENT)(before + row[plane * height * width + j]);
            }
        }
    }
}
