#include "fields.h"

#include "random.h"

#include <string.h>

typedef struct Layout {
    bool by_cols;  /* the columns' step is the longer one */
    int step, gap; /* elements per inner step, and left over after each outer one */
    bool rows_backward, cols_backward;
    bool rows_at_rest, cols_at_rest; /* stride zero */
} Layout;

static const Layout layouts[LAYOUTS] = {
    [LAYOUT_ROWS] = {.step = 1},
    [LAYOUT_COLS] = {.step = 1, .by_cols = true},
    [LAYOUT_ROWS_GAP] = {.step = 1, .gap = 3},
    [LAYOUT_COLS_GAP] = {.step = 1, .gap = 1, .by_cols = true},
    [LAYOUT_ROWS_APART] = {.step = 2, .gap = 1},
    [LAYOUT_COLS_APART] = {.step = 3, .by_cols = true},
    [LAYOUT_ROWS_BACKWARD] = {.step = 1, .rows_backward = true},
    [LAYOUT_COLS_BACKWARD] = {.step = 1, .cols_backward = true},
    [LAYOUT_BACKWARD] = {.step = 1, .by_cols = true, .rows_backward = true, .cols_backward = true},
    {.step = 1, .rows_at_rest = true},
    {.step = 1, .cols_at_rest = true},
    {.step = 1, .by_cols = true, .rows_at_rest = true, .cols_at_rest = true},
};

int any_layout(void) {
    return random_below(LAYOUTS);
}

int any_output_layout(void) {
    return random_below(OUTPUT_LAYOUTS);
}

static void fill_bits(char *memory, ptrdiff_t bytes) {
    for (ptrdiff_t at = 0; at < bytes; at += 2) { /* 31 bits are there, no more */
        uint32_t bits = random_bits();
        memcpy(memory + at, &bits, bytes - at < 2 ? 1 : 2);
    }
}

static double next_number(const Suite *suite) {
    if (suite->filling == FILLING_CONSTANT) return suite->constant;
    uint32_t bits = random_bits();
    return suite->filling == FILLING_WHOLE ? (double)(bits % 9) - 4 : (double)bits * 0x1p-31 - 0.5;
}

void fill(const Suite *suite, char *memory, ptrdiff_t count) {
    if (!suite->is_real) {
        fill_bits(memory, count * suite->size);
        return;
    }
    for (ptrdiff_t i = 0; i < count * suite->planes; i++) {
        double number = next_number(suite);
        if (suite->is_single) ((float *)(void *)memory)[i] = (float)number;
        if (!suite->is_single) ((double *)(void *)memory)[i] = number;
    }
}

/* Sets the strides; gives how many bytes the elements span. */
static ptrdiff_t field_lay_out(const Suite *suite, const Layout *layout, Field *field) {
    ptrdiff_t inner = layout->by_cols ? field->rows : field->cols;
    ptrdiff_t near = layout->step * suite->size, far = inner * near + layout->gap * suite->size;
    field->row = layout->rows_at_rest ? 0 : layout->by_cols ? near : far;
    field->col = layout->cols_at_rest ? 0 : layout->by_cols ? far : near;
    if (field->rows == 0 || field->cols == 0) return 0;
    return (field->rows - 1) * field->row + (field->cols - 1) * field->col + suite->size;
}

Field field_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int layout) {
    Field field = {.rows = rows, .cols = cols};
    ptrdiff_t bytes = field_lay_out(suite, &layouts[layout], &field);
    field.memory = guarded_make((size_t)bytes, suite->side);
    field.data = field.memory.data;
    if (layouts[layout].rows_backward && bytes) {
        field.data += (rows - 1) * field.row;
        field.row = -field.row;
    }
    if (layouts[layout].cols_backward && bytes) {
        field.data += (cols - 1) * field.col;
        field.col = -field.col;
    }
    fill(suite, field.memory.data, bytes / suite->size);
    return field;
}

Field output_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int layout) {
    Field output = field_make(suite, rows, cols, layout);
    output.before = guarded_make(output.memory.bytes, suite->side);
    memcpy(output.before.data, output.memory.data, output.memory.bytes);
    return output;
}

void field_free(Field *field) {
    guarded_free(&field->memory);
    if (field->before.data) guarded_free(&field->before);
}

Sum output_begin(const Suite *suite, const Field *output, ptrdiff_t i, ptrdiff_t j,
                 bool accumulate) {
    Sum sum = {{0}, {0}, 0, 0};
    if (accumulate) sum_add(&sum, value_load(suite, output_before(output, i, j)));
    return sum;
}

bool output_settle(const Suite *suite, const Field *output, const ptrdiff_t at[2], const Sum *sum,
                   ptrdiff_t steps) {
    char *element = field_at(output, at[0], at[1]);
    bool holds = sum_equals(suite, sum, element, steps);
    memcpy(element, output_before(output, at[0], at[1]), (size_t)suite->size);
    return holds;
}

bool output_is_intact(const Field *output) {
    return guarded_is_intact(&output->memory) &&
           memcmp(output->memory.data, output->before.data, output->memory.bytes) == 0;
}
