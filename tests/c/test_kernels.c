/* Every kernel of every KernelSet against plain loops: each dtype on each ISA that is built and
 * present, extents around those of vectors and tiles, all kinds of strides, operands flush against
 * pages that cannot be touched, on either side. Whole numbers must come out exactly, others within
 * the bound of a blocked sum; what lies between the elements of an output must stay as it was. */
#include "base/half.h"
#include "check.h"
#include "guarded.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>

/* Additions that one term of a sum may go through: longer sums must be blocked. */
enum { LONGEST_CHAIN = 320, MOST_EXTENTS = 10 };

/* What floating-point operands hold: whole numbers, whose sums are exact; numbers of both signs; or
   one number everywhere, whose rounding errors all have one sign in long chains. */
typedef enum Filling { FILLING_WHOLE, FILLING_RANDOM, FILLING_CONSTANT } Filling;

/* What is under test. */
typedef struct Suite {
    Isa isa;
    DType dtype;
    const KernelSet *kernels;
    ptrdiff_t size; /* bytes of an element */
    int planes, lanes;
    bool is_real; /* floating point */
    Filling filling;
    GuardSide side;
} Suite;

static uint64_t random_state = 1;

static uint32_t random_bits(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

/* ---- values: what plain loops compute with
 * --------------------------------------------------------- */

/* Real types use part, and size, the sum of all magnitudes; integers use bits, which wrap. */
typedef struct Value {
    long double part[2], size;
    uint64_t bits;
} Value;

static Value value_load(const Suite *suite, const char *memory) {
    Value value = {{0}, 0, 0};
    if (!suite->is_real) memcpy(&value.bits, memory, (size_t)suite->size);
    for (int p = 0; suite->is_real && p < suite->planes; p++) {
        bool single = suite->size / suite->planes == sizeof(float);
        value.part[p] = single ? (long double)((const float *)(const void *)memory)[p]
                               : (long double)((const double *)(const void *)memory)[p];
        value.size += fabsl(value.part[p]);
    }
    return value;
}

static void value_make(const Suite *suite, char *memory) {
    double fillings[] = {
        [FILLING_WHOLE] = (double)(random_bits() % 9) - 4,
        [FILLING_RANDOM] = (double)random_bits() * 0x1p-31 - 0.5,
        [FILLING_CONSTANT] = 0.1,
    };
    uint64_t bits = (uint64_t)random_bits() << 32 | random_bits();
    if (!suite->is_real) memcpy(memory, &bits, (size_t)suite->size);
    for (int p = 0; suite->is_real && p < suite->planes; p++) {
        double value = fillings[suite->filling];
        bool single = suite->size / suite->planes == sizeof(float);
        if (single) ((float *)(void *)memory)[p] = (float)value;
        if (!single) ((double *)(void *)memory)[p] = value;
    }
}

static Value value_sum(Value a, Value b) {
    return (Value){
        {a.part[0] + b.part[0], a.part[1] + b.part[1]}, a.size + b.size, a.bits + b.bits};
}

static Value value_product(Value a, Value b) {
    return (Value){
        {a.part[0] * b.part[0] - a.part[1] * b.part[1],
         a.part[0] * b.part[1] + a.part[1] * b.part[0]},
        a.size * b.size,
        a.bits * b.bits,
    };
}

/* steps: roundings that a term may have gone through. */
static bool value_equals(const Suite *suite, const char *memory, Value expected, ptrdiff_t steps) {
    Value actual = value_load(suite, memory);
    if (!suite->is_real) return memcmp(&expected.bits, memory, (size_t)suite->size) == 0;
    bool single = suite->size / suite->planes == sizeof(float);
    long double chain = steps < LONGEST_CHAIN ? (long double)steps : LONGEST_CHAIN;
    long double bound = suite->filling == FILLING_WHOLE
                            ? 0
                            : (single ? 0x1p-24L : 0x1p-53L) * chain * expected.size;
    return fabsl(actual.part[0] - expected.part[0]) <= bound &&
           fabsl(actual.part[1] - expected.part[1]) <= bound;
}

/* ---- fields: planes of elements in guarded memory
 * -------------------------------------------------- */

typedef struct Layout {
    bool by_cols;  /* the columns' step is the longer one */
    int step, gap; /* elements per inner step, and left over after each outer one */
    bool rows_backward, cols_backward;
    bool rows_at_rest, cols_at_rest; /* stride zero: for inputs only */
} Layout;

/* The first INPUT_ONLY ones do for outputs too. */
static const Layout layouts[] = {
    {.step = 1},
    {.step = 1, .by_cols = true},
    {.step = 1, .gap = 3},
    {.step = 1, .gap = 1, .by_cols = true},
    {.step = 2, .gap = 1},
    {.step = 3, .by_cols = true},
    {.step = 1, .rows_backward = true},
    {.step = 1, .cols_backward = true},
    {.step = 1, .by_cols = true, .rows_backward = true, .cols_backward = true},
    {.step = 1, .rows_at_rest = true},
    {.step = 1, .cols_at_rest = true},
    {.step = 1, .by_cols = true, .rows_at_rest = true, .cols_at_rest = true},
};

enum { LAYOUTS = sizeof layouts / sizeof layouts[0], OUTPUT_LAYOUTS = 9 };

typedef struct Field {
    Guarded memory;
    char *data; /* element (0, 0) */
    ptrdiff_t rows, cols, row, col;
    char *before; /* the bytes as they were made */
} Field;

static char *field_at(const Field *field, ptrdiff_t i, ptrdiff_t j) {
    return field->data + i * field->row + j * field->col;
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

static Field field_make(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int layout_index) {
    const Layout *layout = &layouts[layout_index];
    Field field = {.rows = rows, .cols = cols};
    ptrdiff_t bytes = field_lay_out(suite, layout, &field);
    field.memory = guarded_make((size_t)bytes, suite->side);
    field.data = field.memory.data;
    if (layout->rows_backward && bytes) {
        field.data += (rows - 1) * field.row;
        field.row = -field.row;
    }
    if (layout->cols_backward && bytes) {
        field.data += (cols - 1) * field.col;
        field.col = -field.col;
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < cols; j++) value_make(suite, field_at(&field, i, j));
    }
    field.before = malloc((size_t)bytes + 1);
    memcpy(field.before, field.memory.data, (size_t)bytes);
    return field;
}

/* The value that an element had before. */
static Value field_before(const Suite *suite, const Field *field, ptrdiff_t i, ptrdiff_t j) {
    return value_load(suite, field->before + (field_at(field, i, j) - field->memory.data));
}

/* Puts an element back, so that at last only what should not have been written can differ. */
static void field_restore(const Suite *suite, Field *field, ptrdiff_t i, ptrdiff_t j) {
    char *element = field_at(field, i, j);
    memcpy(element, field->before + (element - field->memory.data), (size_t)suite->size);
}

/* Whether nothing beside the restored elements was written. */
static bool field_is_intact(const Field *field) {
    return guarded_is_intact(&field->memory) &&
           memcmp(field->memory.data, field->before, field->memory.bytes) == 0;
}

static void field_free(Field *field) {
    guarded_free(&field->memory);
    free(field->before);
}

/* Names the case of a failed check. */
static void report(const Suite *suite, const char *kernel, const ptrdiff_t extents[3], int layout) {
    printf("    %s %s %s: extents %td %td %td, layout %d, guard %d\n", kernel,
           dtype_name(suite->dtype), isa_name(suite->isa), extents[0], extents[1], extents[2],
           layout, suite->side);
}

/* ---- the kernels
 * ----------------------------------------------------------------------------------- */

/* An element as a copy leaves it: no half is -0, a bool is 0 or 1. */
static void value_normalise(const Suite *suite, char element[16]) {
    static const char negative_zero[2] = {0, (char)0x80};
    if (suite->dtype == DTYPE_BOOL) element[0] = element[0] != 0;
    if (suite->dtype == DTYPE_F16 && memcmp(element, negative_zero, 2) == 0) element[1] = 0;
}

static bool copy_holds(const Suite *suite, const Field *in, Field *out) {
    bool holds = true;
    for (ptrdiff_t i = 0; i < in->rows; i++) {
        for (ptrdiff_t j = 0; j < in->cols; j++) {
            char expected[16];
            memcpy(expected, field_at(in, i, j), (size_t)suite->size);
            value_normalise(suite, expected);
            holds &= memcmp(expected, field_at(out, i, j), (size_t)suite->size) == 0;
            field_restore(suite, out, i, j);
        }
    }
    return holds && field_is_intact(out);
}

static void test_copy(const Suite *suite, ptrdiff_t rows, ptrdiff_t cols, int in_layout) {
    for (int out_layout = 0; out_layout < OUTPUT_LAYOUTS; out_layout++) {
        bool is_streamed = random_bits() % 2;
        Field in = field_make(suite, rows, cols, in_layout);
        Field out = field_make(suite, rows, cols, out_layout);
        copy_kernel_for(suite->dtype, suite->isa)(&(CopyJob){
            rows, cols, in.data, in.row, in.col, out.data, out.row, out.col, is_streamed});
        if (!CHECK(copy_holds(suite, &in, &out))) {
            report(suite, "copy", (ptrdiff_t[]){rows, cols, out_layout}, in_layout);
        }
        field_free(&in);
        field_free(&out);
    }
}

static void test_reduce(const Suite *suite, ptrdiff_t kept, ptrdiff_t summed, int layout) {
    bool accumulate = random_bits() % 2;
    Field in = field_make(suite, kept, summed, layout);
    Field out = field_make(suite, kept, 1, (int)(random_bits() % OUTPUT_LAYOUTS));
    suite->kernels->reduce(
        &(ReduceJob){kept, summed, in.data, in.row, in.col, out.data, out.row, accumulate});
    bool holds = true;
    for (ptrdiff_t i = 0; i < kept; i++) {
        Value sum = {{0}, 0, 0};
        if (accumulate) sum = field_before(suite, &out, i, 0);
        for (ptrdiff_t k = 0; k < summed; k++) {
            sum = value_sum(sum, value_load(suite, field_at(&in, i, k)));
        }
        holds &= value_equals(suite, field_at(&out, i, 0), sum, summed + 1);
        field_restore(suite, &out, i, 0);
    }
    if (!CHECK(holds && field_is_intact(&out))) {
        report(suite, "reduce", (ptrdiff_t[]){kept, summed, accumulate}, layout);
    }
    field_free(&in);
    field_free(&out);
}

static Value gemv_sum(const Suite *suite, const Field *matrix, const Field *vector, ptrdiff_t i) {
    Value sum = {{0}, 0, 0};
    for (ptrdiff_t k = 0; k < matrix->cols; k++) {
        Value m = value_load(suite, field_at(matrix, i, k));
        Value x = value_load(suite, field_at(vector, vector->rows == 1 ? 0 : i, k));
        sum = value_sum(sum, value_product(m, x));
    }
    return sum;
}

/* The vector is shared by all rows, or laid out like the matrix, or in any way. */
static void test_gemv(const Suite *suite, ptrdiff_t rows, ptrdiff_t depth, int layout) {
    bool accumulate = random_bits() % 2;
    int any = (int)(random_bits() % LAYOUTS), kind = (int)(random_bits() % 3);
    Field matrix = field_make(suite, rows, depth, layout);
    Field vector = field_make(suite, kind == 0 ? 1 : rows, depth, kind == 1 ? layout : any);
    Field out = field_make(suite, rows, 1, (int)(random_bits() % OUTPUT_LAYOUTS));
    suite->kernels->gemv(&(GemvJob){rows, depth, matrix.data, matrix.row, matrix.col, vector.data,
                                    kind == 0 ? 0 : vector.row, vector.col, out.data, out.row,
                                    accumulate});
    bool holds = true;
    for (ptrdiff_t i = 0; i < rows; i++) {
        Value sum = gemv_sum(suite, &matrix, &vector, i);
        if (accumulate) sum = value_sum(sum, field_before(suite, &out, i, 0));
        holds &= value_equals(suite, field_at(&out, i, 0), sum, depth + 3);
        field_restore(suite, &out, i, 0);
    }
    if (!CHECK(holds && field_is_intact(&out))) {
        report(suite, "gemv", (ptrdiff_t[]){rows, depth, kind}, layout);
    }
    field_free(&matrix);
    field_free(&vector);
    field_free(&out);
}

/* rows that slide: row r of the output sees row r + i of the map with element i of the kernel; rows
   that are filters: every run meets all of them. Each run takes `taps` neighbours in the map. */
static void test_direct(const Suite *suite, ptrdiff_t lanes, int rows, bool slides) {
    enum { TAPS = 3, HEIGHT = 3, MOST_STEPS = HEIGHT + 8 };
    bool accumulate = random_bits() % 2;
    int steps = slides ? HEIGHT + rows - 1 : HEIGHT, kernels = slides ? HEIGHT : HEIGHT * rows;
    Field map = field_make(suite, steps, lanes + TAPS - 1, 0);
    Field kernel = field_make(suite, kernels, TAPS, (int)(random_bits() % LAYOUTS));
    Field out = field_make(suite, rows, lanes, 0);
    DirectRun runs[MOST_STEPS];
    for (int at = 0; at < steps; at++) {
        runs[at] = (DirectRun){at * map.row, at * kernel.row, TAPS, 0};
        for (int r = 0; r < rows; r++) {
            bool meets = !slides || (at >= r && at < HEIGHT + r);
            runs[at].rows |= (unsigned)meets << r;
        }
    }
    ptrdiff_t kernel_row = slides ? -kernel.row : HEIGHT * kernel.row;
    suite->kernels->direct(&(DirectJob){runs, steps, map.data, kernel.data, map.col, kernel.col,
                                        kernel_row, out.data, out.row, lanes, rows, accumulate});
    bool holds = true;
    for (ptrdiff_t r = 0; r < rows; r++) {
        for (ptrdiff_t j = 0; j < lanes; j++) {
            Value sum = {{0}, 0, 0};
            if (accumulate) sum = field_before(suite, &out, r, j);
            for (ptrdiff_t k = 0; k < HEIGHT * TAPS; k++) {
                ptrdiff_t i = k / TAPS, t = k % TAPS, at = slides ? r + i : i;
                Value m = value_load(suite, field_at(&map, at, j + t));
                Value w = value_load(suite, field_at(&kernel, slides ? i : r * HEIGHT + i, t));
                sum = value_sum(sum, value_product(m, w));
            }
            holds &= value_equals(suite, field_at(&out, r, j), sum, HEIGHT * TAPS + 3);
            field_restore(suite, &out, r, j);
        }
    }
    if (!CHECK(holds && field_is_intact(&out))) {
        report(suite, "direct", (ptrdiff_t[]){rows, lanes, slides}, 0);
    }
    field_free(&map);
    field_free(&kernel);
    field_free(&out);
}

/* Widths around a quarter, a half, one and several vectors, every number of rows. */
static void test_directs(const Suite *suite) {
    ptrdiff_t whole = suite->lanes, widths[] = {whole / 4, whole / 2,     whole,    2 * whole,
                                                3 * whole, 4 * whole + 2, 5 * whole};
    for (int i = 0; i < 21; i++) {
        ptrdiff_t lanes = widths[i / 3] + i % 3 - 1;
        for (int rows = 1; lanes > 0 && rows <= suite->kernels->direct_rows; rows++) {
            test_direct(suite, lanes, rows, (i + rows) % 2);
        }
    }
}

enum { MOST_FACTORS = 4 };

/* layout is that of the first input; the others follow in the list. */
static void test_multiply(const Suite *suite, ptrdiff_t count, int input_count, int layout) {
    Field inputs[MOST_FACTORS],
        out = field_make(suite, 1, count, (int)(random_bits() % OUTPUT_LAYOUTS));
    const char *pointers[MOST_FACTORS];
    ptrdiff_t strides[MOST_FACTORS];
    for (int n = 0; n < input_count; n++) {
        inputs[n] = field_make(suite, 1, count, n ? (int)(random_bits() % LAYOUTS) : layout);
        pointers[n] = inputs[n].data;
        strides[n] = inputs[n].col;
    }
    suite->kernels->multiply(
        &(MultiplyJob){count, input_count, pointers, strides, out.data, out.col});
    bool holds = true;
    for (ptrdiff_t i = 0; i < count; i++) {
        Value product = value_load(suite, field_at(&inputs[0], 0, i));
        for (int n = 1; n < input_count; n++) {
            product = value_product(product, value_load(suite, field_at(&inputs[n], 0, i)));
        }
        holds &= value_equals(suite, field_at(&out, 0, i), product, 3 * input_count);
        field_restore(suite, &out, 0, i);
    }
    if (!CHECK(holds && field_is_intact(&out))) {
        report(suite, "multiply", (ptrdiff_t[]){count, input_count, 0}, layout);
    }
    for (int n = 0; n < input_count; n++) field_free(&inputs[n]);
    field_free(&out);
}

/* One product of a batch: rows and columns of an entry lie one after the other in a row of a field,
   and the entries are its rows. */
static Value small_sum(const Suite *suite, const Field sides[2], const ptrdiff_t extents[3],
                       ptrdiff_t at[3]) {
    Value sum = {{0}, 0, 0};
    for (ptrdiff_t k = 0; k < extents[1]; k++) {
        Value left = value_load(suite, field_at(&sides[0], at[0], at[1] * extents[1] + k));
        Value right = value_load(suite, field_at(&sides[1], at[0], k * extents[2] + at[2]));
        sum = value_sum(sum, value_product(left, right));
    }
    return sum;
}

/* extents: rows, depth and columns of each of count products. */
static void test_small(const Suite *suite, ptrdiff_t count, const ptrdiff_t extents[3],
                       int layout) {
    ptrdiff_t rows = extents[0], depth = extents[1], cols = extents[2];
    int right_layout = random_bits() % 2 ? layout : (int)(random_bits() % LAYOUTS);
    int out_layout = layout < OUTPUT_LAYOUTS ? layout : 1; /* side by side */
    Field in[2] = {field_make(suite, count, rows * depth, layout),
                   field_make(suite, count, depth * cols, right_layout)};
    Field out = field_make(suite, count, rows * cols, out_layout);
    SmallShape shape = {
        .rows = rows,
        .entry = {in[0].row, in[1].row, out.row},
        .left_row = depth * in[0].col,
        .left_depth = in[0].col,
        .right_depth = cols * in[1].col,
        .right_col = in[1].col,
        .out_row = cols * out.col,
        .out_col = out.col,
        .is_side_by_side = out.row == suite->size && (in[0].row == 0 || in[0].row == suite->size) &&
                           (in[1].row == 0 || in[1].row == suite->size),
    };
    (*suite->kernels->smalls)[depth - 1][cols - 1](
        &shape, (char *const[]){in[0].data, in[1].data, out.data}, count);
    bool holds = true;
    for (ptrdiff_t at = 0; at < count * rows * cols; at++) {
        ptrdiff_t b = at / (rows * cols), i = at / cols % rows, j = at % cols;
        Value sum = small_sum(suite, in, extents, (ptrdiff_t[]){b, i, j});
        holds &= value_equals(suite, field_at(&out, b, i * cols + j), sum, depth + 3);
        field_restore(suite, &out, b, i * cols + j);
    }
    if (!CHECK(holds && field_is_intact(&out))) report(suite, "small", extents, layout);
    field_free(&in[0]);
    field_free(&in[1]);
    field_free(&out);
}

static void test_smalls(const Suite *suite) {
    const ptrdiff_t counts[] = {0, 1, suite->lanes - 1, suite->lanes, 2 * suite->lanes + 1};
    for (int i = 0; i < 5 * SMALL_MOST * SMALL_MOST; i++) {
        ptrdiff_t depth = 1 + i % SMALL_MOST, cols = 1 + i / SMALL_MOST % SMALL_MOST;
        for (ptrdiff_t rows = 1; rows <= 5; rows += 2) {
            ptrdiff_t count = counts[i / SMALL_MOST / SMALL_MOST];
            test_small(suite, count, (ptrdiff_t[]){rows, depth, cols}, 1);
            test_small(suite, count, (ptrdiff_t[]){rows, depth, cols},
                       (int)(random_bits() % LAYOUTS));
        }
    }
}

/* Element `lane` of step k of a panel. */
static Value panel_value(const Suite *suite, const char *panel, ptrdiff_t k, ptrdiff_t lane,
                         ptrdiff_t width) {
    return value_load(suite, panel + (k * width + lane) * suite->size);
}

static void test_pack(const Suite *suite, int lanes, int width, ptrdiff_t depth, int layout) {
    Field source = field_make(suite, lanes, depth, layout);
    Guarded panel = guarded_make((size_t)(depth * width * suite->size), suite->side);
    ptrdiff_t lane_offsets[TILE_MAX_COLS], depth_offsets[64];
    int first = (int)(random_bits() % 4); /* lanes in two runs that have changed places */
    for (int i = 0; i < lanes; i++) lane_offsets[i] = (i + first) % lanes * source.row;
    for (ptrdiff_t k = 0; k < depth; k++) depth_offsets[k] = (depth - 1 - k) * source.col;
    suite->kernels->pack(
        &(PackJob){source.data, lane_offsets, depth_offsets, depth, lanes, width, panel.data});
    bool holds = guarded_is_intact(&panel);
    for (ptrdiff_t k = 0; k < depth; k++) {
        for (int i = 0; i < width; i++) {
            Value expected = {{0}, 0, 0}, packed = panel_value(suite, panel.data, k, i, width);
            if (i < lanes) {
                const char *element = source.data + lane_offsets[i] + depth_offsets[k];
                expected = value_load(suite, element);
            }
            holds &= packed.part[0] == expected.part[0] && packed.part[1] == expected.part[1] &&
                     packed.bits == expected.bits;
        }
    }
    if (!CHECK(holds)) report(suite, "pack", (ptrdiff_t[]){lanes, width, depth}, layout);
    guarded_free(&panel);
    field_free(&source);
}

/* A panel of random elements for some lanes and zeros for the others. */
static Guarded random_panel(const Suite *suite, ptrdiff_t depth, int lanes, int width) {
    Guarded panel = guarded_make((size_t)(depth * width * suite->size), suite->side);
    memset(panel.data, 0, panel.bytes);
    for (ptrdiff_t k = 0; k < depth; k++) {
        for (int i = 0; i < lanes; i++) {
            value_make(suite, panel.data + (k * width + i) * suite->size);
        }
    }
    return panel;
}

/* The operands of a tile in either form, and where their elements are. */
typedef struct TileCase {
    const Suite *suite;
    const Tile *tile;
    TileJob job;
    Field out;
    ptrdiff_t row_offsets[TILE_MAX_ROWS], col_offsets[TILE_MAX_COLS];
    ptrdiff_t left_rows[TILE_MAX_ROWS], right_cols[TILE_MAX_COLS], left_depth[64], right_depth[64];
} TileCase;

static Value tile_sum(const TileCase *tile_case, ptrdiff_t i, ptrdiff_t j) {
    const Suite *suite = tile_case->suite;
    const TileJob *job = &tile_case->job;
    int lanes = suite->kernels->vector_cols;
    Value sum = {{0}, 0, 0};
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        const char *left = job->left + tile_case->left_rows[i] + tile_case->left_depth[k];
        const char *right = job->right + tile_case->right_cols[j / lanes] +
                            j % lanes * suite->size + tile_case->right_depth[k];
        sum = value_sum(sum, value_product(value_load(suite, left), value_load(suite, right)));
    }
    return sum;
}

