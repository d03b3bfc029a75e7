"""docs/behaviour.md, row by row: the test `test_<name>` asserts the row `<name>`."""

import fractions
import os
import re
import signal
import threading
import warnings
from pathlib import Path

import fasteinsum
import numpy as np
import pytest
from fasteinsum import einsum, einsum_path
from numpy.testing import assert_array_equal

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "behaviour.md"

OPTIMIZE = [False, True, None, "optimal"]
every_optimize = pytest.mark.parametrize("optimize", OPTIMIZE, ids=str)


def numbers(*shape, dtype=np.float64):
    return np.arange(1, 1 + np.prod(shape, dtype=int), dtype=dtype).reshape(shape)


# ---- the document and this file are about the same things ----


def test_every_row_has_its_test_and_every_test_its_row():
    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    tests = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]
    tests.remove("every_row_has_its_test_and_every_test_its_row")
    assert len(rows) == len(set(rows))
    assert set(rows) == set(tests)


# ---- inputs ----


@every_optimize
def test_bytes_subscripts(optimize):
    a = numbers(2, 3)
    assert_array_equal(einsum(b"ij->ji", a, optimize=optimize), a.T)
    assert_array_equal(einsum(b"ij,kj->ik", a, a, optimize=optimize), a @ a.T)


@every_optimize
def test_nul_character(optimize):
    with pytest.raises(ValueError, match="character"):
        einsum("ij\0->ji", numbers(2, 3), optimize=optimize)
    with pytest.raises(ValueError, match="character"):
        einsum(b"ij\0->ji", numbers(2, 3), optimize=optimize)


@every_optimize
def test_bytes_beyond_ascii(optimize):
    with pytest.raises(OverflowError):
        einsum(b"\xe9j", numbers(2, 3), optimize=optimize)


@every_optimize
@pytest.mark.parametrize("order", [None, b"K", b"c"])
def test_order_none_or_bytes(order, optimize):
    a = numbers(2, 3)
    assert_array_equal(einsum("ij,kj->ik", a, a, order=order, optimize=optimize), a @ a.T)


@every_optimize
def test_more_than_52_axes(optimize):
    lower, upper = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    x = numbers(2, 3).reshape([2] + [1] * 25 + [1] * 5 + [3])  # 26 labels and 6 axes more
    y = np.array([10.0, 100.0]).reshape([2] + [1] * 25 + [1] * 6)
    result = einsum(f"{lower}...,{upper}...->...", x, y, optimize=optimize)
    assert_array_equal(result.ravel(), 110 * np.array([5, 7, 9]))
    assert result.shape == (1, 1, 1, 1, 1, 3)


@every_optimize
def test_blanks_inside_arrow_and_ellipsis(optimize):
    a = numbers(2, 3)
    assert_array_equal(einsum("i j - > j i", a, optimize=optimize), a.T)
    assert_array_equal(einsum(". . .i,i->. ..", a, np.ones(3), optimize=optimize), a.sum(axis=1))


@every_optimize
def test_ellipsis_missing_from_output(optimize):
    c = numbers(2, 3, 4)
    assert_array_equal(einsum("i...->i", c, optimize=optimize), c.sum(axis=(1, 2)))
    assert einsum("...->", c, optimize=optimize) == c.sum()
    v = numbers(4)
    assert_array_equal(einsum("...i,i->i", c, v, optimize=optimize), c.sum(axis=(0, 1)) * v)


@every_optimize
def test_two_output_ellipses(optimize):
    v = numbers(3)
    assert_array_equal(einsum("i->...i...", v, optimize=optimize), v)
    with pytest.raises(ValueError, match="output"):
        einsum("...i->...i...", numbers(2, 3), optimize=optimize)


@every_optimize
def test_bool_label(optimize):
    a = numbers(2, 3)
    assert_array_equal(einsum(a, [False, True], [True, False], optimize=optimize), a.T)


def test_negative_labels():
    a = numbers(2, 3)
    with pytest.raises(ValueError, match=r"-1.*range"):
        einsum(a, [-1, 0], [0, -1])
    for optimize in (True, None):
        assert_array_equal(einsum(a, [-1, 0], [0, -1], optimize=optimize), a.T)
        with pytest.raises(IndexError):
            einsum(a, [-53, 0], optimize=optimize)


@every_optimize
def test_none_as_output_list(optimize):
    a, b = numbers(2, 3), numbers(3, 4)
    assert_array_equal(einsum(a, [0, 1], b, [1, 2], None, optimize=optimize), a @ b)


