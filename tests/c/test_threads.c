/* How many threads: what the environment, the setters, the affinity mask and quotas say. */
#include "check.h"
#include "runtime/pool.h"
#include "runtime/quota.h"
#include "runtime/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the environment and the setters ---- */

/* Runs first, as nothing may have been asked for before. */
static void test_system(void) {
    int processors = threads_affinity();
    CHECK(processors >= 1);
    CHECK(processors <= sysconf(_SC_NPROCESSORS_CONF));
    CHECK(threads_of_process() >= 1 && threads_of_process() <= processors);
    CHECK_EQUAL_TEXT(threads_origin(), "system");
    CHECK_EQUAL_INT(threads_limit(), threads_of_process());
}

static void test_setting(void) {
    static const int settings[][2] = {{1, 1},  {5, 5},
                                      {0, 1},  {POOL_MOST_THREADS, POOL_MOST_THREADS},
                                      {-3, 1}, {POOL_MOST_THREADS + 1, POOL_MOST_THREADS}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        threads_set(settings[i][0]);
        CHECK_EQUAL_INT(threads_of_process(), settings[i][1]);
    }
    CHECK_EQUAL_TEXT(threads_origin(), "set_num_threads");
}

static void *limit_of_another_thread(void *limit) {
    *(int *)limit = threads_limit();
    CHECK_EQUAL_INT(threads_set_own(7), 0);
    CHECK_EQUAL_INT(threads_limit(), 7);
    return NULL;
}

static void test_own_limit(void) {
    threads_set(6);
    CHECK_EQUAL_INT(threads_set_own(2), 0);
    CHECK_EQUAL_INT(threads_limit(), 2);
    CHECK_EQUAL_INT(threads_of_process(), 6);
    CHECK_EQUAL_INT(threads_set_own(3), 2);
    int limit = -1;
    pthread_t thread;
    CHECK_EQUAL_INT(pthread_create(&thread, NULL, limit_of_another_thread, &limit), 0);
    pthread_join(thread, NULL);
    CHECK_EQUAL_INT(limit, 6);
    CHECK_EQUAL_INT(threads_limit(), 3);
    CHECK_EQUAL_INT(threads_set_own(0), 3);
    CHECK_EQUAL_INT(threads_limit(), 6);
}

typedef struct Variables {
    const char *own, *openmp; /* values; NULL: not set */
    int count;                /* that counts then, or 99 as before */
    const char *ignored;
} Variables;

static void set_variable(const char *name, const char *value) {
    if (value) setenv(name, value, 1);
    if (!value) unsetenv(name);
}