static void tile_case_make(TileCase *tile_case, int rows, int cols, int layout) {
    Field *out = &tile_case->out;
    *out = field_make(tile_case->suite, rows, cols, layout);
    for (int i = 0; i < rows; i++) tile_case->row_offsets[i] = i * out->row;
    for (int j = 0; j < cols; j++) tile_case->col_offsets[j] = j * out->col;
    tile_case->job = (TileJob){
        .left_rows = tile_case->left_rows,
        .left_depth = tile_case->left_depth,
        .right_cols = tile_case->right_cols,
        .right_depth = tile_case->right_depth,
        .out = out->data,
        .row_offsets = tile_case->row_offsets,
        .col_offsets = tile_case->col_offsets,
        .rows = rows,
        .cols = cols,
        .has_adjacent_cols = out->col == tile_case->suite->size,
        .accumulate = random_bits() % 2,
    };
}

/* Runs the kernel and compares the part of the output that the job names; frees the output. */
static void tile_case_check(TileCase *tile_case, TileKernel *kernel, const char *name) {
    const Suite *suite = tile_case->suite;
    const TileJob *job = &tile_case->job;
    Field *out = &tile_case->out;
    kernel(job);
    bool holds = true;
    for (ptrdiff_t i = 0; i < job->rows; i++) {
        for (ptrdiff_t j = 0; j < job->cols; j++) {
            Value sum = tile_sum(tile_case, i, j);
            if (job->accumulate) sum = value_sum(sum, field_before(suite, out, i, j));
            holds &= value_equals(suite, field_at(out, i, j), sum, job->depth + 3);
            field_restore(suite, out, i, j);
        }
    }
    if (!CHECK(holds && field_is_intact(out))) {
        const Tile *tile = tile_case->tile;
        printf("    tile of %d x %d\n", tile->rows, tile->cols);
        report(suite, name, (ptrdiff_t[]){job->rows, job->cols, job->depth}, job->accumulate);
    }
    field_free(out);
}

