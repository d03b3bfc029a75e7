/* Products of matrices of every size from nothing to three tiles and one more, in every layout,
 * with operands flush against pages that cannot be touched. They hold whole numbers, so that every
 * dtype has exactly one answer. */
#include "base/half.h"
#include "check.h"
#include "einsum.h"
#include "fields.h"
#include "random.h"
#include "share.h"

#include <string.h>

enum { MOST_ROWS = 3 * TILE_MAX_ROWS + 1, MOST_COLS = 3 * TILE_MAX_COLS + 1, MOST_DEPTH = 33 };
enum { DEPTHS = 5, PAIRS = 150 };

static const ptrdiff_t depths[DEPTHS] = {0, 1, 2, 7, MOST_DEPTH};

/* A real and an imaginary part, which is 0 where the dtype has none. */
typedef struct Number {
    int part[2];
} Number;

/* The largest operands; smaller ones are their corners. A product depends on the depth. */
static Number left[MOST_ROWS][MOST_DEPTH], right[MOST_DEPTH][MOST_COLS];
static Number products[DEPTHS][MOST_ROWS][MOST_COLS];

/* ---- numbers ---- */

/* Truth values are mostly 0, lest everything be true. */
static Number number_random(const Suite *suite) {
    if (suite->dtype == DTYPE_BOOL) return (Number){{random_below(5) == 0, 0}};
    int real = random_below(9) - 4, imaginary = random_below(9) - 4;
    return (Number){{real, suite->planes == 2 ? imaginary : 0}};
}

static Number number_multiply_add(Number sum, Number a, Number b) {
    sum.part[0] += a.part[0] * b.part[0] - a.part[1] * b.part[1];
    sum.part[1] += a.part[0] * b.part[1] + a.part[1] * b.part[0];
    return sum;
}

/* As an element of the dtype. */
static void number_store(const Suite *suite, Number number, char *memory) {
    uint64_t bits = (uint64_t)(int64_t)number.part[0];
    if (suite->dtype == DTYPE_BOOL) bits = number.part[0] != 0;
    if (suite->dtype == DTYPE_F16) bits = half_from_float((float)number.part[0]);
    if (!suite->is_real) memcpy(memory, &bits, (size_t)suite->size);
    for (int p = 0; p < suite->planes && suite->is_real; p++) {
        if (suite->is_single) ((float *)(void *)memory)[p] = (float)number.part[p];
        if (!suite->is_single) ((double *)(void *)memory)[p] = number.part[p];
    }
}

static void numbers_make(const Suite *suite) {
    for (int k = 0; k < MOST_DEPTH; k++) {
        for (int i = 0; i < MOST_ROWS; i++) left[i][k] = number_random(suite);
        for (int j = 0; j < MOST_COLS; j++) right[k][j] = number_random(suite);
    }
}

static Number number_product(int i, int j, ptrdiff_t depth) {
    Number sum = {{0}};
    for (int k = 0; k < depth; k++) sum = number_multiply_add(sum, left[i][k], right[k][j]);
    return sum;
}

static void products_make(int rows, int cols) {
    for (int at = 0; at < DEPTHS * rows * cols; at++) {
        int d = at / cols / rows, i = at / cols % rows, j = at % cols;
        products[d][i][j] = number_product(i, j, depths[d]);
    }
}

/* ---- one product ---- */

/* left, right and out, the first two filled from the tables. */
typedef struct Matrices {
    Field sides[3];
} Matrices;

static Matrices matrices_make(const Suite *suite, const ptrdiff_t extents[3], int out_layout) {
    ptrdiff_t rows = extents[0], cols = extents[1], depth = extents[2];
    Matrices matrices = {{
        field_make(suite, rows, depth, any_output_layout()), /* without overlaps */
        field_make(suite, depth, cols, any_output_layout()),
        output_make(suite, rows, cols, out_layout),
    }};
    for (ptrdiff_t k = 0; k < depth; k++) {
        for (ptrdiff_t i = 0; i < rows; i++) {
            number_store(suite, left[i][k], field_at(&matrices.sides[0], i, k));
        }
        for (ptrdiff_t j = 0; j < cols; j++) {
            number_store(suite, right[k][j], field_at(&matrices.sides[1], k, j));
        }
    }
    return matrices;
}

