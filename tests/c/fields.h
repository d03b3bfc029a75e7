/* Operands of kernels: planes of elements in guarded memory, in every layout. */
#ifndef FASTEINSUM_TESTS_FIELDS_H
#define FASTEINSUM_TESTS_FIELDS_H

#include "values.h"

/* Layouts are numbered: those of inputs, of which the first ones do for outputs too, as their
   elements do not overlap. */
enum { LAYOUTS = 12, OUTPUT_LAYOUTS = 9 };

/* By name, those that some tests ask for. */
enum {
    LAYOUT_ROWS = 0,
    LAYOUT_COLS = 1,     /* the columns' step is the longer one */
    LAYOUT_ROWS_GAP = 2, /* three elements after each row */
    LAYOUT_COLS_GAP = 3, /* one element after each column */
    LAYOUT_ROWS_APART = 4,
    LAYOUT_COLS_APART = 5,
    LAYOUT_ROWS_BACKWARD = 6, /* the last row comes first */
    LAYOUT_COLS_BACKWARD = 7,
    LAYOUT_BACKWARD = 8,
};

/* rows * cols elements with two strides, in bytes. */
typedef struct Field {
    char *data; /* element (0, 0) */
    ptrdiff_t rows, cols, row, col;
    Guarded memory; /* from the lowest to the highest element */
    Guarded before; /* of an output: the same bytes as they were made */
} Field;

static inline char *field_at(const Field *field, ptrdiff_t i, ptrdiff_t j) {
    return field->data + i * field->row + j * field->col;
}

/* Where an output keeps what element (i, j) was before. */
static inline char *output_before(const Field *output, ptrdiff_t i, ptrdiff_t j) {
    return output->before.data + (field_at(output, i, j) - output->memory.data);
}

/* Elements as the suite's filling says, side by side. */
void fill(const Suite *suite, char *memory, ptrdiff_t count);

/* An input; what lies between its elements is filled as they are. */
Field field_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int layout);

/* An output, which remembers what it held. */
Field output_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int layout);

void field_free(Field *field);

int any_layout(void);
int any_output_layout(void);

/* What a sum into element (i, j) begins with: nothing, or the element as it was before. */
Sum output_begin(const Suite *suite, const Field *output, ptrdiff_t i, ptrdiff_t j,
                 bool accumulate);

/* Whether element (i, j) is the sum, see sum_equals. Puts it back as it was, so that at last only
   what should not have been written can differ. */
bool output_settle(const Suite *suite, const Field *output, const ptrdiff_t at[2], const Sum *sum,
                   ptrdiff_t steps);

/* Whether nothing is as it was not: call it when all elements are settled. */
bool output_is_intact(const Field *output);

#endif
