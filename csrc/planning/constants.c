/* Constants are grouped by the order of least time in which products of constants alone are free:
 * the largest subtrees of it that hold nothing else. So what makes later steps slower, an outer
 * product say, is left to these. */
#include "planning/constants.h"

#include <string.h>

/* ---- groups ---- */

/* Those that a constant moves along, and any that another input has at all: of these only the shape
   is known, not the strides. Extents of 1 do not count. */
static LabelSet labels_of_input(const Problem *problem, int input, bool is_constant) {
    LabelSet labels = {{0}};
    for (int label = 0; label < problem->label_count; label++) {
        bool has =
            is_constant ? problem->strides[input][label] != 0 : problem->present[input][label];
        if (has && problem->extents[label] != 1) label_set_add(&labels, label);
    }
    return labels;
}

static LabelSet labels_of_output(const Problem *problem) {
    LabelSet labels = {{0}};
    for (int label = 0; label < problem->kept_count; label++) label_set_add(&labels, label);
    return labels;
}

/* What the grouping works on; everything lies in the arena. Ids are those of paths. */
typedef struct Grouping {
    const Problem *problem;
    LabelSet *inputs;  /* [input]: the labels it has */
    PathStep *steps;   /* the order */
    bool *is_constant; /* [id]: nothing but constants went into it */
    int *tops;         /* [id]: the last step of constants alone that it goes into, or itself */
    Error *error;
} Grouping;

static Status grouping_take(Grouping *grouping, Arena *arena) {
    size_t count = (size_t)grouping->problem->input_count;
    grouping->inputs = arena_take(arena, count, sizeof *grouping->inputs);
    grouping->steps = arena_take(arena, count, sizeof *grouping->steps);
    grouping->is_constant = arena_take(arena, 2 * count, sizeof *grouping->is_constant);
    grouping->tops = arena_take(arena, 2 * count, sizeof *grouping->tops);
    bool is_taken = grouping->inputs && grouping->steps && grouping->is_constant && grouping->tops;
    return is_taken ? STATUS_OK : error_memory(grouping->error);
}

static Status find_order(Grouping *grouping, const bool is_constant[], Arena *arena) {
    const Problem *problem = grouping->problem;
    for (int i = 0; i < problem->input_count; i++) {
        grouping->inputs[i] = labels_of_input(problem, i, is_constant[i]);
    }
    PathRequest request = {.input_count = problem->input_count,
                           .inputs = grouping->inputs,
                           .output = labels_of_output(problem),
                           .extents = problem->extents,
                           .label_count = problem->label_count,
                           .is_constant = is_constant};
    return path_find(&request, arena, grouping->steps, grouping->error);
}

static void find_tops(Grouping *grouping, const bool is_constant[]) {
    int count = grouping->problem->input_count, ids = 2 * count - 1;
    for (int id = 0; id < ids; id++) {
        const PathStep *step = &grouping->steps[id - count];
        grouping->is_constant[id] =
            id < count ? is_constant[id]
                       : grouping->is_constant[step->left] && grouping->is_constant[step->right];
        grouping->tops[id] = id;
    }
    for (int id = ids - 1; id >= count; id--) {
        if (!grouping->is_constant[id]) continue;
        grouping->tops[grouping->steps[id - count].left] = grouping->tops[id];
        grouping->tops[grouping->steps[id - count].right] = grouping->tops[id];
    }
}

/* The labels of a group's product: of those that it has, the ones needed outside. */
static LabelSet labels_kept(const Grouping *grouping, int top) {
    const Problem *problem = grouping->problem;
    LabelSet inside = {{0}}, outside = labels_of_output(problem);
    for (int i = 0; i < problem->input_count; i++) {
        bool is_inside = grouping->is_constant[i] && grouping->tops[i] == top;
        LabelSet *set = is_inside ? &inside : &outside;
        *set = label_set_union(set, &grouping->inputs[i]);
    }
    return label_set_intersect(&inside, &outside);
}

static Status add_group(const Grouping *grouping, int top, Arena *arena, ConstantGroups *groups) {
    int count = grouping->problem->input_count;
    ConstantGroup *group = &groups->groups[groups->count++];
    *group = (ConstantGroup){.inputs = arena_take(arena, (size_t)count, sizeof *group->inputs),
                             .kept = labels_kept(grouping, top)};
    if (!group->inputs) return error_memory(grouping->error);
    for (int i = 0; i < count; i++) {
        if (grouping->is_constant[i] && grouping->tops[i] == top) {
            group->inputs[group->input_count++] = i;
        }
    }
    return STATUS_OK;
}

static Status group_all(Grouping *grouping, const bool is_constant[], Arena *arena, Arena *scratch,
                        ConstantGroups *groups) {
    int count = grouping->problem->input_count;
    TRY(grouping_take(grouping, scratch));
    TRY(find_order(grouping, is_constant, scratch));
    find_tops(grouping, is_constant);
    groups->groups = arena_take(arena, (size_t)count, sizeof *groups->groups);
    if (!groups->groups) return error_memory(grouping->error);
    for (int id = 0; id < 2 * count - 1; id++) {
        if (grouping->is_constant[id] && grouping->tops[id] == id) {
            TRY(add_group(grouping, id, arena, groups));
        }
    }
    return STATUS_OK;
}

Status constants_group(const Problem *problem, const bool is_constant[], Arena *arena,
                       ConstantGroups *groups, Error *error) {
    Arena scratch = {0};
    Grouping grouping = {.problem = problem, .error = error};
    *groups = (ConstantGroups){.is_constant = is_constant};
    Status status = group_all(&grouping, is_constant, arena, &scratch, groups);
    arena_free(&scratch);
    return status;
}

