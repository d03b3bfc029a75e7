/* The order in which an expression of many operands is carried out, pair by pair. */
#ifndef FASTEINSUM_PLANNING_PATH_H
#define FASTEINSUM_PLANNING_PATH_H

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LabelSet {
    uint64_t words[MAX_LABELS / 64];
} LabelSet;

static inline void label_set_add(LabelSet *set, int label) {
    set->words[label / 64] |= UINT64_C(1) << label % 64;
}

static inline bool label_set_has(const LabelSet *set, int label) {
    return set->words[label / 64] >> label % 64 & 1;
}

static inline bool label_set_is_empty(const LabelSet *set) {
    return (set->words[0] | set->words[1]) == 0;
}

static inline LabelSet label_set_union(const LabelSet *a, const LabelSet *b) {
    return (LabelSet){{a->words[0] | b->words[0], a->words[1] | b->words[1]}};
}

static inline LabelSet label_set_intersect(const LabelSet *a, const LabelSet *b) {
    return (LabelSet){{a->words[0] & b->words[0], a->words[1] & b->words[1]}};
}

static inline LabelSet label_set_minus(const LabelSet *a, const LabelSet *b) {
    return (LabelSet){{a->words[0] & ~b->words[0], a->words[1] & ~b->words[1]}};
}

_Static_assert(MAX_LABELS == 2 * 64, "a label set is two words");

/* Operands have ids: the inputs 0 .. input_count - 1, the result of step s input_count + s. The
   last step makes the output. */
typedef struct PathStep {
    int left, right; /* left has the earlier of all inputs that go into either */
} PathStep;

/* Shapes only. Everything is borrowed. A label that no input has, the output included, is taken for
   a loop of the last step. */
typedef struct PathRequest {
    int input_count;
    const LabelSet *inputs;
    LabelSet output;
    const ptrdiff_t *extents; /* [label] */
    int label_count;
    const bool *is_constant; /* [input]: products of these alone take no time; or NULL */
} PathRequest;

/* Fills steps[0 .. input_count - 1) with an order of little estimated time: the least up to 8
   inputs, a good one beyond. The same request always gives the same order; the work is bounded. The
   arena takes scratch. Fails with MEMORY, or with LIMIT if a step is too large to be counted. */
Status path_find(const PathRequest *request, Arena *arena, PathStep steps[],
                 Error *error) MUST_CHECK;

/* The labels that the result of each step has, for this or any other order: those of its two
   operands that the output or an operand still to come needs. */
void path_result_labels(const PathRequest *request, const PathStep steps[], LabelSet results[]);

/* The labels of an operand by its id; results as path_result_labels fills them. */
static inline const LabelSet *path_operand_labels(const PathRequest *request,
                                                  const LabelSet results[], int id) {
    return id < request->input_count ? &request->inputs[id] : &results[id - request->input_count];
}

#endif
