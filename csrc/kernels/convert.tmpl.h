/* Elements that follow each other, from what is stored to what is computed with and back: one loop
 * for each pair that dtype_is_readable allows, and for each result that is narrower than its sums.
 * The compiler finds the vectors. Included once per ISA. */
#include "kernels/halves.tmpl.h"

#define CONVERT_NAME(from, to) PASTE(convert_##from##_##to, ISA)

/* A loop over elements of type From, each of which becomes `planes` values of type To, the first
   one VALUE, x[i] being the element, and the imaginary part 0. */
#define CONVERT(from, From, to, To, planes, VALUE)                                  \
    static void CONVERT_NAME(from, to)(const void *restrict in, void *restrict out, \
                                       ptrdiff_t count) {                           \
        const From *restrict x = in;                                                \
        To *restrict y = out;                                                       \
        for (ptrdiff_t i = 0; i < count; i++) {                                     \
            y[planes * i] = (To)(VALUE);                                            \
            if (planes == 2) y[planes * i + 1] = 0;                                 \
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

#define FROM_BYTES(X, to, To, planes)           \
    X(BOOL, uint8_t, to, To, planes, x[i] != 0) \
    X(I8, int8_t, to, To, planes, x[i])         \
    X(U8, uint8_t, to, To, planes, x[i])
#define FROM_SHORTS(X, to, To, planes)    \
    FROM_BYTES(X, to, To, planes)         \
    X(I16, int16_t, to, To, planes, x[i]) \
    X(U16, uint16_t, to, To, planes, x[i])
#define FROM_WORDS(X, to, To, planes)     \
    FROM_SHORTS(X, to, To, planes)        \
    X(I32, int32_t, to, To, planes, x[i]) \
    X(U32, uint32_t, to, To, planes, x[i])
#define FROM_INTEGERS(X, to, To, planes)  \
    FROM_WORDS(X, to, To, planes)         \
    X(I64, int64_t, to, To, planes, x[i]) \
    X(U64, uint64_t, to, To, planes, x[i])

/* What is read from one dtype as another; then sums that are stored narrower. Halves to
   floats and back are in halves.tmpl.h. */
#define CONVERSIONS(X)                          \
    X(BOOL, uint8_t, I8, uint8_t, 1, x[i] != 0) \
    FROM_BYTES(X, I16, uint16_t, 1)             \
    FROM_SHORTS(X, I32, uint32_t, 1)            \
    FROM_WORDS(X, I64, uint64_t, 1)             \
    FROM_INTEGERS(X, F32, float, 1)             \
    FROM_INTEGERS(X, F64, double, 1)            \
    X(F32, float, F64, double, 1, x[i])         \
    FROM_INTEGERS(X, C64, float, 2)             \
    X(F32, float, C64, float, 2, x[i])          \
    FROM_INTEGERS(X, C128, double, 2)           \
    X(F32, float, C128, double, 2, x[i])        \
    X(F64, double, C128, double, 2, x[i])       \
    X(I16, uint16_t, I8, uint8_t, 1, x[i])      \
    X(I8, uint8_t, BOOL, uint8_t, 1, x[i] != 0) \
    X(F32, float, BOOL, uint8_t, 1, x[i] != 0)

CONVERSIONS(CONVERT)
CONVERT_HALVES(F64, double, 1)
CONVERT_HALVES(C64, float, 2)
CONVERT_HALVES(C128, double, 2)

static void CONVERT_NAME(C64, C128)(const void *in, void *out, ptrdiff_t count) {
    CONVERT_NAME(F32, F64)(in, out, 2 * count);
}

#define CONVERT_ENTRY(from, to) [DTYPE_##from][DTYPE_##to] = CONVERT_NAME(from, to),
#define CONVERT_ROW(from, From, to, To, planes, VALUE) CONVERT_ENTRY(from, to)
ConvertKernel *const ISA_NAME(convert_kernels)[DTYPE_COUNT][DTYPE_COUNT] = {
    CONVERSIONS(CONVERT_ROW) CONVERT_ENTRY(F16, F32) CONVERT_ENTRY(F16, F64) CONVERT_ENTRY(F16, C64)
        CONVERT_ENTRY(F16, C128) CONVERT_ENTRY(C64, C128) CONVERT_ENTRY(F32, F16)};
