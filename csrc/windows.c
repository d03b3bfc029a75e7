#include "windows.h"

#include "base/checked.h"

#include <string.h>

/* ---------------------------------------------------------------------------- names of rules */

Status padding_from_name(const char *name, Padding *padding, Error *error) {
#define PADDING_SPELLING(name, spelling) [PADDING_##name] = spelling,
    static const char *const spellings[] = {PADDING_LIST(PADDING_SPELLING)};
#undef PADDING_SPELLING
    for (int i = PADDING_GIVEN + 1; i < PADDING_COUNT; i++) {
        if (strcmp(name, spellings[i]) != 0) continue;
        *padding = (Padding)i;
        return STATUS_OK;
    }
    static const char *const modes[] = {"constant", "edge", "reflect", "symmetric", "wrap"};
    const char *hint = "";
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(name, modes[i]) == 0) hint = "; that is a mode";
    }
    return error_set(error, STATUS_RANGE,
                     "unknown padding '%.40s'%s. Expected an int, ints, pairs or 'valid', 'same', "
                     "'same_lower', 'full', 'causal'",
                     name, hint);
}

Status remainder_from_name(const char *name, Remainder *remainder, Error *error) {
#define REMAINDER_SPELLING(name, spelling) [REMAINDER_##name] = spelling,
    static const char *const spellings[] = {REMAINDER_LIST(REMAINDER_SPELLING)};
#undef REMAINDER_SPELLING
    for (int i = 0; i < REMAINDER_COUNT; i++) {
        if (strcmp(name, spellings[i]) != 0) continue;
        *remainder = (Remainder)i;
        return STATUS_OK;
    }
    return error_set(error, STATUS_RANGE,
                     "unknown remainder '%.40s'. Expected 'drop', 'pad' or 'raise'", name);
}

/* ------------------------------------------------------------------------ numbers of an axis */

static Status check_positive(const char *what, int axis, ptrdiff_t value, Error *error) {
    if (value >= 1) return STATUS_OK;
    return error_set(error, STATUS_RANGE, "%s of axis %d must be at least 1, got %td", what, axis,
                     value);
}

static Status check_given(const WindowAxis *window, Error *error) {
    TRY(check_positive("size", window->axis, window->size, error));
    TRY(check_positive("stride", window->axis, window->stride, error));
    TRY(check_positive("dilation", window->axis, window->dilation, error));
    if (window->before >= 0 && window->after >= 0) return STATUS_OK;
    return error_set(error, STATUS_RANGE, "padding of axis %d must not be negative, got (%td, %td)",
                     window->axis, window->before, window->after);
}

/* An empty window has extent 0 whatever its dilation. False if the extent overflows. */
static bool find_extent(WindowAxis *window) {
    if (window->size == 0) {
        window->extent = 0;
        return true;
    }
    return checked_multiply(window->size - 1, window->dilation, &window->extent) &&
           checked_add(window->extent, 1, &window->extent);
}

static Status refuse_overflow(const WindowAxis *window, Error *error) {
    return error_set(error, STATUS_LIMIT,
                     "window of size %td and dilation %td overflows axis %d of length %td",
                     window->size, window->dilation, window->axis, window->length);
}

/* What makes ceil(length / stride) positions. An empty axis gets the padding of no position. */
static bool total_of_same(const WindowAxis *window, ptrdiff_t *total) {
    if (window->length == 0) {
        *total = window->extent - 1;
        return true;
    }
    ptrdiff_t last = (window->length - 1) / window->stride * window->stride;
    if (!checked_add(last, window->extent, total)) return false;
    *total = *total > window->length ? *total - window->length : 0;
    return true;
}

static bool find_padding(WindowAxis *window, Padding padding) {
    ptrdiff_t total = 0;
    switch (padding) {
        case PADDING_GIVEN:
            return true;
        case PADDING_SAME:
        case PADDING_SAME_LOWER:
            if (!total_of_same(window, &total)) return false;
            window->before = padding == PADDING_SAME ? total / 2 : total - total / 2;
            window->after = total - window->before;
            return true;
        default:
            window->before = padding == PADDING_VALID ? 0 : window->extent - 1;
            window->after = padding == PADDING_FULL ? window->extent - 1 : 0;
            return true;
    }
}

/* Applies the rule for the remainder: the elements behind the last whole step. */
static Status settle_remainder(WindowAxis *window, ptrdiff_t padded, Remainder rule, Error *error) {
    ptrdiff_t room = padded - window->extent; /* -1: no position, one more element would give one */
    ptrdiff_t unused = room < 0 ? window->stride - 1 : room % window->stride;
    window->positions = room < 0 ? 0 : room / window->stride + 1;
    if (unused == 0 || rule == REMAINDER_DROP) return STATUS_OK;
    if (rule == REMAINDER_RAISE) {
        return error_set(error, STATUS_SHAPE,
                         "windows of extent %td and stride %td leave %td of %td padded positions "
                         "of axis %d unused",
                         window->extent, window->stride, unused < padded ? unused : padded, padded,
                         window->axis);
    }
    window->positions++;
    bool fits = checked_add(window->after, window->stride - unused, &window->after) &&
                checked_add(padded, window->stride - unused, &padded);
    return fits ? STATUS_OK : refuse_overflow(window, error);
}

