/* What this machine is: which instruction sets may be used, how large its caches are. */
#ifndef FASTEINSUM_RUNTIME_CPU_H
#define FASTEINSUM_RUNTIME_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* enumerator, spelling (file names, symbols, environment, tests), bytes of a vector.
   From the least to the most capable; an ISA may be chosen if it is built and the machine has it.
 */
#define ISA_LIST(X)             \
    X(BASELINE, "baseline", 16) \
    X(NEON, "neon", 16)         \
    X(AVX2, "avx2", 32)         \
    X(AVX512, "avx512", 64)

#define ISA_ENUM(name, spelling, vector_bytes) ISA_##name,
typedef enum Isa { ISA_LIST(ISA_ENUM) ISA_COUNT } Isa;
#undef ISA_ENUM

/* The facts that planning may look at. Costs are computed from these, never from a clock. */
typedef struct Machine {
    Isa isa;                             /* whose kernels are used */
    size_t l1_bytes, l2_bytes, l3_bytes; /* of one core; L3 as far as one core may count on it */
} Machine;

const char *isa_name(Isa isa);
int isa_vector_bytes(Isa isa);

/* ISA_COUNT if there is no such name. */
Isa isa_from_name(const char *name);

/* Whether this processor, and the operating system on it, can run the ISA. */
bool isa_is_present(Isa isa);

/* The cache sizes of this machine and the given ISA. */
Machine machine_with_isa(Isa isa);

#endif
