/* Random numbers, the same in every run of a program. */
#ifndef FASTEINSUM_TESTS_RANDOM_H
#define FASTEINSUM_TESTS_RANDOM_H

#include <stdint.h>

/* Weak, so that all files of one test program share it. */
__attribute__((weak)) uint64_t random_state = 1;

/* 31 bits. */
static inline uint32_t random_bits(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static inline int random_below(int limit) {
    return (int)(random_bits() % (uint32_t)limit);
}

#endif
