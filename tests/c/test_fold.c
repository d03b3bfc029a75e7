/* fold against adding each element at its place, over layouts, dtypes and options. */
#include "base/half.h"
#include "base/memory.h"
#include "check.h"
#include "fold.h"
#include "fold_kernels.h"
#include "guarded.h"

#include <stdlib.h>

typedef long double _Complex longdouble_complex;
typedef float _Complex float_complex;
typedef double _Complex double_complex;

/* Small integers, which every type holds and sums exactly. */
static void store(DType dtype, char *place, int value) {
#define STORE(name, type)                      \
    case DTYPE_##name: {                       \
        type stored = (type)value;             \
        memcpy(place, &stored, sizeof stored); \
        break;                                 \
    }
    switch (dtype) {
        STORE(I8, int8_t)
        STORE(I16, int16_t)
        STORE(I32, int32_t)
        STORE(I64, int64_t)
        STORE(U8, uint8_t)
        STORE(U16, uint16_t)
        STORE(U32, uint32_t)
        STORE(U64, uint64_t)
        STORE(F32, float)
        STORE(F64, double)
        STORE(LONGDOUBLE, longdouble)
        STORE(C64, float_complex)
        STORE(C128, double_complex)
        STORE(CLONGDOUBLE, longdouble_complex)
        case DTYPE_F16: {
            uint16_t half = half_from_float((float)value);
            memcpy(place, &half, sizeof half);
            break;
        }
        default:
            CHECK(false);
    }
}

static bool holds(DType dtype, const char *place, int value) {
    char expected[sizeof(longdouble_complex)], found[sizeof expected];
    memset(expected, 0, sizeof expected);
    memset(found, 0, sizeof found);
    store(dtype, expected, value);
    memcpy(found, place, dtype_size(dtype));
    if (dtype == DTYPE_LONGDOUBLE) return *(longdouble *)(void *)found == (longdouble)value;
    if (dtype == DTYPE_CLONGDOUBLE) {
        return *(longdouble_complex *)(void *)found == (longdouble_complex)value;
    }
    return memcmp(expected, found, dtype_size(dtype)) == 0;
}

/* One case: an array of LENGTH x WIDTH, windowed along its first axis. */
enum { LENGTH = 9, WIDTH = 5, MAX_WINDOWS = 16 * WIDTH * 3 };

typedef struct Case {
    Windows geometry;
    PadMode mode;
    DType dtype;
    int layout; /* which axis of the windows varies fastest, and which way */
    Guarded source, result;
    Tensor windows, array;
    int sums[LENGTH][WIDTH], visits[LENGTH];
} Case;

static void make_geometry(Case *test, int number) {
    WindowAxis window = {.axis = 0,
                         .size = number % 3 + 1,
                         .stride = number / 3 % 3 + 1,
                         .dilation = number / 9 % 2 + 1,
                         .before = number / 18 % 3,
                         .after = number / 54 % 2 * 2};
    test->geometry = (Windows){.padding = PADDING_GIVEN, .remainder = REMAINDER_DROP, .count = 1};
    test->geometry.axes[0] = window;
}

/* Strides of the axes positions, columns, taps in one of several orders. */
static void lay_out(Tensor *windows, int layout) {
    static const int orders[][3] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}};
    ptrdiff_t stride = (ptrdiff_t)dtype_size(windows->dtype);
    for (int i = 2; i >= 0; i--) {
        int axis = orders[layout % 4][i];
        windows->strides[axis] = stride;
        stride *= windows->shape[axis];
    }
    if (layout / 4 == 1) { /* every axis backwards */
        for (int axis = 0; axis < 3; axis++) {
            windows->data += (windows->shape[axis] - 1) * windows->strides[axis];
            windows->strides[axis] = -windows->strides[axis];
        }
    } else if (layout / 4 == 2) {
        windows->strides[1] = 0;
    }
}

