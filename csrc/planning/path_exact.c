/* The fastest order by dynamic programming: the best way to make each subset of the leaves from two
   smaller subsets. Subsets are bit masks; leaf i is bit leaf_count - 1 - i, so that with growing
   masks on the right the first of equally good splits takes early leaves first. */
#include "planning/path_tree.h"

#include <math.h>

enum { SUBSETS = 1 << PATH_EXACT_MAX };

/* A step takes as long as the slower of arithmetic and memory. Their ratio decides, not the speed
   of a certain machine; a constant per step would be the same for all orders. */
static const double multiply_adds_per_second = 2e10, elements_per_second = 1.25e9;

typedef struct Search {
    PathTree *tree;
    const int *leaves, *inner;
    int leaf_count, used; /* inner nodes used so far */
    int varying;          /* the subset of the leaves that are no constants */
    LabelSet sets[SUBSETS];
    double sizes[SUBSETS], seconds[SUBSETS];
    int rights[SUBSETS]; /* the right part of the best split */
} Search;

static int leaf_of(const Search *search, int mask) {
    return search->leaves[search->leaf_count - 1 - __builtin_ctz((unsigned)mask)];
}

static bool is_leaf(int mask) {
    return (mask & (mask - 1)) == 0;
}

static LabelSet labels_within(const Search *search, int mask) {
    LabelSet all = {{0}};
    for (; mask; mask &= mask - 1) {
        all = label_set_union(&all, &search->tree->sets[leaf_of(search, mask & -mask)]);
    }
    return all;
}

static void describe_subsets(Search *search) {
    int everything = (1 << search->leaf_count) - 1;
    LabelSet top = search->tree->sets[search->inner[0]];
    for (int mask = 1; mask <= everything; mask++) {
        LabelSet own = labels_within(search, mask);
        LabelSet others = labels_within(search, everything & ~mask);
        LabelSet needed = label_set_union(&top, &others);
        search->sets[mask] = label_set_intersect(&own, &needed);
        search->sizes[mask] = path_tree_size(search->tree, &search->sets[mask]);
    }
}

static int varying_leaves(const Search *search) {
    int varying = 0;
    for (int i = 0; i < search->leaf_count; i++) {
        if (!search->tree->is_constant[leaf_of(search, 1 << i)]) varying |= 1 << i;
    }
    return varying;
}

static double step_seconds(const Search *search, int left, int right) {
    if (((left | right) & search->varying) == 0) return 0;
    LabelSet loops = label_set_union(&search->sets[left], &search->sets[right]);
    double elements = search->sizes[left] + search->sizes[right] + search->sizes[left | right];
    double arithmetic = path_tree_size(search->tree, &loops) / multiply_adds_per_second;
    double memory = elements / elements_per_second;
    return arithmetic > memory ? arithmetic : memory;
}

static void split(Search *search, int mask) {
    int first = 1 << (31 - __builtin_clz((unsigned)mask)), rest = mask & ~first;
    double best = INFINITY;
    for (int right = rest & -rest; right; right = (right - rest) & rest) {
        int left = mask & ~right;
        double seconds = search->seconds[left] + search->seconds[right];
        if (seconds >= best) continue;
        seconds += step_seconds(search, left, right);
        if (seconds >= best) continue;
        best = seconds;
        search->rights[mask] = right;
    }
    search->seconds[mask] = best;
}

/* Writes the subtree of a subset; gives its top node. */
static int build(Search *search, int mask) {
    if (is_leaf(mask)) return leaf_of(search, mask);
    int node = search->inner[search->used++];
    int right = search->rights[mask];
    PathStep children = {.left = build(search, mask & ~right), .right = build(search, right)};
    path_tree_join(search->tree, node, children, &search->sets[mask]);
    return node;
}

void path_exact(PathTree *tree, const int leaves[], const int inner[], int leaf_count) {
    Search search;
    search.tree = tree;
    search.leaves = leaves;
    search.inner = inner;
    search.leaf_count = leaf_count;
    search.used = 0;
    search.varying = varying_leaves(&search);
    describe_subsets(&search);
    int everything = (1 << leaf_count) - 1;
    for (int mask = 1; mask <= everything; mask++) {
        search.seconds[mask] = 0;
        if (!is_leaf(mask)) split(&search, mask);
    }
    build(&search, everything);
}
