/* Packing: lanes that lie anywhere become a panel in the order in which the tile reads it.
 * The lanes are cut into runs of elements that follow each other in memory, and runs into pieces of
 * constant size, each copied for the whole depth. Lanes that are alone are walked along the depth
 * instead, several side by side, so that both reads and writes stay within few cache lines.
 * packs.tmpl.h defines
 *     SIZE    bytes of an element
 *     SQUARE  gathers and transposes as many lanes of as many steps as fill registers, QUAD four of
 * four, and OCTET eight of eight where SQUARE takes more; all undefined for the rarer sizes */
#define SIZED(name) PASTE(ISA_NAME(name), SIZE)

enum {
    SIZED(PACK_ALONE) = 4, /* runs shorter than this are taken lane by lane */
    SIZED(PACK_VECTOR) = VECTOR_BYTES / SIZE,
    SIZED(PACK_SQUARE) = PASTE(ISA_NAME(square_side), SIZE),
};

typedef struct SIZED(PackElement) {
    char bytes[SIZE];
} SIZED(PackElement);

static inline void SIZED(pack_element)(char *panel, const char *source) {
    *(SIZED(PackElement) *)(void *)panel = *(const SIZED(PackElement) *)(const void *)source;
}

/* Whole vectors of lanes. The steps of the depth often lie further apart than the hardware looks
   ahead, so they are fetched before their turn. */
static inline void SIZED(pack_vectors)(const PackJob *job, int first, int count) {
    enum { AHEAD = 12 };
    char *panel = (char *)job->panel + first * SIZE;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        const char *from = source + job->depth_offsets[k];
        const char *later = source + job->depth_offsets[k + AHEAD < job->depth ? k + AHEAD : k];
        for (int i = 0; i < count; i++) {
            __builtin_prefetch(later + i * VECTOR_BYTES);
            memcpy(panel + i * VECTOR_BYTES, from + i * VECTOR_BYTES, VECTOR_BYTES);
        }
    }
}

#if HAS_MASKS
/* What is left of a run, less than a vector. Lanes that are masked are neither read nor written. */
static inline void SIZED(pack_rest)(const PackJob *job, int first, int count) {
    char *panel = (char *)job->panel + first * SIZE;
    const char *source = job->source + job->lane_offsets[first];
    __mmask64 mask = first_bytes(count * SIZE);
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        __m512i lanes = _mm512_maskz_loadu_epi8(mask, source + job->depth_offsets[k]);
        _mm512_mask_storeu_epi8(panel, mask, lanes);
    }
}
#else
/* `bytes` of lanes that follow each other in memory, for the whole depth. bytes is a constant. */
static inline __attribute__((always_inline)) void SIZED(pack_piece)(const PackJob *job, int first,
                                                                    size_t bytes) {
    char *panel = (char *)job->panel + first * SIZE;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        memcpy(panel, source + job->depth_offsets[k], bytes);
    }
}

/* What is left of a run, less than a vector, in pieces of sixteen bytes and of one element. */
static inline void SIZED(pack_rest)(const PackJob *job, int first, int count) {
    enum { SMALL = SIZE < 16 ? 16 / SIZE : 1 };
    for (; count >= SMALL; first += SMALL, count -= SMALL) {
        SIZED(pack_piece)(job, first, SMALL * SIZE);
    }
    for (; count > 0; first++, count--) SIZED(pack_piece)(job, first, SIZE);
}
#endif

/* A run of lanes of any length. */
static inline void SIZED(pack_run)(const PackJob *job, int first, int count) {
    int vectors = count / SIZED(PACK_VECTOR), rest = count % SIZED(PACK_VECTOR);
    if (vectors > 0) SIZED(pack_vectors)(job, first, vectors);
    if (rest > 0) SIZED(pack_rest)(job, first + count - rest, rest);
}

/* Four lanes side by side, for steps first_k .. end of the depth. */
static inline void SIZED(pack_four_steps)(const PackJob *job, int first, ptrdiff_t first_k,
                                          ptrdiff_t end) {
    const ptrdiff_t *lane = job->lane_offsets + first;
    char *panel = (char *)job->panel + (job->width * first_k + first) * SIZE;
    for (ptrdiff_t k = first_k; k < end; k++, panel += job->width * SIZE) {
        const char *source = job->source + job->depth_offsets[k];
        SIZED(pack_element)(panel, source + lane[0]);
        SIZED(pack_element)(panel + SIZE, source + lane[1]);
        SIZED(pack_element)(panel + 2 * SIZE, source + lane[2]);
        SIZED(pack_element)(panel + 3 * SIZE, source + lane[3]);
    }
}

