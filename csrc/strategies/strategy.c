#include "strategies/strategy.h"

#include <math.h>
#include <string.h>

extern const Strategy strategy_copy, strategy_reduce, strategy_multiply, strategy_gemv,
    strategy_gemm, strategy_generic;

const Strategy *const strategies[] = {
    &strategy_copy, &strategy_reduce, &strategy_multiply,
    &strategy_gemv, &strategy_gemm,   &strategy_generic,
    NULL,
};

const Strategy *strategy_choose(const Contraction *contraction, const Machine *machine) {
    const Strategy *best = NULL;
    double best_cost = INFINITY;
    for (int i = 0; strategies[i]; i++) {
        double cost = strategies[i]->cost(contraction, machine);
        if (cost < best_cost) {
            best = strategies[i];
            best_cost = cost;
        }
    }
    return best;
}

const Strategy *strategy_from_name(const char *name) {
    for (int i = 0; strategies[i]; i++) {
        if (strcmp(strategies[i]->name, name) == 0) return strategies[i];
    }
    return NULL;
}

/* The one forced if it can do this contraction at all. */
static const Strategy *choose(const Strategy *forced, const Contraction *contraction,
                              const Machine *machine) {
    bool applies = forced && isfinite(forced->cost(contraction, machine));
    return applies ? forced : strategy_choose(contraction, machine);
}

Status strategy_prepare(const Strategy *forced, const Contraction *contraction,
                        const Machine *machine, Arena *arena, StepPlan *step, Error *error) {
    size_t bytes = contraction_bytes(contraction);
    Contraction *copy = arena_take(arena, 1, bytes);
    if (!copy) return error_memory(error);
    memcpy(copy, contraction, bytes);
    *step = (StepPlan){.strategy = choose(forced, contraction, machine), .contraction = copy};
    return step->strategy->prepare(copy, machine, arena, step, error);
}
