/* The shared list of cases: each one of the suite `test` by the plan of its own choice and with
 * every strategy forced where it applies, on every ISA present, against `generic` in one step.
 * Integers must be equal; floats stay within the bound for sums of that length.
 *
 *     test_cases [tests/cases.txt]
 */
#include "base/half.h"
#include "check.h"
#include "einsum.h"
#include "kernels/kernels.h"
#include "random.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { LINE_BYTES = 1024, MOST_OPERANDS = 8, LETTERS = 128, FIELDS = 5 };

/* One line of the file. The texts point into a copy of the line. */
typedef struct Case {
    char *name, *subscripts, *dtypes;
    int operand_count;
    const char *terms[MOST_OPERANDS]; /* where each begins in subscripts */
    ptrdiff_t extents[LETTERS];
    char position_of[LETTERS]; /* label inside a window -> label of the window's position, or 0 */
    ptrdiff_t stride, dilation;
    bool ones[MOST_OPERANDS][LETTERS];
    bool flip[MOST_OPERANDS], gap[MOST_OPERANDS], forder[MOST_OPERANDS];
} Case;

/* ---- reading the file ---- */

static char *trimmed(char *text) {
    while (isspace((unsigned char)*text)) text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) *--end = '\0';
    return text;
}

static void read_terms(Case *c) {
    c->terms[c->operand_count++] = c->subscripts;
    for (const char *at = c->subscripts; *at && *at != '-'; at++) {
        if (*at == ',' && c->operand_count < MOST_OPERANDS) c->terms[c->operand_count++] = at + 1;
    }
}

static void read_extents(Case *c, char *text) {
    for (char *next, *word = strtok_r(text, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
        CHECK(isalpha((unsigned char)word[0]) && word[1] == '=');
        c->extents[(int)word[0]] = strtol(word + 2, NULL, 10);
    }
}

/* "01" -> flags of the operands 0 and 1. */
static void read_operands(bool flags[MOST_OPERANDS], const char *digits) {
    for (; isdigit((unsigned char)*digits); digits++) flags[*digits - '0'] = true;
}

static void read_pairs(Case *c, const char *key, const char *pairs) {
    for (; *pairs; pairs += pairs[2] == ',' ? 3 : 2) {
        if (strcmp(key, "ones") == 0) {
            c->ones[pairs[0] - '0'][(int)pairs[1]] = true;
        } else {
            c->position_of[(int)pairs[1]] = pairs[0];
        }
    }
}

/* False for a word that is not known. */
static bool read_word(Case *c, char *word, bool *is_test) {
    char *value = strchr(word, '=');
    if (!value) {
        *is_test |= strcmp(word, "test") == 0;
        return *is_test || strcmp(word, "bench") == 0 || strcmp(word, "out") == 0;
    }
    *value++ = '\0';
    if (strcmp(word, "stride") == 0) return (c->stride = strtol(value, NULL, 10)) > 0;
    if (strcmp(word, "dilation") == 0) return (c->dilation = strtol(value, NULL, 10)) > 0;
    if (strcmp(word, "windows") == 0 || strcmp(word, "ones") == 0) {
        read_pairs(c, word, value);
        return true;
    }
    bool *flags = strcmp(word, "flip") == 0     ? c->flip
                  : strcmp(word, "gap") == 0    ? c->gap
                  : strcmp(word, "forder") == 0 ? c->forder
                                                : NULL;
    if (flags) read_operands(flags, value);
    return flags != NULL;
}

/* Whether the line is a case of the suite `test`. Cuts the line into its fields. */
static bool case_read(Case *c, char *line) {
    line[strcspn(line, "#\n")] = '\0';
    line = trimmed(line);
    if (!*line || *line == '[') return false;
    *c = (Case){.stride = 1, .dilation = 1};
    char *fields[FIELDS] = {0};
    for (int i = 0; i < FIELDS && line; i++) fields[i] = strsep(&line, "|");
    if (!CHECK(fields[FIELDS - 1] && !line)) return false;
    c->name = trimmed(fields[0]);
    c->subscripts = trimmed(fields[1]);
    c->dtypes = trimmed(fields[3]);
    bool is_test = false;
    char *next;
    for (char *word = strtok_r(trimmed(fields[4]), " ", &next); word;
         word = strtok_r(NULL, " ", &next)) {
        CHECK(read_word(c, word, &is_test));
    }
    if (!is_test) return false;
    read_terms(c);
    read_extents(c, fields[2]);
    return true;
}

/* ---- operands ---- */

/* An operand or a result; the memory is ours and holds count elements. */
typedef struct Array {
    Tensor tensor;
    char *memory;
    ptrdiff_t count;
} Array;

/* C64 is two parts of F32. */
static DType part_of(DType dtype) {
    static const DType parts[DTYPE_COUNT] = {
        [DTYPE_C64] = DTYPE_F32, [DTYPE_C128] = DTYPE_F64, [DTYPE_CLONGDOUBLE] = DTYPE_LONGDOUBLE};
    return parts[dtype] != DTYPE_BOOL ? parts[dtype] : dtype;
}

static ptrdiff_t parts_per_element(DType dtype) {
    return (ptrdiff_t)(dtype_size(dtype) / dtype_size(part_of(dtype)));
}

static bool is_float(DType dtype) {
    DType part = part_of(dtype);
    return part == DTYPE_F16 || part == DTYPE_F32 || part == DTYPE_F64 || part == DTYPE_LONGDOUBLE;
}

static double load_part(DType part, const char *memory, ptrdiff_t index) {
    const void *at = memory + index * (ptrdiff_t)dtype_size(part);
    if (part == DTYPE_F16) return (double)half_to_float(*(const half_bits *)at);
    if (part == DTYPE_F32) return (double)*(const float *)at;
    if (part == DTYPE_LONGDOUBLE) return (double)*(const longdouble *)at;
    return *(const double *)at;
}

static void store_part(DType part, char *memory, ptrdiff_t index, double value) {
    void *at = memory + index * (ptrdiff_t)dtype_size(part);
    if (part == DTYPE_F16) {
        *(half_bits *)at = half_from_float((float)value);
    } else if (part == DTYPE_F32) {
        *(float *)at = (float)value;
    } else if (part == DTYPE_LONGDOUBLE) {
        *(longdouble *)at = value;
    } else {
        *(double *)at = value;
    }
}

/* Floats in [-1, 1), integers of all bits, mostly false booleans. */
static void array_fill(Array *array) {
    DType dtype = array->tensor.dtype, part = part_of(dtype);
    ptrdiff_t count = array->count * parts_per_element(dtype);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (is_float(dtype)) {
            store_part(part, array->memory, i, (double)random_bits() * 0x1p-30 - 1.0);
        } else {
            uint64_t bits = (uint64_t)random_bits() << 32 ^ random_bits();
            if (dtype == DTYPE_BOOL) bits = bits % 5 == 0;
            size_t size = dtype_size(dtype);
            memcpy(array->memory + i * (ptrdiff_t)size, &bits, size); /* little-endian */
        }
    }
}

