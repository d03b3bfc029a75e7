#include "base/tensor.h"

#include "base/extents.h"

ptrdiff_t tensor_element_count(const Tensor *tensor) {
    ptrdiff_t count = 1;
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] == 0) return 0;
    }
    for (int i = 0; i < tensor->axis_count; i++) count *= tensor->shape[i];
    return count;
}

ByteSpan byte_span(int axis_count, const ptrdiff_t shape[], const ptrdiff_t strides[],
                   ptrdiff_t element_bytes) {
    ByteSpan span = {0, element_bytes};
    for (int i = 0; i < axis_count; i++) {
        if (shape[i] == 0) return (ByteSpan){0, 0};
        ptrdiff_t reach = (shape[i] - 1) * strides[i];
        *(reach < 0 ? &span.low : &span.high) += reach;
    }
    return span;
}

void tensor_byte_span(const Tensor *tensor, ptrdiff_t *low, ptrdiff_t *high) {
    ByteSpan span = byte_span(tensor->axis_count, tensor->shape, tensor->strides,
                              (ptrdiff_t)dtype_size(tensor->dtype));
    *low = span.low;
    *high = span.high;
}

/* Axes of more than one element, by growing stride. */
static int axes_by_stride(const Tensor *tensor, int axes[]) {
    int count = 0;
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] == 1) continue;
        int at = count++;
        for (; at > 0 && magnitude(tensor->strides[axes[at - 1]]) > magnitude(tensor->strides[i]);
             at--) {
            axes[at] = axes[at - 1];
        }
        axes[at] = i;
    }
    return count;
}

bool tensor_may_overlap_itself(const Tensor *tensor) {
    if (tensor_element_count(tensor) <= 1) return false;
    int axes[MAX_AXES];
    int count = axes_by_stride(tensor, axes);
    /* Nested axes cannot collide: each steps over all that the faster ones reach. */
    ptrdiff_t reached = (ptrdiff_t)dtype_size(tensor->dtype);
    for (int i = 0; i < count; i++) {
        ptrdiff_t stride = magnitude(tensor->strides[axes[i]]);
        if (stride < reached) return true;
        reached += stride * (tensor->shape[axes[i]] - 1);
    }
    return false;
}
