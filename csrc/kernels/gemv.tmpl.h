/* The product of a matrix and a vector. */

static void NAME(gemv)(const GemvJob *job) {
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        const char *row = job->matrix + i * job->matrix_row;
        Element sum = {{0}};
        for (ptrdiff_t k = 0; k < job->depth; k++) {
            Element m = *(const Element *)(const void *)(row + k * job->matrix_depth);
            Element v = *(const Element *)(const void *)(job->vector + k * job->vector_depth);
#if PLANES == 1
            sum.plane[0] = (ELEMENT)(sum.plane[0] + 1u * m.plane[0] * v.plane[0]);
#else
            sum.plane[0] += m.plane[0] * v.plane[0] - m.plane[1] * v.plane[1];
            sum.plane[1] += m.plane[0] * v.plane[1] + m.plane[1] * v.plane[0];
#endif
        }
        Element *out = (Element *)(void *)(job->out + i * job->out_row);
        for (int p = 0; p < PLANES; p++) {
            ELEMENT before = job->accumulate ? out->plane[p] : 0;
            out->plane[p] = (ELEMENT)(before + sum.plane[p]);
        }
    }
}
