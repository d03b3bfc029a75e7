/* What kernels do across the lanes of one vector: sum them up, cut off a tail, and the parts of
 * complex numbers that lie interleaved (real, imaginary, real, ...). */
#include <string.h>

#define Bits NAME(Bits)

typedef uint64_t Bits __attribute__((vector_size(VECTOR_BYTES)));

/* What a vector is folded to first. */
typedef ELEMENT NAME(Part) __attribute__((vector_size(16), may_alias));
typedef uint32_t NAME(PartWords) __attribute__((vector_size(16)));
typedef uint64_t NAME(PartPairs) __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) NAME(Part) NAME(fold_part)(Vector vector) {
    const NAME(Part) *parts = (const NAME(Part) *)&vector;
#if VECTOR_BYTES == 64
    return (parts[0] + parts[1]) + (parts[2] + parts[3]);
#elif VECTOR_BYTES == 32
    return parts[0] + parts[1];
#else
    return parts[0];
#endif
}

/* The sum over the lanes of each plane. */
static inline __attribute__((always_inline)) void NAME(fold)(Vector vector, ELEMENT sums[PLANES]) {
    enum { COUNT = 16 / sizeof(ELEMENT) };
    NAME(Part) part = NAME(fold_part)(vector);
    for (int plane = 0; plane < PLANES; plane++) {
        ELEMENT sum = part[plane];
        for (int i = PLANES; i < COUNT; i += PLANES) sum = (ELEMENT)(sum + part[i + plane]);
        sums[plane] = sum;
    }
}

/* The elements of two parts, summed in pairs: (a0 + a1, b0 + b1), for elements of 8 bytes. */
static inline NAME(Part) NAME(fold_pairs)(NAME(Part) a, NAME(Part) b) {
    NAME(PartPairs) x = (NAME(PartPairs))a, y = (NAME(PartPairs))b;
    return (NAME(Part))SHUFFLE(NAME(PartPairs), x, y, 0, 2) +
           (NAME(Part))SHUFFLE(NAME(PartPairs), x, y, 1, 3);
}

/* The same for elements of 4 bytes: (a0 + a1, b0 + b1, a2 + a3, b2 + b3). */
static inline NAME(Part) NAME(fold_words)(NAME(Part) a, NAME(Part) b) {
    NAME(PartWords) x = (NAME(PartWords))a, y = (NAME(PartWords))b;
    return (NAME(Part))SHUFFLE(NAME(PartWords), x, y, 0, 4, 2, 6) +
           (NAME(Part))SHUFFLE(NAME(PartWords), x, y, 1, 5, 3, 7);
}

/* Four vectors at once: sums[i] is the sum over the lanes of the i-th. */
static inline __attribute__((always_inline)) void NAME(fold_four)(const Vector vectors[4],
                                                                  ELEMENT sums[4 * PLANES]) {
    if (ELEMENT_BYTES != 4 && ELEMENT_BYTES != 8) {
        for (int i = 0; i < 4; i++) NAME(fold)(vectors[i], sums + i * PLANES);
        return;
    }
    NAME(Part) a = NAME(fold_part)(vectors[0]), b = NAME(fold_part)(vectors[1]);
    NAME(Part) c = NAME(fold_part)(vectors[2]), d = NAME(fold_part)(vectors[3]);
    if (ELEMENT_BYTES == 4) {
        NAME(Part) all = NAME(fold_pairs)(NAME(fold_words)(a, b), NAME(fold_words)(c, d));
        memcpy(sums, &all, sizeof all);
    } else {
        NAME(Part) first = NAME(fold_pairs)(a, b), second = NAME(fold_pairs)(c, d);
        memcpy(sums, &first, sizeof first);
        memcpy(sums + 2 * PLANES, &second, sizeof second);
    }
}

/* All bits of the last `count` lanes, none of the others. */
static inline __attribute__((always_inline)) Bits NAME(last_lanes)(ptrdiff_t count) {
    static const uint8_t mask[2 * VECTOR_BYTES] = {[VECTOR_BYTES... 2 * VECTOR_BYTES - 1] = 0xff};
    return (Bits)NAME(load)(mask + count * (ptrdiff_t)sizeof(ELEMENT));
}

/* A vector of which only the last `count` lanes are kept; the others become zero. */
static inline __attribute__((always_inline)) Vector NAME(load_last)(const void *memory,
                                                                    ptrdiff_t count) {
    return (Vector)((Bits)NAME(load)(memory) & NAME(last_lanes)(count));
}

