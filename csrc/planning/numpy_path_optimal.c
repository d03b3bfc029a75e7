/* numpy's optimal planner: all orders of pairs, depth first and in lexicographic order. A branch
   that costs as much as the best path known cannot hold a better one, and is not entered. */
#include "planning/numpy_path.h"

#include <string.h>

enum { VISITS_BETWEEN_QUESTIONS = 4096 };

typedef struct Pair {
    int first, second;
} Pair;

/* The steps of `pairs` lead to where the search is, those of `best` to the best end found: the one
   with the most steps, of these the cheapest, of these the first. */
typedef struct Search {
    const NumpyRequest *request;
    NumpyTerms *terms; /* [depth]: what is left after that many steps */
    Pair *pairs, *best;
    int best_depth;
    Natural best_cost;
    long visits;
    bool is_interrupted;
} Search;

static bool is_complete(const Search *search, int depth) {
    return depth == search->request->labels.input_count - 1;
}

static void record_end(Search *search, int depth, const Natural *cost) {
    if (depth < search->best_depth) return;
    if (depth == search->best_depth && natural_compare(cost, &search->best_cost) >= 0) return;
    memcpy(search->best, search->pairs, (size_t)depth * sizeof *search->best);
    search->best_depth = depth;
    search->best_cost = *cost;
}

static bool is_time_to_end(Search *search) {
    bool (*ask)(void) = search->request->is_interrupted;
    if (ask && ++search->visits % VISITS_BETWEEN_QUESTIONS == 0 && ask()) {
        search->is_interrupted = true;
    }
    return search->is_interrupted;
}

/* Makes the terms after one more step; false if that leads nowhere. The cost grows by the step's.
 */
static bool try_pair(Search *search, int depth, Pair pair, Natural *cost) {
    const PathRequest *labels = &search->request->labels;
    const NumpyTerms *terms = &search->terms[depth];
    NumpyTerms *after = &search->terms[depth + 1];
    NumpyStep step = {2, (int[]){pair.first, pair.second}};
    NumpyProduct product = numpy_product(terms, &step, &labels->output);
    Natural size = label_set_size(&product.result, labels->extents);
    if (natural_compare(&size, &search->request->forbidden_size) >= 0) return false;
    Natural own = numpy_product_cost(&product, 2, labels->extents);
    natural_add(cost, &own);
    if (is_complete(search, search->best_depth) && natural_compare(cost, &search->best_cost) >= 0) {
        return false;
    }
    memcpy(after->labels, terms->labels, (size_t)terms->count * sizeof *terms->labels);
    after->count = terms->count;
    numpy_terms_replace(after, &step, &product.result);
    return true;
}

/* As deep as there are operands. */
static void visit(Search *search, int depth, const Natural *cost) {
    record_end(search, depth, cost);
    int count = search->terms[depth].count;
    for (int first = 0; first < count; first++) {
        for (int second = first + 1; second < count; second++) {
            if (is_time_to_end(search)) return;
            Pair pair = {first, second};
            Natural total = *cost;
            if (!try_pair(search, depth, pair, &total)) continue;
            search->pairs[depth] = pair;
            visit(search, depth + 1, &total);
        }
    }
}

static Status search_begin(Search *search, const NumpyRequest *request, Arena *arena,
                           Error *error) {
    size_t count = (size_t)request->labels.input_count;
    *search = (Search){.request = request, .best_cost = natural_from(0)};
    search->terms = arena_take(arena, count, sizeof *search->terms);
    search->pairs = arena_take(arena, count, sizeof *search->pairs);
    search->best = arena_take(arena, count, sizeof *search->best);
    if (!search->terms || !search->pairs || !search->best) return error_memory(error);
    for (size_t depth = 0; depth < count; depth++) {
        LabelSet *labels =
            arena_take(arena, count - depth + 1, sizeof *labels); /* one more while it is made */
        if (!labels) return error_memory(error);
        search->terms[depth] = (NumpyTerms){(int)(count - depth), labels};
    }
    memcpy(search->terms[0].labels, request->labels.inputs, count * sizeof(LabelSet));
    return STATUS_OK;
}

Status numpy_path_optimal(const NumpyRequest *request, Arena *arena, NumpyPath *path,
                          Error *error) {
    int count = request->labels.input_count;
    Search search;
    TRY(search_begin(&search, request, arena, error));
    Natural nothing = natural_from(0);
    visit(&search, 0, &nothing);
    if (search.is_interrupted) {
        return error_set(error, STATUS_LIMIT, "the search for the optimal path was interrupted");
    }
    TRY(numpy_path_begin(count, arena, path, error));
    for (int i = 0; i < search.best_depth; i++) {
        Pair pair = search.best[i];
        TRY(numpy_path_add_pair(path, pair.first, pair.second, arena, error));
    }
    if (is_complete(&search, search.best_depth)) return STATUS_OK;
    return numpy_path_add_all(path, count - search.best_depth, arena, error);
}
