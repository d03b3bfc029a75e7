/* Resolving: shapes of outputs, strides of every side, what fits. */
#include "base/memory.h"
#include "check.h"
#include "problem_case.h"

/* ---- shapes ---- */

typedef struct Resolved {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    const char *extents; /* of all labels, those of the output first */
    int kept_count;
    bool is_view;
} Resolved;

static const Resolved resolved[] = {
    {"ij,jk", {{2, 3, -1}, {3, 4, -1}}, "2 4 3", 2, false},
    {"ij,jk->ki", {{2, 3, -1}, {3, 4, -1}}, "4 2 3", 2, false},
    {"ij", {{2, 3, -1}}, "2 3", 2, true},
    {"ba", {{2, 3, -1}}, "3 2", 2, true},
    {"ii->i", {{3, 3, -1}}, "3", 1, true},
    {"ii", {{3, 3, -1}}, "3", 0, false},
    {"i->", {{3, -1}}, "3", 0, false},
    {"->", {{-1}}, "", 0, true},
    {"i...", {{2, 3, 4, -1}}, "3 4 2", 3, true},
    {"...ii->i...", {{2, 3, 3, -1}}, "3 2", 2, true},
    {"i...j->j...i", {{2, 3, 4, -1}}, "4 3 2", 3, true},
    {"i...,j...", {{2, 3, 4, -1}, {3, 4, -1}}, "3 4 2 3", 4, false},
    {"...ij,...jk->...ik", {{2, 3, 4, 5, -1}, {7, 1, 3, 5, 6, -1}}, "7 2 3 4 6 5", 5, false},
    {"ij...,j->ij...", {{2, 3, 4, -1}, {3, -1}}, "2 3 4", 3, false},
    {"i...->i", {{2, 3, 4, -1}}, "2 3 4", 1, false}, /* broadcast axes may be summed */
    {"...,i->i", {{5, -1}, {3, -1}}, "3 5", 1, false},
    {"i->...i", {{3, -1}}, "3", 1, true},
    {"...j->...j...", {{3, -1}}, "3", 1, true},
    {"i->......", {{3, -1}}, "3", 0, false},
    {"ij,jk->ik", {{2, 1, -1}, {3, 4, -1}}, "2 4 3", 2, false},
    {"i,i", {{3, -1}, {1, -1}}, "3", 0, false},
    {"ii,i->i", {{1, 1, -1}, {3, -1}}, "3", 1, false},
    {"i,i->i", {{0, -1}, {1, -1}}, "0", 1, false},
    {"ii->i", {{0, 0, -1}}, "0", 1, true},
    {"z...a,b->b", {{2, 3, 4, -1}, {5, -1}}, "5 3 4 2", 1, false}, /* summed: broadcast, a, z */
    {"aZ,bY->", {{2, 3, -1}, {4, 5, -1}}, "5 3 2 4", 0, false},
};

static void resolves_shapes(void) {
    for (size_t i = 0; i < sizeof resolved / sizeof resolved[0]; i++) {
        const Resolved *expected = &resolved[i];
        Case c;
        make_operands(&c, expected->text, expected->shapes);
        int count = count_operands(expected->text);
        if (!CHECK_EQUAL_INT(case_resolve(&c, expected->text, count, NULL), STATUS_OK)) {
            printf("    %s: %s\n", expected->text, c.error.message);
        } else {
            char text[128];
            extents_write(c.problem.extents, c.problem.label_count, text);
            CHECK_EQUAL_TEXT(text, expected->extents);
            CHECK_EQUAL_INT(c.problem.kept_count, expected->kept_count);
            CHECK(c.problem.is_view == expected->is_view);
        }
        case_end(&c);
    }
}

/* Diagonals add their strides; a label that is missing or stretched has stride 0. */
static void gives_strides(void) {
    Case c;
    c.operands[0] = tensor_make((Shape){3, 4, 3, -1}, DTYPE_F64, PACKED_C);
    c.operands[1] = tensor_make((Shape){1, 5, -1}, DTYPE_F32, PACKED_C);
    c.operands[1].strides[0] = 444;
    CHECK_EQUAL_INT(case_resolve(&c, "iji,jk->kij", 2, NULL), STATUS_OK);
    const Problem *problem = &c.problem;
    char text[128];
    extents_write(problem->strides[0], 3, text);
    CHECK_EQUAL_TEXT(text, "0 104 24");
    extents_write(problem->strides[1], 3, text);
    CHECK_EQUAL_TEXT(text, "4 0 0");
    extents_write(problem->strides[2], 3, text);
    CHECK_EQUAL_TEXT(text, "0 0 0");
    CHECK(problem->present[0][1] && problem->present[0][2] && !problem->present[0][0]);
    CHECK(problem->present[1][0] && problem->present[1][2] && !problem->present[1][1]);
    CHECK(problem->letters[0] == 'k' && problem->letters[1] == 'i' && problem->letters[2] == 'j');
    CHECK(problem->dtypes[1] == DTYPE_F32 && problem->dtypes[2] == DTYPE_F64);

    Tensor moved = tensor_make((Shape){1, 5, -1}, DTYPE_F64, PACKED_F);
    moved.strides[1] = -8;
    problem_bind(&c.problem, &c.subscripts, 1, &moved);
    extents_write(problem->strides[1], 3, text);
    CHECK_EQUAL_TEXT(text, "-8 0 0");
    CHECK(problem->dtypes[1] == DTYPE_F64);

    Tensor out = tensor_make((Shape){5, 3, 4, -1}, DTYPE_C64, PACKED_C);
    problem_bind(&c.problem, &c.subscripts, 2, &out);
    extents_write(problem->strides[2], 3, text);
    CHECK_EQUAL_TEXT(text, "96 32 8");
    CHECK(problem->dtypes[2] == DTYPE_C64);
    case_end(&c);
}

