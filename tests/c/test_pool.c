/* The pool: every task once, phases in order, many callers, cancelling, forks, failing starts. What
 * the threads share is only what the pool itself orders, so that a thread sanitizer sees its
 * faults. `test_pool SECONDS` repeats the stress for as long. */
#include "base/memory.h"
#include "check.h"
#include "runtime/pool.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TASKS = 600, WATCHDOG_SECONDS = 300, CHILD_SECONDS = 20 };

static const double LONG = 1, SHORT = 1e-6; /* seconds, as estimated: worth sharing, and not */

/* A grid of numbers that a phase makes from those of the phase before: wrong if one comes late. Not
   atomic on purpose. */
typedef struct Grid {
    Work work;
    uint32_t cells[2][MOST_TASKS];
    int runs[2][MOST_TASKS];         /* of each task of an even and of an odd phase */
    bool threads[POOL_MOST_THREADS]; /* each writes its own */
    int rounds;                      /* of idling in a task */
} Grid;

static uint32_t mix(uint32_t value) {
    value ^= value << 13;
    value ^= value >> 17;
    return value ^ value << 5;
}

static uint32_t next_cell(const uint32_t before[], ptrdiff_t count, ptrdiff_t phase,
                          ptrdiff_t task) {
    uint32_t sum = (uint32_t)(phase * 31 + task);
    for (ptrdiff_t i = 0; i < count; i++) sum = mix(sum + before[i]);
    return sum;
}

static void run_cell(const void *context, int thread, ptrdiff_t phase, ptrdiff_t task) {
    Grid *grid = (Grid *)context;
    bool odd = phase % 2;
    ptrdiff_t before = phase > 0 ? grid->work.phases.tasks[!odd] : 0;
    grid->cells[odd][task] = next_cell(grid->cells[!odd], before, phase, task);
    grid->runs[odd][task]++;
    grid->threads[thread] = true;
    for (volatile int i = 0; i < grid->rounds; i++) {}
}

static void grid_begin(Grid *grid, Phases phases, double seconds, int rounds) {
    memset(grid, 0, sizeof *grid);
    grid->work = (Work){run_cell, grid, phases, seconds};
    grid->rounds = rounds;
}

/* Whether the cells are what one thread would have made. */
static bool grid_is_right(const Grid *grid) {
    static _Thread_local Grid expected;
    grid_begin(&expected, grid->work.phases, SHORT, 0);
    const Phases *phases = &grid->work.phases;
    for (ptrdiff_t phase = 0; phase < phases->count; phase++) {
        for (ptrdiff_t task = 0; task < phases->tasks[phase % 2]; task++) {
            run_cell(&expected, 0, phase, task);
        }
    }
    return memcmp(expected.cells, grid->cells, sizeof grid->cells) == 0 &&
           memcmp(expected.runs, grid->runs, sizeof grid->runs) == 0;
}

static bool run_grid(Phases phases, double seconds, int threads) {
    static _Thread_local Grid grid;
    grid_begin(&grid, phases, seconds, 100);
    bool is_done = pool_run(&grid.work, &(Crew){.threads = threads});
    for (int i = threads; i < POOL_MOST_THREADS; i++) is_done = is_done && !grid.threads[i];
    return is_done && grid_is_right(&grid);
}

static void pause_for(double seconds) {
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

/* ---- one caller ---------------------------------------------------------------------------------
 */

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

/* ---- cancelling ---------------------------------------------------------------------------------
 */

typedef struct Countdown {
    int left;
} Countdown;

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

/* ---- forks --------------------------------------------------------------------------------------
 */

/* The exit status of a child that does what it is told within some seconds. */
static int status_in_child(bool (*act)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS);
        bool held = act();
        _exit(held ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static bool child_starts_anew(void) {
    return pool_workers() == 0 && run_grid((Phases){3, {40, 20}}, LONG, 4) && pool_workers() == 3;
}

static bool child_has_a_child(void) {
    return child_starts_anew() && status_in_child(child_starts_anew) == 0 &&
           run_grid(phases_single(100), LONG, 4);
}

static void test_forks_between_calls(void) {
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL_INT(status_in_child(child_has_a_child), 0);
        if (i % 2) CHECK(run_grid((Phases){3, {40, 20}}, LONG, 4));
        if (i % 4 == 3) pause_for(1e-3);
    }
}

typedef struct Callers {
    atomic_bool stop;
    atomic_long calls, failures;
} Callers;

static void *call_until_stopped(void *argument) {
    Callers *callers = argument;
    for (unsigned i = 0; !atomic_load(&callers->stop); i++) {
        Phases phases = {1 + i % 4, {1 + i * 7 % 30, 1 + i * 5 % 20}};
        if (!run_grid(phases, i % 5 ? LONG : SHORT, 1 + (int)(i % 5))) callers->failures++;
        callers->calls++;
    }
    return NULL;
}

static void test_forks_while_others_call(void) {
    Callers callers = {0};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, call_until_stopped, &callers);
    for (int i = 0; i < 30; i++) CHECK_EQUAL_INT(status_in_child(child_starts_anew), 0);
    atomic_store(&callers.stop, true);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL_INT(callers.failures, 0);
    CHECK(callers.calls > 0);
}

static pid_t forked;

static bool fork_once(void *context) {
    Countdown *countdown = context;
    if (countdown->left-- == 0) forked = fork();
    return false;
}

/* What asks whether to go on may fork: the child's call is cancelled, the parent's is not. */
static void test_fork_inside_a_call(void) {
    static Grid grid;
    fflush(stdout);
    for (int i = 0; i < 5; i++) {
        forked = -1;
        bool is_done = true;
        while (forked < 0) { /* the caller may not come to i tasks of its own */
            Countdown countdown = {i};
            grid_begin(&grid, (Phases){5000, {2, 3}}, LONG, 300);
            is_done = pool_run(&grid.work, &(Crew){3, fork_once, &countdown});
        }
        if (forked == 0) {
            alarm(CHILD_SECONDS);
            _exit(!is_done && child_starts_anew() ? 0 : 1);
        }
        int status = -1;
        CHECK(is_done && grid_is_right(&grid));
        CHECK(forked > 0 && waitpid(forked, &status, 0) == forked);
        CHECK_EQUAL_INT(status, 0);
    }
}

/* A process ends while its workers spin or sleep. */
static void test_exits(void) {
    for (int i = 0; i < 20; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            alarm(CHILD_SECONDS);
            bool held = child_starts_anew();
            if (i % 2) pause_for(1e-3);
            exit(held ? 0 : 1);
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK_EQUAL_INT(status, 0);
    }
}

/* ---- many callers -------------------------------------------------------------------------------
 */

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
    test_forks_between_calls();
    test_forks_while_others_call();
    test_fork_inside_a_call();
    test_exits();
    return check_report();
}
