/* Constants: which are multiplied once, and that their products and the rest make the whole. */
#include "base/memory.h"
#include "check.h"
#include "einsum.h"
#include "planning/constants.h"
#include "problem_case.h"
#include "runtime/workspace.h"

#include <stdlib.h>

enum { MOST_ELEMENTS = 4096 };

typedef struct Example {
    const char *text;
    Shape shapes[MOST_OPERANDS];
    const char *constants; /* one letter for each operand: c or - */
    const char *groups;    /* their inputs and the labels of their products */
} Example;

static const Example examples[] = {
    {"ij,jk,kl->il", {{9, 3, -1}, {3, 9, -1}, {9, 3, -1}}, "-cc", "12:lj"},
    {"ij,jk,kl->il", {{9, 9, -1}, {9, 2, -1}, {2, 9, -1}}, "-cc", "1:jk 2:lk"}, /* too large */
    {"ij,jk,kl->il", {{9, 3, -1}, {3, 9, -1}, {9, 3, -1}}, "c-c", "0:ij 2:lk"},
    {"ij,jk,kl->il", {{9, 3, -1}, {3, 9, -1}, {9, 3, -1}}, "ccc", "012:il"},
    {"ij,jk->i", {{4, 5, -1}, {5, 6, -1}}, "-c", "1:j"},
    {"ij,jk->i", {{4, 5, -1}, {5, 6, -1}}, "--", ""},
    {"ij->", {{4, 5, -1}}, "c", "0:"},
    {"ii,i->i", {{5, 5, -1}, {5, -1}}, "c-", "0:i"},
    {"i,ij,j->", {{9, -1}, {9, 9, -1}, {9, -1}}, "c-c", "0:i 2:j"},
    {"i,ij,j->", {{9, -1}, {9, 9, -1}, {9, -1}}, "cc-", "01:j"},
    {",i,,i->i", {{-1}, {4, -1}, {-1}, {4, -1}}, "c-cc", "023:i"},
    {"ij,jk->ik", {{4, 1, -1}, {5, 6, -1}}, "c-", "0:i"},  /* stretched: j is the other's */
    {"ij,jk->ik", {{4, 5, -1}, {1, 6, -1}}, "c-", "0:ij"}, /* but the other has a j */
    {"i...,...k->ik", {{4, 2, 3, -1}, {2, 3, 5, -1}}, "-c", "1:k**"},
};

static void resolve(Case *c, const Example *example, bool is_constant[]) {
    make_operands(c, example->text, example->shapes);
    for (int i = 0; i < count_operands(example->text); i++) {
        c->operands[i].dtype = DTYPE_I64;
        is_constant[i] = example->constants[i] == 'c';
    }
    CHECK_EQUAL_INT(case_resolve(c, example->text, count_operands(example->text), NULL), STATUS_OK);
    c->problem.is_view = false;
    problem_set_layout(&c->problem, 'K', DTYPE_I64);
}

static void groups_write(const Problem *problem, const ConstantGroups *groups, char *text) {
    *text = '\0';
    for (int g = 0; g < groups->count; g++) {
        const ConstantGroup *group = &groups->groups[g];
        if (g > 0) *text++ = ' ';
        for (int i = 0; i < group->input_count; i++) text += sprintf(text, "%d", group->inputs[i]);
        *text++ = ':';
        for (int label = 0; label < problem->label_count; label++) {
            int letter = problem->letters[label];
            if (label_set_has(&group->kept, label)) *text++ = letter ? (char)letter : '*';
        }
        *text = '\0';
    }
}

static void finds_groups(void) {
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        Case c;
        bool is_constant[MOST_OPERANDS];
        ConstantGroups groups;
        char text[64];
        resolve(&c, &examples[i], is_constant);
        CHECK_EQUAL_INT(constants_group(&c.problem, is_constant, &c.arena, &groups, &c.error),
                        STATUS_OK);
        groups_write(&c.problem, &groups, text);
        if (!CHECK_EQUAL_TEXT(text, examples[i].groups)) printf("    %s\n", examples[i].text);
        case_end(&c);
    }
}

/* ---- values ---- */

static int64_t numbers[MOST_OPERANDS][MOST_ELEMENTS];
static int64_t products[MOST_OPERANDS][MOST_ELEMENTS];
static int64_t whole[MOST_ELEMENTS], parts[MOST_ELEMENTS];

static void compute(const Problem *problem, char *const data[]) {
    Machine machine = machine_with_isa(ISA_BASELINE);
    PlanOptions options = {.machine = &machine};
    Plan *plan;
    Error error;
    if (!CHECK(plan_make(problem, &options, &plan, &error) == STATUS_OK)) return;
    CHECK(einsum_run(plan, data, &(Crew){.threads = 1}, &error) == STATUS_OK);
    plan_free(plan);
    workspace_trim();
}

