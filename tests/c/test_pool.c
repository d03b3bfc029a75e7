/* The pool: every task once, phases in order, many callers, cancelling, failing starts. What the
 * threads share is only what the pool itself orders, so that a thread sanitizer sees its faults.
 * `test_pool SECONDS` repeats the stress for as long. */
#include "base/memory.h"
#include "grid.h"

#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- one caller ---- */

static void test_numbering(void) {
    Phases phases = {5, {3, 2}};
    CHECK_EQUAL_INT(phases_total(&phases), 13);
    ptrdiff_t number = 0;
    for (ptrdiff_t phase = 0; phase < phases.count; phase++) {
        ptrdiff_t earlier = number;
        for (ptrdiff_t task = 0; task < phases.tasks[phase % 2]; task++, number++) {
            PhaseTask found = phases_find(&phases, number);
            CHECK(found.phase == phase && found.task == task && found.earlier == earlier);
        }
    }
    CHECK_EQUAL_INT(number, phases_total(&phases));
}

static void test_small_work_starts_nothing(void) {
    CHECK(run_grid(phases_single(20), SHORT, 4));
    CHECK(run_grid(phases_single(20), LONG, 1));
    CHECK(run_grid(phases_single(1), LONG, 4));
    CHECK(run_grid(phases_single(0), LONG, 4));
    CHECK(run_grid((Phases){0}, LONG, 4));
    CHECK_EQUAL_INT(pool_workers(), 0);
}

static void test_failing_starts(void) {
    memory_fail(0, 1);
    CHECK(run_grid(phases_single(50), LONG, 4));
    CHECK_EQUAL_INT(pool_workers(), 0);
    memory_fail(1, 1);
    CHECK(run_grid(phases_single(50), LONG, 4));
    CHECK_EQUAL_INT(pool_workers(), 1);
    memory_fail(-1, 0);
    CHECK(run_grid(phases_single(50), LONG, 4));
    CHECK_EQUAL_INT(pool_workers(), 3);
}

static void test_tasks_and_phases(void) {
    static const Phases phases[] = {{1, {2, 0}},   {1, {500, 0}}, {2, {1, 1}},   {2, {7, 300}},
                                    {3, {300, 7}}, {9, {1, 20}},  {40, {20, 1}}, {41, {3, 3}},
                                    {7, {30, 0}},  {6, {0, 30}},  {100, {1, 2}}, {1, {600, 600}}};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        for (int threads = 1; threads <= 8; threads++) CHECK(run_grid(phases[i], LONG, threads));
    }
    CHECK_EQUAL_INT(pool_workers(), 7);
}

/* With gaps that let the workers spin, and fall asleep, and with one that is about to. */
static void test_gaps(void) {
    for (int i = 0; i < 400; i++) {
        CHECK(run_grid((Phases){3, {5, 4}}, LONG, 3));
        pause_for(i % 8 * 12e-6);
    }
}

static void run_rounding(const void *context, int thread, ptrdiff_t phase, ptrdiff_t task) {
    (void)phase;
    (void)thread;
    ((int *)context)[task] = fegetround();
    for (volatile int i = 0; i < 10000; i++) {}
}

/* Results must not depend on who computes them. */
static void test_arithmetic_is_the_callers(void) {
    int rounding[200];
    static const int modes[] = {FE_UPWARD, FE_TONEAREST};
    for (int i = 0; i < 2; i++) {
        fesetround(modes[i]);
        Work work = {run_rounding, rounding, phases_single(200), LONG};
        CHECK(pool_run(&work, &(Crew){.threads = 8}));
        for (int task = 0; task < 200; task++) CHECK(rounding[task] == modes[i]);
    }
}

/* ---- cancelling ---- */

static bool is_over(void *context) {
    Countdown *countdown = context;
    return countdown->left-- <= 0;
}

/* Tasks that have begun are finished, others are not begun, and the pool can be used at once. */
static void test_cancelling(void) {
    static Grid grid;
    for (int threads = 1; threads <= 4; threads++) {
        for (int tasks = 0; tasks < 40; tasks += 3) {
            Countdown countdown = {tasks};
            grid_begin(&grid, (Phases){1 << 20, {3, 5}}, LONG, 2000);
            Crew crew = {threads, is_over, &countdown};
            CHECK(!pool_run(&grid.work, &crew));
            int before = grid.runs[1][4];
            CHECK(run_grid((Phases){5, {6, 7}}, LONG, threads));
            CHECK_EQUAL_INT(grid.runs[1][4], before);
        }
    }
}

/* ---- many callers ---- */

static void test_many_callers(double seconds) {
    enum { CALLERS = 8 };
    Callers callers = {0};
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        pthread_create(&threads[i], NULL, call_until_stopped, &callers);
    }
    pause_for(seconds);
    atomic_store(&callers.stop, true);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL_INT(callers.failures, 0);
    CHECK(callers.calls >= CALLERS);
}

int main(int count, char *arguments[]) {
    double seconds = count > 1 ? atof(arguments[1]) : 0.5;
    alarm(WATCHDOG_SECONDS + (unsigned)seconds);
    test_numbering();
    test_small_work_starts_nothing();
    test_failing_starts();
    test_tasks_and_phases();
    test_gaps();
    test_arithmetic_is_the_callers();
    test_cancelling();
    test_many_callers(seconds);
    return check_report();
}