/* Allocates for the shape and strides of the tensor, whose lowest element is at byte -low. */
static void array_allocate(Array *array) {
    ptrdiff_t low, high;
    tensor_byte_span(&array->tensor, &low, &high);
    array->count = (high - low) / (ptrdiff_t)dtype_size(array->tensor.dtype);
    array->memory = calloc((size_t)(high - low) + 1, 1);
    array->tensor.data = array->memory ? array->memory - low : NULL;
}

/* Axes of the base array in the order of the term: those that are not inside a window. */
static void base_strides(const Case *c, int operand, ptrdiff_t strides[LETTERS], DType dtype) {
    const char *term = c->terms[operand];
    int length = (int)strcspn(term, ",-");
    ptrdiff_t step = (ptrdiff_t)dtype_size(dtype) * (c->gap[operand] ? 2 : 1);
    for (int k = 0; k < length; k++) {
        int i = c->forder[operand] ? k : length - 1 - k, label = term[i];
        if (operand == 0 && c->position_of[label]) continue;
        ptrdiff_t extent = c->ones[operand][label] ? 1 : c->extents[label];
        for (int inside = 0; inside < LETTERS && operand == 0; inside++) {
            if (c->position_of[inside] != label) continue;
            extent = c->stride * (extent - 1) + c->dilation * (c->extents[inside] - 1) + 1;
        }
        strides[i] = c->flip[operand] ? -step : step;
        step *= extent;
    }
}

