/* The padded copy, axis by axis from the outermost: first the rows that exist, then the border,
 * which is filled or copied from rows of the result. Each element of the source is read once. */
#include "pad.h"

#include <string.h>

static const char *const spellings[] = {
#define PAD_SPELLING(name, spelling) [PAD_##name] = spelling,
    PAD_MODE_LIST(PAD_SPELLING)
#undef PAD_SPELLING
};

Status pad_mode_from_name(const char *name, PadMode *mode, Error *error) {
    for (int i = 0; i < PAD_MODE_COUNT; i++) {
        if (strcmp(name, spellings[i]) != 0) continue;
        *mode = (PadMode)i;
        return STATUS_OK;
    }
    static const struct {
        const char *foreign;
        PadMode mode;
    } others[] = {
        {"nearest", PAD_EDGE},
        {"replicate", PAD_EDGE},
        {"mirror", PAD_REFLECT},
        {"circular", PAD_WRAP},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(name, others[i].foreign) != 0) continue;
        return error_set(error, STATUS_RANGE, "unknown mode '%s'; did you mean '%s'?", name,
                         spellings[others[i].mode]);
    }
    return error_set(error, STATUS_RANGE,
                     "unknown mode '%.40s'. Expected 'constant', 'edge', 'reflect', 'symmetric' or "
                     "'wrap'",
                     name);
}

Status pad_check(const Windows *windows, PadMode mode, Error *error) {
    if (mode == PAD_CONSTANT) return STATUS_OK;
    for (int i = 0; i < windows->count; i++) {
        const WindowAxis *window = &windows->axes[i];
        if (window->length > 0 || window->before + window->after == 0) continue;
        return error_set(error, STATUS_SHAPE, "mode '%s' cannot pad axis %d of length 0",
                         spellings[mode], window->axis);
    }
    return STATUS_OK;
}

/* The remainder that is never negative. */
static ptrdiff_t modulo(ptrdiff_t index, ptrdiff_t period) {
    ptrdiff_t rest = index % period;
    return rest < 0 ? rest + period : rest;
}

ptrdiff_t pad_source(PadMode mode, ptrdiff_t index, ptrdiff_t length) {
    if (mode == PAD_EDGE || length == 1) return index < 0 ? 0 : index < length ? index : length - 1;
    if (mode == PAD_WRAP) return modulo(index, length);
    /* There and back: the far end is repeated by symmetric, not by reflect. */
    ptrdiff_t period = mode == PAD_REFLECT ? 2 * (length - 1) : 2 * length;
    ptrdiff_t there = modulo(index, period);
    if (there < length) return there;
    return (mode == PAD_REFLECT ? period : period - 1) - there;
}

/* One axis of the copy. */
typedef struct PadAxis {
    ptrdiff_t length, before, after;
    ptrdiff_t source_stride;
    size_t row_bytes; /* of one entry of the axis in the padded array */
} PadAxis;

typedef struct PadWalk {
    const PadJob *job;
    size_t copy_bytes; /* what the innermost step moves: an item, or more where they are adjacent */
    int axis_count;
    PadAxis axes[MAX_AXES];
} PadWalk;

/* Innermost axes that are not padded and contiguous in the source become part of the item. */
static void merge_items(PadWalk *walk) {
    while (walk->axis_count > 0) {
        const PadAxis *last = &walk->axes[walk->axis_count - 1];
        bool is_adjacent = last->source_stride == (ptrdiff_t)walk->copy_bytes || last->length == 1;
        if (last->before || last->after || !is_adjacent) return;
        walk->copy_bytes *= (size_t)last->length;
        walk->axis_count--;
    }
}

