/* The printed plan: one line about the whole, one line per step. */
#include "planning/plan.h"
#include "strategies/groups.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that is cut at the end of the buffer, but counted whole. */
typedef struct Text {
    char *buffer;
    size_t size, length;
} Text;

__attribute__((format(printf, 2, 3))) static void text_add(Text *text, const char *format, ...) {
    size_t used = text->length < text->size ? text->length : text->size;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->buffer + used, text->size - used, format, arguments);
    va_end(arguments);
    if (length > 0) text->length += (size_t)length;
}

static const char *bytes_text(size_t bytes, char text[32]) {
    if (bytes == 0) {
        strcpy(text, "-");
    } else if (bytes < 1000) {
        snprintf(text, 32, "%zu B", bytes);
    } else if (bytes < 1000000) {
        snprintf(text, 32, "%.1f KB", (double)bytes / 1e3);
    } else {
        snprintf(text, 32, "%.1f MB", (double)bytes / 1e6);
    }
    return text;
}

static const char *extent_text(ptrdiff_t extent, char text[32]) {
    if (extent == 1) return strcpy(text, "-");
    snprintf(text, 32, "%td", extent);
    return text;
}

/* The extents by class: for two inputs as in groups.h; else all kept axes count as rows. */
typedef struct Extents {
    ptrdiff_t batch, rows, cols, sum;
} Extents;

static Extents extents_of(const Contraction *contraction) {
    int kept = contraction->kept_count;
    if (contraction->input_count == 2) {
        Groups groups;
        groups_make(&groups, contraction, 0);
        return (Extents){groups.batch.extent, groups.rows.extent, groups.cols.extent,
                         groups.sum.extent};
    }
    return (Extents){1, axes_extent(contraction->axes, kept), 1,
                     axes_extent(contraction->axes + kept, contraction->axis_count - kept)};
}

static void print_step(Text *text, int number, const Step *step) {
    Extents extents = extents_of(step->plan.contraction);
    char batch[32], rows[32], cols[32], sum[32], scratch[32];
    text_add(text, "%4d  %-24s %-9s %9s %9s %9s %9s %7td  %9.2e s  %s\n", number, step->expression,
             step->plan.strategy->name, extent_text(extents.batch, batch),
             extent_text(extents.rows, rows), extent_text(extents.cols, cols),
             extent_text(extents.sum, sum), phases_total(&step->plan.phases), step->plan.seconds,
             bytes_text(step->plan.scratch_bytes + step->plan.shared_bytes, scratch));
}

size_t plan_print(const Plan *plan, char *buffer, size_t size) {
    Text text = {buffer, size, 0};
    char workspace[32];
    if (size > 0) *buffer = '\0';
    text_add(&text, "%s   %d step%s, workspace %s\n", plan->title, plan->step_count,
             plan->step_count == 1 ? "" : "s",
             bytes_text(plan_workspace_bytes(plan, 1), workspace));
    text_add(&text, "%4s  %-24s %-9s %9s %9s %9s %9s %7s  %9s    %s\n", "step", "contraction",
             "strategy", "batch", "rows", "cols", "sum", "tasks", "time", "scratch");
    for (int i = 0; i < plan->step_count; i++) print_step(&text, i + 1, &plan->steps[i]);
    return text.length;
}
