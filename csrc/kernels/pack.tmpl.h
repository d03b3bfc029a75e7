/* Packing: lanes that lie anywhere become a panel in the order in which the tile reads it.
 * The lanes are cut into runs of elements that follow each other in memory, and runs into pieces of
 * constant size, each copied for the whole depth. Lanes that are alone are walked along the depth
 * instead, several side by side, so that both reads and writes stay within few cache lines. */

enum { NAME(PACK_ALONE) = 4 }; /* runs shorter than this are taken lane by lane */

static inline void NAME(pack_element)(ELEMENT *panel, ptrdiff_t width, const void *source) {
    const Element *element = source;
    for (int plane = 0; plane < PLANES; plane++) panel[plane * width] = element->plane[plane];
}

#if PLANES == 1
/* Whole vectors of lanes. The steps of the depth often lie further apart than the hardware looks
   ahead, so they are fetched before their turn. */
static inline void NAME(pack_vectors)(const PackJob *job, int first, int count) {
    enum { AHEAD = 12 };
    ELEMENT *panel = (ELEMENT *)job->panel + first;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width) {
        const char *from = source + job->depth_offsets[k];
        const char *later = source + job->depth_offsets[k + AHEAD < job->depth ? k + AHEAD : k];
        for (int i = 0; i < count; i++) {
            __builtin_prefetch(later + i * VECTOR_BYTES);
            NAME(store)(panel + i * LANES, NAME(load)(from + i * VECTOR_BYTES));
        }
    }
}
#endif

/* `count` lanes that follow each other in memory, for the whole depth. count is a constant. */
static inline __attribute__((always_inline)) void NAME(pack_piece)(const PackJob *job, int first,
                                                                   int count) {
    ELEMENT *panel = (ELEMENT *)job->panel + first;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += PLANES * job->width) {
        const char *from = source + job->depth_offsets[k];
#if PLANES == 1
        memcpy(panel, from, (size_t)count * sizeof(ELEMENT));
#else
        Element piece[LANES]; /* read before anything is written, so that it can be vectorised */
        memcpy(piece, from, (size_t)count * sizeof(Element));
        for (int i = 0; i < count; i++) NAME(pack_element)(panel + i, job->width, piece + i);
#endif
    }
}

/* A run of lanes of any length: whole vectors, then smaller pieces. */
static inline void NAME(pack_run)(const PackJob *job, int first, int count) {
    enum { SMALL = 16 / sizeof(ELEMENT) };
#if PLANES == 1
    int vectors = count / LANES;
    if (vectors > 0) NAME(pack_vectors)(job, first, vectors);
    first += vectors * LANES;
    count -= vectors * LANES;
#endif
    for (; count >= SMALL; first += SMALL, count -= SMALL) NAME(pack_piece)(job, first, SMALL);
    for (; count > 0; first++, count--) NAME(pack_piece)(job, first, 1);
}

/* Four lanes side by side, for steps first_k .. end of the depth. */
static inline void NAME(pack_four_steps)(const PackJob *job, int first, ptrdiff_t first_k,
                                         ptrdiff_t end) {
    const ptrdiff_t *lane = job->lane_offsets + first;
    ELEMENT *panel = (ELEMENT *)job->panel + PLANES * job->width * first_k + first;
    for (ptrdiff_t k = first_k; k < end; k++) {
        const char *source = job->source + job->depth_offsets[k];
        NAME(pack_element)(panel, job->width, source + lane[0]);
        NAME(pack_element)(panel + 1, job->width, source + lane[1]);
        NAME(pack_element)(panel + 2, job->width, source + lane[2]);
        NAME(pack_element)(panel + 3, job->width, source + lane[3]);
        panel += PLANES * job->width;
    }
}

#if PLANES == 1
static inline bool NAME(pack_is_run)(const ptrdiff_t offsets[4], ptrdiff_t step) {
    return offsets[1] - offsets[0] == step && offsets[2] - offsets[1] == step &&
           offsets[3] - offsets[2] == step;
}

/* Where four steps of the depth follow each other in memory, four lanes of them are a square that
   is transposed in registers. Element sizes other than these two are rare enough to go one by one.
 */
static inline void NAME(pack_four)(const PackJob *job, int first) {
    const ptrdiff_t *lane = job->lane_offsets + first;
    ptrdiff_t step = lane[1] - lane[0], panel_row = job->width * ELEMENT_BYTES, k = 0;
    if (ELEMENT_BYTES < 4 || !NAME(pack_is_run)(lane, step)) {
        NAME(pack_four_steps)(job, first, 0, job->depth);
        return;
    }
    char *panel = (char *)((ELEMENT *)job->panel + first);
    ptrdiff_t ahead =
        step * job->width; /* as far as the same lanes of the next panel, if it goes on */
    for (; k + 4 <= job->depth; k += 4, panel += 4 * panel_row) {
        const char *source = job->source + lane[0] + job->depth_offsets[k];
        if (k * ELEMENT_BYTES % 64 == 0) {
            for (int i = 0; i < 4; i++) __builtin_prefetch(source + ahead + i * step);
        }
        if (!NAME(pack_is_run)(job->depth_offsets + k, ELEMENT_BYTES)) {
            NAME(pack_four_steps)(job, first, k, k + 4);
        } else if (ELEMENT_BYTES == 4) {
            PASTE(ISA_NAME(quad_transpose), 4)(source, step, panel, panel_row, 0);
        } else {
            PASTE(ISA_NAME(quad_transpose), 8)(source, step, panel, panel_row, 0);
        }
    }
    NAME(pack_four_steps)(job, first, k, job->depth);
}
#else
static inline void NAME(pack_four)(const PackJob *job, int first) {
    NAME(pack_four_steps)(job, first, 0, job->depth);
}
#endif

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
        if (count < NAME(PACK_ALONE) && job->lanes - i >= 4) {
            NAME(pack_four)(job, i);
            count = 4;
        } else {
            NAME(pack_run)(job, i, count);
        }
        i += count;
    }
    if (job->lanes < job->width) NAME(pack_zeros)(job);
}