static void begin_walk(PadWalk *walk, const PadJob *job) {
    const Tensor *source = job->source;
    walk->job = job;
    walk->axis_count = source->axis_count;
    for (int i = 0; i < source->axis_count; i++) {
        walk->axes[i] = (PadAxis){.length = source->shape[i], .source_stride = source->strides[i]};
    }
    for (int i = 0; i < job->windows->count; i++) {
        const WindowAxis *window = &job->windows->axes[i];
        walk->axes[window->axis].before = window->before;
        walk->axes[window->axis].after = window->after;
    }
    size_t bytes = job->item_bytes;
    for (int i = source->axis_count - 1; i >= 0; i--) {
        PadAxis *axis = &walk->axes[i];
        axis->row_bytes = bytes;
        bytes *= (size_t)(axis->before + axis->length + axis->after);
    }
    walk->copy_bytes = job->item_bytes;
    merge_items(walk);
}

/* bytes is a multiple of the item's; what is filled doubles with every copy. */
static void fill_bytes(const PadJob *job, char *to, size_t bytes) {
    if (bytes == 0) return;
    size_t done = job->item_bytes;
    memcpy(to, job->fill, done);
    while (done < bytes) {
        size_t more = done < bytes - done ? done : bytes - done;
        memcpy(to + done, to, more);
        done += more;
    }
}

/* A copy whose size the compiler knows is one load and one store. */
static void copy_row(const char *from, ptrdiff_t stride, char *to, size_t item, ptrdiff_t count) {
    if (stride == (ptrdiff_t)item) {
        memcpy(to, from, item * (size_t)count);
    } else if (item == 4) {
        for (ptrdiff_t i = 0; i < count; i++) memcpy(to + i * 4, from + i * stride, 4);
    } else if (item == 8) {
        for (ptrdiff_t i = 0; i < count; i++) memcpy(to + i * 8, from + i * stride, 8);
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            memcpy(to + i * (ptrdiff_t)item, from + i * stride, item);
        }
    }
}

/* Border rows first .. end, counted from the first row that exists, from rows of the result. */
static void copy_border(const PadAxis *axis, PadMode mode, ptrdiff_t first, ptrdiff_t end,
                        char *inside) {
    for (ptrdiff_t i = first; i < end; i++) {
        ptrdiff_t from = pad_source(mode, i, axis->length);
        memcpy(inside + i * (ptrdiff_t)axis->row_bytes, inside + from * (ptrdiff_t)axis->row_bytes,
               axis->row_bytes);
    }
}

static void pad_border(const PadWalk *walk, const PadAxis *axis, char *padded) {
    char *inside = padded + (size_t)axis->before * axis->row_bytes;
    if (walk->job->mode == PAD_CONSTANT) {
        if (!walk->job->fill) return;
        char *behind = inside + (size_t)axis->length * axis->row_bytes;
        fill_bytes(walk->job, padded, (size_t)axis->before * axis->row_bytes);
        fill_bytes(walk->job, behind, (size_t)axis->after * axis->row_bytes);
    } else {
        copy_border(axis, walk->job->mode, -axis->before, 0, inside);
        copy_border(axis, walk->job->mode, axis->length, axis->length + axis->after, inside);
    }
}

static void pad_axis(const PadWalk *walk, int level, const char *source, char *padded) {
    const PadAxis *axis = &walk->axes[level];
    char *inside = padded + (size_t)axis->before * axis->row_bytes;
    if (level == walk->axis_count - 1) {
        copy_row(source, axis->source_stride, inside, walk->copy_bytes, axis->length);
    } else {
        for (ptrdiff_t i = 0; i < axis->length; i++) {
            pad_axis(walk, level + 1, source + i * axis->source_stride,
                     inside + (size_t)i * axis->row_bytes);
        }
    }
    pad_border(walk, axis, padded);
}

void pad_copy(const PadJob *job, char *padded) {
    PadWalk walk;
    begin_walk(&walk, job);
    if (walk.axis_count == 0) {
        memcpy(padded, job->source->data, walk.copy_bytes);
    } else {
        pad_axis(&walk, 0, job->source->data, padded);
    }
}
