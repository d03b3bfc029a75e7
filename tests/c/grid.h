/* Work whose result shows whether the pool did it right: for the tests of the pool. */
#ifndef FASTEINSUM_TESTS_GRID_H
#define FASTEINSUM_TESTS_GRID_H

#include "check.h"
#include "runtime/pool.h"

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum { MOST_TASKS = 600, WATCHDOG_SECONDS = 300, CHILD_SECONDS = 20 };

/* Seconds, as estimated: worth sharing, and not. */
#define LONG 1.0
#define SHORT 1e-6

/* A grid of numbers that a phase makes from those of the phase before: wrong if one comes late. Not
   atomic on purpose. */
typedef struct Grid {
    Work work;
    uint32_t cells[2][MOST_TASKS];
    int runs[2][MOST_TASKS];         /* of each task of an even and of an odd phase */
    bool threads[POOL_MOST_THREADS]; /* each writes its own */
    int rounds;                      /* of idling in a task */
} Grid;

static inline uint32_t mix(uint32_t value) {
    value ^= value << 13;
    value ^= value >> 17;
    return value ^ value << 5;
}

static inline uint32_t next_cell(const uint32_t before[], ptrdiff_t count, ptrdiff_t phase,
                                 ptrdiff_t task) {
    uint32_t sum = (uint32_t)(phase * 31 + task);
    for (ptrdiff_t i = 0; i < count; i++) sum = mix(sum + before[i]);
    return sum;
}

static inline void run_cell(const void *context, int thread, ptrdiff_t phase, ptrdiff_t task) {
    Grid *grid = (Grid *)context;
    bool odd = phase % 2;
    ptrdiff_t before = phase > 0 ? grid->work.phases.tasks[!odd] : 0;
    grid->cells[odd][task] = next_cell(grid->cells[!odd], before, phase, task);
    grid->runs[odd][task]++;
    grid->threads[thread] = true;
    for (volatile int i = 0; i < grid->rounds; i++) {}
}

static inline void grid_begin(Grid *grid, Phases phases, double seconds, int rounds) {
    memset(grid, 0, sizeof *grid);
    grid->work = (Work){run_cell, grid, phases, seconds};
    grid->rounds = rounds;
}

/* Whether the cells are what one thread would have made. */
static inline bool grid_is_right(const Grid *grid) {
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

static inline bool run_grid(Phases phases, double seconds, int threads) {
    static _Thread_local Grid grid;
    grid_begin(&grid, phases, seconds, 100);
    bool is_done = pool_run(&grid.work, &(Crew){.threads = threads});
    for (int i = threads; i < POOL_MOST_THREADS; i++) is_done = is_done && !grid.threads[i];
    return is_done && grid_is_right(&grid);
}

static inline void pause_for(double seconds) {
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

typedef struct Countdown {
    int left;
} Countdown;

typedef struct Callers {
    atomic_bool stop;
    atomic_long calls, failures;
} Callers;

static inline void *call_until_stopped(void *argument) {
    Callers *callers = argument;
    for (unsigned i = 0; !atomic_load(&callers->stop); i++) {
        Phases phases = {1 + i % 4, {1 + i * 7 % 30, 1 + i * 5 % 20}};
        if (!run_grid(phases, i % 5 ? LONG : SHORT, 1 + (int)(i % 5))) callers->failures++;
        callers->calls++;
    }
    return NULL;
}

#endif
