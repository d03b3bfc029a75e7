#include "planning/numpy_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- text in an arena ---- */

/* Zero-terminated. When there is no memory, what is added is lost and has_failed is set. */
typedef struct Text {
    Arena *arena;
    char *characters;
    size_t length, size;
    bool has_failed;
} Text;

static void text_reserve(Text *text, size_t more) {
    if (text->length + more < text->size) return;
    size_t size = 2 * text->size + more + 256;
    char *grown = arena_take(text->arena, size, 1);
    if (!grown) {
        text->has_failed = true;
        return;
    }
    if (text->length > 0) memcpy(grown, text->characters, text->length);
    grown[text->length] = '\0';
    text->characters = grown;
    text->size = size;
}

__attribute__((format(printf, 2, 3))) static void text_add(Text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    text_reserve(text, (size_t)length);
    if (!text->has_failed) {
        vsnprintf(text->characters + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

static const char *text_characters(const Text *text) {
    return text->characters ? text->characters : "";
}

/* ---- the steps ---- */

/* One step after the other, as the text follows the path. */
typedef struct Report {
    const Spelling *spelling;
    const NumpyRequest *request;
    NumpyTerms terms;
    const char **names; /* of the terms, as they are written */
    Arena *arena;
    Text rows;
    Natural cost;    /* of all steps, and 1 */
    Natural largest; /* result */
    int widest;      /* most labels in a step */
} Report;

/* An intermediate result has its labels sorted by extent, those of equal extent by letter. */
static const char *result_name(const Report *report, const LabelSet *labels) {
    const ptrdiff_t *extents = report->request->labels.extents;
    char *name = arena_take(report->arena, MAX_LABELS + 1, 1);
    if (!name) return NULL;
    int length = 0;
    for (int label = 0; label < MAX_LABELS; label++) {
        if (!label_set_has(labels, label)) continue;
        int at = length++;
        for (; at > 0 && extents[(int)name[at - 1]] > extents[label]; at--) name[at] = name[at - 1];
        name[at] = (char)label;
    }
    name[length] = '\0';
    return name;
}

static void sort_descending(int positions[], int count) {
    for (int i = 1; i < count; i++) {
        int moved = positions[i], at = i;
        for (; at > 0 && positions[at - 1] < moved; at--) positions[at] = positions[at - 1];
        positions[at] = moved;
    }
}

/* Adds the terms at positions, which are sorted from the last to the first, and takes them out of
   the list. */
static void take_names(Report *report, const NumpyStep *step, Text *equation) {
    int left = report->terms.count;
    for (int i = 0; i < step->count; i++) {
        int position = step->positions[i];
        text_add(equation, "%s%s", i > 0 ? "," : "", report->names[position]);
        for (int k = position + 1; k < left; k++) report->names[k - 1] = report->names[k];
        left--;
    }
}

static Text join_names(const Report *report) {
    Text joined = {.arena = report->arena};
    for (int i = 0; i < report->terms.count; i++) {
        text_add(&joined, "%s%s", i > 0 ? "," : "", report->names[i]);
    }
    return joined;
}

static void measure_step(Report *report, const NumpyProduct *product, int operand_count) {
    const ptrdiff_t *extents = report->request->labels.extents;
    Natural cost = numpy_product_cost(product, operand_count, extents);
    Natural size = label_set_size(&product->result, extents);
    natural_add(&report->cost, &cost);
    if (natural_compare(&size, &report->largest) > 0) report->largest = size;
    int width = label_set_count(&product->labels);
    if (width > report->widest) report->widest = width;
}

static Status add_step(Report *report, const NumpyStep *unsorted, bool is_last, Error *error) {
    const char *output = report->spelling->output;
    NumpyStep step = {unsorted->count, NULL};
    step.positions = arena_take(report->arena, (size_t)step.count, sizeof(int));
    if (!step.positions) return error_memory(error);
    memcpy(step.positions, unsorted->positions, (size_t)step.count * sizeof(int));
    sort_descending(step.positions, step.count);

    NumpyProduct product = numpy_product(&report->terms, &step, &report->request->labels.output);
    measure_step(report, &product, step.count);
    const char *name = is_last ? output : result_name(report, &product.result);
    if (!name) return error_memory(error);
    Text equation = {.arena = report->arena};
    take_names(report, &step, &equation);
    text_add(&equation, "->%s", name);
    numpy_terms_replace(&report->terms, &step, &product.result);
    report->names[report->terms.count - 1] = name;

    Text remaining = join_names(report);
    text_add(&remaining, "->%s", output);
    text_add(&report->rows, "\n%4d    %24s %40s", label_set_count(&product.labels),
             text_characters(&equation), text_characters(&remaining));
    bool has_failed = equation.has_failed || remaining.has_failed || report->rows.has_failed;
    return has_failed ? error_memory(error) : STATUS_OK;
}

/* ---- the head ---- */

/* That of one step over everything; it counts additions where a label occurs in several terms. */
static Natural naive_cost(const PathRequest *request, int *label_count) {
    LabelSet all = {{0}};
    int occurrences = 0;
    for (int i = 0; i < request->input_count; i++) {
        all = label_set_union(&all, &request->inputs[i]);
        occurrences += label_set_count(&request->inputs[i]);
    }
    *label_count = label_set_count(&all);
    return label_set_cost(&all, request->input_count, occurrences > *label_count, request->extents);
}

static const char rule[] =
    "--------------------------------------------------------------------------";
_Static_assert(sizeof rule - 1 == 74, "as wide as numpy's");

static Status add_numbers(const Report *report, Text *text, Error *error) {
    int label_count;
    Natural naive = naive_cost(&report->request->labels, &label_count);
    double naive_value = natural_value(&naive), cost = natural_value(&report->cost);
    double largest = natural_value(&report->largest);
    double speedup = natural_ratio(&naive, &report->cost);
    if (isinf(naive_value) || isinf(cost) || isinf(largest)) {
        return error_set(error, STATUS_LIMIT, "the number of operations is too large for a float");
    }
    text_add(text, "         Naive scaling:  %d\n", label_count);
    text_add(text, "     Optimized scaling:  %d\n", report->widest);
    text_add(text, "      Naive FLOP count:  %.3e\n", naive_value);
    text_add(text, "  Optimized FLOP count:  %.3e\n", cost);
    text_add(text, "   Theoretical speedup:  %.3f\n", speedup);
    text_add(text, "  Largest intermediate:  %.3e elements\n", largest);
    return STATUS_OK;
}

static Status report_print(const Report *report, const char *expression, const char **characters,
                           Error *error) {
    Text text = {.arena = report->arena};
    text_add(&text, "  Complete contraction:  %s\n", expression);
    TRY(add_numbers(report, &text, error));
    text_add(&text, "%s\n%6s %24s %40s\n%s", rule, "scaling", "current", "remaining", rule);
    text_add(&text, "%s", text_characters(&report->rows));
    if (text.has_failed) return error_memory(error);
    *characters = text.characters;
    return STATUS_OK;
}

/* ---- the whole ---- */

static Status report_begin(Report *report, int step_count, Error *error) {
    const PathRequest *labels = &report->request->labels;
    size_t count = (size_t)labels->input_count, room = count + (size_t)step_count;
    report->names = arena_take(report->arena, room, sizeof *report->names);
    report->terms.labels = arena_take(report->arena, room, sizeof(LabelSet));
    if (!report->names || !report->terms.labels) return error_memory(error);
    report->terms.count = labels->input_count;
    for (size_t i = 0; i < count; i++) {
        report->names[i] = report->spelling->inputs[i];
        report->terms.labels[i] = labels->inputs[i];
    }
    return STATUS_OK;
}

Status numpy_report_make(const Spelling *spelling, const NumpyRequest *request,
                         const NumpyPath *path, Arena *arena, const char **text, Error *error) {
    if (path->step_count == 0) return error_set(error, STATUS_RANGE, "the path has no steps");
    Report report = {.spelling = spelling,
                     .request = request,
                     .arena = arena,
                     .rows = {.arena = arena},
                     .cost = natural_from(1),
                     .largest = natural_from(0)};
    TRY(report_begin(&report, path->step_count, error));
    Text expression = join_names(&report);
    text_add(&expression, "->%s", spelling->output);
    for (int i = 0; i < path->step_count; i++) {
        TRY(add_step(&report, &path->steps[i], i == path->step_count - 1, error));
    }
    if (expression.has_failed) return error_memory(error);
    return report_print(&report, text_characters(&expression), text, error);
}
