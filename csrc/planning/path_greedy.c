/* The greedy search. The operands that are left stand in slots, in their order; each slot knows the
   best pair that it makes with a later one. A pair is judged by its own labels only, so joining one
   pair leaves the judgement of all others as it was, and little has to be judged again. */
#include "planning/path_tree.h"

#include <math.h>

enum {
    PAIR_BUDGET = 20 * 1000 * 1000, /* pairs to judge before the search takes whatever it meets */
    NONE = -1,
};

/* An operand and its best later partner. The pair is stale once another node stands in the
   partner's slot; its score is then a lower bound for the pairs that are left. */
typedef struct Slot {
    int node; /* NONE: joined to an earlier slot */
    int next; /* the next slot in use, or the slot count */
    int partner, partner_node;
    double score; /* elements that appear less those that vanish; INFINITY without a partner */
} Slot;

typedef struct Greedy {
    PathTree *tree;
    Slot *slots;
    int slot_count;
    int next_node;
    int budget;
    int uses[MAX_LABELS];   /* operands left that have the label, and the output */
    LabelSet twice, thrice; /* labels with at least so many uses */
} Greedy;

static void count_use(Greedy *greedy, const LabelSet *set, int change) {
    for (int label = 0; label < greedy->tree->label_count; label++) {
        if (!label_set_has(set, label)) continue;
        greedy->uses[label] += change;
        LabelSet one = {{0}};
        label_set_add(&one, label);
        greedy->twice = label_set_minus(&greedy->twice, &one);
        greedy->thrice = label_set_minus(&greedy->thrice, &one);
        if (greedy->uses[label] >= 2) label_set_add(&greedy->twice, label);
        if (greedy->uses[label] >= 3) label_set_add(&greedy->thrice, label);
    }
}

/* The labels of a product: those with a use beside its two factors. */
static LabelSet product_set(const Greedy *greedy, const LabelSet *left, const LabelSet *right) {
    LabelSet all = label_set_union(left, right), both = label_set_intersect(left, right);
    LabelSet used = label_set_minus(&greedy->twice, &both);
    used = label_set_union(&used, &greedy->thrice);
    return label_set_intersect(&all, &used);
}

/* A scalar goes with anything. */
static bool are_connected(const LabelSet *left, const LabelSet *right) {
    LabelSet both = label_set_intersect(left, right);
    return !label_set_is_empty(&both) || label_set_is_empty(left) || label_set_is_empty(right);
}

static double score(const Greedy *greedy, int left, int right) {
    const PathTree *tree = greedy->tree;
    LabelSet set = product_set(greedy, &tree->sets[left], &tree->sets[right]);
    return path_tree_size(tree, &set) - tree->sizes[left] - tree->sizes[right];
}

static void consider(Greedy *greedy, int at, int partner) {
    Slot *slot = &greedy->slots[at];
    int left = slot->node, right = greedy->slots[partner].node;
    if (!are_connected(&greedy->tree->sets[left], &greedy->tree->sets[right])) return;
    greedy->budget--;
    double value = score(greedy, left, right);
    if (value >= slot->score) return;
    slot->score = value;
    slot->partner = partner;
    slot->partner_node = right;
}

static void find_partner(Greedy *greedy, int at) {
    Slot *slot = &greedy->slots[at];
    slot->score = INFINITY;
    for (int i = slot->next; i < greedy->slot_count; i = greedy->slots[i].next) {
        consider(greedy, at, i);
        if (greedy->budget <= 0 && slot->score < INFINITY) break;
    }
}

static bool is_stale(const Greedy *greedy, const Slot *slot) {
    return greedy->slots[slot->partner].node != slot->partner_node;
}

/* The slot with the best pair, the first one among equals; NONE if no two operands are connected.
 */
static int best_slot(Greedy *greedy) {
    for (;;) {
        int best = NONE;
        double least = INFINITY;
        for (int i = 0; i < greedy->slot_count; i = greedy->slots[i].next) {
            if (greedy->slots[i].score >= least) continue;
            least = greedy->slots[i].score;
            best = i;
        }
        if (best == NONE || !is_stale(greedy, &greedy->slots[best])) return best;
        find_partner(greedy, best);
    }
}

/* The product takes the slot at left; slot right falls out of use. */
static void join(Greedy *greedy, int left, int right) {
    PathTree *tree = greedy->tree;
    Slot *slots = greedy->slots;
    PathStep children = {.left = slots[left].node, .right = slots[right].node};
    const LabelSet *left_set = &tree->sets[children.left];
    const LabelSet *right_set = &tree->sets[children.right];
    LabelSet set = product_set(greedy, left_set, right_set);
    count_use(greedy, left_set, -1);
    count_use(greedy, right_set, -1);
    count_use(greedy, &set, 1);
    path_tree_join(tree, greedy->next_node, children, &set);
    slots[left].node = greedy->next_node++;
    slots[right].node = NONE;
    int before = left;
    while (slots[before].next != right) before = slots[before].next;
    slots[before].next = slots[right].next;
}

static void join_connected(Greedy *greedy) {
    for (int i = 0; i < greedy->slot_count; i++) find_partner(greedy, i);
    for (int left; (left = best_slot(greedy)) != NONE;) {
        join(greedy, left, greedy->slots[left].partner);
        find_partner(greedy, left);
        for (int i = 0; i < left; i = greedy->slots[i].next) consider(greedy, i, left);
    }
}

/* What is left shares no labels: always the two smallest. */
static void join_disjoint(Greedy *greedy) {
    const Slot *slots = greedy->slots;
    const double *sizes = greedy->tree->sizes;
    while (slots[0].next < greedy->slot_count) {
        int first = 0, second = slots[0].next;
        for (int i = slots[second].next; i < greedy->slot_count; i = slots[i].next) {
            int larger = sizes[slots[first].node] > sizes[slots[second].node] ? first : second;
            if (sizes[slots[i].node] >= sizes[slots[larger].node]) continue;
            if (larger == first) first = second;
            second = i;
        }
        join(greedy, first, second);
    }
}

Status path_greedy(PathTree *tree, Arena *arena, Error *error) {
    Greedy greedy = {.tree = tree, .slot_count = tree->input_count, .budget = PAIR_BUDGET};
    greedy.next_node = tree->input_count;
    greedy.slots = arena_take(arena, (size_t)greedy.slot_count, sizeof *greedy.slots);
    if (!greedy.slots) return error_memory(error);
    count_use(&greedy, &tree->output, 1);
    for (int i = 0; i < greedy.slot_count; i++) {
        greedy.slots[i] = (Slot){.node = i, .next = i + 1};
        count_use(&greedy, &tree->sets[i], 1);
    }
    join_connected(&greedy);
    join_disjoint(&greedy);
    return STATUS_OK;
}
