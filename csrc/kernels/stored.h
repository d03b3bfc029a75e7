/* What the bits of an element mean where a kernel only moves it; see from_zero in vector.tmpl.h. */
#ifndef FASTEINSUM_KERNELS_STORED_H
#define FASTEINSUM_KERNELS_STORED_H

#define STORED_PLAIN 0 /* what ELEMENT says */
#define STORED_HALF 1  /* IEEE binary16 */
#define STORED_TRUTH 2 /* a bool */

/* Stores past the caches are seen by other threads after this. */
static inline void fence_streams(void) {
#if defined(__x86_64__)
    __builtin_ia32_sfence();
#endif
}

#endif
