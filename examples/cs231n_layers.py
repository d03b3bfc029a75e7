"""The layers of the CS231n course with their names, arguments and caches, by einsum over windows.

    conv_forward(x, w, b, conv_param) -> out, cache        conv_backward(dout, cache) -> dx, dw, db
    max_pool_forward(x, pool_param) -> out, cache          max_pool_backward(dout, cache) -> dx
    avg_pool_forward(x, pool_param) -> out, cache          avg_pool_backward(dout, cache) -> dx

They can stand in for the course's: any stride and padding that leaves whole windows, kernels and
windows that are not square, any float type. Pooling compares shifted slices of x, one for a place
in the window: many times as fast as `windows(x).max((-2, -1))`, which walks tiny axes. The program
checks every gradient against central differences, in float64.

    python cs231n_layers.py
"""

from itertools import product

import numpy as np
from fasteinsum import einsum, output_shape, windows
from fasteinsum.conv import conv_vjp


def conv_forward(x, w, b, conv_param):
    """x (N, C, H, W), w (F, C, HH, WW), b (F,) -> (N, F, H', W')."""
    settings = {"stride": conv_param["stride"], "padding": conv_param["pad"]}
    views = windows(x, w.shape[2:], remainder="raise", **settings)  # (N, C, H', W', HH, WW)
    out = einsum("nchwkl,fckl->nfhw", views, w)
    out += b[:, None, None]
    return out, (x, w, settings)


def conv_backward(dout, cache):
    x, w, settings = cache
    return conv_vjp(dout, x, w, **settings)


def _slices(x, pool_param):
    """For each place in the window, the elements of x that stand there, one per window."""
    size = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    height, width = output_shape(x.shape, size, stride=stride)
    for i, j in product(*map(range, size)):
        yield x[..., i : i + stride * height : stride, j : j + stride * width : stride]


def max_pool_forward(x, pool_param):
    first, *others = _slices(x, pool_param)
    out = first.copy()
    for part in others:
        np.maximum(out, part, out=out)
    return out, (x, out, pool_param)


def max_pool_backward(dout, cache):
    """The gradient goes to the first of equal maxima."""
    x, out, pool_param = cache
    dx = np.zeros_like(x)
    left = np.ones(out.shape, bool)  # windows whose maximum has not been met yet
    for part, target in zip(_slices(x, pool_param), _slices(dx, pool_param)):
        met = left & (part == out)
        target += np.where(met, dout, 0)
        left &= ~met
    return dx


def avg_pool_forward(x, pool_param):
    parts = list(_slices(x, pool_param))
    out = parts[0].copy()
    for part in parts[1:]:
        out += part
    out /= len(parts)
    return out, (x, pool_param)


def avg_pool_backward(dout, cache):
    x, pool_param = cache
    dx = np.zeros_like(x)
    targets = list(_slices(dx, pool_param))
    share = dout / len(targets)
    for target in targets:
        target += share
    return dx


def numerical_gradient(function, x, dout, step=1e-6):
    """Of sum(dout * function(x)) with respect to every element of x."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        grad[index] = np.sum(dout * (above - function(x))) / (2 * step)
        x[index] = kept
    return grad


def relative_error(a, b):
    """The course's measure."""
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))


def report(name, shape, error):
    print(f"  {name:18} {shape!s:16} relative error {error:.1e}")
    assert error < 1e-6, name


def check_convolution(rng):
    x, w, b = (rng.standard_normal(shape) for shape in ((2, 3, 7, 6), (4, 3, 3, 2), (4,)))
    conv_param = {"stride": 2, "pad": 1}
    out, cache = conv_forward(x, w, b, conv_param)
    dout = rng.standard_normal(out.shape)
    print(f"convolution of {x.shape} with {w.shape}, {conv_param}: {out.shape}")
    functions = {
        "dx": lambda x: conv_forward(x, w, b, conv_param)[0],
        "dw": lambda w: conv_forward(x, w, b, conv_param)[0],
        "db": lambda b: conv_forward(x, w, b, conv_param)[0],
    }
    for (name, function), array, grad in zip(
        functions.items(), (x, w, b), conv_backward(dout, cache)
    ):
        report(name, grad.shape, relative_error(grad, numerical_gradient(function, array, dout)))


def check_pooling(rng):
    pool_param = {"pool_height": 3, "pool_width": 2, "stride": 2}  # windows that overlap
    x = rng.standard_normal((2, 3, 7, 6))
    print(f"pooling of {x.shape}, {pool_param}")
    by_windows = windows(x, (3, 2), stride=2)
    layers = {
        "max": (max_pool_forward, max_pool_backward, by_windows.max((-2, -1))),
        "average": (avg_pool_forward, avg_pool_backward, by_windows.mean((-2, -1))),
    }
    for name, (forward, backward, expected) in layers.items():
        out, cache = forward(x, pool_param)
        np.testing.assert_allclose(out, expected)
        dout = rng.standard_normal(out.shape)
        numerical = numerical_gradient(lambda x, f=forward: f(x, pool_param)[0], x, dout)
        report(f"dx of {name}", x.shape, relative_error(backward(dout, cache), numerical))


def main():
    rng = np.random.default_rng(0)
    check_convolution(rng)
    check_pooling(rng)
    print("all gradients agree with central differences")


if __name__ == "__main__":
    main()
