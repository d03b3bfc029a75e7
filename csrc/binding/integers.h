/* Arguments that are an int, or ints. */
#ifndef FASTEINSUM_BINDING_INTEGERS_H
#define FASTEINSUM_BINDING_INTEGERS_H

#include "binding/numpy_api.h"

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* At most one entry per axis. An int counts as one entry. */
typedef struct Integers {
    int count;
    bool is_scalar;
    ptrdiff_t values[MAX_AXES];
} Integers;

/* Any object with __index__. What does not fit becomes the largest or the smallest number, which no
   check lets pass. False with an exception set. */
bool integer_read(PyObject *object, ptrdiff_t *value);

/* An int, or anything to iterate over that gives ints. parameter is for messages. */
bool integers_read(PyObject *object, const char *parameter, Integers *integers);

/* The same for lengths of axes, none of them negative. */
bool integers_read_shape(PyObject *object, Integers *shape);

/* One number per windowed axis; an int holds for all of them. */
bool integers_read_per_axis(PyObject *object, const char *parameter, int axis_count,
                            Integers *integers);

/* Axes of an array, counted from the end if negative; numpy.exceptions.AxisError if there is none.
 */
bool integers_read_axes(PyObject *object, int axis_count, Integers *axes);

/* The tuple of Python ints. */
PyObject *integers_tuple(const ptrdiff_t values[], int count);

#endif
