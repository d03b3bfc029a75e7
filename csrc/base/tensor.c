#include "base/tensor.h"

ptrdiff_t tensor_element_count(const Tensor *tensor) {
    ptrdiff_t count = 1;
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] == 0) return 0;
    }
    for (int i = 0; i < tensor->axis_count; i++) count *= tensor->shape[i];
    return count;
}

void tensor_byte_span(const Tensor *tensor, ptrdiff_t *low, ptrdiff_t *high) {
    *low = *high = 0;
    if (tensor_element_count(tensor) == 0) return;
    for (int i = 0; i < tensor->axis_count; i++) {
        ptrdiff_t reach = (tensor->shape[i] - 1) * tensor->strides[i];
        *(reach < 0 ? low : high) += reach;
    }
    *high += (ptrdiff_t)dtype_size(tensor->dtype);
}

static ptrdiff_t magnitude(ptrdiff_t stride) {
    return stride < 0 ? -stride : stride;
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
