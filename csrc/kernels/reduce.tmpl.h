/* Sums along one axis of a plane; sums.tmpl.h cuts it into blocks. What differs between layouts is
 * only how one block is summed. */

/* ---- the summed axis has unit stride ------------------------------------- */

/* Whole vectors along `count` scalars of each of 1 or 4 rows. Fewer than LANES are loaded with
   those before them, which must be there. */
static inline __attribute__((always_inline)) void NAME(reduce_along)(const char *in,
                                                                     ptrdiff_t in_row,
                                                                     ptrdiff_t count, ELEMENT *sums,
                                                                     int rows, int chains) {
    enum { SCALAR = sizeof(ELEMENT) };
    Vector parts[4][8];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
        for (int c = 0; c < chains; c++) parts[i][c] = (Vector){0};
    }
    ptrdiff_t k = 0;
    for (; k + chains * LANES <= count; k += chains * LANES) {
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
            for (int c = 0; c < chains; c++) {
                parts[i][c] += NAME(load)(in + i * in_row + (k + c * LANES) * SCALAR);
            }
        }
    }
    for (; k + LANES <= count; k += LANES) {
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) parts[i][0] += NAME(load)(in + i * in_row + k * SCALAR);
    }
    Vector totals[4];
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
        for (int c = 1; c < chains; c++) parts[i][0] += parts[i][c];
        totals[i] = parts[i][0];
        if (k == count) continue;
        totals[i] += NAME(load_last)(in + i * in_row + (count - LANES) * SCALAR, count - k);
    }
    if (rows == 4) {
        NAME(fold_four)(totals, sums);
    } else {
        NAME(fold)(totals[0], sums);
    }
}

static void NAME(reduce_along_block)(const void *context, ptrdiff_t row, ptrdiff_t rows,
                                     ptrdiff_t k, ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    const char *in = job->in + row * job->in_kept + k * ELEMENT_BYTES;
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        NAME(reduce_along)(in + i * job->in_kept, job->in_kept, PLANES * depth, sums + i * PLANES,
                           4, 2);
    }
    for (; i < rows; i++) {
        NAME(reduce_along)(in + i * job->in_kept, 0, PLANES * depth, sums + i * PLANES, 1, 8);
    }
}

/* ---- any strides --------------------------------------------------------- */

/* One element of up to four rows to the sums of an even or an odd place. */
static inline __attribute__((always_inline)) void NAME(add_places)(const ReduceJob *job,
                                                                   const char *in,
                                                                   ELEMENT parts[4][2][PLANES],
                                                                   int rows, int place) {
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        const Element *element = (const Element *)(const void *)(in + i * job->in_kept);
        for (int p = 0; p < PLANES; p++) {
            parts[i][place][p] = (ELEMENT)(parts[i][place][p] + element->plane[p]);
        }
    }
}

/* Up to four rows side by side, two sums for each. */
static inline __attribute__((always_inline)) void
NAME(reduce_few)(const ReduceJob *job, const char *in, ptrdiff_t depth, ELEMENT *sums, int rows) {
    ELEMENT parts[4][2][PLANES] = {{{0}}};
    ptrdiff_t d = 0;
    for (; d + 2 <= depth; d += 2, in += 2 * job->in_summed) {
        NAME(add_places)(job, in, parts, rows, 0);
        NAME(add_places)(job, in + job->in_summed, parts, rows, 1);
    }
    if (d < depth) NAME(add_places)(job, in, parts, rows, 0);
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        for (int p = 0; p < PLANES; p++) {
            sums[i * PLANES + p] = (ELEMENT)(parts[i][0][p] + parts[i][1][p]);
        }
    }
}

static void NAME(reduce_any_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    const char *in = job->in + row * job->in_kept + k * job->in_summed;
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        NAME(reduce_few)(job, in + i * job->in_kept, depth, sums + i * PLANES, 4);
    }
    in += i * job->in_kept;
    sums += i * PLANES;
    if (rows - i == 3) NAME(reduce_few)(job, in, depth, sums, 3);
    if (rows - i == 2) NAME(reduce_few)(job, in, depth, sums, 2);
    if (rows - i == 1) NAME(reduce_few)(job, in, depth, sums, 1);
}

/* Rows that are shorter than a vector; the first ones go element by element where nothing is before
   them that could be loaded. */
