/* Plans of several steps against the same expression in one step of plain loops. */
#include "base/memory.h"
#include "check.h"
#include "einsum.h"
#include "kernels/kernels.h"
#include "runtime/workspace.h"

#include <stdlib.h>

enum { MAX_TEST_OPERANDS = 16 };

typedef struct Case {
    const char *subscripts;
    const char *extents; /* one digit or letter (a = 10, ...) per label in order of appearance */
    int step_count;      /* of the default plan, or -1 where any will do */
} Case;

static const Case cases[] = {
    {"ij,jk->ik", "345", 1},
    {"ij,jk,kl->il", "3456", 2},
    {"ij,jk,kl,lm,mn->in", "345678", 4},
    {"ij,ij,ij->", "78", 1}, /* no product with all labels is written down */
    {"ij,ij,j->i", "78", 1},
    {"i,j,k->", "345", 5}, /* each vector is summed before it is multiplied; the last may be too */
    {"ij,k->j", "345", 3}, /* i and k are summed first */
    {"ijk,jr,kr->ir", "4567", -1},
    {"a,ab,bc,c->", "5678", -1},
    {"i,j,k->ijk", "345", 1}, /* elementwise: one pass */
    {"ij,ij,ij->ij", "67", 1},
    {"ijkl->ljik", "2345", 1},
    {"ijkl->", "2345", 1},
    {"ii,jj->ij", "45", 1},
    {"ab,cd,ef,ba,dc,fe->", "234567", -1},
    {"abc,bcd,cde,def->af", "345678", -1},
    {",i,->i", "5", 1},
    {",,ij,->", "34", -1},
    {"ij,jk->ik", "305", 1}, /* an empty sum: one step writes the zeros */
    {"ij,jk->ik", "045", 0}, /* an empty result: nothing to do */
    {"ij,jk,kl->il", "1111", -1},
    {"ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak", "23232323232", -1},
};

static int extent_of(char digit) {
    return digit >= 'a' ? digit - 'a' + 10 : digit - '0';
}

/* Labels are numbered by first appearance. */
static ptrdiff_t label_extent(const Case *c, char label) {
    char seen[64];
    int count = 0;
    for (const char *at = c->subscripts; *at && *at != '-'; at++) {
        if (*at == ',') continue;
        bool known = memchr(seen, *at, (size_t)count) != NULL;
        if (!known) seen[count++] = *at;
    }
    return extent_of(c->extents[(char *)memchr(seen, label, (size_t)count) - seen]);
}

static int64_t numbers[1 << 16];

/* C-ordered operands over one buffer of numbers. Returns how many. */
static int make_operands(const Case *c, Tensor operands[]) {
    int count = 0;
    operands[0] = (Tensor){.data = (char *)numbers, .dtype = DTYPE_I64};
    for (const char *at = c->subscripts; *at != '-'; at++) {
        if (*at == ',') {
            count++;
            operands[count] = (Tensor){.data = (char *)(numbers + 100 * count), .dtype = DTYPE_I64};
        } else {
            operands[count].shape[operands[count].axis_count++] = label_extent(c, *at);
        }
    }
    for (int i = 0; i <= count; i++) {
        ptrdiff_t stride = sizeof(int64_t);
        for (int axis = operands[i].axis_count; axis-- > 0; stride *= operands[i].shape[axis]) {
            operands[i].strides[axis] = stride;
        }
    }
    return count + 1;
}

static Status plan_case(const Case *c, const PlanOptions *options, Einsum *einsum, Error *error) {
    Tensor operands[MAX_TEST_OPERANDS];
    int count = make_operands(c, operands);
    TRY(einsum_resolve(einsum, c->subscripts, strlen(c->subscripts), operands, count, NULL, error));
    problem_set_layout(&einsum->problem, 'K', DTYPE_I64);
    return einsum_plan(einsum, options, error);
}