@every_optimize
def test_long_label_lists(optimize):
    operands = []
    for i in range(40):  # 8 labels each, more than 255 letters together
        operands += [np.full([1] * 7 + [2], 1.0 + i % 2), list(range(8))]
    assert_array_equal(einsum(*operands, [7], optimize=optimize), np.full(2, 2.0**20))


@every_optimize
def test_many_operands(optimize):
    v = np.array([1.0, -1.0, 2.0])
    for count in (63, 64, 100):
        subscripts = ",".join(["i"] * count)
        assert_array_equal(einsum(subscripts + "->i", *[v] * count, optimize=optimize), v**count)
        assert einsum(subscripts + "->", *[v] * count, optimize=optimize) == np.sum(v**count)


def test_out_with_leading_axes():
    a = numbers(2, 3)
    out = np.zeros((4, 2, 2))
    with pytest.raises(ValueError, match="out"):
        einsum("ij,kj->ik", a, a, out=out)
    assert not out.any()
    for optimize in (True, None):
        out = np.zeros((4, 2, 2))
        assert einsum("ij,kj->ik", a, a, out=out, optimize=optimize) is out
        assert_array_equal(out, np.broadcast_to(a @ a.T, out.shape))


@every_optimize
def test_casting_is_safe_by_default(optimize):
    a = numbers(2, 3)
    out = np.full((2, 2), 7, dtype=np.int64)
    with pytest.raises(TypeError, match="safe"):
        einsum("ij,kj->ik", a, a, out=out, optimize=optimize)
    with pytest.raises(TypeError, match="safe"):
        einsum("ij,kj->ik", a, a, dtype=np.float32, optimize=optimize)
    assert_array_equal(out, 7)
    result = einsum("ij,kj->ik", a, a, dtype="f4", casting="same_kind", optimize=optimize)
    assert result.dtype == np.float32
    assert_array_equal(result, a @ a.T)


def test_contraction_into_0d_out():
    ones = np.ones(7)
    for optimize in (True, None, "optimal"):
        out = np.array(0)
        assert einsum("i,i->", ones, ones, out=out, optimize=optimize) is out
        assert out == 7
    with pytest.raises(TypeError, match="safe"):
        einsum("i,i->", ones, ones, out=np.array(0))


@every_optimize
def test_out_in_a_tuple(optimize):
    with pytest.raises(TypeError, match="out"):
        einsum("i,i->i", np.ones(3), np.ones(3), out=(np.zeros(3),), optimize=optimize)


@every_optimize
def test_out_that_overlaps_itself(optimize):
    storage = np.zeros(6)
    out = np.lib.stride_tricks.as_strided(storage, (4, 3), (8, 8))
    with pytest.raises(ValueError, match="overlap"):
        einsum("i,j->ij", np.ones(4), np.ones(3), out=out, optimize=optimize)
    assert_array_equal(storage, 0)


def test_path_optimizers():
    operands = numbers(2, 3), numbers(3, 4), numbers(4, 2)
    expected = operands[0] @ operands[1] @ operands[2]
    asked = []

    def optimizer(inputs, output, sizes, memory_limit=None):
        asked.append((inputs, output, sizes, memory_limit))
        return [(0, 2), (0, 1)]

    with pytest.raises(TypeError):
        np.einsum("ij,jk,kl->il", *operands, optimize=optimizer)
    assert_array_equal(einsum("ij,jk,kl->il", *operands, optimize=optimizer), expected)
    path, _ = einsum_path("ij,jk,kl->il", *operands, optimize=optimizer)
    assert path == ["einsum_path", (0, 2), (0, 1)]
    labels = [{"i", "j"}, {"j", "k"}, {"k", "l"}], {"i", "l"}, {"i": 2, "j": 3, "k": 4, "l": 2}
    assert asked == 2 * [(*labels, None)]


# ---- results ----


@every_optimize
def test_one_value_for_every_optimize(optimize):
    bytes_of_100 = np.full(3, 100, dtype=np.int8)
    square_of_100 = np.full((3, 3), 100, dtype=np.int8)

    result = einsum("ij,j->j", square_of_100, bytes_of_100, dtype="i8", optimize=optimize)
    assert_array_equal(result, np.full(3, 30000), strict=True)
    result = einsum("ij,k->k", square_of_100, np.full(3, 100), optimize=optimize)
    assert_array_equal(result, np.full(3, 90000), strict=True)
    flags = np.ones((3, 2), dtype=bool)
    result = einsum("ij,j->j", flags, np.ones(2, dtype=int), optimize=optimize)
    assert_array_equal(result, np.full(2, 3), strict=True)
    one = np.ones(1, dtype="i8")
    result = einsum("i,i,j->j", bytes_of_100, bytes_of_100, one, optimize=optimize)
    assert_array_equal(result, np.full(1, 30000), strict=True)
    out = np.zeros((), dtype=int)
    einsum("i,i->", np.ones(3, dtype=bool), np.ones(3, dtype=bool), out=out, optimize=optimize)
    assert out == 3


