#include "planning/plan_cache.h"

static bool has_key(const Plan *plan, const PlanKey *key) {
    return plan->key_length == key->length &&
           memcmp(plan->key, key->words, (size_t)key->length * sizeof *key->words) == 0;
}

/* Moves a plan to the front of its set; those that were used later step back. */
static void put_first(PlanCacheSet *set, int way, uint64_t hash, Plan *plan) {
    for (; way > 0; way--) {
        set->hashes[way] = set->hashes[way - 1];
        set->plans[way] = set->plans[way - 1];
    }
    set->hashes[0] = hash;
    set->plans[0] = plan;
}

static PlanCacheSet *set_of(PlanCache *cache, uint64_t hash) {
    return &cache->sets[(hash >> 32) % PLAN_CACHE_SETS];
}

Plan *plan_cache_find(PlanCache *cache, const PlanKey *key) {
    PlanCacheSet *set = set_of(cache, key->hash);
    for (int way = 0; way < PLAN_CACHE_WAYS; way++) {
        Plan *plan = set->plans[way];
        if (set->hashes[way] != key->hash || !plan || !has_key(plan, key)) continue;
        if (way > 0) put_first(set, way, key->hash, plan);
        cache->hits++;
        return plan;
    }
    cache->misses++;
    return NULL;
}

static void let_go(PlanCache *cache, Plan *plan) {
    if (!plan) return;
    cache->bytes -= arena_bytes(&plan->arena);
    cache->plan_count--;
    plan_free(plan);
}

static void let_all_go(PlanCache *cache) {
    for (int i = 0; i < PLAN_CACHE_SETS; i++) {
        PlanCacheSet *set = &cache->sets[i];
        for (int way = 0; way < PLAN_CACHE_WAYS; way++) {
            Plan *plan = set->plans[way];
            set->plans[way] = NULL;
            let_go(cache, plan);
        }
    }
}

bool plan_take_key(Plan *plan, const PlanKey *key) {
    uint64_t *words = arena_take(&plan->arena, (size_t)key->length, sizeof *words);
    if (!words) return false;
    memcpy(words, key->words, (size_t)key->length * sizeof *words);
    plan->key = words;
    plan->key_length = key->length;
    return true;
}

void plan_cache_add(PlanCache *cache, const PlanKey *key, Plan *plan) {
    if (!plan_take_key(plan, key)) return;
    size_t bytes = arena_bytes(&plan->arena);
    if (bytes > PLAN_CACHE_BYTES) return;
    if (bytes > PLAN_CACHE_BYTES - cache->bytes) let_all_go(cache);
    cache->bytes += bytes;
    cache->plan_count++;
    PlanCacheSet *set = set_of(cache, key->hash);
    Plan *last = set->plans[PLAN_CACHE_WAYS - 1];
    put_first(set, PLAN_CACHE_WAYS - 1, key->hash, plan_share(plan));
    let_go(cache, last);
}

void plan_cache_clear(PlanCache *cache) {
    let_all_go(cache);
    cache->hits = cache->misses = 0;
}
