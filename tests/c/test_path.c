/* Paths: valid for any request, the best ones where few operands make that cheap to know. */
#include "base/memory.h"
#include "check.h"
#include "planning/path.h"
#include "share.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_INPUTS = 1200, LETTERS = 26 };

/* A request that owns its arrays. Labels are the letters a .. z. */
typedef struct Example {
    PathRequest request;
    LabelSet inputs[MOST_INPUTS];
    ptrdiff_t extents[MAX_LABELS];
    bool is_constant[MOST_INPUTS];
} Example;

static void example_begin(Example *example, ptrdiff_t extent) {
    example->request = (PathRequest){
        .inputs = example->inputs, .extents = example->extents, .label_count = LETTERS};
    for (int label = 0; label < LETTERS; label++) example->extents[label] = extent;
}

static void add_input(Example *example, LabelSet labels) {
    example->inputs[example->request.input_count++] = labels;
}

/* "ab,bc->ac", and the extents of a, b, ... as far as they are given (a zero-terminated list would
   not do, as 0 is an extent: -1 ends it). */
static void example_read(Example *example, const char *text, const ptrdiff_t extents[]) {
    example_begin(example, 1);
    for (int label = 0; extents[label] >= 0; label++) example->extents[label] = extents[label];
    LabelSet term = {{0}};
    for (; *text != '-'; text++) {
        if (*text != ',') {
            label_set_add(&term, *text - 'a');
        } else {
            add_input(example, term);
            term = (LabelSet){{0}};
        }
    }
    add_input(example, term);
    for (text += 2; *text; text++) label_set_add(&example->request.output, *text - 'a');
}

/* Each operand is used once and after it was made; left has the earlier input. */
static bool steps_are_valid(const PathRequest *request, const PathStep steps[]) {
    int count = request->input_count;
    static int first_inputs[2 * MOST_INPUTS];
    static bool used[2 * MOST_INPUTS];
    for (int id = 0; id < 2 * count; id++) {
        first_inputs[id] = id;
        used[id] = false;
    }
    for (int s = 0; s < count - 1; s++) {
        int left = steps[s].left, right = steps[s].right, made = count + s;
        if (left < 0 || right < 0 || left >= made || right >= made) return false;
        if (left == right || used[left] || used[right]) return false;
        if (first_inputs[left] > first_inputs[right]) return false;
        used[left] = used[right] = true;
        first_inputs[made] = first_inputs[left];
    }
    return true;
}

/* ---- the model, once more ---- */

static double set_size(const PathRequest *request, const LabelSet *set) {
    double size = 1;
    for (int label = 0; label < request->label_count; label++) {
        if (label_set_has(set, label)) size *= (double)request->extents[label];
    }
    return size;
}

/* The labels of an input that are not summed before any product. */
static LabelSet shared_labels(const PathRequest *request, int input) {
    LabelSet needed = request->output;
    for (int i = 0; i < request->input_count; i++) {
        if (i != input) needed = label_set_union(&needed, &request->inputs[i]);
    }
    return label_set_intersect(&request->inputs[input], &needed);
}

static double model_step(const PathRequest *request, const LabelSet *left, const LabelSet *right,
                         const LabelSet *result) {
    LabelSet loops = label_set_union(left, right);
    double elements =
        set_size(request, left) + set_size(request, right) + set_size(request, result);
    return fmax(set_size(request, &loops) / 2e10, elements / 1.25e9);
}

static double path_seconds(const PathRequest *request, const PathStep steps[]) {
    static LabelSet results[MOST_INPUTS];
    static bool is_constant[2 * MOST_INPUTS];
    path_result_labels(request, steps, results);
    double seconds = 0;
    for (int i = 0; i < request->input_count; i++) {
        is_constant[i] = request->is_constant && request->is_constant[i];
    }
    for (int s = 0; s < request->input_count - 1; s++) {
        bool is_free = is_constant[steps[s].left] && is_constant[steps[s].right];
        is_constant[request->input_count + s] = is_free;
        if (is_free) continue;
        LabelSet sides[2];
        int ids[2] = {steps[s].left, steps[s].right};
        for (int k = 0; k < 2; k++) {
            sides[k] = ids[k] < request->input_count
                           ? shared_labels(request, ids[k])
                           : *path_operand_labels(request, results, ids[k]);
        }
        seconds += model_step(request, &sides[0], &sides[1], &results[s]);
    }
    return seconds;
}

