/* The kernels that widen halves to floats and narrow floats to halves: all halves there are. */
#include "base/half.h"
#include "check.h"
#include "guarded.h"
#include "kernels/kernels.h"
#include "random.h"
#include "share.h"

#include <string.h>

enum { HALVES = 1 << 16, NEAR = 5, MOST_SHORT = 40 };

/* The halves from the given one on. */
static void test_widen(Isa isa, uint16_t first, int count, GuardSide side) {
    if (!share_takes_next()) return;
    Guarded halves = guarded_make((size_t)count * sizeof(uint16_t), side);
    Guarded floats = guarded_make((size_t)count * sizeof(float), side);
    for (int i = 0; i < count; i++) ((uint16_t *)(void *)halves.data)[i] = (uint16_t)(first + i);
    half_kernels_for(isa)->widen(halves.data, floats.data, count);
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
    half_kernels_for(isa)->narrow(floats.data, halves.data, count);
    bool holds = guarded_is_intact(&halves);
    for (int i = 0; i < count; i++) {
        holds &= ((uint16_t *)(void *)halves.data)[i] == half_from_float(in[i]);
    }
    if (!CHECK(holds)) printf("    %s: %d from %d\n", isa_name(isa), count, first);
    guarded_free(&halves);
    guarded_free(&floats);
}

static void test_isa(Isa isa, GuardSide side) {
    test_widen(isa, 0, HALVES, side);
    test_narrow(isa, 0, HALVES * NEAR, side);
    for (int count = 0; count < MOST_SHORT; count++) {
        test_widen(isa, (uint16_t)random_bits(), count, side);
        test_narrow(isa, (uint16_t)random_bits(), count, side);
    }
    /* which test_kernel_pack knows */
    CHECK(half_kernels_for(isa)->pack == kernels_for(DTYPE_I16, isa)->pack);
}

int main(void) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        for (GuardSide side = 0; side < GUARD_SIDE_COUNT; side++) test_isa(isa, side);
    }
    return check_report();
}
