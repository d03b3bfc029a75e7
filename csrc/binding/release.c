#include "binding/release.h"

#include "runtime/threads.h"

#include <time.h>

/* Taking the GIL may cost others some milliseconds; Ctrl-C is to be answered within 200. */
static const double SECONDS_BETWEEN_LOOKS = 0.05;

/* A run without the GIL. */
typedef struct Released {
    PyThreadState *thread; /* to take the GIL with */
    double next_look;
} Released;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Lets Python run the handlers of signals that have come, in the main thread. */
static bool is_interrupted(void *context) {
    Released *released = context;
    if (now() < released->next_look) return false;
    PyEval_RestoreThread(released->thread);
    bool has_raised = PyErr_CheckSignals() < 0;
    released->thread = PyEval_SaveThread();
    released->next_look = now() + SECONDS_BETWEEN_LOOKS;
    return has_raised;
}

Status release_and_run(const Plan *plan, char *const data[], Error *error) {
    Released released = {.next_look = now() + SECONDS_BETWEEN_LOOKS};
    Crew crew = {threads_limit(), is_interrupted, &released};
    released.thread = PyEval_SaveThread();
    Status status = einsum_run(plan, data, &crew, error);
    PyEval_RestoreThread(released.thread);
    return status;
}
