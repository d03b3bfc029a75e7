/* What to plan, and numpy's greedy planner. */
#include "planning/numpy_path.h"

/* ---- the request ---- */

static LabelSet labels_of(const char *term) {
    LabelSet labels = {{0}};
    for (; *term; term++) label_set_add(&labels, *term);
    return labels;
}

static void allow_size_of(NumpyRequest *request, const char *term) {
    Natural size = natural_from(1), one = natural_from(1);
    for (; *term; term++) {
        natural_multiply(&size, (uint64_t)request->labels.extents[(int)*term]);
    }
    natural_add(&size, &one);
    if (natural_compare(&size, &request->forbidden_size) > 0) request->forbidden_size = size;
}

Status numpy_request_make(const Spelling *spelling, Arena *arena, NumpyRequest *request,
                          Error *error) {
    int count = spelling->input_count;
    LabelSet *inputs = arena_take(arena, (size_t)count, sizeof *inputs);
    if (!inputs) return error_memory(error);
    request->labels = (PathRequest){.input_count = count,
                                    .inputs = inputs,
                                    .output = labels_of(spelling->output),
                                    .extents = spelling->extents,
                                    .label_count = MAX_LABELS};
    request->forbidden_size = natural_from(0);
    request->is_interrupted = NULL;
    for (int i = 0; i < count; i++) {
        inputs[i] = labels_of(spelling->inputs[i]);
        allow_size_of(request, spelling->inputs[i]);
    }
    allow_size_of(request, spelling->output);
    return STATUS_OK;
}

bool numpy_request_has_choice(const NumpyRequest *request) {
    const PathRequest *labels = &request->labels;
    LabelSet all = {{0}};
    for (int i = 0; i < labels->input_count; i++) {
        all = label_set_union(&all, &labels->inputs[i]);
    }
    LabelSet summed = label_set_minus(&all, &labels->output);
    return labels->input_count > 2 && !label_set_is_empty(&summed);
}

Status numpy_path_single(const NumpyRequest *request, Arena *arena, NumpyPath *path, Error *error) {
    TRY(numpy_path_begin(1, arena, path, error));
    return numpy_path_add_all(path, request->labels.input_count, arena, error);
}

/* ---- the greedy planner ---- */

/* A pair that may be contracted next. The elements it removes are before - after. */
typedef struct Candidate {
    int first, second; /* positions, first < second */
    LabelSet result;
    Natural before, after; /* elements of the two operands, and of the result */
    Natural cost;
} Candidate;

typedef struct Greedy {
    const NumpyRequest *request;
    NumpyTerms terms;
    Candidate *candidates; /* in the order in which they are found; the first of equals is taken */
    int candidate_count;
    Natural spent; /* the cost of the steps so far */
    Natural naive; /* that of contracting everything at once */
} Greedy;

static Natural sum_of(const Natural *a, const Natural *b) {
    Natural sum = *a;
    natural_add(&sum, b);
    return sum;
}

static bool is_better(const Candidate *a, const Candidate *b) {
    Natural of_a = sum_of(&a->before, &b->after), of_b = sum_of(&b->before, &a->after);
    int order = natural_compare(&of_a, &of_b);
    return order > 0 || (order == 0 && natural_compare(&a->cost, &b->cost) < 0);
}

static void consider(Greedy *greedy, int first, int second) {
    const ptrdiff_t *extents = greedy->request->labels.extents;
    NumpyStep step = {2, (int[]){first, second}};
    NumpyProduct product = numpy_product(&greedy->terms, &step, &greedy->request->labels.output);
    Natural after = label_set_size(&product.result, extents);
    if (natural_compare(&after, &greedy->request->forbidden_size) >= 0) return;
    Natural cost = numpy_product_cost(&product, 2, extents);
    Natural total = sum_of(&greedy->spent, &cost);
    if (natural_compare(&total, &greedy->naive) > 0) return;
    Natural left = label_set_size(&greedy->terms.labels[first], extents);
    Natural right = label_set_size(&greedy->terms.labels[second], extents);
    greedy->candidates[greedy->candidate_count++] =
        (Candidate){first, second, product.result, sum_of(&left, &right), after, cost};
}

