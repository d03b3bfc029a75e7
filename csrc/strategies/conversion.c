#include "strategies/conversion.h"

#include "base/memory.h"

#include <string.h>

/* Fewer elements than this are gathered with others before they are converted. */
enum { LEAST_RUN = 32 };

Conversion conversion_make(const Contraction *contraction, int side, DType arithmetic, Isa isa) {
    DType stored = contraction->dtypes[side];
    bool is_output = side == contraction->input_count;
    Conversion conversion = {.copy = copy_kernel_for(stored, isa),
                             .stored = (ptrdiff_t)dtype_size(stored),
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

/* Where elements as stored begin, behind so many as computed. */
static size_t stored_offset(const Conversion *conversion, ptrdiff_t elements) {
    return memory_whole_lines((size_t)(conversion->computed * elements));
}

size_t conversion_scratch_bytes(const Conversion *conversion, ptrdiff_t elements) {
    size_t computed = stored_offset(conversion, elements);
    if (!conversion->kernel) return computed;
    return computed + memory_whole_lines((size_t)(conversion->stored * elements));
}

/* A loop within a block. */
typedef struct Loop {
    ptrdiff_t count, stride;
} Loop;

/* Fills scratch with the elements as computed, the inner ones following each other. */
static void fill(const Conversion *conversion, const char *source, Loop outer, Loop inner,
                 char *scratch) {
    ptrdiff_t stored = conversion->stored, computed = conversion->computed;
    if (outer.stride == inner.count * inner.stride) { /* one goes on where the other ends */
        inner.count *= outer.count;
        outer.count = 1;
    }
    if (conversion->kernel && inner.stride == stored && inner.count >= LEAST_RUN) {
        for (ptrdiff_t i = 0; i < outer.count; i++) {
            conversion->kernel(source + i * outer.stride, scratch + i * inner.count * computed,
                               inner.count);
        }
        return;
    }
    char *gathered = scratch;
    if (conversion->kernel) gathered += stored_offset(conversion, outer.count * inner.count);
    conversion->copy(&(CopyJob){
        .rows = outer.count,
        .cols = inner.count,
        .in = source,
        .in_row = outer.stride,
        .in_col = inner.stride,
        .out = gathered,
        .out_row = inner.count * stored,
        .out_col = stored,
    });
    if (conversion->kernel) conversion->kernel(gathered, scratch, outer.count * inner.count);
}

Lie conversion_read(const Conversion *conversion, Lie from, ptrdiff_t rows, ptrdiff_t cols,
                    bool by_rows, char *scratch) {
    Loop row = {from.row ? rows : 1, from.row}, col = {from.col ? cols : 1, from.col};
    Loop outer = by_rows ? col : row, inner = by_rows ? row : col;
    fill(conversion, from.data, outer, inner, scratch);
    ptrdiff_t near = conversion->computed, far = inner.count * near;
    return (Lie){scratch, from.row ? (by_rows ? near : far) : 0,
                 from.col ? (by_rows ? far : near) : 0};
}

void conversion_write(const Conversion *conversion, char *scratch, Place out, ptrdiff_t rows,
                      ptrdiff_t cols) {
    ptrdiff_t stored = conversion->stored, computed = conversion->computed;
    if (out.col == stored && (rows == 1 || cols >= LEAST_RUN)) {
        for (ptrdiff_t i = 0; i < rows; i++) {
            conversion->kernel(scratch + i * cols * computed, out.data + i * out.row, cols);
        }
        return;
    }
    char *narrowed = scratch + stored_offset(conversion, rows * cols);
    conversion->kernel(scratch, narrowed, rows * cols);
    conversion->copy(&(CopyJob){
        .rows = rows,
        .cols = cols,
        .in = narrowed,
        .in_row = cols * stored,
        .in_col = stored,
        .out = out.data,
        .out_row = out.row,
        .out_col = out.col,
    });
}
