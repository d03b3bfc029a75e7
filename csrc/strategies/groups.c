#include "strategies/groups.h"

static void group_add(AxisGroup *group, const Axis *axis) {
    group->axes[group->count++] = axis;
    group->extent *= axis->extent;
}

static void group_clear(AxisGroup *group) {
    group->count = 0;
    group->extent = 1;
}

void groups_make(Groups *groups, const Contraction *contraction, int left) {
    group_clear(&groups->batch);
    group_clear(&groups->rows);
    group_clear(&groups->cols);
    group_clear(&groups->sum);
    for (int i = 0; i < contraction->axis_count; i++) {
        const Axis *axis = &contraction->axes[i];
        bool of_left = axis->strides[left] != 0, of_right = axis->strides[1 - left] != 0;
        AxisGroup *group = i >= contraction->kept_count ? &groups->sum
                           : of_left && of_right        ? &groups->batch
                           : of_right                   ? &groups->cols
                                                        : &groups->rows;
        group_add(group, axis);
    }
}

ptrdiff_t group_offset(const AxisGroup *group, int side, ptrdiff_t position) {
    ptrdiff_t offset = 0;
    for (int i = group->count; i-- > 0;) {
        offset += position % group->axes[i]->extent * group->axes[i]->strides[side];
        position /= group->axes[i]->extent;
    }
    return offset;
}

/* From the end of the innermost run to the start of the next: one step of the axes around it. */
static ptrdiff_t next_run(const AxisGroup *group, int side, ptrdiff_t index[]) {
    ptrdiff_t offset = 0;
    for (int i = group->count - 1; i-- > 0;) {
        ptrdiff_t stride = group->axes[i]->strides[side];
        offset += stride;
        if (++index[i] < group->axes[i]->extent) break;
        offset -= index[i] * stride;
        index[i] = 0;
    }
    return offset;
}

void group_offsets(const AxisGroup *group, int side, ptrdiff_t first, ptrdiff_t count,
                   ptrdiff_t offsets[]) {
    if (group->count == 0) {
        for (ptrdiff_t i = 0; i < count; i++) offsets[i] = 0;
        return;
    }
    const Axis *inner = group->axes[group->count - 1];
    ptrdiff_t stride = inner->strides[side], at = first % inner->extent;
    ptrdiff_t run_start = group_offset(group, side, first - at);
    ptrdiff_t index[MAX_LABELS], position = first / inner->extent;
    for (int i = group->count - 1; i-- > 0;) {
        index[i] = position % group->axes[i]->extent;
        position /= group->axes[i]->extent;
    }
    for (ptrdiff_t done = 0; done < count; at = 0) {
        ptrdiff_t run = inner->extent - at < count - done ? inner->extent - at : count - done;
        for (ptrdiff_t i = 0; i < run; i++) offsets[done + i] = run_start + (at + i) * stride;
        done += run;
        run_start += next_run(group, side, index);
    }
}