/* The least seconds of all orders of the operands that are left. */
static double least_seconds(const PathRequest *request, const LabelSet left[],
                            const bool is_constant[], int count) {
    if (count == 1) return 0;
    double least = INFINITY;
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
            LabelSet rest[8], needed = request->output;
            bool constants[8];
            int others = 0;
            for (int k = 0; k < count; k++) {
                if (k == i || k == j) continue;
                constants[others] = is_constant[k];
                rest[others++] = left[k];
                needed = label_set_union(&needed, &left[k]);
            }
            LabelSet both = label_set_union(&left[i], &left[j]);
            rest[others] = label_set_intersect(&both, &needed);
            constants[others] = is_constant[i] && is_constant[j];
            double step =
                constants[others] ? 0 : model_step(request, &left[i], &left[j], &rest[others]);
            least = fmin(least, step + least_seconds(request, rest, constants, others + 1));
        }
    }
    return least;
}

/* ---- tests ---- */

typedef struct Known {
    const char *text;
    ptrdiff_t extents[LETTERS + 1];
    const char *steps;
} Known;

static const Known known[] = {
    {"ab,bc->ac", {2, 3, 4, -1}, "0,1"},
    {"ab,bc,cd->ad", {1000, 10, 1000, 10, -1}, "1,2 0,3"},
    {"ab,bc,cd->ad", {10, 1000, 10, 1000, -1}, "0,1 3,2"},
    {"ab,bc,cd->ad", {100, 100, 100, 100, -1}, "0,1 3,2"},
    {"ab,bc,c->a", {100, 100, 100, -1}, "1,2 0,3"},
    {"a,ab,bc->c", {100, 100, 100, -1}, "0,1 3,2"},
    {"a,a,a,a->a", {100, -1}, "0,1 4,2 5,3"},
    {"ab,,bc->ac", {1000, 10, 10, -1}, "1,2 0,3"}, /* the scalar goes with the smallest */
    {"a,b,ab->", {1000, 1000, -1}, "0,2 3,1"},     /* never the outer product */
    {"a,bc,abc->", {4, 5, 3000000, -1}, "1,2 0,3"},
    {"ab,cd,ef->abcdef", {2, 2, 3, 3, 50, 50, -1}, "0,1 3,2"},
    {"ab,bc,cd->ad", {0, 10, 10, 10, -1}, "0,1 3,2"}, /* extent 0 counts as 1 */
    {"ab,bc,cd->ad", {10, 10, 10, 0, -1}, "1,2 0,3"},
    {"ab,bc,cd->ad", {0, 0, 0, 0, -1}, "0,1 3,2"},
    {"a,b,c,d->", {0, 0, 0, 0, -1}, "0,1 4,2 5,3"},
    {"ab,bc,ad->c", {500, 500, 500, 100000, -1}, "0,2 3,1"}, /* d is summed first */
    {"a->a", {5, -1}, ""},
};

static void steps_write(const PathStep steps[], int count, char *text) {
    *text = '\0';
    for (int s = 0; s < count; s++) {
        text += sprintf(text, "%s%d,%d", s > 0 ? " " : "", steps[s].left, steps[s].right);
    }
}

static void finds_known_paths(void) {
    static Example example;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        example_read(&example, known[i].text, known[i].extents);
        Arena arena = {0};
        Error error;
        PathStep steps[8];
        CHECK_EQUAL_INT(path_find(&example.request, &arena, steps, &error), STATUS_OK);
        char text[64];
        steps_write(steps, example.request.input_count - 1, text);
        if (!CHECK_EQUAL_TEXT(text, known[i].steps)) printf("    %s\n", known[i].text);
        arena_free(&arena);
    }
}

/* Random numbers that are the same everywhere. */
static int draw(int below) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)(state >> 33) % below;
}