/* Operand `number` of the case, not yet filled. */
static Array make_operand(const Case *c, int number, DType dtype) {
    const char *term = c->terms[number];
    Array array = {.tensor = {.dtype = dtype, .axis_count = (int)strcspn(term, ",-")}};
    ptrdiff_t strides[LETTERS];
    base_strides(c, number, strides, dtype);
    for (int i = 0; i < array.tensor.axis_count; i++) {
        int label = term[i];
        array.tensor.shape[i] = c->ones[number][label] ? 1 : c->extents[label];
        array.tensor.strides[i] = strides[i];
        if (number != 0) continue;
        if (c->position_of[label]) {
            const char *position = strchr(term, c->position_of[label]);
            array.tensor.strides[i] = c->dilation * strides[position - term];
        } else if (memchr(c->position_of, label, LETTERS)) {
            array.tensor.strides[i] = c->stride * strides[i];
        }
    }
    array_allocate(&array);
    return array;
}

/* |re| + |im| of each element, as F64 in the same layout. */
static Array make_sizes(const Case *c, int number, const Array *values) {
    Array sizes = make_operand(c, number, DTYPE_F64);
    DType part = part_of(values->tensor.dtype);
    ptrdiff_t parts = parts_per_element(values->tensor.dtype);
    for (ptrdiff_t i = 0; i < values->count; i++) {
        double size = 0;
        for (ptrdiff_t k = 0; k < parts; k++) {
            size += fabs(load_part(part, values->memory, i * parts + k));
        }
        store_part(DTYPE_F64, sizes.memory, i, size);
    }
    return sizes;
}

/* ---- running ---- */

/* The operands of a case with one dtype, and what is right. */
typedef struct Trial {
    const Case *c;
    DType dtype;
    Array operands[MOST_OPERANDS];
    Array expected, sizes; /* the result of `generic`; the sums of the sizes, for floats */
} Trial;

static bool resolve(Einsum *einsum, const Case *c, const Array operands[], Error *error) {
    Tensor tensors[MOST_OPERANDS];
    for (int i = 0; i < c->operand_count; i++) tensors[i] = operands[i].tensor;
    return einsum_resolve(einsum, c->subscripts, strlen(c->subscripts), tensors, c->operand_count,
                          NULL, error) == STATUS_OK;
}

static bool plan_and_run(Einsum *einsum, const Case *c, const Array operands[],
                         const PlanOptions *options, Array *result, Error *error) {
    problem_set_layout(&einsum->problem, 'K', operands[0].tensor.dtype);
    problem_output(&einsum->problem, &result->tensor);
    result->tensor.dtype = operands[0].tensor.dtype;
    array_allocate(result);
    memset(result->memory, 0x5C, (size_t)result->count * dtype_size(result->tensor.dtype));
    char *data[MOST_OPERANDS + 1];
    for (int i = 0; i < c->operand_count; i++) data[i] = operands[i].tensor.data;
    data[c->operand_count] = result->tensor.data;
    return einsum_plan(einsum, options, error) == STATUS_OK &&
           einsum_run(einsum->plan, data, &(Crew){.threads = 1}, error) == STATUS_OK;
}

/* The result is the caller's to free, also after a failure, which is counted and printed. */
static Array run(const Case *c, const Array operands[], const PlanOptions *options) {
    Einsum einsum;
    Error error = {.status = STATUS_OK};
    Array result = {.memory = NULL};
    einsum_begin(&einsum);
    bool done = resolve(&einsum, c, operands, &error) &&
                plan_and_run(&einsum, c, operands, options, &result, &error);
    einsum_end(&einsum);
    if (!CHECK(done)) printf("    %s: %s\n", c->name, error.message);
    return result;
}

/* ---- comparing ---- */

static bool is_summed(const Case *c, int label) {
    const char *output = strchr(c->subscripts, '>');
    return c->extents[label] > 0 && !strchr(output, label);
}

/* How far two sums of the same products may lie apart, as a multiple of the sum of sizes. */
static double relative_bound(const Trial *trial) {
    static const double units[DTYPE_COUNT] = {[DTYPE_F16] = 0x1p-24,
                                              [DTYPE_F32] = 0x1p-24,
                                              [DTYPE_F64] = 0x1p-53,
                                              [DTYPE_LONGDOUBLE] = 0x1p-53};
    double terms = 1;
    for (int label = 0; label < LETTERS; label++) {
        if (is_summed(trial->c, label)) terms *= (double)trial->c->extents[label];
    }
    double roundings = terms + trial->c->operand_count + 4;
    double stored = trial->dtype == DTYPE_F16 ? 0x1p-10 : 0;
    return 4 * roundings * units[part_of(trial->dtype)] + stored;
}

