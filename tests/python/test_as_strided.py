"""as_strided: what it shows, and what it refuses."""

import re
import sys

import numpy as np
import pytest
from fasteinsum import as_strided
from layouts import LAYOUTS
from versions import MOST_AXES

numpy_as_strided = np.lib.stride_tricks.as_strided


def fails(text, *args, error=ValueError, **kwargs):
    """as_strided raises, with exactly this text."""
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        as_strided(*args, **kwargs)


X = np.arange(12)


# ---------------------------------------------------------------- views


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        (None, None),
        ((3, 4), (32, 8)),
        ((10, 3), (8, 8)),
        ((5,), (16,)),
        ((4, 12), (0, 8)),
        ((), ()),
        ((0, 5), (8, 8)),
        ((1, 1, 1), (0, 10**6, -8)),
        ((23,), (4,)),
    ],
)
def test_same_view_as_numpy(shape, strides):
    view = as_strided(X, shape, strides)
    expected = numpy_as_strided(X, shape, strides, writeable=False)
    np.testing.assert_array_equal(view, expected, strict=True)
    assert not view.flags.writeable
    assert view.size == 0 or np.shares_memory(view, X)


def test_defaults_of_shape_and_strides():
    x = X.reshape(3, 4)[::-1, ::2]
    assert as_strided(x).strides == x.strides
    assert as_strided(x, (2, 2)).tolist() == x[:2, :2].tolist()
    assert as_strided(x, strides=(0, 16)).tolist() == [x[0].tolist()] * 3
    fails("shape has 1 entries but strides has 2", x, (2,))
    fails("shape has 2 entries but strides has 1", x, (2, 2), (8,))
    fails("shape has 2 entries but strides has 1", x, item_strides=(1,))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_array(layout):
    x = layout(np.arange(24.0).reshape(4, 6))
    view = as_strided(x, (3, 2, 5), (*x.strides, x.strides[1])[:1] + (x.strides[1],) * 2)
    expected = np.lib.stride_tricks.sliding_window_view(x, 2, axis=1)[:3].swapaxes(1, 2)
    np.testing.assert_array_equal(view, expected)
    assert view.dtype == x.dtype


def test_offset_and_item_strides():
    x = np.arange(12, dtype=np.int16)
    assert as_strided(x, (3,), item_strides=(2,), offset=1).tolist() == [1, 3, 5]
    assert as_strided(x, (3,), (4,), offset=2).tolist() == [1, 3, 5]
    assert as_strided(x, (3,), item_strides=(-5,), offset=11).tolist() == [11, 6, 1]
    assert as_strided(x, (2,), offset=4).tolist() == [2, 3]
    inner = x[4:8]
    fails(
        "view of shape (2,) and strides (2,) reads bytes -2 to 1, but x holds bytes 0 to 7",
        *(inner, (2,)),
        item_strides=(1,),
        offset=-1,
    )
    assert as_strided(inner, (2,), (2,), offset=-2, bounds="base").tolist() == [3, 4]
    text = "as_strided() takes strides (bytes) or item_strides (elements), not both"
    fails(text, x, (3,), (2,), item_strides=(1,), error=TypeError)


@pytest.mark.parametrize("dtype", ["?", "u1", "f2", "g", "G", "S3", "U2", "M8[s]", "i4,f8", "V3"])
def test_any_dtype(dtype):
    x = np.zeros(6, dtype)
    view = as_strided(x, (4, 3), item_strides=(1, 1))
    assert view.dtype == x.dtype
    assert view.tolist() == np.lib.stride_tricks.sliding_window_view(x, 3).tolist()
    with pytest.raises(ValueError, match="reads bytes"):
        as_strided(x, (5, 3), item_strides=(1, 1))


def test_subclasses():
    class Mine(np.ndarray):
        pass

    x = X.view(Mine)
    assert type(as_strided(x, (2,), (8,), subok=True)) is Mine
    assert type(as_strided(x, (2,), (8,))) is np.ndarray
    assert as_strided([1, 2, 3], (2, 2), item_strides=(1, 1)).tolist() == [[1, 2], [2, 3]]


