/* Tasks in phases. The tasks of a phase run in any order and side by side, once all of the phase
 * before have ended. Even phases are alike and so are odd ones: packing and multiplying, in turn.
 */
#ifndef FASTEINSUM_RUNTIME_PHASES_H
#define FASTEINSUM_RUNTIME_PHASES_H

#include <stddef.h>

typedef struct Phases {
    ptrdiff_t count;
    ptrdiff_t tasks[2]; /* in an even phase, in an odd one */
} Phases;

/* Where a task stands when all tasks are numbered through, phase by phase. */
typedef struct PhaseTask {
    ptrdiff_t phase, task;
    ptrdiff_t earlier; /* tasks of the phases before */
} PhaseTask;

/* One phase is all there is. */
static inline Phases phases_single(ptrdiff_t tasks) {
    return (Phases){1, {tasks, 0}};
}

static inline ptrdiff_t phases_total(const Phases *phases) {
    return (phases->count + 1) / 2 * phases->tasks[0] + phases->count / 2 * phases->tasks[1];
}

static inline PhaseTask phases_find(const Phases *phases, ptrdiff_t number) {
    ptrdiff_t pair = phases->tasks[0] + phases->tasks[1];
    PhaseTask found = {.phase = number / pair * 2, .task = number % pair};
    if (found.task >= phases->tasks[0]) {
        found.phase++;
        found.task -= phases->tasks[0];
    }
    found.earlier = number - found.task;
    return found;
}

#endif
