/* Copying a plane of elements from one layout to another. Where the two sides have their unit
 * strides on different axes, squares are transposed in registers, block by block, so that the lines
 * and pages of both sides are used while they are near. */

#define COPY_SIZED(name, size) PASTE(ISA_NAME(name), size)

enum {
    NAME(COPY_SIDE) = ELEMENT_BYTES == 1 ? COPY_SIZED(square_side, 1)
    : ELEMENT_BYTES == 2                 ? COPY_SIZED(square_side, 2)
    : ELEMENT_BYTES == 4                 ? COPY_SIZED(square_side, 4)
    : ELEMENT_BYTES == 8                 ? COPY_SIZED(square_side, 8)
                                         : COPY_SIZED(square_side, 16),
    NAME(COPY_SMALL_SIDE) = ELEMENT_BYTES < 4 ? 8
    : NAME(COPY_SIDE) < 4                     ? NAME(COPY_SIDE)
                                              : 4,
    NAME(COPY_SHORT_RUN) = ELEMENT_BYTES < 4
        ? 128
        : 256, /* bytes of the rows of a block on one side, and on the other */
    NAME(COPY_LONG_RUN) = 512,
    NAME(COPY_PAD) = 64, /* bytes between the rows of the buffer that holds a block */
    NAME(COPY_BUFFER) = NAME(COPY_LONG_RUN) / ELEMENT_BYTES *
        (NAME(COPY_SHORT_RUN) + NAME(COPY_PAD)),
    NAME(COPY_COLS) = 256,
    NAME(COPY_SHORT) = 256, /* bytes up to which a call of memcpy costs more than it gains */
};

static inline ptrdiff_t NAME(least)(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static inline __attribute__((always_inline)) void
NAME(copy_square)(const char *in, ptrdiff_t in_step, char *out, ptrdiff_t out_step) {
    enum { FLOAT_BYTES = NAME(IS_FLOAT) || STORED != STORED_PLAIN ? sizeof(ELEMENT) : 0 };
    switch (ELEMENT_BYTES) {
        case 1:
            COPY_SIZED(square_transpose, 1)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 2:
            COPY_SIZED(square_transpose, 2)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 4:
            COPY_SIZED(square_transpose, 4)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 8:
            COPY_SIZED(square_transpose, 8)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        default:
            COPY_SIZED(square_transpose, 16)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
    }
}

/* A smaller square, where elements are small enough to have one. */
static inline __attribute__((always_inline)) void
NAME(copy_small_square)(const char *in, ptrdiff_t in_step, char *out, ptrdiff_t out_step) {
    enum { FLOAT_BYTES = NAME(IS_FLOAT) || STORED != STORED_PLAIN ? sizeof(ELEMENT) : 0 };
    switch (ELEMENT_BYTES) {
        case 1:
            COPY_SIZED(octet_transpose, 1)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 2:
            COPY_SIZED(octet_transpose, 2)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 4:
            COPY_SIZED(quad_transpose, 4)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        case 8:
            COPY_SIZED(quad_transpose, 8)(in, in_step, out, out_step, FLOAT_BYTES);
            break;
        default:
            NAME(copy_square)(in, in_step, out, out_step);
            break;
    }
}

/* A side of a square, last element first. */
static inline void NAME(copy_reversed_side)(const char *in, char *out) {
    enum { FLOAT_BYTES = NAME(IS_FLOAT) || STORED != STORED_PLAIN ? sizeof(ELEMENT) : 0 };
    switch (ELEMENT_BYTES) {
        case 1:
            COPY_SIZED(square_reverse, 1)(in, out, FLOAT_BYTES);
            break;
        case 2:
            COPY_SIZED(square_reverse, 2)(in, out, FLOAT_BYTES);
            break;
        case 4:
            COPY_SIZED(square_reverse, 4)(in, out, FLOAT_BYTES);
            break;
        case 8:
            COPY_SIZED(square_reverse, 8)(in, out, FLOAT_BYTES);
            break;
        default:
            COPY_SIZED(square_reverse, 16)(in, out, FLOAT_BYTES);
            break;
    }
}

/* Rows of at least a side of a square that go backwards in in; the last side overlaps the one
   before. */
static void NAME(copy_reversed)(const CopyJob *job) {
    enum { SIDE = NAME(COPY_SIDE) };
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        const char *in = job->in + i * job->in_row - (SIDE - 1) * ELEMENT_BYTES;
        char *out = job->out + i * job->out_row;
        for (ptrdiff_t col = 0; col < job->cols; col += SIDE) {
            ptrdiff_t j = NAME(least)(col, job->cols - SIDE);
            NAME(copy_reversed_side)(in - j * ELEMENT_BYTES, out + j * ELEMENT_BYTES);
        }
    }
}

