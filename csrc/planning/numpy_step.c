#include "planning/numpy_step.h"

/* ---- sizes and costs ---- */

Natural label_set_size(const LabelSet *labels, const ptrdiff_t extents[]) {
    Natural size = natural_from(1);
    for (int word = 0; word < MAX_LABELS / 64; word++) {
        for (uint64_t left = labels->words[word]; left; left &= left - 1) {
            int label = 64 * word + __builtin_ctzll(left);
            natural_multiply(&size, (uint64_t)extents[label]);
        }
    }
    return size;
}

int label_set_count(const LabelSet *labels) {
    return __builtin_popcountll(labels->words[0]) + __builtin_popcountll(labels->words[1]);
}

Natural label_set_cost(const LabelSet *labels, int operand_count, bool sums,
                       const ptrdiff_t extents[]) {
    Natural cost = label_set_size(labels, extents);
    int products = operand_count > 2 ? operand_count - 1 : 1;
    natural_multiply(&cost, (uint64_t)(products + sums));
    return cost;
}

Natural numpy_product_cost(const NumpyProduct *product, int operand_count,
                           const ptrdiff_t extents[]) {
    LabelSet summed = label_set_minus(&product->labels, &product->result);
    return label_set_cost(&product->labels, operand_count, !label_set_is_empty(&summed), extents);
}

/* ---- steps ---- */

static bool step_has(const NumpyStep *step, int position) {
    for (int i = 0; i < step->count; i++) {
        if (step->positions[i] == position) return true;
    }
    return false;
}

NumpyProduct numpy_product(const NumpyTerms *terms, const NumpyStep *step, const LabelSet *output) {
    LabelSet labels = {{0}}, needed = *output;
    for (int i = 0; i < terms->count; i++) {
        LabelSet *set = step_has(step, i) ? &labels : &needed;
        *set = label_set_union(set, &terms->labels[i]);
    }
    return (NumpyProduct){labels, label_set_intersect(&labels, &needed)};
}

void numpy_terms_replace(NumpyTerms *terms, const NumpyStep *step, const LabelSet *result) {
    int count = 0;
    for (int i = 0; i < terms->count; i++) {
        if (!step_has(step, i)) terms->labels[count++] = terms->labels[i];
    }
    terms->labels[count++] = *result;
    terms->count = count;
}

/* ---- paths ---- */

Status numpy_path_begin(int step_limit, Arena *arena, NumpyPath *path, Error *error) {
    path->step_count = 0;
    path->steps = arena_take(arena, (size_t)step_limit, sizeof *path->steps);
    return path->steps ? STATUS_OK : error_memory(error);
}

static int *add_step(NumpyPath *path, int count, Arena *arena) {
    int *positions = arena_take(arena, (size_t)count, sizeof *positions);
    if (positions) path->steps[path->step_count++] = (NumpyStep){count, positions};
    return positions;
}

Status numpy_path_add_pair(NumpyPath *path, int first, int second, Arena *arena, Error *error) {
    int *positions = add_step(path, 2, arena);
    if (!positions) return error_memory(error);
    positions[0] = first;
    positions[1] = second;
    return STATUS_OK;
}

Status numpy_path_add_all(NumpyPath *path, int term_count, Arena *arena, Error *error) {
    int *positions = add_step(path, term_count, arena);
    if (!positions) return error_memory(error);
    for (int i = 0; i < term_count; i++) positions[i] = i;
    return STATUS_OK;
}
