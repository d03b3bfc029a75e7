/* The register tiles: each one packed, half-packed and direct, with every number of rows and
 * columns up to its own, so that every way in which an edge can cut it off is there. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

enum { MOST_DEPTH = 33, DEPTHS = 5 };

static const ptrdiff_t depths[DEPTHS] = {0, 1, 2, 7, MOST_DEPTH};

/* The inputs of a whole tile, where their elements are, and the sums of their products. */
typedef struct Inputs {
    const Suite *suite;
    const Tile *tile;
    TileKernel *kernel;
    const char *left, *right;
    ptrdiff_t depth;
    ptrdiff_t left_rows[TILE_MAX_ROWS], right_cols[TILE_MAX_COLS]; /* of rows and of vectors */
    ptrdiff_t left_depth[MOST_DEPTH], right_depth[MOST_DEPTH];
} Inputs;

/* Of the inputs at hand, by row and column. */
static Sum sums[TILE_MAX_ROWS][TILE_MAX_COLS];

/* ---- inputs ---- */

static void offsets_make(ptrdiff_t offsets[], ptrdiff_t count, ptrdiff_t step) {
    for (ptrdiff_t i = 0; i < count; i++) offsets[i] = i * step;
}

static Sum inputs_sum(const Inputs *inputs, ptrdiff_t i, ptrdiff_t j) {
    const Suite *suite = inputs->suite;
    int lanes = suite->kernels->vector_cols;
    const char *left = inputs->left + inputs->left_rows[i];
    const char *right = inputs->right + inputs->right_cols[j / lanes] + j % lanes * suite->size;
    Sum sum = {{0}, {0}, 0, 0};
    for (ptrdiff_t k = 0; k < inputs->depth; k++) {
        Value factor = value_load(suite, left + inputs->left_depth[k]);
        sum_add(&sum, value_product(factor, value_load(suite, right + inputs->right_depth[k])));
    }
    return sum;
}

static void inputs_multiply(const Inputs *inputs) {
    for (int i = 0; i < inputs->tile->rows; i++) {
        for (int j = 0; j < inputs->tile->cols; j++) sums[i][j] = inputs_sum(inputs, i, j);
    }
}

/* ---- one call ---- */

/* The place of column j where there is one between each `run` columns and the next. */
static ptrdiff_t place_of(ptrdiff_t j, ptrdiff_t run) {
    return j + j / run;
}

static bool output_holds(const Inputs *inputs, const TileJob *job, const Field *out,
                         ptrdiff_t run) {
    const Suite *suite = inputs->suite;
    bool holds = true;
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        for (ptrdiff_t j = 0; j < job->cols; j++) {
            Sum sum = sums[i][j];
            ptrdiff_t at = place_of(j, run);
            if (job->accumulate) {
                Sum before = output_begin(suite, out, i, at, true);
                sum_add(&sum, (Value){{before.part[0], before.part[1]}, before.size, before.bits});
            }
            holds &= output_settle(suite, out, (ptrdiff_t[]){i, at}, &sum, job->depth + 3);
        }
    }
    return holds && output_is_intact(out);
}

/* The kernel on the first rows and columns. */
static void test_part(const Inputs *inputs, int rows, int cols) {
    if (!share_takes_next()) return;
    const Suite *suite = inputs->suite;
    const Tile *tile = inputs->tile;
    int run = random_below(2) ? cols : 1 + random_below(cols);
    ptrdiff_t places = place_of(cols - 1, run) + 1;
    Field out = output_make(suite, rows, places, any_output_layout());
    ptrdiff_t out_rows[TILE_MAX_ROWS], out_cols[TILE_MAX_COLS], left_rows[TILE_MAX_ROWS];
    offsets_make(out_rows, rows, out.row);
    for (int j = 0; j < cols; j++) out_cols[j] = place_of(j, run) * out.col;
    for (int i = 0; i < tile->rows; i++) left_rows[i] = inputs->left_rows[i < rows ? i : rows - 1];
    TileJob job = {
        .depth = inputs->depth,
        .left = inputs->left,
        .right = inputs->right,
        .left_rows = left_rows,
        .left_depth = inputs->left_depth,
        .right_cols = inputs->right_cols,
        .right_depth = inputs->right_depth,
        .out = out.data,
        .row_offsets = out_rows,
        .col_offsets = out_cols,
        .rows = rows,
        .cols = cols,
        .has_adjacent_cols = out.col == suite->size && run == cols,
        .accumulate = random_bits() % 2,
    };
    inputs->kernel(&job);
    if (!CHECK(output_holds(inputs, &job, &out, run))) {
        const char *name = inputs->kernel == tile->packed   ? "packed tile"
                           : inputs->kernel == tile->direct ? "direct tile"
                                                            : "half-packed tile";
        printf("    tile of %d x %d\n", tile->rows, tile->cols);
        report(suite, name, (ptrdiff_t[]){rows, cols, job.depth}, job.accumulate);
    }
    field_free(&out);
}