/* A row of `count` lanes, less than a vector: they begin at this lane, all others are zero. Where
   lanes cannot be masked the vector is loaded with what is before the row, which must be there. */
static inline ptrdiff_t NAME(short_start)(ptrdiff_t count) {
    return HAS_MASKS ? 0 : LANES - count;
}

static inline __attribute__((always_inline)) Vector NAME(load_short)(const char *row,
                                                                     ptrdiff_t count) {
    const ptrdiff_t scalar = sizeof(ELEMENT);
#if HAS_MASKS
    return NAME(load_first)(row, count * scalar);
#else
    return NAME(load_last)(row - NAME(short_start)(count) * scalar, count);
#endif
}

/* How many rows have less than that before them, at most `rows`; is_first: nothing is before the
   first one. */
static inline ptrdiff_t NAME(rows_unloadable)(ptrdiff_t count, ptrdiff_t rows, bool is_first) {
    ptrdiff_t first = (LANES - 1) / count;
    if (HAS_MASKS || !is_first) return 0;
    return first < rows ? first : rows;
}

#if PLANES == 1

/* The same element in every lane, or pair of lanes. */
static inline __attribute__((always_inline)) Vector NAME(repeat)(const ELEMENT element[PLANES]) {
    return NAME(broadcast)(element[0]);
}

#else

    #ifndef PAIR_LANE
        /* Lane number `lane` of a shuffle that fills even and odd lanes from those of each pair. */
        #define PAIR_LANE(lane, even, odd) ((lane) / 2 * 2 + ((lane) % 2 ? (odd) : (even)))
        /* Even lanes of one vector, odd ones of another. */
        #define BLEND_LANE(lane, count) ((lane) % 2 ? (count) + (lane) : (lane))
        #if VECTOR_BYTES == 64
            #define WORD_LIST LANE_LIST_16
            #define BITS_LIST LANE_LIST_8
        #elif VECTOR_BYTES == 32
            #define WORD_LIST LANE_LIST_8
            #define BITS_LIST LANE_LIST_4
        #else
            #define WORD_LIST LANE_LIST_4
            #define BITS_LIST LANE_LIST_2
        #endif
    #endif

typedef uint32_t NAME(Words) __attribute__((vector_size(VECTOR_BYTES)));

    /* Each pair of lanes of a vector of floats or doubles rearranged. */
    #define REARRANGE(vector, even, odd)                                                  \
        (sizeof(ELEMENT) == 4                                                             \
             ? (Vector)SHUFFLE(NAME(Words), (NAME(Words))(vector), (NAME(Words))(vector), \
                               WORD_LIST(PAIR_LANE, even, odd))                           \
             : (Vector)SHUFFLE(Bits, (Bits)(vector), (Bits)(vector),                      \
                               BITS_LIST(PAIR_LANE, even, odd)))

static inline __attribute__((always_inline)) Vector NAME(repeat)(const ELEMENT element[PLANES]) {
    Vector real = NAME(broadcast)(element[0]), imaginary = NAME(broadcast)(element[1]);
    return sizeof(ELEMENT) == 4
               ? (Vector)SHUFFLE(NAME(Words), (NAME(Words))real, (NAME(Words))imaginary,
                                 WORD_LIST(BLEND_LANE, (int)(VECTOR_BYTES / sizeof(uint32_t))))
               : (Vector)SHUFFLE(Bits, (Bits)real, (Bits)imaginary,
                                 BITS_LIST(BLEND_LANE, (int)(VECTOR_BYTES / sizeof(uint64_t))));
}

/* (imaginary, real, ...) */
static inline __attribute__((always_inline)) Vector NAME(swap_parts)(Vector vector) {
    return REARRANGE(vector, 1, 0);
}

/* (real, real, ...) */
static inline __attribute__((always_inline)) Vector NAME(real_parts)(Vector vector) {
    return REARRANGE(vector, 0, 0);
}

/* (-imaginary, imaginary, ...): what the swapped parts of the other factor are multiplied by */
static inline __attribute__((always_inline)) Vector NAME(imaginary_parts)(Vector vector) {
    static const ELEMENT signs[2] = {(ELEMENT)-0.0, 0};
    return (Vector)((Bits)REARRANGE(vector, 1, 1) ^ (Bits)NAME(repeat)(signs));
}

    #undef REARRANGE
#endif