/* Offsets of a panel, for the comparison. */
static void offsets_make(ptrdiff_t offsets[], ptrdiff_t count, ptrdiff_t step) {
    for (ptrdiff_t i = 0; i < count; i++) offsets[i] = i * step;
}

static void test_packed_tile(const Suite *suite, const Tile *tile, int rows, int cols,
                             ptrdiff_t depth) {
    TileCase tile_case = {.suite = suite, .tile = tile};
    offsets_make(tile_case.left_rows, tile->rows, suite->size);
    offsets_make(tile_case.left_depth, depth, tile->rows * suite->size);
    offsets_make(tile_case.right_cols, TILE_MAX_COLS, suite->kernels->vector_cols * suite->size);
    offsets_make(tile_case.right_depth, depth, tile->cols * suite->size);
    for (int repeat = 0; repeat < 2; repeat++) {
        tile_case_make(&tile_case, rows, cols, (int)(random_bits() % OUTPUT_LAYOUTS));
        Guarded left = random_panel(suite, depth, rows, tile->rows);
        Guarded right = random_panel(suite, depth, cols, tile->cols);
        tile_case.job.depth = depth;
        tile_case.job.left = left.data;
        tile_case.job.right = right.data;
        tile_case_check(&tile_case, tile->packed, "packed tile");
        guarded_free(&left);
        guarded_free(&right);
    }
}

