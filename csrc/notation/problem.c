/* Resolving: first the labels are numbered, then the operands give them extents, then strides. */
#include "notation/problem.h"

#include "base/checked.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE = 64,
    WIDEST_ELEMENT = sizeof(clongdouble),
};
_Static_assert(2 * 26 + MAX_AXES <= MAX_LABELS, "all letters and broadcast axes fit");

/* What resolving knows beyond the problem it fills. */
typedef struct Resolver {
    Problem *problem;
    const Subscripts *subscripts;
    int *sources; /* [label]: the operand that gave it its extent */
    Error *error;
} Resolver;

/* ---- names in messages ---- */

static void label_name(const Problem *problem, int label, char name[NAME_SIZE]) {
    if (problem->letters[label]) {
        snprintf(name, NAME_SIZE, "label '%c'", problem->letters[label]);
    } else {
        int from_right = problem->broadcast_first + problem->broadcast_count - label;
        snprintf(name, NAME_SIZE, "broadcast axis -%d", from_right);
    }
}

/* The term as it is written, without blanks; long ones are cut. */
static void term_name(const Term *term, char name[NAME_SIZE]) {
    char *end = name, *limit = name + NAME_SIZE - 8;
    for (int i = 0; i <= term->label_count && end < limit; i++) {
        if (i == term->ellipsis) end += sprintf(end, "...");
        if (i < term->label_count) *end++ = (char)term->labels[i];
    }
    strcpy(end, end < limit ? "" : "[..]");
}

static const char *axes_word(int count) {
    return count == 1 ? "axis" : "axes";
}

/* ---- labels ---- */

/* An ellipsis stands for the axes that an operand has beyond its letters. */
static Status count_broadcast_axes(Resolver *resolver, const Tensor operands[]) {
    Problem *problem = resolver->problem;
    for (int i = 0; i < problem->input_count; i++) {
        const Term *term = &resolver->subscripts->inputs[i];
        int axis_count = operands[i].axis_count;
        int surplus = axis_count - term->label_count;
        bool has_ellipsis = term->ellipsis_count > 0;
        if (surplus < 0 || (surplus > 0 && !has_ellipsis)) {
            char name[NAME_SIZE];
            term_name(term, name);
            return error_set(resolver->error, STATUS_SHAPE,
                             "operand %d has %d %s but its term '%s' needs %s%d", i, axis_count,
                             axes_word(axis_count), name, has_ellipsis ? "at least " : "",
                             term->label_count);
        }
        if (surplus > problem->broadcast_count) problem->broadcast_count = surplus;
    }
    return STATUS_OK;
}

static void add_broadcast_labels(Problem *problem) {
    problem->broadcast_first = problem->label_count;
    for (int i = 0; i < problem->broadcast_count; i++) problem->letters[problem->label_count++] = 0;
}

/* A set of letters; A to z are less than 64 codes. */
static uint64_t letter_bit(int letter) {
    return UINT64_C(1) << (letter - 'A');
}

static uint64_t letters_of(const Term *term) {
    uint64_t letters = 0;
    for (int i = 0; i < term->label_count; i++) letters |= letter_bit(term->labels[i]);
    return letters;
}

static Status number_kept_labels(Resolver *resolver) {
    Problem *problem = resolver->problem;
    const Term *output = &resolver->subscripts->output;
    int broadcast_count = problem->broadcast_count;
    if (output->ellipsis_count > 1 && broadcast_count > 0) {
        return error_set(resolver->error, STATUS_SHAPE,
                         "the output has %d ellipses, which stand for %d broadcast %s",
                         output->ellipsis_count, broadcast_count, axes_word(broadcast_count));
    }
    for (int i = 0; i <= output->label_count; i++) {
        if (i == output->ellipsis) add_broadcast_labels(problem);
        if (i == output->label_count) break;
        problem->letters[problem->label_count++] = output->labels[i];
    }
    problem->kept_count = problem->label_count;
    if (problem->kept_count > MAX_AXES) {
        return error_set(resolver->error, STATUS_LIMIT, "the output has %d axes, more than %d",
                         problem->kept_count, MAX_AXES);
    }
    return STATUS_OK;
}

static Status number_labels(Resolver *resolver) {
    const Subscripts *subscripts = resolver->subscripts;
    Problem *problem = resolver->problem;
    TRY(number_kept_labels(resolver));
    if (subscripts->output.ellipsis_count == 0) add_broadcast_labels(problem);
    uint64_t summed = 0;
    for (int i = 0; i < subscripts->input_count; i++) summed |= letters_of(&subscripts->inputs[i]);
    summed &= ~letters_of(&subscripts->output);
    for (; summed; summed &= summed - 1) {
        problem->letters[problem->label_count++] = 'A' + __builtin_ctzll(summed);
    }
    return STATUS_OK;
}

static int label_of_letter(const Problem *problem, int letter) {
    int label = 0;
    while (problem->letters[label] != letter) label++;
    return label;
}

