/* Memory of large results: taken again, within its limit, whoever gives it back. */
#include "base/memory.h"
#include "check.h"
#include "runtime/recycle.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define MIB ((size_t)1 << 20)

enum { THREADS = 4, ROUNDS = 300, HELD = 3 };

static void test_taken_again(void) {
    recycle_set_limit(256 * MIB);
    char *first = recycle_take(40 * MIB);
    char *second = recycle_take(40 * MIB);
    if (!CHECK(first && second && first != second)) return;
    CHECK_EQUAL_INT((uintptr_t)first % MEMORY_ALIGNMENT, 0);
    first[0] = first[40 * MIB - 1] = 1;
    recycle_give(first);
    CHECK_EQUAL_INT(recycle_kept(), 40 * MIB);
    CHECK(recycle_take(40 * MIB) == first);
    CHECK_EQUAL_INT(recycle_kept(), 0);
    recycle_give(first);
    recycle_give(second);
    CHECK(recycle_take(40 * MIB) == second); /* the one given back last */
    recycle_give(second);
    recycle_set_limit(0);
}

/* What is given out may be up to a quarter larger than what was asked for. */
static void test_fit(void) {
    recycle_set_limit(256 * MIB);
    void *kept = recycle_take(50 * MIB);
    if (!CHECK(kept)) return;
    recycle_give(kept);
    void *larger = recycle_take(50 * MIB + 1), *smaller = recycle_take(40 * MIB - 1);
    CHECK(larger && larger != kept && smaller && smaller != kept);
    CHECK(recycle_take(40 * MIB) == kept);
    recycle_give(kept);
    CHECK_EQUAL_INT(recycle_kept(), 50 * MIB);
    recycle_give(larger);
    recycle_give(smaller);
    recycle_set_limit(0);
}

static void test_limit(void) {
    void *blocks[8];
    recycle_set_limit(130 * MIB);
    for (int i = 0; i < 8; i++) blocks[i] = recycle_take((size_t)(40 + 20 * (i == 7)) * MIB);
    for (int i = 0; i < 7; i++) recycle_give(blocks[i]);
    CHECK_EQUAL_INT(recycle_kept(), 120 * MIB);
    recycle_give(blocks[7]);
    CHECK_EQUAL_INT(recycle_kept(), 100 * MIB); /* it, and the last of the others */
    void *huge = recycle_take(131 * MIB), *small = recycle_take(RECYCLE_LEAST - 1);
    recycle_give(huge);
    recycle_give(small);
    CHECK_EQUAL_INT(recycle_kept(), 100 * MIB);
    recycle_set_limit(99 * MIB);
    CHECK_EQUAL_INT(recycle_kept(), 60 * MIB);
    CHECK_EQUAL_INT(recycle_limit(), 99 * MIB);
    recycle_set_limit(0);
    CHECK_EQUAL_INT(recycle_kept(), 0);
}

static void test_count_of_blocks(void) {
    void *blocks[8];
    recycle_set_limit(1024 * MIB);
    for (int i = 0; i < 8; i++) blocks[i] = recycle_take(32 * MIB);
    for (int i = 0; i < 8; i++) recycle_give(blocks[i]);
    CHECK_EQUAL_INT(recycle_kept(), 4 * 32 * MIB);
    recycle_set_limit(0);
}

static void test_resize(void) {
    recycle_set_limit(256 * MIB);
    unsigned char *memory = recycle_take(33 * MIB);
    if (!CHECK(memory)) return;
    memory[0] = 1, memory[5 * MIB] = 2, memory[33 * MIB - 1] = 3;
    memory = recycle_resize(memory, 70 * MIB);
    CHECK(memory && memory[0] == 1 && memory[5 * MIB] == 2 && memory[33 * MIB - 1] == 3);
    memory = recycle_resize(memory, 6 * MIB);
    CHECK(memory && memory[0] == 1 && memory[5 * MIB] == 2);
    CHECK(recycle_resize(memory, SIZE_MAX) == NULL);
    CHECK(memory[5 * MIB] == 2);
    CHECK_EQUAL_INT(recycle_kept(), 103 * MIB);
    recycle_give(memory);
    recycle_set_limit(0);
}