/* The rows that do not exist repeat the last one; the vectors are there all, in any order. */
static void test_direct_tile(const Suite *suite, const Tile *tile, int rows, int cols,
                             ptrdiff_t depth) {
    TileCase tile_case = {.suite = suite, .tile = tile};
    int lanes = suite->kernels->vector_cols, vectors = tile->cols / lanes;
    for (int repeat = 0; repeat < 2; repeat++) {
        int layout = (int)(random_bits() % LAYOUTS);
        tile_case_make(&tile_case, rows, cols, (int)(random_bits() % OUTPUT_LAYOUTS));
        Field left = field_make(suite, rows, depth, layout);
        Field right = field_make(suite, depth * vectors, lanes, layout % 2 ? 2 : 0);
        for (int i = 0; i < tile->rows; i++) {
            tile_case.left_rows[i] = (i < rows ? i : rows - 1) * left.row;
        }
        offsets_make(tile_case.left_depth, depth, left.col);
        for (int v = 0; v < vectors; v++) {
            tile_case.right_cols[v] = (vectors - 1 - v) * depth * right.row;
        }
        offsets_make(tile_case.right_depth, depth, right.row);
        tile_case.job.depth = depth;
        tile_case.job.left = left.data;
        tile_case.job.right = right.data;
        tile_case_check(&tile_case, tile->direct, "direct tile");
        field_free(&left);
        field_free(&right);
    }
}