static bool shares_labels(const NumpyTerms *terms, int first, int second) {
    LabelSet shared = label_set_intersect(&terms->labels[first], &terms->labels[second]);
    return !label_set_is_empty(&shared);
}

static void consider_pairs_with(Greedy *greedy, int second) {
    for (int first = 0; first < second; first++) {
        if (shares_labels(&greedy->terms, first, second)) consider(greedy, first, second);
    }
}

/* In lexicographic order; outer products too where nothing else is left. */
static void consider_all_pairs(Greedy *greedy, bool with_outer_products) {
    for (int first = 0; first < greedy->terms.count; first++) {
        for (int second = first + 1; second < greedy->terms.count; second++) {
            if (with_outer_products || shares_labels(&greedy->terms, first, second)) {
                consider(greedy, first, second);
            }
        }
    }
}

static Candidate best_candidate(const Greedy *greedy) {
    const Candidate *best = &greedy->candidates[0];
    for (int i = 1; i < greedy->candidate_count; i++) {
        if (is_better(&greedy->candidates[i], best)) best = &greedy->candidates[i];
    }
    return *best;
}

/* A position after two others have been removed. */
static int shifted(int position, const Candidate *removed) {
    return position - (position > removed->first) - (position > removed->second);
}

static bool touches(const Candidate *a, const Candidate *b) {
    return a->first == b->first || a->first == b->second || a->second == b->first ||
           a->second == b->second;
}

/* Candidates that the step leaves possible keep their place, and are not measured again. */
static void take_step(Greedy *greedy, const Candidate *taken) {
    NumpyStep step = {2, (int[]){taken->first, taken->second}};
    numpy_terms_replace(&greedy->terms, &step, &taken->result);
    natural_add(&greedy->spent, &taken->cost);
    int kept = 0;
    for (int i = 0; i < greedy->candidate_count; i++) {
        Candidate *candidate = &greedy->candidates[i];
        if (touches(candidate, taken)) continue;
        candidate->first = shifted(candidate->first, taken);
        candidate->second = shifted(candidate->second, taken);
        greedy->candidates[kept++] = *candidate;
    }
    greedy->candidate_count = kept;
}

static Status greedy_begin(Greedy *greedy, const NumpyRequest *request, Arena *arena,
                           Error *error) {
    const PathRequest *labels = &request->labels;
    size_t count = (size_t)labels->input_count;
    *greedy = (Greedy){.request = request, .spent = natural_from(0)};
    greedy->terms = (NumpyTerms){labels->input_count, NULL};
    greedy->terms.labels = arena_take(arena, count, sizeof(LabelSet));
    greedy->candidates = arena_take(arena, count * (count - 1) / 2, sizeof(Candidate));
    if (!greedy->terms.labels || !greedy->candidates) return error_memory(error);
    LabelSet all = {{0}};
    for (size_t i = 0; i < count; i++) {
        greedy->terms.labels[i] = labels->inputs[i];
        all = label_set_union(&all, &labels->inputs[i]);
    }
    NumpyProduct product = {all, labels->output};
    greedy->naive = numpy_product_cost(&product, labels->input_count, labels->extents);
    return STATUS_OK;
}

Status numpy_path_greedy(const NumpyRequest *request, Arena *arena, NumpyPath *path, Error *error) {
    int count = request->labels.input_count;
    Greedy greedy;
    TRY(greedy_begin(&greedy, request, arena, error));
    TRY(numpy_path_begin(count, arena, path, error));
    consider_all_pairs(&greedy, false);
    while (greedy.terms.count > 1) {
        if (greedy.candidate_count == 0) consider_all_pairs(&greedy, true);
        if (greedy.candidate_count == 0) {
            return numpy_path_add_all(path, greedy.terms.count, arena, error);
        }
        Candidate best = best_candidate(&greedy);
        TRY(numpy_path_add_pair(path, best.first, best.second, arena, error));
        take_step(&greedy, &best);
        consider_pairs_with(&greedy, greedy.terms.count - 1);
    }
    return STATUS_OK;
}