# ---------------------------------------------------------------- attacks on the bounds


def test_one_byte_too_far():
    memory = np.zeros(16, np.uint8)
    for itemsize in (1, 2, 4, 8):
        x = memory[: 8 // itemsize * itemsize].view(f"u{itemsize}")
        count = 8 - itemsize + 1
        assert as_strided(x, (count,), (1,)).size == count
        fails(
            f"view of shape ({count + 1},) and strides (1,) reads bytes 0 to 8, "
            "but x holds bytes 0 to 7",
            *(x, (count + 1,), (1,)),
        )
        fails(
            f"view of shape ({count},) and strides (1,) reads bytes 1 to 8, "
            "but x holds bytes 0 to 7",
            *(x, (count,), (1,)),
            offset=1,
        )
        fails(
            "view of shape (2,) and strides (-1,) "
            f"reads bytes -1 to {itemsize - 1}, but x holds bytes 0 to 7",
            *(x, (2,), (-1,)),
        )


def test_the_accident_of_the_bias():
    bias = np.zeros(10, np.float32)
    assert as_strided(bias, (100, 10), (0, 4)).shape == (100, 10)
    fails(
        "view of shape (100, 10) and strides (0, 8) reads bytes 0 to 75, but x holds bytes 0 to 39",
        *(bias, (100, 10), (0, 8)),
    )


def test_bounds_of_odd_arrays():
    assert as_strided(X[::-1], (12,), (-8,)).tolist() == X[::-1].tolist()
    fails(
        "view of shape (2,) and strides (8,) reads bytes 0 to 15, but x holds bytes -88 to 7",
        *(X[::-1], (2,), (8,)),
    )
    assert as_strided(X[:10:4], (9,), (8,)).tolist() == list(range(9))
    fails(
        "view of shape (10,) and strides (8,) reads bytes 0 to 79, but x holds bytes 0 to 71",
        *(X[:10:4], (10,), (8,)),
    )
    fails(
        "view of shape (1,) and strides (8,) reads bytes 0 to 7, but x holds no bytes",
        *(X[:0], (1,), (8,)),
    )
    assert as_strided(X[:0], (0, 4), (8, 8)).shape == (0, 4)
    assert as_strided(np.broadcast_to(1, (3, 3)), (7,), (0,)).tolist() == [1] * 7


def test_bounds_of_the_base():
    big = np.arange(10)
    part = big[2:4]
    assert as_strided(part, (8,), (8,), bounds="base").tolist() == list(range(2, 10))
    fails(
        "view of shape (9,) and strides (8,) reads bytes 0 to 71, "
        "but the base of x holds bytes -16 to 63",
        *(part, (9,), (8,)),
        bounds="base",
    )
    fails(
        "view of shape (8,) and strides (8,) reads bytes 0 to 63, but x holds bytes 0 to 15",
        *(part, (8,), (8,)),
    )
    from_bytes = np.frombuffer(bytes(range(16)), np.uint8)[4:8]
    assert as_strided(from_bytes, (12,), (1,), bounds="base").tolist() == list(range(4, 16))
    fails("unknown bounds 'all'. Expected 'array' or 'base'", X, bounds="all")
    with pytest.raises(TypeError, match="bounds must be a string"):
        as_strided(X, bounds=None)


def test_unchecked():
    big = np.arange(10)
    view = as_strided(big[:2], (8,), (8,), check_bounds=False)
    assert view.tolist() == list(range(8))


HUGE = [2**31, 2**61, 2**62, 2**63 - 1, 2**63, 2**64, 2**200]


@pytest.mark.parametrize("check_bounds", [True, False])
@pytest.mark.parametrize("huge", HUGE)
def test_overflow(huge, check_bounds):
    check = {"check_bounds": check_bounds}
    refused = r"overflow the address range|reads bytes|negative length"
    for sign in (1, -1):
        if huge >= 2**61 or check_bounds:
            with pytest.raises(ValueError, match=refused):
                as_strided(X, (9,), (sign * huge,), **check)
            with pytest.raises(ValueError, match=refused):
                as_strided(X, (3, 3, 3), (8, sign * huge, sign * huge), **check)
        if huge >= 2**62:
            with pytest.raises(ValueError, match="overflow"):
                as_strided(X, (3,), item_strides=(sign * huge,), **check)
            with pytest.raises(ValueError, match="overflow"):
                as_strided(X, (1,), item_strides=(1,), offset=sign * huge, **check)
        # What is never stepped over may be anything.
        assert as_strided(X, (1, 2), (sign * huge, 8), **check).tolist() == [[0, 1]]
        assert as_strided(X, (0,), (sign * huge,), **check).shape == (0,)
    with pytest.raises(ValueError, match=refused):
        as_strided(X, (huge, huge), (0, 0), **check)
    with pytest.raises(ValueError, match=refused):
        as_strided(X, (-huge,), (8,), **check)


def test_overflow_that_cancels():
    """Each sum alone overflows, or the two ends do against each other."""
    half = 2**62
    for check_bounds in (True, False):
        for strides in [(half, half), (half, -half), (-half, -half), (2**63 - 1, -(2**63))]:
            with pytest.raises(ValueError, match="overflow"):
                as_strided(X, (2, 2), strides, check_bounds=check_bounds)
        text = "shape (3,) and strides (4611686018427387904,) overflow the address range"
        fails(text, X, (3,), (half,), check_bounds=check_bounds)


def test_offset_of_a_view_without_elements():
    assert as_strided(X, (0,), (8,), offset=10**15).shape == (0,)
    assert as_strided(X, (3, 0, 2), (8, 8, 8), offset=-(10**15)).size == 0


def test_too_many_axes():
    assert as_strided(X, (1,) * MOST_AXES, (8,) * MOST_AXES).ndim == MOST_AXES
    with pytest.raises(ValueError, match=str(MOST_AXES)):
        as_strided(X, (1,) * (MOST_AXES + 1), (8,) * (MOST_AXES + 1))
    with pytest.raises(ValueError, match="64"):
        as_strided(X, (1,) * 136, (8,) * 136)
    with pytest.raises(ValueError, match="overflow"):
        as_strided(X, (2,) * 64, (0,) * 64)


def test_negative_lengths():
    fails("shape (-1,) has a negative length", X, (-1,), (8,))
    fails("shape (3, -1, 0) has a negative length", X, (3, -1, 0), (8, 8, 8))


# ---------------------------------------------------------------- writing


def test_writeable():
    x = np.arange(6)
    view = as_strided(x, (3, 2), (16, 8), writeable=True)
    view[2, 1] = 50
    assert x.tolist() == [0, 1, 2, 3, 4, 50]
    x.flags.writeable = False
    assert not as_strided(x, (3, 2), (16, 8), writeable=True).flags.writeable


OVERLAP = "elements of the view overlap; a writeable view of them needs allow_overlap=True"


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((5, 2), (8, 8)),
        ((2, 6), (0, 8)),
        ((5,), (0,)),
        ((3,), (4,)),
        ((2, 3), (16, 8)),
        ((2,), (7,)),
    ],
)
def test_overlap(shape, strides):
    x = np.arange(6)
    fails(OVERLAP, x, shape, strides, writeable=True)
    assert not as_strided(x, shape, strides, allow_overlap=True).flags.writeable
    assert as_strided(x, shape, strides, writeable=True, allow_overlap=True).flags.writeable


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((3, 2), (16, 8)),
        ((2, 3), (8, 16)),
        ((1, 6), (0, 8)),
        ((0, 5), (0, 0)),
        ((), ()),
        ((2,), (40,)),
    ],
)
def test_no_overlap(shape, strides):
    assert as_strided(np.arange(6), shape, strides, writeable=True).flags.writeable
    reversed_view = as_strided(
        np.arange(6), shape, tuple(-s for s in strides), writeable=True, offset=40
    )
    assert reversed_view.flags.writeable


