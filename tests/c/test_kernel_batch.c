/* The kernel of products whose entries lie side by side: tiles with every number of rows and
 * columns at their edges, and lanes around whole vectors. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

enum { MOST_SIDE = 9, MOST_DEPTH = 5 };

/* The elements of a matrix are the rows of a field, the lanes its columns. */
typedef struct Case {
    ptrdiff_t lanes, rows, cols, depth;
    bool accumulate;
    Field left, right, out;
} Case;

static Case case_make(const Suite *suite, ptrdiff_t lanes, ptrdiff_t rows, ptrdiff_t cols) {
    static const int layouts[] = {LAYOUT_ROWS, LAYOUT_ROWS_GAP, LAYOUT_ROWS_BACKWARD};
    Case c = {.lanes = lanes, .rows = rows, .cols = cols};
    c.depth = 1 + random_below(MOST_DEPTH);
    c.accumulate = random_bits() % 2;
    c.left = field_make(suite, rows * c.depth, lanes, layouts[random_below(3)]);
    c.right = field_make(suite, c.depth * cols, lanes, layouts[random_below(3)]);
    c.out = output_make(suite, rows * cols, lanes, layouts[random_below(3)]);
    return c;
}

static void case_free(Case *c) {
    field_free(&c->left);
    field_free(&c->right);
    field_free(&c->out);
}

static void multiples(ptrdiff_t offsets[], ptrdiff_t count, ptrdiff_t step) {
    for (ptrdiff_t i = 0; i < count; i++) offsets[i] = i * step;
}

static void case_run(const Suite *suite, const Case *c) {
    ptrdiff_t left_rows[MOST_SIDE], left_depth[MOST_DEPTH], right_cols[MOST_SIDE];
    ptrdiff_t right_depth[MOST_DEPTH], out_rows[MOST_SIDE], out_cols[MOST_SIDE];
    multiples(left_rows, c->rows, c->depth * c->left.row);
    multiples(left_depth, c->depth, c->left.row);
    multiples(right_depth, c->depth, c->cols * c->right.row);
    multiples(right_cols, c->cols, c->right.row);
    multiples(out_rows, c->rows, c->cols * c->out.row);
    multiples(out_cols, c->cols, c->out.row);
    suite->kernels->batch(&(BatchJob){
        .lanes = c->lanes,
        .rows = c->rows,
        .cols = c->cols,
        .depth = c->depth,
        .left = c->left.data,
        .right = c->right.data,
        .left_rows = left_rows,
        .left_depth = left_depth,
        .right_cols = right_cols,
        .right_depth = right_depth,
        .out = c->out.data,
        .out_rows = out_rows,
        .out_cols = out_cols,
        .accumulate = c->accumulate,
    });
}

/* Element (at / cols, at % cols) of an entry. */
static Sum case_sum(const Suite *suite, const Case *c, ptrdiff_t at, ptrdiff_t lane) {
    Sum sum = output_begin(suite, &c->out, at, lane, c->accumulate);
    for (ptrdiff_t k = 0; k < c->depth; k++) {
        ptrdiff_t left = at / c->cols * c->depth + k, right = k * c->cols + at % c->cols;
        Value factor = value_load(suite, field_at(&c->left, left, lane));
        Value other = value_load(suite, field_at(&c->right, right, lane));
        sum_add(&sum, value_product(factor, other));
    }
    return sum;
}

static bool case_holds(const Suite *suite, const Case *c) {
    bool holds = true;
    for (ptrdiff_t at = 0; at < c->rows * c->cols; at++) {
        for (ptrdiff_t lane = 0; lane < c->lanes; lane++) {
            Sum sum = case_sum(suite, c, at, lane);
            holds &= output_settle(suite, &c->out, (ptrdiff_t[]){at, lane}, &sum, c->depth);
        }
    }
    return holds && output_is_intact(&c->out);
}

static void test_batch(const Suite *suite, ptrdiff_t lanes, ptrdiff_t rows, ptrdiff_t cols) {
    if (!share_takes_next()) return;
    Case c = case_make(suite, lanes, rows, cols);
    case_run(suite, &c);
    if (!CHECK(case_holds(suite, &c))) {
        report(suite, "batch", (ptrdiff_t[]){rows, cols, lanes}, 0);
    }
    case_free(&c);
}

static void test_batches(const Suite *suite) {
    ptrdiff_t vector = suite->kernels->vector_cols;
    for (ptrdiff_t rows = 1; rows <= MOST_SIDE; rows++) {
        for (ptrdiff_t cols = 1; cols <= MOST_SIDE; cols++) {
            test_batch(suite, vector + random_below((int)vector), rows, cols);
        }
    }
    for (ptrdiff_t lanes = vector; lanes <= 3 * vector + 1; lanes++) {
        test_batch(suite, lanes, 1 + random_below(MOST_SIDE), 1 + random_below(MOST_SIDE));
    }
}

int main(void) {
    suites_run(test_batches);
    return check_report();
}
