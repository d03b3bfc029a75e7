/* Operands that do not fit each other or the result: which are refused, and with which facts. */
#include "check.h"
#include "problem_case.h"

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

/* ---- operands ---- */

typedef struct Refused {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    Status status;
    const char *message; /* a piece of it */
} Refused;

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

int main(void) {
    takes_out_into_account();
    refuses_with_the_facts();
    return check_report();
}