@every_optimize
def test_0d_results_are_scalars(optimize):
    v = numbers(3)
    assert type(einsum("i,i->", v, v, optimize=optimize)) is np.float64
    assert type(einsum("i->", v, optimize=optimize)) is np.float64
    assert type(einsum("", 5, optimize=optimize)) is np.int64
    objects = np.array([1, 2], dtype=object)
    assert type(einsum("i,i->", objects, objects, optimize=optimize)) is int


class Word(str):
    """Multiplication joins the words, so that it matters which comes first."""

    __slots__ = ()

    def __mul__(self, other):
        return Word(str(self) + str(other))

    def __radd__(self, other):
        assert other == 0  # what every sum starts from
        return self


@every_optimize
def test_objects_are_multiplied_from_left_to_right(optimize):
    x, y, z = (np.array([Word(letter)], dtype=object) for letter in "xyz")
    assert einsum("i,i->i", x, y, optimize=optimize)[0] == "xy"
    assert einsum("i,i,i->i", x, y, z, optimize=optimize)[0] == "xyz"
    thirds = np.array([fractions.Fraction(1, 3)] * 2, dtype=object)
    result = einsum("i,j,k->k", thirds, thirds, thirds, optimize=optimize)
    assert_array_equal(result, [fractions.Fraction(4, 27)] * 2)
    assert type(result[0]) is fractions.Fraction


@every_optimize
def test_subclasses_become_arrays(optimize):
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    assert type(einsum("i,i->i", masked, masked, optimize=optimize)) is np.ndarray
    assert einsum("i,i->", masked, masked, optimize=optimize) == 14
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    result = einsum("ij,ij->i", matrix, matrix, optimize=optimize)
    assert type(result) is np.ndarray
    assert_array_equal(result, [5, 25])


@every_optimize
def test_floating_point_state_is_left_alone(optimize):
    huge = np.array([1e300, np.inf])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert_array_equal(einsum("i,i->i", huge, huge, optimize=optimize), [np.inf, np.inf])
        assert np.isnan(einsum("i,i->", huge, np.array([1.0, 0.0]), optimize=optimize))


def test_order_of_contraction():
    """10^12 operations at once, and 10^12 elements (0, 2) on this path, that nobody waits for."""
    a = np.ones((1000, 1000))
    for optimize in (False, ["einsum_path", (0, 2), (0, 1)]):
        result = einsum("ij,jk,kl->il", a, a, a, optimize=optimize)
        assert_array_equal(result, np.full((1000, 1000), 1e6))
    greedy = ["einsum_path", (0, 1), (0, 1)]
    assert einsum_path("ij,jk,kl->il", a, a, a)[0] == greedy


def test_layout_does_not_depend_on_optimize():
    a, b, c = numbers(2, 3, 4), numbers(4, 5), numbers(5, 6)
    for subscripts, operands in (
        ("ijk,kl->ijl", (a, b)),
        ("ijk,kl->lij", (a.transpose(1, 0, 2), b)),
        ("...k,kl,lm->...m", (a, b, c)),
    ):
        for order in "KACF":
            layouts = {
                einsum(subscripts, *operands, order=order, optimize=optimize).strides
                for optimize in OPTIMIZE
            }
            assert layouts == {np.einsum(subscripts, *operands, order=order).strides}


# ---- faults of NumPy that are mended ----


def test_threads_do_not_change_results():
    x = np.random.default_rng(0).random((300, 300), np.float32)
    results = []
    for count in (1, 2, 5):
        with fasteinsum.threads(count):
            results.append(einsum("ij,jk->ik", x, x).tobytes())
    assert len(set(results)) == 1


def test_memory_of_large_results_is_kept():
    def place():
        return einsum("i,j->ij", row, row).__array_interface__["data"][0]

    row = np.ones(2100)
    before = fasteinsum.get_recycling()
    try:
        fasteinsum.set_recycling(64 << 20)
        assert place() == place()
        assert fasteinsum.show_config(mode="dicts")["recycling"]["kept"] == 8 * 2100**2
        fasteinsum.set_recycling(0)
        place()
        assert fasteinsum.show_config(mode="dicts")["recycling"]["kept"] == 0
    finally:
        fasteinsum.set_recycling(before)


