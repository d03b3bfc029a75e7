#include "suite.h"

#include <stdio.h>

static Suite suite_make(Isa isa, DType dtype) {
    Suite suite = {.isa = isa, .dtype = dtype, .kernels = kernels_for(dtype, isa)};
    suite.size = (ptrdiff_t)dtype_size(dtype);
    suite.planes = dtype == DTYPE_C64 || dtype == DTYPE_C128 ? 2 : 1;
    suite.lanes = isa_vector_bytes(isa) / (int)(suite.size / suite.planes);
    suite.is_single = dtype == DTYPE_F32 || dtype == DTYPE_C64;
    suite.is_real = suite.is_single || dtype == DTYPE_F64 || dtype == DTYPE_C128;
    return suite;
}

static void run_sides(Suite suite, Filling last, void (*test)(const Suite *suite)) {
    for (suite.side = 0; suite.side < GUARD_SIDE_COUNT; suite.side++) {
        for (suite.filling = 0; suite.filling <= last; suite.filling++) test(&suite);
    }
}

void suites_run(void (*test)(const Suite *suite)) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        for (DType dtype = 0; dtype < DTYPE_COUNT; dtype++) {
            if (dtype_arithmetic(dtype) != dtype || !kernels_for(dtype, isa)) continue;
            Suite suite = suite_make(isa, dtype);
            run_sides(suite, suite.is_real ? FILLING_RANDOM : FILLING_WHOLE, test);
        }
    }
}

void stored_suites_run(void (*test)(const Suite *suite)) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_is_built(isa) || !isa_is_present(isa)) continue;
        for (DType dtype = 0; dtype < DTYPE_COUNT; dtype++) {
            if (copy_kernel_for(dtype, isa)) run_sides(suite_make(isa, dtype), FILLING_WHOLE, test);
        }
    }
}

int suite_extents(const Suite *suite, ptrdiff_t extents[MOST_EXTENTS]) {
    ptrdiff_t lanes = suite->lanes;
    ptrdiff_t candidates[] = {0, 1, 2, 3, 5, 9, lanes - 1, lanes, lanes + 1, 3 * lanes + 1};
    int count = 0;
    for (int i = 0; i < MOST_EXTENTS; i++) {
        if (count == 0 || candidates[i] > extents[count - 1]) extents[count++] = candidates[i];
    }
    return count;
}

void report(const Suite *suite, const char *kernel, const ptrdiff_t extents[3], int layout) {
    printf("    %s %s %s: extents %td %td %td, layout %d, guard %d, filling %d\n", kernel,
           dtype_name(suite->dtype), isa_name(suite->isa), extents[0], extents[1], extents[2],
           layout, suite->side, suite->filling);
}
