/* Window geometry, the padded copy and the checks of as_strided. */
#include "check.h"
#include "guarded.h"
#include "pad.h"
#include "strided.h"
#include "windows.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- geometry ---- */

static Windows one_window(ptrdiff_t size, ptrdiff_t stride, ptrdiff_t dilation) {
    Windows windows = {.padding = PADDING_GIVEN, .remainder = REMAINDER_DROP, .count = 1};
    windows.axes[0] = (WindowAxis){.size = size, .stride = stride, .dilation = dilation};
    return windows;
}

/* Positions by counting: every start from which a window ends inside. */
static ptrdiff_t count_positions(const WindowAxis *window, ptrdiff_t padded) {
    ptrdiff_t count = 0, extent = window->dilation * (window->size - 1) + 1;
    for (ptrdiff_t start = 0; start + extent <= padded; start += window->stride) count++;
    return count;
}

static void check_size(Windows windows, ptrdiff_t length) {
    Error error;
    WindowAxis *window = &windows.axes[0];
    ptrdiff_t padded = length + window->before + window->after;
    ptrdiff_t extent = window->dilation * (window->size - 1) + 1;
    ptrdiff_t count = count_positions(window, padded);
    Status status = windows_resolve(&windows, &length, 1, &error);
    CHECK_EQUAL_INT(status, padded < extent - 1 ? STATUS_SHAPE : STATUS_OK);
    if (status) return;
    CHECK_EQUAL_INT(window->extent, extent);
    CHECK_EQUAL_INT(window->positions, count);
    /* One more window, just wide enough for all that was left over. */
    windows.remainder = REMAINDER_PAD;
    CHECK_EQUAL_INT(windows_resolve(&windows, &length, 1, &error), STATUS_OK);
    ptrdiff_t reach = length + window->before + window->after;
    CHECK(reach >= padded && reach - padded < window->stride);
    if (window->positions > 0) {
        CHECK_EQUAL_INT((window->positions - 1) * window->stride + extent, reach);
    }
}

static void test_sizes(void) {
    for (ptrdiff_t length = 0; length < 9; length++) {
        for (int shape = 0; shape < 3 * 3 * 3 * 3 * 3; shape++) {
            Windows windows = one_window(shape % 3 + 1, shape / 3 % 3 + 1, shape / 9 % 3 + 1);
            windows.axes[0].before = shape / 27 % 3;
            windows.axes[0].after = shape / 81 % 3;
            check_size(windows, length);
        }
    }
}

/* 'same' keeps ceil(length / stride) positions, and the two sides differ by one at most. */
static void test_same(void) {
    for (ptrdiff_t length = 1; length < 40; length++) {
        for (int shape = 0; shape < 4 * 4 * 3; shape++) {
            Error error;
            Windows windows = one_window(shape % 4 + 1, shape / 4 % 4 + 1, shape / 16 + 1);
            WindowAxis *window = &windows.axes[0];
            windows.padding = PADDING_SAME;
            CHECK_EQUAL_INT(windows_resolve(&windows, &length, 1, &error), STATUS_OK);
            ptrdiff_t before = window->before, after = window->after;
            CHECK_EQUAL_INT(window->positions, (length + window->stride - 1) / window->stride);
            CHECK(after == before || after == before + 1);
            windows.padding = PADDING_SAME_LOWER;
            CHECK_EQUAL_INT(windows_resolve(&windows, &length, 1, &error), STATUS_OK);
            CHECK_EQUAL_INT(window->before, after);
            CHECK_EQUAL_INT(window->after, before);
        }
    }
}

static void test_overflow(void) {
    const ptrdiff_t huge[] = {PTRDIFF_MAX, PTRDIFF_MAX - 1, PTRDIFF_MAX / 2 + 1};
    for (int i = 0; i < 3; i++) {
        for (int field = 0; field < 4; field++) {
            Error error;
            ptrdiff_t length = 10;
            Windows windows = one_window(3, 1, 1);
            WindowAxis *window = &windows.axes[0];
            ptrdiff_t *fields[] = {&window->size, &window->dilation, &window->before,
                                   &window->after};
            *fields[field] = huge[i];
            if (field == 2) window->after = huge[i];
            Status status = windows_resolve(&windows, &length, 1, &error);
            if (field == 3) continue; /* fits: an array that is too large to exist */
            CHECK(status == STATUS_LIMIT || status == STATUS_SHAPE);
        }
        Error error;
        ptrdiff_t length = huge[i];
        Windows windows = one_window(2, 3, 1);
        CHECK_EQUAL_INT(windows_resolve(&windows, &length, 1, &error), STATUS_OK);
        CHECK_EQUAL_INT(windows.axes[0].positions, (huge[i] - 2) / 3 + 1);
    }
}

