/* Packing: lanes that lie anywhere become a panel in the order in which the tile reads it.
 * The lanes are cut into runs of elements that follow each other in memory; a run is copied at once
 * for each step of the depth. Lanes that are alone are walked along the depth instead, several side
 * by side, so that both reads and writes stay within few cache lines. */

enum { NAME(PACK_ALONE) = 4 }; /* runs shorter than this are taken lane by lane */

static inline void NAME(pack_element)(ELEMENT *panel, ptrdiff_t width, const void *source) {
    const Element *element = source;
    for (int plane = 0; plane < PLANES; plane++) panel[plane * width] = element->plane[plane];
}

/* One run for the whole depth. */
static inline void NAME(pack_run)(const PackJob *job, int first, int count) {
    ELEMENT *panel = (ELEMENT *)job->panel + first;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        const Element *from = (const Element *)(const void *)(source + job->depth_offsets[k]);
        for (int i = 0; i < count; i++) NAME(pack_element)(panel + i, job->width, from + i);
        panel += PLANES * job->width;
    }
}

/* A run as wide as the panel: whole vectors. */
static inline void NAME(pack_vectors)(const PackJob *job) {
    ELEMENT *panel = job->panel;
    const char *source = job->source + job->lane_offsets[0];
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        for (int i = 0; i < job->width; i += LANES) {
            NAME(store)(panel + i, NAME(load)(source + job->depth_offsets[k] + i * ELEMENT_BYTES));
        }
        panel += job->width;
    }
}

/* Four lanes side by side along the depth. */
static inline void NAME(pack_four)(const PackJob *job, int first) {
    const ptrdiff_t *lane = job->lane_offsets + first;
    const char *s0 = job->source + lane[0], *s1 = job->source + lane[1];
    const char *s2 = job->source + lane[2], *s3 = job->source + lane[3];
    ELEMENT *panel = (ELEMENT *)job->panel + first;
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        ptrdiff_t offset = job->depth_offsets[k];
        NAME(pack_element)(panel, job->width, s0 + offset);
        NAME(pack_element)(panel + 1, job->width, s1 + offset);
        NAME(pack_element)(panel + 2, job->width, s2 + offset);
        NAME(pack_element)(panel + 3, job->width, s3 + offset);
        panel += PLANES * job->width;
    }
}

/* Zeros where the tile has more lanes than the operand, so that its sums stay finite there. */
static inline void NAME(pack_zeros)(const PackJob *job) {
    ELEMENT *panel = job->panel;
    for (ptrdiff_t k = 0; k < PLANES * job->depth; k++) {
        for (int i = job->lanes; i < job->width; i++) panel[i] = 0;
        panel += job->width;
    }
}

/* How many lanes from first on follow each other in memory. */
static inline int NAME(pack_run_length)(const PackJob *job, int first) {
    int count = 1;
    while (first + count < job->lanes &&
           job->lane_offsets[first + count] - job->lane_offsets[first + count - 1] ==
               ELEMENT_BYTES) {
        count++;
    }
    return count;
}

static void NAME(pack)(const PackJob *job) {
    for (int i = 0; i < job->lanes;) {
        int count = NAME(pack_run_length)(job, i);
        if (PLANES == 1 && count == job->width && count % LANES == 0) {
            NAME(pack_vectors)(job);
        } else if (count < NAME(PACK_ALONE) && job->lanes - i >= 4) {
            NAME(pack_four)(job, i);
            count = 4;
        } else {
            NAME(pack_run)(job, i, count);
        }
        i += count;
    }
    if (job->lanes < job->width) NAME(pack_zeros)(job);
}
