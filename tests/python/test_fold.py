"""fold, the adjoint of windows."""

import re

import numpy as np
import pytest
from fasteinsum import fold, windows
from geometries import MODES, random_geometry
from layouts import LAYOUTS

RANDOM_CASES = 400
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f2", "f4", "f8", "g", "F", "D", "G"]


def fails(text, *args, error=ValueError, **kwargs):
    """fold raises, with exactly this text."""
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        fold(*args, **kwargs)


def fold_by_the_book(g, geometry, mode):
    """Each window at its place in an array of element numbers, which padding repeats."""
    numbers = np.arange(1, np.prod(geometry.shape, dtype=int) + 1).reshape(geometry.shape)
    shown = geometry.windows(numbers, mode)  # 0 where the padding holds no element
    sums = np.zeros(numbers.size + 1, g.dtype)
    np.add.at(sums, shown.ravel(), g.ravel())
    return sums[1:].reshape(geometry.shape)


def random_windows(geometry, seed, dtype="i8"):
    rng = np.random.default_rng(seed)
    shape = geometry.position_shape() + geometry.window_shape
    return rng.integers(-99, 100, shape).astype(dtype)


# ---------------------------------------------------------------- the adjoint


@pytest.mark.parametrize("seed", range(RANDOM_CASES))
def test_fold_by_the_book(seed):
    geometry = random_geometry(seed)
    mode = MODES[seed % len(MODES)]
    g = random_windows(geometry, seed)
    folded = fold(g, geometry.shape, mode=mode, **geometry.keywords())
    np.testing.assert_array_equal(folded, fold_by_the_book(g, geometry, mode), strict=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(40))
def test_adjoint_identity(seed, mode):
    geometry = random_geometry(seed)
    g = random_windows(geometry, seed)
    x = np.random.default_rng(seed + 1).integers(-99, 100, geometry.shape)
    shown = windows(x, geometry.window_shape, mode=mode, **geometry.keywords())
    folded = fold(g, geometry.shape, mode=mode, **geometry.keywords())
    assert np.sum(shown * g) == np.sum(x * folded)


@pytest.mark.parametrize("name", ["valid", "same", "same_lower", "full", "causal"])
@pytest.mark.parametrize("mode", MODES)
def test_adjoint_identity_for_named_padding(name, mode):
    rng = np.random.default_rng(0)
    arguments = {"axis": (1, 2), "stride": (2, 1), "dilation": (1, 3), "padding": name}
    x = rng.integers(-9, 10, (2, 9, 8, 3))
    shown = windows(x, (3, 2), mode=mode, **arguments)
    g = rng.integers(-9, 10, shown.shape)
    assert np.sum(shown * g) == np.sum(x * fold(g, x.shape, mode=mode, **arguments))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(0, 200, 5))
def test_visits_and_average(seed, mode):
    geometry = random_geometry(seed)
    x = np.random.default_rng(seed).integers(-99, 100, geometry.shape).astype(float)
    visits = fold_by_the_book(
        np.ones(geometry.position_shape() + geometry.window_shape, int), geometry, mode
    )
    keywords = {"mode": mode, **geometry.keywords()}
    shown = windows(x, geometry.window_shape, **keywords)
    np.testing.assert_array_equal(fold(np.ones_like(shown), x.shape, **keywords), visits)
    mean = fold(shown, x.shape, average=True, **keywords)
    np.testing.assert_array_equal(mean, np.where(visits > 0, x, 0), strict=True)


# ---------------------------------------------------------------- memory layouts


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["i8", "f4", "f2", "D"])
@pytest.mark.parametrize("seed", range(0, 30, 3))
def test_any_memory_layout(layout, dtype, seed):
    geometry = random_geometry(seed)
    mode = MODES[seed % len(MODES)]
    g = random_windows(geometry, seed, dtype)
    keywords = {"mode": mode, **geometry.keywords()}
    expected = fold(g, geometry.shape, **keywords)
    folded = fold(layout(g), geometry.shape, **keywords)
    np.testing.assert_array_equal(folded, expected)
    assert folded.dtype == g.dtype


