#include "planning/plan_cache.h"

/* Two words at a time in two lanes: what takes the time is the chain of multiplications. */
static uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Any odd numbers without a pattern. */
static const uint64_t salt_a = 0x9e3779b97f4a7c15, salt_b = 0xc2b2ae3d27d4eb4f;

void plan_key_end(PlanKey *key) {
    const uint64_t *words = key->words;
    uint64_t left = salt_a ^ (uint64_t)key->length, right = salt_b;
    int i = 0;
    for (; i + 4 <= key->length; i += 4) {
        left = mix(words[i] ^ left, words[i + 1] ^ salt_a);
        right = mix(words[i + 2] ^ right, words[i + 3] ^ salt_b);
    }
    for (; i < key->length; i++) left = mix(words[i] ^ left, salt_b);
    key->hash = mix(left ^ salt_b, right ^ salt_a);
}

static bool has_key(const Plan *plan, const PlanKey *key) {
    if (plan->key_length != key->length) return false;
    for (int i = 0; i < key->length; i++) {
        if (plan->key[i] != key->words[i]) return false;
    }
    return true;
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
    return &cache->sets[hash % PLAN_CACHE_SETS];
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

void plan_cache_add(PlanCache *cache, const PlanKey *key, Plan *plan) {
    uint64_t *words = arena_take(&plan->arena, (size_t)key->length, sizeof *words);
    if (!words) return;
    memcpy(words, key->words, (size_t)key->length * sizeof *words);
    plan->key = words;
    plan->key_length = key->length;
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
