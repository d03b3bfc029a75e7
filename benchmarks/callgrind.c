/* Callgrind's requests as functions that Python can call. They do nothing outside of valgrind.
 * Compiled when instructions are counted; never shipped. */
#include <valgrind/callgrind.h>

void start_counting(void);
void zero_counts(void);
void dump_counts(const char *name);

void start_counting(void) {
    CALLGRIND_START_INSTRUMENTATION;
}

void zero_counts(void) {
    CALLGRIND_ZERO_STATS;
}

/* Writes the counts since the last dump, or since they were set to zero, into a file of its own. */
void dump_counts(const char *name) {
    CALLGRIND_DUMP_STATS_AT(name);
}
