/* The cache of plans against a model that remembers all keys: what is found, what stays, what is
   freed. */
#include "planning/plan_cache.h"

#include "base/memory.h"
#include "check.h"
#include "einsum.h"

#include <stdint.h>

static PlanKey key;

static void make_key(const uint64_t words[], int count) {
    plan_key_begin(&key);
    for (int i = 0; i < count; i++) plan_key_add(&key, words[i]);
}

static void make_key_of(uint64_t number) {
    make_key((uint64_t[]){number, 7, number * number}, 3);
}

/* Of "i->" over some extent, held by the caller. */
static Plan *make_plan(int extent) {
    Error error;
    Einsum einsum;
    einsum_begin(&einsum);
    Tensor operand = {.dtype = DTYPE_F64, .axis_count = 1, .shape = {extent}, .strides = {8}};
    Machine machine = machine_with_isa(ISA_BASELINE);
    PlanOptions options = {.machine = &machine, .type_number = extent};
    CHECK_EQUAL_INT(einsum_resolve(&einsum, "i->", 3, &operand, 1, NULL, &error), STATUS_OK);
    problem_set_layout(&einsum.problem, 'K', DTYPE_F64);
    CHECK_EQUAL_INT(einsum_plan(&einsum, &options, &error), STATUS_OK);
    Plan *plan = plan_share(einsum.plan);
    einsum_end(&einsum);
    return plan;
}

static void add(PlanCache *cache, int number) {
    Plan *plan = make_plan(number);
    make_key_of((uint64_t)number);
    plan_cache_add(cache, &key, plan);
    plan_free(plan);
}

/* The extent for which the plan found was made, or -1. */
static int find(PlanCache *cache, int number) {
    make_key_of((uint64_t)number);
    const Plan *plan = plan_cache_find(cache, &key);
    return plan ? plan->type_number : -1;
}

static void test_finds_what_was_added(void) {
    static PlanCache cache;
    ptrdiff_t blocks = memory_blocks();
    for (int i = 1; i <= 20; i++) {
        CHECK_EQUAL_INT(find(&cache, i), -1);
        add(&cache, i);
        for (int j = 1; j <= i; j++) CHECK_EQUAL_INT(find(&cache, j), j);
        CHECK_EQUAL_INT(cache.plan_count, i);
    }
    CHECK_EQUAL_INT(cache.misses, 20);
    CHECK_EQUAL_INT(cache.hits, 20 * 21 / 2);
    CHECK(cache.bytes >= 20 * sizeof(Plan));
    plan_cache_clear(&cache);
    CHECK_EQUAL_INT(find(&cache, 1), -1);
    CHECK_EQUAL_INT(cache.bytes, 0);
    CHECK_EQUAL_INT(cache.plan_count, 0);
    CHECK_EQUAL_INT(memory_blocks(), blocks);
}

/* Each word of a key counts, and where it stands, and how many there are. */
static void test_keys_differ_by_every_word(void) {
    enum { LENGTH = 13 };
    static PlanCache cache;
    uint64_t words[LENGTH + 1] = {0};
    for (int i = 0; i < LENGTH; i++) words[i] = (uint64_t)(i % 5);
    Plan *plan = make_plan(1);
    make_key(words, LENGTH);
    plan_cache_add(&cache, &key, plan);
    plan_free(plan);
    CHECK(plan_cache_find(&cache, &key) != NULL);
    for (int i = 0; i < LENGTH; i++) {
        for (int bit = 0; bit < 64; bit++) {
            words[i] ^= UINT64_C(1) << bit;
            make_key(words, LENGTH);
            CHECK(plan_cache_find(&cache, &key) == NULL);
            words[i] ^= UINT64_C(1) << bit;
        }
    }
    for (int length = 0; length <= LENGTH + 1; length++) {
        make_key(words, length);
        CHECK((plan_cache_find(&cache, &key) != NULL) == (length == LENGTH));
    }
    plan_cache_clear(&cache);
}

/* Even if the hashes of all keys were the same, no other plan would be found. */
static void test_equal_hashes_are_no_proof(void) {
    static PlanCache cache;
    for (int i = 1; i <= PLAN_CACHE_WAYS; i++) {
        Plan *plan = make_plan(i);
        make_key_of((uint64_t)i);
        key.hash = 5;
        plan_cache_add(&cache, &key, plan);
        plan_free(plan);
    }
    for (int i = 1; i <= PLAN_CACHE_WAYS + 1; i++) {
        make_key_of((uint64_t)i);
        key.hash = 5;
        const Plan *plan = plan_cache_find(&cache, &key);
        CHECK_EQUAL_INT(plan ? plan->type_number : -1, i <= PLAN_CACHE_WAYS ? i : -1);
    }
    plan_cache_clear(&cache);
}

