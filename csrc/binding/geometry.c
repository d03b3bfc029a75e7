#include "binding/geometry.h"

#include "binding/arguments.h"
#include "binding/errors.h"

static const char *entries(int count) {
    return count == 1 ? "entry" : "entries";
}

/* -------------------------------------------------------------------------- per axis numbers */

static bool read_steps(const GeometryArguments *arguments, Windows *windows) {
    Integers strides, dilations;
    bool has_strides = arguments->stride, has_dilations = arguments->dilation;
    if (has_strides &&
        !integers_read_per_axis(arguments->stride, "stride", windows->count, &strides)) {
        return false;
    }
    if (has_dilations &&
        !integers_read_per_axis(arguments->dilation, "dilation", windows->count, &dilations)) {
        return false;
    }
    for (int i = 0; i < windows->count; i++) {
        WindowAxis *window = &windows->axes[i];
        window->stride = has_strides ? strides.values[i] : 1;
        window->dilation = has_dilations ? dilations.values[i] : 1;
        window->before = window->after = 0;
    }
    return true;
}

static bool read_axes(PyObject *axis, int axis_count, Windows *windows) {
    Integers axes;
    if (!integers_read_axes(axis, axis_count, &axes)) return false;
    if (axes.count != windows->count) {
        PyErr_Format(PyExc_ValueError, "window_shape has %d %s but axis has %d", windows->count,
                     entries(windows->count), axes.count);
        return false;
    }
    for (int i = 0; i < axes.count; i++) windows->axes[i].axis = (int)axes.values[i];
    return true;
}

static bool use_last_axes(int axis_count, Windows *windows) {
    if (windows->count > axis_count) {
        PyErr_Format(PyExc_ValueError, "window_shape has %d %s but the array has %d %s",
                     windows->count, entries(windows->count), axis_count,
                     axis_count == 1 ? "axis" : "axes");
        return false;
    }
    for (int i = 0; i < windows->count; i++) {
        windows->axes[i].axis = axis_count - windows->count + i;
    }
    return true;
}

static void set_sizes(Windows *windows, const Integers *sizes) {
    windows->count = sizes->count;
    for (int i = 0; i < sizes->count; i++) windows->axes[i].size = sizes->values[i];
}

/* --------------------------------------------------------------------------------------------
 * padding */

/* One entry of padding: an int for both sides, or a pair. */
static bool read_padding_entry(PyObject *entry, WindowAxis *window) {
    Integers numbers;
    if (!integers_read(entry, "padding", &numbers)) return false;
    if (!numbers.is_scalar && numbers.count != 2) {
        PyErr_Format(PyExc_ValueError,
                     "padding of axis %d must be an int or a (before, after) pair, got %d numbers",
                     window->axis, numbers.count);
        return false;
    }
    window->before = numbers.values[0];
    window->after = numbers.is_scalar ? numbers.values[0] : numbers.values[1];
    return true;
}

static bool read_padding_entries(PyObject *padding, Windows *windows) {
    Py_ssize_t count = PyTuple_Size(padding);
    if (count != windows->count) {
        PyErr_Format(PyExc_ValueError,
                     "padding has %zd %s for %d windowed %s; it takes one int or one (before, "
                     "after) pair per axis",
                     count, count == 1 ? "entry" : "entries", windows->count,
                     windows->count == 1 ? "axis" : "axes");
        return false;
    }
    for (int i = 0; i < windows->count; i++) {
        if (!read_padding_entry(PyTuple_GetItem(padding, i), &windows->axes[i])) return false;
    }
    return true;
}

static bool read_padding_name(PyObject *padding, Windows *windows) {
    const char *name = arguments_text(padding, "padding");
    Error error;
    if (!name) return false;
    if (padding_from_name(name, &windows->padding, &error) == STATUS_OK) return true;
    error_raise(&error);
    return false;
}

static bool read_padding(PyObject *padding, Windows *windows) {
    windows->padding = PADDING_GIVEN;
    if (!padding) return true;
    if (PyUnicode_Check(padding)) return read_padding_name(padding, windows);
    PyObject *tuple = PyLong_Check(padding) ? NULL : PySequence_Tuple(padding);
    if (tuple) {
        bool done = read_padding_entries(tuple, windows);
        Py_DECREF(tuple);
        return done;
    }
    PyErr_Clear();
    ptrdiff_t both;
    if (!integer_read(padding, &both)) return false;
    for (int i = 0; i < windows->count; i++) {
        windows->axes[i].before = windows->axes[i].after = both;
    }
    return true;
}

static bool read_remainder(PyObject *remainder, Windows *windows) {
    windows->remainder = REMAINDER_DROP;
    if (!remainder) return true;
    const char *name = arguments_text(remainder, "remainder");
    Error error;
    if (!name) return false;
    if (remainder_from_name(name, &windows->remainder, &error) == STATUS_OK) return true;
    error_raise(&error);
    return false;
}

/* --------------------------------------------------------------------------------- all of it */

static bool is_given(PyObject *axis) {
    return axis && axis != Py_None;
}

static bool read_all_but_sizes(const GeometryArguments *arguments, int axis_count,
                               Windows *windows) {
    bool has_axes = is_given(arguments->axis) ? read_axes(arguments->axis, axis_count, windows)
                                              : use_last_axes(axis_count, windows);
    return has_axes && read_steps(arguments, windows) &&
           read_padding(arguments->padding, windows) &&
           read_remainder(arguments->remainder, windows);
}

bool geometry_read(const GeometryArguments *arguments, int axis_count, Windows *windows) {
    Integers sizes;
    if (!integers_read(arguments->window_shape, "window_shape", &sizes)) return false;
    set_sizes(windows, &sizes);
    return read_all_but_sizes(arguments, axis_count, windows);
}

bool geometry_read_sizeless(const GeometryArguments *arguments, int axis_count, int window_count,
                            Windows *windows) {
    windows->count = window_count;
    return read_all_but_sizes(arguments, axis_count, windows);
}

static bool check_sliding_counts(const Windows *windows, int count, bool has_axes) {
    if (windows->count == count) return true;
    if (has_axes) {
        PyErr_Format(PyExc_ValueError,
                     "Must provide matching length window_shape and axis; got %d window_shape "
                     "elements and %d axes elements.",
                     windows->count, count);
    } else {
        PyErr_Format(PyExc_ValueError,
                     "Since axis is `None`, must provide window_shape for all dimensions of `x`; "
                     "got %d window_shape elements and `x.ndim` is %d.",
                     windows->count, count);
    }
    return false;
}

bool geometry_read_sliding(const GeometryArguments *arguments, int axis_count, Windows *windows) {
    Integers sizes, axes;
    bool has_axes = is_given(arguments->axis);
    if (!integers_read(arguments->window_shape, "window_shape", &sizes)) return false;
    set_sizes(windows, &sizes);
    if (has_axes) {
        if (!integers_read_axes(arguments->axis, axis_count, &axes)) return false;
    } else {
        axes.count = axis_count;
        for (int i = 0; i < axis_count; i++) axes.values[i] = i;
    }
    if (!check_sliding_counts(windows, axes.count, has_axes)) return false;
    for (int i = 0; i < axes.count; i++) windows->axes[i].axis = (int)axes.values[i];
    return read_steps(arguments, windows);
}
