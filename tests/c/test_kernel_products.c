/* The kernels of products that need no panels: multiply, element by element, and small, matrices of
 * a few columns. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

/* ---- multiply ---- */

enum { MOST_FACTORS = 4 };

/* The inputs of a multiplication, and as its kernel sees them. */
typedef struct Factors {
    int count;
    Field fields[MOST_FACTORS];
    const char *data[MOST_FACTORS];
    ptrdiff_t rows[MOST_FACTORS], cols[MOST_FACTORS];
} Factors;

/* layout is that of the first input; the others have any. */
static Factors factors_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int factor_count,
                            int layout) {
    Factors factors = {.count = factor_count};
    for (int n = 0; n < factor_count; n++) {
        factors.fields[n] = field_make(suite, rows, cols, n ? any_layout() : layout);
        factors.data[n] = factors.fields[n].data;
        factors.rows[n] = factors.fields[n].row;
        factors.cols[n] = factors.fields[n].col;
    }
    return factors;
}

static void factors_free(Factors *factors) {
    for (int n = 0; n < factors->count; n++) field_free(&factors->fields[n]);
}

static Sum factors_product(const Suite *suite, const Factors *factors, ptrdiff_t i, ptrdiff_t j) {
    Value product = value_load(suite, field_at(&factors->fields[0], i, j));
    for (int n = 1; n < factors->count; n++) {
        product = value_product(product, value_load(suite, field_at(&factors->fields[n], i, j)));
    }
    Sum sum = {{0}, {0}, 0, 0};
    sum_add(&sum, product);
    return sum;
}

static void multiply_factors(const Suite *suite, const Factors *factors, const Field *out) {
    multiply_kernel_for(suite->dtype, suite->isa)(&(MultiplyJob){
        .rows = out->rows,
        .cols = out->cols,
        .input_count = factors->count,
        .inputs = factors->data,
        .in_rows = factors->rows,
        .in_cols = factors->cols,
        .out = out->data,
        .out_row = out->row,
        .out_col = out->col,
    });
}

static void test_multiply(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int factor_count,
                          int layout) {
    if (!share_takes_next()) return;
    Factors factors = factors_make(suite, rows, cols, factor_count, layout);
    Field out = output_make(suite, rows, cols, any_output_layout());
    multiply_factors(suite, &factors, &out);
    bool holds = true;
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < cols; j++) {
            Sum product = factors_product(suite, &factors, i, j);
            holds &= output_settle(suite, &out, (ptrdiff_t[]){i, j}, &product, 4 * factor_count);
        }
    }
    if (!CHECK(holds && output_is_intact(&out))) {
        report(suite, "multiply", (ptrdiff_t[]){rows, cols, factor_count}, layout);
    }
    factors_free(&factors);
    field_free(&out);
}

/* Truth values of any bytes: what is not 0 is true. */
static void test_truths(const Suite *suite) {
    if (suite->dtype != DTYPE_BOOL) return;
    ptrdiff_t extents[MOST_EXTENTS];
    int count = suite_extents(suite, extents);
    for (int i = 0; i < count * LAYOUTS * MOST_FACTORS; i++) {
        ptrdiff_t rows = 1 + (ptrdiff_t)random_below(9), cols = extents[i % count];
        int layout = i / count % LAYOUTS, factor_count = 1 + i / count / LAYOUTS;
        Factors factors = factors_make(suite, rows, cols, factor_count, layout);
        Field out = output_make(suite, rows, cols, any_output_layout());
        multiply_factors(suite, &factors, &out);
        bool holds = true;
        for (ptrdiff_t at = 0; at < rows * cols; at++) {
            char *result = field_at(&out, at / cols, at % cols);
            bool is_true = true;
            for (int n = 0; n < factor_count; n++) {
                is_true &= *field_at(&factors.fields[n], at / cols, at % cols) != 0;
            }
            holds &= *result == is_true;
            *result = *output_before(&out, at / cols, at % cols);
        }
        if (!CHECK(holds && output_is_intact(&out))) {
            report(suite, "multiply", (ptrdiff_t[]){rows, cols, factor_count}, layout);
        }
        factors_free(&factors);
        field_free(&out);
    }
}

static void test_multiplies(const Suite *suite) {
    ptrdiff_t extents[MOST_EXTENTS];
    int count = suite_extents(suite, extents);
    for (int layout = 0; layout < LAYOUTS; layout++) {
        for (int i = 0; i < count * MOST_FACTORS; i++) {
            test_multiply(suite, 1, extents[i % count], 1 + i / count, layout);
            test_multiply(suite, 1 + (ptrdiff_t)random_below(70), extents[i % count], 1 + i / count,
                          layout);
        }
        test_multiply(suite, 1, 5003, 2 + layout % 3, layout);
        test_multiply(suite, 3, 2003, 2 + layout % 3, layout);
    }
}