/* The label of each axis of an operand. Axes behind an ellipsis are aligned at the right. */
static void label_axes(const Problem *problem, const Term *term, int axis_count, int labels[]) {
    int surplus = axis_count - term->label_count;
    int broadcast_end = problem->broadcast_first + problem->broadcast_count;
    int axis = 0;
    for (int i = 0; i <= term->label_count; i++) {
        if (i == term->ellipsis) {
            for (int left = surplus; left > 0; left--) labels[axis++] = broadcast_end - left;
        }
        if (i < term->label_count) labels[axis++] = label_of_letter(problem, term->labels[i]);
    }
}

/* ---- extents ---- */

/* Extent 1 stretches to any other. */
static Status extent_meet(Resolver *resolver, int operand, int label, ptrdiff_t extent) {
    ptrdiff_t *known = &resolver->problem->extents[label];
    if (extent == 1 || extent == *known) return STATUS_OK;
    if (*known != 1) {
        char name[NAME_SIZE];
        label_name(resolver->problem, label, name);
        return error_set(resolver->error, STATUS_SHAPE,
                         "%s has extent %td in operand %d but %td in operand %d", name, *known,
                         resolver->sources[label], extent, operand);
    }
    *known = extent;
    resolver->sources[label] = operand;
    return STATUS_OK;
}

/* The axes of a diagonal are equal; extent 1 does not stretch inside one operand. */
static Status resolve_input(Resolver *resolver, int operand, const Tensor *tensor) {
    Problem *problem = resolver->problem;
    bool *present = problem->present[operand];
    int labels[MAX_AXES];
    ptrdiff_t own_extents[MAX_LABELS];
    memset(present, 0, (size_t)problem->label_count * sizeof *present);
    label_axes(problem, &resolver->subscripts->inputs[operand], tensor->axis_count, labels);
    for (int axis = 0; axis < tensor->axis_count; axis++) {
        int label = labels[axis];
        ptrdiff_t extent = tensor->shape[axis];
        if (present[label] && own_extents[label] != extent) {
            char name[NAME_SIZE];
            label_name(problem, label, name);
            return error_set(resolver->error, STATUS_SHAPE,
                             "%s has extent %td and extent %td in operand %d", name,
                             own_extents[label], extent, operand);
        }
        present[label] = true;
        own_extents[label] = extent;
        TRY(extent_meet(resolver, operand, label, extent));
    }
    return STATUS_OK;
}

static Status resolve_out(Resolver *resolver, const Tensor *out) {
    Problem *problem = resolver->problem;
    char name[NAME_SIZE];
    if (out->axis_count != problem->kept_count) {
        term_name(&resolver->subscripts->output, name);
        return error_set(resolver->error, STATUS_SHAPE,
                         "out has %d %s but the output '%s' needs %d", out->axis_count,
                         axes_word(out->axis_count), name, problem->kept_count);
    }
    for (int label = 0; label < problem->kept_count; label++) {
        ptrdiff_t *extent = &problem->extents[label];
        if (*extent == 1) *extent = out->shape[label];
        if (*extent == out->shape[label]) continue;
        label_name(problem, label, name);
        return error_set(resolver->error, STATUS_SHAPE,
                         "%s has extent %td in operand %d but %td in out", name, *extent,
                         resolver->sources[label], out->shape[label]);
    }
    return STATUS_OK;
}

static bool extents_fit(const ptrdiff_t extents[], int count, ptrdiff_t element_bytes) {
    for (int i = 0; i < count; i++) {
        if (extents[i] == 0) return true;
    }
    ptrdiff_t product = element_bytes;
    for (int i = 0; i < count; i++) {
        if (!checked_multiply(product, extents[i], &product)) return false;
    }
    return true;
}

Status problem_check_space(const Problem *problem, Error *error) {
    if (extents_fit(problem->extents, problem->label_count, 1)) return STATUS_OK;
    return error_set(error, STATUS_LIMIT,
                     "the iteration space is too large: the product of the extents of all %d "
                     "labels cannot be represented",
                     problem->label_count);
}

bool problem_is_empty(const Problem *problem) {
    for (int label = 0; label < problem->label_count; label++) {
        if (problem->extents[label] == 0) return true;
    }
    return false;
}

/* An array that exists fits; one to be allocated must, whatever its dtype will be. */
static Status check_output(const Resolver *resolver) {
    const Problem *problem = resolver->problem;
    if (extents_fit(problem->extents, problem->kept_count, WIDEST_ELEMENT)) return STATUS_OK;
    return error_set(resolver->error, STATUS_LIMIT,
                     "the output is too large: the product of the extents of its %d axes cannot "
                     "be represented in bytes",
                     problem->kept_count);
}

/* ---- strides ---- */

