"""What a call of einsum returns: values, views, types, layouts, out. numpy.einsum is asked live."""

import ctypes
import math
import platform
import threading
import warnings

import numpy as np
import pytest
from fasteinsum import _fasteinsum, einsum, threads

OPTIMIZE = [False, True, None, "greedy", "optimal", ("greedy", 1000)]


def array(*shape, dtype=np.float64, seed=0):
    """Small whole numbers: sums of products are exact in every type."""
    numbers = np.random.default_rng(seed).integers(-3, 4, shape)
    if np.dtype(dtype).kind == "c":
        numbers = numbers + 1j * np.random.default_rng(seed + 1).integers(-3, 4, shape)
    if np.dtype(dtype).kind in "bu":
        numbers = abs(numbers)
    return numbers.astype(dtype)


def assert_same(result, expected):
    """Type, dtype, shape and every element; NaN equals NaN."""
    assert type(result) is type(expected)
    if isinstance(expected, (np.ndarray, np.generic)):
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected)


# ---- values ----

EXPRESSIONS = [
    ("ij", [(2, 3)]),
    ("ji", [(2, 3)]),
    ("ba", [(2, 3)]),
    ("aB", [(2, 3)]),
    ("iI", [(2, 3)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iii->i", [(3, 3, 3)]),
    ("ijij->ij", [(2, 3, 2, 3)]),
    ("aabb->ab", [(2, 2, 3, 3)]),
    ("bbcdc->d", [(2, 2, 3, 4, 3)]),
    ("iij->ji", [(3, 3, 2)]),
    ("i->", [(5,)]),
    ("ij->", [(4, 5)]),
    ("ij->j", [(4, 5)]),
    ("ij->i", [(4, 5)]),
    ("", [()]),
    ("->", [()]),
    (",", [(), ()]),
    (",i->i", [(), (4,)]),
    ("i,->", [(4,), ()]),
    ("i,i", [(7,), (7,)]),
    ("i,i->i", [(7,), (7,)]),
    ("i,j", [(3,), (4,)]),
    ("i,j->ji", [(3,), (4,)]),
    ("i,i,i->i", [(5,), (1,), (1,)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ij,jk->ki", [(2, 3), (3, 4)]),
    ("ij,jk->ik", [(2, 1), (3, 4)]),
    ("ij,jk->ik", [(2, 0), (0, 3)]),
    ("ij,jk->ik", [(0, 2), (2, 3)]),
    ("bij,bjk->bik", [(3, 4, 5), (3, 5, 6)]),
    ("ij,ij->i", [(4, 5), (4, 5)]),
    ("ij,ik,i->jk", [(6, 2), (6, 3), (6,)]),
    ("z,mz,zm->", [(3,), (2, 3), (3, 2)]),
    ("ab,bc,cd,de", [(2, 3), (3, 4), (4, 2), (2, 3)]),
    ("ea,fb,abcd,gc,hd->efgh", [(2, 3), (2, 3), (3, 3, 3, 3), (2, 3), (2, 3)]),
    ("i...j->j...i", [(2, 3, 4)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("i...i", [(3, 4, 3)]),
    ("...i,...i", [(2, 3, 4), (3, 4)]),
    ("...i,i", [(2, 3, 4), (4,)]),
    ("...i,...j", [(3,), (4,)]),
    ("i...,j...", [(2, 3, 4), (3, 4)]),
    ("ij...,jk", [(2, 3, 4), (3, 2)]),
    ("ij...,j->ij...", [(2, 3, 4), (3,)]),
    ("...ij,...jk->...ik", [(2, 3, 4), (7, 1, 4, 5)]),
    ("...,...", [(), ()]),
    ("...,i->i", [(), (3,)]),
    ("i->...i", [(4,)]),
    ("i->...", [(4,)]),
    (" i j -> j i ", [(2, 3)]),
    ("ii,i->i", [(1, 1), (3,)]),
]


@pytest.mark.parametrize("optimize", OPTIMIZE, ids=str)
@pytest.mark.parametrize(("text", "shapes"), EXPRESSIONS, ids=lambda value: str(value))
def test_values_as_numpy(text, shapes, optimize):
    operands = [array(*shape, seed=i) for i, shape in enumerate(shapes)]
    assert_same(einsum(text, *operands, optimize=optimize), np.einsum(text, *operands))


@pytest.mark.parametrize("text", ["i...->i", "...->", "...i->i"])
@pytest.mark.parametrize("optimize", [False, True])
def test_an_ellipsis_missing_from_the_output_is_summed(text, optimize):
    x = array(2, 3, 2)
    expected = np.einsum(text, x, optimize=True)
    np.testing.assert_array_equal(einsum(text, x, optimize=optimize), expected)


LIST_CALLS = [
    lambda x, y: (x, [0, 1], y, [1, 2]),
    lambda x, y: (x, [0, 1], y, [1, 2], [2, 0]),
    lambda x, y: (x, (0, 1), y, range(1, 3), ()),
    lambda x, y: (x, np.array([0, 1]), y, [np.int8(1), np.uint64(2)]),
    lambda x, y: (x, [51, 25], y, [25, 26]),
    lambda x, y: (x, [..., 1], y, [1, ...], [...]),
    lambda x, y: (x, {0: "", 1: ""}, y, iter([1, 2]), [0, 2]),
    lambda x, y: (x, [np.array(0), 1], y, [1, 2]),
]


@pytest.mark.parametrize("make", LIST_CALLS)
def test_list_form(make):
    x, y = array(3, 3), array(3, 3, seed=1)
    assert_same(einsum(*make(x, y)), np.einsum(*make(x, y)))


def test_list_form_extras():
    x = array(2, 3)
    assert_same(einsum(x, [False, True]), x[:])
    assert_same(einsum(x, [1, 0], None), x.T)
    assert_same(einsum(x, [-1, -2], optimize=True), np.einsum(x, [51, 50]))
    many = [part for _ in range(40) for part in (np.ones((2,) * 8), range(8))]
    assert einsum(*many, []) == 2**8


def test_string_types():
    x = array(2, 3)
    for text in (b"ij->ji", np.str_("ij->ji"), "ij - > ji"):
        assert_same(einsum(text, x), x.T)


def test_operands_of_any_kind():
    assert_same(einsum("i,i", [1, 2], (3.0, 4.0)), np.float64(11))
    assert_same(einsum(",i->i", 2.0, np.ones(3, np.complex128)), np.full(3, 2 + 0j))
    assert_same(einsum("i->i", range(3)), np.arange(3))
    assert_same(einsum("i->", bytearray(b"\1\2")), np.uint8(3))
    assert einsum("", None) is None
    assert einsum("", {"a": 1}) == {"a": 1}
    assert_same(einsum("", "abc"), np.str_("abc"))


@pytest.mark.parametrize("count", [64, 100, 300])
def test_many_operands(count):
    assert einsum(",".join("i" * count) + "->", *[np.ones(2)] * count) == 2


def test_many_occurrences_of_a_label():
    """NumPy's own counter overflows at 128."""
    operand = np.ones((2,) * 8)
    for count in (16, 17, 33):
        assert einsum(",".join(["i" * 8] * count), *[operand] * count) == 2


# ---- dtypes ----

NUMBERS = "?bBhHiIlLqQefdgFDG"
PRODUCT = "ij,jk->ik"


@pytest.mark.parametrize("one", NUMBERS)
@pytest.mark.parametrize("other", NUMBERS)
def test_promotion(one, other):
    x, y = array(2, 3, dtype=one), array(3, 2, dtype=other, seed=5)
    assert_same(einsum(PRODUCT, x, y), np.einsum(PRODUCT, x, y))


@pytest.mark.parametrize("one", NUMBERS)
@pytest.mark.parametrize("value", [2, 300, -1, True, 1.5, 1e60, 2j], ids=str)
def test_promotion_of_scalars(one, value):
    """By their values before NumPy 2, by their dtypes since."""
    x = array(3, dtype=one)
    for scalar in (value, np.array(value), np.float16(2), np.uint64(200)):
        expected = np.einsum(",i->i", scalar, x)
        assert_same(einsum(",i->i", scalar, x), expected)
        assert_same(einsum(",i->i", scalar, x, optimize=True), expected)
        assert_same(einsum(",->", scalar, x[0]), np.einsum(",->", scalar, x[0]))


@pytest.mark.parametrize("before", [0, 1000, 2**40])
def test_promotion_with_an_out_of_no_axes(before):
    hundreds, out, expected = np.full(3, 100, np.int8), np.array(before), np.array(before)
    try:
        np.einsum("i->", hundreds, out=expected)
    except TypeError:
        with pytest.raises(TypeError):
            einsum("i->", hundreds, out=out)
    else:
        einsum("i->", hundreds, out=out)
    assert out == expected


@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind", "unsafe"])
def test_casting_of_scalars(casting):
    """2 goes into an int8 safely, as a value, before NumPy 2."""
    x = np.ones(3, np.int8)
    for value, dtype in ((2, None), (300, None), (2, np.int8), (2.0, np.float32), (0.1, "f4")):
        words = {"casting": casting, "dtype": dtype}
        try:
            expected = np.einsum(",i->i", value, x, **words)
        except TypeError:
            with pytest.raises(TypeError):
                einsum(",i->i", value, x, **words)
        else:
            assert_same(einsum(",i->i", value, x, **words), expected)


@pytest.mark.parametrize("code", NUMBERS + "O")
@pytest.mark.parametrize("text", ["ij->j", "ij->", "ij,ij->ij", "ij,kj->ik", "ij,jk,kl->il"])
def test_every_dtype(code, text):
    operands = [array(3, 3, dtype=code, seed=i) for i in range(text.count(",") + 1)]
    assert_same(einsum(text, *operands), np.einsum(text, *operands))


@pytest.mark.parametrize("code", ["i8", "u2", "f2", "f4", "f8", "c8", "c16", "g", "G"])
@pytest.mark.parametrize("text", ["ij->j", "ij,ij->ij", "ij,jk->ik"])
def test_foreign_byte_order(code, text):
    native = [array(3, 3, dtype=code, seed=i) for i in range(text.count(",") + 1)]
    swapped = [x.astype(x.dtype.newbyteorder()) for x in native]
    assert_same(einsum(text, *swapped), np.einsum(text, *native))
    assert einsum("ij->ji", swapped[0]).dtype == swapped[0].dtype


def unaligned(values):
    memory = np.zeros(values.nbytes + 1, np.uint8)
    result = memory[1:].view(values.dtype).reshape(values.shape)
    result[...] = values
    return result


@pytest.mark.parametrize("code", ["i2", "i8", "f4", "f8", "c16", "g", "O"])
def test_misaligned_operands(code):
    if code == "O":
        record = np.zeros(4, np.dtype([("pad", "i1"), ("x", "O")]))
        record["x"] = [1, 2, 3, 4]
        assert einsum("i,i", record["x"], record["x"]) == 30
        return
    x, y = array(3, 4, dtype=code), array(4, 2, dtype=code, seed=1)
    assert_same(einsum(PRODUCT, unaligned(x), unaligned(y)), np.einsum(PRODUCT, x, y))


def converted_views():
    """Views whose elements must be converted first, and the text to read them with."""
    long = array(40, dtype=">f8")
    window = np.lib.stride_tricks.sliding_window_view
    yield "windows", window(long, 7), "ij,j->i", array(7)
    yield "windows, reversed", window(long, 7)[::-1, ::-1], "ij,j->i", array(7)
    yield "windows with gaps", window(long, 7)[::3, ::2], "ij,j->i", array(4)
    yield "windows 2-d", window(array(8, 9, dtype=">f4"), (3, 3)), "abij,ij->ab", array(3, 3)
    yield "broadcast", np.broadcast_to(array(5, dtype=">f8"), (4, 5)), "ij,j->i", array(5)
    yield "broadcast scalar", np.broadcast_to(np.array(3, ">i4"), (4, 5)), "ij,j->i", array(5)
    yield "sparse slice", array(30, 30, dtype=">f8")[::7, ::5], "ij,j->i", array(6)
    yield "transposed", array(6, 5, dtype=">f8").T, "ij,j->i", array(6)
    yield "int windows", window(np.arange(20, dtype=np.int16), 4), "ij,j->i", array(4)
    yield "object windows", window(np.arange(20).astype(object), 4), "ij,j->i", array(4)
    record = np.zeros(20, np.dtype([("x", "i2"), ("y", "f8")]))
    record["y"] = np.arange(20)
    yield "field windows", window(record["y"], 4), "ij,j->i", array(4, dtype="g")


@pytest.mark.parametrize(
    ("view", "text", "other"), [pytest.param(*rest, id=name) for name, *rest in converted_views()]
)
def test_converted_views(view, text, other):
    assert_same(einsum(text, view, other), np.einsum(text, view.copy(), other))


def test_windows_are_not_materialised_by_conversion():
    """2e5 windows of 2e5 elements: 320 GB as an array of its own."""
    long = np.ones(400_000, ">f8")
    view = np.lib.stride_tricks.sliding_window_view(long, 200_000)[::40_000]
    assert_same(einsum("ij->i", view), np.full(6, 200_000.0))
    wide = np.broadcast_to(np.ones(3, ">f8"), (10**10, 3))
    assert einsum("ij->j", wide[:5]).tolist() == [5, 5, 5]
    assert einsum("ij,j->i", wide[: 10**5], np.ones(3))[-1] == 3


CASTS = [
    ({"dtype": "f8"}, "f4", "f4"),
    ({"dtype": "f4"}, "f8", "f8"),
    ({"dtype": "f4", "casting": "same_kind"}, "f8", "f8"),
    ({"dtype": "c16"}, "f8", "f4"),
    ({"dtype": "i8"}, "i1", "i1"),
    ({"dtype": "i1", "casting": "unsafe"}, "f8", "i8"),
    ({"dtype": "u1", "casting": "unsafe"}, "i1", "i1"),
    ({"dtype": "f2", "casting": "same_kind"}, "f4", "f4"),
    ({"dtype": bool, "casting": "unsafe"}, "f8", "i8"),
    ({"dtype": object}, "i8", "i8"),
    ({"dtype": np.float64}, "?", "?"),
    ({"casting": "no"}, "f8", "f8"),
    ({"casting": "no"}, "f8", "f4"),
    ({"casting": "no"}, ">f8", "f8"),
    ({"casting": "equiv"}, ">f8", "f8"),
    ({"casting": b"equiv", "order": b"C"}, "f8", "f8"),
    ({"dtype": None, "order": None}, "f8", "f8"),
    ({"dtype": "l"}, "q", "l"),
]


class TestDtypeAndCasting:
    @pytest.mark.parametrize(("keywords", "one", "other"), CASTS, ids=str)
    def test_as_numpy(self, keywords, one, other):
        x, y = array(3, 3, dtype=one), array(3, 3, dtype=other, seed=2)
        try:
            expected = np.einsum(PRODUCT, x, y, **keywords)
        except TypeError:
            with pytest.raises(TypeError, match=r"operand \d cannot be cast"):
                einsum(PRODUCT, x, y, **keywords)
        else:
            assert_same(einsum(PRODUCT, x, y, **keywords), expected)

    @pytest.mark.parametrize("optimize", [False, True])
    def test_foreign_byte_order_of_the_result(self, optimize):
        x = array(3, 4)
        result = einsum("ij->i", x, dtype=">f8", optimize=optimize)
        assert result.dtype == np.dtype(">f8")
        np.testing.assert_array_equal(result, x.sum(1))
        assert result.flags.owndata

    def test_strings_by_unsafe_cast(self):
        assert einsum("i->", ["1", "2"], dtype=int, casting="unsafe") == 3
        with pytest.raises(ValueError, match="invalid literal"):
            einsum("i->", ["a"], dtype=int, casting="unsafe")

    def test_complex_to_real_warns_once_per_operand(self):
        x = array(3, dtype=complex)
        with pytest.warns(np.exceptions.ComplexWarning) as caught:
            result = einsum("i,i->", x, x, dtype=float, casting="unsafe")
        assert len(caught) == 2
        assert result == (x.real**2).sum()

    def test_values_are_those_of_the_default_path(self):
        """NumPy's optimize=True sums in the wrong type here."""
        hundreds = np.full((3, 3), 100, np.int8)
        row = np.full(3, 100, np.int8)
        for optimize in OPTIMIZE:
            result = einsum("ij,j->j", hundreds, row, dtype="i8", optimize=optimize)
            assert result.tolist() == [30000] * 3
            result = einsum("ij,k->k", hundreds, np.full(3, 100), optimize=optimize)
            assert result.tolist() == [90000] * 3
            count = einsum("ij,j->j", np.ones((3, 2), bool), np.ones(2, int), optimize=optimize)
            assert count.tolist() == [3, 3]

    def test_half_accumulates_in_single(self):
        ones = np.ones((4000, 4), np.float16)
        assert einsum("ij->j", ones).tolist() == [4000] * 4
        assert einsum("i,i->", np.float16([300, 300]), np.float16([300, -300])) == 0


# ---- views ----

VIEWS = ["ij", "ij->ij", "ji", "ii->i", "...", "...->...", "i...->...i", "j...i->ij..."]


@pytest.mark.parametrize("optimize", OPTIMIZE, ids=str)
@pytest.mark.parametrize("text", VIEWS)
@pytest.mark.parametrize("code", ["f8", ">i4", "O", "S3", "U2", "M8[D]", "V5", "f4,i2"])
def test_views(text, optimize, code):
    operand = np.zeros((3, 3), code)
    expected = np.einsum(text, operand)
    result = einsum(text, operand, optimize=optimize)
    assert type(result) is np.ndarray
    assert result.base is operand
    assert result.dtype == operand.dtype
    assert result.strides == expected.strides
    assert result.shape == expected.shape
    assert result.__array_interface__["data"] == expected.__array_interface__["data"]
    assert result.flags.writeable


def test_views_write_through():
    square = np.zeros((3, 3))
    einsum("ii->i", square)[:] = 1
    np.testing.assert_array_equal(square, np.eye(3))


def test_views_of_read_only_and_broadcast_arrays():
    frozen = np.zeros((3, 3))
    frozen.flags.writeable = False
    assert not einsum("ij->ji", frozen).flags.writeable
    assert not einsum("ij->ji", np.broadcast_to(1.0, (2, 3))).flags.writeable


def test_chains_of_views_collapse():
    owner = np.zeros((4, 4))
    assert einsum("ij->ji", owner[1:]).base is owner
    matrix = np.zeros((3, 3)).view(type("Sub", (np.ndarray,), {})).copy()
    view = einsum("ij->ji", matrix)
    assert type(view) is np.ndarray
    assert view.base.base is matrix


def test_a_view_is_a_new_object():
    operand = np.zeros(3)
    assert einsum("i", operand) is not operand


def test_views_ignore_dtype_casting_and_order():
    operand = array(2, 3)
    view = einsum("ij", operand, dtype="f4", casting="no", order="F")
    assert view.base is operand
    assert view.dtype == np.float64
    assert view.flags.c_contiguous


def test_views_of_strided_memory():
    operand = array(5, 6)[::-2, ::3]
    assert_same(einsum("ij->ji", operand), operand.T)
    assert einsum("ij->ji", operand).strides == operand.T.strides


def test_diagonal_of_an_empty_array():
    """NumPy returns a view outside of the memory."""
    for shape, text in [((0, 5), "ii->i"), ((0, 1), "ii->i"), ((0, 5, 5), "iii->i")]:
        with pytest.raises(ValueError, match="'i'"):
            einsum(text, np.zeros(shape))
    assert einsum("ii->i", np.zeros((0, 0))).shape == (0,)


# ---- the type of the result ----

SCALARS = [
    ("", (5,)),
    ("...", (np.array(5),)),
    ("i->", (np.ones(3, np.float32),)),
    ("i,i", (np.ones(3), np.ones(3))),
    ("ij,jk->", (np.ones((2, 3), np.int16), np.ones((3, 2), np.int16))),
    (",->", (True, False)),
]


@pytest.mark.parametrize("optimize", OPTIMIZE, ids=str)
@pytest.mark.parametrize(("text", "operands"), SCALARS, ids=lambda value: str(value)[:12])
def test_results_without_axes_are_scalars(text, operands, optimize):
    assert_same(einsum(text, *operands, optimize=optimize), np.einsum(text, *operands))


def test_subclasses_are_reduced():
    matrix = array(3, 3).view(type("Sub", (np.ndarray,), {}))
    assert type(einsum("ij,jk->ik", matrix, matrix, optimize=True)) is np.ndarray
    masked = np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0])
    assert_same(einsum("i,i", masked, masked, optimize=True), np.float64(14))


def test_foreign_arrays_go_to_numpy():
    class Foreign:
        def __array_function__(self, function, types, args, kwargs):
            return function, args, kwargs

    foreign = Foreign()
    for args, kwargs in [
        (("ij->ji", foreign), {"optimize": True}),
        (([1], foreign), {}),
        (("i->i", np.ones(3)), {"out": foreign}),
    ]:
        function, given, keywords = einsum(*args, **kwargs)
        assert function is np.einsum
        assert given == args
        assert keywords == kwargs


def test_refusal_by_a_foreign_array():
    class Refuses:
        __array_function__ = lambda *_: NotImplemented  # noqa: E731

    with pytest.raises(TypeError, match="no implementation found"):
        einsum("i->", Refuses())


# ---- the layout of new results ----

LAYOUTS = [
    ("ij,jk->ik", ("C", "C")),
    ("ij,jk->ik", ("F", "F")),
    ("ij,jk->ik", ("C", "F")),
    ("ij,jk->ki", ("C", "C")),
    ("ijk,j->kij", ("C", "C")),
    ("...ft,mf->...mt", ("F", "F")),
    ("...ft,mf->...mt", ("F", "C")),
    ("ii,i->i", ("C", "C")),
    ("i,j->ij", ("C", "C")),
    ("aib,bj->jia", ("F", "C")),
]
EXTENTS = {"f": 2, "t": 5, "m": 4, ".": 2}


def layout_operands(text, layouts):
    """Extent 3 but for a few labels; the ellipsis stands for one axis."""
    terms = text.split("->")[0].replace("...", ".").split(",")
    shapes = [[EXTENTS.get(label, 3) for label in term] for term in terms]
    return [
        np.array(array(*shape, seed=i), order=layout)
        for i, (shape, layout) in enumerate(zip(shapes, layouts, strict=True))
    ]


@pytest.mark.parametrize("order", ["K", "A", "C", "F", "k", "f"])
@pytest.mark.parametrize(("text", "layouts"), LAYOUTS)
def test_layout_as_numpy(text, layouts, order):
    operands = layout_operands(text, layouts)
    result, expected = (f(text, *operands, order=order) for f in (einsum, np.einsum))
    assert_same(result, expected)
    assert result.strides == expected.strides
    assert result.flags.owndata
    assert result.base is None
    assert result.flags.writeable


@pytest.mark.parametrize("order", ["A", "C", "F"])
@pytest.mark.parametrize(("text", "layouts"), LAYOUTS)
def test_layout_with_optimize(text, layouts, order):
    operands = layout_operands(text, layouts)
    plain, optimized = (einsum(text, *operands, order=order, optimize=o) for o in (False, True))
    assert plain.strides == optimized.strides


def test_layout_follows_the_operands_as_passed():
    x = np.asfortranarray(array(3, 4, dtype=">f4"))
    y = np.asfortranarray(array(3, 4, dtype="f8"))
    assert einsum("ij,ij->ij", x, y).strides == np.einsum("ij,ij->ij", x, y).strides


def test_layout_follows_operands_that_become_objects():
    """Their own type is none that is computed with; the sum is empty, so that nothing is."""
    none = np.zeros(0, object)
    for dtype in ("M8[s]", "U1", "V8"):
        x = np.zeros((2, 3), dtype, order="F")
        expected = np.einsum("ij,k->ij", x, none, order="A")
        assert einsum("ij,k->ij", x, none, order="A").strides == expected.strides == (8, 16)


# ---- out ----


@pytest.mark.parametrize("optimize", OPTIMIZE, ids=str)
@pytest.mark.parametrize(("text", "shapes"), EXPRESSIONS, ids=lambda value: str(value))
def test_out_is_filled_and_returned(text, shapes, optimize):
    operands = [array(*shape, seed=i) for i, shape in enumerate(shapes)]
    expected = np.einsum(text, *operands)
    out = np.full(np.shape(expected), np.nan)
    assert einsum(text, *operands, out=out, optimize=optimize) is out
    np.testing.assert_array_equal(out, expected)


OUTS = {
    "fortran": lambda: np.zeros((3, 3), order="F"),
    "transposed": lambda: np.zeros((3, 3)).T,
    "reversed": lambda: np.zeros((3, 3))[::-1, ::-1],
    "slice": lambda: np.zeros((9, 9))[1:7:2, ::3],
    "swapped": lambda: np.zeros((3, 3), ">f8"),
    "misaligned": lambda: unaligned(np.zeros((3, 3))),
    "wider": lambda: np.zeros((3, 3), "c16"),
    "long double": lambda: np.zeros((3, 3), "g"),
    "object": lambda: np.zeros((3, 3), "O"),
    "subclass": lambda: np.zeros((3, 3)).view(type("Sub", (np.ndarray,), {})),
}


@pytest.mark.parametrize("make", OUTS.values(), ids=OUTS)
@pytest.mark.parametrize("text", ["ij,jk->ik", "ij,ij->ij", "ij,jk->ki"])
def test_kinds_of_out(make, text):
    x, y = array(3, 3), array(3, 3, seed=1)
    out, expected = make(), make()
    casting = "same_kind" if out.dtype.kind in "c" or out.dtype.char == "g" else "safe"
    casting = "unsafe" if out.dtype == object or out.dtype.kind == "c" else casting
    assert einsum(text, x, y, out=out, casting=casting) is out
    np.einsum(text, x, y, out=expected, casting=casting)
    np.testing.assert_array_equal(out, expected)


def test_gaps_of_out_are_left_alone():
    memory = np.full((6, 6), 7.0)
    einsum("ij,jk->ik", np.ones((3, 2)), np.ones((2, 3)), out=memory[::2, ::2])
    assert (memory[::2, ::2] == 2).all()
    assert (memory[1::2] == 7).all()
    assert (memory[:, 1::2] == 7).all()


def test_out_sets_the_precision():
    hundreds = np.full((3, 1), 100, np.int8)
    for optimize in OPTIMIZE:
        out = np.zeros(1, np.int64)
        assert einsum("ij,ij->j", hundreds, hundreds, out=out, optimize=optimize) is out
        assert out == 30000
        bools = np.ones((3, 1), bool)
        assert einsum("ij,ij->j", bools, bools, out=out, optimize=optimize) == 3


def test_out_stretches_labels_of_extent_one():
    assert einsum("i->i", np.ones(1), out=np.zeros(4)).tolist() == [1] * 4
    assert einsum("i,i->i", [2.0], [3.0], out=np.zeros(4)).tolist() == [6] * 4


def test_out_none_is_absent():
    assert_same(einsum("i->", np.ones(3), out=None), np.float64(3))


def test_out_without_axes_with_optimize():
    """NumPy's own tests demand it."""
    ones = np.ones(7)
    for optimize in OPTIMIZE[1:]:
        out = np.array(0)
        assert einsum("i,i->", ones, ones, out=out, optimize=optimize) is out
        assert out == 7
        with pytest.raises(TypeError):
            einsum("i,i->", ones, ones, out=out, optimize=optimize, casting="same_kind")
        with pytest.raises(TypeError):
            einsum("i->", ones, out=out, optimize=optimize)
    with pytest.raises(TypeError):
        einsum("i,i->", ones, ones, out=np.array(0))


def test_out_with_surplus_axes():
    x, y = array(2, 3), array(3, 4)
    out = np.zeros((5, 2, 4))
    assert einsum(PRODUCT, x, y, out=out, optimize=True) is out
    np.testing.assert_array_equal(out, np.broadcast_to(x @ y, (5, 2, 4)))
    with pytest.raises(ValueError, match=r"out has 3 axes.*needs 2"):
        einsum(PRODUCT, x, y, out=out)
    untouched = np.full((5, 3, 4), 7.0)
    with pytest.raises(ValueError, match="broadcast"):
        einsum(PRODUCT, x, y, out=untouched, optimize=True)
    assert (untouched == 7).all()


def overlaps():
    """Calls whose out shares memory with an operand, as functions of a fresh 4 x 4 array."""
    yield "itself", lambda m: ("ij->ij", m), lambda m: m
    yield "transposed", lambda m: ("ij->ji", m), lambda m: m
    yield "into the transpose", lambda m: ("ij->ij", m), lambda m: m.T
    yield "reversed", lambda m: ("ij->ij", m), lambda m: m[::-1]
    yield "square", lambda m: ("ij,jk->ik", m, m), lambda m: m
    yield "shifted", lambda m: ("ij,ij->ij", m[:-1], m[1:]), lambda m: m[1:]
    yield "diagonal into a row", lambda m: ("ii->i", m), lambda m: m[1]
    yield "row sums into a column", lambda m: ("ij->i", m), lambda m: m[:, 2]
    yield "elementwise", lambda m: ("ij,ij->ij", m, m), lambda m: m
    yield "sum into an element", lambda m: ("ij->", m), lambda m: m[1, 2, ...]
    yield "other bytes", lambda m: ("ij->ij", m[:2, :2]), lambda m: m.view(">f8")[1:3, 1:3]


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(
    ("call", "target"), [pytest.param(*rest, id=name) for name, *rest in overlaps()]
)
def test_out_may_overlap_operands(call, target, optimize):
    memory = array(4, 4)
    text, *operands = call(memory.copy())
    expected = einsum(text, *operands)
    out = target(memory)
    assert einsum(*call(memory), out=out, optimize=optimize) is out
    np.testing.assert_array_equal(out, expected)


def test_out_may_overlap_a_converted_operand():
    memory = np.arange(4.0)
    other = memory.view(">f8")
    expected = einsum("i->i", other.copy(), out=np.zeros(4))
    einsum("i->i", other, out=memory)
    np.testing.assert_array_equal(memory, expected)


@pytest.mark.parametrize("strides", [(0, 8), (8, 8), (8, 0)])
@pytest.mark.parametrize("optimize", [False, True])
def test_out_that_overlaps_itself(strides, optimize):
    out = np.lib.stride_tricks.as_strided(np.zeros(5), (3, 3), strides)
    with pytest.raises(ValueError, match="fold"):
        einsum("ij->ij", np.ones((3, 3)), out=out, optimize=optimize)
    assert not out.any()


def test_empty_results_and_sums():
    for code in "?bifdgFGO":
        x = np.zeros((2, 0), code)
        assert_same(einsum("ij->i", x), np.einsum("ij->i", x))
        assert_same(einsum("ij->", x), np.einsum("ij->", x))
        out = np.full(2, 5, code)
        einsum("ij->i", x, out=out)
        assert not out.any()
        assert einsum("ij->j", x).shape == (0,)
    nan = np.broadcast_to(np.nan, (0,))
    assert einsum("i,i->", nan, np.zeros(0)) == 0


def test_strides_of_empty_results():
    ours, theirs = (f("i,j->ij", np.ones(3), np.ones(0)) for f in (einsum, np.einsum))
    assert ours.strides == theirs.strides


# ---- floating point ----


def test_special_values():
    x, y = np.array([0.0, np.inf, np.nan, -0.0]), np.array([np.inf, -1.0, 2.0, 3.0])
    for text in ("i,i->i", "i,j->ij", "i,i->"):
        np.testing.assert_array_equal(einsum(text, x, y), np.einsum(text, x, y))
    z = np.array([complex(np.inf, 0)])
    np.testing.assert_array_equal(einsum("i,i->i", z, z), np.einsum("i,i->i", z, z))


@pytest.mark.parametrize("code", ["f2", "f4", "f8", "g", "F", "D"])
@pytest.mark.parametrize("text", ["i,i->i", "i,j->ij", "i,i->", "i->"])
def test_zeros_are_positive(code, text):
    operands = [np.array([-0.0], code), np.array([1], code)][: text.count(",") + 1]
    assert not np.signbit(np.real(einsum(text, *operands))).any()


def test_no_warnings_and_no_errstate():
    huge = np.array([1e300, 1e300])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert np.isinf(einsum("i,i->", huge, huge))
        assert np.isinf(einsum("i->", huge, dtype="f4", casting="same_kind"))
        assert np.isinf(einsum("i,->i", huge, 1e300, dtype="f4", casting="same_kind")).all()
        out = np.zeros((), "i1")
        einsum("i,i->", [1e5], [1e5], out=out, optimize=True)
        small = np.zeros(2, "f4")
        einsum("i,i->i", huge, [1.0, 1.0], out=small, casting="same_kind")
        assert np.isinf(small).all()
        einsum("i,i->i", huge, np.float32([1, 1]), out=np.zeros(2, "i8"), casting="unsafe")


# All exceptions, the inexact one, and rounding upward, as <fenv.h> has them.
FENV = {"x86_64": (0x3D, 0x20, 0x800), "aarch64": (0x1F, 0x10, 0x400000)}


@pytest.mark.skipif(platform.machine() not in FENV, reason="other numbers in <fenv.h>")
@pytest.mark.parametrize("size", [2, 400_000])
def test_rounding_mode_and_flags_of_the_caller(size):
    """What was raised stays raised, and exact arithmetic raises nothing."""
    every, inexact, upward = FENV[platform.machine()]
    fenv = ctypes.CDLL(None)
    ones, x, y = np.ones(size), np.full(size, 0.3), np.full(size, 0.1)
    fenv.feraiseexcept(every)
    einsum("i,i->", ones, ones)
    assert fenv.fetestexcept(every) == every
    fenv.feclearexcept(every)
    einsum("i,i->", ones, ones)
    assert fenv.fetestexcept(every) & ~inexact == 0
    try:
        fenv.fesetround(upward)
        large = einsum("i,i->", x, y)
        assert fenv.fegetround() == upward
    finally:
        fenv.fesetround(0)
    assert large > einsum("i,i->", x, y)


def test_mean_of_many_equal_values():
    """A long sum of a broadcast scalar keeps 15 decimals (numpy#28043)."""
    count = 10**6
    value = np.broadcast_to(0.1, (count,))
    assert math.isclose(einsum("i->", value) / count, 0.1, abs_tol=1.5e-15)


def test_bool_bytes_other_than_one():
    strange = np.array([0, 2, 255, 1], np.uint8).view(bool)
    for text in ("i->", "i,i->i", "i,j->ij"):
        result = einsum(text, *[strange] * (text.count(",") + 1))
        assert set(np.atleast_1d(result).view(np.uint8).ravel()) <= {0, 1}


# ---- threads ----


def test_calls_from_several_threads():
    x, y = array(60, 70), array(70, 80, seed=1)
    expected = x @ y
    failures = []

    def work():
        for _ in range(50):
            if not np.array_equal(einsum(PRODUCT, x, y), expected):
                failures.append(threading.get_ident())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_inputs_are_never_written():
    x, y = array(5, 5), array(5, 5, seed=1)
    x.flags.writeable = y.flags.writeable = False
    before = x.tobytes(), y.tobytes()
    for text in ("ij,jk->ik", "ij,ij->", "ij,kl->jk"):
        einsum(text, x, y)
    assert (x.tobytes(), y.tobytes()) == before


@pytest.mark.parametrize("subscripts", ["i,j->ij", "i,j->j", "i,j"])
@pytest.mark.parametrize("dtype", ["f4", "u8", "c16", object])
def test_operands_that_are_not_read_are_not_converted(subscripts, dtype):
    """Where some extent is 0: text that is no number is an error only where it is used."""
    words = np.array(["", "x", "1"])
    expected = np.einsum(subscripts, np.zeros(0), words, dtype=dtype, casting="unsafe")
    for _ in range(2):
        result = einsum(subscripts, np.zeros(0), words, dtype=dtype, casting="unsafe")
        assert_same(result, expected)
    if dtype is not object:
        with pytest.raises(ValueError, match=r"''|could not convert|malformed"):
            einsum(subscripts, np.zeros(1), words, dtype=dtype, casting="unsafe")


BATCHES = {  # whose entries are side by side in memory
    "ijb,jkb->ikb": [(16, 17, 33), (17, 18, 33)],
    "ijb,jkb->bik": [(32, 32, 64), (32, 32, 64)],
    "ijab,jkab->ikab": [(16, 9, 8, 8), (9, 17, 8, 8)],
    "bqhd,bkhd->bhqk": [(3, 17, 5, 12), (3, 18, 5, 12)],
    "bhqk,bkhd->bqhd": [(3, 5, 17, 18), (3, 18, 5, 12)],
    "jb,ijb,kb->ikb": [(17, 33), (16, 17, 33), (18, 33)],
}


@pytest.mark.parametrize("dtypes", ["ff", "dd", "DD", "ll", "ee", "??", "fd", "ed"])
@pytest.mark.parametrize("subscripts", BATCHES)
def test_batches_that_lie_innermost(subscripts, dtypes):
    """Large enough for plans that rearrange them: values, layouts and threads."""
    rng = np.random.default_rng(0)
    operands = [
        (rng.random(shape) < 0.3 if code == "?" else rng.integers(0, 3, shape)).astype(code)
        for shape, code in zip(BATCHES[subscripts], dtypes + dtypes)
    ]
    backwards = [np.flip(np.flip(x).copy()) for x in operands]
    apart = [np.repeat(x, 2, -1)[..., ::2] for x in operands]
    for views in (operands, backwards, apart):
        expected = np.einsum(subscripts, *views)
        for count in (1, 3):
            with threads(count):
                result = einsum(subscripts, *views)
            assert_same(result, expected)
            assert result.strides == expected.strides


def test_windows_are_not_rearranged():
    """Windows of a batch that lies innermost: what overlaps itself is never written down."""
    x = np.ones((2000, 8))
    windows = np.lib.stride_tricks.sliding_window_view(x, 500, axis=0)
    text = _fasteinsum._describe("nbk,fkb->nfb", windows, np.ones((16, 500, 8)))
    assert "MB" not in text.split("\n")[0]
    result = einsum("nbk,fkb->nfb", windows, np.ones((16, 500, 8)))
    assert (result == 500).all()
