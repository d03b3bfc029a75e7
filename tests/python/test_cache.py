"""Plans that are kept: found exactly for calls that are the same in all that a plan depends on."""

import sys
import threading

import fasteinsum
import numpy as np
import pytest
from fasteinsum import _fasteinsum, cache_clear, cache_info, einsum


@pytest.fixture(autouse=True)
def empty_cache():
    cache_clear()
    yield
    cache_clear()


def counts(function):
    """Hits and misses of a call."""
    before = cache_info()
    function()
    after = cache_info()
    return after["hits"] - before["hits"], after["misses"] - before["misses"]


HIT, MISS, NEITHER = (1, 0), (0, 1), (0, 0)

x = np.arange(12.0).reshape(3, 4)
y = np.arange(20.0).reshape(4, 5)
out = np.zeros((3, 5))


def grid(shape, dtype="f8", strides=None):
    """An array of its own with these strides in elements, in C order by default."""
    dtype = np.dtype(dtype)
    memory = np.zeros(1000, dtype)
    view = np.lib.stride_tricks.as_strided
    if strides is None:
        return memory[: int(np.prod(shape))].reshape(shape)
    return view(memory[500:], shape, [s * dtype.itemsize for s in strides])


BASE = ("ij,jk->ik", grid((3, 4)), grid((4, 5)))
OUT = {"out": grid((3, 5))}

