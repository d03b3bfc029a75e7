/* The whole of einsum, stage by stage. Start reading here. */
#include "einsum.h"

#include "runtime/workspace.h"

void einsum_begin(Einsum *einsum) {
    einsum->arena = (Arena){0};
    einsum->plan = NULL;
}

Status einsum_resolve(Einsum *einsum, const char *text, size_t length, const Tensor operands[],
                      int operand_count, const Tensor *out, Error *error) {
    TRY(subscripts_parse(text, length, operand_count, &einsum->arena, &einsum->subscripts, error));
    return problem_resolve(&einsum->subscripts, operands, out, &einsum->arena, &einsum->problem,
                           error);
}

void einsum_bind(Einsum *einsum, int side, const Tensor *tensor) {
    problem_bind(&einsum->problem, &einsum->subscripts, side, tensor);
}

Status einsum_plan(Einsum *einsum, const PlanOptions *options, Error *error) {
    return plan_make(&einsum->problem, options, &einsum->plan, error);
}

/* Memory for as many threads as possible, at least for one. */
static Workspace take_workspace(const Plan *plan, int *threads) {
    for (;; *threads /= 2) {
        Workspace workspace = workspace_take(plan_workspace_bytes(plan, *threads));
        if (workspace.memory || *threads == 1) return workspace;
    }
}

Status einsum_run(const Plan *plan, char *const data[], const Crew *crew, Error *error) {
    Crew smaller = *crew;
    if (plan->most_threads < smaller.threads) smaller.threads = plan->most_threads;
    Workspace workspace = {NULL, 0};
    if (plan_workspace_bytes(plan, 1) > 0) {
        workspace = take_workspace(plan, &smaller.threads);
        if (!workspace.memory) return error_memory(error);
    }
    bool is_done = plan_execute(plan, data, workspace.memory, &smaller);
    workspace_give(workspace);
    return is_done ? STATUS_OK : error_set(error, STATUS_INTERRUPTED, "einsum was interrupted");
}

void einsum_end(Einsum *einsum) {
    plan_free(einsum->plan);
    arena_free(&einsum->arena);
}
