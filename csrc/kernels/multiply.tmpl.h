/* Products of any number of inputs, element by element, in one pass over the rows and columns of
 * all of them. Two inputs that are dense or constant along the columns go by whole vectors, others
 * element by element; more than two go by blocks, which are multiplied in a buffer by one input
 * after the other. */

enum { NAME(MULTIPLY_BLOCK) = 2048 / ELEMENT_BYTES };

#define Pair NAME(Pair)

/* out = a * b; out may be a. */
typedef struct Pair {
    ptrdiff_t rows, cols;
    const char *a;
    ptrdiff_t a_row, a_col;
    const char *b;
    ptrdiff_t b_row, b_col;
    char *out;
    ptrdiff_t out_row, out_col;
} Pair;

/* 0 + a * b; the complex product is the plain formula of four multiplications. */
static inline Element NAME(product)(Element a, Element b) {
#if STORED == STORED_TRUTH
    return (Element){{(a.plane[0] != 0) & (b.plane[0] != 0)}};
#elif PLANES == 1
    Element product = {{(ELEMENT)(1u * a.plane[0] * b.plane[0])}};
    return NAME(element_from_zero)(product);
#else
    Element product = {{a.plane[0] * b.plane[0] - a.plane[1] * b.plane[1],
                        a.plane[1] * b.plane[0] + a.plane[0] * b.plane[1]}};
    return NAME(element_from_zero)(product);
#endif
}

static inline __attribute__((always_inline)) Vector NAME(vector_product)(Vector a, Vector b) {
#if STORED == STORED_TRUTH
    return (Vector)(a != 0) & (Vector)(b != 0) & 1;
#elif PLANES == 1
    return NAME(from_zero)(NAME(times)(a, b));
#else
    return NAME(from_zero)(a * NAME(real_parts)(b) +
                           NAME(swap_parts)(a) * NAME(imaginary_parts)(b));
#endif
}

static inline Element NAME(element_at)(const void *memory) {
    return *(const Element *)memory;
}

/* One row, any strides. */
static inline __attribute__((always_inline)) void
NAME(multiply_elements)(char *out, ptrdiff_t out_col, const char *a, ptrdiff_t a_col, const char *b,
                        ptrdiff_t b_col, ptrdiff_t cols) {
    for (ptrdiff_t j = 0; j < cols; j++) {
        Element product =
            NAME(product)(NAME(element_at)(a + j * a_col), NAME(element_at)(b + j * b_col));
        *(Element *)(void *)(out + j * out_col) = product;
    }
}

/* One element, or a row of them. */
static inline __attribute__((always_inline)) Vector NAME(multiply_repeat)(const char *memory) {
    return NAME(repeat)((const ELEMENT *)(const void *)memory);
}

/* A row of less than a vector. */
static inline __attribute__((always_inline)) void
NAME(multiply_short)(char *out, const char *a, ptrdiff_t a_step, const char *b, ptrdiff_t b_step,
                     ptrdiff_t bytes) {
#if HAS_MASKS
    Vector a_lanes = a_step ? NAME(load_first)(a, bytes) : NAME(multiply_repeat)(a);
    Vector b_lanes = b_step ? NAME(load_first)(b, bytes) : NAME(multiply_repeat)(b);
    NAME(store_first)(out, NAME(vector_product)(a_lanes, b_lanes), bytes);
#else
    NAME(multiply_elements)(out, ELEMENT_BYTES, a, a_step * ELEMENT_BYTES, b,
                            b_step * ELEMENT_BYTES, bytes / ELEMENT_BYTES);
#endif
}

/* A row by whole vectors, the last of which may overlap the one before; steps are 0 or 1. */
static inline __attribute__((always_inline)) void
NAME(multiply_long)(char *out, const char *a, ptrdiff_t a_step, const char *b, ptrdiff_t b_step,
                    ptrdiff_t bytes) {
    ptrdiff_t last = bytes - VECTOR_BYTES;
    Vector a_lanes = a_step ? NAME(load)(a + last) : NAME(multiply_repeat)(a);
    Vector b_lanes = b_step ? NAME(load)(b + last) : NAME(multiply_repeat)(b);
    Vector last_product = NAME(vector_product)(a_lanes, b_lanes);
    for (ptrdiff_t at = 0; at < last; at += VECTOR_BYTES) {
        if (a_step) a_lanes = NAME(load)(a + at);
        if (b_step) b_lanes = NAME(load)(b + at);
        NAME(store)(out + at, NAME(vector_product)(a_lanes, b_lanes));
    }
    NAME(store)(out + last, last_product);
}