/* Squares of a plane of an in whose rows, and an out whose columns have unit stride. The last ones
   overlap those before them. Few columns at a time, as no more than some 16 streams are fetched
   ahead by hardware. side is a constant. */
static inline __attribute__((always_inline)) void NAME(copy_by_squares)(const CopyJob *job,
                                                                        ptrdiff_t side) {
    for (ptrdiff_t col = 0; col < job->cols; col += side) {
        ptrdiff_t j = NAME(least)(col, job->cols - side);
        for (ptrdiff_t row = 0; row < job->rows; row += side) {
            ptrdiff_t i = NAME(least)(row, job->rows - side);
            const char *in = job->in + i * ELEMENT_BYTES + j * job->in_col;
            char *out = job->out + i * job->out_row + j * ELEMENT_BYTES;
            if (side == NAME(COPY_SIDE)) {
                NAME(copy_square)(in, job->in_col, out, job->out_row);
            } else {
                NAME(copy_small_square)(in, job->in_col, out, job->out_row);
            }
        }
    }
}

static void NAME(copy_squares)(const CopyJob *job) {
    NAME(copy_by_squares)(job, NAME(COPY_SIDE));
}

static void NAME(copy_small_squares)(const CopyJob *job) {
    NAME(copy_by_squares)(job, NAME(COPY_SMALL_SIDE));
}

/* Whole lines past the caches, the bytes before and after them as usual. */
static inline void NAME(copy_stream)(const char *from, char *to, ptrdiff_t bytes) {
    ptrdiff_t at = NAME(least)((ptrdiff_t)(-(uintptr_t)to % VECTOR_BYTES), bytes);
    if (at) memcpy(to, from, (size_t)at);
    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) {
        NAME(stream)(to + at, NAME(load)(from + at));
    }
    if (at < bytes) memcpy(to + at, from + at, (size_t)(bytes - at));
}

/* A block through a buffer, from which out is written in runs of lines. */
static void NAME(copy_buffered)(const CopyJob *job) {
    _Alignas(64) char buffer[NAME(COPY_BUFFER)];
    CopyJob inner = *job;
    inner.out = buffer;
    inner.out_row = job->cols * ELEMENT_BYTES + NAME(COPY_PAD);
    NAME(copy_squares)(&inner);
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        NAME(copy_stream)(buffer + i * inner.out_row, job->out + i * job->out_row,
                          job->cols * ELEMENT_BYTES);
    }
}

/* How many columns to take first so that the others begin with a whole line of out. */
static ptrdiff_t NAME(copy_lead)(const CopyJob *job, ptrdiff_t most) {
    enum { LINE = 64 / ELEMENT_BYTES };
    ptrdiff_t lead = (ptrdiff_t)(-(uintptr_t)job->out % 64) / ELEMENT_BYTES;
    return lead > 0 && job->cols >= 4 * most ? most - LINE + lead : most;
}

/* Past the caches, by blocks. Where the rows of out do not all begin at the same place of a line,
   longer ones lose fewer lines to their ends. */
static void NAME(copy_blocks)(const CopyJob *job) {
    enum { SIDE = NAME(COPY_SIDE), MOST = NAME(COPY_LONG_RUN), LEAST = NAME(COPY_SHORT_RUN) };
    bool is_level = job->out_row % 64 == 0 && job->cols * ELEMENT_BYTES > MOST;
    ptrdiff_t most_rows = (is_level ? MOST : LEAST) / ELEMENT_BYTES;
    ptrdiff_t most_cols = (is_level ? LEAST : MOST) / ELEMENT_BYTES;
    for (ptrdiff_t col = 0, cols; col < job->cols; col += cols) {
        cols = col == 0 && is_level ? NAME(copy_lead)(job, most_cols) : most_cols;
        cols = NAME(least)(cols, job->cols - col);
        ptrdiff_t j = cols < SIDE ? job->cols - SIDE : col;
        for (ptrdiff_t row = 0, rows; row < job->rows; row += rows) {
            rows = NAME(least)(most_rows, job->rows - row);
            ptrdiff_t i = rows < SIDE ? job->rows - SIDE : row;
            CopyJob block = *job;
            block.rows = row + rows - i;
            block.cols = col + cols - j;
            block.in += i * ELEMENT_BYTES + j * job->in_col;
            block.out += i * job->out_row + j * ELEMENT_BYTES;
            NAME(copy_buffered)(&block);
        }
    }
}