def test_overlap_of_items_of_any_size():
    x = np.zeros(4, "V12")
    assert as_strided(x, (3,), (12,), writeable=True).flags.writeable
    fails(OVERLAP, x, (3,), (11,), writeable=True)


# ---------------------------------------------------------------- objects


def test_objects():
    items = [object() for _ in range(6)]
    x = np.array(items)
    counts = [sys.getrefcount(item) for item in items]
    view = as_strided(x, (5, 2), item_strides=(1, 1))
    assert view[3, 1] is items[4]
    assert [sys.getrefcount(item) for item in items] == counts
    del x
    assert view[0, 0] is items[0]
    del view
    assert [sys.getrefcount(item) for item in items] == [count - 1 for count in counts]


@pytest.mark.parametrize("check_bounds", [True, False])
def test_object_boundaries(check_bounds):
    x = np.array([object() for _ in range(6)]).reshape(2, 3)
    check = {"check_bounds": check_bounds}
    text = "is not an item boundary of an object array (item size 8)"
    fails(f"element at byte 4 {text}", x, (2,), (4,), **check)
    fails(f"element at byte 3 {text}", x, (1,), (8,), offset=3, **check)
    every_second = x.ravel()[::2]
    fails(f"element at byte 8 {text}", every_second, (2,), (8,), **check)
    assert as_strided(every_second, (2,), (8,), bounds="base", **check)[1] is x[0, 1]
    columns = x[:, :2]
    fails(f"element at byte 16 {text}", columns, (3,), (8,), **check)
    assert as_strided(columns, (2,), (32,), **check)[1] is x[1, 1]
    backwards = as_strided(x[::-1, ::-1], (2, 3), (-8, -16), **check)
    assert backwards[1, 2] is x[0, 0]
    if not check_bounds:
        fails(f"element at byte 48 {text}", x, (7,), (8,), **check)
        fails(f"element at byte -8 {text}", x, (2,), (-8,), **check)
        assert as_strided(x, (2, 0), (3, 3), **check).size == 0


