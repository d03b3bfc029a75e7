#include "planning/plan.h"

static void step_execute(const Step *step, char *const data[], char *workspace, char *scratch) {
    const StepPlan *plan = &step->plan;
    char *sides[MAX_SIDES];
    for (int side = 0; side <= plan->contraction->input_count; side++) {
        Slot slot = step->slots[side];
        sides[side] =
            (slot.operand == SLOT_WORKSPACE ? workspace : data[slot.operand]) + slot.offset;
    }
    for (ptrdiff_t task = 0; task < plan->task_count; task++) {
        plan->strategy->run(plan, sides, scratch, task);
    }
}

void plan_execute(const Plan *plan, char *const data[], char *workspace) {
    char *scratch = plan->workspace_bytes > 0 ? workspace + plan->scratch_offset : NULL;
    for (int i = 0; i < plan->step_count; i++) {
        step_execute(&plan->steps[i], data, workspace, scratch);
    }
}
