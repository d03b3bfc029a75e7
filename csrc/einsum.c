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

Status einsum_run(const Einsum *einsum, char *const data[], Error *error) {
    size_t bytes = einsum->plan->workspace_bytes;
    Workspace workspace = {NULL, 0};
    if (bytes > 0) {
        workspace = workspace_take(bytes);
        if (!workspace.memory) return error_memory(error);
    }
    plan_execute(einsum->plan, data, workspace.memory);
    workspace_give(workspace);
    return STATUS_OK;
}

void einsum_end(Einsum *einsum) {
    plan_free(einsum->plan);
    arena_free(&einsum->arena);
}