/* ---- products ---- */

bool constants_are_whole(const Problem *problem, const ConstantGroup *group) {
    if (group->input_count > 1) return false;
    LabelSet labels = labels_of_input(problem, group->inputs[0], true);
    LabelSet summed = label_set_minus(&labels, &group->kept);
    return label_set_is_empty(&summed);
}

/* The labels of a product's problem, by their numbers in the whole: those that are kept come first.
   Gives how many there are. */
static int number_labels(const Problem *problem, const ConstantGroup *group, int numbers[]) {
    LabelSet all = {{0}};
    for (int i = 0; i < group->input_count; i++) {
        LabelSet own = labels_of_input(problem, group->inputs[i], true);
        all = label_set_union(&all, &own);
    }
    int count = 0;
    for (int turn = 0; turn < 2; turn++) {
        for (int label = 0; label < problem->label_count; label++) {
            bool is_turn = label_set_has(&group->kept, label) == (turn == 0);
            if (is_turn && label_set_has(&all, label)) numbers[count++] = label;
        }
    }
    return count;
}

static int kept_count(const ConstantGroup *group) {
    int count = 0;
    for (int w = 0; w < MAX_LABELS / 64; w++) {
        count += __builtin_popcountll(group->kept.words[w]);
    }
    return count;
}

Status constants_product(const Problem *problem, const ConstantGroup *group, DType dtype,
                         Arena *arena, Problem *product, Error *error) {
    int numbers[MAX_LABELS];
    *product = (Problem){.input_count = group->input_count,
                         .label_count = number_labels(problem, group, numbers),
                         .kept_count = kept_count(group)};
    size_t labels = (size_t)product->label_count;
    product->extents = arena_take(arena, labels, sizeof *product->extents);
    product->letters = arena_take(arena, labels, sizeof *product->letters);
    if (!product->extents || !product->letters) return error_memory(error);
    TRY(problem_take_sides(product, arena, error));
    for (int label = 0; label < product->label_count; label++) {
        product->extents[label] = problem->extents[numbers[label]];
        product->letters[label] = problem->letters[numbers[label]];
    }
    for (int i = 0; i < group->input_count; i++) {
        int input = group->inputs[i];
        product->dtypes[i] = problem->dtypes[input];
        for (int label = 0; label < product->label_count; label++) {
            product->strides[i][label] = problem->strides[input][numbers[label]];
            product->present[i][label] = problem->present[input][numbers[label]];
        }
    }
    problem_set_layout(product, 'K', dtype);
    return STATUS_OK;
}

void constants_strides(const Problem *problem, const ConstantGroup *group, const Problem *product,
                       ptrdiff_t strides[]) {
    int numbers[MAX_LABELS];
    number_labels(problem, group, numbers);
    memset(strides, 0, (size_t)problem->label_count * sizeof *strides);
    for (int label = 0; label < product->kept_count; label++) {
        strides[numbers[label]] = product->strides[product->input_count][label];
    }
}

/* ---- the rest ---- */

/* Labels that were summed in the products are gone: extent 1. */
static void drop_summed_labels(const Problem *problem, const ConstantGroups *groups,
                               Problem *rest) {
    for (int g = 0; g < groups->count; g++) {
        const ConstantGroup *group = &groups->groups[g];
        for (int i = 0; i < group->input_count; i++) {
            LabelSet labels = labels_of_input(problem, group->inputs[i], true);
            LabelSet summed = label_set_minus(&labels, &group->kept);
            for (int label = 0; label < rest->label_count; label++) {
                if (label_set_has(&summed, label)) rest->extents[label] = 1;
            }
        }
    }
}

static void take_side(Problem *rest, int side, const ptrdiff_t strides[], DType dtype) {
    memcpy(rest->strides[side], strides, (size_t)rest->label_count * sizeof *strides);
    rest->dtypes[side] = dtype;
}

static int count_varying(const Problem *problem, const bool is_constant[]) {
    int count = 0;
    for (int i = 0; i < problem->input_count; i++) count += !is_constant[i];
    return count;
}

Status constants_rest(const Problem *problem, const ConstantGroups *groups,
                      const ConstantProduct products[], Arena *arena, Problem *rest, Error *error) {
    *rest = *problem;
    rest->input_count = count_varying(problem, groups->is_constant) + groups->count;
    TRY(problem_take_sides(rest, arena, error));
    size_t labels = (size_t)problem->label_count;
    rest->extents = arena_take(arena, labels, sizeof *rest->extents);
    if (!rest->extents) return error_memory(error);
    memcpy(rest->extents, problem->extents, labels * sizeof *rest->extents);
    drop_summed_labels(problem, groups, rest);
    int side = 0;
    for (int i = 0; i < problem->input_count; i++) {
        if (groups->is_constant[i]) continue;
        memcpy(rest->present[side], problem->present[i], labels * sizeof(bool));
        take_side(rest, side++, problem->strides[i], problem->dtypes[i]);
    }
    for (int g = 0; g < groups->count; g++) {
        for (int label = 0; label < rest->label_count; label++) {
            rest->present[side][label] = label_set_has(&groups->groups[g].kept, label);
        }
        take_side(rest, side++, products[g].strides, products[g].dtype);
    }
    int output = problem->input_count;
    take_side(rest, side, problem->strides[output], problem->dtypes[output]);
    return STATUS_OK;
}
