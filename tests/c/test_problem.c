/* Resolving: shapes of outputs, strides of every side, layouts as numpy.einsum chooses them,
 * errors. */
#include "base/memory.h"
#include "check.h"
#include "notation/problem.h"

#include <stdio.h>

enum { MOST_OPERANDS = 4, MOST_AXES = 6, HUGE_BITS = 40 };

/* A shape: extents until -1. */
typedef ptrdiff_t Shape[MOST_AXES + 1];

typedef enum Packing { PACKED_C, PACKED_F } Packing;

static Tensor tensor_make(const ptrdiff_t shape[], DType dtype, Packing packing) {
    Tensor tensor = {.dtype = dtype};
    while (tensor.axis_count < MOST_AXES && shape[tensor.axis_count] >= 0) {
        tensor.shape[tensor.axis_count] = shape[tensor.axis_count];
        tensor.axis_count++;
    }
    ptrdiff_t stride = (ptrdiff_t)dtype_size(dtype);
    for (int i = 0; i < tensor.axis_count; i++) {
        int axis = packing == PACKED_F ? i : tensor.axis_count - 1 - i;
        tensor.strides[axis] = stride;
        if (tensor.shape[axis] < (ptrdiff_t)1 << HUGE_BITS) stride *= tensor.shape[axis];
    }
    return tensor;
}

/* A problem with all it lives on. */
typedef struct Case {
    Arena arena;
    Subscripts subscripts;
    Problem problem;
    Error error;
    Tensor operands[MOST_OPERANDS];
} Case;

/* Resolves; the operands are made already. */
static Status case_resolve(Case *c, const char *text, int operand_count, const Tensor *out) {
    c->arena = (Arena){0};
    c->error = (Error){.message = ""};
    TRY(subscripts_parse(text, strlen(text), operand_count, &c->arena, &c->subscripts, &c->error));
    return problem_resolve(&c->subscripts, c->operands, out, &c->arena, &c->problem, &c->error);
}

static void case_end(Case *c) {
    arena_free(&c->arena);
    CHECK_EQUAL_INT(memory_blocks(), 0);
}

static int count_operands(const char *text) {
    int count = 1;
    for (; *text && *text != '-'; text++) count += *text == ',';
    return count;
}

static void make_operands(Case *c, const char *text, const Shape shapes[]) {
    for (int i = 0; i < count_operands(text); i++) {
        c->operands[i] = tensor_make(shapes[i], DTYPE_F64, PACKED_C);
    }
}

static void extents_write(const ptrdiff_t values[], int count, char *text) {
    *text = '\0';
    for (int i = 0; i < count; i++) text += sprintf(text, "%s%td", i > 0 ? " " : "", values[i]);
}

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

/* ---- out ---- */

typedef struct WithOut {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    Shape out;
    const char *message; /* NULL: accepted */
} WithOut;

static const WithOut with_out[] = {
    {"i->i", {{3, -1}}, {3, -1}, NULL},
    {"i->i", {{1, -1}}, {4, -1}, NULL},
    {"i,i->i", {{1, -1}, {1, -1}}, {4, -1}, NULL},
    {"ii->i", {{1, 1, -1}}, {4, -1}, NULL},
    {"i->i", {{1, -1}}, {0, -1}, NULL},
    {"...->...", {{1, 3, -1}}, {2, 3, -1}, NULL},
    {"i->i", {{3, -1}}, {1, -1}, "label 'i' has extent 3 in operand 0 but 1 in out"},
    {"i->i", {{0, -1}}, {1, -1}, "label 'i' has extent 0 in operand 0 but 1 in out"},
    {"i,i->i", {{1, -1}, {2, -1}}, {5, -1}, "label 'i' has extent 2 in operand 1 but 5 in out"},
    {"...->...",
     {{2, 3, -1}},
     {2, 1, -1},
     "broadcast axis -1 has extent 3 in operand 0 but 1 in out"},
    {"ij->ij", {{2, 3, -1}}, {1, 2, 3, -1}, "out has 3 axes but the output 'ij' needs 2"},
    {"i...->...i", {{2, 3, 4, -1}}, {2, -1}, "out has 1 axis but the output '...i' needs 3"},
};

