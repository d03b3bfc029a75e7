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
