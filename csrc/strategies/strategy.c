#include "strategies/strategy.h"

#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>
#include <string.h>

extern const Strategy strategy_copy, strategy_reduce, strategy_multiply, strategy_small,
    strategy_direct, strategy_gemv, strategy_gemm, strategy_generic;

const Strategy *const strategies[] = {
    &strategy_copy,  &strategy_reduce,  &strategy_multiply,
    &strategy_small, &strategy_direct,  &strategy_gemv,
    &strategy_gemm,  &strategy_generic, NULL,
};

static double traffic_seconds(const Contraction *contraction, const Machine *machine) {
    double bytes = nest_bytes(contraction);
    return rates_traffic(bytes, bytes, machine);
}

double strategy_seconds(const Strategy *strategy, const Contraction *contraction,
                        const Machine *machine) {
    return fmax(strategy->cost(contraction, machine), traffic_seconds(contraction, machine));
}

const Strategy *strategy_choose(const Contraction *contraction, const Machine *machine) {
    const Strategy *best = NULL;
    double least = INFINITY;
    for (int i = 0; strategies[i]; i++) {
        double seconds = strategies[i]->cost(contraction, machine);
        if (seconds < least) {
            best = strategies[i];
            least = seconds;
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