static Status resolve_axis(WindowAxis *window, const Windows *windows, Error *error) {
    ptrdiff_t padded = window->length;
    bool fits = find_extent(window) && find_padding(window, windows->padding) &&
                checked_add(padded, window->before, &padded) &&
                checked_add(padded, window->after, &padded);
    if (!fits) return refuse_overflow(window, error);
    if (padded < window->extent - 1) {
        return error_set(error, STATUS_SHAPE,
                         "window extent %td (size %td, dilation %td) exceeds axis %d of length %td "
                         "(padding %td+%td)",
                         window->extent, window->size, window->dilation, window->axis,
                         window->length, window->before, window->after);
    }
    return settle_remainder(window, padded, windows->remainder, error);
}

/* ------------------------------------------------------------------------------ whole arrays */

static Status check_axis_count(int axis_count, int window_count, Error *error) {
    if (axis_count + window_count <= MAX_AXES) return STATUS_OK;
    return error_set(error, STATUS_LIMIT,
                     "%d axes and %d window axes are more than the %d that an array can have",
                     axis_count, window_count, MAX_AXES);
}

static Status check_distinct(const Windows *windows, Error *error) {
    bool seen[MAX_AXES] = {false};
    for (int i = 0; i < windows->count; i++) {
        int axis = windows->axes[i].axis;
        if (seen[axis]) {
            return error_set(error, STATUS_RANGE,
                             "axis %d is given twice; sliding_window_view composes repeated axes",
                             axis);
        }
        seen[axis] = true;
    }
    return STATUS_OK;
}

Status windows_resolve(Windows *windows, const ptrdiff_t shape[], int axis_count, Error *error) {
    TRY(check_axis_count(axis_count, windows->count, error));
    TRY(check_distinct(windows, error));
    for (int i = 0; i < windows->count; i++) {
        WindowAxis *window = &windows->axes[i];
        window->length = shape[window->axis];
        TRY(check_given(window, error));
        TRY(resolve_axis(window, windows, error));
    }
    return STATUS_OK;
}

bool windows_are_padded(const Windows *windows) {
    for (int i = 0; i < windows->count; i++) {
        if (windows->axes[i].before > 0 || windows->axes[i].after > 0) return true;
    }
    return false;
}

void windows_padded_shape(const Windows *windows, const ptrdiff_t shape[], int axis_count,
                          ptrdiff_t padded[]) {
    for (int i = 0; i < axis_count; i++) padded[i] = shape[i];
    for (int i = 0; i < windows->count; i++) {
        const WindowAxis *window = &windows->axes[i];
        padded[window->axis] += window->before + window->after;
    }
}

/* Appends the window's axis to the view and leaves its positions in place of the axis. A stride
   that nothing steps over is kept as it is, for its product may overflow. */
static void add_window(Tensor *view, const WindowAxis *window) {
    ptrdiff_t stride = view->strides[window->axis];
    int last = view->axis_count++;
    view->shape[last] = window->size;
    view->strides[last] = window->size > 1 ? stride * window->dilation : stride;
    view->shape[window->axis] = window->positions;
    if (window->positions > 1) view->strides[window->axis] = stride * window->stride;
}

static void copy_tensor(const Tensor *from, Tensor *to) {
    to->data = from->data;
    to->dtype = from->dtype;
    to->axis_count = from->axis_count;
    memcpy(to->shape, from->shape, (size_t)from->axis_count * sizeof *to->shape);
    memcpy(to->strides, from->strides, (size_t)from->axis_count * sizeof *to->strides);
}

Status windows_view(const Tensor *array, const Windows *windows, Tensor *view, Error *error) {
    TRY(check_axis_count(array->axis_count, windows->count, error));
    copy_tensor(array, view);
    for (int i = 0; i < windows->count; i++) add_window(view, &windows->axes[i]);
    return STATUS_OK;
}

Status windows_slide(const Tensor *array, const Windows *windows, Tensor *view, Error *error) {
    TRY(check_axis_count(array->axis_count, windows->count, error));
    copy_tensor(array, view);
    for (int i = 0; i < windows->count; i++) {
        WindowAxis window = windows->axes[i];
        window.length = view->shape[window.axis];
        if (window.size < 0) {
            return error_set(error, STATUS_RANGE, "`window_shape` cannot contain negative values");
        }
        TRY(check_positive("stride", window.axis, window.stride, error));
        TRY(check_positive("dilation", window.axis, window.dilation, error));
        if (!find_extent(&window) || window.extent > window.length) {
            return error_set(error, STATUS_SHAPE,
                             "window shape cannot be larger than input array shape");
        }
        window.positions = (window.length - window.extent) / window.stride + 1;
        add_window(view, &window);
    }
    return STATUS_OK;
}