/* ---- which cases
 * ----------------------------------------------------------------------------------- */

/* Around one and three vectors, and the blocks of four or eight that kernels take at once. */
static int list_extents(const Suite *suite, ptrdiff_t extents[MOST_EXTENTS]) {
    ptrdiff_t lanes = suite->lanes,
              candidates[] = {0, 1, 2, 3, 5, 9, lanes - 1, lanes, lanes + 1, 3 * lanes + 1};
    int count = 0;
    for (int i = 0; i < MOST_EXTENTS; i++) {
        if (count == 0 || candidates[i] > extents[count - 1]) extents[count++] = candidates[i];
    }
    return count;
}

/* Small planes of all kinds, and large ones with edges. */
static void test_copies(const Suite *suite) {
    ptrdiff_t extents[MOST_EXTENTS];
    int count = list_extents(suite, extents);
    for (int i = 0; i < count * count; i++) {
        test_copy(suite, extents[i / count], extents[i % count], i % LAYOUTS);
    }
    for (int layout = 0; layout < LAYOUTS && suite->filling == FILLING_WHOLE; layout++) {
        test_copy(suite, 150, 301, layout);
        if (layout < 3 && suite->size > 2) test_copy(suite, 33, 2080, layout);
    }
}

static void test_planes(const Suite *suite) {
    ptrdiff_t extents[MOST_EXTENTS];
    int count = list_extents(suite, extents);
    for (int i = 0; i < count * count; i++) {
        ptrdiff_t rows = extents[i / count], cols = extents[i % count];
        int step = rows * cols > 2000 ? 4 : 1; /* the other side of the guard gets other layouts */
        for (int layout = (i + 2 * (int)suite->side) % step; layout < LAYOUTS; layout += step) {
            test_reduce(suite, rows, cols, layout);
            test_gemv(suite, rows, cols, layout);
        }
    }
    for (int i = 0; i < count * LAYOUTS * MOST_FACTORS; i++) {
        test_multiply(suite, extents[i % count], 1 + i / count % MOST_FACTORS,
                      i / count / MOST_FACTORS);
    }
}

