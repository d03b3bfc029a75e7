#include "planning/plan.h"

#include <string.h>

/* A step with everything in place. */
typedef struct StepRun {
    const StepPlan *plan;
    char *sides[MAX_SIDES];
    char *shared, *scratch; /* NULL if the plan needs no workspace */
    size_t scratch_bytes;   /* from one thread's scratch to the next */
} StepRun;

static void run_task(const void *context, int thread, ptrdiff_t phase, ptrdiff_t number) {
    const StepRun *run = context;
    char *scratch = run->scratch ? run->scratch + (size_t)thread * run->scratch_bytes : NULL;
    Task task = {phase, number, scratch, run->shared};
    run->plan->strategy->run(run->plan, run->sides, &task);
}

/* Where each side of a step finds its data. */
static void find_sides(const Step *step, char *const data[], char *workspace, char *sides[]) {
    for (int side = 0; side <= step->plan.contraction->input_count; side++) {
        Slot slot = step->slots[side];
        sides[side] =
            (slot.operand == SLOT_WORKSPACE ? workspace : data[slot.operand]) + slot.offset;
    }
}

static void step_begin(StepRun *run, const Plan *plan, const Step *step, char *const data[],
                       char *workspace, int threads) {
    run->plan = &step->plan;
    find_sides(step, data, workspace, run->sides);
    run->shared = workspace ? workspace + plan->shared_offset : NULL;
    run->scratch = workspace ? workspace + plan->scratch_offset : NULL;
    run->scratch_bytes = plan->scratch_bytes;
    for (int i = 0; step->plan.cleared_bytes > 0 && i < threads; i++) {
        memset(run->scratch + (size_t)i * run->scratch_bytes, 0, step->plan.cleared_bytes);
    }
}

/* A step of one task that is over before anybody could join it: nothing but the call. */
static void run_at_once(const Plan *plan, const Step *step, char *const data[], char *workspace) {
    char *sides[MAX_SIDES];
    find_sides(step, data, workspace, sides);
    Task task = {0, 0, NULL, NULL};
    if (workspace) {
        task.scratch = workspace + plan->scratch_offset;
        task.shared = workspace + plan->shared_offset;
        memset(task.scratch, 0, step->plan.cleared_bytes);
    }
    step->plan.strategy->run(&step->plan, sides, &task);
}

static bool run_in_tasks(const Plan *plan, const Step *step, char *const data[], char *workspace,
                         const Crew *crew) {
    StepRun run;
    step_begin(&run, plan, step, data, workspace, crew->threads);
    Work work = {run_task, &run, step->plan.phases, step->plan.seconds};
    return pool_run(&work, crew);
}

bool plan_execute(const Plan *plan, char *const data[], char *workspace, const Crew *crew) {
    for (int i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        if (step->is_short) {
            run_at_once(plan, step, data, workspace);
        } else if (!run_in_tasks(plan, step, data, workspace, crew)) {
            return false;
        }
    }
    return true;
}