#ifdef QUAD
/* `wide` lanes of which every other element is left out, for the whole depth: the even elements of
   a vector and the odd ones of another that ends with the last lane. */
    #define PACK_OTHER(lane, width) \
        ((lane) < (width) / 2 ? 2 * (lane) : (width) + 2 * ((lane) - (width) / 2) + 1)
    #define PACK_EVERY_OTHER(wide)                                                                 \
        static inline void SIZED(pack_every_other_##wide)(const PackJob *job, int first) {         \
            typedef LANE Lanes __attribute__((vector_size((wide) * SIZE)));                        \
            typedef LANE Loose __attribute__((vector_size((wide) * SIZE), aligned(1), may_alias)); \
            char *panel = (char *)job->panel + first * SIZE;                                       \
            const char *source = job->source + job->lane_offsets[first];                           \
            for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {               \
                const char *from = source + job->depth_offsets[k];                                 \
                Lanes low = *(const Loose *)(const void *)from;                                    \
                Lanes high = *(const Loose *)(const void *)(from + ((wide) - 1) * SIZE);           \
                *(Loose *)(void *)panel =                                                          \
                    SHUFFLE(Lanes, low, high, LANE_LIST_##wide(PACK_OTHER, (wide)));               \
            }                                                                                      \
        }
PACK_EVERY_OTHER(4)
PACK_EVERY_OTHER(8)
PACK_EVERY_OTHER(16)

/* The same for at least four lanes, by the widest vectors there are: the last one overlaps the one
   before. */
static inline void SIZED(pack_skipping)(const PackJob *job, int first, int count) {
    enum { WIDEST = SIZED(PACK_VECTOR) };
    int width = count >= 16 && WIDEST >= 16 ? 16 : count >= 8 && WIDEST >= 8 ? 8 : 4;
    for (int at = 0; at < count; at += width) {
        int lane = first + (at + width <= count ? at : count - width);
        if (width == 4) SIZED(pack_every_other_4)(job, lane);
        if (width == 8) SIZED(pack_every_other_8)(job, lane);
        if (width == 16) SIZED(pack_every_other_16)(job, lane);
    }
}

/* How many steps of the depth, of `count`, follow each other in memory. */
static inline ptrdiff_t SIZED(pack_steps_in_row)(const ptrdiff_t offsets[], ptrdiff_t count) {
    ptrdiff_t steps = 1;
    while (steps < count && offsets[steps] - offsets[steps - 1] == SIZE) steps++;
    return steps;
}

/* `side` lanes of as many steps that follow each other in memory: a square, transposed in
   registers. side is a constant. */
static inline __attribute__((always_inline)) void SIZED(pack_square)(const PackJob *job, int first,
                                                                     ptrdiff_t k, int side) {
    const ptrdiff_t *lane = job->lane_offsets + first, row = job->width * SIZE;
    const char *source = job->source + job->depth_offsets[k];
    char *panel = (char *)job->panel + k * row + first * SIZE;
    ptrdiff_t ahead = (lane[1] - lane[0]) * job->width; /* the next panel, if it goes on so */
    for (int i = 0; k * SIZE % 64 == 0 && i < side; i++) {
        __builtin_prefetch(source + lane[i] + ahead);
    }
    if (side == 4) {
        QUAD(source, lane, panel, row);
    } else if (side == 8) {
        OCTET(source, lane, panel, row);
    } else {
        SQUARE(source, lane, panel, row);
    }
}

/* `side` lanes for steps that follow each other in memory, at least `side` of them: the last square
   overlaps the one before. */
static inline __attribute__((always_inline)) void
SIZED(pack_squares)(const PackJob *job, int first, ptrdiff_t k, ptrdiff_t steps, int side) {
    for (ptrdiff_t at = 0; at < steps; at += side) {
        SIZED(pack_square)(job, first, k + (at + side <= steps ? at : steps - side), side);
    }
}

/* Lanes that are alone, `side` of them: where steps of the depth follow each other in
   memory by squares, the largest that fit, else one by one. */
static inline __attribute__((always_inline)) void SIZED(pack_alone)(const PackJob *job, int first,
                                                                    int side) {
    for (ptrdiff_t k = 0, steps; k < job->depth; k += steps) {
        steps = SIZED(pack_steps_in_row)(job->depth_offsets + k, job->depth - k);
        if (steps >= side) {
            SIZED(pack_squares)(job, first, k, steps, side);
            continue;
        }
        for (int i = first; i < first + side; i += 4) {
            if (steps >= 4) SIZED(pack_squares)(job, i, k, steps, 4);
            if (steps < 4) SIZED(pack_four_steps)(job, i, k, k + steps);
        }
    }
}
#endif

/* How many lanes from first on lie a step apart in memory. */
static inline int SIZED(pack_run_length)(const PackJob *job, int first, ptrdiff_t step) {
    const ptrdiff_t *lane = job->lane_offsets;
    int end = first + 1;
    while (end < job->lanes && lane[end] - lane[end - 1] == step) end++;
    return end - first;
}

/* Lanes that do not follow each other, at least four of them; gives how many were taken. */
static inline int SIZED(pack_apart)(const PackJob *job, int first) {
#ifdef QUAD
    enum { SIDE = SIZED(PACK_SQUARE) };
    int count = SIZED(pack_run_length)(job, first, 2 * SIZE);
    if (count >= 4) {
        SIZED(pack_skipping)(job, first, count);
        return count;
    }
    if (SIDE > 4 && job->lanes - first >= SIDE) {
        SIZED(pack_alone)(job, first, SIDE);
        return SIDE;
    }
    if (SIDE > 8 && job->lanes - first >= 8) {
        SIZED(pack_alone)(job, first, 8);
        return 8;
    }
    SIZED(pack_alone)(job, first, 4);
#else
    SIZED(pack_four_steps)(job, first, 0, job->depth);
#endif
    return 4;
}

/* Zeros where the tile has more lanes than the operand, so that its sums stay finite there. */
static inline void SIZED(pack_zeros)(const PackJob *job) {
    char *panel = (char *)job->panel + job->lanes * SIZE;
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        memset(panel, 0, (size_t)(job->width - job->lanes) * SIZE);
    }
}

static void SIZED(pack)(const PackJob *job) {
    for (int i = 0; i < job->lanes;) {
        int count = SIZED(pack_run_length)(job, i, SIZE);
        if (count < SIZED(PACK_ALONE) && job->lanes - i >= 4) {
            count = SIZED(pack_apart)(job, i);
        } else {
            SIZED(pack_run)(job, i, count);
        }
        i += count;
    }
    if (job->lanes < job->width) SIZED(pack_zeros)(job);
}

#undef PACK_EVERY_OTHER
#undef PACK_OTHER
#undef SIZED
#undef SQUARE
#undef LANE
#undef QUAD
#undef OCTET
#undef SIZE
