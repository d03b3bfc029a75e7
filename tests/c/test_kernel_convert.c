/* The kernels that convert elements: halves to floats and back for all halves there are, and every
 * pair of dtypes that can be read, against one element at a time. */
#include "base/half.h"
#include "check.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "random.h"
#include "share.h"

#include <string.h>

enum { HALVES = 1 << 16, NEAR = 5, MOST_SHORT = 40, LONG = 1000 };

/* The halves from the given one on. */
static void test_widen(Isa isa, uint16_t first, int count, GuardSide side) {
    if (!share_takes_next()) return;
    Guarded halves = guarded_make((size_t)count * sizeof(uint16_t), side);
    Guarded floats = guarded_make((size_t)count * sizeof(float), side);
    for (int i = 0; i < count; i++) ((uint16_t *)(void *)halves.data)[i] = (uint16_t)(first + i);
    convert_kernel_for(DTYPE_F16, DTYPE_F32, isa)(halves.data, floats.data, count);
    bool holds = guarded_is_intact(&floats);
    for (int i = 0; i < count; i++) {
        float expected = half_to_float((uint16_t)(first + i));
        holds &= memcmp(floats.data + (size_t)i * sizeof expected, &expected, sizeof expected) == 0;
    }
    if (!CHECK(holds)) printf("    %s: %d from %d\n", isa_name(isa), count, first);
    guarded_free(&floats);
    guarded_free(&halves);
}

