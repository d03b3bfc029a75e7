/* How much of its cases a test program takes: FASTEINSUM_TEST_SHARE=n leaves one in n, for
 * emulators, which have no time for all of them. */
#ifndef FASTEINSUM_TESTS_SHARE_H
#define FASTEINSUM_TESTS_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* The n of one in n; 1 if nothing else is asked for. */
static inline int share_divisor(void) {
    const char *text = getenv("FASTEINSUM_TEST_SHARE");
    return text && atoi(text) > 1 ? atoi(text) : 1;
}

/* Whether to take the next case. By chance, so that it keeps no step with the loops over cases. */
static inline bool share_takes_next(void) {
    static int divisor = 0;
    static uint64_t state = 1;
    if (divisor == 0) divisor = share_divisor();
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % (uint64_t)divisor == 0;
}

#endif
