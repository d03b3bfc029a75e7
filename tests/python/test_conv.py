"""fasteinsum.conv: against its definition by windows, einsum and fold, exactly in integers, on real
layers and on random geometries; its arguments, its memory and its mistakes."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from fasteinsum import _correlate, einsum, fold, windows
from fasteinsum.conv import conv, conv_transpose, conv_vjp
from layouts import LAYOUTS
from test_conv_layers import (
    LAYERS,
    forward_by_taps,
    input_gradient_by_taps,
    operands,
    thinned,
    weight_gradient_by_taps,
)

CASES = 2000
BATCHES = 8
POSITIONS, TAPS = "hwde", "klij"


# ---------------------------------------------------------------- real layers


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_layers(layer):
    """Small whole numbers, whose sums every type here holds exactly; the loops over the taps are
    made once, in float64."""
    layer = thinned(layer)
    exact = operands(layer, np.float64)
    x, w, grad = exact
    expected = (
        forward_by_taps(layer, x, w),
        input_gradient_by_taps(layer, w, grad),
        weight_gradient_by_taps(layer, x, grad),
        grad.sum((0, *range(2, grad.ndim))),
    )
    settings = layer.geometry() | {"groups": layer.groups}
    for dtype in (np.float32, np.float64, np.complex64, np.int64):
        x, w, grad = (array.astype(dtype) for array in exact)
        results = conv(x, w, **settings), *conv_vjp(grad, x, w, **settings)
        for result, right in zip(results, expected):
            assert result.dtype == dtype
            np.testing.assert_array_equal(result, right)


# ---------------------------------------------------------------- random geometries


def random_case(rng):
    """Shapes of x and w, and the settings; at least one position along every axis."""
    while True:
        rank, groups = int(rng.integers(1, 5)), int(rng.choice([1, 1, 2, 3]))
        lengths = rng.integers(1, 9 if rank < 3 else 5, rank)
        sizes, strides = rng.integers(1, 4, rank), rng.integers(1, 5, rank)
        dilations, padding = rng.integers(1, 4, rank), rng.integers(0, 4, (rank, 2))
        if np.any(lengths + padding.sum(1) < (sizes - 1) * dilations + 1):
            continue
        channels, filters = (int(n) for n in rng.integers(1, 4, 2))
        x_shape = (int(rng.integers(0, 4)), groups * channels, *map(int, lengths))
        w_shape = (groups * filters, channels, *map(int, sizes))
        geometry = {
            "stride": strides.tolist(),
            "dilation": dilations.tolist(),
            "padding": padding.tolist(),
        }
        return x_shape, w_shape, geometry, groups


def definition(x, w, geometry, groups):
    rank = x.ndim - 2
    places, taps = POSITIONS[:rank], TAPS[:rank]
    seen = windows(x, w.shape[2:], **geometry)
    seen = seen.reshape(len(x), groups, -1 if x.size else w.shape[1], *seen.shape[2:])
    kernel = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    y = np.einsum(f"ngc{places}{taps},gfc{taps}->ngf{places}", seen, kernel)
    return y.reshape(len(x), w.shape[0], *y.shape[3:])


def definition_of_dx(grad, x_shape, w, geometry, groups):
    rank = w.ndim - 2
    places, taps = POSITIONS[:rank], TAPS[:rank]
    parts = grad.reshape(len(grad), groups, w.shape[0] // groups, *grad.shape[2:])
    kernel = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    seen = np.einsum(f"ngf{places},gfc{taps}->ngc{places}{taps}", parts, kernel)
    seen = seen.reshape(len(grad), x_shape[1], *seen.shape[3:])
    return fold(seen, x_shape, **geometry)


def any_layout(rng, array):
    return LAYOUTS[rng.integers(len(LAYOUTS))](array)


def check_random(rng):
    x_shape, w_shape, geometry, groups = random_case(rng)
    dtype = rng.choice([np.int64, np.float64, np.complex128, np.int32])
    x, w = (rng.integers(-9, 10, shape).astype(dtype) for shape in (x_shape, w_shape))
    if dtype == np.complex128:
        w = w * (1 + 2j)
    expected = definition(x, w, geometry, groups)
    grad = rng.integers(-9, 10, expected.shape).astype(dtype)
    bias = rng.integers(-9, 10, w_shape[0]).astype(dtype)
    column = bias.reshape(-1, *[1] * (x.ndim - 2))
    laid_x, laid_w, laid_grad = (any_layout(rng, array) for array in (x, w, grad))
    settings = geometry | {"groups": groups}
    out = any_layout(rng, np.zeros(expected.shape, dtype))
    if not out.flags.writeable or 0 in out.strides:
        out = None
    result = conv(laid_x, laid_w, bias, out=out, **settings)
    assert out is None or result is out
    np.testing.assert_array_equal(result, expected + column)
    dx, dw, db = conv_vjp(laid_grad, laid_x, laid_w, **settings)
    assert (dx.dtype, dw.dtype, db.dtype) == (dtype,) * 3
    np.testing.assert_array_equal(dx, definition_of_dx(grad, x.shape, w, geometry, groups))
    direction = rng.integers(-9, 10, w.shape)
    change = np.sum(grad * definition(x, direction, geometry, groups))
    assert np.sum(dw * direction) == change  # a linear map and its adjoint
    np.testing.assert_array_equal(db, grad.sum((0, *range(2, grad.ndim))))
    flipped = w[(..., *[slice(None, None, -1)] * (x.ndim - 2))]
    np.testing.assert_array_equal(conv(laid_x, flipped, flip=True, **settings), expected)
    turned = conv_vjp(laid_grad, laid_x, flipped, flip=True, **settings)
    np.testing.assert_array_equal(turned[0], dx)
    np.testing.assert_array_equal(turned[1][(..., *[slice(None, None, -1)] * (x.ndim - 2))], dw)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_geometries(batch, monkeypatch):
    """With blocks of any size, so that there are many of them too, by phases and by fold."""
    rng = np.random.default_rng(batch)
    for _ in range(CASES // BATCHES):
        monkeypatch.setattr(_correlate, "BLOCK_BYTES", int(rng.choice([2 << 20, 50, 400, 2000])))
        monkeypatch.setattr(_correlate, "SMALL_PRODUCT", int(rng.choice([0, 128])))
        check_random(rng)


@pytest.mark.parametrize("name", ["valid", "same", "same_lower", "full", "causal"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_padding_by_name(name, stride):
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 10, (2, 3, 11, 8)), rng.integers(-9, 10, (4, 3, 3, 2))
    geometry = {"stride": stride, "padding": name, "dilation": (2, 1)}
    y = conv(x, w, **geometry)
    np.testing.assert_array_equal(y, definition(x, w, geometry, 1))
    grad = rng.integers(-9, 10, y.shape)
    dx = conv_vjp(grad, x, w, argnums=0, **geometry)
    np.testing.assert_array_equal(dx, definition_of_dx(grad, x.shape, w, geometry, 1))
    wide = conv_transpose(grad, w, **geometry)
    assert conv(wide, w, **geometry).shape == grad.shape
    assert name != "same" or wide.shape[2:] == tuple(stride * n for n in grad.shape[2:])
    np.testing.assert_array_equal(wide, definition_of_dx(grad, wide.shape, w, geometry, 1))


@pytest.mark.parametrize(("stride", "output_padding"), [(1, 0), (2, 0), (2, 1), (5, 0), (5, 4)])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_transposed(stride, dilation, output_padding):
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 10, (2, 6, 5, 4)), rng.integers(-9, 10, (6, 2, 3, 2))
    bias = rng.integers(-9, 10, 4)
    geometry = {"stride": stride, "padding": 1, "dilation": dilation}
    y = conv_transpose(x, w, bias, groups=2, output_padding=output_padding, **geometry)
    lengths = [
        (n - 1) * stride - 2 + dilation * (k - 1) + 1 + output_padding
        for n, k in zip((5, 4), (3, 2))
    ]
    assert y.shape == (2, 4, *lengths)
    expected = definition_of_dx(x, y.shape, w, geometry, 2) + bias[:, None, None]
    np.testing.assert_array_equal(y, expected)
    out = np.zeros_like(y)
    again = conv_transpose(x, w, bias, groups=2, output_padding=output_padding, out=out, **geometry)
    assert again is out
    np.testing.assert_array_equal(out, y)


def test_the_definitions_in_the_docstrings():
    rng = np.random.default_rng(2)
    x, w, bias = (rng.standard_normal(shape) for shape in ((2, 3, 9, 8), (4, 3, 3, 2), (4,)))
    settings = {"stride": 2, "padding": 1}
    y = einsum("nchwkl,fckl->nfhw", windows(x, w.shape[2:], **settings), w) + bias[:, None, None]
    np.testing.assert_allclose(conv(x, w, bias, **settings), y, rtol=1e-12)
    grad = rng.standard_normal(y.shape)
    dx, dw, db = conv_vjp(grad, x, w, **settings)
    folded = fold(einsum("nfhw,fckl->nchwkl", grad, w), x.shape, **settings)
    np.testing.assert_allclose(dx, folded, rtol=1e-12, atol=1e-12)
    seen = windows(x, w.shape[2:], **settings)
    np.testing.assert_allclose(dw, einsum("nchwkl,nfhw->fckl", seen, grad), rtol=1e-12)
    np.testing.assert_allclose(db, einsum("nfhw->f", grad), rtol=1e-12)


# ---------------------------------------------------------------- types, out, empty arrays


def test_dtypes_of_results():
    x, w = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 2), np.float32)
    assert conv(x, w).dtype == np.float32
    assert conv(x, w, np.ones(1)).dtype == np.float64
    assert conv(x.astype(np.int8), w.astype(np.int8)).dtype == np.int8
    assert conv(x.astype(np.float16), w).dtype == np.float32
    dx, dw, db = conv_vjp(np.ones((1, 1, 3)), x, w)
    assert (dx.dtype, dw.dtype, db.dtype) == (np.float64,) * 3
    wide = conv(x, w, out=np.zeros((1, 1, 3)))
    assert wide.dtype == np.float64
    swapped = conv(x, w, out=np.zeros((1, 1, 3), ">f4"))
    np.testing.assert_array_equal(swapped, [[[2, 2, 2]]])


def test_small_integers_wrap_as_in_numpy():
    x, w = np.full((1, 2, 3), 100, np.int8), np.full((1, 2, 1), 3, np.int8)
    np.testing.assert_array_equal(conv(x, w), np.full((1, 1, 3), 600, np.int64).astype(np.int8))


def test_out_may_be_the_input():
    x, w = np.arange(12.0).reshape(1, 2, 6), np.arange(12.0).reshape(2, 2, 3)
    expected = conv(x, w, padding="same")
    assert conv(x, w, padding="same", out=x) is x
    np.testing.assert_array_equal(x, expected)


def test_lists_and_empty_arrays():
    np.testing.assert_array_equal(conv([[[1, 2, 3]]], [[[1, 1]]]), [[[3, 5]]])
    assert conv(np.ones((0, 2, 5)), np.ones((3, 2, 2))).shape == (0, 3, 4)
    dx, dw, _ = conv_vjp(np.ones((0, 3, 4)), np.ones((0, 2, 5)), np.ones((3, 2, 2)))
    assert dx.shape == (0, 2, 5)
    np.testing.assert_array_equal(dw, np.zeros((3, 2, 2)))
    np.testing.assert_array_equal(conv(np.ones((1, 0, 5)), np.ones((3, 0, 2))), np.zeros((1, 3, 4)))
    none = conv(np.ones((1, 1, 2)), np.ones((1, 1, 3)))
    assert none.shape == (1, 1, 0)
    np.testing.assert_array_equal(
        conv_vjp(none, np.ones((1, 1, 2)), np.ones((1, 1, 3)), argnums=0), np.zeros((1, 1, 2))
    )


def test_argnums():
    x, w = np.arange(6.0).reshape(1, 2, 3), np.ones((2, 2, 2))
    grad = np.ones((1, 2, 2))
    every = conv_vjp(grad, x, w)
    np.testing.assert_array_equal(conv_vjp(grad, x, w, argnums=1), every[1])
    for one, number in zip(conv_vjp(grad, x, w, argnums=(2, 0)), (2, 0)):
        np.testing.assert_array_equal(one, every[number])


# ---------------------------------------------------------------- memory


def peak_bytes(function):
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (7, 1), (7, 2), (11, 3)])
def test_memory_does_not_grow_with_the_window(size, stride):
    """The result and at most 4 MiB, where the windows of x would be up to a gigabyte."""
    x = np.ones((2, 16, 160, 160), np.float32)
    w = np.ones((8, 16, size, size), np.float32)
    settings = {"padding": size // 2, "stride": stride}
    bytes_, y = peak_bytes(lambda: conv(x, w, **settings))
    assert bytes_ < y.nbytes + (4 << 20)
    bytes_, dx = peak_bytes(lambda: conv_vjp(y, x, w, argnums=0, **settings))
    assert bytes_ < dx.nbytes + (4 << 20)
    bytes_, wide = peak_bytes(lambda: conv_transpose(y, w, **settings))
    assert bytes_ < wide.nbytes + (4 << 20)


FORWARD = """
import numpy as np
from fasteinsum import einsum, set_num_threads, windows
from fasteinsum.conv import conv