static void takes_out_into_account(void) {
    for (size_t i = 0; i < sizeof with_out / sizeof with_out[0]; i++) {
        const WithOut *expected = &with_out[i];
        Case c;
        make_operands(&c, expected->text, expected->shapes);
        Tensor out = tensor_make(expected->out, DTYPE_F32, PACKED_C), output;
        Status status = case_resolve(&c, expected->text, count_operands(expected->text), &out);
        CHECK_EQUAL_INT(status, expected->message ? STATUS_SHAPE : STATUS_OK);
        CHECK_EQUAL_TEXT(c.error.message, expected->message ? expected->message : "");
        if (status == STATUS_OK) {
            problem_output(&c.problem, &output);
            size_t bytes = (size_t)out.axis_count * sizeof(ptrdiff_t);
            CHECK(!c.problem.is_view && output.dtype == DTYPE_F32);
            CHECK(memcmp(output.shape, out.shape, bytes) == 0);
            CHECK(memcmp(output.strides, out.strides, bytes) == 0);
        }
        case_end(&c);
    }
}

/* ---- errors ---- */

typedef struct Refused {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    Status status;
    const char *message; /* a piece of it */
} Refused;

#define HUGE_EXTENT ((ptrdiff_t)1 << HUGE_BITS)

static const Refused refused[] = {
    {"ij,jk",
     {{2, 3, -1}, {4, 5, -1}},
     STATUS_SHAPE,
     "label 'j' has extent 3 in operand 0 but 4 in operand 1"},
    {"i,i,i",
     {{1, -1}, {3, -1}, {4, -1}},
     STATUS_SHAPE,
     "label 'i' has extent 3 in operand 1 but 4 in operand 2"},
    {"i,i",
     {{0, -1}, {3, -1}},
     STATUS_SHAPE,
     "label 'i' has extent 0 in operand 0 but 3 in operand 1"},
    {"...,...",
     {{2, 3, 4, -1}, {3, -1}},
     STATUS_SHAPE,
     "broadcast axis -1 has extent 4 in operand 0 but 3 in operand 1"},
    {"...i,...",
     {{2, 3, 4, -1}, {5, 3, -1}},
     STATUS_SHAPE,
     "broadcast axis -2 has extent 2 in operand 0 but 5 in operand 1"},
    {"ii", {{2, 3, -1}}, STATUS_SHAPE, "label 'i' has extent 2 and extent 3 in operand 0"},
    {"ii->i", {{1, 3, -1}}, STATUS_SHAPE, "label 'i' has extent 1 and extent 3 in operand 0"},
    {"ii->i", {{3, 1, -1}}, STATUS_SHAPE, "label 'i' has extent 3 and extent 1 in operand 0"},
    {"ii->i", {{0, 5, -1}}, STATUS_SHAPE, "label 'i' has extent 0 and extent 5 in operand 0"},
    {"ii->i", {{5, 0, -1}}, STATUS_SHAPE, "label 'i' has extent 5 and extent 0 in operand 0"},
    {"ii->i", {{0, 1, -1}}, STATUS_SHAPE, "label 'i' has extent 0 and extent 1 in operand 0"},
    {"aabcb,abc", {{3, 3, 4, 5, 6, -1}, {3, 4, 5, -1}}, STATUS_SHAPE, "label 'b' has extent 4"},
    {"ijk", {{2, 3, -1}}, STATUS_SHAPE, "operand 0 has 2 axes but its term 'ijk' needs 3"},
    {"i,i", {{2, -1}, {2, 2, -1}}, STATUS_SHAPE, "operand 1 has 2 axes but its term 'i' needs 1"},
    {"i", {{-1}}, STATUS_SHAPE, "operand 0 has 0 axes but its term 'i' needs 1"},
    {"->", {{2, -1}}, STATUS_SHAPE, "operand 0 has 1 axis but its term '' needs 0"},
    {"i...j",
     {{2, -1}},
     STATUS_SHAPE,
     "operand 0 has 1 axis but its term 'i...j' needs at least 2"},
    {"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii",
     {{2, -1}},
     STATUS_SHAPE,
     "iii[..]' needs 71"},
    {"...j->...j...",
     {{2, 3, -1}},
     STATUS_SHAPE,
     "the output has 2 ellipses, which stand for 1 broadcast axis"},
    {"i,j,k->ijk",
     {{HUGE_EXTENT, -1}, {HUGE_EXTENT, -1}, {2, -1}},
     STATUS_LIMIT,
     "the output is too large"},
    {"i,j->",
     {{HUGE_EXTENT, -1}, {HUGE_EXTENT, -1}},
     STATUS_LIMIT,
     "the iteration space is too large"},
};

static void refuses_with_the_facts(void) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const Refused *expected = &refused[i];
        Case c;
        make_operands(&c, expected->text, expected->shapes);
        Status status = case_resolve(&c, expected->text, count_operands(expected->text), NULL);
        CHECK_EQUAL_INT(status, expected->status);
        CHECK_EQUAL_INT(c.error.status, expected->status);
        if (!CHECK(strstr(c.error.message, expected->message) != NULL)) {
            printf("    %s: %s\n", expected->text, c.error.message);
        }
        case_end(&c);
    }
}

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

