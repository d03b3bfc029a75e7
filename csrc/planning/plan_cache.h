/* Plans kept for calls that come again, found by all that they depend on. */
#ifndef FASTEINSUM_PLANNING_PLAN_CACHE_H
#define FASTEINSUM_PLANNING_PLAN_CACHE_H

#include "planning/plan.h"

#include <string.h>

enum {
    PLAN_KEY_WORDS = 1024, /* room for hundreds of operands; what depends on more is not kept */
    PLAN_CACHE_WAYS = 4,   /* the last plans of one set stay, whatever the others are */
    PLAN_CACHE_SETS = 128,
    PLAN_CACHE_PLANS = PLAN_CACHE_WAYS * PLAN_CACHE_SETS,
};
#define PLAN_CACHE_BYTES ((size_t)64 << 20) /* of all plans in a cache */

/* Everything that a plan depends on, as words whose meaning is the caller's: equal keys must mean
   equal plans. Begin with plan_key_begin, add words (there must be room), end with plan_key_end.
   The words are not cleared: a key costs what it holds. */
typedef struct PlanKey {
    uint64_t hash;
    int length;
    uint64_t words[PLAN_KEY_WORDS];
} PlanKey;

static inline void plan_key_begin(PlanKey *key) {
    key->length = 0;
}

static inline bool plan_key_has_room(const PlanKey *key, size_t words) {
    return words <= (size_t)(PLAN_KEY_WORDS - key->length);
}

static inline void plan_key_add(PlanKey *key, uint64_t word) {
    key->words[key->length++] = word;
}

/* Words enough for `size` bytes of text. */
static inline size_t plan_key_text_words(size_t size) {
    return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

/* The bytes of a text, the last word filled up with zeros; its size is to be added by the caller.
 */
static inline void plan_key_add_text(PlanKey *key, const char *text, size_t size) {
    if (size == 0) return;
    uint64_t *first = key->words + key->length;
    key->length += (int)plan_key_text_words(size);
    key->words[key->length - 1] = 0;
    memcpy(first, text, size);
}

/* Works the hash out. */
void plan_key_end(PlanKey *key);

/* One set of places: the plan used last comes first. */
typedef struct PlanCacheSet {
    uint64_t hashes[PLAN_CACHE_WAYS];
    Plan *plans[PLAN_CACHE_WAYS];
} PlanCacheSet;

/* Starts as {0} and ends with plan_cache_clear. Used by one thread at a time: whoever owns it sees
   to that. Holds its plans; when their bytes exceed PLAN_CACHE_BYTES it is emptied. */
typedef struct PlanCache {
    PlanCacheSet sets[PLAN_CACHE_SETS];
    size_t bytes;
    int plan_count;
    uint64_t hits, misses;
} PlanCache;

/* The plan that was added under an equal key, borrowed from the cache; NULL if there is none. */
Plan *plan_cache_find(PlanCache *cache, const PlanKey *key);

/* Keeps a plan that nobody else holds yet, in place of the one of its set that was used longest
   ago. Where there is no memory for the key, the plan is not kept. */
void plan_cache_add(PlanCache *cache, const PlanKey *key, Plan *plan);

/* Lets all plans go. The counts of hits and misses begin anew. */
void plan_cache_clear(PlanCache *cache);

#endif