/* What is kept is given back before there is no memory. */
static void test_no_memory(void) {
    recycle_set_limit(256 * MIB);
    CHECK(recycle_take(SIZE_MAX) == NULL);
    CHECK(recycle_take(PTRDIFF_MAX - 63) == NULL);
    void *kept = recycle_take(40 * MIB);
    recycle_give(kept);
    memory_fail(0, false);
    void *other = recycle_take(100 * MIB);
    CHECK(other != NULL);
    CHECK_EQUAL_INT(recycle_kept(), 0);
    memory_fail(0, true);
    CHECK(recycle_take(100 * MIB) == NULL);
    memory_fail(-1, false);
    recycle_give(other);
    recycle_set_limit(0);
}

/* Each writes its name at both ends of what it has, where nobody else may have written. */
static void *take_and_give(void *name) {
    size_t *held[HELD] = {NULL};
    size_t clashes = 0, me = *(size_t *)name;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t words = (32 + (i * 7 + me) % 4 * 5) * MIB / sizeof(size_t), slot = (i + me) % HELD;
        size_t *old = held[slot];
        if (old) {
            clashes += old[1] != me || old[old[0] - 1] != me;
            recycle_give(old);
        }
        size_t *taken = held[slot] = recycle_take(words * sizeof(size_t));
        if (!taken) return (void *)(clashes + 1);
        taken[0] = words, taken[1] = taken[words - 1] = me;
        if (i % 50 == 49) recycle_set_limit((i % 100 == 49 ? 100 : 256) * MIB);
    }
    for (int i = 0; i < HELD; i++) recycle_give(held[i]);
    return (void *)clashes;
}

static void test_threads(void) {
    pthread_t threads[THREADS];
    size_t names[THREADS];
    recycle_set_limit(256 * MIB);
    for (int i = 0; i < THREADS; i++) {
        names[i] = (size_t)i + 1;
        CHECK_EQUAL_INT(pthread_create(&threads[i], NULL, take_and_give, &names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *clashes = NULL;
        pthread_join(threads[i], &clashes);
        CHECK(clashes == NULL);
    }
    CHECK(recycle_kept() <= 256 * MIB);
    recycle_set_limit(0);
    CHECK_EQUAL_INT(recycle_kept(), 0);
}

static void test_environment(void) {
    static const char *const good[][2] = {{"0", "0"}, {"1000", "1000"}, {"", "1000"}};
    static const char *const bad[] = {"-1", " 5", "5M", "none", "0x10"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        setenv("FASTEINSUM_RECYCLE", good[i][0], 1);
        CHECK(recycle_read_environment() == NULL);
        CHECK_EQUAL_INT(recycle_limit(), atoi(good[i][1]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("FASTEINSUM_RECYCLE", bad[i], 1);
        CHECK_EQUAL_TEXT(recycle_read_environment(), "FASTEINSUM_RECYCLE");
        CHECK_EQUAL_INT(recycle_limit(), 1000);
    }
    setenv("FASTEINSUM_RECYCLE", "99999999999999999999999", 1);
    CHECK(recycle_read_environment() == NULL);
    CHECK_EQUAL_INT(recycle_limit(), PTRDIFF_MAX);
    unsetenv("FASTEINSUM_RECYCLE");
    CHECK(recycle_read_environment() == NULL);
    recycle_set_limit(0);
}

int main(void) {
    ptrdiff_t before = memory_blocks();
    test_taken_again();
    test_fit();
    test_limit();
    test_count_of_blocks();
    test_resize();
    test_no_memory();
    test_threads();
    test_environment();
    CHECK_EQUAL_INT(memory_blocks(), before);
    return check_report();
}