/* ---- layout ---- */

typedef struct LaidOut {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    const char *packings; /* one letter per operand */
    char order;
    const char *strides; /* as numpy.einsum reports them for float64 */
} LaidOut;

static const LaidOut laid_out[] = {
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "CC", 'K', "32 8"},
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "FF", 'K', "8 16"},
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "CF", 'K', "32 8"},
    {"ij,jk->ki", {{2, 3, -1}, {3, 4, -1}}, "CC", 'K', "8 32"},
    {"ijk,j->kij", {{2, 3, 4, -1}, {3, -1}}, "CC", 'K', "8 96 32"},
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "CF", 'A', "32 8"},
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "FF", 'A', "8 16"},
    {"i,j->ij", {{2, -1}, {3, -1}}, "CC", 'A', "8 16"},
    {"ij,ij->ij", {{1, 3, -1}, {2, 1, -1}}, "CC", 'A', "8 16"},
    {"iij,ij->ij", {{3, 3, 4, -1}, {3, 4, -1}}, "CF", 'A', "32 8"},
    {"jii,j->ij", {{5, 1, 1, -1}, {5, -1}}, "CC", 'A', "8 8"},
    {"ij,j->ij", {{0, 3, -1}, {3, -1}}, "CC", 'A', "0 0"},
    {"i,jk,k->ij", {{2, -1}, {3, 0, -1}, {0, -1}}, "CCC", 'A', "8 16"}, /* empty is packed */
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "FF", 'C', "32 8"},
    {"ij,jk->ik", {{2, 3, -1}, {3, 4, -1}}, "CC", 'F', "8 16"},
    {"...ft,mf->...mt", {{2, 3, 5, -1}, {4, 3, -1}}, "FF", 'A', "8 16 64"},
    {"...ft,mf->...mt", {{2, 3, 5, -1}, {4, 3, -1}}, "FC", 'A', "160 40 8"},
    {"...ft,mf->...mt", {{2, 3, 5, -1}, {4, 3, -1}}, "FF", 'K', "32 8 64"},
    {"ij,j->", {{2, 3, -1}, {3, -1}}, "CC", 'K', ""},
};

static void lays_out_like_numpy(void) {
    for (size_t i = 0; i < sizeof laid_out / sizeof laid_out[0]; i++) {
        const LaidOut *expected = &laid_out[i];
        int count = count_operands(expected->text);
        Case c;
        for (int k = 0; k < count; k++) {
            Packing packing = expected->packings[k] == 'F' ? PACKED_F : PACKED_C;
            c.operands[k] = tensor_make(expected->shapes[k], DTYPE_F64, packing);
        }
        CHECK_EQUAL_INT(case_resolve(&c, expected->text, count, NULL), STATUS_OK);
        problem_set_layout(&c.problem, expected->order, DTYPE_F64);
        Tensor output;
        problem_output(&c.problem, &output);
        char text[128];
        extents_write(output.strides, output.axis_count, text);
        if (!CHECK_EQUAL_TEXT(text, expected->strides)) {
            printf("    %s %s %c\n", expected->text, expected->packings, expected->order);
        }
        CHECK(output.data == NULL && output.dtype == DTYPE_F64);
        case_end(&c);
    }
}

/* K judges by the size of strides, not by their sign, and is not led by zero strides. */
static void looks_at_magnitudes(void) {
    Case c;
    c.operands[0] = tensor_make((Shape){2, 3, -1}, DTYPE_F64, PACKED_C);
    c.operands[0].strides[0] = -8;
    c.operands[0].strides[1] = 16;
    c.operands[1] = tensor_make((Shape){3, -1}, DTYPE_F64, PACKED_C);
    CHECK_EQUAL_INT(case_resolve(&c, "ij,j->ij", 2, NULL), STATUS_OK);
    problem_set_layout(&c.problem, 'K', DTYPE_F32);
    Tensor output;
    problem_output(&c.problem, &output);
    CHECK(output.strides[0] == 4 && output.strides[1] == 8);
    case_end(&c);

    c.operands[0].strides[0] = 0;
    CHECK_EQUAL_INT(case_resolve(&c, "ij,j->ij", 2, NULL), STATUS_OK);
    problem_set_layout(&c.problem, 'K', DTYPE_F32);
    problem_output(&c.problem, &output);
    CHECK(output.strides[0] == 12 && output.strides[1] == 4);
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
    takes_out_into_account();
    refuses_with_the_facts();
    knows_what_fits();
    limits_the_axes();
    lays_out_like_numpy();
    looks_at_magnitudes();
    survives_lack_of_memory();
    return check_report();
}