static ptrdiff_t count_wrong(const Trial *trial, const Array *result) {
    if (!is_float(trial->dtype)) {
        size_t bytes = (size_t)result->count * dtype_size(trial->dtype);
        return memcmp(result->memory, trial->expected.memory, bytes) != 0;
    }
    DType part = part_of(trial->dtype);
    ptrdiff_t parts = parts_per_element(trial->dtype), wrong = 0;
    double relative = relative_bound(trial);
    double smallest = part == DTYPE_F16 ? 0x1p-24 : 0;
    for (ptrdiff_t i = 0; i < result->count * parts; i++) {
        double bound = relative * load_part(DTYPE_F64, trial->sizes.memory, i / parts) + smallest;
        double difference =
            load_part(part, result->memory, i) - load_part(part, trial->expected.memory, i);
        wrong += !(fabs(difference) <= bound);
    }
    return wrong;
}

static void check_plan(const Trial *trial, const PlanOptions *options) {
    Array result = run(trial->c, trial->operands, options);
    if (!CHECK_EQUAL_INT(result.count, trial->expected.count) ||
        !CHECK_EQUAL_INT(count_wrong(trial, &result), 0)) {
        printf("    %s %s by %s on %s\n", trial->c->name, dtype_name(trial->dtype),
               options->strategy ? options->strategy->name : "choice",
               isa_name(options->machine->isa));
    }
    free(result.memory);
}

static void check_on_isa(const Trial *trial, Isa isa) {
    Machine machine = machine_with_isa(isa);
    check_plan(trial, &(PlanOptions){.machine = &machine});
    check_plan(trial, &(PlanOptions){.machine = &machine, .in_one_step = true});
    for (int i = 0; strategies[i]; i++) {
        check_plan(trial, &(PlanOptions){.machine = &machine, .strategy = strategies[i]});
    }
}

static void trial_make(Trial *trial, const Case *c, DType dtype) {
    Machine machine = machine_with_isa(ISA_BASELINE);
    PlanOptions options = {
        .machine = &machine, .strategy = strategy_from_name("generic"), .in_one_step = true};
    CHECK(options.strategy);
    *trial = (Trial){.c = c, .dtype = dtype};
    Array sizes[MOST_OPERANDS] = {0};
    for (int i = 0; i < c->operand_count; i++) {
        trial->operands[i] = make_operand(c, i, dtype);
        array_fill(&trial->operands[i]);
        if (is_float(dtype)) sizes[i] = make_sizes(c, i, &trial->operands[i]);
    }
    trial->expected = run(c, trial->operands, &options);
    if (is_float(dtype)) trial->sizes = run(c, sizes, &options);
    for (int i = 0; i < c->operand_count; i++) free(sizes[i].memory);
}

static void trial_free(Trial *trial) {
    for (int i = 0; i < trial->c->operand_count; i++) free(trial->operands[i].memory);
    free(trial->expected.memory);
    free(trial->sizes.memory);
}

static DType dtype_from_name(const char *name) {
    DType dtype = 0;
    while (dtype < DTYPE_COUNT && strcmp(dtype_name(dtype), name) != 0) dtype++;
    return dtype;
}

static void check_case(const Case *c) {
    char *next;
    for (char *word = strtok_r(c->dtypes, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
        DType dtype = dtype_from_name(word);
        if (!CHECK(dtype < DTYPE_OBJECT)) continue;
        Trial trial;
        trial_make(&trial, c, dtype);
        for (Isa isa = 0; isa < ISA_COUNT; isa++) {
            if (isa_is_built(isa) && isa_is_present(isa)) check_on_isa(&trial, isa);
        }
        trial_free(&trial);
    }
}

int main(int argument_count, char *arguments[]) {
    const char *path = argument_count > 1 ? arguments[1] : "tests/cases.txt";
    FILE *file = fopen(path, "r");
    if (!CHECK(file)) {
        printf("    %s cannot be read; give its path, or start where tests/ is\n", path);
        return check_report();
    }
    char line[LINE_BYTES];
    int cases = 0;
    for (Case c; fgets(line, sizeof line, file);) {
        if (!case_read(&c, line)) continue;
        check_case(&c);
        cases++;
    }
    fclose(file);
    CHECK(cases > 40);
    return check_report();
}