# What differs from the call BASE, with or without out: one thing each.
DIFFERENT = {
    "subscripts": (("ij,jk->ki", *BASE[1:]), {}),
    "blanks": (("ij, jk->ik", *BASE[1:]), {}),
    "operand count": (("ij,jk,->ik", *BASE[1:], np.ones(())), {}),
    "dtype of the first": (("ij,jk->ik", grid((3, 4), "f4"), BASE[2]), {}),
    "dtype of the second": (("ij,jk->ik", BASE[1], grid((4, 5), "f4")), {}),
    "both dtypes": (("ij,jk->ik", grid((3, 4), "f4"), grid((4, 5), "f4")), {}),
    "name of the dtype": (("ij,jk->ik", grid((3, 4), "i8"), grid((4, 5), "i8")), {}),
    "rows": (("ij,jk->ik", grid((2, 4)), BASE[2]), {}),
    "sum": (("ij,jk->ik", grid((3, 3)), grid((3, 5))), {}),
    "cols": (("ij,jk->ik", BASE[1], grid((4, 6))), {}),
    "broadcast": (("ij,jk->ik", grid((3, 1)), BASE[2]), {}),
    "number of axes": (("...j,jk->...k", grid((1, 3, 4)), BASE[2]), {}),
    "row stride": (("ij,jk->ik", grid((3, 4), strides=(5, 1)), BASE[2]), {}),
    "column stride": (("ij,jk->ik", grid((3, 4), strides=(8, 2)), BASE[2]), {}),
    "transposed": (("ij,jk->ik", grid((4, 3)).T, BASE[2]), {}),
    "stride of the second": (("ij,jk->ik", BASE[1], grid((4, 5), strides=(6, 1))), {}),
    "negative stride": (("ij,jk->ik", grid((3, 4), strides=(-4, 1)), BASE[2]), {}),
    "stride zero": (("ij,jk->ik", grid((3, 4), strides=(0, 1)), BASE[2]), {}),
    "order": (BASE, {"order": "F"}),
    "optimize": (BASE, {"optimize": True}),
    "method": (BASE, {"optimize": "optimal"}),
    "casting": (BASE, {"casting": "unsafe"}),
    "dtype": (BASE, {"dtype": np.float64}),
    "dtype object": (BASE, {"dtype": np.dtype("f8")}),
    "out": (BASE, OUT),
    "stride of out": (BASE, {"out": grid((3, 5), strides=(6, 1))}),
    "layout of out": (BASE, {"out": grid((5, 3)).T}),
    "dtype of out": (BASE, {"out": grid((3, 5), "c16"), "casting": "unsafe"}),
    "rows of out": (("ij,jk->ik", grid((1, 4)), BASE[2]), OUT),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_every_difference_is_a_miss(kind):
    arguments, keywords = DIFFERENT[kind]
    for _ in range(2):
        einsum(*BASE)
        if "out" in kind and kind != "out":
            einsum(*BASE, **OUT)
    assert counts(lambda: einsum(*BASE)) == HIT
    assert counts(lambda: einsum(*arguments, **keywords)) == MISS
    assert counts(lambda: einsum(*BASE)) == HIT


def test_no_two_calls_share_their_words():
    """Numbers of one operand do not pass for those of the next."""
    calls = [
        ("i,jk->", np.ones(2), np.ones((3, 4))),
        ("ij,k->", np.ones((2, 3)), np.ones(4)),
        ("ij,k->", np.ones((2, 4)), np.ones(3)),
        ("ijk->", np.ones((2, 3, 4))),
        ("ijk->k", np.ones((2, 3, 4))),
        ("i,i,i->", np.ones(2), np.ones(2), np.ones(2)),
    ]
    for call in calls:
        assert counts(lambda call=call: einsum(*call)) == MISS
    for call in calls:
        assert counts(lambda call=call: einsum(*call)) == HIT
        np.testing.assert_array_equal(einsum(*call), np.einsum(*call))


def test_the_same_in_all_that_counts_is_a_hit():
    einsum(*BASE)
    assert counts(lambda: einsum("ij," + "jk->ik"[:], x, y)) == HIT  # another string, other arrays
    assert counts(lambda: einsum("".join(["ij,", "jk->ik"]), x.copy(), y)) == HIT
    larger = np.zeros((9, 4))
    assert counts(lambda: einsum("ij,jk->ik", larger[3:6], y)) == HIT  # not the address
    einsum(*BASE, out=out)
    np.testing.assert_array_equal(einsum("ij,jk->ik", x, y, out=out), x @ y)
    assert counts(lambda: einsum("ij,jk->ik", x, y, out=out)) == HIT
    frozen = x.copy()
    frozen.flags.writeable = False
    assert counts(lambda: einsum("ij,jk->ik", frozen, y)) == HIT


LISTS = (x, [0, 1], y, [1, 2], [0, 2])

# What differs from the call LISTS: one thing each.
DIFFERENT_LISTS = {
    "text": BASE,
    "label": (x, [0, 3], y, [3, 2], [0, 2]),
    "label of the result": (x, [0, 1], y, [1, 2], [2, 0]),
    "no result": (x, [0, 1], y, [1, 2]),
    "shorter result": (x, [0, 1], y, [1, 2], [2]),
    "ellipsis": (x, [..., 1], y, [1, 2], [..., 2]),
    "largest label": (x, [0, 51], y, [51, 2], [0, 2]),
    "operand count": (x, [0, 1], y, [1, 2], np.ones(()), [], [0, 2]),
    "dtype": (x.astype("f4"), [0, 1], y, [1, 2], [0, 2]),
}


@pytest.mark.parametrize("kind", DIFFERENT_LISTS)
def test_every_difference_between_lists_is_a_miss(kind):
    call = DIFFERENT_LISTS[kind]
    einsum(*LISTS)
    assert counts(lambda: einsum(*LISTS)) == HIT
    assert counts(lambda: einsum(*call)) == MISS
    assert counts(lambda: einsum(*call)) == HIT
    assert counts(lambda: einsum(*LISTS)) == HIT
    for arguments in (LISTS, call):
        np.testing.assert_allclose(einsum(*arguments), np.einsum(*arguments), rtol=1e-6)


def test_lists_are_known_by_what_they_hold():
    einsum(*LISTS)
    assert counts(lambda: einsum(x, (0, 1), y, (1, 2), (0, 2))) == HIT
    labels = [0, 2]
    assert counts(lambda: einsum(x, [0, 1], y, [1, 2], labels)) == HIT
    labels[:] = [2, 0]
    np.testing.assert_array_equal(einsum(x, [0, 1], y, [1, 2], labels), (x @ y).T)
    labels[:] = [0, 52]
    with pytest.raises(ValueError, match="52"):
        einsum(x, [0, 1], y, [1, 52], labels)
    with pytest.raises(ValueError, match="-1"):
        einsum(x, [0, -1], y, [-1, 2], [0, 2])
    result = np.zeros((3, 5))
    einsum(*LISTS, out=result)
    assert counts(lambda: einsum(*LISTS, out=result)) == HIT
    np.testing.assert_array_equal(result, x @ y)


def test_isa_and_strategy_are_part_of_the_key():
    einsum(*BASE)
    strategy = _fasteinsum._use_strategy("generic")
    try:
        assert counts(lambda: einsum(*BASE)) == MISS
    finally:
        _fasteinsum._use_strategy(strategy)
    assert counts(lambda: einsum(*BASE)) == HIT
    for isa in _fasteinsum._config()["isas_found"]:
        before = _fasteinsum._use_isa(isa)
        try:
            expected = HIT if isa == before else MISS
            assert counts(lambda: einsum(*BASE)) == expected
        finally:
            _fasteinsum._use_isa(before)
    assert counts(lambda: einsum(*BASE)) == HIT


class Other(np.ndarray):
    pass


def odd_address(array):
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    memory[...] = array
    assert not memory.flags.aligned
    return memory


NEVER_KEPT = {
    "unaligned": lambda: einsum("ij,jk->ik", odd_address(x), y),
    "foreign byte order": lambda: einsum("ij,jk->ik", x.astype(">f8"), y),
    "subclass": lambda: einsum("ij,jk->ik", x.view(Other), y),
    "list": lambda: einsum("ij,jk->ik", x.tolist(), y),
    "labels of another type": lambda: einsum(x, [np.int64(0), 1], y, [1, 2], [0, 2]),
    "lists of another type": lambda: einsum(x, np.array([0, 1]), y, [1, 2], [0, 2]),
    "true as a label": lambda: einsum(x, [0, True], y, [True, 2], [0, 2]),
    "many lists": lambda: einsum(x, [0, 1], y, [1, 2], *([np.ones(()), []] * 15), [0, 2]),
    "bytes": lambda: einsum(b"ij,jk->ik", x, y),
    "a path": lambda: einsum("ij,jk->ik", x, y, optimize=["einsum_path", (0, 1)]),
    "unaligned out": lambda: einsum("ij,jk->ik", x, y, out=odd_address(out)),
}


@pytest.mark.parametrize("kind", NEVER_KEPT)
def test_what_is_not_plain_goes_the_long_way(kind):
    for _ in range(3):
        einsum("ij,jk->ik", x, y)
        einsum("ij,jk->ik", x, y, out=out)
        hits_and_misses = counts(lambda: np.testing.assert_array_equal(NEVER_KEPT[kind](), x @ y))
        assert hits_and_misses == NEITHER


def test_what_is_converted_is_not_kept():
    for _ in range(3):
        assert counts(lambda: einsum("ij,jk->ik", x, y, dtype="f4", casting="unsafe")) == MISS
    objects = x.astype(object)
    for _ in range(3):
        assert counts(lambda: einsum("ij,jk->ik", objects, objects.T[:, :2])) == MISS


@pytest.mark.parametrize("dtype", ["?", "i1", "u4", "e", "f4", "g"])
def test_what_is_converted_while_it_is_read_is_kept(dtype):
    numbers = x.astype(dtype)
    expected = numbers @ y
    einsum("ij,jk->ik", numbers, y)
    for _ in range(2):
        result = []
        assert counts(lambda found=result: found.append(einsum("ij,jk->ik", numbers, y))) == HIT
        np.testing.assert_allclose(result[0], expected, rtol=1e-14)


def test_a_type_chosen_by_a_value_is_not_kept():
    """-1 and an uint64 make floats before NumPy 2, where 2 and an uint64 make an uint64."""
    unsigned = np.arange(3, dtype=np.uint64)
    for value in (2, -1, 2):
        scalar = np.array(value)
        assert counts(lambda scalar=scalar: einsum(",i->i", scalar, unsigned)) == MISS
        expected = np.einsum(",i->i", scalar, unsigned)
        assert einsum(",i->i", scalar, unsigned).dtype == expected.dtype
    one = np.array(1)
    einsum(",i->i", one, np.arange(3))
    assert counts(lambda: einsum(",i->i", one, np.arange(3))) == HIT


def test_errors_are_not_kept():
    for _ in range(3):
        with pytest.raises(ValueError, match="extent 4 in operand 0 but 3 in operand 1"):
            einsum("ij,jk->ik", x, x)
    assert cache_info()["currsize"] == 0


def test_values_of_a_mutable_argument_are_looked_at_each_time():
    path = ["einsum_path", (0, 1)]
    einsum("ij,jk->ik", x, y, optimize=path)
    path[1] = (0, 5)
    with pytest.raises(IndexError):
        einsum("ij,jk->ik", x, y, optimize=path)


class Changing:
    """A class, which is an object that can change."""

    dtype = np.dtype("f8")


def test_a_class_as_dtype_is_looked_at_each_time():
    assert einsum("ij->ij", x, dtype=Changing, order="F").dtype == np.float64
    einsum("i->", x[0], dtype=Changing)
    Changing.dtype = np.dtype("c16")
    assert einsum("i->", x[0], dtype=Changing).dtype == np.complex128


@pytest.mark.parametrize("make", [np.copy, lambda a: a.astype(">f8")], ids=["plain", "swapped"])
def test_out_that_overlaps(make):
    square = make(np.arange(9.0).reshape(3, 3))
    apart = np.zeros_like(square)
    for _ in range(3):
        einsum("ij,jk->ik", square, square, out=apart)
        inside = square.copy()
        assert einsum("ij,jk->ik", inside, inside, out=inside) is inside
        np.testing.assert_array_equal(inside, apart)


def test_out_that_is_read_only_is_refused_after_a_hit():
    einsum("ij,jk->ik", x, y, out=out)
    frozen = np.zeros((3, 5))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        einsum("ij,jk->ik", x, y, out=frozen)
    assert not frozen.any()


def test_views_are_those_of_each_operand():
    for _ in range(3):
        square = np.arange(9.0).reshape(3, 3)
        diagonal = einsum("ii->i", square)
        assert np.shares_memory(diagonal, square)
        diagonal[:] = -1
        np.testing.assert_array_equal(square.diagonal(), -1)
        square.flags.writeable = False
        assert not einsum("ii->i", square).flags.writeable
    marked = np.dtype("f8", metadata={"unit": "m"})
    for dtype in (float, marked, float):
        assert einsum("ij->ji", np.zeros((2, 2), dtype)).dtype.metadata == np.dtype(dtype).metadata
        assert einsum("ij,jk", *[np.zeros((2, 2), dtype)] * 2).dtype.metadata is None
    assert cache_info()["hits"] == 9


def test_scalars_and_types():
    for letter in "?bhilqBHILQefdgFDG":
        ones = np.ones(3, letter)
        for _ in range(2):
            for text in ("i,i->", "i->", "i,i->i", "i->i"):
                ours, theirs = (f(text, *[ones] * text.count("i,") + [ones]) for f in TWINS)
                assert type(ours) is type(theirs)
                assert ours.dtype.char == theirs.dtype.char
                np.testing.assert_array_equal(ours, theirs)
    assert type(einsum("->", np.array(2.0))) is np.float64
    assert type(einsum("->", np.array(2.0))) is np.float64


TWINS = (einsum, np.einsum)


def test_memory_layout_is_the_same_the_second_time():
    for order in "KACF":
        for shape in ((3, 4), (4, 3), (1, 3), (3, 1), (0, 3), (1, 1)):
            for a in (np.ones(shape), np.ones(shape[::-1]).T, np.ones(shape, order="F")):
                first, second = (einsum("ij,ij->ij", a, a, order=order) for _ in range(2))
                expected = np.einsum("ij,ij->ij", a, a, order=order)
                assert first.strides == second.strides == expected.strides
                assert first.flags.owndata
                assert second.flags.owndata


def test_the_cache_is_bounded():
    size = cache_info()["maxsize"]
    for n in range(3 * size):
        einsum("i->", np.ones(n))
        assert cache_info()["currsize"] <= size
    assert cache_info()["currsize"] > size // 2
    blocks = _fasteinsum._allocated_blocks()
    bytes_taken = cache_info()["bytes"]
    assert bytes_taken > 0
    cache_clear()
    assert cache_info() == dict(cache_info(), hits=0, misses=0, currsize=0, bytes=0)
    assert _fasteinsum._allocated_blocks() <= blocks - size // 2


def test_what_was_used_last_stays():
    keep = np.ones((2, 3))
    for n in range(2000):
        einsum("ij->", keep)
        einsum("i->", np.ones(n))
    assert cache_info()["hits"] == 1999


def test_large_plans_do_not_pile_up():
    for n in range(60):
        operands = [np.ones((2, 2))] * (60 + n)
        letters = "abcdefghij"
        terms = [letters[i % 9] + letters[i % 9 + 1] for i in range(len(operands))]
        einsum(",".join(terms) + "->", *operands)
        assert cache_info()["bytes"] <= 64 << 20


def test_nothing_leaks():
    def calls():
        einsum("ij,jk->ik", x, y)
        einsum("ij,jk->ik", x, y, out=out)
        einsum("ij,ij->", x, x)
        einsum("ij->ji", x)
        cache_clear()

    for _ in range(20):
        calls()
    before = [sys.getrefcount(thing) for thing in (x, y, out, x.dtype)]
    blocks = _fasteinsum._allocated_blocks()
    for _ in range(200):
        calls()
    after = [sys.getrefcount(thing) for thing in (x, y, out, x.dtype)]
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) < 20
    assert _fasteinsum._allocated_blocks() <= blocks


def test_threads_that_push_each_others_plans_out():
    """Runs long enough to give up the interpreter, with plans that are dropped meanwhile."""
    a = np.random.default_rng(0).standard_normal((120, 120))
    expected, failures = a @ a, []

    def work():
        for _ in range(30):
            result = einsum("ij,jk->ik", a, a)
            if not np.allclose(result, expected):
                failures.append(result)

    def disturb():
        for n in range(400):
            einsum("i->", np.ones(n))
            cache_clear()

    threads = [threading.Thread(target=target) for target in (work, work, disturb)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_the_names_are_public():
    assert {"cache_info", "cache_clear"} <= set(fasteinsum.__all__)
