"""One array in many memory layouts; every layout has the same values."""

import numpy as np


def c_order(x):
    return np.ascontiguousarray(x)


def f_order(x):
    return np.asfortranarray(x)


def reversed_axes(x):
    return np.ascontiguousarray(x.T).T


def rotated_axes(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)


def negative_strides(x):
    every = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[every])[every]


def every_second(x):
    wide = np.zeros(tuple(2 * length + 1 for length in x.shape), x.dtype)
    view = wide[tuple(slice(1, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def unaligned(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)[1:]
    view = memory.view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def byte_swapped(x):
    return x.astype(x.dtype.newbyteorder())


LAYOUTS = [
    c_order,
    f_order,
    reversed_axes,
    rotated_axes,
    negative_strides,
    every_second,
    unaligned,
    byte_swapped,
]