static void test_environment(void) {
    static const char own[] = "FASTEINSUM_NUM_THREADS", openmp[] = "OMP_NUM_THREADS";
    static const Variables cases[] = {
        {NULL, NULL, 99, NULL},  {"3", NULL, 3, NULL},
        {"3", "5", 3, NULL},     {NULL, "5", 5, NULL},
        {"", "5", 5, NULL},      {"", "", 99, NULL},
        {"0", "5", 5, own},      {"-2", NULL, 99, own},
        {"two", NULL, 99, own},  {"4x", NULL, 99, own},
        {"3.5", "2", 2, own},    {" 4 ", NULL, 4, NULL},
        {NULL, "4,2", 4, NULL},  {NULL, ",2", 99, openmp},
        {NULL, "x", 99, openmp}, {"a", "b", 99, own},
        {"1e3", NULL, 99, own},  {"99999999999999999999", NULL, POOL_MOST_THREADS, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        threads_set(99);
        set_variable(own, cases[i].own);
        set_variable(openmp, cases[i].openmp);
        CHECK_EQUAL_TEXT(threads_read_environment(), cases[i].ignored);
        if (!CHECK_EQUAL_INT(threads_of_process(), cases[i].count)) printf("    case %zu\n", i);
    }
    set_variable(own, "2");
    threads_read_environment();
    CHECK_EQUAL_TEXT(threads_origin(), own);
}

/* ---- quotas ---- */

static char root[] = P_tmpdir "/quota-XXXXXX";

/* Writes a file below root, and makes the directories above it. */
static void write_file(const char *path, const char *text) {
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        CHECK(mkdir(whole, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    if (!CHECK(file)) return;
    fputs(text, file);
    fclose(file);
}

typedef struct File {
    const char *path, *text;
} File;

typedef struct QuotaCase {
    const char *groups; /* of /proc/self/cgroup */
    File files[4];
    int processors;
} QuotaCase;

static const QuotaCase quota_cases[] = {
    {"0::/\n", {{"cpu.max", "max 100000\n"}}, 0},
    {"0::/\n", {{"cpu.max", "200000 100000\n"}}, 2},
    {"0::/\n", {{"cpu.max", "150000 100000\n"}}, 2},
    {"0::/\n", {{"cpu.max", "1000 100000\n"}}, 1},
    {"0::/\n", {{"cpu.max", "100000 0\n"}}, 0},
    {"0::/\n", {{"cpu.max", "nonsense"}}, 0},
    {"0::/\n", {{"cpu.max", ""}}, 0},
    {"0::/\n", {{0}}, 0},
    {"0::/a/b\n", {{"a/b/cpu.max", "300000 100000"}, {"a/cpu.max", "max 100000"}}, 3},
    {"0::/a/b\n", {{"a/b/cpu.max", "300000 100000"}, {"a/cpu.max", "100000 100000"}}, 1},
    {"0::/a/b\n", {{"a/b/cpu.max", "max 100000"}, {"cpu.max", "400000 100000"}}, 4},
    {"0::/of/the/host\n", {{"cpu.max", "500000 100000"}}, 5},
    {"0::/a\n", {{"b/cpu.max", "100000 100000"}}, 0},
    {"12:cpuset:/x\n4:cpu,cpuacct:/a\n0::/\n",
     {{"cpu/a/cpu.cfs_quota_us", "250000"}, {"cpu/a/cpu.cfs_period_us", "100000"}},
     3},
    {"4:cpuacct,cpu:/a\n", {{"cpu/a/cpu.cfs_quota_us", "-1"}, {"cpu/a/cpu.cfs_period_us", "1"}}, 0},
    {"4:cpu:/of/the/host\n", {{"cpu/cpu.cfs_quota_us", "7"}, {"cpu/cpu.cfs_period_us", "1"}}, 7},
    {"4:cpu:/a\n", {{"cpu/a/cpu.cfs_quota_us", "100000"}}, 0},
    {"4:cpuset:/\n", {{"cpu/cpu.cfs_quota_us", "7"}, {"cpu/cpu.cfs_period_us", "1"}}, 0},
    {"4:cpu:/\n0::/\n",
     {{"cpu/cpu.cfs_quota_us", "700"}, {"cpu/cpu.cfs_period_us", "100"}, {"cpu.max", "600 100"}},
     6},
    {"nonsense\n:\n::\n", {{"cpu.max", "100000 100000"}}, 1},
    {"", {{"cpu.max", "100000 100000"}}, 0},
};

static void remove_tree(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK_EQUAL_INT(system(command), 0);
}

static void test_quotas(void) {
    for (size_t i = 0; i < sizeof quota_cases / sizeof *quota_cases; i++) {
        const QuotaCase *c = &quota_cases[i];
        strcpy(root, P_tmpdir "/quota-XXXXXX");
        if (!CHECK(mkdtemp(root))) return;
        write_file("proc/self/cgroup", c->groups);
        for (int j = 0; j < 4 && c->files[j].path; j++) {
            char path[256];
            snprintf(path, sizeof path, "sys/fs/cgroup/%s", c->files[j].path);
            write_file(path, c->files[j].text);
        }
        if (!CHECK_EQUAL_INT(quota_processors(root), c->processors)) printf("    case %zu\n", i);
        remove_tree();
    }
    CHECK_EQUAL_INT(quota_processors("there/is/no/such/directory"), 0);
    CHECK(quota_processors("") >= 0);
}

int main(void) {
    unsetenv("FASTEINSUM_NUM_THREADS");
    unsetenv("OMP_NUM_THREADS");
    test_system();
    test_setting();
    test_own_limit();
    test_environment();
    test_quotas();
    return check_report();
}
