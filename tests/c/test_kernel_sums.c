/* The kernels that sum along or across memory: reduce and gemv. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

/* ---- the kernels ---- */

static void test_reduce(const Suite *suite, ptrdiff_t kept, ptrdiff_t summed, int layout) {
    if (!share_takes_next()) return;
    bool accumulate = random_bits() % 2, holds = true;
    Field in = field_make(suite, kept, summed, layout);
    Field out = output_make(suite, kept, 1, any_output_layout());
    suite->kernels->reduce(
        &(ReduceJob){kept, summed, in.data, in.row, in.col, out.data, out.row, accumulate});
    for (ptrdiff_t i = 0; i < kept; i++) {
        Sum sum = output_begin(suite, &out, i, 0, accumulate);
        const char *element = field_at(&in, i, 0);
        for (ptrdiff_t k = 0; k < summed; k++, element += in.col) {
            sum_add(&sum, value_load(suite, element));
        }
        holds &= output_settle(suite, &out, (ptrdiff_t[]){i, 0}, &sum, summed + 1);
    }
    if (!CHECK(holds && output_is_intact(&out))) {
        report(suite, "reduce", (ptrdiff_t[]){kept, summed, accumulate}, layout);
    }
    field_free(&in);
    field_free(&out);
}

/* Adds the products along one row of each. */
static void add_products(const Suite *suite, const Field *matrix, const Field *vector, ptrdiff_t i,
                         Sum *sum) {
    const char *m = field_at(matrix, i, 0);
    const char *x = field_at(vector, vector->rows == 1 ? 0 : i, 0);
    for (ptrdiff_t k = 0; k < matrix->cols; k++, m += matrix->col, x += vector->col) {
        sum_add(sum, value_product(value_load(suite, m), value_load(suite, x)));
    }
}

/* The vector is shared by all rows, or laid out like the matrix, or in any way. */
static void test_gemv(const Suite *suite, ptrdiff_t rows, ptrdiff_t depth, int layout) {
    if (!share_takes_next()) return;
    bool accumulate = random_bits() % 2, holds = true;
    int kind = random_below(3), vector_layout = kind == 1 ? layout : any_layout();
    Field matrix = field_make(suite, rows, depth, layout);
    Field vector = field_make(suite, kind == 0 ? 1 : rows, depth, vector_layout);
    Field out = output_make(suite, rows, 1, any_output_layout());
    suite->kernels->gemv(&(GemvJob){rows, depth, matrix.data, matrix.row, matrix.col, vector.data,
                                    kind == 0 ? 0 : vector.row, vector.col, out.data, out.row,
                                    accumulate});
    for (ptrdiff_t i = 0; i < rows; i++) {
        Sum sum = output_begin(suite, &out, i, 0, accumulate);
        add_products(suite, &matrix, &vector, i, &sum);
        holds &= output_settle(suite, &out, (ptrdiff_t[]){i, 0}, &sum, depth + 3);
    }
    if (!CHECK(holds && output_is_intact(&out))) {
        report(suite, "gemv", (ptrdiff_t[]){rows, depth, kind}, layout);
    }
    field_free(&matrix);
    field_free(&vector);
    field_free(&out);
}

/* ---- which cases ---- */

static void test_planes(const Suite *suite) {
    ptrdiff_t extents[MOST_EXTENTS];
    int count = suite_extents(suite, extents);
    for (int i = 0; i < count * count; i++) {
        ptrdiff_t rows = extents[i / count], cols = extents[i % count];
        int step = rows * cols > 2000 ? 4 : 1; /* the other side of the guard gets other layouts */
        for (int layout = (i + 2 * (int)suite->side) % step; layout < LAYOUTS; layout += step) {
            test_reduce(suite, rows, cols, layout);
            test_gemv(suite, rows, cols, layout);
        }
    }
}

/* Sums so long that they are cut into blocks, and rows so many that they are. */
static void test_blocks(const Suite *suite) {
    static const ptrdiff_t planes[][2] = {{1, 40003}, {3, 20011}, {5, 9001}, {33, 3001}, {5003, 7}};
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++) {
        /* the other fillings and sides of the guard get the other layouts */
        int layout = ((int)i + (int)suite->side + 2 * (int)suite->filling) % 3;
        test_reduce(suite, planes[i][0], planes[i][1], layout);
        test_gemv(suite, planes[i][0], planes[i][1], layout);
    }
}

/* Sums in which a chain of additions that is too long shows, in every direction. The binary digits
   of the constants repeat, of one 1001 and of the other 0011: whatever the length of a chain, in
   its larger half each addition of one of them rounds away two fifths of the last place, all to the
   same side. */
static void test_chains(const Suite *suite) {
    static const int layouts[] = {LAYOUT_ROWS, LAYOUT_COLS, LAYOUT_ROWS_APART, LAYOUT_COLS_APART};
    static const double constants[] = {0.1, 0.15};
    Suite constant = *suite;
    constant.filling = FILLING_CONSTANT;
    for (int i = 0; i < 8; i++) {
        constant.constant = constants[i / 4];
        test_reduce(&constant, 5, 20011, layouts[i % 4]);
        test_reduce(&constant, suite->lanes + 1, 4999, layouts[i % 4]);
        test_gemv(&constant, 5, 20011, layouts[i % 4]);
        test_gemv(&constant, suite->lanes + 1, 4999, layouts[i % 4]);
    }
}

static void test_sums(const Suite *suite) {
    test_planes(suite);
    test_blocks(suite);
    if (suite->filling == FILLING_RANDOM && suite->side == GUARD_BEHIND) test_chains(suite);
}

int main(void) {
    suites_run(test_sums);
    return check_report();
}
