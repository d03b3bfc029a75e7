/* The test harness: checks count, failures print where and what, check_report ends main.
 *
 *     int main(void) {
 *         CHECK(1 + 1 == 2);
 *         CHECK_EQUAL_TEXT(status_name(STATUS_OK), "OK");
 *         return check_report();
 *     }
 *
 * Every check gives true if it held, for `if (!CHECK(tensor)) return;`. */
#ifndef FASTEINSUM_TESTS_CHECK_H
#define FASTEINSUM_TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { CHECK_FAILURES_PRINTED = 20 };

/* Weak, so that all files of one test program share them. */
__attribute__((weak)) long check_count;
__attribute__((weak)) long check_failures;

/* Counts one check; true if the caller is to print its failure. */
static inline bool check_is_news(bool held) {
    check_count++;
    if (held) return false;
    check_failures++;
    if (check_failures == CHECK_FAILURES_PRINTED + 1) printf("further failures are not printed\n");
    return check_failures <= CHECK_FAILURES_PRINTED;
}

static inline bool check_true(bool held, const char *file, int line, const char *expression) {
    if (check_is_news(held)) printf("%s:%d: failed: %s\n", file, line, expression);
    return held;
}

static inline bool check_equal_int(long long actual, long long expected, const char *file, int line,
                                   const char *expression) {
    bool held = actual == expected;
    if (check_is_news(held)) {
        printf("%s:%d: %s is %lld, not %lld\n", file, line, expression, actual, expected);
    }
    return held;
}

static inline bool check_equal_text(const char *actual, const char *expected, const char *file,
                                    int line, const char *expression) {
    bool held = actual == expected || (actual && expected && strcmp(actual, expected) == 0);
    if (check_is_news(held)) {
        printf("%s:%d: %s is\n    %s\nnot\n    %s\n", file, line, expression,
               actual ? actual : "NULL", expected ? expected : "NULL");
    }
    return held;
}

/* The summary line of one program; what main is to return. No check at all is a failure. */
static inline int check_print_report(const char *file) {
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    int length = (int)strcspn(name, ".");
    printf("%.*s: %ld checks, %ld failed\n", length, name, check_count, check_failures);
    return check_failures > 0 || check_count == 0;
}

#define CHECK(condition) check_true((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQUAL_INT(actual, expected) \
    check_equal_int((long long)(actual), (long long)(expected), __FILE__, __LINE__, #actual)
#define CHECK_EQUAL_TEXT(actual, expected) \
    check_equal_text((actual), (expected), __FILE__, __LINE__, #actual)
#define check_report() check_print_report(__FILE__)

#endif
