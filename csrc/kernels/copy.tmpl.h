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
    NAME(COPY_RUN) = ELEMENT_BYTES <= 2 ? 128 : 256,   /* bytes of a block's rows, on either side */
    NAME(COPY_BLOCK) = NAME(COPY_RUN) / ELEMENT_BYTES, /* a multiple of the side of a square */
    NAME(COPY_PITCH) = NAME(COPY_RUN) + 64,            /* bytes between rows of the buffer */
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

/* Squares of a plane of an in whose rows, and an out whose columns have unit stride. The last ones
   overlap those before them. */
static void NAME(copy_squares)(const CopyJob *job) {
    enum { SIDE = NAME(COPY_SIDE) };
    for (ptrdiff_t row = 0; row < job->rows; row += SIDE) {
        ptrdiff_t i = NAME(least)(row, job->rows - SIDE);
        for (ptrdiff_t col = 0; col < job->cols; col += SIDE) {
            ptrdiff_t j = NAME(least)(col, job->cols - SIDE);
            NAME(copy_square)(job->in + i * ELEMENT_BYTES + j * job->in_col, job->in_col,
                              job->out + i * job->out_row + j * ELEMENT_BYTES, job->out_row);
        }
    }
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

/* The same through a buffer, from which out is written in longer runs. */
static void NAME(copy_buffered)(const CopyJob *job) {
    _Alignas(64) char buffer[NAME(COPY_BLOCK) * NAME(COPY_PITCH)];
    CopyJob inner = *job;
    inner.out = buffer;
    inner.out_row = NAME(COPY_PITCH);
    NAME(copy_squares)(&inner);
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        NAME(copy_stream)(buffer + i * NAME(COPY_PITCH), job->out + i * job->out_row,
                          job->cols * ELEMENT_BYTES);
    }
}

/* How many elements to take first so that, of a long extent, the others begin with a whole line. */
static ptrdiff_t NAME(copy_lead)(const char *memory, ptrdiff_t pitch, ptrdiff_t extent) {
    enum { BLOCK = NAME(COPY_BLOCK) };
    ptrdiff_t lead = (ptrdiff_t)(-(uintptr_t)memory % 64) / ELEMENT_BYTES;
    return pitch % 64 == 0 && extent >= 8 * BLOCK && lead ? BLOCK - 64 / ELEMENT_BYTES + lead : 0;
}

/* By blocks whose lines on both sides stay near until all of them has been used. */
static void NAME(copy_transposed)(const CopyJob *job) {
    enum { SIDE = NAME(COPY_SIDE), BLOCK = NAME(COPY_BLOCK) };
    ptrdiff_t first_rows = NAME(copy_lead)(job->in, job->in_col, job->rows);
    ptrdiff_t first_cols = NAME(copy_lead)(job->out, job->out_row, job->cols);
    for (ptrdiff_t row = 0, rows; row < job->rows; row += rows) {
        rows = NAME(least)(row == 0 && first_rows ? first_rows : BLOCK, job->rows - row);
        for (ptrdiff_t col = 0, cols; col < job->cols; col += cols) {
            cols = NAME(least)(col == 0 && first_cols ? first_cols : BLOCK, job->cols - col);
            ptrdiff_t i = rows < SIDE ? job->rows - SIDE : row;
            ptrdiff_t j = cols < SIDE ? job->cols - SIDE : col;
            CopyJob block = *job;
            block.rows = row + rows - i;
            block.cols = col + cols - j;
            block.in += i * ELEMENT_BYTES + j * job->in_col;
            block.out += i * job->out_row + j * ELEMENT_BYTES;
            job->is_streamed ? NAME(copy_buffered)(&block) : NAME(copy_squares)(&block);
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
    bool has_squares = job.rows >= NAME(COPY_SIDE) && job.cols >= NAME(COPY_SIDE);
    if (is_run && job.in_col == ELEMENT_BYTES) {
        for (ptrdiff_t i = 0; i < job.rows; i++) {
            NAME(copy_run)(job.in + i * job.in_row, job.out + i * job.out_row,
                           job.cols * ELEMENT_BYTES, job.is_streamed);
        }
    } else if (is_run && job.in_row == ELEMENT_BYTES && has_squares) {
        NAME(copy_transposed)(&job);
    } else {
        NAME(copy_any)(&job);
    }
    if (job.is_streamed) fence_streams();
}

#undef COPY_SIZED
