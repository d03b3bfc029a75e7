#include "notation/contraction.h"

#include "base/extents.h"

#include <stddef.h>

void contraction_begin(Contraction *contraction, DType arithmetic, int input_count) {
    contraction->arithmetic = arithmetic;
    contraction->input_count = input_count;
    contraction->kept_count = contraction->axis_count = 0;
    contraction->is_empty = false;
    contraction->objects = NULL;
    for (int side = 0; side <= input_count; side++) {
        contraction->dtypes[side] = arithmetic;
        contraction->origins[side] = 0;
    }
}

/* Only the strides of the sides in use: an Axis has room for many. */
static void axis_copy(Axis *to, const Axis *from, int side_count) {
    to->extent = from->extent;
    for (int side = 0; side < side_count; side++) to->strides[side] = from->strides[side];
}

void contraction_add(Contraction *contraction, const Axis *axis, bool kept) {
    int side_count = contraction->input_count + 1;
    axis_copy(&contraction->axes[contraction->axis_count++], axis, side_count);
    if (kept) contraction->kept_count++;
}

bool axis_is_shared(const Axis *axis, int side_count) {
    for (int side = 0; side < side_count; side++) {
        if (axis->strides[side] == 0) return false;
    }
    return true;
}

Axis axis_of_blocks(const Axis *axis, ptrdiff_t block, int side_count) {
    Axis blocks = {.extent = divide_up(axis->extent, block)};
    for (int side = 0; side < side_count; side++) {
        blocks.strides[side] = axis->strides[side] * block;
    }
    return blocks;
}

ptrdiff_t axes_extent(const Axis axes[], int count) {
    ptrdiff_t extent = 1;
    for (int i = 0; i < count; i++) extent *= axes[i].extent;
    return extent;
}

static void axis_remove(Contraction *contraction, int at) {
    if (at < contraction->kept_count) contraction->kept_count--;
    contraction->axis_count--;
    for (int i = at; i < contraction->axis_count; i++) {
        axis_copy(&contraction->axes[i], &contraction->axes[i + 1], contraction->input_count + 1);
    }
}

static void drop_trivial_axes(Contraction *contraction) {
    for (int i = contraction->axis_count; i-- > 0;) {
        if (contraction->axes[i].extent == 1) {
            axis_remove(contraction, i);
        } else if (contraction->axes[i].extent == 0 && i >= contraction->kept_count) {
            contraction->is_empty = true;
        }
    }
}

/* How many elements a side has; windows that overlap count each of theirs. */
static double side_elements(const Contraction *contraction, int side) {
    double elements = 1;
    for (int i = 0; i < contraction->axis_count; i++) {
        if (contraction->axes[i].strides[side] != 0) {
            elements *= (double)contraction->axes[i].extent;
        }
    }
    return elements;
}

/* Whether more of what moves along an axis goes backwards than forwards: an output as much as all
   inputs and more, since elements are easier to read than to write one by one. The order of sums of
   objects is that of the axis, unless all go backwards. */
static bool goes_backwards(const Contraction *contraction, const Axis *axis) {
    int output = contraction->input_count;
    double forwards = 0, backwards = 0;
    for (int side = 0; side <= output; side++) {
        double weight = side_elements(contraction, side) * (side == output ? output + 1 : 1);
        if (axis->strides[side] > 0) forwards += weight;
        if (axis->strides[side] < 0) backwards += weight;
    }
    return backwards > forwards && (forwards == 0 || contraction->objects == NULL);
}

static void flip_axis(Contraction *contraction, Axis *axis) {
    for (int side = 0; side <= contraction->input_count; side++) {
        contraction->origins[side] += (axis->extent - 1) * axis->strides[side];
        axis->strides[side] = -axis->strides[side];
    }
}

static void flip_backward_axes(Contraction *contraction) {
    for (int i = 0; i < contraction->axis_count; i++) {
        Axis *axis = &contraction->axes[i];
        if (goes_backwards(contraction, axis)) flip_axis(contraction, axis);
    }
}

/* Whether outer and inner are one axis: on every side, inner ends where outer takes its next step.
 */
static bool axes_continue(const Axis *outer, const Axis *inner, int side_count) {
    for (int side = 0; side < side_count; side++) {
        if (outer->strides[side] != inner->strides[side] * inner->extent) return false;
    }
    return true;
}

/* Merges one pair of axes[first .. last) if there is one. */
static bool merge_one_pair(Contraction *contraction, int first, int last) {
    for (int inner = first; inner < last; inner++) {
        for (int outer = first; outer < last; outer++) {
            if (outer == inner ||
                !axes_continue(&contraction->axes[outer], &contraction->axes[inner],
                               contraction->input_count + 1)) {
                continue;
            }
            contraction->axes[inner].extent *= contraction->axes[outer].extent;
            axis_remove(contraction, outer);
            return true;
        }
    }
    return false;
}

static void merge_axes(Contraction *contraction) {
    while (merge_one_pair(contraction, 0, contraction->kept_count)) {}
    while (merge_one_pair(contraction, contraction->kept_count, contraction->axis_count)) {}
}

/* Whether a belongs outside of b: the first side that tells them apart decides, from the given one
   on and round to the others. */
static bool is_outer(const Axis *a, const Axis *b, int first_side, int side_count) {
    for (int i = 0; i < side_count; i++) {
        int side = (first_side + i) % side_count;
        ptrdiff_t of_a = magnitude(a->strides[side]), of_b = magnitude(b->strides[side]);
        if (of_a != of_b && of_a != 0 && of_b != 0) return of_a > of_b;
    }
    return false;
}

static void sort_axes(Axis axes[], int count, int first_side, int side_count) {
    for (int i = 1; i < count; i++) {
        for (int at = i; at > 0 && is_outer(&axes[at], &axes[at - 1], first_side, side_count);
             at--) {
            Axis swapped;
            axis_copy(&swapped, &axes[at], side_count);
            axis_copy(&axes[at], &axes[at - 1], side_count);
            axis_copy(&axes[at - 1], &swapped, side_count);
        }
    }
}

void contraction_normalise(Contraction *contraction) {
    drop_trivial_axes(contraction);
    flip_backward_axes(contraction);
    merge_axes(contraction);
    int side_count = contraction->input_count + 1, kept = contraction->kept_count;
    sort_axes(contraction->axes, kept, contraction->input_count, side_count);
    sort_axes(contraction->axes + kept, contraction->axis_count - kept, 0, side_count);
}

size_t contraction_bytes(const Contraction *contraction) {
    return offsetof(Contraction, axes) + (size_t)contraction->axis_count * sizeof(Axis);
}