/* ---- which cases ---- */

/* The whole tile a few times; of its parts those whose turn it is at the d-th depth. */
static void test_parts(const Inputs *inputs, int d) {
    const Tile *tile = inputs->tile;
    inputs_multiply(inputs);
    for (int repeat = 0; repeat < 4; repeat++) test_part(inputs, tile->rows, tile->cols);
    int turn = d + (int)inputs->suite->side + 2 * (int)inputs->suite->filling;
    for (int rows = 1; rows <= tile->rows; rows++) {
        for (int cols = 1; cols <= tile->cols; cols++) {
            if ((turn + rows + cols) % DEPTHS == 0) test_part(inputs, rows, cols);
        }
    }
}

static void test_packed(const Suite *suite, const Tile *tile, int d) {
    ptrdiff_t depth = depths[d], size = suite->size;
    Field left = field_make(suite, depth, tile->rows, LAYOUT_ROWS);
    Field right = field_make(suite, depth, tile->cols, LAYOUT_ROWS);
    Inputs inputs = {suite, tile, tile->packed, left.data, right.data, .depth = depth};
    offsets_make(inputs.left_rows, tile->rows, size);
    offsets_make(inputs.right_cols, TILE_MAX_COLS, suite->kernels->vector_cols * size);
    offsets_make(inputs.left_depth, depth, tile->rows * size);
    offsets_make(inputs.right_depth, depth, tile->cols * size);
    test_parts(&inputs, d);
    field_free(&left);
    field_free(&right);
}

/* The vectors lie anywhere, here the last one first, the elements of each side by side. */
static void test_right_direct(const Suite *suite, const Tile *tile, int d, bool is_left_packed) {
    ptrdiff_t depth = depths[d];
    int lanes = suite->kernels->vector_cols, vectors = tile->cols / lanes;
    Field left = field_make(suite, tile->rows, depth, is_left_packed ? LAYOUT_COLS : any_layout());
    Field right = field_make(suite, depth * vectors, lanes,
                             random_bits() % 2 ? LAYOUT_ROWS_GAP : LAYOUT_ROWS);
    TileKernel *kernel = is_left_packed ? tile->half_packed : tile->direct;
    Inputs inputs = {suite, tile, kernel, left.data, right.data, .depth = depth};
    offsets_make(inputs.left_rows, tile->rows, left.row);
    for (int v = 0; v < vectors; v++) inputs.right_cols[v] = (vectors - 1 - v) * depth * right.row;
    offsets_make(inputs.left_depth, depth, left.col);
    offsets_make(inputs.right_depth, depth, right.row);
    test_parts(&inputs, d);
    field_free(&left);
    field_free(&right);
}

static void test_tiles(const Suite *suite) {
    for (int t = 0; t < suite->kernels->tile_count; t++) {
        const Tile *tile = &suite->kernels->tiles[t];
        CHECK(tile->rows <= TILE_MAX_ROWS && tile->cols <= TILE_MAX_COLS);
        for (int d = 0; d < DEPTHS; d++) {
            test_packed(suite, tile, d);
            test_right_direct(suite, tile, d, false);
            test_right_direct(suite, tile, d, true);
        }
    }
}

int main(void) {
    suites_run(test_tiles);
    return check_report();
}
