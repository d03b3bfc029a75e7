/* The kernel that slides a small one over a map, without packing: every number of rows that share
 * what they load. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

/* Each run takes TAPS neighbours in the map. */
enum { TAPS = 3, HEIGHT = 3, MOST_ROWS = 16, MOST_STEPS = HEIGHT + MOST_ROWS };

/* Rows that slide: row r of the output sees row r + i of the map with row i of the kernel. Rows
   that are filters: each sees the same rows of the map with a kernel of its own. */
typedef struct Case {
    ptrdiff_t lanes;
    int rows, steps; /* a run for each step */
    bool slides, accumulate;
    Field map, kernel, out;
} Case;

static Case case_make(const Suite *suite, ptrdiff_t lanes, int rows, bool slides) {
    Case c = {.lanes = lanes, .rows = rows, .slides = slides, .accumulate = random_bits() % 2};
    c.steps = slides ? HEIGHT + rows - 1 : HEIGHT;
    c.map = field_make(suite, c.steps, lanes + TAPS - 1, LAYOUT_ROWS);
    c.kernel = field_make(suite, slides ? HEIGHT : HEIGHT * rows, TAPS, any_layout());
    c.out = output_make(suite, rows, lanes, LAYOUT_ROWS);
    return c;
}

static void case_free(Case *c) {
    field_free(&c->map);
    field_free(&c->kernel);
    field_free(&c->out);
}

static void case_run(const Suite *suite, const Case *c) {
    DirectRun runs[MOST_STEPS];
    for (int at = 0; at < c->steps; at++) {
        runs[at] = (DirectRun){at * c->map.row, at * c->kernel.row, TAPS, 0};
        for (int r = 0; r < c->rows; r++) {
            bool meets = !c->slides || (at >= r && at < HEIGHT + r);
            runs[at].rows |= (unsigned)meets << r;
        }
    }
    suite->kernels->direct(&(DirectJob){
        .runs = runs,
        .run_count = c->steps,
        .map = c->map.data,
        .kernel = c->kernel.data,
        .map_tap = c->map.col,
        .kernel_tap = c->kernel.col,
        .kernel_row = c->slides ? -c->kernel.row : HEIGHT * c->kernel.row,
        .out = c->out.data,
        .out_row = c->out.row,
        .lanes = c->lanes,
        .rows = c->rows,
        .accumulate = c->accumulate,
    });
}

/* Element j of row r of the output. */
static Sum case_sum(const Suite *suite, const Case *c, ptrdiff_t r, ptrdiff_t j) {
    Sum sum = output_begin(suite, &c->out, r, j, c->accumulate);
    for (ptrdiff_t k = 0; k < HEIGHT * TAPS; k++) {
        ptrdiff_t i = k / TAPS, t = k % TAPS;
        ptrdiff_t map_row = c->slides ? r + i : i, kernel_row = c->slides ? i : r * HEIGHT + i;
        Value m = value_load(suite, field_at(&c->map, map_row, j + t));
        sum_add(&sum, value_product(m, value_load(suite, field_at(&c->kernel, kernel_row, t))));
    }
    return sum;
}

static bool case_holds(const Suite *suite, const Case *c) {
    bool holds = true;
    for (ptrdiff_t r = 0; r < c->rows; r++) {
        for (ptrdiff_t j = 0; j < c->lanes; j++) {
            Sum sum = case_sum(suite, c, r, j);
            holds &= output_settle(suite, &c->out, (ptrdiff_t[]){r, j}, &sum, HEIGHT * TAPS + 3);
        }
    }
    return holds && output_is_intact(&c->out);
}

static void test_direct(const Suite *suite, ptrdiff_t lanes, int rows, bool slides) {
    if (!share_takes_next()) return;
    Case c = case_make(suite, lanes, rows, slides);
    case_run(suite, &c);
    if (!CHECK(case_holds(suite, &c))) {
        report(suite, "direct", (ptrdiff_t[]){rows, lanes, slides}, 0);
    }
    case_free(&c);
}

/* Widths around a quarter, a half, one and several vectors. */
static void test_directs(const Suite *suite) {
    ptrdiff_t whole = suite->lanes;
    ptrdiff_t widths[] = {whole / 4, whole / 2,     whole,    2 * whole,
                          3 * whole, 4 * whole + 2, 5 * whole};
    for (int i = 0; i < 21; i++) {
        ptrdiff_t lanes = widths[i / 3] + i % 3 - 1;
        for (int rows = 1; lanes > 0 && rows <= MOST_ROWS; rows++) {
            test_direct(suite, lanes, rows, (i + rows) % 2);
        }
    }
}

int main(void) {
    suites_run(test_directs);
    return check_report();
}
