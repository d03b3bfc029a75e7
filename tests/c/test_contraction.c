/* The normal form of a step, and its axes by class. */
#include "check.h"
#include "notation/contraction.h"
#include "strategies/groups.h"

/* One axis of a contraction with two inputs: extent, strides of left, right and output, kept or
 * not. */
typedef struct Row {
    ptrdiff_t extent, left, right, out;
    bool kept;
} Row;

static void make(Contraction *contraction, const Row rows[], int count) {
    contraction_begin(contraction, DTYPE_F64, 2);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            if (rows[i].kept != (pass == 0)) continue;
            Axis axis = {.extent = rows[i].extent,
                         .strides = {rows[i].left, rows[i].right, rows[i].out}};
            contraction_add(contraction, &axis, rows[i].kept);
        }
    }
    contraction_normalise(contraction);
}

static void check_axis(const Axis *axis, const Row *expected) {
    CHECK_EQUAL_INT(axis->extent, expected->extent);
    CHECK_EQUAL_INT(axis->strides[0], expected->left);
    CHECK_EQUAL_INT(axis->strides[1], expected->right);
    CHECK_EQUAL_INT(axis->strides[2], expected->out);
}

static Contraction contraction;

static void test_unit_axes_vanish(void) {
    Row rows[] = {{1, 8, 0, 8, true}, {5, 8, 0, 8, true}, {1, 8, 8, 0, false}};
    make(&contraction, rows, 3);
    CHECK_EQUAL_INT(contraction.axis_count, 1);
    CHECK_EQUAL_INT(contraction.kept_count, 1);
    check_axis(&contraction.axes[0], &rows[1]);
}

static void test_neighbours_merge(void) {
    /* rows 3 x 4 x 5, all one run on both sides; columns that are not */
    Row rows[] = {{3, 160, 0, 1600, true},
                  {5, 8, 0, 80, true},
                  {4, 40, 0, 400, true},
                  {2, 0, 8, 40, true},
                  {5, 0, 24, 8, true}};
    make(&contraction, rows, 5);
    CHECK_EQUAL_INT(contraction.kept_count, 3);
    check_axis(&contraction.axes[0], &(Row){60, 8, 0, 80, true});
    check_axis(&contraction.axes[1], &rows[3]);
    check_axis(&contraction.axes[2], &rows[4]);
}

static void test_zero_strides_merge(void) {
    Row rows[] = {{3, 0, 0, 40, true}, {5, 0, 0, 8, true}};
    make(&contraction, rows, 2);
    CHECK_EQUAL_INT(contraction.kept_count, 1);
    check_axis(&contraction.axes[0], &(Row){15, 0, 0, 8, true});
}

static void test_backward_axes_flip(void) {
    Row rows[] = {{2, -8, -16, 0, false}, {3, -40, 0, 8, true}};
    make(&contraction, rows, 2);
    CHECK_EQUAL_INT(contraction.origins[0], -8);
    CHECK_EQUAL_INT(contraction.origins[1], -16);
    CHECK_EQUAL_INT(contraction.origins[2], 0);
    check_axis(&contraction.axes[0], &rows[1]); /* the output outweighs so small an input */
    check_axis(&contraction.axes[1], &(Row){2, 8, 16, 0, false});
}

static void test_mostly_backward_axes_flip(void) {
    Row rows[] = {{5, -8, 16, 0, false}, {3, -40, 0, 8, true}};
    make(&contraction, rows, 2);
    CHECK_EQUAL_INT(contraction.origins[0], -32 - 80);
    CHECK_EQUAL_INT(contraction.origins[1], 64);
    CHECK_EQUAL_INT(contraction.origins[2], 16);
    check_axis(&contraction.axes[0], &(Row){3, 40, 0, -8, true});
    check_axis(&contraction.axes[1], &(Row){5, 8, -16, 0, false});
}

static void test_order_and_emptiness(void) {
    Row rows[] = {
        {4, 8, 0, 16, true}, {6, 0, 8, 64, true}, {7, 64, 8, 0, false}, {0, 8, 8, 0, false}};
    make(&contraction, rows, 4);
    CHECK(contraction.is_empty);
    check_axis(&contraction.axes[0], &rows[1]); /* kept: by falling output stride */
    check_axis(&contraction.axes[1], &rows[0]);
    check_axis(&contraction.axes[2], &rows[2]);
    make(&contraction, rows, 3);
    CHECK(!contraction.is_empty);
    CHECK_EQUAL_INT(axes_extent(contraction.axes, contraction.axis_count), 4 * 6 * 7);
    CHECK(!axis_is_shared(&contraction.axes[0], 3));
    CHECK(axis_is_shared(&contraction.axes[2], 2));
    CHECK(!axis_is_shared(&contraction.axes[2], 3));
    Axis blocks = axis_of_blocks(&contraction.axes[2], 3, 3); /* of 7 */
    CHECK_EQUAL_INT(blocks.extent, 3);
    CHECK_EQUAL_INT(blocks.strides[0], 192);
    CHECK_EQUAL_INT(blocks.strides[2], 0);
}

static void test_groups(void) {
    Row rows[] = {{2, 800, 400, 1600, true},
                  {3, 8, 0, 80, true},
                  {5, 0, 16, 8, true},
                  {7, 0, 0, 300, true},
                  {4, 24, 80, 0, false}};
    make(&contraction, rows, 5);
    Groups groups;
    groups_make(&groups, &contraction, 0);
    CHECK_EQUAL_INT(groups.batch.extent, 2);
    CHECK_EQUAL_INT(groups.rows.extent, 21); /* what only the output has counts as rows */
    CHECK_EQUAL_INT(groups.cols.extent, 5);
    CHECK_EQUAL_INT(groups.sum.extent, 4);
    groups_make(&groups, &contraction, 1);
    CHECK_EQUAL_INT(groups.rows.extent, 35);
    CHECK_EQUAL_INT(groups.cols.extent, 3);
}

/* Offsets of a group are those of its odometer, from any position on. */
static void test_offsets(void) {
    Row rows[] = {{3, 1000, 0, 900, true}, {4, -100, 0, 200, true}, {5, 7, 0, 30, true}};
    make(&contraction, rows, 3);
    Groups groups;
    groups_make(&groups, &contraction, 0);
    CHECK_EQUAL_INT(groups.rows.extent, 60);
    for (ptrdiff_t first = 0; first < 60; first++) {
        ptrdiff_t offsets[60];
        group_offsets(&groups.rows, 0, first, 60 - first, offsets);
        for (ptrdiff_t i = 0; i < 60 - first; i++) {
            ptrdiff_t at = first + i, expected = at / 20 * 1000 - at / 5 % 4 * 100 + at % 5 * 7;
            CHECK_EQUAL_INT(offsets[i], expected);
            CHECK_EQUAL_INT(group_offset(&groups.rows, 0, at), expected);
        }
    }
    ptrdiff_t one = -1;
    group_offsets(&groups.cols, 1, 0, 1, &one); /* a group without axes has one position */
    CHECK_EQUAL_INT(one, 0);
}

int main(void) {
    test_unit_axes_vanish();
    test_neighbours_merge();
    test_zero_strides_merge();
    test_backward_axes_flip();
    test_mostly_backward_axes_flip();
    test_order_and_emptiness();
    test_groups();
    test_offsets();
    return check_report();
}
