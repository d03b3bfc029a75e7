/* The arguments that windows, fold, output_shape and sliding_window_view share. */
#ifndef FASTEINSUM_BINDING_GEOMETRY_H
#define FASTEINSUM_BINDING_GEOMETRY_H

#include "binding/integers.h"

#include "windows.h"

/* As they were passed; borrowed, NULL where they were not. */
typedef struct GeometryArguments {
    PyObject *window_shape, *axis, *stride, *dilation, *padding, *remainder;
} GeometryArguments;

/* For an array of axis_count axes. Without axis the windows lie along the last axes. All functions:
   false with an exception set; the windows are not resolved yet. */
bool geometry_read(const GeometryArguments *arguments, int axis_count, Windows *windows);

/* The same for window_count windows of sizes still unknown; window_shape is not looked at. */
bool geometry_read_sizeless(const GeometryArguments *arguments, int axis_count, int window_count,
                            Windows *windows);

/* With NumPy's rules and messages: without axis there is a window for every axis, an axis may be
   repeated. There is no padding. */
bool geometry_read_sliding(const GeometryArguments *arguments, int axis_count, Windows *windows);

#endif
