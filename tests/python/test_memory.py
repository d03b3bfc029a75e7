"""Nothing leaks, on no path; and a failing allocation is a MemoryError, never anything else."""

import gc
import itertools
import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from fasteinsum import _fasteinsum, cache_clear, einsum

x = np.arange(12.0).reshape(3, 4)
y = np.arange(20.0).reshape(4, 5)
swapped = y.astype(">f8")
square = np.arange(9).reshape(3, 3)
objects = square.astype(object)
pair = np.ones(2)
left, right = np.ones((200, 210)), np.ones((210, 190))
dates = np.zeros(2, "M8[D]")
letters = np.full((3, 3), "a", object)

# Made once: NumPy's own constructors count up a reference to the dtype.
out = np.zeros((3, 5))
out_of = {
    "swapped": np.zeros((3, 5), ">f8"),
    "int": np.zeros((3, 5), int),
    "larger": np.zeros((2, 3, 5)),
    "wrong": np.zeros((3, 6)),
    "wrong and larger": np.zeros((2, 2, 5)),
}
frozen = np.zeros((3, 5))
frozen.flags.writeable = False

GOOD = {
    "view": lambda: einsum("ii->i", square),
    "scalar": lambda: einsum("ij->", x),
    "product": lambda: einsum("ij,jk->ik", x, y),
    "lists": lambda: einsum(x, [0, 1], y, [1, 2], [2, 0]),
    "many labels": lambda: einsum(*[part for _ in range(40) for part in (square, [0, 1])], [0]),
    "letters": lambda: _fasteinsum._spell("ij,...j->i...", x, x)[1],
    "three": lambda: einsum("ij,jk,kl->il", x, y, y.T),
    "converted": lambda: einsum("ij,jk->ik", x, swapped),
    "byte order": lambda: einsum("ij,jk->ik", x, y, dtype=">f8"),
    "out": lambda: einsum("ij,jk->ik", x, y, out=out),
    "out by copy": lambda: einsum("ij,jk->ik", x, y, out=out_of["swapped"]),
    "out broadcast": lambda: einsum("ij,jk->ik", x, y, out=out_of["larger"], optimize=True),
    "objects": lambda: einsum("ij,jk->ik", objects, objects),
    "path": lambda: einsum("ij,jk->ik", x, y, optimize=["einsum_path", (0, 1)]),
    "many operands": lambda: einsum("->", 1) + einsum(",".join("i" * 70), *[pair] * 70),
    "large": lambda: einsum("ij,jk->ik", left, right),
    "description": lambda: _fasteinsum._describe("ij,jk,kl->il", x, y, y.T),
    "configuration": _fasteinsum._config,
}

BAD = {
    "syntax": lambda: einsum("ij->ji->", x),
    "shape": lambda: einsum("ij,jk", x, x),
    "lists": lambda: einsum(x, [0, 1], y, [1, "k"]),
    "range": lambda: einsum(x, [0, 1], y, [1, 99]),
    "dtype": lambda: einsum("i->", dates),
    "asked dtype": lambda: einsum("ij->", x, dtype="nonsense"),
    "casting": lambda: einsum("ij,jk->ik", x, y, dtype="i4"),
    "rule": lambda: einsum("ij->", x, dtype="f8", casting="maybe"),
    "order": lambda: einsum("ij->", x, dtype="f8", order="X"),
    "read-only": lambda: einsum("ij,jk->ik", x, y, out=frozen),
    "out": lambda: einsum("ij,jk->ik", x, y, out=out_of["wrong"]),
    "out dtype": lambda: einsum("ij,jk->ik", x, y, out=out_of["int"]),
    "out broadcast": lambda: einsum(
        "ij,jk->ik", x, y, out=out_of["wrong and larger"], optimize=True
    ),
    "objects": lambda: einsum("ij,jk->ik", objects, letters),
    "object cast": lambda: einsum("i->", np.array(["a"], object), dtype=float, casting="unsafe"),
    "path": lambda: einsum("ij,jk->ik", x, y, optimize=["einsum_path", (0,), (0, 5)]),
    "name": lambda: einsum("ij,jk,kl", x, y, y.T, optimize="nonsense"),
    "keyword": lambda: einsum("ij", x, nope=1),
    "ragged": lambda: einsum("ij,j", x, [[1], [1, 2]]),
}