static void form_product(Case *c, const ConstantGroup *group, int64_t to[],
                         ConstantProduct *product) {
    Problem problem;
    char *data[MOST_OPERANDS + 1];
    CHECK(constants_product(&c->problem, group, DTYPE_I64, &c->arena, &problem, &c->error) ==
          STATUS_OK);
    for (int i = 0; i < group->input_count; i++) data[i] = (char *)numbers[group->inputs[i]];
    data[group->input_count] = (char *)to;
    compute(&problem, data);
    product->dtype = DTYPE_I64;
    product->strides =
        arena_take(&c->arena, (size_t)c->problem.label_count, sizeof *product->strides);
    if (!CHECK(product->strides)) exit(1);
    constants_strides(&c->problem, group, &problem, product->strides);
}

static void compute_in_parts(Case *c, const ConstantGroups *groups) {
    ConstantProduct inputs[MOST_OPERANDS];
    char *data[MOST_OPERANDS + 1];
    int count = 0;
    for (int i = 0; i < c->problem.input_count; i++) {
        if (!groups->is_constant[i]) data[count++] = (char *)numbers[i];
    }
    for (int g = 0; g < groups->count; g++) {
        form_product(c, &groups->groups[g], products[g], &inputs[g]);
        data[count++] = (char *)products[g];
    }
    data[count] = (char *)parts;
    Problem rest;
    CHECK(constants_rest(&c->problem, groups, inputs, &c->arena, &rest, &c->error) == STATUS_OK);
    CHECK_EQUAL_INT(rest.input_count, count);
    compute(&rest, data);
}

static void parts_make_the_whole(void) {
    for (int i = 0; i < MOST_OPERANDS; i++) {
        for (int k = 0; k < MOST_ELEMENTS; k++) numbers[i][k] = (7 * k + i) % 11 - 5;
    }
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        Case c;
        bool is_constant[MOST_OPERANDS];
        ConstantGroups groups;
        char *data[MOST_OPERANDS + 1];
        resolve(&c, &examples[i], is_constant);
        int count = c.problem.input_count;
        CHECK(constants_group(&c.problem, is_constant, &c.arena, &groups, &c.error) == STATUS_OK);
        for (int k = 0; k < count; k++) data[k] = (char *)numbers[k];
        data[count] = (char *)whole;
        memset(whole, 0, sizeof whole);
        memset(parts, 0, sizeof parts);
        compute(&c.problem, data);
        compute_in_parts(&c, &groups);
        if (!CHECK(memcmp(whole, parts, sizeof whole) == 0)) printf("    %s\n", examples[i].text);
        case_end(&c);
    }
}

/* ---- memory ---- */

static Status group_and_derive(Case *c, const bool is_constant[], Arena *arena) {
    ConstantGroups groups;
    Problem product, rest;
    ptrdiff_t strides[MAX_LABELS] = {0};
    ConstantProduct inputs[MOST_OPERANDS];
    TRY(constants_group(&c->problem, is_constant, arena, &groups, &c->error));
    for (int g = 0; g < groups.count; g++) {
        inputs[g] = (ConstantProduct){strides, DTYPE_I64};
        TRY(constants_product(&c->problem, &groups.groups[g], DTYPE_I64, arena, &product,
                              &c->error));
    }
    return constants_rest(&c->problem, &groups, inputs, arena, &rest, &c->error);
}

/* Blocks are large: an arena that is nearly full makes every take an allocation. */
static void survives_lack_of_memory(void) {
    Case c;
    bool is_constant[MOST_OPERANDS];
    resolve(&c, &examples[0], is_constant);
    ptrdiff_t before = memory_blocks();
    int failures = 0;
    for (size_t used = 0; used < MEMORY_BLOCK; used += 16) {
        Arena arena = {0};
        CHECK(arena_take(&arena, used, 1));
        for (int n = 0; n < 4; n++) {
            memory_fail(n, 1);
            Status status = group_and_derive(&c, is_constant, &arena);
            memory_fail(-1, 0);
            CHECK(status == STATUS_OK || status == STATUS_MEMORY);
            failures += status == STATUS_MEMORY;
        }
        arena_free(&arena);
        CHECK_EQUAL_INT(memory_blocks(), before);
    }
    CHECK(failures > 100);
    case_end(&c);
}

int main(void) {
    finds_groups();
    parts_make_the_whole();
    survives_lack_of_memory();
    return check_report();
}
