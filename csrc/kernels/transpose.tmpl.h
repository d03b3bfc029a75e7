/* Transposition of a square of elements in registers, for elements of one size. Included once per
 * size by transposes.tmpl.h, which defines
 *     SQUARE the name of the function; elements of one size may have squares of two sides
 *     SIZE   bytes of an element
 *     SIDE   elements of a side of the square; one side fills a register
 *     LANE   the integer that is one lane, and PARTS, how many of them an element is
 * The step with distance d exchanges bit d of the numbers of lanes and rows; after all steps, lanes
 * and rows have changed places. */
#define SIZED(name) PASTE(ISA_NAME(PASTE(SQUARE, name)), SIZE)
#define LOW_LANE(lane, count, distance) \
    ((lane) & (distance) ? (lane) - (distance) + (count) : (lane))
#define HIGH_LANE(lane, count, distance) \
    ((lane) & (distance) ? (lane) + (count) : (lane) + (distance))
#define REVERSED_LANE(lane, count, parts) \
    ((count) - ((lane) / (parts) + 1) * (parts) + (lane) % (parts))

typedef LANE SIZED(Lanes) __attribute__((vector_size(SIDE * SIZE)));
typedef LANE SIZED(LooseLanes) __attribute__((vector_size(SIDE * SIZE), aligned(1), may_alias));

enum { SIZED(side) = SIDE };

#define EXCHANGE(distance, LANE_LIST)                                                           \
    _Pragma("GCC unroll 16") for (int i = 0; i < SIDE; i++) {                                   \
        if (i & (distance)) continue;                                                           \
        SIZED(Lanes) low = rows[i], high = rows[i + (distance)];                                \
        rows[i] = SHUFFLE(SIZED(Lanes), low, high,                                              \
                          LANE_LIST(LOW_LANE, SIDE * PARTS, (distance) * PARTS));               \
        rows[i + (distance)] = SHUFFLE(SIZED(Lanes), low, high,                                 \
                                       LANE_LIST(HIGH_LANE, SIDE * PARTS, (distance) * PARTS)); \
    }

/* row = 0 + row, where elements are floats of so many bytes or pairs of them, halves (2) or bools
   (1); integers (0) stay as they are. By address, as a vector wider than the registers cannot be
   passed by value everywhere. */
static inline __attribute__((always_inline)) void SIZED(from_zero)(SIZED(Lanes) * row,
                                                                   int float_bytes) {
    typedef float Floats __attribute__((vector_size(SIDE * SIZE), may_alias));
    typedef double Doubles __attribute__((vector_size(SIDE * SIZE), may_alias));
    typedef uint16_t Halves __attribute__((vector_size(SIDE * SIZE), may_alias));
    typedef uint8_t Truths __attribute__((vector_size(SIDE * SIZE), may_alias));
    if (float_bytes == 1) *(Truths *)row = (Truths)(*(Truths *)row != 0) & 1;
    if (float_bytes == 2) *(Halves *)row &= (Halves)(*(Halves *)row != 0x8000);
    if (float_bytes == 4) *(Floats *)row += (Floats){0};
    if (float_bytes == 8) *(Doubles *)row += (Doubles){0};
}

/* out[j][i] = in[i][j]. float_bytes is a constant, see from_zero. */
static inline __attribute__((always_inline)) void SIZED(turn)(SIZED(Lanes) rows[SIDE], char *out,
                                                              ptrdiff_t out_step, int float_bytes) {
#if SIDE > 1
    EXCHANGE(1, SIDE_LIST)
#endif
#if SIDE > 2
    EXCHANGE(2, SIDE_LIST)
#endif
#if SIDE > 4
    EXCHANGE(4, SIDE_LIST)
#endif
#if SIDE > 8
    EXCHANGE(8, SIDE_LIST)
#endif
#pragma GCC unroll 16
    for (int i = 0; i < SIDE; i++) {
        SIZED(from_zero)(&rows[i], float_bytes);
        *(SIZED(LooseLanes) *)(void *)(out + i * out_step) = rows[i];
    }
}

/* For rows that lie a step apart. */
__attribute__((unused)) static inline __attribute__((always_inline)) void
SIZED(transpose)(const char *in, ptrdiff_t in_step, char *out, ptrdiff_t out_step,
                 int float_bytes) {
    SIZED(Lanes) rows[SIDE];
#pragma GCC unroll 16
    for (int i = 0; i < SIDE; i++) {
        rows[i] = *(const SIZED(LooseLanes) *)(const void *)(in + i * in_step);
    }
    SIZED(turn)(rows, out, out_step, float_bytes);
}

/* For rows that lie anywhere. */
__attribute__((unused)) static inline __attribute__((always_inline)) void
SIZED(gather)(const char *in, const ptrdiff_t offsets[], char *out, ptrdiff_t out_step) {
    SIZED(Lanes) rows[SIDE];
#pragma GCC unroll 16
    for (int i = 0; i < SIDE; i++) {
        rows[i] = *(const SIZED(LooseLanes) *)(const void *)(in + offsets[i]);
    }
    SIZED(turn)(rows, out, out_step, 0);
}

/* out[i] = in[SIDE - 1 - i], one row. */
__attribute__((unused)) static inline __attribute__((always_inline)) void
SIZED(reverse)(const char *in, char *out, int float_bytes) {
    SIZED(Lanes) row = *(const SIZED(LooseLanes) *)(const void *)in;
    row = SHUFFLE(SIZED(Lanes), row, row, SIDE_LIST(REVERSED_LANE, SIDE * PARTS, PARTS));
    SIZED(from_zero)(&row, float_bytes);
    *(SIZED(LooseLanes) *)(void *)out = row;
}

#undef EXCHANGE
#undef REVERSED_LANE
#undef HIGH_LANE
#undef LOW_LANE
#undef SIZED
#undef SIDE_LIST
#undef PARTS
#undef LANE
#undef SIDE
#undef SIZE
#undef SQUARE