/* Fills the windows, and adds up in plain integers what fold is to find. */
static void fill_case(Case *test) {
    const WindowAxis *window = &test->geometry.axes[0];
    memset(test->sums, 0, sizeof test->sums);
    memset(test->visits, 0, sizeof test->visits);
    bool is_broadcast = test->windows.strides[1] == 0;
    for (ptrdiff_t p = 0; p < window->positions; p++) {
        for (ptrdiff_t k = 0; k < window->size; k++) {
            ptrdiff_t at = p * window->stride + k * window->dilation - window->before;
            bool is_inside = at >= 0 && at < LENGTH;
            if (!is_inside && test->mode != PAD_CONSTANT) {
                at = pad_source(test->mode, at, LENGTH);
                is_inside = true;
            }
            if (is_inside) test->visits[at]++;
            for (ptrdiff_t col = 0; col < WIDTH; col++) {
                int value = (int)(p * 7 + k * 3 + (is_broadcast ? 0 : col)) % 5;
                const Tensor *w = &test->windows;
                store(w->dtype,
                      w->data + p * w->strides[0] + col * w->strides[1] + k * w->strides[2], value);
                if (is_inside) test->sums[at][col] += value;
            }
        }
    }
}

static bool make_case(Case *test, int number, DType dtype, int layout, PadMode mode) {
    Error error;
    static const ptrdiff_t shape[2] = {LENGTH, WIDTH};
    make_geometry(test, number);
    test->dtype = dtype;
    test->mode = mode;
    test->layout = layout;
    Windows sized = test->geometry;
    if (!CHECK(windows_resolve(&sized, shape, 2, &error) == STATUS_OK)) return false;
    test->windows = (Tensor){.dtype = dtype,
                             .axis_count = 3,
                             .shape = {sized.axes[0].positions, WIDTH, sized.axes[0].size}};
    size_t bytes = (size_t)tensor_element_count(&test->windows) * dtype_size(dtype);
    test->source = guarded_make(bytes, layout % 2 ? GUARD_BEHIND : GUARD_BEFORE);
    test->windows.data = test->source.data;
    lay_out(&test->windows, layout);
    test->geometry.axes[0].size = 0; /* found again by fold_resolve */
    Status status = fold_resolve(&test->windows, &test->geometry, shape, 2, &error);
    if (!CHECK(status == STATUS_OK)) return false;
    fill_case(test);
    return true;
}

static void take_result(Case *test, DType dtype) {
    ptrdiff_t item = (ptrdiff_t)dtype_size(dtype);
    test->result = guarded_make(LENGTH * WIDTH * (size_t)item, GUARD_BEHIND);
    test->array = (Tensor){.data = test->result.data,
                           .dtype = dtype,
                           .axis_count = 2,
                           .shape = {LENGTH, WIDTH},
                           .strides = {WIDTH * item, item}};
    if (test->layout % 3 == 1) {
        test->array.strides[0] = item;
        test->array.strides[1] = LENGTH * item;
    } else if (test->layout % 3 == 2) {
        test->array.data += (LENGTH - 1) * WIDTH * item;
        test->array.strides[0] = -WIDTH * item;
    }
}

static char *place_of(const Case *test, ptrdiff_t row, ptrdiff_t col) {
    return test->array.data + row * test->array.strides[0] + col * test->array.strides[1];
}

static void check_sums(Case *test, bool accumulate) {
    Error error;
    take_result(test, test->dtype);
    for (int i = 0; i < LENGTH * WIDTH; i++) {
        store(test->dtype, place_of(test, i / WIDTH, i % WIDTH), 2);
    }
    FoldJob job = {&test->windows, &test->geometry, test->mode, false, accumulate};
    CHECK_EQUAL_INT(fold_run(&job, &test->array, &error), STATUS_OK);
    for (int i = 0; i < LENGTH * WIDTH; i++) {
        int expected = test->sums[i / WIDTH][i % WIDTH] + (accumulate ? 2 : 0);
        CHECK(holds(test->dtype, place_of(test, i / WIDTH, i % WIDTH), expected));
    }
    CHECK(guarded_is_intact(&test->result));
    guarded_free(&test->result);
}