/* A view takes the operand's strides: those of extent 1 and zero strides too. */
static void describes_views(void) {
    Case c;
    c.operands[0] = tensor_make((Shape){1, 3, 3, 2, -1}, DTYPE_I16, PACKED_C);
    c.operands[0].strides[0] = 1000;
    c.operands[0].strides[3] = 0;
    CHECK_EQUAL_INT(case_resolve(&c, "aiib->bia", 1, NULL), STATUS_OK);
    Tensor view;
    problem_output(&c.problem, &view);
    char text[128];
    extents_write(view.shape, view.axis_count, text);
    CHECK_EQUAL_TEXT(text, "2 3 1");
    extents_write(view.strides, view.axis_count, text);
    CHECK_EQUAL_TEXT(text, "0 16 1000");
    CHECK(view.data == NULL && view.dtype == DTYPE_I16);
    case_end(&c);
}

/* ---- limits ---- */

/* Extent 0 makes everything fit; three operands need not be taken in one step. */
static void knows_what_fits(void) {
    const Shape shapes[] = {{HUGE_EXTENT, -1}, {HUGE_EXTENT, -1}, {0, -1}};
    Case c;
    make_operands(&c, "i,j,k", shapes);
    CHECK_EQUAL_INT(case_resolve(&c, "i,j,k->ijk", 3, NULL), STATUS_OK);
    problem_set_layout(&c.problem, 'K', DTYPE_CLONGDOUBLE);
    Tensor output;
    problem_output(&c.problem, &output);
    char text[128];
    extents_write(output.strides, output.axis_count, text);
    CHECK_EQUAL_TEXT(text, "0 0 0");
    CHECK_EQUAL_INT(problem_check_space(&c.problem, &c.error), STATUS_OK);
    case_end(&c);

    c.operands[2] = tensor_make((Shape){3, -1}, DTYPE_F64, PACKED_C);
    CHECK_EQUAL_INT(case_resolve(&c, "i,j,k->k", 3, NULL), STATUS_OK);
    CHECK_EQUAL_INT(problem_check_space(&c.problem, &c.error), STATUS_LIMIT);
    CHECK(strstr(c.error.message, "all 3 labels") != NULL);
    case_end(&c);
}

static void limits_the_axes(void) {
    Case c;
    for (int i = 0; i < 2; i++) {
        c.operands[i] = (Tensor){.dtype = DTYPE_F64, .axis_count = MAX_AXES};
        for (int axis = 0; axis < MAX_AXES; axis++) c.operands[i].shape[axis] = 1;
    }
    CHECK_EQUAL_INT(case_resolve(&c, "...a,b...", 2, NULL), STATUS_LIMIT);
    CHECK_EQUAL_TEXT(c.error.message, "the output has 65 axes, more than 64");
    case_end(&c);
    CHECK_EQUAL_INT(case_resolve(&c, "...a,...b->...a", 2, NULL), STATUS_OK);
    CHECK_EQUAL_INT(c.problem.label_count, 65);
    case_end(&c);
}

/* Whatever room is left in the arena's block, so that each allocation in turn is the first to need
   another block, which there is not. */
static void survives_lack_of_memory(void) {
    enum { MOST_FILLER = 16384, GRAIN = 16 };
    int failures = 0, successes = 0;
    for (size_t filler = GRAIN; filler <= MOST_FILLER; filler += GRAIN) {
        Case c;
        Arena starved = {0};
        make_operands(&c, "ij...,jk", (const Shape[]){{2, 3, 5, -1}, {3, 4, -1}});
        if (!CHECK_EQUAL_INT(case_resolve(&c, "ij...,jk", 2, NULL), STATUS_OK)) return;
        if (!CHECK(arena_take(&starved, filler, 1) != NULL)) return;
        memory_fail(0, 1);
        Status status =
            problem_resolve(&c.subscripts, c.operands, NULL, &starved, &c.problem, &c.error);
        memory_fail(-1, 0);
        CHECK(status == STATUS_OK || status == STATUS_MEMORY);
        failures += status == STATUS_MEMORY;
        successes += status == STATUS_OK;
        arena_free(&starved);
        case_end(&c);
    }
    CHECK(failures > 0);
    CHECK(successes > 0);
}

int main(void) {
    resolves_shapes();
    gives_strides();
    describes_views();
    knows_what_fits();
    limits_the_axes();
    survives_lack_of_memory();
    return check_report();
}
