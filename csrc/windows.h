/* Window geometry: how many windows of which extent fit into an array, and the view that shows
 * them. For a window of `size` elements, `dilation` apart:
 *
 *     extent    = dilation * (size - 1) + 1
 *     positions = floor((length + before + after - extent) / stride) + 1
 *     windows[..., p, ..., k] = padded[..., p * stride + k * dilation, ...]
 *
 * Plain checked integers throughout; no element is looked at. */
#ifndef FASTEINSUM_WINDOWS_H
#define FASTEINSUM_WINDOWS_H

#include "base/error.h"
#include "base/tensor.h"

#include <stdbool.h>

/* name, spelling; GIVEN takes the numbers in WindowAxis and has no spelling */
#define PADDING_LIST(X)         \
    X(GIVEN, "")                \
    X(VALID, "valid")           \
    X(SAME, "same")             \
    X(SAME_LOWER, "same_lower") \
    X(FULL, "full")             \
    X(CAUSAL, "causal")

#define PADDING_ENUM(name, spelling) PADDING_##name,
typedef enum Padding { PADDING_LIST(PADDING_ENUM) PADDING_COUNT } Padding;
#undef PADDING_ENUM

/* What becomes of elements behind the last whole step of the stride. */
#define REMAINDER_LIST(X) \
    X(DROP, "drop")       \
    X(PAD, "pad")         \
    X(RAISE, "raise")

#define REMAINDER_ENUM(name, spelling) REMAINDER_##name,
typedef enum Remainder { REMAINDER_LIST(REMAINDER_ENUM) REMAINDER_COUNT } Remainder;
#undef REMAINDER_ENUM

/* The windows along one axis of an array. */
typedef struct WindowAxis {
    int axis;                         /* counted from the front, in range */
    ptrdiff_t size, stride, dilation; /* in elements; a dilation of 1 is dense */
    ptrdiff_t before, after;          /* padding: given, or found by windows_resolve */
    ptrdiff_t length;                 /* from here on found by windows_resolve */
    ptrdiff_t extent, positions;
} WindowAxis;

/* The windows of one array. Only the first count axes are meaningful. */
typedef struct Windows {
    Padding padding;
    Remainder remainder;
    int count;
    WindowAxis axes[MAX_AXES];
} Windows;

/* "same" gives PADDING_SAME; STATUS_RANGE for a name that is not in the list. */
Status padding_from_name(const char *name, Padding *padding, Error *error) MUST_CHECK;
Status remainder_from_name(const char *name, Remainder *remainder, Error *error) MUST_CHECK;

/* Checks what was asked for against the shape and fills in the rest. Axes are distinct. The padding
   that REMAINDER_PAD adds is part of `after`. */
Status windows_resolve(Windows *windows, const ptrdiff_t shape[], int axis_count,
                       Error *error) MUST_CHECK;

/* Whether the windows show elements that the array does not have. */
bool windows_are_padded(const Windows *windows);

/* The shape of the array with its padding. */
void windows_padded_shape(const Windows *windows, const ptrdiff_t shape[], int axis_count,
                          ptrdiff_t padded[]);

/* The view: positions in place of the windowed axes, then one axis per window. Windows are
   resolved, the array has the padded shape. */
Status windows_view(const Tensor *array, const Windows *windows, Tensor *view,
                    Error *error) MUST_CHECK;

/* As numpy.lib.stride_tricks.sliding_window_view does it: nothing is padded, windows may be empty,
   and a repeated axis is windowed again, so that its next window steps over positions of the one
   before. Windows need not be resolved; their padding is ignored. */
Status windows_slide(const Tensor *array, const Windows *windows, Tensor *view,
                     Error *error) MUST_CHECK;

#endif
