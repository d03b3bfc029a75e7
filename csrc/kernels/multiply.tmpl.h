/* Products of any number of inputs, element by element, in one pass. Two inputs that are dense or
 * constant go by whole vectors; everything else goes by chunks, which are gathered into a buffer
 * and multiplied there by one input after the other. */

enum { NAME(MULTIPLY_CHUNK) = 2048 / ELEMENT_BYTES };

/* 0 + a * b; the complex product is the plain formula of four multiplications. */
static inline Element NAME(product)(Element a, Element b) {
#if PLANES == 1
    Element product = {{(ELEMENT)(1u * a.plane[0] * b.plane[0])}};
#else
    Element product = {{a.plane[0] * b.plane[0] - a.plane[1] * b.plane[1],
                        a.plane[1] * b.plane[0] + a.plane[0] * b.plane[1]}};
#endif
    return NAME(element_from_zero)(product);
}

static inline __attribute__((always_inline)) Vector NAME(vector_product)(Vector a, Vector b) {
#if PLANES == 1
    return NAME(from_zero)(a * b);
#else
    return NAME(from_zero)(a * NAME(real_parts)(b) +
                           NAME(swap_parts)(a) * NAME(imaginary_parts)(b));
#endif
}

static inline Element NAME(element_at)(const void *memory) {
    return *(const Element *)memory;
}

/* out[i] = a[i] * b[i], any strides. */
static inline void NAME(multiply_elements)(char *out, ptrdiff_t out_stride, const char *a,
                                           ptrdiff_t a_stride, const char *b, ptrdiff_t b_stride,
                                           ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        Element product =
            NAME(product)(NAME(element_at)(a + i * a_stride), NAME(element_at)(b + i * b_stride));
        *(Element *)(void *)(out + i * out_stride) = product;
    }
}

/* Whole vectors, the last of which may overlap the one before; steps are 0 or 1. out may be a. */
static inline __attribute__((always_inline)) void
NAME(multiply_vectors)(char *out, const char *a, ptrdiff_t a_step, const char *b, ptrdiff_t b_step,
                       ptrdiff_t count) {
    ptrdiff_t bytes = count * ELEMENT_BYTES, last = bytes - VECTOR_BYTES;
    if (last < 0) {
        NAME(multiply_elements)(out, ELEMENT_BYTES, a, a_step * ELEMENT_BYTES, b,
                                b_step * ELEMENT_BYTES, count);
        return;
    }
    Vector a_lanes = a_step ? NAME(load)(a + last) : NAME(repeat)((const ELEMENT *)(const void *)a);
    Vector b_lanes = b_step ? NAME(load)(b + last) : NAME(repeat)((const ELEMENT *)(const void *)b);
    Vector last_product = NAME(vector_product)(a_lanes, b_lanes);
    for (ptrdiff_t at = 0; at < last; at += VECTOR_BYTES) {
        if (a_step) a_lanes = NAME(load)(a + at);
        if (b_step) b_lanes = NAME(load)(b + at);
        NAME(store)(out + at, NAME(vector_product)(a_lanes, b_lanes));
    }
    NAME(store)(out + last, last_product);
}

static bool NAME(is_dense)(ptrdiff_t stride) {
    return stride == 0 || stride == ELEMENT_BYTES;
}

/* out[i] = a[i] * b[i] for a dense out; out may be a. */
static void NAME(multiply_pair)(char *out, const char *a, ptrdiff_t a_stride, const char *b,
                                ptrdiff_t b_stride, ptrdiff_t count) {
    if (!NAME(is_dense)(a_stride) || !NAME(is_dense)(b_stride)) {
        NAME(multiply_elements)(out, ELEMENT_BYTES, a, a_stride, b, b_stride, count);
    } else if (a_stride && b_stride) {
        NAME(multiply_vectors)(out, a, 1, b, 1, count);
    } else if (a_stride) {
        NAME(multiply_vectors)(out, a, 1, b, 0, count);
    } else if (b_stride) {
        NAME(multiply_vectors)(out, a, 0, b, 1, count);
    } else {
        NAME(multiply_vectors)(out, a, 0, b, 0, count);
    }
}

/* The product of all inputs but the last, from element `first` on, then that with the last one. */
static void NAME(multiply_chunk)(const MultiplyJob *job, ptrdiff_t first, ptrdiff_t count) {
    Element chunk[NAME(MULTIPLY_CHUNK)];
    const ptrdiff_t *strides = job->in_strides;
    const char *product = job->inputs[0] + first * strides[0];
    ptrdiff_t product_stride = strides[0];
    int last = job->input_count - 1;
    for (int n = 1; n < last; n++) {
        NAME(multiply_pair)((char *)chunk, product, product_stride,
                            job->inputs[n] + first * strides[n], strides[n], count);
        product = (const char *)chunk;
        product_stride = ELEMENT_BYTES;
    }
    const char *factor = job->inputs[last] + first * strides[last];
    char *out = job->out + first * job->out_stride;
    if (job->out_stride == ELEMENT_BYTES) {
        NAME(multiply_pair)(out, product, product_stride, factor, strides[last], count);
    } else {
        NAME(multiply_elements)(out, job->out_stride, product, product_stride, factor,
                                strides[last], count);
    }
}

static void NAME(multiply)(const MultiplyJob *job) {
    if (job->input_count == 1) {
        NAME(copy)(&(CopyJob){.rows = 1,
                              .cols = job->count,
                              .in = job->inputs[0],
                              .in_col = job->in_strides[0],
                              .out = job->out,
                              .out_col = job->out_stride});
        return;
    }
    ptrdiff_t chunk = job->input_count == 2 ? job->count : NAME(MULTIPLY_CHUNK);
    for (ptrdiff_t first = 0; first < job->count; first += chunk) {
        ptrdiff_t left = job->count - first;
        NAME(multiply_chunk)(job, first, left < chunk ? left : chunk);
    }
}
