/* Sums along one axis of a plane. */

static void NAME(reduce)(const ReduceJob *job) {
    for (ptrdiff_t i = 0; i < job->kept; i++) {
        Element *out = (Element *)(void *)(job->out + i * job->out_kept);
        Element sum = {{0}};
        for (ptrdiff_t k = 0; k < job->summed; k++) {
            const Element *in =
                (const Element *)(const void *)(job->in + i * job->in_kept + k * job->in_summed);
            for (int p = 0; p < PLANES; p++) sum.plane[p] = (ELEMENT)(sum.plane[p] + in->plane[p]);
        }
        for (int p = 0; p < PLANES; p++) {
            ELEMENT before = job->accumulate ? out->plane[p] : 0;
            out->plane[p] = (ELEMENT)(before + sum.plane[p]);
        }
    }
}
