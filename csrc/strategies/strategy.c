#include "strategies/strategy.h"

#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>
#include <string.h>

extern const Strategy strategy_copy, strategy_reduce, strategy_multiply, strategy_small,
    strategy_direct, strategy_batch, strategy_gemv, strategy_gemm, strategy_fused, strategy_generic;

const Strategy *const strategies[] = {
    &strategy_copy,
    &strategy_reduce,
    &strategy_multiply,
    &strategy_small,
    &strategy_direct,
    &strategy_batch,
    &strategy_gemv,
    &strategy_gemm,
    &strategy_fused,
    &strategy_generic,
    NULL,
};

static double traffic_seconds(const Contraction *contraction, const Machine *machine) {
    double bytes = nest_bytes(contraction);
    return rates_traffic(bytes, bytes, machine);
}

/* A strategy, and the seconds of its work. */
typedef struct Choice {
    const Strategy *strategy;
    double seconds;
} Choice;

static Choice choose_cheapest(const Contraction *contraction, const Machine *machine) {
    Choice best = {NULL, INFINITY};
    for (int i = 0; strategies[i]; i++) {
        const Strategy *strategy = strategies[i];
        if (strategy->bound && strategy->bound(contraction, machine) >= best.seconds) continue;
        double seconds = strategy->cost(contraction, machine);
        if (seconds < best.seconds) best = (Choice){strategy, seconds};
    }
    return best;
}

const Strategy *strategy_choose(const Contraction *contraction, const Machine *machine) {
    return choose_cheapest(contraction, machine).strategy;
}

double strategy_least_seconds(const Contraction *contraction, const Machine *machine) {
    return fmax(choose_cheapest(contraction, machine).seconds,
                traffic_seconds(contraction, machine));
}

const Strategy *strategy_from_name(const char *name) {
    for (int i = 0; strategies[i]; i++) {
        if (strcmp(strategies[i]->name, name) == 0) return strategies[i];
    }
    return NULL;
}

/* The one forced if it can do this contraction at all. */
static Choice choose(const Strategy *forced, const Contraction *contraction,
                     const Machine *machine) {
    double seconds = forced ? forced->cost(contraction, machine) : INFINITY;
    return isfinite(seconds) ? (Choice){forced, seconds} : choose_cheapest(contraction, machine);
}

Status strategy_prepare(const Strategy *forced, const Contraction *contraction,
                        const Machine *machine, Arena *arena, StepPlan *step, Error *error) {
    size_t bytes = contraction_bytes(contraction);
    Contraction *copy = arena_take(arena, 1, bytes);
    if (!copy) return error_memory(error);
    memcpy(copy, contraction, bytes);
    Choice choice = choose(forced, contraction, machine);
    *step = (StepPlan){
        .strategy = choice.strategy,
        .contraction = copy,
        .seconds = fmax(choice.seconds, traffic_seconds(contraction, machine)),
    };
    return step->strategy->prepare(copy, machine, arena, step, error);
}
