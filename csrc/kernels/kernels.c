#include "kernels/kernels.h"

/* One row per ISA of this build; the build defines FASTEINSUM_HAVE_<ISA>. */
#ifndef FASTEINSUM_HAVE_AVX2
    #define FASTEINSUM_HAVE_AVX2 0
#endif
#ifndef FASTEINSUM_HAVE_AVX512
    #define FASTEINSUM_HAVE_AVX512 0
#endif
#ifndef FASTEINSUM_HAVE_NEON
    #define FASTEINSUM_HAVE_NEON 0
#endif

typedef const KernelSet *const KernelSets[DTYPE_COUNT];
extern KernelSets kernel_sets_baseline, kernel_sets_avx2, kernel_sets_avx512, kernel_sets_neon;
typedef CopyKernel *const CopyKernels[DTYPE_COUNT];
extern CopyKernels copy_kernels_baseline, copy_kernels_avx2, copy_kernels_avx512, copy_kernels_neon;
typedef MultiplyKernel *const MultiplyKernels[DTYPE_COUNT];
extern MultiplyKernels multiply_kernels_baseline, multiply_kernels_avx2, multiply_kernels_avx512,
    multiply_kernels_neon;

typedef ConvertKernel *const ConvertKernels[DTYPE_COUNT][DTYPE_COUNT];
extern ConvertKernels convert_kernels_baseline, convert_kernels_avx2, convert_kernels_avx512,
    convert_kernels_neon;

typedef struct IsaKernels {
    const KernelSet *const *sets;    /* by arithmetic dtype; NULL: not in this build */
    CopyKernel *const *copies;       /* by dtype as stored */
    MultiplyKernel *const *products; /* by arithmetic dtype, and bool */
    ConvertKernels *conversions;     /* [from][to] */
} IsaKernels;

#define KERNELS_OF(isa) \
    {kernel_sets_##isa, copy_kernels_##isa, multiply_kernels_##isa, &convert_kernels_##isa}

static const IsaKernels kernels_by_isa[ISA_COUNT] = {
    [ISA_BASELINE] = KERNELS_OF(baseline),
#if FASTEINSUM_HAVE_NEON
    [ISA_NEON] = KERNELS_OF(neon),
#endif
#if FASTEINSUM_HAVE_AVX2
    [ISA_AVX2] = KERNELS_OF(avx2),
#endif
#if FASTEINSUM_HAVE_AVX512
    [ISA_AVX512] = KERNELS_OF(avx512),
#endif
};

ConvertKernel *convert_kernel_for(DType from, DType to, Isa isa) {
    return (
        *kernels_by_isa[isa].conversions)[from][dtype_is_converted(to) ? to : dtype_arithmetic(to)];
}

PackKernel *pack_kernel_for(size_t bytes, Isa isa) {
    static const DType by_size[] = {
        [1] = DTYPE_I8, [2] = DTYPE_I16, [4] = DTYPE_I32, [8] = DTYPE_I64, [16] = DTYPE_C128};
    return kernels_for(by_size[bytes], isa)->pack;
}

const KernelSet *kernels_for(DType dtype, Isa isa) {
    return kernels_by_isa[isa].sets[dtype_arithmetic(dtype)];
}

CopyKernel *copy_kernel_for(DType dtype, Isa isa) {
    return kernels_by_isa[isa].copies[dtype];
}

MultiplyKernel *multiply_kernel_for(DType dtype, Isa isa) {
    DType arithmetic = dtype == DTYPE_BOOL ? dtype : dtype_arithmetic(dtype);
    return kernels_by_isa[isa].products[arithmetic];
}

bool isa_is_built(Isa isa) {
    return kernels_by_isa[isa].sets != NULL;
}

Isa isa_choose(Isa cap) {
    Isa chosen = ISA_BASELINE;
    for (Isa isa = ISA_BASELINE; isa < ISA_COUNT && isa <= cap; isa++) {
        if (isa_is_built(isa) && isa_is_present(isa)) chosen = isa;
    }
    return chosen;
}