@pytest.mark.parametrize("order", ["klnchw", "nhwckl", "ncklhw", "wlhkcn", "lkwhcn"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(5, 2, 8, 8), (2, 3, 40, 37)])
def test_layouts_that_einsum_gives(order, stride, shape):
    arguments = {"stride": stride, "padding": 1, "dilation": (1, 2)}
    shown = windows(np.zeros(shape, np.float32), (3, 2), **arguments)
    g = np.random.default_rng(0).integers(-9, 10, shown.shape).astype(np.float32)
    there = ["nchwkl".index(axis) for axis in order]
    other = np.ascontiguousarray(g.transpose(there)).transpose(np.argsort(there))
    expected = np.zeros((*shape[:2], shape[2] + 2, shape[3] + 2), np.float32)
    rows, columns = g.shape[2:4]
    for k in range(3):
        for m in range(2):
            place = (
                slice(k, k + stride * rows, stride),
                slice(2 * m, 2 * m + stride * columns, stride),
            )
            expected[(..., *place)] += g[..., k, m]
    expected = expected[:, :, 1:-1, 1:-1]
    np.testing.assert_array_equal(fold(g, shape, **arguments), expected)
    np.testing.assert_array_equal(fold(other, shape, **arguments), expected)


def test_zero_strides():
    """The gradient of average pooling."""
    grad = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    g = np.broadcast_to(grad[..., None, None], (2, 3, 4, 5, 2, 2))
    expected = np.repeat(np.repeat(grad, 2, 2), 2, 3)
    np.testing.assert_array_equal(fold(g, (2, 3, 8, 10), stride=2), expected)
    one = np.broadcast_to(np.float32(1), (7, 3))
    assert fold(one, 9).tolist() == [1, 2, 3, 3, 3, 3, 3, 2, 1]
    swapped = np.broadcast_to(np.arange(3, dtype=">i4"), (3, 3))
    assert fold(swapped, 5).tolist() == [0, 1, 3, 3, 2]


def test_long_windows_and_many_positions():
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 10, 5000)
    for size, stride in ((1024, 256), (2, 1), (5000, 1), (1, 3)):
        shown = windows(x, size, stride=stride, padding="causal")
        g = rng.integers(-9, 10, shown.shape)
        folded = fold(g, x.shape, stride=stride, padding="causal")
        assert np.sum(shown * g) == np.sum(x * folded)


# ---------------------------------------------------------------- dtypes


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_dtype_is_that_of_windows(dtype):
    g = np.arange(6).reshape(3, 2).astype(dtype)
    folded = fold(g, 4)
    assert folded.dtype == g.dtype
    assert folded.tolist() == np.array([0, 3, 7, 5], dtype).tolist()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap(dtype):
    top = np.iinfo(dtype).max
    g = np.full((2, 2), top, dtype)
    with np.errstate(over="ignore"):
        assert fold(g, 3)[1] == g[0, 0] + g[0, 0]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_average_of_integers_is_float64(dtype):
    g = np.array([[1, np.iinfo(dtype).max], [np.iinfo(dtype).max, 2]], dtype)
    mean = fold(g, 3, average=True)
    assert mean.dtype == np.float64
    np.testing.assert_array_equal(mean, [1, float(np.iinfo(dtype).max), 2])


@pytest.mark.parametrize("dtype", FLOATS)
def test_average_keeps_floats(dtype):
    g = np.array([[1, 2], [4, 5], [6, 9]], dtype)
    mean = fold(g, 4, average=True)
    assert mean.dtype == g.dtype
    assert mean.tolist() == [1, 3, 5.5, 9]