static void test_names(void) {
    Error error;
    Padding padding;
    Remainder remainder;
    PadMode mode;
#define CHECK_PADDING(name, spelling)                                      \
    if (PADDING_##name != PADDING_GIVEN) {                                 \
        CHECK(padding_from_name(spelling, &padding, &error) == STATUS_OK); \
        CHECK_EQUAL_INT(padding, PADDING_##name);                          \
    }
    PADDING_LIST(CHECK_PADDING)
#define CHECK_REMAINDER(name, spelling)                                    \
    CHECK(remainder_from_name(spelling, &remainder, &error) == STATUS_OK); \
    CHECK_EQUAL_INT(remainder, REMAINDER_##name);
    REMAINDER_LIST(CHECK_REMAINDER)
#define CHECK_MODE(name, spelling)                                   \
    CHECK(pad_mode_from_name(spelling, &mode, &error) == STATUS_OK); \
    CHECK_EQUAL_INT(mode, PAD_##name);
    PAD_MODE_LIST(CHECK_MODE)
    CHECK_EQUAL_INT(padding_from_name("", &padding, &error), STATUS_RANGE);
    CHECK_EQUAL_INT(pad_mode_from_name("mirror", &mode, &error), STATUS_RANGE);
    CHECK_EQUAL_TEXT(error.message, "unknown mode 'mirror'; did you mean 'reflect'?");
}

/* ---- the view ---- */

enum { ROWS = 7, COLS = 6 };

static Tensor matrix(char *data) {
    return (Tensor){.data = data,
                    .dtype = DTYPE_I32,
                    .axis_count = 2,
                    .shape = {ROWS, COLS},
                    .strides = {COLS * 4, 4}};
}

/* Windows of every kind end before the guarded page. */
static void test_views_stay_inside(void) {
    Guarded memory = guarded_make(ROWS * COLS * 4, GUARD_BEHIND);
    Tensor array = matrix(memory.data);
    for (int shape = 0; shape < 3 * 3 * 3; shape++) {
        Error error;
        Tensor view;
        Windows windows = one_window(shape % 3 + 1, shape / 3 % 3 + 1, shape / 9 + 1);
        windows.count = 2;
        windows.axes[1] = windows.axes[0];
        windows.axes[1].axis = 1;
        CHECK_EQUAL_INT(windows_resolve(&windows, array.shape, 2, &error), STATUS_OK);
        CHECK_EQUAL_INT(windows_view(&array, &windows, &view, &error), STATUS_OK);
        ptrdiff_t low, high;
        tensor_byte_span(&view, &low, &high);
        CHECK(low == 0 && high <= ROWS * COLS * 4);
        CHECK_EQUAL_INT(view.axis_count, 4);
        if (view.shape[0] > 1) CHECK_EQUAL_INT(view.strides[0], COLS * 4 * windows.axes[0].stride);
        if (view.shape[2] > 1) {
            CHECK_EQUAL_INT(view.strides[2], COLS * 4 * windows.axes[0].dilation);
        }
    }
    guarded_free(&memory);
}

/* An axis that is windowed twice: the second window steps over positions of the first. */
static void test_sliding_composes(void) {
    Error error;
    Tensor view, array = matrix(NULL);
    Windows windows = one_window(2, 2, 1);
    windows.count = 2;
    windows.axes[1] = (WindowAxis){.axis = 0, .size = 3, .stride = 1, .dilation = 1};
    CHECK_EQUAL_INT(windows_slide(&array, &windows, &view, &error), STATUS_OK);
    CHECK_EQUAL_INT(view.shape[0], 1); /* 3 positions of the first, 1 of the second */
    CHECK_EQUAL_INT(view.strides[2], COLS * 4);
    CHECK_EQUAL_INT(view.strides[3], 2 * COLS * 4);
    windows.axes[1].size = 4;
    CHECK_EQUAL_INT(windows_slide(&array, &windows, &view, &error), STATUS_SHAPE);
    windows.count = MAX_AXES - 1;
    CHECK_EQUAL_INT(windows_slide(&array, &windows, &view, &error), STATUS_LIMIT);
}

/* ---- padded copy ---- */

/* What numpy.pad puts at an index, by walking there step by step. */
static ptrdiff_t walk_to(PadMode mode, ptrdiff_t index, ptrdiff_t length) {
    ptrdiff_t at = 0, direction = index < 0 ? -1 : 1, facing = direction;
    for (ptrdiff_t i = 0; i != index; i += direction) {
        ptrdiff_t next = at + facing;
        if (next >= 0 && next < length) {
            at = next;
        } else if (mode == PAD_WRAP) {
            at = next < 0 ? length - 1 : 0;
        } else if (mode != PAD_EDGE) {
            facing = -facing;
            if (mode == PAD_REFLECT && length > 1) at += facing;
        }
    }
    return at;
}

static void test_sources(void) {
    for (PadMode mode = PAD_EDGE; mode < PAD_MODE_COUNT; mode++) {
        for (ptrdiff_t length = 1; length < 6; length++) {
            for (ptrdiff_t index = -20; index < 20; index++) {
                CHECK_EQUAL_INT(pad_source(mode, index, length), walk_to(mode, index, length));
            }
        }
    }
}

/* Row and column of the source of an element of the padded matrix; false for the fill. */
static bool source_of(const Windows *windows, PadMode mode, ptrdiff_t place[2]) {
    static const ptrdiff_t lengths[2] = {ROWS, COLS};
    for (int axis = 0; axis < 2; axis++) {
        ptrdiff_t index = place[axis] - windows->axes[axis].before;
        bool is_inside = index >= 0 && index < lengths[axis];
        if (!is_inside && mode == PAD_CONSTANT) return false;
        place[axis] = is_inside ? index : pad_source(mode, index, lengths[axis]);
    }
    return true;
}

static void check_padded(const PadJob *job, const char *padded) {
    static const char zeros[32];
    size_t item = job->item_bytes;
    ptrdiff_t shape[2];
    windows_padded_shape(job->windows, job->source->shape, 2, shape);
    for (ptrdiff_t row = 0; row < shape[0]; row++) {
        for (ptrdiff_t col = 0; col < shape[1]; col++) {
            ptrdiff_t place[2] = {row, col};
            const char *expected = job->fill ? job->fill : zeros;
            if (source_of(job->windows, job->mode, place)) {
                expected = job->source->data + place[0] * job->source->strides[0] +
                           place[1] * job->source->strides[1];
            }
            CHECK(memcmp(padded + (size_t)(row * shape[1] + col) * item, expected, item) == 0);
        }
    }
}

/* Source and copy both end at a guarded page. */
static void check_pad(size_t item, PadMode mode, int layout) {
    Guarded memory = guarded_make(ROWS * COLS * item, GUARD_BEHIND);
    for (size_t i = 0; i < memory.bytes; i++) memory.data[i] = (char)(i * 37 % 251 + 1);
    ptrdiff_t bytes = (ptrdiff_t)item;
    Tensor source = matrix(memory.data);
    source.strides[0] = layout == 1 ? bytes : COLS * bytes;
    source.strides[1] = layout == 1 ? ROWS * bytes : bytes;
    if (layout == 2) {
        source.data += (ROWS - 1) * COLS * bytes;
        source.strides[0] = -COLS * bytes;
    }
    Error error;
    Windows windows = one_window(1, 1, 1);
    windows.count = 2;
    windows.axes[1] = windows.axes[0];
    windows.axes[1].axis = 1;
    windows.axes[0].before = 9;
    windows.axes[0].after = 1;
    windows.axes[1].after = mode == PAD_EDGE ? 0 : 3;
    CHECK_EQUAL_INT(windows_resolve(&windows, source.shape, 2, &error), STATUS_OK);
    const char fill[32] = "a fill of thirty-two bytes here";
    PadJob job = {&source, &windows, mode, item, item % 2 ? NULL : fill};
    ptrdiff_t shape[2];
    windows_padded_shape(&windows, source.shape, 2, shape);
    Guarded padded = guarded_make((size_t)(shape[0] * shape[1]) * item, GUARD_BEHIND);
    if (!job.fill) memset(padded.data, 0, padded.bytes);
    pad_copy(&job, padded.data);
    check_padded(&job, padded.data);
    CHECK(guarded_is_intact(&padded));
    guarded_free(&padded);
    guarded_free(&memory);
}

static void test_padded_copy(void) {
    static const size_t items[] = {1, 2, 3, 4, 8, 12, 16, 32};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        for (PadMode mode = 0; mode < PAD_MODE_COUNT; mode++) {
            for (int layout = 0; layout < 3; layout++) check_pad(items[i], mode, layout);
        }
    }
}

/* ---- as_strided ---- */

static Status bounds_of(const Tensor *tensor, ptrdiff_t offset, ByteRange limits) {
    Error error;
    ByteRange range;
    StridedView view = {tensor, offset, 8};
    TRY(strided_range(&view, &range, &error));
    return strided_check_bounds(&view, range, limits, "x", &error);
}

static Tensor line(ptrdiff_t length, ptrdiff_t stride) {
    return (Tensor){.dtype = DTYPE_U8, .axis_count = 1, .shape = {length}, .strides = {stride}};
}

static void test_bounds(void) {
    const ByteRange limits = {0, 79};
    Tensor fits = line(10, 8), beyond = line(11, 8), back = line(10, -8), none = line(0, 8);
    CHECK_EQUAL_INT(bounds_of(&fits, 0, limits), STATUS_OK);
    CHECK_EQUAL_INT(bounds_of(&fits, 1, limits), STATUS_RANGE);
    CHECK_EQUAL_INT(bounds_of(&fits, -1, limits), STATUS_RANGE);
    CHECK_EQUAL_INT(bounds_of(&beyond, 0, limits), STATUS_RANGE);
    CHECK_EQUAL_INT(bounds_of(&back, 72, limits), STATUS_OK);
    CHECK_EQUAL_INT(bounds_of(&back, 71, limits), STATUS_RANGE);
    CHECK_EQUAL_INT(bounds_of(&none, PTRDIFF_MAX, limits), STATUS_OK);
    CHECK_EQUAL_INT(bounds_of(&fits, 0, (ByteRange){0, -1}), STATUS_RANGE);
    const ptrdiff_t huge[] = {PTRDIFF_MAX, PTRDIFF_MIN, PTRDIFF_MAX / 2 + 1};
    for (int i = 0; i < 3; i++) {
        Tensor far = line(3, huge[i]), once = line(1, huge[i]), many = line(PTRDIFF_MAX, 0);
        CHECK_EQUAL_INT(bounds_of(&far, 0, limits), STATUS_LIMIT);
        CHECK_EQUAL_INT(bounds_of(&once, 0, limits), STATUS_OK);
        CHECK_EQUAL_INT(bounds_of(&many, 0, limits), STATUS_LIMIT);
        CHECK(bounds_of(&fits, huge[i], limits) != STATUS_OK);
    }
}

static void test_overlap(void) {
    Error error;
    Tensor apart = line(5, 8), close = line(5, 7), same = line(5, 0), once = line(1, 0);
    CHECK_EQUAL_INT(strided_check_overlap(&(StridedView){&apart, 0, 8}, &error), STATUS_OK);
    CHECK_EQUAL_INT(strided_check_overlap(&(StridedView){&close, 0, 8}, &error), STATUS_RANGE);
    CHECK_EQUAL_INT(strided_check_overlap(&(StridedView){&same, 0, 8}, &error), STATUS_RANGE);
    CHECK_EQUAL_INT(strided_check_overlap(&(StridedView){&once, 0, 8}, &error), STATUS_OK);
    Tensor deep = {.dtype = DTYPE_U8, .axis_count = MAX_AXES};
    for (int i = 0; i < MAX_AXES; i++) deep.shape[i] = 2;
    for (int i = 0; i < MAX_AXES; i++) deep.strides[i] = 0;
    CHECK_EQUAL_INT(strided_check_overlap(&(StridedView){&deep, 0, 8}, &error), STATUS_RANGE);
}

/* Whether some element of the items lies at the byte, by looking at all. */
static bool is_item(const Tensor *items, ptrdiff_t byte) {
    for (ptrdiff_t i = 0; i < items->shape[0]; i++) {
        for (ptrdiff_t j = 0; j < items->shape[1]; j++) {
            if (i * items->strides[0] + j * items->strides[1] == byte) return true;
        }
    }
    return false;
}

static void check_items_of(const Tensor *items) {
    for (ptrdiff_t offset = -16; offset <= 64; offset += 4) {
        for (ptrdiff_t stride = -24; stride <= 24; stride += 4) {
            Error error;
            Tensor two = line(2, stride);
            Status status = strided_check_items(&(StridedView){&two, offset, 8}, items, 0, &error);
            bool held = is_item(items, offset) && is_item(items, offset + stride);
            CHECK_EQUAL_INT(status, held ? STATUS_OK : STATUS_RANGE);
        }
    }
}

static void test_items(void) {
    static const ptrdiff_t strides[][2] = {{24, 8},  {8, 24},  {32, 8}, {-24, 8},
                                           {24, -8}, {48, 16}, {0, 8},  {40, 12}};
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
        Tensor items = {.dtype = DTYPE_OBJECT,
                        .axis_count = 2,
                        .shape = {2, 3},
                        .strides = {strides[i][0], strides[i][1]}};
        if (strides[i][0] == 8) {
            items.shape[0] = 3;
            items.shape[1] = 2;
        }
        check_items_of(&items);
    }
}

int main(void) {
    test_sizes();
    test_same();
    test_overflow();
    test_names();
    test_views_stay_inside();
    test_sliding_composes();
    test_sources();
    test_padded_copy();
    test_bounds();
    test_overlap();
    test_items();
    return check_report();
}
