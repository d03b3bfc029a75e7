"""windows, output_shape and sliding_window_view."""

import inspect
import re
import sys
import tracemalloc

import fasteinsum
import numpy as np
import pytest
from fasteinsum import einsum, output_shape, sliding_window_view, windows
from geometries import MODES, Geometry, random_geometry
from layouts import LAYOUTS
from versions import IS_NUMPY_2, MOST_AXES

numpy_view = np.lib.stride_tricks.sliding_window_view

RANDOM_CASES = 300


def count_up(shape, dtype=np.int64):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def fails(text, function, *args, error=ValueError, **kwargs):
    """The call raises, with exactly this text."""
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        function(*args, **kwargs)


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("seed", range(RANDOM_CASES))
def test_windows_by_the_book(seed):
    geometry = random_geometry(seed)
    mode = MODES[seed % len(MODES)]
    x = count_up(geometry.shape) + 1
    fill = {"constant_values": -7} if mode == "constant" else {}
    shown = windows(x, geometry.window_shape, mode=mode, **fill, **geometry.keywords())
    np.testing.assert_array_equal(shown, geometry.windows(x, mode, -7), strict=True)
    assert not shown.flags.writeable
    is_padded = any(map(any, geometry.pad_width()))
    assert np.shares_memory(shown, x) == (not is_padded)
    shape = output_shape(geometry.shape, geometry.window_shape, **geometry.keywords())
    assert shape == geometry.positions()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", [0, (1, 2)])
def test_any_memory_layout(layout, mode, padding):
    x = layout(count_up((3, 4, 5, 2), np.float64))
    geometry = Geometry(x.shape, (2, 3), (1, 2), (2, 1), (1, 2), ((0, 0), (0, 0)))
    if padding:
        geometry = Geometry(x.shape, (2, 3), (1, 2), (2, 1), (1, 2), ((1, 1), (2, 2)))
    shown = windows(x, (2, 3), (1, 2), stride=(2, 1), dilation=(1, 2), padding=padding, mode=mode)
    np.testing.assert_array_equal(shown, geometry.windows(x, mode))
    assert shown.dtype == x.dtype
    assert shown.dtype.byteorder == x.dtype.byteorder
    assert np.shares_memory(shown, x) == (padding == 0)


def test_zero_strides():
    x = np.broadcast_to(count_up((4,)), (3, 4))
    assert windows(x, 2, axis=0).strides == (0, 8, 0)
    np.testing.assert_array_equal(
        windows(x, (2, 2), padding=1), windows(x.copy(), (2, 2), padding=1)
    )


