/* The copy kernels: every dtype as it is stored, from every layout into every layout that an output
 * may have. What they make is known to the last bit. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

#include <string.h>

/* A copy, but for its dtype and ISA. */
typedef struct Case {
    ptrdiff_t rows, cols;
    int in_layout, out_layout;
    bool is_streamed;
} Case;

/* ---- what is expected ---- */

static bool is_floating(const Suite *suite) {
    return suite->is_real || suite->dtype == DTYPE_F16;
}

/* Lets many scalars of a field be -0, if they are floating-point numbers, and many bools be false.
 */
static void plant_zeros(const Suite *suite, Field *field) {
    ptrdiff_t scalar = suite->size / suite->planes;
    for (size_t at = 0; at < field->memory.bytes; at += (size_t)scalar) {
        if (random_bits() % 8) continue;
        memset(field->memory.data + at, 0, (size_t)scalar);
        if (is_floating(suite)) field->memory.data[at + (size_t)scalar - 1] = (char)0x80;
    }
}

/* An element as a copy leaves it: no number is -0, and a bool is 0 or 1. */
static void expect_element(const Suite *suite, const char *from, char *to) {
    ptrdiff_t scalar = suite->size / suite->planes;
    memcpy(to, from, (size_t)suite->size);
    if (suite->dtype == DTYPE_BOOL) *to = *to != 0;
    for (int p = 0; p < suite->planes && is_floating(suite); p++) {
        bool is_negative_zero = bits_load(to + p * scalar, scalar) == 1ull << (8 * scalar - 1);
        if (is_negative_zero) memset(to + p * scalar, 0, (size_t)scalar);
    }
}

/* Writes into the copy of the output's memory what the kernel has to write into the output. */
static void expect_copy(const Suite *suite, const Field *in, const Field *out) {
    for (ptrdiff_t i = 0; i < in->rows; i++) {
        const char *from = field_at(in, i, 0);
        char *to = output_before(out, i, 0);
        for (ptrdiff_t j = 0; j < in->cols; j++, from += in->col, to += out->col) {
            expect_element(suite, from, to);
        }
    }
}

static void test_copy(const Suite *suite, const Case *c) {
    if (!share_takes_next()) return;
    Field in = field_make(suite, c->rows, c->cols, c->in_layout);
    Field out = output_make(suite, c->rows, c->cols, c->out_layout);
    plant_zeros(suite, &in);
    copy_kernel_for(suite->dtype, suite->isa)(&(CopyJob){
        c->rows, c->cols, in.data, in.row, in.col, out.data, out.row, out.col, c->is_streamed});
    expect_copy(suite, &in, &out);
    if (!CHECK(output_is_intact(&out))) {
        report(suite, "copy", (ptrdiff_t[]){c->rows, c->cols, c->out_layout}, c->in_layout);
    }
    field_free(&in);
    field_free(&out);
}

/* ---- which cases ---- */

/* Planes of several of the blocks that large ones are cut into, with something left over at their
   ends. An extent is a number of bytes and some elements. */
typedef struct Large {
    int rows[2], cols[2];
    int in_layout, out_layout;
} Large;

static const Large larges[] = {
    /* transposed: every row of the output begins with a line of the caches, none does but all at
       the same place, each elsewhere; and the other way round */
    {{512, 1}, {1088, 0}, LAYOUT_COLS, LAYOUT_ROWS},
    {{512, 1}, {1088, -3}, LAYOUT_COLS, LAYOUT_ROWS_GAP},
    {{512, 1}, {1088, 5}, LAYOUT_COLS_GAP, LAYOUT_ROWS},
    {{1088, 5}, {512, 1}, LAYOUT_ROWS_GAP, LAYOUT_COLS},
    /* runs */
    {{0, 3}, {1088, 7}, LAYOUT_ROWS, LAYOUT_ROWS},
    {{0, 3}, {1088, 7}, LAYOUT_ROWS_GAP, LAYOUT_ROWS_BACKWARD},
    /* neither */
    {{0, 9}, {0, 261}, LAYOUT_ROWS_APART, LAYOUT_COLS_APART},
    {{0, 261}, {0, 9}, LAYOUT_COLS_BACKWARD, LAYOUT_BACKWARD},
};

static void test_large(const Suite *suite, const Large *large) {
    for (int is_streamed = 0; is_streamed < 2; is_streamed++) {
        test_copy(suite, &(Case){large->rows[0] / suite->size + large->rows[1],
                                 large->cols[0] / suite->size + large->cols[1], large->in_layout,
                                 large->out_layout, is_streamed});
    }
}

static void test_small(const Suite *suite) {
    ptrdiff_t extents[MOST_EXTENTS];
    int count = suite_extents(suite, extents);
    for (int i = 0; i < count * count; i++) {
        for (int out_layout = 0; out_layout < OUTPUT_LAYOUTS; out_layout++) {
            test_copy(suite, &(Case){extents[i / count], extents[i % count], i % LAYOUTS,
                                     out_layout, random_bits() % 2});
        }
    }
}

/* Whether the kernel is also that of the signed integers, which are tested. */
static bool is_known(const Suite *suite) {
    DType signed_one = dtype_arithmetic(suite->dtype);
    return signed_one != suite->dtype &&
           copy_kernel_for(signed_one, suite->isa) == copy_kernel_for(suite->dtype, suite->isa);
}

static void test_copies(const Suite *suite) {
    if (is_known(suite)) return;
    test_small(suite);
    for (size_t i = 0; i < sizeof larges / sizeof larges[0]; i++) test_large(suite, &larges[i]);
}

int main(void) {
    stored_suites_run(test_copies);
    return check_report();
}
