#include "planning/plan.h"

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

static void step_begin(StepRun *run, const Plan *plan, const Step *step, char *const data[],
                       char *workspace) {
    run->plan = &step->plan;
    for (int side = 0; side <= step->plan.contraction->input_count; side++) {
        Slot slot = step->slots[side];
        run->sides[side] =
            (slot.operand == SLOT_WORKSPACE ? workspace : data[slot.operand]) + slot.offset;
    }
    run->shared = workspace ? workspace + plan->shared_offset : NULL;
    run->scratch = workspace ? workspace + plan->scratch_offset : NULL;
    run->scratch_bytes = plan->scratch_bytes;
}

bool plan_execute(const Plan *plan, char *const data[], char *workspace, const Crew *crew) {
    for (int i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        StepRun run;
        step_begin(&run, plan, step, data, workspace);
        Work work = {run_task, &run, step->plan.phases, step->seconds};
        if (!pool_run(&work, crew)) return false;
    }
    return true;
}
