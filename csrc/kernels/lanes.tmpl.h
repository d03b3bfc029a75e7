/* What kernels do across the lanes of one vector: sum them up, cut off a tail, and the parts of
 * complex numbers that lie interleaved (real, imaginary, real, ...). */
#define Bits NAME(Bits)

typedef uint64_t Bits __attribute__((vector_size(VECTOR_BYTES)));

/* The sum over the lanes of each plane. */
static inline __attribute__((always_inline)) void NAME(fold)(Vector vector, ELEMENT sums[PLANES]) {
    enum { COUNT = 16 / sizeof(ELEMENT) };
    typedef ELEMENT Part __attribute__((vector_size(16), may_alias));
    const Part *parts = (const Part *)&vector;
#if VECTOR_BYTES == 64
    Part part = (parts[0] + parts[1]) + (parts[2] + parts[3]);
#elif VECTOR_BYTES == 32
    Part part = parts[0] + parts[1];
#else
    Part part = parts[0];
#endif
    for (int plane = 0; plane < PLANES; plane++) {
        ELEMENT sum = part[plane];
        for (int i = PLANES; i < COUNT; i += PLANES) sum = (ELEMENT)(sum + part[i + plane]);
        sums[plane] = sum;
    }
}

/* A vector of which only the last `count` lanes are kept; the others become zero. */
static inline __attribute__((always_inline)) Vector NAME(load_last)(const void *memory,
                                                                    ptrdiff_t count) {
    static const uint8_t mask[2 * VECTOR_BYTES] = {[VECTOR_BYTES... 2 * VECTOR_BYTES - 1] = 0xff};
    Bits kept = (Bits)NAME(load)(mask + count * (ptrdiff_t)sizeof(ELEMENT));
    return (Vector)((Bits)NAME(load)(memory) & kept);
}

#if PLANES == 2

    #ifndef PAIRS
        #define PAIR_LANE(lane, even, odd) ((lane) / 2 * 2 + ((lane) % 2 ? odd : even))
        #define PAIRS PASTE(LANE_LIST, PAIR_COUNT)
        #if VECTOR_BYTES == 64
            #define PAIR_COUNT 8
        #elif VECTOR_BYTES == 32
            #define PAIR_COUNT 4
        #else
            #define PAIR_COUNT 2
        #endif
    #endif

/* Two floats are one lane of 64 bits, two doubles are two. */
enum { NAME(IS_SINGLE) = sizeof(ELEMENT) == 4 };

/* (imaginary, real, ...) */
static inline __attribute__((always_inline)) Vector NAME(swap_parts)(Vector vector) {
    Bits bits = (Bits)vector;
    if (NAME(IS_SINGLE)) return (Vector)(bits << 32 | bits >> 32);
    return (Vector)SHUFFLE(Bits, bits, bits, PAIRS(PAIR_LANE, 1, 0));
}

/* (real, real, ...) */
static inline __attribute__((always_inline)) Vector NAME(real_parts)(Vector vector) {
    Bits bits = (Bits)vector;
    if (NAME(IS_SINGLE)) return (Vector)((bits & 0xffffffff) | bits << 32);
    return (Vector)SHUFFLE(Bits, bits, bits, PAIRS(PAIR_LANE, 0, 0));
}

/* (-imaginary, imaginary, ...): what the swapped parts of the other factor are multiplied by */
static inline __attribute__((always_inline)) Vector NAME(imaginary_parts)(Vector vector) {
    Bits bits = (Bits)vector;
    if (NAME(IS_SINGLE)) {
        Bits sign = (Bits){0} + 0x80000000u;
        return (Vector)(((bits & ~(Bits){0} << 32) | bits >> 32) ^ sign);
    }
    Bits sign = SHUFFLE(Bits, (Bits){0} + (1ull << 63), (Bits){0}, PAIRS(PAIR_LANE, 0, PAIR_COUNT));
    return (Vector)(SHUFFLE(Bits, bits, bits, PAIRS(PAIR_LANE, 1, 1)) ^ sign);
}

#endif
