/* Copying a plane of elements from one layout to another. */

static void NAME(copy)(const CopyJob *job) {
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        const char *in = job->in + i * job->in_row;
        char *out = job->out + i * job->out_row;
        for (ptrdiff_t j = 0; j < job->cols; j++) {
            *(Element *)(void *)(out + j * job->out_col) =
                *(const Element *)(const void *)(in + j * job->in_col);
        }
    }
}
