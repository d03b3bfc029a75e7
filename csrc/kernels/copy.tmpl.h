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
    NAME(COPY_ROWS) = 128 / ELEMENT_BYTES, /* of a block: two lines of in, a multiple of a side */
    NAME(COPY_COLS) = 256,
    NAME(COPY_LARGE) = 1 << 20, /* bytes of a plane that is fetched ahead, block by block */
    NAME(COPY_SHORT) = 256,     /* bytes up to which a call of memcpy costs more than it gains */
};

static inline ptrdiff_t NAME(least)(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static inline __attribute__((always_inline)) void
NAME(copy_square)(const char *in, ptrdiff_t in_step, char *out, ptrdiff_t out_step) {
    enum { FLOAT_BYTES = NAME(IS_FLOAT) ? sizeof(ELEMENT) : 0 };
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

/* Part of a plane: rows [row, row_end) and columns [col, col_end). */
typedef struct NAME(CopyBlock) {
    ptrdiff_t row, row_end, col, col_end;
} NAME(CopyBlock);

/* The lines of a block follow each other by strides that no hardware prefetcher foresees. Inlined,
   as compilers drop the call of a function that only fetches. */
static inline __attribute__((always_inline)) void NAME(copy_fetch)(const CopyJob *job,
                                                                   NAME(CopyBlock) block) {
    enum { LINE = 64 / ELEMENT_BYTES };
    for (ptrdiff_t j = block.col; j < block.col_end; j++) {
        for (ptrdiff_t i = block.row; i < block.row_end; i += LINE) {
            __builtin_prefetch(job->in + i * ELEMENT_BYTES + j * job->in_col, 0);
        }
    }
    for (ptrdiff_t i = block.row; i < block.row_end; i++) {
        for (ptrdiff_t j = block.col; j < block.col_end; j += LINE) {
            __builtin_prefetch(job->out + i * job->out_row + j * ELEMENT_BYTES, 1);
        }
    }
}

/* A block of an in whose rows, and an out whose columns have unit stride. The last squares of the
   plane overlap those before them. */
static void NAME(copy_squares)(const CopyJob *job, NAME(CopyBlock) block) {
    enum { SIDE = NAME(COPY_SIDE) };
    for (ptrdiff_t row = block.row; row < block.row_end; row += SIDE) {
        ptrdiff_t i = NAME(least)(row, job->rows - SIDE);
        for (ptrdiff_t col = block.col; col < block.col_end; col += SIDE) {
            ptrdiff_t j = NAME(least)(col, job->cols - SIDE);
            NAME(copy_square)(job->in + i * ELEMENT_BYTES + j * job->in_col, job->in_col,
                              job->out + i * job->out_row + j * ELEMENT_BYTES, job->out_row);
        }
    }
}

static void NAME(copy_transposed)(const CopyJob *job) {
    bool is_large = job->rows * job->cols >= NAME(COPY_LARGE) / ELEMENT_BYTES;
    for (ptrdiff_t row = 0; row < job->rows; row += NAME(COPY_ROWS)) {
        ptrdiff_t row_end = NAME(least)(row + NAME(COPY_ROWS), job->rows);
        for (ptrdiff_t col = 0; col < job->cols; col += NAME(COPY_COLS)) {
            ptrdiff_t col_end = NAME(least)(col + NAME(COPY_COLS), job->cols);
            NAME(CopyBlock) block = {row, row_end, col, col_end};
            if (is_large) NAME(copy_fetch)(job, block);
            NAME(copy_squares)(job, block);
        }
    }
}

/* Bytes that follow each other on both sides; the last vector may overlap the one before. */
static inline void NAME(copy_run)(const char *in, char *out, ptrdiff_t bytes) {
    if (!NAME(IS_FLOAT) && bytes > NAME(COPY_SHORT)) {
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
    };
}

static void NAME(copy)(const CopyJob *given) {
    const CopyJob job = NAME(copy_oriented)(given);
    bool is_run = job.out_col == ELEMENT_BYTES;
    bool has_squares = job.rows >= NAME(COPY_SIDE) && job.cols >= NAME(COPY_SIDE);
    if (is_run && job.in_col == ELEMENT_BYTES) {
        for (ptrdiff_t i = 0; i < job.rows; i++) {
            NAME(copy_run)(job.in + i * job.in_row, job.out + i * job.out_row,
                           job.cols * ELEMENT_BYTES);
        }
    } else if (is_run && job.in_row == ELEMENT_BYTES && has_squares) {
        NAME(copy_transposed)(&job);
    } else {
        NAME(copy_any)(&job);
    }
}

#undef COPY_SIZED
