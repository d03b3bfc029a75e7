/* The vocabulary: halves, tensors, allocation. */
#include "base/arena.h"
#include "base/checked.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/half.h"
#include "base/memory.h"
#include "base/tensor.h"
#include "check.h"
#include "planning/regions.h"
#include "runtime/cpu.h"
#include "runtime/workspace.h"

#include <math.h>

/* Each half is what its bits say, and comes back from float unchanged (NaNs as some NaN). */
static void test_all_halves(void) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float value = half_to_float((uint16_t)bits);
        int exponent = bits >> 10 & 31, fraction = bits & 1023;
        double expected = exponent == 31  ? (fraction ? NAN : INFINITY)
                          : exponent == 0 ? ldexp(fraction, -24)
                                          : ldexp(1024 + fraction, exponent - 25);
        if (bits >> 15) expected = -expected;
        if (isnan(expected)) {
            CHECK(isnan(value));
            CHECK(isnan(half_to_float(half_from_float(value))));
        } else {
            CHECK(value == (float)expected && !signbit(value) == !signbit(expected));
            CHECK_EQUAL_INT(half_from_float(value), bits);
        }
    }
}

/* Between two neighbouring halves the nearer one is taken, the even one in the middle. */
static void test_half_rounding(void) {
    for (uint16_t bits = 0; bits < 0x7bff; bits++) {
        float low = half_to_float(bits), high = half_to_float((uint16_t)(bits + 1));
        float middle = (low + high) / 2; /* exact: one more bit than a half */
        CHECK_EQUAL_INT(half_from_float(middle), bits % 2 == 0 ? bits : bits + 1);
        CHECK_EQUAL_INT(half_from_float(nextafterf(middle, 0)), bits);
        CHECK_EQUAL_INT(half_from_float(-nextafterf(middle, INFINITY)), (bits + 1) | 0x8000);
    }
    CHECK_EQUAL_INT(half_from_float(65519.99f), 0x7bff);
    CHECK_EQUAL_INT(half_from_float(65520.0f), 0x7c00);
    CHECK_EQUAL_INT(half_from_float(1e30f), 0x7c00);
    CHECK_EQUAL_INT(half_from_float(-INFINITY), 0xfc00);
    CHECK_EQUAL_INT(half_from_float(1e-30f), 0);
}

static void test_dtypes(void) {
    CHECK_EQUAL_TEXT(dtype_name(DTYPE_C128), "c128");
    CHECK_EQUAL_INT(dtype_size(DTYPE_C128), 16);
    CHECK_EQUAL_INT(dtype_arithmetic(DTYPE_U16), DTYPE_I16);
    CHECK_EQUAL_INT(dtype_arithmetic(DTYPE_F16), DTYPE_F32);
    CHECK_EQUAL_INT(dtype_arithmetic(DTYPE_BOOL), DTYPE_F32);
    CHECK_EQUAL_INT(dtype_between(DTYPE_F16), DTYPE_F32);
    CHECK_EQUAL_INT(dtype_between(DTYPE_BOOL), DTYPE_BOOL);
    CHECK(dtype_is_readable(DTYPE_I8, DTYPE_U8));
    CHECK(dtype_is_readable(DTYPE_U16, DTYPE_I64));
    CHECK(dtype_is_readable(DTYPE_F16, DTYPE_F32));
    CHECK(dtype_is_readable(DTYPE_I64, DTYPE_C64));
    CHECK(dtype_is_readable(DTYPE_U8, DTYPE_F16));
    CHECK(!dtype_is_readable(DTYPE_I16, DTYPE_F16));
    CHECK(!dtype_is_readable(DTYPE_F32, DTYPE_F16));
    CHECK(!dtype_is_readable(DTYPE_F32, DTYPE_BOOL));
    CHECK(!dtype_is_readable(DTYPE_I64, DTYPE_I32));
    CHECK(dtype_is_readable(DTYPE_F64, DTYPE_LONGDOUBLE));
    CHECK(!dtype_is_readable(DTYPE_LONGDOUBLE, DTYPE_F64));
    CHECK(!dtype_is_readable(DTYPE_C128, DTYPE_LONGDOUBLE));
    for (DType dtype = 0; dtype < DTYPE_COUNT; dtype++) {
        DType arithmetic = dtype_arithmetic(dtype);
        CHECK_EQUAL_INT(dtype_arithmetic(arithmetic), arithmetic);
        CHECK(dtype_is_converted(dtype) == (dtype_size(dtype) != dtype_size(arithmetic)));
    }
}

static void test_errors(void) {
    Error error;
    CHECK_EQUAL_INT(error_set(&error, STATUS_SHAPE, "%s %d", "extent", 3), STATUS_SHAPE);
    CHECK_EQUAL_TEXT(error.message, "extent 3");
    CHECK_EQUAL_INT(error_memory(&error), STATUS_MEMORY);
    CHECK_EQUAL_TEXT(status_name(error.status), "MEMORY");
}

static void check_span(const Tensor *tensor, ptrdiff_t low, ptrdiff_t high, bool overlaps) {
    ptrdiff_t from, to;
    tensor_byte_span(tensor, &from, &to);
    CHECK_EQUAL_INT(from, low);
    CHECK_EQUAL_INT(to, high);
    CHECK(tensor_may_overlap_itself(tensor) == overlaps);
}

