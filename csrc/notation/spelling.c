#include "notation/spelling.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { LETTER_COUNT = sizeof letters - 1 };
_Static_assert('z' < MAX_LABELS, "a letter's code is a label");

/* What spelling knows beyond the terms it writes. */
typedef struct Speller {
    const Subscripts *subscripts;
    Arena *arena;
    char spare[MAX_AXES]; /* the letters that stand for the axes behind ellipses */
    int spare_count;
    Error *error;
} Speller;

static Status count_spare(Speller *speller, const Tensor operands[]) {
    for (int i = 0; i < speller->subscripts->input_count; i++) {
        const Term *term = &speller->subscripts->inputs[i];
        int surplus = operands[i].axis_count - term->label_count;
        if (surplus < 0 || (surplus > 0 && term->ellipsis_count == 0)) {
            return error_set(speller->error, STATUS_SHAPE,
                             "operand %d has %d axes but its term has %d labels%s", i,
                             operands[i].axis_count, term->label_count,
                             term->ellipsis_count > 0 ? " beside the ellipsis" : "");
        }
        if (surplus > speller->spare_count) speller->spare_count = surplus;
    }
    return STATUS_OK;
}

/* Takes the last letters that no term uses. */
static Status choose_spare(Speller *speller) {
    bool used[MAX_LABELS] = {false};
    for (int i = 0; i < speller->subscripts->input_count; i++) {
        const Term *term = &speller->subscripts->inputs[i];
        for (int k = 0; k < term->label_count; k++) used[term->labels[k]] = true;
    }
    int left = speller->spare_count;
    for (int k = LETTER_COUNT; left > 0 && k-- > 0;) {
        if (!used[(int)letters[k]]) speller->spare[--left] = letters[k];
    }
    if (left == 0) return STATUS_OK;
    return error_set(speller->error, STATUS_LIMIT,
                     "the labels and the axes behind ellipses are more than %d letters can spell",
                     LETTER_COUNT);
}

/* An ellipsis stands for the last `surplus` of the axes behind ellipses. */
static Status term_spell(const Speller *speller, const Term *term, int surplus, char **text) {
    size_t length = (size_t)(term->label_count + surplus);
    char *end = *text = arena_take(speller->arena, length + 1, 1);
    if (!end) return error_memory(speller->error);
    for (int i = 0; i <= term->label_count; i++) {
        if (i == term->ellipsis) {
            memcpy(end, speller->spare + speller->spare_count - surplus, (size_t)surplus);
            end += surplus;
        }
        if (i < term->label_count) *end++ = (char)term->labels[i];
    }
    *end = '\0';
    return STATUS_OK;
}

static Status output_spell(const Speller *speller, char **text) {
    const Term *output = &speller->subscripts->output;
    int surplus = output->ellipsis_count > 0 ? speller->spare_count : 0;
    if (output->ellipsis_count > 1 && surplus > 0) {
        return error_set(speller->error, STATUS_SHAPE,
                         "the output has %d ellipses, which stand for %d axes",
                         output->ellipsis_count, surplus);
    }
    return term_spell(speller, output, surplus, text);
}

static Status extents_meet(const Spelling *spelling, int operand, const Tensor *tensor,
                           Error *error) {
    for (int axis = 0; axis < tensor->axis_count; axis++) {
        char letter = spelling->inputs[operand][axis];
        ptrdiff_t *known = &spelling->extents[(int)letter], extent = tensor->shape[axis];
        if (*known == 1) *known = extent;
        if (extent == 1 || extent == *known) continue;
        return error_set(error, STATUS_SHAPE,
                         "label '%c' has extent %td in operand %d but %td before", letter, extent,
                         operand, *known);
    }
    return STATUS_OK;
}

static Status take_room(Spelling *spelling, Arena *arena, Error *error) {
    size_t count = (size_t)spelling->input_count;
    spelling->inputs = arena_take(arena, count, sizeof *spelling->inputs);
    spelling->extents = arena_take(arena, MAX_LABELS, sizeof *spelling->extents);
    if (!spelling->inputs || !spelling->extents) return error_memory(error);
    for (int label = 0; label < MAX_LABELS; label++) spelling->extents[label] = 1;
    return STATUS_OK;
}

Status spelling_make(const Subscripts *subscripts, const Tensor operands[], Arena *arena,
                     Spelling *spelling, Error *error) {
    Speller speller = {.subscripts = subscripts, .arena = arena, .error = error};
    spelling->input_count = subscripts->input_count;
    TRY(take_room(spelling, arena, error));
    TRY(count_spare(&speller, operands));
    TRY(choose_spare(&speller));
    TRY(output_spell(&speller, &spelling->output));
    for (int i = 0; i < spelling->input_count; i++) {
        const Term *term = &subscripts->inputs[i];
        int surplus = operands[i].axis_count - term->label_count;
        TRY(term_spell(&speller, term, surplus, &spelling->inputs[i]));
        TRY(extents_meet(spelling, i, &operands[i], error));
    }
    return STATUS_OK;
}