def call_quietly(function):
    try:
        return function()
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def counts():
    gc.collect()
    return (
        sys.getallocatedblocks(),
        _fasteinsum._allocated_blocks(),
        *(sys.getrefcount(thing) for thing in (x, y, swapped, square, objects, frozen)),
        *(sys.getrefcount(thing) for thing in (x.dtype, swapped.dtype, objects.dtype, None)),
    )


def growth(function, times):
    """The largest change of a count in that many calls."""
    before = counts()
    for _ in range(times):
        call_quietly(function)
    return max(abs(a - b) for a, b in zip(counts(), before, strict=True))


@pytest.mark.parametrize("function", [*GOOD.values(), *BAD.values()], ids=[*GOOD, *BAD])
def test_counts_stay_flat(function):
    growth(function, 50)
    # The interpreter's own caches fill once in a while; a leak would be 300 every time.
    assert any(growth(function, 300) < 30 for _ in range(3))


def resident_bytes():
    """What the process occupies; pages of the heap come and go."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_a_hundred_thousand_calls():
    """Of nearly all kinds, in turns: counts and resident memory stay what they were."""
    slow = {"many labels", "large"}
    functions = [call for name, call in [*GOOD.items(), *BAD.items()] if name not in slow]
    rounds = 100_000 // len(functions) + 1

    def call_all(times):
        for _ in range(times):
            for function in functions:
                call_quietly(function)

    call_all(rounds // 10)
    before, resident = counts(), resident_bytes()
    call_all(rounds)
    after = counts()
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 100
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # which holds freed memory back
        assert resident_bytes() - resident < 4_000_000


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("function", GOOD.values(), ids=GOOD)
def test_every_failing_allocation(function, for_good):
    """The n-th allocation fails, for every n until the call no longer gets that far."""
    expected = function()
    blocks = _fasteinsum._allocated_blocks()
    for n in itertools.count():
        cache_clear()
        _fasteinsum._fail_allocation(n, for_good)
        try:
            result = function()
            error = None
        except MemoryError as caught:
            error = caught
        finally:
            _fasteinsum._fail_allocation(-1, False)
        if error is None:
            np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(function(), expected)
        assert _fasteinsum._allocated_blocks() <= blocks + 8  # scratch kept for later calls
        if error is None and (for_good or n > 60):
            break
    assert n > 0 or function is _fasteinsum._config


def test_a_kept_plan_needs_no_memory():
    """But for a workspace, where the plan has one."""
    expected = x @ y
    einsum("ij,jk->ik", x, y)
    for n in range(3):
        _fasteinsum._fail_allocation(n, True)
        try:
            result = einsum("ij,jk->ik", x, y)
        except MemoryError:
            assert n == 0
        else:
            np.testing.assert_array_equal(result, expected)
        finally:
            _fasteinsum._fail_allocation(-1, False)


def test_a_failing_allocation_leaves_out_alone():
    expected = x @ y
    for n in range(40):
        cache_clear()
        out = np.full((3, 5), 7.0)
        _fasteinsum._fail_allocation(n, True)
        try:
            einsum("ij,jk->ik", x, y, out=out)
        except MemoryError:
            assert (out == 7).all()
        else:
            np.testing.assert_array_equal(out, expected)
        finally:
            _fasteinsum._fail_allocation(-1, False)


def test_scratch_is_not_taken_for_windows():
    """A product over windows needs memory of the order of its data, not of the windows."""
    long = np.ones(200_000)
    windows = np.lib.stride_tricks.sliding_window_view(long, 1000)
    np.testing.assert_array_equal(einsum("ij,j->i", windows, np.ones(1000)), 1000)
