/* Scratch memory of one run. Returned blocks are kept for the next run, so that they only grow. */
#ifndef FASTEINSUM_RUNTIME_WORKSPACE_H
#define FASTEINSUM_RUNTIME_WORKSPACE_H

#include <stddef.h>

/* Belongs to one run at a time. memory is aligned to a cache line. */
typedef struct Workspace {
    char *memory;
    size_t bytes;
} Workspace;

/* At least bytes of memory, contents undefined; memory is NULL when there is none (not for 0
 * bytes). */
Workspace workspace_take(size_t bytes) __attribute__((warn_unused_result));

/* Gives it back; a few blocks of moderate size are kept for later runs. */
void workspace_give(Workspace workspace);

/* Frees the blocks that are kept. */
void workspace_trim(void);

#endif