def test_ctrl_c_ends_a_call():
    """The call would take many seconds, with hardly any memory."""
    many = fasteinsum.sliding_window_view(np.ones(800_000, np.float32), 400_000)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        einsum("ij->i", many)
    timer.join()
    assert einsum("ij->i", many[:2, :3]).tolist() == [3, 3]


@every_optimize
def test_diagonal_of_unequal_lengths(optimize):
    for shape in ((0, 5), (0, 1), (5, 0), (1, 3)):
        with pytest.raises(ValueError, match="'i'"):
            einsum("ii->i", np.zeros(shape), optimize=optimize)


@every_optimize
def test_label_used_128_times(optimize):
    cube = np.arange(1.0, 9.0).reshape(2, 2, 2)
    diagonal = np.array([1.0, 8.0])
    for count in (43, 86):  # 129 and 258 times
        operands = [cube / 4] * count
        subscripts = ",".join(["iii"] * count)
        expected = np.sum((diagonal / 4) ** count)
        assert einsum(subscripts, *operands, optimize=optimize) == expected


@every_optimize
def test_dtype_of_foreign_byte_order(optimize):
    for dtype in (">f8", "<f8"):
        result = einsum("i->", np.ones(3), dtype=dtype, optimize=optimize)
        assert result == 3
        product = einsum("i,j->ij", numbers(2), numbers(3), dtype=dtype, optimize=optimize)
        assert product.dtype == np.dtype(dtype)
        assert_array_equal(product, [[1, 2, 3], [2, 4, 6]])


@every_optimize
def test_dtype_without_arithmetic(optimize):
    spans = np.array([1, 2], dtype="m8[s]")
    raw = np.zeros(2, dtype="V4")
    for operand in (spans, raw):
        with pytest.raises(TypeError):
            einsum("i,i->i", operand, operand, optimize=optimize)
        with pytest.raises(TypeError):
            einsum("i,i->i", operand, operand, out=operand.copy(), optimize=optimize)
    with pytest.raises(TypeError):
        einsum("i->", np.array(["x"], object), dtype="M8[s]", casting="unsafe", optimize=optimize)


@every_optimize
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "i8"])
def test_complex_objects_in_real_out(dtype, optimize):
    out = np.ones((), dtype)
    with pytest.raises(TypeError, match="not 'complex'"):
        einsum(",->", 2 - 2j, 3 + 3j, dtype=object, casting="unsafe", out=out, optimize=optimize)
    assert out == 1


def test_positions_of_a_path():
    operands = numbers(2, 3), numbers(3, 4), numbers(4, 2)
    for step in ((-1, 0), (0, 0), (0, 3)):
        with pytest.raises(IndexError, match="position"):
            einsum("ij,jk,kl->il", *operands, optimize=["einsum_path", step, (0, 1)])
        with pytest.raises(IndexError, match="position"):
            einsum_path("ij,jk,kl->il", *operands, optimize=["einsum_path", step, (0, 1)])
    path = ["einsum_path", (0, 1), (0, 1)]
    expected = operands[0] @ operands[1] @ operands[2]
    assert_array_equal(einsum("ij,jk,kl->il", *operands, optimize=path), expected)


def test_path_without_steps_for_one_operand():
    a = numbers(2, 3)
    out = np.zeros(3)
    assert einsum("ij->j", a, out=out, optimize=["einsum_path"]) is out
    assert_array_equal(out, [5, 7, 9])
    assert einsum("ij->", a, optimize=["einsum_path"]) == 21


@every_optimize
def test_errors_about_numbers_of_axes(optimize):
    v = np.ones(3)
    for subscripts in ("->", ""):
        with pytest.raises(ValueError, match="operand 0"):
            einsum(subscripts, v, optimize=optimize)
        with pytest.raises(ValueError, match="operand 0"):
            einsum_path(subscripts, v, optimize=optimize)
    with pytest.raises(ValueError, match=r"operands \(1\)"):
        einsum("...i,...i", v, optimize=optimize)
    with pytest.raises(ValueError, match=r"operands \(1\)"):
        einsum_path("...i,...i", v, optimize=optimize)


@every_optimize
def test_empty_result(optimize):
    for dtype in ("G", "D", "d", "b"):
        some, none = np.ones(3, dtype), np.ones(0, dtype)
        result = einsum("i,j->ij", some, none, optimize=optimize)
        assert result.shape == (3, 0)
        assert result.dtype == np.dtype(dtype)
    x, y = np.ones((0, 1, 5), "G"), np.ones((5, 1))
    words = {"dtype": np.complex64, "casting": "unsafe", "optimize": optimize}
    assert einsum("abc,cd->ad", x, y, **words).shape == (0, 1)


