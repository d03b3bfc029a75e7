/* The speeds that cost estimates assume. Rough on purpose: they only have to rank strategies and
 * orders, the same on every machine, so that a plan does not depend on a measurement. */
#ifndef FASTEINSUM_STRATEGIES_RATES_H
#define FASTEINSUM_STRATEGIES_RATES_H

#include "runtime/cpu.h"

typedef struct Rates {
    double cycles_per_second;
    double cache_bytes_per_second;  /* one core, data in its L2 */
    double memory_bytes_per_second; /* one core, data in none of its caches */
    double seconds_per_call;        /* of a kernel, with the step of the loops around it */
} Rates;

static const Rates rates = {
    .cycles_per_second = 2.5e9,
    .cache_bytes_per_second = 60e9,
    .memory_bytes_per_second = 12e9,
    .seconds_per_call = 20e-9,
};

/* Seconds to move bytes that together occupy footprint bytes. */
static inline double rates_traffic(double bytes, double footprint, const Machine *machine) {
    bool is_cached = footprint <= (double)machine->l2_bytes;
    return bytes / (is_cached ? rates.cache_bytes_per_second : rates.memory_bytes_per_second);
}

static inline double rates_cycles(double cycles) {
    return cycles / rates.cycles_per_second;
}

#endif
