/* What steps read and write: the inputs and the output of the problem, and intermediates, which are
 * laid out as the products make them: batch axes, then the left's, then the right's. */
#include "base/checked.h"
#include "base/extents.h"
#include "base/memory.h"
#include "planning/builder.h"

#include <string.h>

enum { PAGE_BYTES = 4096 };

void operand_from_input(Builder *builder, int input) {
    const Problem *problem = builder->problem;
    Operand *operand = &builder->operands[builder->operand_count++];
    *operand = (Operand){
        .strides = problem->strides[input], .slot = {input, 0}, .dtype = problem->dtypes[input]};
    for (int label = 0; label < problem->label_count; label++) {
        if (problem->extents[label] != 1 && operand->strides[label] != 0) {
            label_set_add(&operand->labels, label);
        }
    }
}

/* Of a result: 0 for labels of both operands, 1 for those of the first, 2 for those of the second.
   Of an input of a product: 0 for those of the batch, 1 for all others. */
static int label_rank(Operand *const sides[], int count, int label) {
    if (count == 1) return 0;
    bool is_shared = label_set_has(&sides[1]->labels, label);
    if (count == 3) return is_shared && label_set_has(&sides[2]->labels, label) ? 0 : 1;
    return !is_shared ? 1 : label_set_has(&sides[0]->labels, label) ? 0 : 2;
}

static bool comes_first(Operand *const sides[], int count, int a, int b) {
    int rank_a = label_rank(sides, count, a), rank_b = label_rank(sides, count, b);
    if (rank_a != rank_b) return rank_a < rank_b;
    const Operand *owner = sides[count == 2 && rank_a == 2];
    return magnitude(owner->strides[a]) > magnitude(owner->strides[b]);
}

/* The kept labels in the order in which the result of a step is to lie in memory. */
static int result_order(const Builder *builder, Operand *const sides[], int count,
                        const LabelSet *kept, int order[]) {
    int length = 0;
    for (int label = 0; label < builder->problem->label_count; label++) {
        if (!label_set_has(kept, label)) continue;
        int at = length++;
        for (; at > 0 && comes_first(sides, count, label, order[at - 1]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = label;
    }
    return length;
}

/* Entries of a batch that lie a multiple of a page apart would share few sets of the caches. */
static ptrdiff_t entry_stride(ptrdiff_t bytes) {
    return bytes % PAGE_BYTES == 0 ? bytes + MEMORY_ALIGNMENT : bytes;
}

Status operand_from_step(Builder *builder, Operand *const sides[], int count, const LabelSet *kept,
                         DType dtype) {
    const Problem *problem = builder->problem;
    Operand result = {.labels = *kept, .dtype = dtype};
    size_t label_count = (size_t)problem->label_count;
    result.strides = arena_take(builder->scratch, label_count, sizeof *result.strides);
    int *order = arena_take(builder->scratch, label_count, sizeof *order);
    if (!result.strides || !order) return error_memory(builder->error);
    memset(result.strides, 0, label_count * sizeof *result.strides);
    ptrdiff_t bytes = (ptrdiff_t)dtype_size(result.dtype);
    bool is_entry = count > 1;
    for (int i = result_order(builder, sides, count, kept, order); i-- > 0;) {
        if (is_entry && label_rank(sides, count, order[i]) == 0) {
            is_entry = false;
            bytes = entry_stride(bytes);
        }
        result.strides[order[i]] = bytes;
        if (!checked_multiply(bytes, problem->extents[order[i]], &bytes)) {
            return error_set(builder->error, STATUS_MEMORY, "an intermediate result is too large");
        }
    }
    size_t offset;
    if (!region_take(&builder->regions, (size_t)bytes, &offset))
        return error_memory(builder->error);
    result.slot = (Slot){SLOT_WORKSPACE, (ptrdiff_t)offset};
    builder->operands[builder->operand_count++] = result;
    return STATUS_OK;
}

void operand_release(Builder *builder, const Operand *operand) {
    if (operand->slot.operand == SLOT_WORKSPACE) {
        region_give(&builder->regions, (size_t)operand->slot.offset);
    }
}

void operand_from_output(Builder *builder) {
    const Problem *problem = builder->problem;
    int output = problem->input_count;
    Operand *result = &builder->operands[builder->operand_count++];
    *result = (Operand){
        .strides = problem->strides[output], .slot = {output, 0}, .dtype = problem->dtypes[output]};
    for (int label = 0; label < problem->kept_count; label++) label_set_add(&result->labels, label);
}
