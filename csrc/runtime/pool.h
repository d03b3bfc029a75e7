/* The threads of the process besides those that call: one pool of them for whoever comes. */
#ifndef FASTEINSUM_RUNTIME_POOL_H
#define FASTEINSUM_RUNTIME_POOL_H

#include "runtime/phases.h"

#include <stdbool.h>

enum { POOL_MOST_THREADS = 512 };

/* Seconds of work that make another thread worth while, even one that is awake. */
#define POOL_SECONDS_PER_THREAD 10e-6

/* Who takes part in a run, and who may end it. */
typedef struct Crew {
    int threads; /* at most, the caller's included; each has memory of its own */
    bool (*is_cancelled)(void *context); /* asked after every task of the caller's; NULL: never */
    void *context;
} Crew;

/* run does one task on the thread that has this number (0 is the caller's); it cannot fail. */
typedef struct Work {
    void (*run)(const void *context, int thread, ptrdiff_t phase, ptrdiff_t task);
    const void *context;
    Phases phases;
    double seconds; /* estimated, on one thread */
} Work;

/* Does all the work before it returns true; false if it was cancelled, and then some of it is not
   done, but nobody works on it any more. The caller begins at once. Others join it if the work is
   worth it, if there are any, and if no other caller has them. */
bool pool_run(const Work *work, const Crew *crew);

/* Threads that have been started, the callers' not counted. */
int pool_workers(void);

#endif