/* Bytes that follow each other on both sides, of which all but the ends go past the caches. */
static void NAME(copy_run_streamed)(const char *in, char *out, ptrdiff_t bytes) {
    Vector first = NAME(from_zero)(NAME(load)(in));
    Vector last = NAME(from_zero)(NAME(load)(in + bytes - VECTOR_BYTES));
    NAME(store)(out, first);
    ptrdiff_t at = (ptrdiff_t)(-(uintptr_t)out % VECTOR_BYTES);
    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) {
        NAME(stream)(out + at, NAME(from_zero)(NAME(load)(in + at)));
    }
    NAME(store)(out + bytes - VECTOR_BYTES, last);
}

/* Bytes that follow each other on both sides; the last vector may overlap the one before. */
static inline void NAME(copy_run)(const char *in, char *out, ptrdiff_t bytes, bool is_streamed) {
    if (is_streamed && bytes >= 8 * VECTOR_BYTES) {
        NAME(copy_run_streamed)(in, out, bytes);
        return;
    }
    if (STORED == STORED_PLAIN && !NAME(IS_FLOAT) && bytes > NAME(COPY_SHORT)) {
        memcpy(out, in, (size_t)bytes);
        return;
    }
    if (bytes >= VECTOR_BYTES) {
        Vector last = NAME(from_zero)(NAME(load)(in + bytes - VECTOR_BYTES));
        for (ptrdiff_t at = 0; at < bytes - VECTOR_BYTES; at += VECTOR_BYTES) {
            NAME(store)(out + at, NAME(from_zero)(NAME(load)(in + at)));
        }
        NAME(store)(out + bytes - VECTOR_BYTES, last);
        return;
    }
    for (ptrdiff_t at = 0; at < bytes; at += ELEMENT_BYTES) {
        *(Element *)(void *)(out + at) =
            NAME(element_from_zero)(*(const Element *)(const void *)(in + at));
    }
}

/* Element by element, in blocks of columns so that the lines of in stay near if its rows are. */
static void NAME(copy_any)(const CopyJob *job) {
    for (ptrdiff_t col = 0; col < job->cols; col += NAME(COPY_COLS)) {
        ptrdiff_t count = NAME(least)(NAME(COPY_COLS), job->cols - col);
        for (ptrdiff_t i = 0; i < job->rows; i++) {
            const char *in = job->in + i * job->in_row + col * job->in_col;
            char *out = job->out + i * job->out_row + col * job->out_col;
#pragma GCC unroll 4
            for (ptrdiff_t j = 0; j < count; j++, in += job->in_col, out += job->out_col) {
                *(Element *)(void *)out =
                    NAME(element_from_zero)(*(const Element *)(const void *)in);
            }
        }
    }
}

/* The same plane with out's shorter step along its columns. */
static CopyJob NAME(copy_oriented)(const CopyJob *job) {
    bool is_across = imaxabs(job->out_row) < imaxabs(job->out_col);
    if (job->rows == 1 || (job->cols > 1 && !is_across)) return *job;
    return (CopyJob){
        .rows = job->cols,
        .cols = job->rows,
        .in = job->in,
        .in_row = job->in_col,
        .in_col = job->in_row,
        .out = job->out,
        .out_row = job->out_col,
        .out_col = job->out_row,
        .is_streamed = job->is_streamed,
    };
}

static void NAME(copy)(const CopyJob *given) {
    const CopyJob job = NAME(copy_oriented)(given);
    bool is_run = job.out_col == ELEMENT_BYTES;
    ptrdiff_t side = NAME(least)(job.rows, job.cols);
    bool is_turn = is_run && job.in_row == ELEMENT_BYTES;
    if (is_run && job.in_col == ELEMENT_BYTES) {
        for (ptrdiff_t i = 0; i < job.rows; i++) {
            NAME(copy_run)(job.in + i * job.in_row, job.out + i * job.out_row,
                           job.cols * ELEMENT_BYTES, job.is_streamed);
        }
    } else if (is_run && job.in_col == -ELEMENT_BYTES && job.cols >= NAME(COPY_SIDE)) {
        NAME(copy_reversed)(&job);
    } else if (is_turn && side >= NAME(COPY_SIDE)) {
        bool is_worth = job.is_streamed && job.cols * ELEMENT_BYTES >= NAME(COPY_LONG_RUN);
        is_worth ? NAME(copy_blocks)(&job) : NAME(copy_squares)(&job);
    } else if (is_turn && side >= NAME(COPY_SMALL_SIDE)) {
        NAME(copy_small_squares)(&job);
    } else {
        NAME(copy_any)(&job);
    }
    if (job.is_streamed) fence_streams();
}

#undef COPY_SIZED
