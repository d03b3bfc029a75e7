/* Products of any number of inputs, element by element. */

/* Product of two elements; the complex one is the plain formula of four multiplications. */
static inline Element NAME(product)(Element a, Element b) {
#if PLANES == 1
    return (Element){{(ELEMENT)(1u * a.plane[0] * b.plane[0])}};
#else
    return (Element){{a.plane[0] * b.plane[0] - a.plane[1] * b.plane[1],
                      a.plane[0] * b.plane[1] + a.plane[1] * b.plane[0]}};
#endif
}

static void NAME(multiply)(const MultiplyJob *job) {
    for (ptrdiff_t i = 0; i < job->count; i++) {
        Element product = *(const Element *)(const void *)(job->inputs[0] + i * job->in_strides[0]);
        for (int n = 1; n < job->input_count; n++) {
            const char *in = job->inputs[n] + i * job->in_strides[n];
            product = NAME(product)(product, *(const Element *)(const void *)in);
        }
        *(Element *)(void *)(job->out + i * job->out_stride) = product;
    }
}