static void NAME(reduce_short_block)(const void *context, ptrdiff_t row, ptrdiff_t rows,
                                     ptrdiff_t k, ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    ptrdiff_t count = PLANES * depth, step = job->in_kept;
    ptrdiff_t i = NAME(rows_unloadable)(count, rows, row == 0);
    NAME(reduce_any_block)(context, row, i, k, depth, sums);
    const char *in = job->in + row * step;
    for (; i + 4 <= rows; i += 4) {
        Vector totals[4];
#pragma GCC unroll 4
        for (int n = 0; n < 4; n++) totals[n] = NAME(load_short)(in + (i + n) * step, count);
        NAME(fold_four)(totals, sums + i * PLANES);
    }
    for (; i < rows; i++) { NAME(fold)(NAME(load_short)(in + i * step, count), sums + i * PLANES); }
}

/* One element of every row after the other, where those lie closer together. */
static void NAME(reduce_near_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                    ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    for (ptrdiff_t i = 0; i < PLANES * rows; i++) sums[i] = 0;
    for (ptrdiff_t d = 0; d < depth; d++) {
        const char *in = job->in + row * job->in_kept + (k + d) * job->in_summed;
        for (ptrdiff_t i = 0; i < rows; i++, in += job->in_kept) {
            const Element *element = (const Element *)(const void *)in;
            for (int p = 0; p < PLANES; p++) {
                ELEMENT *sum = &sums[i * PLANES + p];
                *sum = (ELEMENT)(*sum + element->plane[p]);
            }
        }
    }
}

/* ---- the kept axis has unit stride --------------------------------------- */

/* sums[0 .. LANES) += 8 rows of scalars. */
static inline void NAME(reduce_across_eight)(const char *in, ptrdiff_t step, ELEMENT *sums) {
    Vector a = NAME(load)(in) + NAME(load)(in + step);
    Vector b = NAME(load)(in + 2 * step) + NAME(load)(in + 3 * step);
    Vector c = NAME(load)(in + 4 * step) + NAME(load)(in + 5 * step);
    Vector d = NAME(load)(in + 6 * step) + NAME(load)(in + 7 * step);
    NAME(store)(sums, NAME(load)(sums) + ((a + b) + (c + d)));
}

enum { NAME(REDUCE_FEW) = 8 }; /* rows that are summed in registers */

#if HAS_MASKS
/* Rows of less than a vector. */
static void NAME(reduce_across_short)(const char *in, ptrdiff_t step, ptrdiff_t width,
                                      ptrdiff_t depth, ELEMENT *sums) {
    enum { CHAINS = 4 };
    ptrdiff_t bytes = width * (ptrdiff_t)sizeof(ELEMENT);
    Vector totals[CHAINS] = {{0}};
    ptrdiff_t k = 0;
    for (; k + CHAINS <= depth; k += CHAINS) {
    #pragma GCC unroll 4
        for (int c = 0; c < CHAINS; c++) {
            totals[c] += NAME(load_first)(in + (k + c) * step, bytes);
        }
    }
    for (; k < depth; k++) totals[0] += NAME(load_first)(in + k * step, bytes);
    NAME(store_first)(sums, (totals[0] + totals[1]) + (totals[2] + totals[3]), bytes);
}
#endif

/* A few rows, summed in registers; the last columns may overlap those before. */
static void NAME(reduce_across_few)(const char *in, ptrdiff_t step, ptrdiff_t width,
                                    ptrdiff_t depth, ELEMENT *sums) {
    for (ptrdiff_t j = 0; j < width; j += LANES) {
        ptrdiff_t at = NAME(least)(j, width - LANES);
        const char *from = in + at * (ptrdiff_t)sizeof(ELEMENT);
        Vector total = {0};
        for (ptrdiff_t k = 0; k < depth; k++) total += NAME(load)(from + k * step);
        NAME(store)(sums + at, total);
    }
}

