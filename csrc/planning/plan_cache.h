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
   equal plans. Begin with plan_key_begin, then add words (there must be room). The words are not
   cleared: a key costs what it holds. */
typedef struct PlanKey {
    uint64_t hash; /* a polynomial in the words, of which the upper half is good */
    int length;
    uint64_t words[PLAN_KEY_WORDS];
} PlanKey;

static inline void plan_key_begin(PlanKey *key) {
    key->length = 0;
    key->hash = 1;
}

static inline bool plan_key_has_room(const PlanKey *key, size_t words) {
    return words <= (size_t)(PLAN_KEY_WORDS - key->length);
}

/* The hash grows along: its multiplications are done beside the loads of what comes next. */
static inline uint64_t plan_key_mix(uint64_t hash, uint64_t word) {
    return (hash + word) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline void plan_key_add(PlanKey *key, uint64_t word) {
    key->words[key->length++] = word;
    key->hash = plan_key_mix(key->hash, word);
}

/* The extents and strides of some axes: two words each. */
static inline void plan_key_add_axes(PlanKey *key, const ptrdiff_t shape[],
                                     const ptrdiff_t strides[], int axis_count) {
    uint64_t hash = key->hash, *next = key->words + key->length;
    for (int i = 0; i < axis_count; i++, next += 2) {
        next[0] = (uint64_t)shape[i];
        next[1] = (uint64_t)strides[i];
        hash = plan_key_mix(plan_key_mix(hash, next[0]), next[1]);
    }
    key->hash = hash;
    key->length += 2 * axis_count;
}

/* Words enough for `size` bytes of text. */
static inline size_t plan_key_text_words(size_t size) {
    return (size + 7) / 8;
}

static inline uint64_t plan_key_bytes(const char *text, size_t size) {
    uint64_t word = 0;
    memcpy(&word, text, size);
    return word;
}

/* The last bytes of a text, at most eight: two reads overlap rather than go byte by byte. */
static inline uint64_t plan_key_tail(const char *text, size_t size) {
    if (size == 8) return plan_key_bytes(text, 8);
    if (size >= 4) return plan_key_bytes(text, 4) << 32 | plan_key_bytes(text + size - 4, 4);
    return plan_key_bytes(text, 1) << 16 | plan_key_bytes(text + size / 2, 1) << 8 |
           plan_key_bytes(text + size - 1, 1);
}

/* The bytes of a text, eight a word; its size is to be added by the caller. */
static inline void plan_key_add_text(PlanKey *key, const char *text, size_t size) {
    for (; size > 8; text += 8, size -= 8) plan_key_add(key, plan_key_bytes(text, 8));
    if (size > 0) plan_key_add(key, plan_key_tail(text, size));
}

/* Writes the key into a plan that nobody else holds yet; false where there is no memory for it. */
bool plan_take_key(Plan *plan, const PlanKey *key) MUST_CHECK;

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
