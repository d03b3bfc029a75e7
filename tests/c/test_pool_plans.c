/* Plans on several threads: the same bits as on one, for every strategy that is cut into tasks, and
 * while other threads run the same plan. A thread sanitizer sees what tasks should not share. */
#include "check.h"
#include "einsum.h"
#include "share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_OPERANDS = 3, MOST_THREADS = 5, CALLERS = 3, REPEATS = 3, WATCHDOG_SECONDS = 600 };

static const char *const expressions[] = {
    "ij,jk->ik", "ji,kj->ki", "bij,bjk->bik", "ij->i",       "ij->j",        "ij->",
    "ij->ji",    "ij,j->i",   "ij,i->j",      "ij,ij->ij",   "ij,jk,kl->il", "bij,bj->bi",
    "ij,ij->",   "bij->bji",  "bij,bij->b",   "bij,bik->jk", "i,j->ij",      "bij,j->i",
};

static ptrdiff_t extent_of(char label) {
    return label == 'b' ? 7 : 301 + 17 * (label - 'i');
}

typedef struct Array {
    Tensor tensor;
    float *numbers;
    size_t bytes;
} Array;

/* C-ordered. */
static Array array_make(const char *labels, size_t count) {
    Array array = {.tensor = {.dtype = DTYPE_F32, .axis_count = (int)count}, .bytes = 4};
    for (size_t i = count; i-- > 0;) {
        array.tensor.shape[i] = extent_of(labels[i]);
        array.tensor.strides[i] = (ptrdiff_t)array.bytes;
        array.bytes *= (size_t)array.tensor.shape[i];
    }
    array.numbers = malloc(array.bytes);
    for (size_t i = 0; i < array.bytes / 4; i++) array.numbers[i] = (float)(i * 37 % 101) / 50 - 1;
    array.tensor.data = (char *)array.numbers;
    return array;
}

typedef struct Run {
    Einsum einsum;
    Array operands[MOST_OPERANDS];
    int count;
    Array expected;
    atomic_int failures;
} Run;

static bool run_begin(Run *run, const char *expression) {
    Tensor tensors[MOST_OPERANDS];
    Error error;
    const char *at = expression;
    for (run->count = 0; *at != '-'; run->count++) {
        size_t length = strcspn(at, ",-");
        run->operands[run->count] = array_make(at, length);
        tensors[run->count] = run->operands[run->count].tensor;
        at += length + (at[length] == ',');
    }
    run->expected = array_make(at + 2, strlen(at + 2));
    run->failures = 0;
    Machine machine = machine_with_isa(ISA_BASELINE);
    PlanOptions options = {.machine = &machine};
    einsum_begin(&run->einsum);
    if (einsum_resolve(&run->einsum, expression, strlen(expression), tensors, run->count, NULL,
                       &error) != STATUS_OK) {
        return false;
    }
    problem_set_layout(&run->einsum.problem, 'C', DTYPE_F32);
    return einsum_plan(&run->einsum, &options, &error) == STATUS_OK;
}

static bool run_into(const Run *run, int threads, float *out) {
    char *data[MOST_OPERANDS + 1];
    Error error;
    for (int i = 0; i < run->count; i++) data[i] = (char *)run->operands[i].numbers;
    data[run->count] = (char *)out;
    Crew crew = {.threads = threads};
    return einsum_run(run->einsum.plan, data, &crew, &error) == STATUS_OK;
}

static bool is_the_same(const Run *run, int threads) {
    float *out = malloc(run->expected.bytes);
    memset(out, 0x5C, run->expected.bytes);
    bool held =
        run_into(run, threads, out) && memcmp(out, run->expected.numbers, run->expected.bytes) == 0;
    free(out);
    return held;
}

static void *call(void *argument) {
    Run *run = argument;
    for (int i = 0; i < REPEATS; i++) run->failures += !is_the_same(run, MOST_THREADS - i);
    return NULL;
}

static void test_callers_at_once(Run *run) {
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) pthread_create(&threads[i], NULL, call, run);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL_INT(run->failures, 0);
}

static void run_end(Run *run) {
    for (int i = 0; i < run->count; i++) free(run->operands[i].numbers);
    free(run->expected.numbers);
    einsum_end(&run->einsum);
}

int main(void) {
    alarm(WATCHDOG_SECONDS);
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        static Run run;
        if (!CHECK(run_begin(&run, expressions[i]))) return check_report();
        CHECK(run_into(&run, 1, run.expected.numbers));
        for (int threads = 1; threads <= MOST_THREADS; threads++) {
            if (!share_takes_next()) continue;
            if (!CHECK(is_the_same(&run, threads))) printf("    %s\n", expressions[i]);
        }
        if (share_takes_next()) test_callers_at_once(&run);
        run_end(&run);
    }
    CHECK(pool_workers() > 0);
    return check_report();
}
