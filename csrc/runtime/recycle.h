/* Memory of large results. What is given back is kept for the next result of about its size, within
   a limit, so that a loop whose results replace each other has no pages to fault in. */
#ifndef FASTEINSUM_RUNTIME_RECYCLE_H
#define FASTEINSUM_RUNTIME_RECYCLE_H

#include <stdbool.h>
#include <stddef.h>

/* Smaller blocks are kept by the C library: glibc maps and unmaps each of those from here on,
   whatever has been freed before. */
#define RECYCLE_LEAST ((size_t)32 << 20)

/* bytes of memory aligned to a cache line, contents undefined; NULL when there is none. */
void *recycle_take(size_t bytes) __attribute__((warn_unused_result));

/* Moves it to a block of that size; NULL, and the old one is as it was, when there is none. */
void *recycle_resize(void *memory, size_t bytes) __attribute__((warn_unused_result));

void recycle_give(void *memory);

/* How many bytes may be kept; 0: nothing is. What is beyond a new limit is given back at once. */
void recycle_set_limit(size_t bytes);
size_t recycle_limit(void);
size_t recycle_kept(void);

/* Takes the limit of FASTEINSUM_RECYCLE. Returns that name if its value is no number and is
   ignored, else NULL. */
const char *recycle_read_environment(void);

#endif
