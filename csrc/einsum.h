/* The whole pipeline. Text becomes labels, labels and arrays become loops, loops become steps,
 * steps call kernels: parse -> resolve -> plan -> execute.
 *
 *     Einsum einsum;
 *     einsum_begin(&einsum);
 *     einsum_resolve(&einsum, text, length, operands, count, NULL, &error);
 *     einsum_plan(&einsum, &options, &error);      the output may be allocated before or after
 *     einsum_run(einsum.plan, data, &crew, &error); data: inputs, then the output
 *     einsum_end(&einsum);
 */
#ifndef FASTEINSUM_EINSUM_H
#define FASTEINSUM_EINSUM_H

#include "planning/plan.h"

/* One call in progress. Owns its arena and, once planned, the plan. */
typedef struct Einsum {
    Arena arena;
    Subscripts subscripts;
    Problem problem;
    Plan *plan;
} Einsum;

void einsum_begin(Einsum *einsum);

/* Parses and resolves. out: NULL, or the tensor that the result goes into. */
Status einsum_resolve(Einsum *einsum, const char *text, size_t length, const Tensor operands[],
                      int operand_count, const Tensor *out, Error *error) MUST_CHECK;

/* Operand `side` was replaced by a tensor of the same shape (converted, or moved). The output has
   side operand_count. */
void einsum_bind(Einsum *einsum, int side, const Tensor *tensor);

/* Plans. Every side has its final dtype and strides by now (problem_set_layout, einsum_bind). */
Status einsum_plan(Einsum *einsum, const PlanOptions *options, Error *error) MUST_CHECK;

/* Runs a plan on one pointer per side, each to the element at index 0. Fails for want of workspace,
   or STATUS_INTERRUPTED by the crew, and then the contents of the output are undefined. */
Status einsum_run(const Plan *plan, char *const data[], const Crew *crew, Error *error) MUST_CHECK;

void einsum_end(Einsum *einsum);

#endif