/* For types whose mean is a double or a float. */
static void check_mean(Case *test) {
    Error error;
    DType dtype;
    CHECK_EQUAL_INT(fold_dtype(test->dtype, true, &dtype, &error), STATUS_OK);
    take_result(test, dtype);
    FoldJob job = {&test->windows, &test->geometry, test->mode, true, false};
    CHECK_EQUAL_INT(fold_run(&job, &test->array, &error), STATUS_OK);
    for (int i = 0; i < LENGTH * WIDTH; i++) {
        int sum = test->sums[i / WIDTH][i % WIDTH], visits = test->visits[i / WIDTH];
        double expected = visits ? (double)sum / visits : 0.0, found;
        float narrow;
        memcpy(&narrow, place_of(test, i / WIDTH, i % WIDTH), sizeof narrow);
        if (dtype == DTYPE_F32) {
            CHECK(narrow == (float)(visits ? (float)sum / (float)visits : 0.0F));
        } else {
            memcpy(&found, place_of(test, i / WIDTH, i % WIDTH), sizeof found);
            CHECK(found == expected);
        }
    }
    guarded_free(&test->result);
}

static bool has_mean(DType dtype) {
    return dtype == DTYPE_F32 || dtype == DTYPE_F64 || (dtype >= DTYPE_I8 && dtype <= DTYPE_U64);
}

static void test_all(void) {
    static Case test;
    for (DType dtype = DTYPE_I8; dtype < DTYPE_OBJECT; dtype++) {
        for (int number = 0; number < 108; number++) {
            int layout = number % 12;
            PadMode mode = (PadMode)((number + (int)dtype) % PAD_MODE_COUNT);
            if (!make_case(&test, number, dtype, layout, mode)) continue;
            check_sums(&test, false);
            check_sums(&test, true);
            if (has_mean(dtype)) check_mean(&test);
            guarded_free(&test.source);
        }
    }
}

/* Every allocation fails once: an error, and nothing is kept. */
static void test_out_of_memory(void) {
    static Case test;
    for (PadMode mode = PAD_CONSTANT; mode <= PAD_EDGE; mode++) {
        if (!make_case(&test, 64, DTYPE_F16, 0, mode)) return;
        take_result(&test, DTYPE_F16);
        FoldJob job = {&test.windows, &test.geometry, mode, true, true};
        ptrdiff_t blocks = memory_blocks();
        Status status = STATUS_MEMORY;
        int failures = 0;
        for (; status == STATUS_MEMORY; failures++) {
            Error error;
            memory_fail(failures, 0);
            status = fold_run(&job, &test.array, &error);
            memory_fail(-1, 0);
            CHECK_EQUAL_INT(memory_blocks(), blocks);
        }
        CHECK_EQUAL_INT(status, STATUS_OK);
        CHECK(failures >= 2);
        guarded_free(&test.result);
        guarded_free(&test.source);
    }
}

static void test_dtypes(void) {
    Error error;
    DType result;
    CHECK_EQUAL_INT(fold_dtype(DTYPE_BOOL, false, &result, &error), STATUS_DTYPE);
    CHECK_EQUAL_INT(fold_dtype(DTYPE_OBJECT, true, &result, &error), STATUS_DTYPE);
    CHECK_EQUAL_INT(fold_dtype(DTYPE_U8, true, &result, &error), STATUS_OK);
    CHECK_EQUAL_INT(result, DTYPE_F64);
    CHECK(!fold_kernel_add(DTYPE_BOOL, DTYPE_BOOL));
    CHECK(!fold_kernel_divide(DTYPE_C64));
}

static void test_mistakes(void) {
    Error error;
    static const ptrdiff_t shape[2] = {LENGTH, WIDTH};
    Case test;
    make_geometry(&test, 0);
    Tensor windows = {.dtype = DTYPE_F32, .axis_count = 3, .shape = {LENGTH, WIDTH, 2}};
    CHECK_EQUAL_INT(fold_resolve(&windows, &test.geometry, shape, 2, &error), STATUS_SHAPE);
    CHECK_EQUAL_TEXT(error.message,
                     "windows has 9 positions on axis 0, but length 9 with window extent 2, stride "
                     "1, padding 0+0 gives 8");
    windows.axis_count = 2;
    CHECK_EQUAL_INT(fold_resolve(&windows, &test.geometry, shape, 2, &error), STATUS_SHAPE);
}

int main(void) {
    test_all();
    test_out_of_memory();
    test_dtypes();
    test_mistakes();
    return check_report();
}
