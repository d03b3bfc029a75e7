#include "strided.h"

#include "base/checked.h"

#include <stdint.h>
#include <stdio.h>

/* ---------------------------------------------------------------------------------- messages */

/* "(3, 4)" and "(3,)" as Python prints them; what does not fit is cut off. */
typedef struct TupleText {
    char text[240];
} TupleText;

static TupleText tuple_text(const ptrdiff_t values[], int count) {
    TupleText tuple;
    size_t room = sizeof tuple.text;
    size_t length = (size_t)snprintf(tuple.text, room, "(");
    for (int i = 0; i < count && length < room - 32; i++) {
        const char *separator = i + 1 < count ? ", " : count == 1 ? "," : "";
        length +=
            (size_t)snprintf(tuple.text + length, room - length, "%td%s", values[i], separator);
    }
    snprintf(tuple.text + length, room - length, ")");
    return tuple;
}

static Status refuse_overflow(const StridedView *view, Error *error) {
    const Tensor *tensor = view->tensor;
    return error_set(error, STATUS_LIMIT, "shape %s and strides %s overflow the address range",
                     tuple_text(tensor->shape, tensor->axis_count).text,
                     tuple_text(tensor->strides, tensor->axis_count).text);
}

/* ------------------------------------------------------------------------------------ bounds */

static bool checked_subtract(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *result) {
    return !__builtin_sub_overflow(a, b, result);
}

static bool has_no_elements(const Tensor *tensor) {
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] == 0) return true;
    }
    return false;
}

/* Adds the reach of one axis to the end of the range that it extends. */
static bool extend_range(ByteRange *range, ptrdiff_t length, ptrdiff_t stride) {
    ptrdiff_t reach;
    if (!checked_multiply(length - 1, stride, &reach)) return false;
    ptrdiff_t *end = reach < 0 ? &range->first : &range->last;
    return checked_add(*end, reach, end);
}

/* Whether the bytes that the view would have as an array of its own can be counted. */
static bool is_countable(const StridedView *view) {
    ptrdiff_t bytes = (ptrdiff_t)view->item_bytes;
    for (int i = 0; i < view->tensor->axis_count; i++) {
        if (!checked_multiply(bytes, view->tensor->shape[i], &bytes)) return false;
    }
    return true;
}

Status strided_range(const StridedView *view, ByteRange *range, Error *error) {
    const Tensor *tensor = view->tensor;
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] >= 0) continue;
        return error_set(error, STATUS_RANGE, "shape %s has a negative length",
                         tuple_text(tensor->shape, tensor->axis_count).text);
    }
    *range = (ByteRange){0, -1};
    if (has_no_elements(tensor)) return STATUS_OK;
    *range = (ByteRange){view->offset, view->offset};
    bool fits = is_countable(view) &&
                checked_add(range->last, (ptrdiff_t)view->item_bytes - 1, &range->last);
    for (int i = 0; fits && i < tensor->axis_count; i++) {
        fits = extend_range(range, tensor->shape[i], tensor->strides[i]);
    }
    ptrdiff_t length;
    if (fits && checked_subtract(range->last, range->first, &length)) return STATUS_OK;
    return refuse_overflow(view, error);
}

Status strided_check_bounds(const StridedView *view, ByteRange range, ByteRange limits,
                            const char *owner, Error *error) {
    if (range.last < range.first) return STATUS_OK;
    if (limits.first <= range.first && range.last <= limits.last) return STATUS_OK;
    char held[96] = "no bytes";
    if (limits.first <= limits.last) {
        snprintf(held, sizeof held, "bytes %td to %td", limits.first, limits.last);
    }
    const Tensor *tensor = view->tensor;
    return error_set(error, STATUS_RANGE,
                     "view of shape %s and strides %s reads bytes %td to %td, but %s holds %s",
                     tuple_text(tensor->shape, tensor->axis_count).text,
                     tuple_text(tensor->strides, tensor->axis_count).text, range.first, range.last,
                     owner, held);
}

/* ----------------------------------------------------------------------------------- overlap */

Status strided_check_overlap(const StridedView *view, Error *error) {
    /* The item as one more axis of bytes: then items of any size are tested alike. */
    const Tensor *tensor = view->tensor;
    Tensor bytes;
    bytes.dtype = DTYPE_U8;
    bytes.axis_count = 0;
    bool may_overlap = false;
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->shape[i] == 1) continue;
        if (bytes.axis_count == MAX_AXES - 1) { /* 2^63 elements that differ do not exist */
            may_overlap = !has_no_elements(tensor);
            break;
        }
        bytes.shape[bytes.axis_count] = tensor->shape[i];
        bytes.strides[bytes.axis_count++] = tensor->strides[i];
    }
    bytes.shape[bytes.axis_count] = (ptrdiff_t)view->item_bytes;
    bytes.strides[bytes.axis_count++] = 1;
    if (!may_overlap && !tensor_may_overlap_itself(&bytes)) return STATUS_OK;
    return error_set(error, STATUS_RANGE,
                     "elements of the view overlap; a writeable view of them needs "
                     "allow_overlap=True");
}