/* What a float near the given half is: it, just beyond, about in the middle to the next, any. */
static float float_near(uint16_t half, int which) {
    uint32_t bits, beyond[NEAR] = {0, 1, 0xfffu, 0x1000u, random_bits()};
    float value = half_to_float(half);
    memcpy(&bits, &value, sizeof bits);
    bits += beyond[which];
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The floats near the halves from the given one on. */
static void test_narrow(Isa isa, uint16_t first, int count, GuardSide side) {
    if (!share_takes_next()) return;
    Guarded floats = guarded_make((size_t)count * sizeof(float), side);
    Guarded halves = guarded_make((size_t)count * sizeof(uint16_t), side);
    const float *in = (const float *)(void *)floats.data;
    for (int i = 0; i < count; i++) {
        ((float *)(void *)floats.data)[i] = float_near((uint16_t)(first + i / NEAR), i % NEAR);
    }
    convert_kernel_for(DTYPE_F32, DTYPE_F16, isa)(floats.data, halves.data, count);
    bool holds = guarded_is_intact(&halves);
    for (int i = 0; i < count; i++) {
        holds &= ((uint16_t *)(void *)halves.data)[i] == half_from_float(in[i]);
    }
    if (!CHECK(holds)) printf("    %s: %d from %d\n", isa_name(isa), count, first);
    guarded_free(&halves);
    guarded_free(&floats);
}

/* ---- every pair ---- */

/* An element: whole numbers as such, others in floating point, which holds all there are here. */
typedef struct Number {
    bool is_whole;
    uint64_t whole;
    double parts[2];
} Number;

static bool is_whole(DType dtype) {
    return dtype == DTYPE_BOOL || (dtype >= DTYPE_I8 && dtype <= DTYPE_U64);
}

static Number number_at(DType dtype, const void *at) {
    Number number = {.is_whole = is_whole(dtype)};
#define READ(name, Storage)                               \
    case DTYPE_##name:                                    \
        number.whole = (uint64_t)(*(const Storage *)at);  \
        number.parts[0] = (double)(*(const Storage *)at); \
        break
    switch (dtype) {
        case DTYPE_BOOL:
            number.whole = *(const uint8_t *)at != 0;
            number.parts[0] = (double)number.whole;
            break;
            READ(I8, int8_t);
            READ(I16, int16_t);
            READ(I32, int32_t);
            READ(I64, int64_t);
            READ(U8, uint8_t);
            READ(U16, uint16_t);
            READ(U32, uint32_t);
            READ(U64, uint64_t);
        case DTYPE_F16:
            number.parts[0] = half_to_float(*(const uint16_t *)at);
            break;
        case DTYPE_F32:
        case DTYPE_C64:
            number.parts[0] = ((const float *)at)[0];
            if (dtype == DTYPE_C64) number.parts[1] = ((const float *)at)[1];
            break;
        default:
            number.parts[0] = ((const double *)at)[0];
            if (dtype == DTYPE_C128) number.parts[1] = ((const double *)at)[1];
    }
#undef READ
    return number;
}

/* Rounded once. */
static float single_of(const Number *number, DType from) {
    if (!number->is_whole) return (float)number->parts[0];
    bool is_signed = from >= DTYPE_I8 && from <= DTYPE_I64;
    return is_signed ? (float)(int64_t)number->whole : (float)number->whole;
}

static void expected_at(DType from, const void *at, DType to, char *expected) {
    Number number = number_at(from, at);
    float single[2] = {single_of(&number, from), (float)number.parts[1]};
    size_t size = dtype_size(to);
    if (to == DTYPE_BOOL) {
        *expected = number.parts[0] != 0;
    } else if (is_whole(to)) {
        memcpy(expected, &number.whole, size); /* the low bytes */
    } else {
        bool is_single = to == DTYPE_F32 || to == DTYPE_C64;
        memcpy(expected, is_single ? (void *)single : (void *)number.parts, size);
    }
}

/* Any bits for whole numbers; for others small numbers, that all can hold. */
static void fill(DType dtype, char *memory, int count) {
    size_t size = dtype_size(dtype);
    for (size_t i = 0; i < size * (size_t)count; i++) memory[i] = (char)random_bits();
    if (is_whole(dtype)) return;
    size_t part = dtype == DTYPE_F16 ? 2 : dtype == DTYPE_F32 || dtype == DTYPE_C64 ? 4 : 8;
    for (size_t i = 0; i < size * (size_t)count; i += part) {
        double value = random_below(3) ? 0.125 * (random_below(2001) - 1000) : 0;
        float single = (float)value;
        uint16_t half = half_from_float(single);
        memcpy(memory + i, part == 2 ? (void *)&half : part == 4 ? (void *)&single : &value, part);
    }
}

static void test_pair(Isa isa, DType from, DType to, int count, GuardSide side) {
    if (!share_takes_next()) return;
    size_t from_size = dtype_size(from), to_size = dtype_size(to);
    Guarded in = guarded_make((size_t)count * from_size, side);
    Guarded out = guarded_make((size_t)count * to_size, side);
    fill(from, in.data, count);
    convert_kernel_for(from, to, isa)(in.data, out.data, count);
    bool holds = guarded_is_intact(&out);
    for (size_t i = 0; i < (size_t)count; i++) {
        char expected[16];
        expected_at(from, in.data + i * from_size, to, expected);
        holds &= memcmp(out.data + i * to_size, expected, to_size) == 0;
    }
    if (!CHECK(holds)) {
        printf("    %s: %d from %s to %s\n", isa_name(isa), count, dtype_name(from),
               dtype_name(to));
    }
    guarded_free(&out);
    guarded_free(&in);
}

static void test_pairs(Isa isa, GuardSide side) {
    for (DType from = 0; from < DTYPE_OBJECT; from++) {
        for (DType to = 0; to < DTYPE_OBJECT; to++) {
            if (!convert_kernel_for(from, to, isa)) continue;
            if (from == DTYPE_F16 ? to == DTYPE_F32 : to == DTYPE_F16) continue; /* above */
            for (int count = 0; count < MOST_SHORT; count++) test_pair(isa, from, to, count, side);
            test_pair(isa, from, to, LONG, side);
        }
    }
}

/* Whatever can be read is converted by a kernel unless it has the bits of the arithmetic, and sums
   go back to every type they are for. */
static void test_that_all_are_there(Isa isa) {
    for (DType to = 0; to < DTYPE_OBJECT; to++) {
        DType arithmetic = dtype_arithmetic(to);
        if (!kernels_for(to, isa)) continue;
        if (dtype_is_converted(to)) CHECK(convert_kernel_for(arithmetic, to, isa) != NULL);
        for (DType from = 0; from < DTYPE_OBJECT; from++) {
            if (!dtype_is_readable(from, to)) continue;
            CHECK(dtype_is_plain(from, arithmetic) ||
                  convert_kernel_for(from, arithmetic, isa) != NULL);
        }
    }
    CHECK(convert_kernel_for(DTYPE_I16, DTYPE_U8, isa) != NULL);
    CHECK(convert_kernel_for(DTYPE_U8, DTYPE_I16, isa) != NULL);
    CHECK(!convert_kernel_for(DTYPE_F64, DTYPE_F32, isa));
}

static void test_isa(Isa isa, GuardSide side) {
    test_widen(isa, 0, HALVES, side);
    test_narrow(isa, 0, HALVES * NEAR, side);
    for (int count = 0; count < MOST_SHORT; count++) {
        test_widen(isa, (uint16_t)random_bits(), count, side);
        test_narrow(isa, (uint16_t)random_bits(), count, side);
    }
    test_pairs(isa, side);
    test_that_all_are_there(isa);
    CHECK(pack_kernel_for(2, isa) == kernels_for(DTYPE_I16, isa)->pack);
}

int main(void) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        for (GuardSide side = 0; side < GUARD_SIDE_COUNT; side++) test_isa(isa, side);
    }
    return check_report();
}
