#ifndef _GNU_SOURCE
    #define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "runtime/threads.h"

#include "runtime/pool.h"
#include "runtime/quota.h"

#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const variables[] = {"FASTEINSUM_NUM_THREADS", "OMP_NUM_THREADS"};

static atomic_int of_process; /* 0: not found out yet */
static _Atomic(const char *) origin;
static _Thread_local int own;

static int clip(int count) {
    return count < 1 ? 1 : count > POOL_MOST_THREADS ? POOL_MOST_THREADS : count;
}

/* ---- what was asked for -------------------------------------------------- */

/* The first number of a list with commas, which OpenMP has for nested regions; 0 if there is none.
 */
static int parse_count(const char *text) {
    char *end;
    long count = strtol(text, &end, 10);
    end += strspn(end, " \t");
    bool is_number = end != text && (*end == '\0' || *end == ',');
    return is_number && count > 0 ? (int)(count < INT_MAX ? count : INT_MAX) : 0;
}

const char *threads_read_environment(void) {
    const char *bad = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *text = getenv(variables[i]);
        if (!text || !*text) continue;
        int count = parse_count(text);
        if (count > 0) {
            atomic_store(&origin, variables[i]);
            atomic_store(&of_process, clip(count));
            return bad;
        }
        if (!bad) bad = variables[i];
    }
    return bad;
}

void threads_set(int count) {
    atomic_store(&origin, "set_num_threads");
    atomic_store(&of_process, clip(count));
}

int threads_set_own(int count) {
    int before = own;
    own = count > 0 ? clip(count) : 0;
    return before;
}

int threads_of_process(void) {
    int count = atomic_load(&of_process);
    if (count > 0) return count;
    int processors = threads_affinity(), quota = quota_processors("");
    int granted = clip(quota > 0 && quota < processors ? quota : processors);
    return atomic_compare_exchange_strong(&of_process, &count, granted) ? granted : count;
}

int threads_limit(void) {
    return own > 0 ? own : threads_of_process();
}

const char *threads_origin(void) {
    const char *name = atomic_load(&origin);
    return name ? name : "system";
}

/* ---- what the system grants ---------------------------------------------- */

int threads_affinity(void) {
#ifdef CPU_COUNT_S
    static const size_t bytes = 8 * sizeof(cpu_set_t); /* 8192 processors */
    cpu_set_t sets[8];
    if (sched_getaffinity(0, bytes, sets) == 0) return CPU_COUNT_S(bytes, sets);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}