static void example_draw(Example *example, int input_count, int letters, int most_labels) {
    static const ptrdiff_t choices[] = {1, 2, 3, 5, 16, 40, 128, 900};
    example_begin(example, 1);
    for (int label = 0; label < letters; label++) example->extents[label] = choices[draw(8)];
    LabelSet all = {{0}};
    for (int i = 0; i < input_count; i++) {
        LabelSet term = {{0}};
        for (int left = draw(most_labels + 1); left > 0; left--) {
            label_set_add(&term, draw(letters));
        }
        add_input(example, term);
        all = label_set_union(&all, &term);
    }
    for (int label = 0; label < letters; label++) {
        if (label_set_has(&all, label) && draw(4) == 0) {
            label_set_add(&example->request.output, label);
        }
    }
}

static void is_optimal_for_few(void) {
    static Example example;
    for (int round = 0; round < 400; round++) {
        if (!share_takes_next()) continue;
        example_draw(&example, 2 + draw(5), 2 + draw(7), 4);
        PathRequest *request = &example.request;
        for (int i = 0; i < 8; i++) example.is_constant[i] = round % 2 && draw(2);
        if (round % 2) request->is_constant = example.is_constant;
        Arena arena = {0};
        Error error;
        PathStep steps[8];
        CHECK_EQUAL_INT(path_find(request, &arena, steps, &error), STATUS_OK);
        CHECK(steps_are_valid(request, steps));
        LabelSet inputs[8];
        for (int i = 0; i < request->input_count; i++) inputs[i] = shared_labels(request, i);
        double least = least_seconds(request, inputs, example.is_constant, request->input_count);
        double found = path_seconds(request, steps);
        CHECK(found <= least * (1 + 1e-12) && found >= least * (1 - 1e-12));
        arena_free(&arena);
    }
}

/* From left to right. */
static double naive_seconds(const PathRequest *request) {
    static PathStep steps[MOST_INPUTS];
    steps[0] = (PathStep){0, 1};
    for (int s = 1; s < request->input_count - 1; s++) {
        steps[s] = (PathStep){request->input_count + s - 1, s + 1};
    }
    return path_seconds(request, steps);
}

static void is_good_for_many(void) {
    static Example example;
    static PathStep steps[MOST_INPUTS], again[MOST_INPUTS];
    for (int round = 0; round < 40; round++) {
        if (!share_takes_next()) continue;
        example_draw(&example, 9 + draw(30), 8 + draw(10), 3);
        const PathRequest *request = &example.request;
        Arena arena = {0};
        Error error;
        CHECK_EQUAL_INT(path_find(request, &arena, steps, &error), STATUS_OK);
        CHECK(steps_are_valid(request, steps));
        CHECK(path_seconds(request, steps) <= naive_seconds(request));
        CHECK_EQUAL_INT(path_find(request, &arena, again, &error), STATUS_OK);
        CHECK(memcmp(steps, again, (size_t)(request->input_count - 1) * sizeof *steps) == 0);
        arena_free(&arena);
    }
}

/* A ring of matrices: never more than two open labels at a time. */
static void follows_a_long_chain(void) {
    static Example example;
    static PathStep steps[MOST_INPUTS];
    static LabelSet results[MOST_INPUTS];
    enum { LENGTH = 24 };
    example_begin(&example, 50);
    for (int i = 0; i < LENGTH; i++) {
        LabelSet term = {{0}};
        label_set_add(&term, i * 7 % LENGTH);
        label_set_add(&term, (i * 7 + 1) % LENGTH);
        add_input(&example, term);
    }
    Arena arena = {0};
    Error error;
    CHECK_EQUAL_INT(path_find(&example.request, &arena, steps, &error), STATUS_OK);
    CHECK(steps_are_valid(&example.request, steps));
    path_result_labels(&example.request, steps, results);
    for (int s = 0; s < LENGTH - 1; s++) CHECK(set_size(&example.request, &results[s]) <= 2500);
    CHECK(label_set_is_empty(&results[LENGTH - 2]));
    arena_free(&arena);
}