@every_optimize
def test_empty_sum(optimize):
    hole = np.lib.stride_tricks.as_strided(np.array([np.nan]), (0, 4), (0, 8))
    broadcast = np.broadcast_to(np.nan, (0, 4))
    assert_array_equal(einsum("ij,ij->j", hole[:, ::2], broadcast[:, ::2], optimize=optimize), 0)
    assert_array_equal(einsum("ij->j", broadcast, optimize=optimize), np.zeros(4))


def test_text_with_nothing_to_multiply():
    text = {"dtype": "f4", "casting": "unsafe"}
    assert_array_equal(einsum("i,->i", np.ones(0, "f4"), np.array("no number"), **text), np.ones(0))
    assert einsum("i,j->", np.ones(0, "f4"), np.array(["no number"]), **text) == 0
    with pytest.raises(ValueError, match="no number"):
        einsum("i,->i", np.ones(1, "f4"), np.array("no number"), **text)


# ---- the answers of einsum_path ----


def test_letters_of_ellipses():
    _, text = einsum_path("...ij,...jk", numbers(7, 5, 2, 3), numbers(5, 3, 4))
    assert "Complete contraction:  yzij,zjk->yzik\n" in text
    _, text = einsum_path("...z,zy->...y", numbers(7, 5, 3), numbers(3, 4))
    assert "Complete contraction:  wxz,zy->wxy\n" in text


def test_einsum_call():
    a, b = numbers(2, 3), numbers(3, 4)
    with pytest.raises(ValueError, match="einsum_call"):
        einsum_path("ij,jk", a, b, einsum_call=True)
    assert einsum_path("ij,jk", a, b, einsum_call=False) == np.einsum_path("ij,jk", a, b)


# ---- accuracy ----


@every_optimize
def test_float16_is_summed_in_float32(optimize):
    ones = np.ones((4000, 2), dtype=np.float16)
    assert_array_equal(einsum("ij->j", ones, optimize=optimize), [4000, 4000])
    assert_array_equal(einsum("ij,ik->jk", ones, ones, optimize=optimize), np.full((2, 2), 4000))
    assert_array_equal(einsum("ij,ij->j", ones, ones, optimize=optimize), [4000, 4000])


@every_optimize
def test_long_float32_sums(optimize):
    rng = np.random.default_rng(0)
    tall = rng.random((1_000_000, 2), dtype=np.float32)
    exact = np.sum(tall.astype(np.float64) ** 2, axis=0)
    relative = np.abs(einsum("ij,ij->j", tall, tall, optimize=optimize) / exact - 1)
    assert np.all(relative < 1e-5)
    exact = tall.astype(np.float64).T @ tall.astype(np.float64)
    relative = np.abs(einsum("ij,ik->jk", tall, tall, optimize=optimize) / exact - 1)
    assert np.all(relative < 1e-5)


# ---- windows and strides ----


def test_sliding_window_view_steps():
    x = numbers(9)
    view = fasteinsum.sliding_window_view(x, 3, stride=2, dilation=2)
    assert_array_equal(view, [[1, 3, 5], [3, 5, 7], [5, 7, 9]])
    assert np.shares_memory(view, x)
    plain = np.lib.stride_tricks.sliding_window_view(x, 3)
    assert_array_equal(fasteinsum.sliding_window_view(x, 3), plain)


def test_window_one_longer_than_the_axis():
    assert fasteinsum.windows(numbers(4), 5).shape == (0, 5)
    with pytest.raises(ValueError, match="axis 0 of length 4"):
        fasteinsum.windows(numbers(4), 6)
    with pytest.raises(ValueError, match="window"):
        fasteinsum.sliding_window_view(numbers(4), 5)


def test_as_strided_is_checked():
    x = numbers(5)
    with pytest.raises(ValueError, match="reads bytes 0 to 47, but x holds bytes 0 to 39"):
        fasteinsum.as_strided(x, (6,), (8,))
    assert fasteinsum.as_strided(x, (6,), (8,), check_bounds=False).shape == (6,)
    with pytest.raises(ValueError, match="reads bytes"):
        fasteinsum.as_strided(x[1:3], (3,), (8,))


def test_as_strided_is_read_only():
    x = numbers(5)
    assert not fasteinsum.as_strided(x, (3,), (8,)).flags.writeable
    assert fasteinsum.as_strided(x, (3,), (8,), writeable=True).flags.writeable
    with pytest.raises(ValueError, match="overlap"):
        fasteinsum.as_strided(x, (3, 3), (8, 8), writeable=True)
    view = fasteinsum.as_strided(x, (3, 3), (8, 8), writeable=True, allow_overlap=True)
    assert view.flags.writeable
