#include "planning/path.h"

#include "base/checked.h"
#include "base/dtype.h"
#include "planning/path_tree.h"

enum { IMPROVEMENT_PASSES = 2 };

/* No estimate grows beyond it, so that sums and differences stay finite. */
static const double largest_size = 1e200;

double path_tree_size(const PathTree *tree, const LabelSet *set) {
    double size = 1;
    for (int w = 0; w < MAX_LABELS / 64; w++) {
        for (uint64_t left = set->words[w]; left; left &= left - 1) {
            ptrdiff_t extent = tree->extents[64 * w + __builtin_ctzll(left)];
            if (extent > 1) size *= (double)extent;
            if (size > largest_size) size = largest_size;
        }
    }
    return size;
}

void path_tree_join(PathTree *tree, int node, PathStep children, const LabelSet *set) {
    tree->children[node - tree->input_count] = children;
    tree->sets[node] = *set;
    tree->sizes[node] = path_tree_size(tree, set);
    tree->is_constant[node] = tree->is_constant[children.left] && tree->is_constant[children.right];
}

/* ---- the tree ---- */

static int node_count(const PathTree *tree) {
    return 2 * tree->input_count - 1;
}

/* The labels that the search need not look at in any input: see PathTree. */
static LabelSet labels_to_ignore(const PathRequest *request) {
    LabelSet once = {{0}}, again = request->output;
    for (int i = 0; i < request->input_count; i++) {
        LabelSet repeated = label_set_intersect(&once, &request->inputs[i]);
        again = label_set_union(&again, &repeated);
        once = label_set_union(&once, &request->inputs[i]);
    }
    LabelSet ignored = label_set_minus(&once, &again);
    for (int label = 0; label < request->label_count; label++) {
        if (request->extents[label] == 1) label_set_add(&ignored, label);
    }
    return ignored;
}

static Status tree_take(PathTree *tree, const PathRequest *request, Arena *arena, Error *error) {
    size_t inputs = (size_t)request->input_count, nodes = 2 * inputs - 1;
    *tree = (PathTree){.input_count = request->input_count,
                       .label_count = request->label_count,
                       .extents = request->extents,
                       .sets = arena_take(arena, nodes, sizeof *tree->sets),
                       .sizes = arena_take(arena, nodes, sizeof *tree->sizes),
                       .children = arena_take(arena, inputs - 1, sizeof *tree->children),
                       .is_constant = arena_take(arena, nodes, sizeof *tree->is_constant)};
    if (!tree->sets || !tree->sizes || !tree->children || !tree->is_constant) {
        return error_memory(error);
    }
    LabelSet ignored = labels_to_ignore(request), all = {{0}};
    for (size_t i = 0; i < inputs; i++) {
        tree->sets[i] = label_set_minus(&request->inputs[i], &ignored);
        tree->sizes[i] = path_tree_size(tree, &tree->sets[i]);
        tree->is_constant[i] = request->is_constant && request->is_constant[i];
        all = label_set_union(&all, &tree->sets[i]);
    }
    tree->output = tree->sets[nodes - 1] = label_set_intersect(&request->output, &all);
    return STATUS_OK;
}

/* The root and what is below it, down to PATH_EXACT_MAX nodes: the largest ones are opened first,
   as it matters most how they are made. Gives the number of leaves. */
static int open_below(const PathTree *tree, int root, int leaves[], int inner[]) {
    int leaf_count = 1, inner_count = 0;
    leaves[0] = root;
    while (leaf_count < PATH_EXACT_MAX) {
        int largest = -1;
        for (int i = 0; i < leaf_count; i++) {
            if (leaves[i] < tree->input_count) continue;
            if (largest < 0 || tree->sizes[leaves[i]] > tree->sizes[leaves[largest]]) largest = i;
        }
        if (largest < 0) break;
        PathStep children = tree->children[leaves[largest] - tree->input_count];
        inner[inner_count++] = leaves[largest];
        leaves[largest] = children.left;
        leaves[leaf_count++] = children.right;
    }
    return leaf_count;
}

/* Every part of the tree is made anew in the best way. */
static void tree_improve(PathTree *tree) {
    int leaves[PATH_EXACT_MAX], inner[PATH_EXACT_MAX];
    for (int node = node_count(tree) - 1; node >= tree->input_count; node--) {
        int leaf_count = open_below(tree, node, leaves, inner);
        if (leaf_count > 2) path_exact(tree, leaves, inner, leaf_count);
    }
}

static Status tree_make(PathTree *tree, Arena *arena, Error *error) {
    int leaves[PATH_EXACT_MAX], inner[PATH_EXACT_MAX];
    int count = tree->input_count;
    if (count > PATH_EXACT_MAX) {
        TRY(path_greedy(tree, arena, error));
        for (int pass = 0; pass < IMPROVEMENT_PASSES; pass++) tree_improve(tree);
        return STATUS_OK;
    }
    for (int i = 0; i < count; i++) {
        leaves[i] = i;
        inner[i] = 2 * count - 2 - i;
    }
    path_exact(tree, leaves, inner, count);
    return STATUS_OK;
}

