/* Where an ISA can read and write some lanes of a vector and leave the others alone. */
#ifndef FASTEINSUM_KERNELS_MASKS_H
#define FASTEINSUM_KERNELS_MASKS_H

#include <stddef.h>

#if defined(__AVX512BW__) && VECTOR_BYTES == 64
    #include <immintrin.h>

    #define HAS_MASKS 1

/* 1 <= count <= 64 */
static inline __mmask64 first_bytes(ptrdiff_t count) {
    return ~(__mmask64)0 >> (64 - count);
}
#else
    #define HAS_MASKS 0
#endif

#endif
