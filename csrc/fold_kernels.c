#include "fold_kernels.h"

#include "base/half.h"

typedef long double _Complex longdouble_complex;

/* ---------------------------------------------- integers: unsigned, so that sums wrap around */

#define FOLD_PAIR i8_i8
#define FOLD_SOURCE uint8_t
#define FOLD_TOTAL uint8_t
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i16_i16
#define FOLD_SOURCE uint16_t
#define FOLD_TOTAL uint16_t
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i32_i32
#define FOLD_SOURCE uint32_t
#define FOLD_TOTAL uint32_t
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i64_i64
#define FOLD_SOURCE uint64_t
#define FOLD_TOTAL uint64_t
#include "fold_kernel.tmpl.h"

/* ---------------------------------------------------------------------------- floating point */

#define FOLD_PAIR f32_f32
#define FOLD_SOURCE float
#define FOLD_TOTAL float
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR f64_f64
#define FOLD_SOURCE double
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR longdouble_longdouble
#define FOLD_SOURCE longdouble
#define FOLD_TOTAL longdouble
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR c64_c64
#define FOLD_SOURCE float _Complex
#define FOLD_TOTAL float _Complex
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR c128_c128
#define FOLD_SOURCE double _Complex
#define FOLD_TOTAL double _Complex
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR clongdouble_clongdouble
#define FOLD_SOURCE longdouble_complex
#define FOLD_TOTAL longdouble_complex
#include "fold_kernel.tmpl.h"

/* ----------------------------------------------------- halves: summed as float, rounded once */

#define FOLD_PAIR f16_f32
#define FOLD_SOURCE half_bits
#define FOLD_TOTAL float
#define FOLD_LOAD(x) half_to_float(x)
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR f32_f16
#define FOLD_SOURCE float
#define FOLD_TOTAL half_bits
#define FOLD_LOAD(x) (x)
#define FOLD_LOAD_TOTAL(x) half_to_float(x)
#define FOLD_STORE(x) half_from_float(x)
#include "fold_kernel.tmpl.h"

/* ------------------------------------------------------------------------- means of integers */

#define FOLD_PAIR i8_f64
#define FOLD_SOURCE int8_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i16_f64
#define FOLD_SOURCE int16_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i32_f64
#define FOLD_SOURCE int32_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR i64_f64
#define FOLD_SOURCE int64_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR u8_f64
#define FOLD_SOURCE uint8_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR u16_f64
#define FOLD_SOURCE uint16_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR u32_f64
#define FOLD_SOURCE uint32_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

#define FOLD_PAIR u64_f64
#define FOLD_SOURCE uint64_t
#define FOLD_TOTAL double
#include "fold_kernel.tmpl.h"

/* --------------------------------------------------------------------------------- quotients */

#define FOLD_REAL float
#define FOLD_DIVIDE divide_f32
#include "fold_divide.tmpl.h"

#define FOLD_REAL double
#define FOLD_DIVIDE divide_f64
#include "fold_divide.tmpl.h"

#define FOLD_REAL longdouble
#define FOLD_DIVIDE divide_longdouble
#include "fold_divide.tmpl.h"

/* ----------------------------------------------------------------------------- who has which */

/* source, total, the kernel: unsigned integers share that of the signed where both are the same */
#define ADD_LIST(X)                                      \
    X(I8, I8, i8_i8)                                     \
    X(I16, I16, i16_i16)                                 \
    X(I32, I32, i32_i32)                                 \
    X(I64, I64, i64_i64)                                 \
    X(U8, U8, i8_i8)                                     \
    X(U16, U16, i16_i16)                                 \
    X(U32, U32, i32_i32)                                 \
    X(U64, U64, i64_i64)                                 \
    X(F32, F32, f32_f32)                                 \
    X(F64, F64, f64_f64)                                 \
    X(LONGDOUBLE, LONGDOUBLE, longdouble_longdouble)     \
    X(C64, C64, c64_c64)                                 \
    X(C128, C128, c128_c128)                             \
    X(CLONGDOUBLE, CLONGDOUBLE, clongdouble_clongdouble) \
    X(F16, F32, f16_f32)                                 \
    X(F32, F16, f32_f16)                                 \
    X(I8, F64, i8_f64)                                   \
    X(I16, F64, i16_f64)                                 \
    X(I32, F64, i32_f64)                                 \
    X(I64, F64, i64_f64)                                 \
    X(U8, F64, u8_f64)                                   \
    X(U16, F64, u16_f64)                                 \
    X(U32, F64, u32_f64)                                 \
    X(U64, F64, u64_f64)

FoldAdd *fold_kernel_add(DType source, DType total) {
#define ADD_ROW(source, total, pair) [DTYPE_##source][DTYPE_##total] = add_##pair,
    static FoldAdd *const kernels[DTYPE_COUNT][DTYPE_COUNT] = {ADD_LIST(ADD_ROW)};
#undef ADD_ROW
    return kernels[source][total];
}

FoldDivide *fold_kernel_divide(DType total) {
    static FoldDivide *const kernels[DTYPE_COUNT] = {
        [DTYPE_F32] = divide_f32,
        [DTYPE_F64] = divide_f64,
        [DTYPE_LONGDOUBLE] = divide_longdouble,
    };
    return kernels[total];
}