/* ---- small ---- */

/* A batch of products. In each field an entry is a row, whose elements are the rows of a matrix one
   after the other. */
typedef struct Batch {
    ptrdiff_t count, rows, depth, cols;
    Field left, right, out;
} Batch;

static SmallShape batch_shape(const Suite *suite, const Batch *batch) {
    ptrdiff_t left = batch->left.row, right = batch->right.row, out = batch->out.row;
    return (SmallShape){
        .rows = batch->rows,
        .entry = {left, right, out},
        .left_row = batch->depth * batch->left.col,
        .left_depth = batch->left.col,
        .right_depth = batch->cols * batch->right.col,
        .right_col = batch->right.col,
        .out_row = batch->cols * batch->out.col,
        .out_col = batch->out.col,
        .is_side_by_side = out == suite->size && (left == 0 || left == suite->size) &&
                           (right == 0 || right == suite->size),
    };
}

/* Element (i, j) of an entry. */
static Sum batch_sum(const Suite *suite, const Batch *batch, ptrdiff_t entry, ptrdiff_t i,
                     ptrdiff_t j) {
    Sum sum = {{0}, {0}, 0, 0};
    for (ptrdiff_t k = 0; k < batch->depth; k++) {
        Value left = value_load(suite, field_at(&batch->left, entry, i * batch->depth + k));
        Value right = value_load(suite, field_at(&batch->right, entry, k * batch->cols + j));
        sum_add(&sum, value_product(left, right));
    }
    return sum;
}

static bool batch_holds(const Suite *suite, const Batch *batch) {
    bool holds = true;
    for (ptrdiff_t entry = 0; entry < batch->count; entry++) {
        for (ptrdiff_t at = 0; at < batch->rows * batch->cols; at++) {
            Sum sum = batch_sum(suite, batch, entry, at / batch->cols, at % batch->cols);
            ptrdiff_t place[] = {entry, at};
            holds &= output_settle(suite, &batch->out, place, &sum, batch->depth + 3);
        }
    }
    return holds && output_is_intact(&batch->out);
}

/* extents: rows, depth and columns of each of count products. */
static void test_small(const Suite *suite, ptrdiff_t count, const ptrdiff_t extents[3],
                       int layout) {
    if (!share_takes_next()) return;
    ptrdiff_t rows = extents[0], depth = extents[1], cols = extents[2];
    int right_layout = random_bits() % 2 ? layout : any_layout();
    int out_layout = layout < OUTPUT_LAYOUTS ? layout : LAYOUT_COLS;
    Batch batch = {count, rows, depth, cols, {0}, {0}, {0}};
    batch.left = field_make(suite, count, rows * depth, layout);
    batch.right = field_make(suite, count, depth * cols, right_layout);
    batch.out = output_make(suite, count, rows * cols, out_layout);
    SmallShape shape = batch_shape(suite, &batch);
    char *data[] = {batch.left.data, batch.right.data, batch.out.data};
    (*suite->kernels->smalls)[depth - 1][cols - 1](&shape, data, count);
    if (!CHECK(batch_holds(suite, &batch))) report(suite, "small", extents, layout);
    field_free(&batch.left);
    field_free(&batch.right);
    field_free(&batch.out);
}

/* Every function, with entries side by side and in any layout. */
static void test_smalls(const Suite *suite) {
    const ptrdiff_t counts[] = {0, 1, suite->lanes - 1, suite->lanes, 2 * suite->lanes + 1};
    for (int i = 0; i < 5 * SMALL_MOST * SMALL_MOST; i++) {
        ptrdiff_t depth = 1 + i % SMALL_MOST, cols = 1 + i / SMALL_MOST % SMALL_MOST;
        for (ptrdiff_t rows = 1; rows <= 5; rows += 2) {
            ptrdiff_t count = counts[i / SMALL_MOST / SMALL_MOST];
            test_small(suite, count, (ptrdiff_t[]){rows, depth, cols}, LAYOUT_COLS);
            test_small(suite, count, (ptrdiff_t[]){rows, depth, cols}, any_layout());
        }
    }
}

/* ---- which cases ---- */

static void test_products(const Suite *suite) {
    test_multiplies(suite);
    test_smalls(suite);
}

int main(void) {
    suites_run(test_products);
    stored_suites_run(test_truths);
    return check_report();
}
