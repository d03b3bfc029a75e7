#include "strategies/conversion.h"

#include "base/memory.h"

#include <string.h>

/* Fewer elements than this are gathered with others before they are converted. */
enum { LEAST_RUN = 32 };

Conversion conversion_make(const Contraction *contraction, int side, DType arithmetic, Isa isa) {
    DType stored = contraction->dtypes[side];
    bool is_output = side == contraction->input_count;
    Conversion conversion = {.stored = (ptrdiff_t)dtype_size(stored),
                             .computed = (ptrdiff_t)dtype_size(arithmetic)};
    if (!dtype_is_plain(stored, arithmetic)) {
        conversion.kernel = is_output ? convert_kernel_for(arithmetic, stored, isa)
                                      : convert_kernel_for(stored, arithmetic, isa);
    }
    return conversion;
}

bool conversion_is_needed(const Contraction *contraction, DType arithmetic) {
    for (int side = 0; side <= contraction->input_count; side++) {
        if (!dtype_is_plain(contraction->dtypes[side], arithmetic)) return true;
    }
    return false;
}

size_t conversion_scratch_bytes(const Conversion *conversion, ptrdiff_t elements) {
    if (!conversion->kernel) return 0;
    return memory_whole_lines((size_t)((conversion->stored + conversion->computed) * elements));
}

/* size is a constant. */
static inline __attribute__((always_inline)) void move_sized(const char *from, ptrdiff_t from_step,
                                                             char *to, ptrdiff_t to_step,
                                                             ptrdiff_t count, size_t size) {
    for (ptrdiff_t i = 0; i < count; i++) memcpy(to + i * to_step, from + i * from_step, size);
}

static void move(const char *from, ptrdiff_t from_step, char *to, ptrdiff_t to_step,
                 ptrdiff_t count, ptrdiff_t size) {
    switch (size) {
        case 1:
            move_sized(from, from_step, to, to_step, count, 1);
            break;
        case 2:
            move_sized(from, from_step, to, to_step, count, 2);
            break;
        case 4:
            move_sized(from, from_step, to, to_step, count, 4);
            break;
        default:
            move_sized(from, from_step, to, to_step, count, 8);
    }
}

void conversion_read(const Conversion *conversion, const char *source, BlockAxis outer,
                     BlockAxis inner, char *scratch) {
    ptrdiff_t stored = conversion->stored, computed = conversion->computed;
    if (outer.stride == inner.count * inner.stride) { /* one goes on where the other ends */
        inner.count *= outer.count;
        outer.count = 1;
    }
    if (inner.stride == stored && inner.count >= LEAST_RUN) {
        for (ptrdiff_t i = 0; i < outer.count; i++) {
            conversion->kernel(source + i * outer.stride, scratch + i * inner.count * computed,
                               inner.count);
        }
        return;
    }
    char *gathered = scratch + outer.count * inner.count * computed;
    for (ptrdiff_t i = 0; i < outer.count; i++) {
        move(source + i * outer.stride, inner.stride, gathered + i * inner.count * stored, stored,
             inner.count, stored);
    }
    conversion->kernel(gathered, scratch, outer.count * inner.count);
}

void conversion_write(const Conversion *conversion, char *scratch, char *out, BlockAxis to) {
    ptrdiff_t stored = conversion->stored;
    if (to.stride == stored) {
        conversion->kernel(scratch, out, to.count);
        return;
    }
    char *narrowed = scratch + to.count * conversion->computed;
    conversion->kernel(scratch, narrowed, to.count);
    move(narrowed, stored, out, to.stride, to.count, stored);
}