/* Columns by whole vectors, the last of which may overlap the one before: it has its own sums. */
static void NAME(reduce_across_vectors)(const char *in, ptrdiff_t step, ptrdiff_t width,
                                        ptrdiff_t depth, ELEMENT *sums) {
    ptrdiff_t whole = width / LANES * LANES, last = width - LANES;
    const ptrdiff_t scalar = sizeof(ELEMENT);
    ELEMENT tail[LANES] = {0};
    memset(sums, 0, (size_t)(whole * scalar));
    ptrdiff_t k = 0;
    for (; k + 8 <= depth; k += 8, in += 8 * step) {
        for (ptrdiff_t j = 0; j < whole; j += LANES) {
            NAME(reduce_across_eight)(in + j * scalar, step, sums + j);
        }
        if (whole < width) NAME(reduce_across_eight)(in + last * scalar, step, tail);
    }
    for (; k < depth; k++, in += step) {
        for (ptrdiff_t j = 0; j < whole; j += LANES) {
            NAME(store)(sums + j, NAME(load)(sums + j) + NAME(load)(in + j * scalar));
        }
        NAME(store)(tail, NAME(load)(tail) + NAME(load)(in + last * scalar));
    }
    if (whole < width) NAME(store)(sums + last, NAME(load)(tail));
}

static void NAME(reduce_across_block)(const void *context, ptrdiff_t row, ptrdiff_t rows,
                                      ptrdiff_t k, ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    const char *in = job->in + row * ELEMENT_BYTES + k * job->in_summed;
    if (PLANES * rows < LANES) {
#if HAS_MASKS
        NAME(reduce_across_short)(in, job->in_summed, PLANES * rows, depth, sums);
#else
        NAME(reduce_near_block)(context, row, rows, k, depth, sums);
#endif
    } else if (depth < NAME(REDUCE_FEW)) {
        NAME(reduce_across_few)(in, job->in_summed, PLANES * rows, depth, sums);
    } else {
        NAME(reduce_across_vectors)(in, job->in_summed, PLANES * rows, depth, sums);
    }
}

/* ---- the kernel ---------------------------------------------------------- */

static void NAME(reduce_blocks)(const ReduceJob *job) {
    SumPlane plane = {
        .job = job,
        .rows = job->kept,
        .depth = job->summed,
        .out = job->out,
        .out_stride = job->out_kept,
        .accumulate = job->accumulate,
    };
    if (job->in_summed == ELEMENT_BYTES && PLANES * job->summed >= LANES) {
        plane.block = NAME(reduce_along_block);
        plane.block_depth = 256 * LANES / PLANES;
    } else if (job->in_summed == ELEMENT_BYTES && job->summed > 0 &&
               (HAS_MASKS || job->in_kept == job->summed * ELEMENT_BYTES)) {
        plane.block = NAME(reduce_short_block);
        plane.block_depth = LANES;
    } else if (job->in_kept == ELEMENT_BYTES && job->kept > 0 &&
               (HAS_MASKS || PLANES * job->kept >= LANES)) {
        plane.block = NAME(reduce_across_block);
        plane.block_depth = 1024;
    } else {
        bool is_near = imaxabs(job->in_kept) < imaxabs(job->in_summed) && job->kept >= 8;
        plane.block = is_near ? NAME(reduce_near_block) : NAME(reduce_any_block);
        plane.block_depth = 256;
    }
    NAME(sum_plane)(&plane);
}

/* A plane without gaps that is narrow is summed as one with several times its width, so that
   vectors are full; then the sums of that one are summed. */
static void NAME(reduce_narrow)(const ReduceJob *job, ptrdiff_t group) {
    ELEMENT sums[8 * LANES];
    ReduceJob wide = *job;
    wide.kept *= group;
    wide.summed /= group;
    wide.in_summed *= group;
    wide.out = (char *)sums;
    wide.out_kept = ELEMENT_BYTES;
    wide.accumulate = false;
    NAME(reduce_blocks)(&wide);
    ReduceJob rest = *job;
    rest.in += wide.summed * wide.in_summed;
    rest.summed -= wide.summed * group;
    NAME(reduce_blocks)(&rest);
    ReduceJob join = *job;
    join.in = (const char *)sums;
    join.summed = group;
    join.accumulate = true;
    NAME(reduce_blocks)(&join);
}

static void NAME(reduce)(const ReduceJob *job) {
    ptrdiff_t width = PLANES * job->kept;
    bool has_gaps = job->in_kept != ELEMENT_BYTES || job->in_summed != job->kept * ELEMENT_BYTES;
    ptrdiff_t group = width > 0 && width < 4 * LANES ? 4 * LANES / width + 1 : 1;
    if (group > 1 && job->kept > 1 && !has_gaps && job->summed >= 4 * group) {
        NAME(reduce_narrow)(job, group);
    } else {
        NAME(reduce_blocks)(job);
    }
}
