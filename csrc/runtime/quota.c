/* A quota is time per period, set for a group or for one around it, so the least of them all holds.
 *
 *     version 2   /proc/self/cgroup: 0::/a/b              /sys/fs/cgroup/a/b/cpu.max
 *     version 1   /proc/self/cgroup: 4:cpu,cpuacct:/a/b   /sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us
 *
 * In a container the path may be one of the host, which is not there: then that of its root counts.
 */
#include "runtime/quota.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* ---- one directory ------------------------------------------------------- */

/* Processors that a directory of a version's hierarchy allows; INFINITY if it says nothing. */
typedef double ReadQuota(const char *directory);

static FILE *open_file(const char *directory, const char *name) {
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    return length < (int)sizeof path ? fopen(path, "r") : NULL;
}

static double processors(double quota, double period) {
    return quota > 0 && period > 0 ? quota / period : INFINITY;
}

/* "50000 100000", or "max 100000" for no limit. */
static double read_version_2(const char *directory) {
    FILE *file = open_file(directory, "cpu.max");
    if (!file) return INFINITY;
    double quota = 0, period = 0;
    bool has_limit = fscanf(file, "%lf %lf", &quota, &period) == 2;
    fclose(file);
    return has_limit ? processors(quota, period) : INFINITY;
}

static double read_number(const char *directory, const char *name) {
    FILE *file = open_file(directory, name);
    if (!file) return 0;
    double number;
    bool is_number = fscanf(file, "%lf", &number) == 1;
    fclose(file);
    return is_number ? number : 0;
}

/* A quota of -1 is no limit. */
static double read_version_1(const char *directory) {
    return processors(read_number(directory, "cpu.cfs_quota_us"),
                      read_number(directory, "cpu.cfs_period_us"));
}

/* ---- a group and those around it ----------------------------------------- */

/* mount and group: "/sys/fs/cgroup", "/a/b". */
static double least_around(const char *mount, const char *group, ReadQuota *read) {
    char directory[PATH_BYTES];
    size_t root = strlen(mount);
    int length = snprintf(directory, sizeof directory, "%s%s", mount, group);
    if (length >= (int)sizeof directory) return INFINITY;
    double least = read(directory);
    for (char *slash; (slash = strrchr(directory, '/')) && slash >= directory + root;) {
        *slash = '\0';
        least = fmin(least, read(directory));
    }
    return least;
}

static bool has_item(const char *list, const char *item) {
    size_t length = strlen(item);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        if (strcspn(at, ",") == length && memcmp(at, item, length) == 0) return true;
    }
    return false;
}

/* What one line of /proc/self/cgroup leads to: its number, controllers, path. */
static double read_line(const char *root, char *line) {
    char mount[PATH_BYTES];
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return INFINITY;
    *controllers++ = '\0';
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    bool is_version_2 = *controllers == '\0';
    if (!is_version_2 && !has_item(controllers, "cpu")) return INFINITY;
    int length =
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s", root, is_version_2 ? "" : "/cpu");
    if (length >= (int)sizeof mount) return INFINITY;
    return least_around(mount, group, is_version_2 ? read_version_2 : read_version_1);
}

int quota_processors(const char *root) {
    FILE *file = open_file(root, "proc/self/cgroup");
    if (!file) return 0;
    char line[PATH_BYTES];
    double least = INFINITY;
    while (fgets(line, sizeof line, file)) least = fmin(least, read_line(root, line));
    fclose(file);
    return isfinite(least) ? (int)fmin(ceil(least), INT_MAX) : 0;
}
