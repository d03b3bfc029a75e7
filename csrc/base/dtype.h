/* Element types. The list is the one place that names them. */
#ifndef FASTEINSUM_BASE_DTYPE_H
#define FASTEINSUM_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long double longdouble;
typedef float complex64[2];
typedef double complex128[2];
typedef long double clongdouble[2];
typedef uint16_t half_bits; /* IEEE binary16, converted in base/half.h */

/* enumerator, spelling, storage, enumerator of the type whose arithmetic it uses.
   Unsigned integers share the kernels of the signed (both wrap). Halves are computed in f32, and so
   are bools: sums of products of 0 and 1 never come back to 0. */
#define DTYPE_LIST(X)                                       \
    X(BOOL, "bool", uint8_t, F32)                           \
    X(I8, "i8", int8_t, I8)                                 \
    X(I16, "i16", int16_t, I16)                             \
    X(I32, "i32", int32_t, I32)                             \
    X(I64, "i64", int64_t, I64)                             \
    X(U8, "u8", uint8_t, I8)                                \
    X(U16, "u16", uint16_t, I16)                            \
    X(U32, "u32", uint32_t, I32)                            \
    X(U64, "u64", uint64_t, I64)                            \
    X(F16, "f16", half_bits, F32)                           \
    X(F32, "f32", float, F32)                               \
    X(F64, "f64", double, F64)                              \
    X(LONGDOUBLE, "longdouble", longdouble, LONGDOUBLE)     \
    X(C64, "c64", complex64, C64)                           \
    X(C128, "c128", complex128, C128)                       \
    X(CLONGDOUBLE, "clongdouble", clongdouble, CLONGDOUBLE) \
    X(OBJECT, "object", void *, OBJECT)

#define DTYPE_ENUM(name, spelling, storage, arithmetic) DTYPE_##name,
typedef enum DType { DTYPE_LIST(DTYPE_ENUM) DTYPE_COUNT } DType;
#undef DTYPE_ENUM

const char *dtype_name(DType dtype);
size_t dtype_size(DType dtype);

/* The type whose kernels compute with this one: I32 for U32, F32 for F16 and BOOL, else itself. */
DType dtype_arithmetic(DType dtype);

/* Whether elements are other bits in storage than in arithmetic. */
static inline bool dtype_is_converted(DType dtype) {
    return dtype == DTYPE_F16 || dtype == DTYPE_BOOL;
}

/* Whether the elements are stored in the bits that some arithmetic computes with. */
static inline bool dtype_is_plain(DType stored, DType arithmetic) {
    return stored == arithmetic ||
           (dtype_arithmetic(stored) == arithmetic && !dtype_is_converted(stored));
}

/* What is between two steps of a sum of products in this type: halves keep what they gained, truth
   values are made 0 and 1 again, lest their products overflow. */
static inline DType dtype_between(DType dtype) {
    return dtype == DTYPE_BOOL ? dtype : dtype_arithmetic(dtype);
}

/* Whether the core computes in one type with elements stored as another: what keeps every value, or
   all of it that an integer of the type would keep, or rounds whole numbers to nearest. */
bool dtype_is_readable(DType stored, DType computing);

static inline bool dtype_is_complex(DType dtype) {
    return dtype == DTYPE_C64 || dtype == DTYPE_C128 || dtype == DTYPE_CLONGDOUBLE;
}

#endif