/* Sums so long that they are cut into blocks, narrow and wide planes, long products and transposes.
 */
static void test_blocks(const Suite *suite) {
    static const ptrdiff_t planes[][2] = {{1, 40003}, {3, 20011}, {5, 9001}, {33, 3001}, {5003, 7}};
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++) {
        /* the other fillings and sides of the guard get the other layouts */
        int layout = ((int)i + (int)suite->side + 2 * (int)suite->filling) % 3;
        test_reduce(suite, planes[i][0], planes[i][1], layout);
        test_gemv(suite, planes[i][0], planes[i][1], layout);
    }
    for (int layout = 0; layout < LAYOUTS; layout++) {
        test_multiply(suite, 5003, 2 + layout % 3, layout);
    }
}

/* Sums in which a chain of additions that is too long shows, in every direction. */
static void test_chains(const Suite *suite) {
    static const int directions[] = {0, 1, 4, 5}; /* layouts */
    Suite constant = *suite;
    constant.side = GUARD_BEHIND;
    constant.filling = FILLING_CONSTANT;
    for (int i = 0; i < 4; i++) {
        test_reduce(&constant, 5, 50003, directions[i]);
        test_reduce(&constant, suite->lanes + 1, 10007, directions[i]);
        test_gemv(&constant, 5, 50003, directions[i]);
        test_gemv(&constant, suite->lanes + 1, 10007, directions[i]);
    }
}

