/* The layouts of results, as numpy.einsum chooses them. */
#include "check.h"
#include "problem_case.h"

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

int main(void) {
    lays_out_like_numpy();
    looks_at_magnitudes();
    return check_report();
}