def test_half_is_summed_in_float_and_rounded_once():
    g = np.ones((4096, 4096 // 2), np.float16)[:, :1]
    folded = fold(np.broadcast_to(g, (4096, 3000)), 4096 + 2999)
    assert folded[3000] == 3000  # a sum in half precision would stop at 2048
    parts = np.array([[2048, 1], [1, 0]], np.float16)
    out = np.array([0, 1, 0], np.float16)
    assert fold(parts, 3, out=out, accumulate=True)[1] == 3
    tiny = np.float16(2.0**-11)
    assert fold(np.array([[0, 1], [tiny, 0], [tiny, 0]], np.float16), 4, stride=1)[1] == 1


def test_complex_parts():
    rng = np.random.default_rng(2)
    g = rng.standard_normal((3, 6, 4)) + 1j * rng.standard_normal((3, 6, 4))
    folded = fold(g, (3, 9), average=True)
    np.testing.assert_array_equal(folded.real, fold(g.real, (3, 9), average=True))
    np.testing.assert_array_equal(folded.imag, fold(g.imag, (3, 9), average=True))


@pytest.mark.parametrize("dtype", ["O", "S3", "M8[s]", "m8[s]", "i4,f4"])
def test_dtypes_that_are_no_numbers(dtype):
    g = np.zeros((3, 2), dtype)
    fails(
        f"fold adds overlapping elements, which dtype {g.dtype} does not support",
        *(g, 4),
        error=TypeError,
    )


def test_bool():
    text = "which dtype bool does not support; cast to an integer type first"
    fails(f"fold adds overlapping elements, {text}", np.ones((3, 2), bool), 4, error=TypeError)


# ---------------------------------------------------------------- out


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["i4", "f2", "f8", "F"])
@pytest.mark.parametrize("mode", ["constant", "reflect"])
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("accumulate", [False, True])
def test_out(layout, dtype, mode, average, accumulate):
    rng = np.random.default_rng(3)
    g = rng.integers(-9, 10, (2, 6, 5, 3, 2)).astype(dtype)
    arguments = {"axis": (1, 2), "padding": ((1, 1), (0, 2)), "mode": mode, "average": average}
    expected = fold(g, (2, 6, 4), **arguments)
    before = rng.integers(-9, 10, expected.shape).astype(expected.dtype)
    out = layout(before.copy())
    assert fold(g, out.shape, out=out, accumulate=accumulate, **arguments) is out
    if accumulate and dtype == "f2":  # the sum is rounded once, expected was rounded before
        exact = fold(g.astype("f8"), (2, 6, 4), **arguments) + before
        np.testing.assert_allclose(out.astype("f8"), exact, rtol=2**-10)
    else:
        np.testing.assert_array_equal(out, expected + before if accumulate else expected)


def test_out_beside_other_elements():
    wide = np.full((4, 9), 7.0)
    out = wide[1:3, 2::2]
    fold(np.ones((2, 3, 2)), (2, 4), out=out)
    assert out.tolist() == [[1, 2, 2, 1]] * 2
    wide[1:3, 2::2] = 7
    assert (wide == 7).all()


@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_out_that_shares_memory_with_windows(dtype):
    memory = np.arange(12).astype(dtype)
    g = memory.reshape(6, 2)
    expected = fold(g.copy(), 7)
    assert fold(g, 7, out=memory[3:10]).tolist() == expected.tolist()
    memory[:] = np.arange(12)
    shown = windows(memory, 3)
    expected = fold(shown.copy(), 12)
    assert fold(shown, 12, out=memory).tolist() == expected.tolist()


def test_out_mistakes():
    g = np.ones((3, 2))
    fails("out has shape (5,), not (4,)", g, 4, out=np.zeros(5))
    fails("out has shape (4, 1), not (4,)", g, 4, out=np.zeros((4, 1)))
    fails(
        "out has dtype float32, but this fold gives f64",
        g,
        4,
        out=np.zeros(4, "f4"),
        error=TypeError,
    )
    fails("out must be an ndarray, got <class 'list'>", g, 4, out=[0] * 4, error=TypeError)
    overlapping = np.lib.stride_tricks.as_strided(np.zeros(4), (4,), (0,))
    fails("elements of out overlap each other", g, 4, out=overlapping)
    read_only = np.zeros(4)
    read_only.flags.writeable = False
    fails("out is read-only", g, 4, out=read_only)
    fails("accumulate=True needs an out to add to", g, 4, accumulate=True)
    ints = g.astype(int)
    fails(
        "out has dtype int64, but this fold gives f64",
        *(ints, 4),
        average=True,
        out=np.zeros(4, int),
        error=TypeError,
    )


# ---------------------------------------------------------------- sizes


def test_empty():
    assert fold(np.zeros((0, 3, 6, 6, 3, 3)), (0, 3, 8, 8)).shape == (0, 3, 8, 8)
    assert fold(np.zeros((2, 0, 5)), (2, 4)).tolist() == [[0] * 4] * 2
    assert fold(np.zeros((2, 0, 5)), (2, 4), average=True).tolist() == [[0] * 4] * 2
    out = np.ones((2, 4))
    assert fold(np.zeros((2, 0, 5)), (2, 4), out=out, accumulate=True).tolist() == [[1] * 4] * 2
    assert fold(np.zeros((2, 0, 5)), (2, 4), out=out).tolist() == [[0] * 4] * 2
    assert fold(np.zeros((3, 2)), 0, padding=2).shape == (0,)
    assert fold(np.zeros((3, 2)), 0, padding=2, average=True).shape == (0,)


def test_without_windows():
    g = np.arange(6.0).reshape(2, 3)
    assert fold(g, (2, 3)).tolist() == g.tolist()
    assert fold(g, (2, 3), average=True).tolist() == g.tolist()
    assert fold(np.float32(3), ()).tolist() == 3


def test_many_axes():
    x = np.arange(2**8).reshape((2,) * 8)
    shown = windows(x, (2,) * 8, padding=1)
    g = np.random.default_rng(4).integers(-9, 10, shown.shape)
    assert np.sum(shown * g) == np.sum(x * fold(g, x.shape, padding=1))
    wide = np.ones((1,) * 30 + (2,))
    assert fold(windows(wide, 1), wide.shape, average=True).tolist() == wide.tolist()


def test_mistakes():
    g = np.zeros((2, 3, 15, 16, 3, 3))
    fails(
        "windows has 15 positions on axis 2, but length 32 with window extent 3, stride 2, "
        "padding 1+1 gives 16",
        *(g, (2, 3, 32, 32)),
        stride=2,
        padding=1,
    )
    fails("windows has length 3 on axis 1, but shape has 4", g, (2, 4, 17, 18))
    fails("windows has 6 axes, fewer than the 7 of shape", g, (1,) * 7)
    fails("window_shape has 2 entries but axis has 1", g, (2, 3, 17, 18), axis=1)
    fails("window_shape has 3 entries but the array has 2 axes", np.zeros((1,) * 5), (1, 1))
    fails("size of axis 0 must be at least 1, got 0", np.zeros((3, 0)), 4)
    fails("length of axis 0 must not be negative, got -4", np.zeros((3, 2)), -4)
    fails("stride of axis 0 must be at least 1, got 0", np.zeros((3, 2)), 4, stride=0)
    fails("unknown mode 'mirror'; did you mean 'reflect'?", np.zeros((3, 2)), 4, mode="mirror")
    fails("mode 'wrap' cannot pad axis 0 of length 0", np.zeros((1, 2)), 0, padding=1, mode="wrap")
    fails(
        "window extent 7 (size 3, dilation 3) exceeds axis 0 of length 5 (padding 0+0)",
        *(np.zeros((1, 3)), 5),
        dilation=3,
    )
    fails("fold() missing 1 required positional argument: 'shape'", g, error=TypeError)
    with pytest.raises(np.exceptions.AxisError):
        fold(np.zeros((3, 2)), 4, axis=1)


def test_adding_in_one_order():
    """The same bits for the same call, and out= makes no difference."""
    g = np.random.default_rng(5).standard_normal((7, 3, 20, 21, 3, 3)).astype(np.float32)
    first = fold(g, (7, 3, 20, 21), padding=1)
    out = np.full_like(first, np.nan)
    for _ in range(3):
        assert fold(g, (7, 3, 20, 21), padding=1).tobytes() == first.tobytes()
        assert fold(g, (7, 3, 20, 21), padding=1, out=out).tobytes() == first.tobytes()