static void copes_with(int input_count, int letters, int most_labels) {
    static Example example;
    static PathStep steps[MOST_INPUTS];
    example_draw(&example, input_count, letters, most_labels);
    for (int label = 0; label < letters; label++) example.extents[label] = 1 + draw(3);
    Arena arena = {0};
    Error error;
    CHECK_EQUAL_INT(path_find(&example.request, &arena, steps, &error), STATUS_OK);
    CHECK(steps_are_valid(&example.request, steps));
    arena_free(&arena);
}

static void copes_with_many_operands(void) {
    copes_with(1000, 26, 3);
    copes_with(1000, 3, 2);
    copes_with(1000, 1, 0);  /* scalars */
    copes_with(1000, 26, 1); /* vectors and scalars */
    copes_with(MOST_INPUTS, 20, 20);
}

typedef struct TooLarge {
    const char *text;
    ptrdiff_t extents[LETTERS + 1];
    Status status;
} TooLarge;

#define HUGE_EXTENT ((ptrdiff_t)1 << 40)

static const TooLarge too_large[] = {
    {"a,b,c->abc", {HUGE_EXTENT, HUGE_EXTENT, 2, -1}, STATUS_LIMIT},
    {"ab,bc,ca->", {HUGE_EXTENT, HUGE_EXTENT, 2, -1}, STATUS_LIMIT},
    {"a,b,c->", {HUGE_EXTENT, HUGE_EXTENT, HUGE_EXTENT, -1}, STATUS_OK},
    {"a,b,c->abc", {HUGE_EXTENT, HUGE_EXTENT, 0, -1}, STATUS_OK},
    {"ab,bc,cd,de,ef->af", {99999, 99999, 99999, 99999, 99999, 99999, -1}, STATUS_OK},
    {"a,b,c->de", {2, 2, 2, HUGE_EXTENT, HUGE_EXTENT, -1}, STATUS_LIMIT},
};

static void counts_without_overflow(void) {
    static Example example;
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++) {
        example_read(&example, too_large[i].text, too_large[i].extents);
        while (example.request.label_count > 0 &&
               !label_set_has(&example.request.output, example.request.label_count - 1) &&
               example.extents[example.request.label_count - 1] == 1) {
            example.request.label_count--;
        }
        Arena arena = {0};
        Error error = {.message = ""};
        PathStep steps[8];
        Status status = path_find(&example.request, &arena, steps, &error);
        if (!CHECK_EQUAL_INT(status, too_large[i].status)) printf("    %s\n", too_large[i].text);
        if (status == STATUS_LIMIT) CHECK(strstr(error.message, "too large") != NULL);
        arena_free(&arena);
    }
}

/* Estimates beyond the range of double are no trouble: this is refused, not undefined. */
static void has_finite_estimates(void) {
    static Example example;
    static PathStep steps[MOST_INPUTS];
    example_begin(&example, PTRDIFF_MAX);
    for (int i = 0; i < 30; i++) {
        LabelSet term = {{0}};
        for (int label = 0; label < LETTERS; label++) {
            if (draw(2)) label_set_add(&term, label);
        }
        add_input(&example, term);
    }
    Arena arena = {0};
    Error error;
    CHECK_EQUAL_INT(path_find(&example.request, &arena, steps, &error), STATUS_LIMIT);
    arena_free(&arena);
}

static void survives_lack_of_memory(void) {
    static Example example;
    static PathStep steps[MOST_INPUTS];
    example_draw(&example, 600, 20, 2);
    for (int label = 0; label < LETTERS; label++) example.extents[label] = 1 + label % 2;
    Status status = STATUS_MEMORY;
    int failures = 0;
    for (int n = 0; status == STATUS_MEMORY && n < 50; n++) {
        Arena arena = {0};
        Error error;
        memory_fail(n, 0);
        status = path_find(&example.request, &arena, steps, &error);
        memory_fail(-1, 0);
        failures += status == STATUS_MEMORY;
        arena_free(&arena);
        CHECK_EQUAL_INT(memory_blocks(), 0);
    }
    CHECK_EQUAL_INT(status, STATUS_OK);
    CHECK(failures >= 5);
}

int main(void) {
    finds_known_paths();
    is_optimal_for_few();
    is_good_for_many();
    follows_a_long_chain();
    copes_with_many_operands();
    counts_without_overflow();
    has_finite_estimates();
    survives_lack_of_memory();
    return check_report();
}
