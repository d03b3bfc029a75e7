#include "base/dtype.h"

typedef struct DTypeInfo {
    const char *name;
    size_t size;
    DType arithmetic;
} DTypeInfo;

#define DTYPE_INFO(name, spelling, storage, arithmetic) \
    [DTYPE_##name] = {spelling, sizeof(storage), DTYPE_##arithmetic},
static const DTypeInfo infos[] = {DTYPE_LIST(DTYPE_INFO)};
#undef DTYPE_INFO

const char *dtype_name(DType dtype) {
    return infos[dtype].name;
}

size_t dtype_size(DType dtype) {
    return infos[dtype].size;
}

DType dtype_arithmetic(DType dtype) {
    return infos[dtype].arithmetic;
}

#define ONE(name) (1u << DTYPE_##name)
enum {
    BYTES = ONE(BOOL) | ONE(I8) | ONE(U8),
    SHORTS = BYTES | ONE(I16) | ONE(U16),
    WORDS = SHORTS | ONE(I32) | ONE(U32),
    INTEGERS = WORDS | ONE(I64) | ONE(U64),
};

/* By what is computed in: the others that can be read. */
static const unsigned readable[DTYPE_COUNT] = {
    [DTYPE_I8] = ONE(BOOL),
    [DTYPE_I16] = BYTES,
    [DTYPE_I32] = SHORTS,
    [DTYPE_I64] = WORDS,
    [DTYPE_F16] = BYTES,
    [DTYPE_F32] = INTEGERS | ONE(F16),
    [DTYPE_F64] = INTEGERS | ONE(F16) | ONE(F32),
    [DTYPE_LONGDOUBLE] = INTEGERS | ONE(F16) | ONE(F32) | ONE(F64),
    [DTYPE_C64] = INTEGERS | ONE(F16) | ONE(F32),
    [DTYPE_C128] = INTEGERS | ONE(F16) | ONE(F32) | ONE(F64) | ONE(C64),
    [DTYPE_CLONGDOUBLE] =
        INTEGERS | ONE(F16) | ONE(F32) | ONE(F64) | ONE(C64) | ONE(C128) | ONE(LONGDOUBLE),
};

bool dtype_is_readable(DType stored, DType computing) {
    if (stored == computing) return true;
    if (dtype_is_converted(computing)) return readable[computing] >> stored & 1;
    DType arithmetic = dtype_arithmetic(computing);
    return dtype_arithmetic(stored) == arithmetic || (readable[arithmetic] >> stored & 1) != 0;
}
