/* A tile of direct.tmpl.h for one width of vectors, which need not be that of the registers: narrow
 * outputs take narrow ones. direct.tmpl.h defines
 *     DIRECT_BYTES    of a vector
 *     DIRECT_WIDTH    what names end in
 *     DIRECT_TIMES    the product of two vectors */
#define DIRECT(name) PASTE(NAME(name), DIRECT_WIDTH)
#define DIRECT_LANES ((int)(DIRECT_BYTES / sizeof(ELEMENT)))

typedef ELEMENT DIRECT(DirectVector) __attribute__((vector_size(DIRECT_BYTES)));
typedef ELEMENT DIRECT(DirectMemory)
    __attribute__((vector_size(DIRECT_BYTES), aligned(sizeof(ELEMENT)), may_alias));
typedef DIRECT(DirectVector) DIRECT(DirectSums)[PLANES][DIRECT_TALL_ROWS][DIRECT_MOST_VECTORS];

/* The steps of one run for the rows of the tile that it meets, bit r for row r; a constant where it
   meets all of them. The last vector lies `skip` lanes further back than the others would have it.
   */
static inline __attribute__((always_inline)) void
DIRECT(direct_steps)(const DirectJob *job, const DirectSteps *steps, DIRECT(DirectSums) * sums,
                     int rows, int vectors, unsigned met) {
    const char *map = steps->map, *kernel = steps->kernel;
    for (ptrdiff_t t = 0; t < steps->taps; t++) {
        DIRECT(DirectVector) m[DIRECT_MOST_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            ptrdiff_t lane = v * DIRECT_LANES - (v == vectors - 1 ? steps->skip : 0);
            m[v] = *(const DIRECT(DirectMemory) *)(map + lane * (ptrdiff_t)sizeof(ELEMENT));
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            if (!(met >> r & 1)) continue;
            const Element *weight = (const Element *)(const void *)(kernel + r * job->kernel_row);
#pragma GCC unroll 2
            for (int p = 0; p < PLANES; p++) {
                DIRECT(DirectVector) w = weight->plane[p] - (DIRECT(DirectVector)){0};
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) (*sums)[p][r][v] += DIRECT_TIMES(w, m[v]);
            }
        }
        map += job->map_tap;
        kernel += job->kernel_tap;
    }
}

/* One vector of the output where it is complex, or its first lanes have been added before. Apart,
   as all tiles of a set share it. */
static __attribute__((noinline)) void DIRECT(direct_put_lanes)(const DirectJob *job, char *out,
                                                               const DIRECT(DirectVector)
                                                                   sums[PLANES],
                                                               int skip) {
    ELEMENT flat[PLANES * DIRECT_LANES];
    memcpy(flat, sums, sizeof flat);
    Element *element = (Element *)(void *)out;
    for (int i = skip / PLANES; i < DIRECT_LANES / PLANES; i++) {
#if PLANES == 1
        ELEMENT sum[] = {flat[i]};
#else
        const ELEMENT *real = flat + 2 * i, *imaginary = real + DIRECT_LANES;
        ELEMENT sum[] = {real[0] - imaginary[1], real[1] + imaginary[0]};
#endif
        for (int p = 0; p < PLANES; p++) {
            ELEMENT before = job->accumulate ? element[i].plane[p] : 0;
            element[i].plane[p] = (ELEMENT)(before + sum[p]);
        }
    }
}

/* One vector. Lanes that have been written before get the same bits again. */
static inline __attribute__((always_inline)) void
DIRECT(direct_put)(const DirectJob *job, char *out, const DIRECT(DirectVector) sums[PLANES],
                   int skip) {
    if (PLANES == 2 || (skip > 0 && job->accumulate)) {
        DIRECT(direct_put_lanes)(job, out, sums, skip);
        return;
    }
    DIRECT(DirectMemory) *to = (DIRECT(DirectMemory) *)(void *)out;
    DIRECT(DirectVector) sum = sums[0];
    if (job->accumulate) sum += *to;
    *to = sum;
}

/* Rows row .. row + rows - 1 of the job, `vectors` vectors from scalar number at on, which is where
   the last one ends less skip. A complex product is summed as products with the real part of the
   kernel, and apart from these with its imaginary part. */
static inline __attribute__((always_inline)) void
DIRECT(direct_tile)(const DirectJob *job, int row, DirectPlace place, int rows, int vectors) {
    DIRECT(DirectSums) sums;
#pragma GCC unroll 2
    for (int p = 0; p < PLANES; p++) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sums[p][r][v] = (DIRECT(DirectVector)){0};
        }
    }
    const unsigned all = (1u << rows) - 1;
    ptrdiff_t offset = place.at * (ptrdiff_t)sizeof(ELEMENT);
    for (ptrdiff_t i = 0; i < job->run_count; i++) {
        const DirectRun *run = &job->runs[i];
        unsigned met = run->rows >> row & all;
        DirectSteps steps = {job->map + run->map + offset,
                             job->kernel + run->kernel + row * job->kernel_row, run->taps,
                             place.skip};
        if (met == all) {
            DIRECT(direct_steps)(job, &steps, &sums, rows, vectors, ~0u);
        } else if (met != 0) {
            DIRECT(direct_steps)(job, &steps, &sums, rows, vectors, met);
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        char *out = job->out + (row + r) * job->out_row + offset;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            int skip = v == vectors - 1 ? place.skip : 0;
            DIRECT(DirectVector) sum[PLANES];
            for (int p = 0; p < PLANES; p++) sum[p] = sums[p][r][v];
            DIRECT(direct_put)(job, out + (v * DIRECT_LANES - skip) * (ptrdiff_t)sizeof(ELEMENT),
                               sum, skip);
        }
    }
}

#undef DIRECT
#undef DIRECT_LANES
#undef DIRECT_BYTES
#undef DIRECT_WIDTH
#undef DIRECT_TIMES