def most_resident():
    status = open("/proc/self/status").read()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

set_num_threads(1)
x = np.ones((1, 1, 1000, 2000), np.float32)
w = np.ones((1, 1, 30, 40), np.float32)
einsum("ij,kj->ik", *np.ones((2, 50, 50), np.float32))
before = most_resident()
y = {call}
print(most_resident() - before - y.nbytes)
"""


@pytest.mark.parametrize(
    "call",
    [
        'einsum("ijkl,kl->ij", windows(x[0, 0], (30, 40)), w[0, 0])',
        'einsum("nchwkl,fckl->nfhw", windows(x, (30, 40)), w)',
        'conv(x, w, padding="same")',
    ],
)
def test_resident_memory_of_a_forward_call(call):
    """The result and at most 4 MiB, where the windows are 9 gigabytes."""
    code = FORWARD.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4 << 20


# ---------------------------------------------------------------- mistakes

X, W = np.ones((2, 8, 5, 6)), np.ones((6, 4, 3, 3))
MISTAKES = {
    r"w has 4 channels per group, but x has 8 channels in 1 groups": lambda: conv(X, W),
    r"w has 3 channels per group, but x has 8 channels in 2 groups": lambda: conv(
        X, np.ones((6, 3, 3, 3)), groups=2
    ),
    r"groups 3 does not divide 8 output channels": lambda: conv(
        np.ones((1, 3, 4)), np.ones((8, 1, 1)), groups=3
    ),
    r"groups must be at least 1, got 0": lambda: conv(X, W, groups=0),
    r"window extent 7 \(size 3, dilation 3\) exceeds axis 2 of length 5 \(padding 0\+0\)": (
        lambda: conv(X, W, groups=2, dilation=3)
    ),
    r"stride of axis 2 must be at least 1, got 0": lambda: conv(X, W, groups=2, stride=0),
    r"padding of axis 3 must not be negative": lambda: conv(
        X, W, groups=2, padding=((0, 0), (-1, 0))
    ),
    r"unknown padding 'reflect'": lambda: conv(X, W, groups=2, padding="reflect"),
    r"conv takes x .* got shapes \(2, 8, 5, 6\) and \(6, 4, 3\)": lambda: conv(X, W[..., 0]),
    r"bias has shape \(5,\), but there are 6 output": lambda: conv(X, W, np.ones(5), groups=2),
    r"out has shape \(1,\), but the result has shape \(2, 6, 3, 4\)": lambda: conv(
        X, W, groups=2, out=np.ones(1)
    ),
    r"grad has shape \(2, 6, 3, 3\), but the output has shape \(2, 6, 3, 4\)": lambda: conv_vjp(
        np.ones((2, 6, 3, 3)), X, W, groups=2
    ),
    r"argnums 3 is out of range: 0 is x, 1 is w, 2 is bias": lambda: conv_vjp(
        np.ones((2, 6, 3, 4)), X, W, groups=2, argnums=3
    ),
    r"w is made for 6 input channels, but x has 8": lambda: conv_transpose(X, W),
    r"output_padding of axis 2 must be at least 0 and below the stride 2, got 2": (
        lambda: conv_transpose(X[:, :6], W, stride=2, output_padding=2)
    ),
    r"padding 'same' leaves no choice to output_padding": lambda: conv_transpose(
        X[:, :6], W, stride=2, output_padding=1, padding="same"
    ),
    r"padding of 20 and window extent 3 \(size 3, dilation 1\) leave axis 2 a length of -13": (
        lambda: conv_transpose(X[:, :6], W, padding=10)
    ),
    r"stride has 1 entries for 2 spatial axes": lambda: conv_transpose(X[:, :6], W, stride=(2,)),
    r"out is read-only": lambda: conv(
        X, W, groups=2, out=np.broadcast_to(np.zeros(1), (2, 6, 3, 4))
    ),
    r"use fold to add up overlapping windows": lambda: conv(
        np.ones((1, 1, 7)),
        np.ones((3, 1, 3)),
        out=np.lib.stride_tricks.sliding_window_view(np.zeros((1, 9)), 5, 1, writeable=True)[:, :3],
    ),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes(message):
    with pytest.raises(ValueError, match=message):
        MISTAKES[message]()


def test_out_of_another_type():
    with pytest.raises(TypeError, match="out has dtype int64, which cannot hold"):
        conv(X, W, groups=2, out=np.zeros((2, 6, 3, 4), np.int64))
    with pytest.raises(TypeError, match="out must be an ndarray, got list"):
        conv(X, W, groups=2, out=[1])