static void bind_input(Problem *problem, int side, const Tensor *tensor, const int labels[]) {
    ptrdiff_t *strides = problem->strides[side];
    memset(strides, 0, (size_t)problem->label_count * sizeof *strides);
    for (int axis = 0; axis < tensor->axis_count; axis++) {
        int label = labels[axis];
        if (tensor->shape[axis] == problem->extents[label]) strides[label] += tensor->strides[axis];
    }
    problem->dtypes[side] = tensor->dtype;
}

static void bind_output(Problem *problem, const Tensor *out) {
    ptrdiff_t *strides = problem->strides[problem->input_count];
    memcpy(strides, out->strides, (size_t)problem->kept_count * sizeof *strides);
    problem->dtypes[problem->input_count] = out->dtype;
}

void problem_bind(Problem *problem, const Subscripts *subscripts, int side, const Tensor *tensor) {
    if (side == problem->input_count) {
        bind_output(problem, tensor);
        return;
    }
    int labels[MAX_AXES];
    label_axes(problem, &subscripts->inputs[side], tensor->axis_count, labels);
    bind_input(problem, side, tensor, labels);
}

/* Whether an operand, its diagonals taken, is packed with the first axis fastest. */
static bool is_fortran(const Problem *problem, int side, const Tensor *tensor, const int labels[]) {
    bool seen[MAX_LABELS] = {false};
    ptrdiff_t packed = (ptrdiff_t)dtype_size(tensor->dtype);
    bool is_packed = true;
    for (int axis = 0; axis < tensor->axis_count; axis++) {
        int label = labels[axis];
        ptrdiff_t extent = tensor->shape[axis];
        if (extent == 0) return true;
        if (extent == 1 || seen[label]) continue;
        seen[label] = true;
        is_packed = is_packed && problem->strides[side][label] == packed;
        if (is_packed) packed *= extent;
    }
    return is_packed;
}

static void bind_sides(Resolver *resolver, const Tensor operands[], const Tensor *out) {
    Problem *problem = resolver->problem;
    int labels[MAX_AXES];
    problem->inputs_are_fortran = true;
    for (int i = 0; i < problem->input_count; i++) {
        label_axes(problem, &resolver->subscripts->inputs[i], operands[i].axis_count, labels);
        bind_input(problem, i, &operands[i], labels);
        if (!is_fortran(problem, i, &operands[i], labels)) problem->inputs_are_fortran = false;
    }
    problem->dtypes[problem->input_count] = operands[0].dtype;
    if (out) bind_output(problem, out);
}

/* ---- the whole ---- */

static Status take_labels(Problem *problem, Arena *arena, Error *error) {
    problem->letters = arena_take(arena, MAX_LABELS, sizeof *problem->letters);
    problem->extents = arena_take(arena, MAX_LABELS, sizeof *problem->extents);
    if (!problem->letters || !problem->extents) return error_memory(error);
    return STATUS_OK;
}

Status problem_take_sides(Problem *problem, Arena *arena, Error *error) {
    size_t inputs = (size_t)problem->input_count, sides = inputs + 1;
    size_t labels = (size_t)problem->label_count;
    ptrdiff_t *strides = arena_take(arena, sides * labels, sizeof *strides);
    bool *present = arena_take(arena, inputs * labels, sizeof *present);
    problem->strides = arena_take(arena, sides, sizeof *problem->strides);
    problem->present = arena_take(arena, inputs, sizeof *problem->present);
    problem->dtypes = arena_take(arena, sides, sizeof *problem->dtypes);
    if (!strides || !present || !problem->strides || !problem->present || !problem->dtypes) {
        return error_memory(error);
    }
    for (size_t side = 0; side < sides; side++) problem->strides[side] = strides + side * labels;
    for (size_t i = 0; i < inputs; i++) problem->present[i] = present + i * labels;
    memset(problem->strides[inputs], 0, labels * sizeof *strides);
    return STATUS_OK;
}

Status problem_resolve(const Subscripts *subscripts, const Tensor operands[], const Tensor *out,
                       Arena *arena, Problem *problem, Error *error) {
    *problem = (Problem){.input_count = subscripts->input_count};
    int sources[MAX_LABELS];
    Resolver resolver = {problem, subscripts, sources, error};
    TRY(take_labels(problem, arena, error));
    TRY(count_broadcast_axes(&resolver, operands));
    TRY(number_labels(&resolver));
    TRY(problem_take_sides(problem, arena, error));
    for (int label = 0; label < problem->label_count; label++) problem->extents[label] = 1;
    for (int i = 0; i < problem->input_count; i++) TRY(resolve_input(&resolver, i, &operands[i]));
    if (out) TRY(resolve_out(&resolver, out));
    problem->is_view =
        problem->input_count == 1 && problem->kept_count == problem->label_count && !out;
    if (!out && !problem->is_view) TRY(check_output(&resolver));
    if (problem->input_count <= 2) TRY(problem_check_space(problem, error));
    bind_sides(&resolver, operands, out);
    return STATUS_OK;
}