static void matrices_free(Matrices *matrices) {
    for (int side = 0; side < 3; side++) field_free(&matrices->sides[side]);
}

static Tensor tensor_of(const Suite *suite, const Field *field) {
    return (Tensor){.data = field->data,
                    .dtype = suite->dtype,
                    .axis_count = 2,
                    .shape = {field->rows, field->cols},
                    .strides = {field->row, field->col}};
}

/* By the strategy where it applies, else by the one that the plan chooses. */
static Status multiply(const Suite *suite, const Matrices *matrices, const Strategy *strategy) {
    Machine machine = machine_with_isa(suite->isa);
    PlanOptions options = {.machine = &machine, .strategy = strategy};
    Tensor tensors[3];
    char *data[3];
    for (int side = 0; side < 3; side++) {
        tensors[side] = tensor_of(suite, &matrices->sides[side]);
        data[side] = tensors[side].data;
    }
    Error error;
    Einsum einsum;
    einsum_begin(&einsum);
    Status status = einsum_resolve(&einsum, "ij,jk->ik", 9, tensors, 2, &tensors[2], &error);
    if (status == STATUS_OK) status = einsum_plan(&einsum, &options, &error);
    if (status == STATUS_OK) {
        status = einsum_run(einsum.plan, data, &(Crew){.threads = 1}, &error);
    }
    einsum_end(&einsum);
    return status;
}

/* Writes into the copy of the output's memory what has to be in the output. */
static void expect_product(const Suite *suite, const Field *out, int d) {
    for (ptrdiff_t i = 0; i < out->rows; i++) {
        for (ptrdiff_t j = 0; j < out->cols; j++) {
            number_store(suite, products[d][i][j], output_before(out, i, j));
        }
    }
}

/* Two of three times by gemm. */
static void test_product(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int out_layout) {
    if (!share_takes_next()) return;
    int d = random_below(DEPTHS);
    const ptrdiff_t extents[] = {rows, cols, depths[d]};
    const Strategy *strategy = random_below(3) ? strategy_from_name("gemm") : NULL;
    Matrices matrices = matrices_make(suite, extents, out_layout);
    const Field *out = &matrices.sides[2];
    CHECK_EQUAL_INT(multiply(suite, &matrices, strategy), STATUS_OK);
    expect_product(suite, out, d);
    if (!CHECK(output_is_intact(out))) {
        report(suite, strategy ? "gemm" : "product", extents, out_layout);
    }
    matrices_free(&matrices);
}

/* ---- which cases ---- */

/* Every pair of extents, with rows of the output that run along the vectors. */
static void test_all_pairs(const Suite *suite, int most_rows, int most_cols) {
    static const int layouts[] = {LAYOUT_ROWS, LAYOUT_ROWS_GAP, LAYOUT_ROWS_APART,
                                  LAYOUT_ROWS_BACKWARD, LAYOUT_COLS_BACKWARD};
    for (int rows = 0; rows <= most_rows; rows++) {
        for (int cols = 0; cols <= most_cols; cols++) {
            test_product(suite, rows, cols, layouts[random_below(5)]);
        }
    }
}

/* One dtype of each kind takes every pair, the others some by chance. */
static void test_dtype(const Suite *suite) {
    const KernelSet *kernels = suite->kernels;
    if (!kernels) return;
    DType dtype = suite->dtype;
    int most_rows = 0, most_cols = 0;
    for (int t = 0; t < kernels->tile_count; t++) {
        const Tile *tile = &kernels->tiles[t];
        if (3 * tile->rows >= most_rows) most_rows = 3 * tile->rows + 1;
        if (3 * tile->cols >= most_cols) most_cols = 3 * tile->cols + 1;
    }
    numbers_make(suite);
    products_make(most_rows, most_cols);
    if (dtype == DTYPE_F32 || dtype == DTYPE_C64 || dtype == DTYPE_I64) {
        test_all_pairs(suite, most_rows, most_cols);
    }
    for (int i = 0; i < PAIRS; i++) {
        int rows = random_below(most_rows + 1), cols = random_below(most_cols + 1);
        test_product(suite, rows, cols, any_output_layout());
    }
}

int main(void) {
    stored_suites_run(test_dtype);
    return check_report();
}
