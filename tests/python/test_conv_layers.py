"""Convolution layers from real networks and at the edges of the size rules, forward and backward,
by windows, einsum and fold. The oracle is a loop over the taps of the kernel, in exact integers."""

from dataclasses import replace
from math import prod

import numpy as np
import pytest
from fasteinsum import einsum, fold, output_shape, windows
from layers import read_layers

GFLOP_LIMIT = 0.1
POSITIONS, TAPS = "hwde", "klij"  # labels of the spatial axes, and of the window axes


def thinned(layer, limit=0.003):
    """The same geometry with fewer channels, filters, groups and images, and at last a smaller
    input, until there is no more work than the limit, in GFLOP."""
    while layer.gflop() > limit:
        (images, _, *lengths), (filters, depth, *sizes) = layer.x_shape, layer.w_shape
        groups, filters = layer.groups, filters // layer.groups
        if depth > 3 or filters > 3:
            depth, filters = -(-depth // 2), -(-filters // 2)
        elif groups > 3:
            groups //= 2
        elif images > 1:
            images = -(-images // 2)
        else:
            extents = [d * (size - 1) + 1 for d, size in zip(layer.dilation, sizes)]
            lengths = [(length + extent) // 2 for length, extent in zip(lengths, extents)]
        shapes = [images, groups * depth, *lengths], [groups * filters, depth, *sizes]
        layer = replace(layer, x_shape=shapes[0], w_shape=shapes[1], groups=groups)
    return layer


LAYERS = read_layers()
SMALL_LAYERS = [layer for layer in LAYERS if layer.gflop() < GFLOP_LIMIT]


# ---------------------------------------------------------------- the oracle


def split_channels(array, groups, axis):
    """(.., C, ..) as (.., G, C / G, ..)."""
    shape = array.shape
    parts = (groups, shape[axis] // groups)
    return array.reshape(shape[:axis] + parts + shape[axis + 1 :])


def forward_by_taps(layer, x, w):
    """Groups one by one, taps one by one: sums of products of a slice and a matrix."""
    padded = np.pad(x, [(0, 0), (0, 0), *layer.padding])
    xs, ws = np.split(padded, layer.groups, 1), np.split(w, layer.groups, 0)
    parts = []
    for part, kernel in zip(xs, ws):
        total = 0
        for tap, place in layer.taps():
            total = total + np.tensordot(kernel[(..., *tap)], part[(..., *place)], (1, 1))
        parts.append(total)
    return np.moveaxis(np.concatenate(parts, 0), 0, 1)


def weight_gradient_by_taps(layer, x, grad):
    padded = np.pad(x, [(0, 0), (0, 0), *layer.padding])
    dw = np.zeros(layer.w_shape, grad.dtype)
    every = (0, *range(2, 2 + layer.rank))
    for part, out, kernel in zip(
        np.split(padded, layer.groups, 1),
        np.split(grad, layer.groups, 1),
        np.split(dw, layer.groups, 0),
    ):
        for tap, place in layer.taps():
            kernel[(..., *tap)] = np.tensordot(out, part[(..., *place)], (every, every))
    return dw


def input_gradient_by_taps(layer, w, grad):
    padded = np.pad(np.zeros(layer.x_shape, grad.dtype), [(0, 0), (0, 0), *layer.padding])
    for part, out, kernel in zip(
        np.split(padded, layer.groups, 1),
        np.split(grad, layer.groups, 1),
        np.split(w, layer.groups, 0),
    ):
        for tap, place in layer.taps():
            products = np.tensordot(kernel[(..., *tap)], out, (0, 1))
            part[(..., *place)] += np.moveaxis(products, 0, 1)
    lengths = zip(layer.padding, layer.x_shape[2:])
    inside = tuple(slice(before, before + length) for (before, _), length in lengths)
    return padded[(..., *inside)]


# ---------------------------------------------------------------- by windows, einsum and fold


def labels(layer):
    """Subscripts of windows, kernel, output, with a letter for groups where there are any."""
    group = "g" if layer.groups > 1 else ""
    places, taps = POSITIONS[: layer.rank], TAPS[: layer.rank]
    return f"n{group}c{places}{taps}", f"{group}fc{taps}", f"n{group}f{places}"


def shown(layer, x):
    view = windows(x, layer.w_shape[2:], **layer.geometry())
    return split_channels(view, layer.groups, 1) if layer.groups > 1 else view


def grouped(layer, array, axis):
    return split_channels(array, layer.groups, axis) if layer.groups > 1 else array


def forward(layer, x, w):
    seen, kernel, out = labels(layer)
    result = einsum(f"{seen},{kernel}->{out}", shown(layer, x), grouped(layer, w, 0))
    return result.reshape(x.shape[0], w.shape[0], *layer.positions())


def weight_gradient(layer, x, grad):
    seen, kernel, out = labels(layer)
    result = einsum(f"{seen},{out}->{kernel}", shown(layer, x), grouped(layer, grad, 1))
    return result.reshape(layer.w_shape)


def input_gradient(layer, w, grad):
    seen, kernel, out = labels(layer)
    g = einsum(f"{out},{kernel}->{seen}", grouped(layer, grad, 1), grouped(layer, w, 0))
    g = g.reshape(grad.shape[0], layer.x_shape[1], *layer.positions(), *layer.w_shape[2:])
    return fold(g, layer.x_shape, **layer.geometry())


# ---------------------------------------------------------------- tests


def operands(layer, dtype=np.int64):
    rng = np.random.default_rng(len(layer.name))
    shapes = layer.x_shape, layer.w_shape, (layer.x_shape[0], layer.w_shape[0], *layer.positions())
    return [rng.integers(-9, 10, shape).astype(dtype) for shape in shapes]


def test_there_are_layers():
    assert len(LAYERS) == 81
    assert len(SMALL_LAYERS) == 40
    assert {layer.rank for layer in LAYERS} == {1, 2, 3, 4}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_sizes(layer):
    shape = output_shape(layer.x_shape, layer.w_shape[2:], **layer.geometry())
    assert shape == layer.positions()


@pytest.mark.parametrize("layer", SMALL_LAYERS, ids=lambda layer: layer.name)
def test_forward(layer):
    x, w, _ = operands(layer)
    np.testing.assert_array_equal(forward(layer, x, w), forward_by_taps(layer, x, w))


@pytest.mark.parametrize("layer", SMALL_LAYERS, ids=lambda layer: layer.name)
def test_weight_gradient(layer):
    x, _, grad = operands(layer)
    expected = weight_gradient_by_taps(layer, x, grad)
    np.testing.assert_array_equal(weight_gradient(layer, x, grad), expected)


@pytest.mark.parametrize("layer", SMALL_LAYERS, ids=lambda layer: layer.name)
def test_input_gradient(layer):
    _, w, grad = operands(layer)
    expected = input_gradient_by_taps(layer, w, grad)
    np.testing.assert_array_equal(input_gradient(layer, w, grad), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layer", SMALL_LAYERS, ids=lambda layer: layer.name)
def test_floats(layer, dtype):
    """Sums of integers that these types hold exactly, so the results are the same."""
    x, w, grad = operands(layer, dtype)
    exact = operands(layer)
    bound = 81 * max(prod(layer.w_shape[1:]), exact[2].size // max(layer.w_shape[0], 1))
    assert bound < 2 ** (24 if dtype == np.float32 else 53)
    for function, used in ((forward, (0, 1)), (weight_gradient, (0, 2)), (input_gradient, (1, 2))):
        result = function(layer, *((x, w, grad)[i] for i in used))
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, function(layer, *(exact[i] for i in used)))
