/* Sums of products of one arithmetic, one element after the other. generic.c defines
 *     SUM         suffix of the names
 *     PART        what is computed in, one value per plane
 *     PLANES      2 for a complex dtype, else 1
 * Runs of SUM_BLOCK products are added up apart, so that rounding errors grow slowly. */
#define NAME_(name, suffix) name##_##suffix
#define NAME_EXPANDED(name, suffix) NAME_(name, suffix)
#define NAME(name) NAME_EXPANDED(name, SUM)

typedef struct NAME(Value) {
    PART part[PLANES];
} NAME(Value);

/* A part of an element as it is stored. */
static inline PART NAME(load_part)(DType dtype, const void *address, int plane) {
#define LOAD(name, Storage) \
    case DTYPE_##name:      \
        return (PART)((const Storage *)address)[plane]
    if (plane > 0 && !dtype_is_complex(dtype)) return 0;
    switch (dtype) {
        case DTYPE_BOOL:
            return *(const uint8_t *)address != 0;
        case DTYPE_F16:
            return (PART)half_to_float(*(const half_bits *)address);
            LOAD(I8, int8_t);
            LOAD(I16, int16_t);
            LOAD(I32, int32_t);
            LOAD(I64, int64_t);
            LOAD(U8, uint8_t);
            LOAD(U16, uint16_t);
            LOAD(U32, uint32_t);
            LOAD(U64, uint64_t);
            LOAD(F32, float);
            LOAD(F64, double);
            LOAD(LONGDOUBLE, longdouble);
            LOAD(C64, float);
            LOAD(C128, double);
            LOAD(CLONGDOUBLE, longdouble);
        default:
            return 0;
    }
#undef LOAD
}

static inline NAME(Value) NAME(load)(DType dtype, const char *address) {
    NAME(Value) value;
    for (int plane = 0; plane < PLANES; plane++) {
        value.part[plane] = NAME(load_part)(dtype, address, plane);
    }
    return value;
}

static inline NAME(Value) NAME(product)(NAME(Value) a, NAME(Value) b) {
#if PLANES == 2
    return (NAME(Value)){{a.part[0] * b.part[0] - a.part[1] * b.part[1],
                          a.part[0] * b.part[1] + a.part[1] * b.part[0]}};
#else
    return (NAME(Value)){{a.part[0] * b.part[0]}};
#endif
}

static inline void NAME(add)(NAME(Value) * sum, const NAME(Value) * value) {
    for (int plane = 0; plane < PLANES; plane++) { sum->part[plane] += value->part[plane]; }
}

static NAME(Value) NAME(term)(const SumJob *job, ptrdiff_t k) {
    NAME(Value) term = NAME(load)(job->dtypes[0], job->inputs[0] + k * job->strides[0]);
    for (int side = 1; side < job->input_count; side++) {
        term = NAME(product)(
            term, NAME(load)(job->dtypes[side], job->inputs[side] + k * job->strides[side]));
    }
    return term;
}

static void NAME(sum)(const SumJob *job, void *accumulator) {
    for (ptrdiff_t first = 0; first < job->count; first += SUM_BLOCK) {
        ptrdiff_t last = job->count - first < SUM_BLOCK ? job->count : first + SUM_BLOCK;
        NAME(Value) sum = {{0}};
        for (ptrdiff_t k = first; k < last; k++) {
            NAME(Value) term = NAME(term)(job, k);
            NAME(add)(&sum, &term);
        }
        NAME(add)(accumulator, &sum);
    }
}

#undef NAME
#undef NAME_
#undef NAME_EXPANDED
#undef SUM
#undef PART
#undef PLANES