static void test_spans(void) {
    Tensor plain = {NULL, DTYPE_F64, 2, {3, 4}, {32, 8}};
    check_span(&plain, 0, 96, false);
    Tensor flipped = {NULL, DTYPE_F64, 2, {3, 4}, {-32, 8}};
    check_span(&flipped, -64, 32, false);
    Tensor windows = {NULL, DTYPE_F64, 2, {3, 4}, {8, 8}};
    check_span(&windows, 0, 48, true);
    Tensor repeated = {NULL, DTYPE_F64, 1, {5}, {0}};
    check_span(&repeated, 0, 8, true);
    Tensor empty = {NULL, DTYPE_F64, 2, {0, 4}, {0, 0}};
    check_span(&empty, 0, 0, false);
    Tensor scalar = {NULL, DTYPE_F64, 0, {0}, {0}};
    check_span(&scalar, 0, 8, false);
    CHECK_EQUAL_INT(tensor_element_count(&scalar), 1);
}

static void test_checked_sizes(void) {
    ptrdiff_t result;
    size_t bytes;
    CHECK(checked_multiply(1 << 20, 1 << 20, &result) && result == (ptrdiff_t)1 << 40);
    CHECK(!checked_multiply(PTRDIFF_MAX, 2, &result));
    CHECK(!checked_add(PTRDIFF_MIN, -1, &result));
    CHECK(!checked_size(SIZE_MAX / 2, 4, &bytes));
    CHECK(!checked_size(1, (size_t)PTRDIFF_MAX + 1, &bytes));
}

static void test_memory(void) {
    ptrdiff_t before = memory_blocks();
    char *block = memory_take(100);
    CHECK(block != NULL && (uintptr_t)block % MEMORY_ALIGNMENT == 0);
    CHECK_EQUAL_INT(memory_blocks(), before + 1);
    memory_give(block);
    memory_give(NULL);
    CHECK_EQUAL_INT(memory_blocks(), before);
    CHECK(memory_take(SIZE_MAX) == NULL);
    memory_fail(1, 0);
    char *first = memory_take(1), *second = memory_take(1), *third = memory_take(1);
    CHECK(first && !second && third);
    memory_fail(0, 1);
    CHECK(memory_take(1) == NULL && memory_take(1) == NULL);
    memory_fail(-1, 0);
    memory_give(first);
    memory_give(third);
}

static void test_arena(void) {
    ptrdiff_t before = memory_blocks();
    Arena arena = {0};
    char *previous = NULL;
    for (size_t i = 1; i < 300; i++) {
        char *taken = arena_take(&arena, i, 7);
        CHECK(taken != NULL && (uintptr_t)taken % 16 == 0 && taken != previous);
        memset(taken, (int)i, 7 * i); /* a sanitizer sees what reaches too far */
        previous = taken;
    }
    CHECK(arena_take(&arena, SIZE_MAX / 2, 3) == NULL);
    memory_fail(0, 1);
    CHECK(arena_take(&arena, 1, 100000) == NULL);
    memory_fail(-1, 0);
    arena_free(&arena);
    CHECK_EQUAL_INT(memory_blocks(), before);
}

static void test_workspace(void) {
    workspace_trim();
    ptrdiff_t before = memory_blocks();
    Workspace first = workspace_take(1000), second = workspace_take(5000);
    CHECK(first.memory && second.memory && first.memory != second.memory);
    CHECK((uintptr_t)first.memory % MEMORY_ALIGNMENT == 0 && second.bytes >= 5000);
    char *kept = first.memory;
    workspace_give(first);
    Workspace again = workspace_take(500);
    CHECK(again.memory == kept);
    workspace_give(again);
    workspace_give(second);
    Workspace huge = workspace_take((size_t)100 << 20);
    CHECK(huge.memory != NULL);
    workspace_give(huge);
    CHECK(workspace_take(PTRDIFF_MAX).memory == NULL);
    workspace_trim();
    CHECK_EQUAL_INT(memory_blocks(), before);
}

static void test_regions(void) {
    Region live[4];
    Regions regions = {.live = live};
    size_t a = 0, b = 0, c = 0;
    CHECK(region_take(&regions, 100, &a) && region_take(&regions, 10, &b));
    CHECK_EQUAL_INT(a, 0);
    CHECK_EQUAL_INT(b, 128);
    region_give(&regions, a);
    CHECK(region_take(&regions, 200, &c));
    CHECK_EQUAL_INT(c, 192); /* does not fit in front of b */
    CHECK(region_take(&regions, 128, &a));
    CHECK_EQUAL_INT(a, 0);
    CHECK_EQUAL_INT(regions.high_water, 192 + 256);
    CHECK(!region_take(&regions, SIZE_MAX, &a));
}

static void test_machine(void) {
    CHECK_EQUAL_INT(isa_from_name("avx2"), ISA_AVX2);
    CHECK_EQUAL_INT(isa_from_name("AVX2"), ISA_COUNT);
    CHECK_EQUAL_TEXT(isa_name(ISA_NEON), "neon");
    CHECK(isa_is_present(ISA_BASELINE));
    Machine machine = machine_with_isa(ISA_BASELINE);
    CHECK(machine.l1_bytes >= 4096 && machine.l2_bytes > machine.l1_bytes);
}

int main(void) {
    test_all_halves();
    test_half_rounding();
    test_dtypes();
    test_errors();
    test_spans();
    test_checked_sizes();
    test_memory();
    test_arena();
    test_workspace();
    test_regions();
    test_machine();
    return check_report();
}