/* ---- the steps ---- */

/* Where a node of the tree stands in the list of steps. */
typedef struct Place {
    int id;          /* -1: not yet in the list */
    int first_input; /* the earliest input below */
} Place;

static int child_without_place(const Place places[], PathStep children) {
    if (places[children.left].id < 0) return children.left;
    if (places[children.right].id < 0) return children.right;
    return -1;
}

/* From the leaves to the root; depth first, so that few intermediates live at a time. */
static Status steps_list(const PathTree *tree, Arena *arena, PathStep steps[], Error *error) {
    int input_count = tree->input_count, nodes = node_count(tree);
    Place *places = arena_take(arena, (size_t)nodes, sizeof *places);
    int *stack = arena_take(arena, (size_t)input_count, sizeof *stack);
    if (!places || !stack) return error_memory(error);
    for (int i = 0; i < nodes; i++) places[i] = (Place){i < input_count ? i : -1, i};
    int depth = 0, next_id = input_count;
    stack[depth++] = nodes - 1;
    while (depth > 0) {
        int node = stack[depth - 1];
        PathStep children = tree->children[node - input_count];
        int child = child_without_place(places, children);
        if (child >= 0) {
            stack[depth++] = child;
            continue;
        }
        Place left = places[children.left], right = places[children.right];
        bool in_order = left.first_input < right.first_input;
        steps[next_id - input_count] =
            in_order ? (PathStep){left.id, right.id} : (PathStep){right.id, left.id};
        places[node] = (Place){next_id++, in_order ? left.first_input : right.first_input};
        depth--;
    }
    return STATUS_OK;
}

void path_result_labels(const PathRequest *request, const PathStep steps[], LabelSet results[]) {
    int uses[MAX_LABELS] = {0};
    for (int label = 0; label < request->label_count; label++) {
        uses[label] = label_set_has(&request->output, label);
        for (int i = 0; i < request->input_count; i++) {
            uses[label] += label_set_has(&request->inputs[i], label);
        }
    }
    for (int s = 0; s < request->input_count - 1; s++) {
        const LabelSet *left = path_operand_labels(request, results, steps[s].left);
        const LabelSet *right = path_operand_labels(request, results, steps[s].right);
        results[s] = (LabelSet){{0}};
        for (int label = 0; label < request->label_count; label++) {
            int own = label_set_has(left, label) + label_set_has(right, label);
            if (own == 0 || uses[label] == own) continue;
            label_set_add(&results[s], label);
            uses[label] -= own - 1;
        }
    }
}

static bool extents_fit(const PathRequest *request, const LabelSet *set, ptrdiff_t element_bytes) {
    ptrdiff_t product = element_bytes;
    bool fits = true;
    for (int label = 0; label < request->label_count; label++) {
        if (!label_set_has(set, label)) continue;
        if (request->extents[label] == 0) return true;
        fits = fits && checked_multiply(product, request->extents[label], &product);
    }
    return fits;
}

/* All labels but those of any input. */
static LabelSet labels_without_input(const PathRequest *request) {
    LabelSet labels = {{0}};
    for (int label = 0; label < request->label_count; label++) label_set_add(&labels, label);
    for (int i = 0; i < request->input_count; i++) {
        labels = label_set_minus(&labels, &request->inputs[i]);
    }
    return labels;
}

/* Loops and intermediates of every step can be counted, whatever the dtype. */
static Status check_tree(const PathTree *tree, const PathRequest *request, Error *error) {
    LabelSet everywhere = labels_without_input(request);
    for (int node = tree->input_count; node < node_count(tree); node++) {
        bool is_root = node == node_count(tree) - 1;
        PathStep children = tree->children[node - tree->input_count];
        LabelSet loops = label_set_union(&tree->sets[children.left], &tree->sets[children.right]);
        if (is_root) loops = label_set_union(&loops, &everywhere);
        ptrdiff_t element_bytes = is_root ? 1 : (ptrdiff_t)sizeof(clongdouble);
        if (!extents_fit(request, &loops, 1) ||
            !extents_fit(request, &tree->sets[node], element_bytes)) {
            return error_set(error, STATUS_LIMIT,
                             "the contraction is too large: in its best order there is a step "
                             "whose extents have a product that cannot be represented");
        }
    }
    return STATUS_OK;
}

Status path_find(const PathRequest *request, Arena *arena, PathStep steps[], Error *error) {
    if (request->input_count < 2) return STATUS_OK;
    PathTree tree;
    TRY(tree_take(&tree, request, arena, error));
    TRY(tree_make(&tree, arena, error));
    TRY(check_tree(&tree, request, error));
    return steps_list(&tree, arena, steps, error);
}
