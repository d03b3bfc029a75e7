#include "planning/describe.h"

#include "base/extents.h"

#include <stdio.h>
#include <string.h>

static const char ALPHABET[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool is_used(const Problem *problem, char letter) {
    for (int label = 0; label < problem->label_count; label++) {
        if (problem->letters[label] == letter) return true;
    }
    return false;
}

/* The letter of a label; axes behind an ellipsis take the unused letters from the end of the
   alphabet, and '?' when there are none left. */
static char letter_of(const Problem *problem, int label) {
    if (problem->letters[label] != 0) return (char)problem->letters[label];
    int nameless = 0;
    for (int i = 0; i < label; i++) nameless += problem->letters[i] == 0;
    for (size_t i = strlen(ALPHABET); i-- > 0;) {
        if (!is_used(problem, ALPHABET[i]) && nameless-- == 0) return ALPHABET[i];
    }
    return '?';
}

/* Labels of one side by falling stride; returns the end of the text. */
static char *write_side(const Problem *problem, const LabelSet *labels, const ptrdiff_t strides[],
                        char *text) {
    int order[MAX_LABELS], count = 0;
    for (int label = 0; label < problem->label_count; label++) {
        if (!label_set_has(labels, label)) continue;
        int at = count++;
        for (; at > 0 && magnitude(strides[label]) > magnitude(strides[order[at - 1]]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = label;
    }
    for (int i = 0; i < count; i++) *text++ = letter_of(problem, order[i]);
    return text;
}

static char *write_step(const Problem *problem, const LabelSet labels[],
                        const ptrdiff_t *const strides[], int side_count, char *text) {
    for (int side = 0; side < side_count; side++) {
        bool is_result = side == side_count - 1;
        const char *separator = is_result ? "->" : side > 0 ? "," : "";
        text = stpcpy(text, separator);
        text = write_side(problem, &labels[side], strides[side], text);
    }
    *text = '\0';
    return text;
}

const char *describe_step(const Problem *problem, const LabelSet labels[],
                          const ptrdiff_t *const strides[], int side_count, Arena *arena) {
    size_t most = (size_t)side_count * ((size_t)problem->label_count + 2) + 1;
    char *text = arena_take(arena, most, 1);
    if (text) write_step(problem, labels, strides, side_count, text);
    return text;
}

static LabelSet labels_of_side(const Problem *problem, int side) {
    LabelSet labels = {{0}};
    for (int label = 0; label < problem->label_count; label++) {
        bool has = side < problem->input_count ? problem->present[side][label]
                                               : label < problem->kept_count;
        if (has) label_set_add(&labels, label);
    }
    return labels;
}

const char *describe_problem(const Problem *problem, Arena *arena) {
    int side_count = problem->input_count + 1;
    size_t label_count = (size_t)problem->label_count;
    size_t most = (size_t)side_count * (label_count + 2) + label_count * 24 + 64;
    char *text = arena_take(arena, most, 1);
    if (!text) return NULL;
    char *end = text;
    for (int side = 0; side < side_count; side++) {
        const char *separator = side == side_count - 1 ? "->" : side > 0 ? "," : "";
        LabelSet labels = labels_of_side(problem, side);
        end = write_side(problem, &labels, problem->strides[side], stpcpy(end, separator));
    }
    end += sprintf(end, "   %s  ", dtype_name(problem->dtypes[problem->input_count]));
    for (int label = 0; label < problem->label_count; label++) {
        end += sprintf(end, " %c=%td", letter_of(problem, label), problem->extents[label]);
    }
    return text;
}
