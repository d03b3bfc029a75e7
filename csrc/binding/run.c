#include "binding/run.h"

#include "binding/errors.h"
#include "binding/release.h"

/* Below this the arithmetic is over before another thread has woken up. */
static const double seconds_worth_releasing = 10e-6;

static Status run(const Plan *plan, char *const data[], Error *error) {
    bool keeps_lock = plan->needs_python || plan->seconds < seconds_worth_releasing;
    if (!keeps_lock) return release_and_run(plan, data, error);
    return einsum_run(plan, data, &(Crew){.threads = 1}, error);
}

bool run_plan(const Plan *plan, char *const data[]) {
    Error error;
    if (run(plan, data, &error) == STATUS_OK) return true;
    error_raise(&error);
    return false;
}
