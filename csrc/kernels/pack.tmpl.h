/* Packing: lanes that lie anywhere become a panel in the order in which the tile reads it.
 * The lanes are cut into runs of elements that follow each other in memory, and runs into pieces of
 * constant size, each copied for the whole depth. Lanes that are alone are walked along the depth
 * instead, several side by side, so that both reads and writes stay within few cache lines.
 * packs.tmpl.h defines
 *     SIZE    bytes of an element
 *     QUAD    transposes four lanes of four steps in registers; undefined for the rarer sizes */
#define SIZED(name) PASTE(ISA_NAME(name), SIZE)
#define SQUARE_TRANSPOSE PASTE(ISA_NAME(square_transpose), SIZE)

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

/* `bytes` of lanes that follow each other in memory, for the whole depth. bytes is a constant. */
__attribute__((unused)) static inline __attribute__((always_inline)) void
SIZED(pack_piece)(const PackJob *job, int first, size_t bytes) {
    char *panel = (char *)job->panel + first * SIZE;
    const char *source = job->source + job->lane_offsets[first];
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        memcpy(panel, source + job->depth_offsets[k], bytes);
    }
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

#if defined(__AVX512BW__) && VECTOR_BYTES == 64
/* What is left of a run, less than a vector. Lanes that are masked are neither read nor written. */
static inline void SIZED(pack_rest)(const PackJob *job, int first, int count) {
    char *panel = (char *)job->panel + first * SIZE;
    const char *source = job->source + job->lane_offsets[first];
    __mmask64 mask = ((__mmask64)1 << count * SIZE) - 1;
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        __m512i lanes = _mm512_maskz_loadu_epi8(mask, source + job->depth_offsets[k]);
        _mm512_mask_storeu_epi8(panel, mask, lanes);
    }
}
#else
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

/* Whether `count` offsets rise by equal steps. */
static inline bool SIZED(pack_is_even)(const ptrdiff_t offsets[], int count, ptrdiff_t step) {
    for (int i = 1; i < count; i++) {
        if (offsets[i] - offsets[i - 1] != step) return false;
    }
    return true;
}

#ifdef QUAD
/* Where steps of the depth follow each other in memory, as many lanes of them are a square that is
   transposed in registers: `side` lanes, for the whole depth. side is a constant. */
static inline __attribute__((always_inline)) void SIZED(pack_squares)(const PackJob *job, int first,
                                                                      int side) {
    ptrdiff_t step = job->lane_offsets[first + 1] - job->lane_offsets[first];
    ptrdiff_t panel_row = job->width * SIZE, k = 0;
    ptrdiff_t ahead = step * job->width; /* the same lanes of the next panel, if it goes on so */
    for (; k + side <= job->depth; k += side) {
        char *panel = (char *)job->panel + k * panel_row + first * SIZE;
        const char *source = job->source + job->lane_offsets[first] + job->depth_offsets[k];
        if (k * SIZE % 64 == 0) {
            for (int i = 0; i < side; i++) __builtin_prefetch(source + ahead + i * step);
        }
        if (!SIZED(pack_is_even)(job->depth_offsets + k, side, SIZE)) {
            for (int i = 0; i < side; i += 4) SIZED(pack_four_steps)(job, first + i, k, k + side);
        } else if (side == 4) {
            QUAD(source, step, panel, panel_row, 0);
        } else {
            SQUARE_TRANSPOSE(source, step, panel, panel_row, 0);
        }
    }
    for (int i = 0; i < side; i += 4) SIZED(pack_four_steps)(job, first + i, k, job->depth);
}
#endif

/* Lanes that are alone, at least four of them; gives how many were taken. */
static inline int SIZED(pack_lanes)(const PackJob *job, int first) {
#ifdef QUAD
    const ptrdiff_t *lane = job->lane_offsets + first;
    enum { SIDE = SIZED(PACK_SQUARE) };
    if (SIDE > 4 && job->lanes - first >= SIDE &&
        SIZED(pack_is_even)(lane, SIDE, lane[1] - lane[0])) {
        SIZED(pack_squares)(job, first, SIDE);
        return SIDE;
    }
    if (SIZED(pack_is_even)(lane, 4, lane[1] - lane[0])) {
        SIZED(pack_squares)(job, first, 4);
        return 4;
    }
#endif
    SIZED(pack_four_steps)(job, first, 0, job->depth);
    return 4;
}

/* Zeros where the tile has more lanes than the operand, so that its sums stay finite there. */
static inline void SIZED(pack_zeros)(const PackJob *job) {
    char *panel = (char *)job->panel + job->lanes * SIZE;
    for (ptrdiff_t k = 0; k < job->depth; k++, panel += job->width * SIZE) {
        memset(panel, 0, (size_t)(job->width - job->lanes) * SIZE);
    }
}

/* How many lanes from first on follow each other in memory. */
static inline int SIZED(pack_run_length)(const PackJob *job, int first) {
    const ptrdiff_t *lane = job->lane_offsets;
    int end = first + 1;
    while (end < job->lanes && lane[end] - lane[end - 1] == SIZE) end++;
    return end - first;
}

static void SIZED(pack)(const PackJob *job) {
    for (int i = 0; i < job->lanes;) {
        int count = SIZED(pack_run_length)(job, i);
        if (count < SIZED(PACK_ALONE) && job->lanes - i >= 4) {
            count = SIZED(pack_lanes)(job, i);
        } else {
            SIZED(pack_run)(job, i, count);
        }
        i += count;
    }
    if (job->lanes < job->width) SIZED(pack_zeros)(job);
}

#undef SQUARE_TRANSPOSE
#undef SIZED
#undef QUAD
#undef SIZE