@pytest.mark.parametrize(
    "dtype",
    [
        *("?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "g", "F", "D", "G"),
        *("S3", "U2", "M8[s]", "m8[ms]", "V5", "O", "i4,f8,S3", "i1,O"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_any_dtype(dtype, mode):
    x = np.array([1, 0, 1, 1, 0], np.uint8).astype("V5" if dtype == "V5" else dtype.split(",")[0])
    if "," in dtype:
        record = np.zeros(5, dtype)
        record["f0"] = x
        x = record
    shown = windows(x, 3, stride=2, padding=2, mode=mode)
    if mode == "constant":
        assert shown[1].tolist() == x[:3].tolist()
        assert shown[0, 2] == x[0]
    else:
        pad = np.pad(np.arange(5), 2, mode=mode)
        expected = x[pad[[[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]]]
        assert shown.tolist() == expected.tolist()
    assert shown.dtype == x.dtype


@pytest.mark.parametrize("mode", MODES)
def test_references_in_padded_objects(mode):
    items = [object() for _ in range(4)]
    counts = [sys.getrefcount(item) for item in items]
    record = np.zeros(4, "i1,O")
    record["f1"] = items
    shown = windows(record, 2, padding=3, mode=mode)["f1"][:, 0]
    assert shown.shape == (9,)
    del shown, record
    assert [sys.getrefcount(item) for item in items] == counts


def test_references_to_fill():
    marker, fill = object(), object()
    x = np.array([marker] * 5, dtype=object)
    counts = sys.getrefcount(marker), sys.getrefcount(fill)
    shown = windows(x, 3, padding=1, constant_values=fill)
    assert shown.base is not x
    assert shown[0].tolist() == [fill, marker, marker]
    assert sys.getrefcount(marker) == counts[0] + 5
    assert sys.getrefcount(fill) == counts[1] + 2
    del shown
    assert (sys.getrefcount(marker), sys.getrefcount(fill)) == counts


def test_a_view_keeps_its_array():
    shown = windows([object() for _ in range(5)], 3)
    assert shown[0, 2] is shown[2, 0]
    view = sliding_window_view([object(), object()], 2)
    assert view[0, 0] is not view[0, 1]


def test_one_padded_copy_and_no_more():
    x = np.zeros((4, 3, 64, 64))
    tracemalloc.start()
    shown = windows(x, (5, 5), padding=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.base.nbytes == 4 * 3 * 68 * 68 * 8
    assert shown.base.nbytes <= peak < shown.base.nbytes + 10_000


def test_axes():
    x = count_up((2, 3, 4, 5))
    last = windows(x, (2, 3))
    np.testing.assert_array_equal(last, numpy_view(x, (2, 3), axis=(2, 3)))
    np.testing.assert_array_equal(windows(x, 2), numpy_view(x, 2, axis=3))
    np.testing.assert_array_equal(windows(x, 2, -3), numpy_view(x, 2, axis=1))
    swapped = windows(x, (2, 3), axis=(3, -2))
    np.testing.assert_array_equal(swapped, numpy_view(x, (2, 3), axis=(3, 2)))
    assert windows(x, ()).shape == x.shape
    assert windows(np.array(5), ()).shape == ()


def test_integers_of_every_kind():
    x = count_up((6, 6))
    expected = windows(x, (2, 3), stride=(2, 1), padding=((1, 0), (2, 2)))
    shown = windows(
        x.tolist(),
        np.array([2, 3]),
        [0, 1],
        stride=np.int8([2, 1]),
        padding=np.array([[1, 0], [2, 2]]),
    )
    np.testing.assert_array_equal(shown, expected)
    assert windows(x, np.int32(2), axis=np.array(0)).shape == (5, 6, 2)
    assert windows(x, range(2, 4)).shape == (5, 4, 2, 3)
    assert windows(x, (2, 3), padding=(1, (0, 2))).shape == (7, 6, 2, 3)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("length", range(7, 14))
def test_stride_and_dilation_trade_places(length, stride, dilation):
    x = count_up((2, length))
    forward = windows(x, 3, stride=stride, dilation=dilation)
    (positions,) = output_shape(x.shape, 3, stride=stride, dilation=dilation)
    other = windows(x, positions, stride=dilation, dilation=stride)
    remainder = (length - (2 * dilation + 1)) % stride
    assert other.shape == (2, 3 + remainder // dilation, positions)
    np.testing.assert_array_equal(forward.swapaxes(1, 2), other[:, :3])


def test_einsum_of_windows_is_einsum_of_their_copy():
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, (2, 3, 9, 8)).astype(np.float64)
    w = rng.integers(-9, 10, (4, 3, 3, 2)).astype(np.float64)
    shown = windows(x, (3, 2), stride=(2, 1), padding=1)
    expected = einsum("nchwkl,fckl->nfhw", shown.copy(), w)
    np.testing.assert_array_equal(einsum("nchwkl,fckl->nfhw", shown, w), expected)
    flipped = einsum("nchwkl,fckl->nfhw", shown, w[..., ::-1, ::-1])
    np.testing.assert_array_equal(
        flipped, einsum("nchwkl,fckl->nfhw", shown.copy(), w[..., ::-1, ::-1].copy())
    )


# ---------------------------------------------------------------- sizes and padding


@pytest.mark.parametrize(
    ("name", "length", "size", "stride", "dilation", "pair"),
    [
        ("same", 512, 3, 2, 1, (0, 1)),
        ("same", 224, 7, 2, 1, (2, 3)),
        ("same", 64, 7, 2, 1, (2, 3)),
        ("same", 128, 5, 2, 1, (1, 2)),
        ("same", 9, 2, 4, 1, (0, 1)),
        ("same", 8, 2, 4, 1, (0, 0)),
        ("same", 10, 3, 1, 2, (2, 2)),
        ("same_lower", 512, 3, 2, 1, (1, 0)),
        ("same_lower", 128, 5, 2, 1, (2, 1)),
        ("full", 10, 3, 1, 2, (4, 4)),
        ("causal", 10, 3, 1, 2, (4, 0)),
        ("valid", 10, 3, 1, 2, (0, 0)),
    ],
)
def test_padding_by_name(name, length, size, stride, dilation, pair):
    x = np.arange(1, length + 1)
    steps = {"stride": stride, "dilation": dilation}
    shown = windows(x, size, padding=name, **steps)
    np.testing.assert_array_equal(shown, windows(x, size, padding=[pair], **steps))
    assert output_shape(length, size, padding=name, **steps) == shown.shape[:1]
    if name.startswith("same"):
        assert shown.shape[0] == -(-length // stride)


def test_same_of_an_empty_axis():
    assert windows(np.zeros((2, 0)), 3, padding="same").shape == (2, 0, 3)
    assert output_shape((0,), 3, stride=4, padding="same_lower") == (0,)


def test_padding_wider_than_the_array():
    x = np.arange(1, 4)
    for mode in MODES:
        shown = windows(x, 1, padding=((8, 9),), mode=mode)[:, 0]
        np.testing.assert_array_equal(shown, np.pad(x, (8, 9), mode=mode))
    one = np.array([5])
    for mode in MODES[1:]:
        assert windows(one, 3, padding=1, mode=mode).tolist() == [[5, 5, 5]]


def test_empty_results():
    assert windows(np.zeros((2, 4)), 5).shape == (2, 0, 5)
    assert windows(np.zeros((0, 3, 8, 8)), (3, 3), padding=1).shape == (0, 3, 8, 8, 3, 3)
    assert windows(np.zeros((3, 0)), 1).shape == (3, 0, 1)
    assert windows(np.zeros((3, 0)), 2, padding=1).shape == (3, 1, 2)
    assert output_shape((4,), 5) == (0,)
    assert output_shape((4,), 5, stride=2) == (0,)
    assert output_shape((4,), 5, stride=2, remainder="pad") == (1,)


def test_remainder():
    x = np.arange(1, 9)
    assert windows(x, 3, stride=2).shape == (3, 3)
    padded = windows(x, 3, stride=2, remainder="pad", constant_values=-1)
    assert padded.tolist() == [[1, 2, 3], [3, 4, 5], [5, 6, 7], [7, 8, -1]]
    exact = windows(x[:7], 3, stride=2, remainder="raise")
    assert np.shares_memory(exact, x)
    assert np.shares_memory(windows(x[:7], 3, stride=2, remainder="pad"), x)
    fails(
        "windows of extent 3 and stride 2 leave 1 of 34 padded positions of axis 2 unused",
        output_shape,
        (2, 3, 32, 32),
        (3, 3),
        stride=2,
        padding=1,
        remainder="raise",
    )


def test_fits_exactly():
    """A test on size * dilation would refuse these."""
    assert output_shape((1, 1, 7), 3, dilation=3) == (1,)
    assert output_shape((1, 1, 5), 2, dilation=3) == (2,)


def test_output_shape_is_plain_integers():
    shape = output_shape((20, 4, 8, 8), (3, 3), stride=(2, 1), dilation=(2, 1), padding=((1, 2), 1))
    assert shape == (4, 8)
    assert [type(length) for length in shape] == [int, int]
    big = 2**62 + 1
    assert output_shape((big,), 2, stride=3) == ((big - 2) // 3 + 1,)


# ---------------------------------------------------------------- fill values


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        *(("i8", value) for value in (np.nan, np.inf, 1.5, 2**63, 1j, "1", None, np.float32(0.5))),
        *(("u1", value) for value in (-1, 256, 1e300)),
        *(("?", value) for value in (2, 0.5, np.nan)),
        *(("f2", value) for value in (1e6, 65520, -1e300, 1j)),
        *(("f4", value) for value in (1e39, 10**400, 2 + 1j, "x")),
        *(("F", value) for value in (1e39, 1e39j)),
        *(("S2", value) for value in (b"abc",)),
        *(("U2", value) for value in ("abc",)),
    ],
)
@pytest.mark.parametrize("padding", [0, 1])
def test_fill_that_the_dtype_cannot_hold(dtype, value, padding):
    name = np.dtype(dtype)
    fails(
        f"constant_values {value} cannot be held by dtype {name}",
        windows,
        np.zeros(4, dtype),
        3,
        padding=padding,
        constant_values=value,
    )


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        *(("i8", value) for value in (2**63 - 1, -(2**63), 3.0, True, np.int8(-3), np.array(4))),
        *(("u8", value) for value in (2**64 - 1, 200.0)),
        *(("?", value) for value in (0, 1, True, 1.0)),
        *(("f2", value) for value in (65504, 0.1, np.nan, -np.inf, 1e-30)),
        *(("f4", value) for value in (0.1, np.inf, 1e-300, 2**70, np.float16(2))),
        *(("f8", value) for value in (1e300, np.nan)),
        *(("D", value) for value in (1 + 2j, np.nan, 3)),
        *(("U3", value) for value in ("abc", "")),
        ("M8[D]", np.datetime64("2020-02-02")),
        ("O", None),
        ("O", "anything"),
    ],
)
def test_fill_that_the_dtype_holds(dtype, value):
    x = np.zeros(2, dtype)
    shown = windows(x, 2, padding=1, constant_values=value)
    expected = np.full((), value, dtype) if dtype != "O" else np.array(value, object)
    np.testing.assert_array_equal(shown[0, 0], expected[()])


# ---------------------------------------------------------------- mistakes


def test_windows_mistakes():
    x = np.zeros((2, 3, 5, 6))
    fails(
        "window extent 7 (size 3, dilation 3) exceeds axis 2 of length 5 (padding 0+0)",
        *(windows, x, 3),
        axis=2,
        dilation=3,
    )
    fails("stride of axis 2 must be at least 1, got 0", windows, x, (2, 2), stride=(0, 1))
    fails("dilation of axis 3 must be at least 1, got -1", windows, x, 2, dilation=-1)
    fails("size of axis 3 must be at least 1, got 0", windows, x, 0)
    fails(
        "padding of axis 2 must not be negative, got (-1, 0)", windows, x, 2, 2, padding=[(-1, 0)]
    )
    fails("window_shape has 3 entries but axis has 2", windows, x, (1, 1, 1), (0, 1))
    fails("window_shape has 1 entry but axis has 2", windows, x, 1, (0, 1))
    fails("window_shape has 5 entries but the array has 4 axes", windows, x, (1,) * 5)
    fails(
        "axis 2 is given twice; sliding_window_view composes repeated axes",
        *(windows, x, (1, 1), (2, -2)),
    )
    names = "Expected an int, ints, pairs or 'valid', 'same', 'same_lower', 'full', 'causal'"
    fails(
        f"unknown padding 'symmetric'; that is a mode. {names}", windows, x, 2, padding="symmetric"
    )
    fails(f"unknown padding 'SAME'. {names}", windows, x, 2, padding="SAME")
    fails("stride has 3 entries for 2 windowed axes", windows, x, (2, 2), stride=(1, 1, 1))
    fails("dilation has 1 entry for 2 windowed axes", windows, x, (2, 2), dilation=(1,))
    fails(
        "padding has 2 entries for 1 windowed axis; it takes one int or one (before, after) pair "
        "per axis",
        *(windows, x, 2),
        padding=(1, 2),
    )
    fails(
        "padding of axis 3 must be an int or a (before, after) pair, got 3 numbers",
        *(windows, x, 2),
        padding=[(1, 2, 3)],
    )
    fails(
        "unknown remainder 'floor'. Expected 'drop', 'pad' or 'raise'",
        windows,
        x,
        2,
        remainder="floor",
    )


@pytest.mark.parametrize(
    ("foreign", "name"),
    [("nearest", "edge"), ("mirror", "reflect"), ("replicate", "edge"), ("circular", "wrap")],
)
def test_foreign_modes(foreign, name):
    fails(
        f"unknown mode '{foreign}'; did you mean '{name}'?", windows, np.zeros(3), 2, mode=foreign
    )


def test_mode_mistakes():
    fails(
        "unknown mode 'mean'. Expected 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'",
        *(windows, np.zeros(3), 2),
        mode="mean",
    )
    fails(
        "mode 'edge' cannot pad axis 1 of length 0",
        *(windows, np.zeros((2, 0)), 2),
        padding=1,
        mode="edge",
    )
    fails("mode must be a string, got 1", windows, np.zeros(3), 2, mode=1, error=TypeError)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((2.5,), {}),
        (("ab",), {}),
        ((2,), {"axis": 0.5}),
        ((2,), {"stride": None}),
        ((2,), {"padding": 1.5}),
        ((2,), {"padding": [None]}),
        ((2,), {"remainder": None}),
    ],
)
def test_arguments_of_a_wrong_type(args, kwargs):
    with pytest.raises(TypeError):
        windows(np.zeros((4, 4)), *args, **kwargs)


@pytest.mark.parametrize("axis", [2, -3, 2**70])
def test_axis_out_of_range(axis):
    with pytest.raises(np.exceptions.AxisError):
        windows(np.zeros((4, 4)), 2, axis)


def test_numbers_beyond_all_bounds():
    x = np.zeros(4)
    for huge in (2**62, 2**63 - 1, 2**63, 2**200):
        for kwargs in ({"padding": huge}, {"padding": [(huge, huge)]}, {"dilation": huge}):
            with pytest.raises(ValueError, match=r"overflows|exceeds|maximum"):
                windows(x, 3, **kwargs)
        with pytest.raises(ValueError, match=r"overflows|exceeds"):
            windows(x, huge)
        assert windows(x, 3, stride=huge).tolist() == [[0, 0, 0]]
        assert windows(x, 1, dilation=huge).shape == (4, 1)
        with pytest.raises(ValueError, match="at least 1"):
            windows(x, 3, stride=-huge)
    axes = MOST_AXES // 2 + 1
    with pytest.raises(ValueError, match=str(MOST_AXES)):
        windows(np.zeros((1,) * axes), (1,) * axes)


# ---------------------------------------------------------------- sliding_window_view


X = np.arange(12).reshape(3, 4)

SAME_CALLS = [
    ((X, (2, 2)), {}),
    ((X, 2, 0), {}),
    ((X, (2,), (1,)), {}),
    ((X, (2, 3), (1, 0)), {}),
    ((X, (2, 2, 2), (0, 1, 1)), {}),
    ((X, (0, 1)), {}),
    ((X, 0, -1), {}),
    ((X, (), ()), {}),
    ((np.array(5), ()), {}),
    (([1, 2, 3], 2), {}),
    ((X, np.array([2, 2])), {}),
    ((np.zeros((2, 0)), (1, 0)), {}),
    ((X.T[::-1], (2, 1)), {}),
    ((X, (2, 2)), {"writeable": True}),
    ((X, (1,) * (MOST_AXES - 2), (0,) * (MOST_AXES - 2)), {}),
    ((np.array([[1, 2, 3]]).view(np.matrix), (1, 1)), {}),
]
SAME_MISTAKES = [
    ((X, 3), {}),
    ((X, (3, 3), (0,)), {}),
    ((X, (5, 1)), {}),
    ((X, (4, 1)), {}),
    ((X, (-1, 1)), {}),
    ((X, (2,), 5), {}),
    ((X, 2, -3), {}),
    ((X, 2.5, 0), {}),
    ((X, 2, "a"), {}),
    ((X, 2, 1.5), {}),
    ((X,), {}),
    ((), {}),
    ((X, 2, 0, 1), {}),
    ((X, 2), {"axis": 0, "foo": 1}),
    ((X, 2), {"x": X}),
    ((X, 2**70, 0), {}),
    ((X, ()), {}),
    ((np.broadcast_to(1, (2**40,)), 2**39), {}),
    ((np.zeros((2, 0)), (1, 1)), {}),
]
if IS_NUMPY_2:  # which crashes on so many axes before
    SAME_MISTAKES.append(((X, (1,) * 70, (0,) * 70), {}))


def description(case):
    return re.sub(r"\s+", " ", str(case))[:60]


@pytest.mark.parametrize("case", SAME_CALLS, ids=description)
def test_same_view_as_numpy(case):
    args, kwargs = case
    view, expected = sliding_window_view(*args, **kwargs), numpy_view(*args, **kwargs)
    np.testing.assert_array_equal(view, expected, strict=True)
    if view.size:
        assert view.strides == expected.strides
    assert view.flags.writeable == expected.flags.writeable
    assert type(view) is type(expected)
    if isinstance(args[0], np.ndarray) and view.size:
        assert np.shares_memory(view, args[0])


@pytest.mark.parametrize("case", SAME_MISTAKES, ids=description)
def test_same_errors_as_numpy(case):
    args, kwargs = case
    try:
        numpy_view(*args, **kwargs)
    except (TypeError, ValueError) as error:
        expected = error
    with pytest.raises(type(expected)) as found:
        sliding_window_view(*args, **kwargs)
    # Types are refused in other words, and the number of axes before the view is made.
    is_worded_alike = type(expected) is not TypeError or "sliding_window_view()" in str(expected)
    if is_worded_alike and "number of dimensions" not in str(expected):
        assert str(found.value) == str(expected)


def test_subclasses():
    class Mine(np.ndarray):
        finalized_from = None

        def __array_finalize__(self, source):
            self.finalized_from = source

    x = np.arange(5).view(Mine)
    kept = sliding_window_view(x, 2, subok=True)
    assert type(kept) is Mine
    assert kept.finalized_from is x
    assert type(sliding_window_view(x, 2)) is np.ndarray
    with pytest.raises(ValueError, match="matrix"):
        sliding_window_view(np.eye(3).view(np.matrix), (2, 2), subok=True)


def test_writeable():
    x = np.arange(6)
    view = sliding_window_view(x, 3, writeable=True)
    view[0, 1] = 10
    assert view[1].tolist() == [10, 2, 3]
    assert x[1] == 10
    with pytest.raises(ValueError, match="read-only"):
        sliding_window_view(x, 3)[0, 0] = 1
    x.flags.writeable = False
    assert not sliding_window_view(x, 3, writeable=True).flags.writeable


STEPS = [
    {"stride": 2},
    {"dilation": 2},
    {"stride": (1, 3), "dilation": (2, 1)},
    {"stride": np.array([2, 2]), "dilation": 2},
]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("axis", [(0, 1), (1, 0), (1, 1), (0, 0)])
def test_steps_are_slices_of_longer_windows(steps, axis):
    x = count_up((11, 12))
    view = sliding_window_view(x, (3, 2), axis, **steps)
    strides = np.broadcast_to(steps.get("stride", 1), 2)
    dilations = np.broadcast_to(steps.get("dilation", 1), 2)
    # One window after the other, each over what the one before has left.
    expected = x
    for number, (size, on) in enumerate(zip((3, 2), axis)):
        longer = numpy_view(expected, dilations[number] * (size - 1) + 1, axis=on)
        every = [slice(None)] * longer.ndim
        every[on] = slice(None, None, strides[number])
        every[-1] = slice(None, None, dilations[number])
        expected = longer[tuple(every)]
    np.testing.assert_array_equal(view, expected)
    assert np.shares_memory(view, x)


class Foreign:
    """An array type that answers through NumPy's protocol and records what it was asked."""

    def __init__(self, array):
        self.array = array
        self.calls = []

    @property
    def ndim(self):
        return self.array.ndim

    def __array_function__(self, function, types, args, kwargs):
        self.calls.append((function, args[1:], kwargs))
        return Foreign(function(self.array, *args[1:], **kwargs))

    def __getitem__(self, index):
        return Foreign(self.array[index])


@pytest.mark.parametrize("axis", [None, (0, 1), (1, -1), (0, 0)])
@pytest.mark.parametrize("steps", [{}, *STEPS])
def test_array_types_of_others(axis, steps):
    x = count_up((11, 12))
    foreign = Foreign(x)
    view = sliding_window_view(foreign, (3, 2), axis, **steps)
    assert type(view) is Foreign
    np.testing.assert_array_equal(view.array, sliding_window_view(x, (3, 2), axis, **steps))
    ((function, _, kwargs),) = foreign.calls
    assert function is numpy_view
    assert set(kwargs) <= {"axis"}


def test_array_types_of_others_get_what_was_passed():
    foreign = Foreign(np.arange(5))
    assert sliding_window_view(foreign, 2, subok=True, writeable=True).array.flags.writeable
    assert foreign.calls[0][2] == {"subok": True, "writeable": True}
    with pytest.raises(ValueError, match="at least 1"):
        sliding_window_view(foreign, 2, stride=0)
    with pytest.raises(ValueError, match="cannot be larger"):
        sliding_window_view(foreign, 2**62, dilation=4)
    with pytest.raises(ValueError, match="cannot be larger"):
        sliding_window_view(foreign, 9)


def test_sliding_mistakes_of_steps():
    fails(
        "stride of axis 0 must be at least 1, got 0", sliding_window_view, np.arange(4), 2, stride=0
    )
    fails(
        "dilation of axis 0 must be at least 1, got -2",
        sliding_window_view,
        np.arange(4),
        2,
        dilation=-2,
    )
    fails(
        "stride has 2 entries for 1 windowed axis",
        sliding_window_view,
        np.arange(4),
        2,
        stride=(1, 1),
    )
    fails(
        "window shape cannot be larger than input array shape",
        *(sliding_window_view, np.arange(4), 2),
        dilation=4,
    )
    assert sliding_window_view(np.arange(4), 0, dilation=4, stride=2).shape == (3, 0)


# ---------------------------------------------------------------- all of them as Python functions


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        (
            "windows",
            "(x, window_shape, axis=None, *, stride=1, dilation=1, padding=0, mode='constant', "
            "constant_values=0, remainder='drop')",
        ),
        (
            "output_shape",
            "(shape, window_shape, axis=None, *, stride=1, dilation=1, padding=0, "
            "remainder='drop')",
        ),
        (
            "sliding_window_view",
            "(x, window_shape, axis=None, *, stride=1, dilation=1, subok=False, writeable=False)",
        ),
        (
            "fold",
            "(windows, shape, axis=None, *, stride=1, dilation=1, padding=0, mode='constant', "
            "remainder='drop', average=False, out=None, accumulate=False)",
        ),
        (
            "as_strided",
            "(x, shape=None, strides=None, subok=False, writeable=False, *, offset=0, "
            "item_strides=None, check_bounds=True, bounds='array', allow_overlap=False)",
        ),
    ],
)
def test_signatures(name, signature):
    function = getattr(fasteinsum, name)
    assert str(inspect.signature(function)) == signature
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        # Every default may be passed explicitly, by the name that the signature says.
        if parameter.default is not inspect.Parameter.empty:
            arguments = {"x": X, "windows": X, "shape": (3, 4), "window_shape": (1, 1)}
            needed = [p.name for p in parameters if p.default is inspect.Parameter.empty]
            function(*(arguments[n] for n in needed), **{parameter.name: parameter.default})


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "windows() missing 2 required positional arguments: 'x' and 'window_shape'"),
        ((X,), {}, "windows() missing 1 required positional argument: 'window_shape'"),
        ((), {"window_shape": 2}, "windows() missing 1 required positional argument: 'x'"),
        ((X, 2, 0, 1), {}, "windows() takes from 2 to 3 positional arguments but 4 were given"),
        ((X, 2), {"step": 1}, "windows() got an unexpected keyword argument 'step'"),
        ((X, 2), {"x": 1}, "windows() got multiple values for argument 'x'"),
    ],
)
def test_argument_mistakes_read_like_those_of_python(args, kwargs, text):
    def windows_in_python(x, window_shape, axis=None, *, stride=1):
        return None

    windows_in_python.__qualname__ = "windows"
    fails(text, windows, *args, error=TypeError, **kwargs)
    fails(text, windows_in_python, *args, error=TypeError, **kwargs)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2 has StringDType")
def test_variable_length_strings_can_be_shown_but_not_padded():
    x = np.array(["one", "a longer text", "three"], dtype=np.dtypes.StringDType())
    assert windows(x, 2).tolist() == [["one", "a longer text"], ["a longer text", "three"]]
    fails(
        "windows cannot pad an array of dtype StringDType()",
        *(windows, x, 2),
        error=TypeError,
        padding=1,
        mode="edge",
    )