def test_objects_in_records():
    """Between the objects of a record lie numbers, which must never be taken for references."""
    record = np.zeros(3, [("items", "O", (2,)), ("number", "i8")])
    record["items"] = [[object() for _ in range(2)] for _ in range(3)]
    items = record["items"]
    text = "element at byte 16 is not an item boundary of an object array (item size 8)"
    for bounds in ("array", "base"):
        fails(text, items, (4,), (8,), bounds=bounds)
        view = as_strided(items, (3,), (24,), bounds=bounds)
        assert view[2] is items[2, 0]
        fails(
            "element at byte 8 is not an item boundary of an object array (item size 24)",
            *(record, (2,), (8,)),
            bounds=bounds,
        )
    assert as_strided(record, (2, 2), item_strides=(1, 1))[1, 1]["items"][0] is items[2, 0]
    fails(
        "an object array without items has no item to show",
        items[:0],
        (1,),
        (8,),
        check_bounds=False,
    )


def test_overlapping_objects():
    x = np.array([object() for _ in range(6)])
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    assert as_strided(windows, (6,), (8,))[5] is x[5]
    assert as_strided(windows, (2, 2), (16, 8))[1, 1] is x[3]


# ---------------------------------------------------------------- arguments


def test_arguments_of_a_wrong_type():
    for args in [((2.5,), (8,)), ((2,), (8.5,)), ("ab", (8, 8))]:
        with pytest.raises(TypeError):
            as_strided(X, *args)
    with pytest.raises(TypeError):
        as_strided(X, offset=0.5)
    fails("as_strided() missing 1 required positional argument: 'x'", error=TypeError)
    text = "as_strided() takes from 1 to 5 positional arguments but 6 were given"
    fails(text, X, (2,), (8,), False, False, 0, error=TypeError)