/* The result in its own memory order; *step_count as planned. */
static Status run_case(const Case *c, const PlanOptions *options, int64_t out[], int *step_count) {
    Error error;
    Einsum einsum;
    einsum_begin(&einsum);
    Status status = plan_case(c, options, &einsum, &error);
    if (status == STATUS_OK) {
        *step_count = einsum.plan->step_count;
        Tensor operands[MAX_TEST_OPERANDS];
        char *data[MAX_TEST_OPERANDS + 1];
        int count = make_operands(c, operands);
        for (int i = 0; i < count; i++) data[i] = operands[i].data;
        data[count] = (char *)out;
        status = einsum_run(einsum.plan, data, &(Crew){.threads = 1}, &error);
    }
    einsum_end(&einsum);
    return status;
}

enum { OUT_SIZE = 4096 };

static void test_steps_agree_with_one_step(const Machine *machine) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static int64_t by_steps[OUT_SIZE], at_once[OUT_SIZE];
        for (int j = 0; j < OUT_SIZE; j++) by_steps[j] = at_once[j] = -1;
        int steps = 0, one = 0;
        PlanOptions plain = {.machine = machine}, whole = {.machine = machine, .in_one_step = true};
        whole.strategy = strategy_from_name("generic");
        CHECK_EQUAL_INT(run_case(&cases[i], &plain, by_steps, &steps), STATUS_OK);
        CHECK_EQUAL_INT(run_case(&cases[i], &whole, at_once, &one), STATUS_OK);
        if (!CHECK(memcmp(by_steps, at_once, sizeof at_once) == 0))
            printf("    %s\n", cases[i].subscripts);
        if (cases[i].step_count >= 0 && !CHECK_EQUAL_INT(steps, cases[i].step_count)) {
            printf("    %s\n", cases[i].subscripts);
        }
    }
}

/* Each allocation of making and running a plan fails in turn: an error, and nothing is lost. */
static void test_failing_allocations(const Machine *machine) {
    static int64_t out[OUT_SIZE];
    PlanOptions options = {.machine = machine, .is_described = true};
    const Case *chain = &cases[2];
    for (int n = 0;; n++) {
        int steps;
        workspace_trim();
        ptrdiff_t blocks = memory_blocks();
        memory_fail(n, 0);
        Status status = run_case(chain, &options, out, &steps);
        memory_fail(-1, 0);
        workspace_trim();
        CHECK_EQUAL_INT(memory_blocks(), blocks);
        if (status == STATUS_OK) {
            CHECK(n >= 3);
            return;
        }
        CHECK_EQUAL_INT(status, STATUS_MEMORY);
    }
}

static void test_printed_plan(void) {
    static const char expected_first[] =
        "ij,jk,kl->il   i64   i=3 l=6 j=4 k=5   2 steps, workspace ";
    Error error;
    Einsum einsum;
    einsum_begin(&einsum);
    Machine machine = machine_with_isa(ISA_BASELINE);
    PlanOptions options = {.machine = &machine, .is_described = true};
    CHECK_EQUAL_INT(plan_case(&cases[1], &options, &einsum, &error), STATUS_OK);
    char text[2000], cut[10];
    size_t length = plan_print(einsum.plan, text, sizeof text);
    CHECK_EQUAL_INT(length, strlen(text));
    CHECK(strncmp(text, expected_first, strlen(expected_first)) == 0);
    CHECK(strstr(text, "   1  ij,jk->ik  ") != NULL);
    CHECK(strstr(text, "   2  ik,kl->il  ") != NULL);
    CHECK_EQUAL_INT(plan_print(einsum.plan, cut, sizeof cut), length);
    CHECK_EQUAL_INT(strlen(cut), sizeof cut - 1);
    CHECK_EQUAL_INT(plan_print(einsum.plan, NULL, 0), length);
    einsum_end(&einsum);
}

int main(void) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = (int64_t)(i * 37 % 101) - 50;
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        Machine machine = machine_with_isa(isa);
        test_steps_agree_with_one_step(&machine);
        test_failing_allocations(&machine);
    }
    test_printed_plan();
    return check_report();
}
