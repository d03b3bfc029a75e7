/* A forked child has none of the pool's threads and makes its own; a process may end at any time.
 * Not for emulators of processes: their children have no threads to speak of. */
#include "grid.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(void) {
    alarm(WATCHDOG_SECONDS);
    CHECK(run_grid((Phases){3, {40, 20}}, LONG, 4));
    test_forks_between_calls();
    test_forks_while_others_call();
    test_fork_inside_a_call();
    test_exits();
    return check_report();
}
