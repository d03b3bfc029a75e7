#include "runtime/cpu.h"

#include <string.h>
#include <unistd.h>

typedef struct IsaInfo {
    const char *name;
    int vector_bytes;
} IsaInfo;

#define ISA_INFO(name, spelling, vector_bytes) [ISA_##name] = {spelling, vector_bytes},
static const IsaInfo infos[] = {ISA_LIST(ISA_INFO)};
#undef ISA_INFO

const char *isa_name(Isa isa) {
    return infos[isa].name;
}

int isa_vector_bytes(Isa isa) {
    return infos[isa].vector_bytes;
}

Isa isa_from_name(const char *name) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (strcmp(infos[isa].name, name) == 0) return isa;
    }
    return ISA_COUNT;
}

#if defined(__x86_64__)
    #include <cpuid.h>

/* Not every compiler's run-time support knows this one. */
static bool has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

/* The compiler's run-time support reads CPUID and asks XGETBV whether the system saves the
 * registers. */
bool isa_is_present(Isa isa) {
    __builtin_cpu_init();
    switch (isa) {
        case ISA_BASELINE:
            return true;
        case ISA_AVX2:
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2") && has_f16c();
        case ISA_AVX512:
            return isa_is_present(ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq");
        default:
            return false;
    }
}
#elif defined(__aarch64__)
bool isa_is_present(Isa isa) {
    return isa == ISA_BASELINE || isa == ISA_NEON;
}
#else
bool isa_is_present(Isa isa) {
    return isa == ISA_BASELINE;
}
#endif

/* What sysconf knows of a cache, or the fallback where it does not. */
__attribute__((unused)) static size_t cache_bytes(int name, size_t fallback) {
    long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : fallback;
}

Machine machine_with_isa(Isa isa) {
    size_t kib = 1024;
#ifdef _SC_LEVEL1_DCACHE_SIZE
    return (Machine){.isa = isa,
                     .l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 * kib),
                     .l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 * kib),
                     .l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, 4096 * kib)};
#else
    return (Machine){
        .isa = isa, .l1_bytes = 32 * kib, .l2_bytes = 512 * kib, .l3_bytes = 4096 * kib};
#endif
}