/* --------------------------------------------------------------------------- item boundaries */

/* The places where items lie: every sum of multiples of these strides. */
typedef struct Lattice {
    ptrdiff_t first; /* byte of the lowest item */
    int axis_count;  /* by falling stride, all of them positive */
    ptrdiff_t lengths[MAX_AXES], strides[MAX_AXES];
} Lattice;

static void insert_axis(Lattice *lattice, ptrdiff_t length, ptrdiff_t stride) {
    int at = lattice->axis_count++;
    for (; at > 0 && lattice->strides[at - 1] < stride; at--) {
        lattice->strides[at] = lattice->strides[at - 1];
        lattice->lengths[at] = lattice->lengths[at - 1];
    }
    lattice->strides[at] = stride;
    lattice->lengths[at] = length;
}

static void make_lattice(const Tensor *items, ptrdiff_t origin, Lattice *lattice) {
    lattice->first = origin;
    lattice->axis_count = 0;
    for (int i = 0; i < items->axis_count; i++) {
        ptrdiff_t stride = items->strides[i];
        if (items->shape[i] == 1 || stride == 0) continue;
        if (stride < 0) lattice->first += (items->shape[i] - 1) * stride;
        insert_axis(lattice, items->shape[i], stride < 0 ? -stride : stride);
    }
}

/* Large strides first. Never wrong in saying yes; exact unless the items overlap. */
static bool lattice_has(const Lattice *lattice, ptrdiff_t byte) {
    ptrdiff_t rest = byte - lattice->first;
    if (rest < 0) return false;
    for (int i = 0; i < lattice->axis_count; i++) {
        ptrdiff_t steps = rest / lattice->strides[i];
        if (steps >= lattice->lengths[i]) steps = lattice->lengths[i] - 1;
        rest -= steps * lattice->strides[i];
    }
    return rest == 0;
}

/* Whether the items follow each other at one distance, as in most arrays. */
static bool lattice_is_even(const Lattice *lattice) {
    for (int i = 0; i + 1 < lattice->axis_count; i++) {
        if (lattice->strides[i] != lattice->strides[i + 1] * lattice->lengths[i + 1]) return false;
    }
    return true;
}

/* For even items within their range one look per axis is enough. */
static bool view_steps_evenly(const StridedView *view, ByteRange range, const Lattice *lattice) {
    if (!lattice_is_even(lattice) || lattice->axis_count == 0) return false;
    ptrdiff_t distance = lattice->strides[lattice->axis_count - 1];
    ptrdiff_t reach = lattice->strides[0] * (lattice->lengths[0] - 1);
    for (int i = 1; i < lattice->axis_count; i++) {
        reach += lattice->strides[i] * (lattice->lengths[i] - 1);
    }
    ptrdiff_t last_item = range.last - (ptrdiff_t)view->item_bytes + 1;
    if (range.first < lattice->first || last_item > lattice->first + reach) return false;
    if ((view->offset - lattice->first) % distance != 0) return false;
    for (int i = 0; i < view->tensor->axis_count; i++) {
        if (view->tensor->shape[i] > 1 && view->tensor->strides[i] % distance != 0) return false;
    }
    return true;
}

/* Looks at every element; the first that is no item is named. */
static Status check_each(const StridedView *view, int axis, ptrdiff_t byte, const Lattice *lattice,
                         Error *error) {
    const Tensor *tensor = view->tensor;
    if (axis == tensor->axis_count) {
        if (lattice_has(lattice, byte)) return STATUS_OK;
        return error_set(error, STATUS_RANGE,
                         "element at byte %td is not an item boundary of an object array (item "
                         "size %zu)",
                         byte, view->item_bytes);
    }
    ptrdiff_t length = tensor->strides[axis] == 0 ? 1 : tensor->shape[axis];
    for (ptrdiff_t i = 0; i < length; i++) {
        TRY(check_each(view, axis + 1, byte + i * tensor->strides[axis], lattice, error));
    }
    return STATUS_OK;
}

Status strided_check_items(const StridedView *view, const Tensor *items, ptrdiff_t origin,
                           Error *error) {
    ByteRange range;
    TRY(strided_range(view, &range, error));
    if (range.last < range.first) return STATUS_OK;
    if (has_no_elements(items)) {
        return error_set(error, STATUS_RANGE, "an object array without items has no item to show");
    }
    Lattice lattice;
    make_lattice(items, origin, &lattice);
    if (view_steps_evenly(view, range, &lattice)) return STATUS_OK;
    return check_each(view, 0, view->offset, &lattice, error);
}
