/* Sums along one axis of a plane; sums.tmpl.h cuts it into blocks. What differs between layouts is
 * only how one block is summed. */

/* ---- the summed axis has unit stride
 * --------------------------------------------------------------- */

/* Whole vectors along `count` >= LANES scalars of each row. */
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
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++) {
        Vector last = {0};
        if (k < count)
            last = NAME(load_last)(in + i * in_row + (count - LANES) * SCALAR, count - k);
#pragma GCC unroll 8
        for (int c = 1; c < chains; c++) parts[i][0] += parts[i][c];
        NAME(fold)(parts[i][0] + last, sums + i * PLANES);
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

/* ---- any strides
 * ----------------------------------------------------------------------------------- */

/* One row after the other, four sums side by side. */
static void NAME(reduce_any_block)(const void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k,
                                   ptrdiff_t depth, ELEMENT *sums) {
    const ReduceJob *job = context;
    const char *in = job->in + row * job->in_kept + k * job->in_summed;
    for (ptrdiff_t i = 0; i < rows; i++, in += job->in_kept) {
        ELEMENT parts[4][PLANES] = {{0}};
        for (ptrdiff_t d = 0; d < depth; d++) {
            const Element *element = (const Element *)(const void *)(in + d * job->in_summed);
            ELEMENT *part = parts[d & 3];
            for (int p = 0; p < PLANES; p++) part[p] = (ELEMENT)(part[p] + element->plane[p]);
        }
        for (int p = 0; p < PLANES; p++) {
            ELEMENT even = (ELEMENT)(parts[0][p] + parts[2][p]);
            sums[i * PLANES + p] = (ELEMENT)(even + (ELEMENT)(parts[1][p] + parts[3][p]));
        }
    }
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

/* ---- the kept axis has unit stride
 * ----------------------------------------------------------------- */

/* sums[0 .. LANES) += 8 rows of scalars. */
static inline void NAME(reduce_across_eight)(const char *in, ptrdiff_t step, ELEMENT *sums) {
    Vector a = NAME(load)(in) + NAME(load)(in + step);
    Vector b = NAME(load)(in + 2 * step) + NAME(load)(in + 3 * step);
    Vector c = NAME(load)(in + 4 * step) + NAME(load)(in + 5 * step);
    Vector d = NAME(load)(in + 6 * step) + NAME(load)(in + 7 * step);
    NAME(store)(sums, NAME(load)(sums) + ((a + b) + (c + d)));
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
        NAME(reduce_near_block)(context, row, rows, k, depth, sums);
        return;
    }
    NAME(reduce_across_vectors)(in, job->in_summed, PLANES * rows, depth, sums);
}

/* ---- the kernel
 * ------------------------------------------------------------------------------------ */

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
    } else if (job->in_kept == ELEMENT_BYTES && PLANES * job->kept >= LANES) {
        plane.block = NAME(reduce_across_block);
        plane.block_depth = 1024;
    } else {
        bool is_near = imaxabs(job->in_kept) < imaxabs(job->in_summed) && job->kept >= 4;
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