/* Every number of rows and of columns up to the tile's, with one of the depths. */
static void test_tile(const Suite *suite, const Tile *tile) {
    static const ptrdiff_t depths[] = {0, 1, 2, 7, 33};
    for (int rows = 1; rows <= tile->rows; rows++) {
        for (int step = 0; step < 4; step++) {
            bool is_whole = step < 2;
            int cols = is_whole ? tile->cols : 1 + (int)random_bits() % tile->cols;
            ptrdiff_t depth = depths[random_bits() % 5];
            test_packed_tile(suite, tile, rows, cols, depth);
            test_direct_tile(suite, tile, rows, cols, depth);
        }
    }
}

static void test_tiles(const Suite *suite) {
    static const ptrdiff_t depths[] = {0, 1, 2, 7, 33};
    for (int t = 0; t < suite->kernels->tile_count; t++) {
        const Tile *tile = &suite->kernels->tiles[t];
        CHECK(tile->rows <= TILE_MAX_ROWS && tile->cols <= TILE_MAX_COLS);
        test_tile(suite, tile);
        for (int d = 0; d < 5 && t < 3; d++) {
            for (int layout = 0; layout < LAYOUTS; layout++) {
                int lanes = 1 + (int)random_bits() % tile->cols;
                test_pack(suite, tile->cols, tile->cols, depths[d], layout);
                test_pack(suite, lanes, tile->cols, depths[d], layout);
                test_pack(suite, tile->rows, tile->rows, depths[d], layout);
            }
        }
    }
}

