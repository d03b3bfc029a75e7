/* What one core of this machine can do at best, to compare einsum with. Compiled when the
 * benchmarks run, for the processor at hand; never shipped. Each function does a known amount of
 * work; the caller times it. */
#include <stddef.h>
#include <string.h>

#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

/* Enough independent chains to hide the latency of an FMA, few enough for the registers. */
enum { CHAINS = 12 };

/* Runs CHAINS * lanes multiply-adds per round, all in registers (which takes a loop that is
 * unrolled: an array of vectors lives in memory otherwise); the result keeps the compiler from
 * dropping them. */
#define DEFINE_PEAK(type)                                                                     \
    typedef type Vector_##type __attribute__((vector_size(VECTOR_BYTES)));                    \
    type peak_##type(long rounds) {                                                           \
        Vector_##type chains[CHAINS], factor, term;                                           \
        for (size_t lane = 0; lane < VECTOR_BYTES / sizeof(type); lane++) {                   \
            factor[lane] = (type)0.999;                                                       \
            term[lane] = (type)0.001;                                                         \
        }                                                                                     \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) chains[i] = term * (type)i; \
        for (long round = 0; round < rounds; round++) {                                       \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) {                       \
                chains[i] = chains[i] * factor + term;                                        \
                __asm__ volatile("" : "+" REGISTER(chains[i]));                               \
            }                                                                                 \
        }                                                                                     \
        _Pragma("GCC unroll 12") for (int i = 1; i < CHAINS; i++) chains[0] += chains[i];     \
        return chains[0][0];                                                                  \
    }                                                                                         \
    long peak_flops_##type(void) {                                                            \
        return 2 * CHAINS * VECTOR_BYTES / (long)sizeof(type);                                \
    }

#if defined(__x86_64__)
    #define REGISTER(x) "v"(x)
#else
    #define REGISTER(x) "w"(x)
#endif

DEFINE_PEAK(float)
DEFINE_PEAK(double)

/* Reads all bytes once. */
double read_memory(const double *memory, size_t count) {
    enum { STREAMS = 8, LANES = VECTOR_BYTES / sizeof(double) };
    Vector_double sums[STREAMS] = {0};
    for (size_t i = 0; i + STREAMS * LANES <= count; i += STREAMS * LANES) {
        for (size_t k = 0; k < STREAMS; k++) {
            Vector_double loaded;
            memcpy(&loaded, memory + i + k * LANES, sizeof loaded);
            sums[k] += loaded;
        }
    }
    for (int k = 1; k < STREAMS; k++) sums[0] += sums[k];
    return sums[0][0];
}

/* Reads and writes all bytes once. */
void copy_memory(double *to, const double *from, size_t count) {
    memcpy(to, from, count * sizeof *to);
}
