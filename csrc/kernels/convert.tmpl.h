/* Elements that follow each other, from what is stored to what is computed with and back: one loop
 * for each pair that dtype_is_readable allows, and for each result that is narrower than its sums.
 * The compiler finds the vectors. Included once per ISA. */
#include "kernels/halves.tmpl.h"

#define CONVERT_NAME(from, to) PASTE(convert_##from##_##to, ISA)

/* A loop over elements of `from` with PLANES values of type To each; VALUE is what the i-th is. */
#define CONVERT(from, From, to, To, VALUE)                                          \
    static void CONVERT_NAME(from, to)(const void *restrict in, void *restrict out, \
                                       ptrdiff_t count) {                           \
        const From *restrict x = in;                                                \
        To *restrict y = out;                                                       \
        for (ptrdiff_t i = 0; i < count; i++) y[i] = (To)(VALUE);                   \
    }

/* Real numbers as complex ones. */
#define CONVERT_REAL(from, From, to, To, VALUE)                                     \
    static void CONVERT_NAME(from, to)(const void *restrict in, void *restrict out, \
                                       ptrdiff_t count) {                           \
        const From *restrict x = in;                                                \
        To *restrict y = out;                                                       \
        for (ptrdiff_t i = 0; i < count; i++) {                                     \
            y[2 * i] = (To)(VALUE);                                                 \
            y[2 * i + 1] = 0;                                                       \
        }                                                                           \
    }

/* Halves become floats first. */
#define CONVERT_HALVES(to, To, planes)                                              \
    static void CONVERT_NAME(F16, to)(const void *in, void *out, ptrdiff_t count) { \
        enum { SOME = 128 };                                                        \
        float floats[SOME];                                                         \
        for (ptrdiff_t first = 0; first < count; first += SOME) {                   \
            ptrdiff_t some = count - first < SOME ? count - first : SOME;           \
            CONVERT_NAME(F16, F32)((const uint16_t *)in + first, floats, some);     \
            CONVERT_NAME(F32, to)(floats, (To *)out + planes * first, some);        \
        }                                                                           \
    }

#define FROM_BYTES(X, LOOP, to, To)           \
    X(LOOP, BOOL, uint8_t, to, To, x[i] != 0) \
    X(LOOP, I8, int8_t, to, To, x[i])         \
    X(LOOP, U8, uint8_t, to, To, x[i])
#define FROM_SHORTS(X, LOOP, to, To)    \
    FROM_BYTES(X, LOOP, to, To)         \
    X(LOOP, I16, int16_t, to, To, x[i]) \
    X(LOOP, U16, uint16_t, to, To, x[i])
#define FROM_WORDS(X, LOOP, to, To)     \
    FROM_SHORTS(X, LOOP, to, To)        \
    X(LOOP, I32, int32_t, to, To, x[i]) \
    X(LOOP, U32, uint32_t, to, To, x[i])
#define FROM_INTEGERS(X, LOOP, to, To)  \
    FROM_WORDS(X, LOOP, to, To)         \
    X(LOOP, I64, int64_t, to, To, x[i]) \
    X(LOOP, U64, uint64_t, to, To, x[i])

/* What is read from one dtype as another; then sums that are stored narrower. Halves to
   floats and back are in halves.tmpl.h. */
#define CONVERSIONS(X)                                \
    X(CONVERT, BOOL, uint8_t, I8, uint8_t, x[i] != 0) \
    FROM_BYTES(X, CONVERT, I16, uint16_t)             \
    FROM_SHORTS(X, CONVERT, I32, uint32_t)            \
    FROM_WORDS(X, CONVERT, I64, uint64_t)             \
    FROM_INTEGERS(X, CONVERT, F32, float)             \
    FROM_INTEGERS(X, CONVERT, F64, double)            \
    X(CONVERT, F32, float, F64, double, x[i])         \
    FROM_INTEGERS(X, CONVERT_REAL, C64, float)        \
    X(CONVERT_REAL, F32, float, C64, float, x[i])     \
    FROM_INTEGERS(X, CONVERT_REAL, C128, double)      \
    X(CONVERT_REAL, F32, float, C128, double, x[i])   \
    X(CONVERT_REAL, F64, double, C128, double, x[i])  \
    X(CONVERT, I16, uint16_t, I8, uint8_t, x[i])      \
    X(CONVERT, I8, uint8_t, BOOL, uint8_t, x[i] != 0) \
    X(CONVERT, F32, float, BOOL, uint8_t, x[i] != 0)

#define CONVERT_LOOP(LOOP, from, From, to, To, VALUE) LOOP(from, From, to, To, VALUE)
CONVERSIONS(CONVERT_LOOP)
CONVERT_HALVES(F64, double, 1)
CONVERT_HALVES(C64, float, 2)
CONVERT_HALVES(C128, double, 2)

static void CONVERT_NAME(C64, C128)(const void *in, void *out, ptrdiff_t count) {
    CONVERT_NAME(F32, F64)(in, out, 2 * count);
}

#define CONVERT_ENTRY(from, to) [DTYPE_##from][DTYPE_##to] = CONVERT_NAME(from, to),
#define CONVERT_ROW(LOOP, from, From, to, To, VALUE) CONVERT_ENTRY(from, to)
ConvertKernel *const ISA_NAME(convert_kernels)[DTYPE_COUNT][DTYPE_COUNT] = {
    CONVERSIONS(CONVERT_ROW) CONVERT_ENTRY(F16, F32) CONVERT_ENTRY(F16, F64) CONVERT_ENTRY(F16, C64)
        CONVERT_ENTRY(F16, C128) CONVERT_ENTRY(C64, C128) CONVERT_ENTRY(F32, F16)};
