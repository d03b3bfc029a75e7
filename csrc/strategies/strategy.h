/* Ways to carry out one contraction. A strategy is one file and one line in strategy.c. */
#ifndef FASTEINSUM_STRATEGIES_STRATEGY_H
#define FASTEINSUM_STRATEGIES_STRATEGY_H

#include "base/arena.h"
#include "base/error.h"
#include "notation/contraction.h"
#include "runtime/cpu.h"
#include "runtime/phases.h"

typedef struct Strategy Strategy;

/* A contraction with all choices made. Lives in the plan's arena; immutable once prepared, so that
   threads may run it side by side. */
typedef struct StepPlan {
    const Strategy *strategy;
    const Contraction *contraction; /* in the arena; holds only the axes it has */
    void *choices;                  /* the strategy's own struct */
    double seconds;       /* estimated, of one core: no less than moving every element once takes */
    Phases phases;        /* independent pieces of work; their borders depend on shapes only */
    size_t scratch_bytes; /* that each running task needs, aligned to a cache line */
    size_t cleared_bytes; /* of these, which are zero before a thread's first task of the step */
    size_t shared_bytes;  /* that all tasks have in common; kept from phase to phase */
} StepPlan;

/* One piece of the work of a step, and the memory it finds. */
typedef struct Task {
    ptrdiff_t phase, number; /* its number within the phase */
    char *scratch;           /* scratch_bytes, as the last task on this thread has left them */
    char *shared;            /* shared_bytes, undefined before the first phase */
} Task;

struct Strategy {
    const char *name;

    /* Estimated seconds of one core's work, without waiting for memory; INFINITY where the strategy
       does not apply. */
    double (*cost)(const Contraction *contraction, const Machine *machine);

    /* What the cost is never below, found out in no time; NULL where the cost itself is. */
    double (*bound)(const Contraction *contraction, const Machine *machine);

    /* Makes all choices and tables; fills choices, phases and, where it needs memory, scratch_bytes
       and shared_bytes. */
    Status (*prepare)(const Contraction *contraction, const Machine *machine, Arena *arena,
                      StepPlan *step, Error *error);

    /* Does one task. data: where the walk of each side starts, inputs first, output last. Makes no
       choices, allocates nothing, cannot fail. */
    void (*run)(const StepPlan *step, char *const data[], const Task *task);
};

/* The strategies, best first where costs are equal; ends with NULL. The last one takes everything.
 */
extern const Strategy *const strategies[];

/* The cheapest strategy that applies. Every contraction has one. */
const Strategy *strategy_choose(const Contraction *contraction, const Machine *machine);

/* The seconds that a step with the cheapest strategy would have. */
double strategy_least_seconds(const Contraction *contraction, const Machine *machine);

/* NULL if there is no such name. */
const Strategy *strategy_from_name(const char *name);

/* Chooses (or takes the forced one where it applies), copies the contraction into the arena and
 * prepares the step. */
Status strategy_prepare(const Strategy *forced, const Contraction *contraction,
                        const Machine *machine, Arena *arena, StepPlan *step,
                        Error *error) MUST_CHECK;

#endif