/* Columns of out are dense, those of a and b dense or constant: steps are 0 or 1. */
static inline __attribute__((always_inline)) void
NAME(multiply_vectors)(const Pair *pair, ptrdiff_t a_step, ptrdiff_t b_step) {
    const char *a = pair->a, *b = pair->b;
    char *out = pair->out;
    ptrdiff_t bytes = pair->cols * ELEMENT_BYTES;
    for (ptrdiff_t i = 0; i < pair->rows; i++) {
        if (bytes < VECTOR_BYTES) {
            NAME(multiply_short)(out, a, a_step, b, b_step, bytes);
        } else {
            NAME(multiply_long)(out, a, a_step, b, b_step, bytes);
        }
        a += pair->a_row;
        b += pair->b_row;
        out += pair->out_row;
    }
}

static void NAME(multiply_scattered)(const Pair *pair) {
    for (ptrdiff_t i = 0; i < pair->rows; i++) {
        NAME(multiply_elements)(pair->out + i * pair->out_row, pair->out_col,
                                pair->a + i * pair->a_row, pair->a_col, pair->b + i * pair->b_row,
                                pair->b_col, pair->cols);
    }
}

static bool NAME(is_dense)(ptrdiff_t stride) {
    return stride == 0 || stride == ELEMENT_BYTES;
}

static void NAME(multiply_pair)(const Pair *pair) {
    bool has_vectors = pair->out_col == ELEMENT_BYTES && NAME(is_dense)(pair->a_col) &&
                       NAME(is_dense)(pair->b_col);
    if (!has_vectors) {
        NAME(multiply_scattered)(pair);
    } else if (pair->a_col && pair->b_col) {
        NAME(multiply_vectors)(pair, 1, 1);
    } else if (pair->a_col) {
        NAME(multiply_vectors)(pair, 1, 0);
    } else if (pair->b_col) {
        NAME(multiply_vectors)(pair, 0, 1);
    } else {
        NAME(multiply_vectors)(pair, 0, 0);
    }
}

/* A block of all inputs: the product of two of them, then that with the next one. */
static void NAME(multiply_block)(const MultiplyJob *job, ptrdiff_t row, ptrdiff_t rows,
                                 ptrdiff_t col, ptrdiff_t cols) {
    Element products[NAME(MULTIPLY_BLOCK)];
    const ptrdiff_t *in_rows = job->in_rows, *in_cols = job->in_cols;
    Pair pair = {
        .rows = rows,
        .cols = cols,
        .a = job->inputs[0] + row * in_rows[0] + col * in_cols[0],
        .a_row = in_rows[0],
        .a_col = in_cols[0],
        .out = (char *)products,
        .out_row = cols * ELEMENT_BYTES,
        .out_col = ELEMENT_BYTES,
    };
    for (int n = 1; n < job->input_count; n++) {
        pair.b = job->inputs[n] + row * in_rows[n] + col * in_cols[n];
        pair.b_row = in_rows[n];
        pair.b_col = in_cols[n];
        if (n == job->input_count - 1) {
            pair.out = job->out + row * job->out_row + col * job->out_col;
            pair.out_row = job->out_row;
            pair.out_col = job->out_col;
        }
        NAME(multiply_pair)(&pair);
        pair.a = (const char *)products;
        pair.a_row = cols * ELEMENT_BYTES;
        pair.a_col = ELEMENT_BYTES;
    }
}

static void NAME(multiply_blocks)(const MultiplyJob *job) {
    for (ptrdiff_t col = 0, cols; col < job->cols; col += cols) {
        cols = NAME(least)(job->cols - col, NAME(MULTIPLY_BLOCK));
        ptrdiff_t most_rows = NAME(MULTIPLY_BLOCK) / cols;
        for (ptrdiff_t row = 0; row < job->rows; row += most_rows) {
            ptrdiff_t rows = NAME(least)(job->rows - row, most_rows);
            NAME(multiply_block)(job, row, rows, col, cols);
        }
    }
}

static void NAME(multiply)(const MultiplyJob *job) {
    if (job->cols == 0) return;
    if (job->input_count == 1) {
        NAME(copy)(&(CopyJob){.rows = job->rows,
                              .cols = job->cols,
                              .in = job->inputs[0],
                              .in_row = job->in_rows[0],
                              .in_col = job->in_cols[0],
                              .out = job->out,
                              .out_row = job->out_row,
                              .out_col = job->out_col});
    } else if (job->input_count == 2) { /* nothing goes by way of the buffer */
        NAME(multiply_block)(job, 0, job->rows, 0, job->cols);
    } else {
        NAME(multiply_blocks)(job);
    }
}

#undef Pair