static Suite suite_make(Isa isa, DType dtype) {
    Suite suite = {.isa = isa, .dtype = dtype, .kernels = kernels_for(dtype, isa)};
    suite.size = (ptrdiff_t)dtype_size(dtype);
    suite.planes = dtype == DTYPE_C64 || dtype == DTYPE_C128 ? 2 : 1;
    suite.lanes = isa_vector_bytes(isa) / (int)(suite.size / suite.planes);
    suite.is_real = suite.planes == 2 || dtype == DTYPE_F32 || dtype == DTYPE_F64;
    return suite;
}

/* The kernels that only move elements as they are stored. */
static void test_stored(Isa isa, DType dtype) {
    Suite suite = suite_make(isa, dtype);
    for (suite.side = 0; suite.side < GUARD_SIDE_COUNT; suite.side++) test_copies(&suite);
}

/* The kernels that compute. */
/* One in so many combinations of side and filling is tested: emulators have no time for all. */
static int test_share(void) {
    const char *text = getenv("FASTEINSUM_TEST_SHARE");
    return text && atoi(text) > 1 ? atoi(text) : 1;
}

static void test_set(Isa isa, DType dtype) {
    static int number = 0;
    Suite suite = suite_make(isa, dtype);
    for (suite.side = 0; suite.side < GUARD_SIDE_COUNT; suite.side++) {
        for (suite.filling = 0; suite.filling <= (suite.is_real ? FILLING_RANDOM : FILLING_WHOLE);
             suite.filling++) {
            if (number++ % test_share() != 0) continue;
            test_planes(&suite);
            test_blocks(&suite);
            test_tiles(&suite);
            test_directs(&suite);
            test_smalls(&suite);
        }
    }
    if (suite.is_real && test_share() == 1) test_chains(&suite);
}

/* ---- halves -------------------------------------------------------------------------------------
 */

enum { HALVES = 1 << 16, NEAR = 5 };

/* Every half there is, in runs of all short lengths too. */
static void test_widen(Isa isa) {
    static uint16_t halves[HALVES];
    static float floats[HALVES];
    for (int i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
    for (int count = 0; count <= HALVES; count = count < 40 ? count + 1 : count + 16374) {
        memset(floats, 0x55, sizeof floats);
        half_kernels_for(isa)->widen(halves, floats, count);
        bool holds = true;
        for (int i = 0; i < count; i++) {
            float expected = half_to_float((uint16_t)i);
            holds &= memcmp(&floats[i], &expected, sizeof expected) == 0;
        }
        uint32_t after = 0;
        if (count < HALVES) memcpy(&after, &floats[count], sizeof after);
        CHECK(holds && (count == HALVES || after == 0x55555555u));
    }
}

/* Around every half, around what lies in the middle of two, and anywhere. */
static void test_narrow(Isa isa) {
    static float floats[HALVES * NEAR];
    static uint16_t halves[HALVES * NEAR];
    for (int i = 0; i < HALVES; i++) {
        uint32_t bits, near[NEAR] = {0, 1, 0xfffu, 0x1000u, random_bits()};
        float value = half_to_float((uint16_t)i);
        memcpy(&bits, &value, sizeof bits);
        for (int j = 0; j < NEAR; j++) {
            uint32_t other = bits + near[j];
            memcpy(&floats[i * NEAR + j], &other, sizeof other);
        }
    }
    half_kernels_for(isa)->narrow(floats, halves, HALVES * NEAR);
    bool holds = true;
    for (int i = 0; i < HALVES * NEAR; i++) holds &= halves[i] == half_from_float(floats[i]);
    CHECK(holds);
}

int main(void) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        test_widen(isa);
        test_narrow(isa);
        for (DType dtype = 0; dtype < DTYPE_COUNT; dtype++) {
            bool has_own = dtype_arithmetic(dtype) == dtype;
            if (has_own && kernels_for(dtype, isa)) test_set(isa, dtype);
            if (copy_kernel_for(dtype, isa)) test_stored(isa, dtype);
        }
    }
    return check_report();
}