/* Of a set that is full the plan that was used longest ago goes. */
static void test_the_oldest_of_a_set_goes(void) {
    static PlanCache cache;
    int same_set[PLAN_CACHE_WAYS + 1], count = 0;
    for (int i = 1; count <= PLAN_CACHE_WAYS; i++) {
        make_key_of((uint64_t)i);
        if ((key.hash >> 32) % PLAN_CACHE_SETS == 3) same_set[count++] = i;
    }
    for (int i = 0; i < PLAN_CACHE_WAYS; i++) add(&cache, same_set[i]);
    CHECK_EQUAL_INT(find(&cache, same_set[0]), same_set[0]);
    add(&cache, same_set[PLAN_CACHE_WAYS]);
    for (int i = 0; i <= PLAN_CACHE_WAYS; i++) {
        CHECK_EQUAL_INT(find(&cache, same_set[i]), i == 1 ? -1 : same_set[i]);
    }
    CHECK_EQUAL_INT(cache.plan_count, PLAN_CACHE_WAYS);
    plan_cache_clear(&cache);
}

static void test_bounds(void) {
    static PlanCache cache;
    ptrdiff_t blocks = memory_blocks();
    for (int i = 1; i <= 3 * PLAN_CACHE_PLANS; i++) {
        add(&cache, i);
        CHECK_EQUAL_INT(find(&cache, i), i);
    }
    CHECK(cache.plan_count <= PLAN_CACHE_PLANS && cache.plan_count > PLAN_CACHE_PLANS / 2);
    CHECK(cache.bytes <= PLAN_CACHE_BYTES);
    plan_cache_clear(&cache);
    CHECK_EQUAL_INT(memory_blocks(), blocks);
    plan_key_begin(&key);
    CHECK(plan_key_has_room(&key, PLAN_KEY_WORDS));
    CHECK(!plan_key_has_room(&key, PLAN_KEY_WORDS + 1));
    CHECK(!plan_key_has_room(&key, SIZE_MAX));
}

/* Plans of a mebibyte each, so that few of them fit. */
static void test_bytes_are_bounded(void) {
    static PlanCache cache;
    for (int i = 1; i <= 100; i++) {
        Plan *plan = make_plan(i);
        CHECK(arena_take(&plan->arena, 1 << 20, 1) != NULL);
        make_key_of((uint64_t)i);
        plan_cache_add(&cache, &key, plan);
        plan_free(plan);
        CHECK(cache.bytes <= PLAN_CACHE_BYTES);
        CHECK_EQUAL_INT(find(&cache, i), i);
    }
    CHECK(cache.plan_count > 10 && cache.plan_count < 64);
    Plan *huge = make_plan(1000);
    CHECK(arena_take(&huge->arena, PLAN_CACHE_BYTES, 1) != NULL);
    make_key_of(1000);
    int before = cache.plan_count;
    plan_cache_add(&cache, &key, huge);
    plan_free(huge);
    CHECK_EQUAL_INT(find(&cache, 1000), -1);
    CHECK_EQUAL_INT(cache.plan_count, before);
    plan_cache_clear(&cache);
}

/* Who holds a plan keeps it, whatever the cache does. */
static void test_plans_outlive_the_cache(void) {
    static PlanCache cache;
    add(&cache, 9);
    make_key_of(9);
    Plan *plan = plan_share(plan_cache_find(&cache, &key));
    plan_cache_clear(&cache);
    CHECK_EQUAL_INT(plan->type_number, 9);
    CHECK_EQUAL_INT(plan->result.axis_count, 0);
    plan_free(plan);
}

/* Without memory for the key a plan is not kept, and nothing is lost. */
static void test_no_memory_for_the_key(void) {
    static PlanCache cache;
    Plan *plan = make_plan(4);
    make_key((uint64_t[PLAN_KEY_WORDS]){1}, PLAN_KEY_WORDS);
    memory_fail(0, 1);
    plan_cache_add(&cache, &key, plan);
    memory_fail(-1, 0);
    CHECK(plan_cache_find(&cache, &key) == NULL);
    CHECK_EQUAL_INT(cache.plan_count, 0);
    plan_free(plan);
}

/* Each byte of a text counts, and its place. */
static void test_texts(void) {
    char text[] = "abcdefghijklmnopqrs";
    for (size_t size = 0; size < sizeof text; size++) {
        plan_key_begin(&key);
        plan_key_add_text(&key, text, size);
        CHECK_EQUAL_INT(key.length, (size + 7) / 8);
        PlanKey whole = key;
        for (size_t i = 0; i < size; i++) {
            text[i] ^= 0x40;
            plan_key_begin(&key);
            plan_key_add_text(&key, text, size);
            CHECK(memcmp(key.words, whole.words, (size_t)key.length * 8) != 0);
            CHECK(key.hash != whole.hash);
            text[i] ^= 0x40;
        }
    }
}

int main(void) {
    test_finds_what_was_added();
    test_keys_differ_by_every_word();
    test_equal_hashes_are_no_proof();
    test_the_oldest_of_a_set_goes();
    test_bounds();
    test_bytes_are_bounded();
    test_plans_outlive_the_cache();
    test_no_memory_for_the_key();
    test_texts();
    return check_report();
}
