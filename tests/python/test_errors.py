"""Bad input: the type of the exception and the words that tell what is wrong.

Where both of NumPy's paths agree, numpy.einsum is asked live for the type."""

import importlib

import numpy as np
import pytest
from fasteinsum import einsum
from versions import IS_NUMPY_2, MOST_AXES

v = np.arange(3.0)
a = np.arange(6.0).reshape(2, 3)
b = np.arange(9.0).reshape(3, 3)
c = np.arange(24.0).reshape(2, 3, 4)


def raised_by(function, operands, keywords):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        function(*operands, **keywords)
    return caught.value


# ---- calls that NumPy refuses with the same type of exception, whatever optimize says ----

REFUSED_ALIKE = [
    (ValueError, "operand", ()),
    (ValueError, "operand", ("",)),
    (ValueError, "operand", ("i",)),
    (TypeError, "operand 0", (0, 0)),
    (TypeError, "operand 0", (None, None)),
    (ValueError, "terms", ("", 0, 0)),
    (ValueError, "terms", ("i->i", v, v)),
    (ValueError, "terms", (",", 0)),
    (ValueError, "terms", ("i,", v)),
    (ValueError, "terms", ("i,j->ij", v)),
    (ValueError, "operand 0 has 0 axes", ("i", 0)),
    (ValueError, "operand 0 has 1 axis", ("ij", v)),
    (ValueError, "operand 0 has 0 axes", ("...i", 0)),
    (ValueError, "operand 0 has 0 axes", ("i...", 0)),
    (ValueError, "operand 0 has 1 axis", ("i...j", v)),
    (ValueError, "operand 0 has 2 axes", ("i", a)),
    (ValueError, "operand 1 has 2 axes", ("i,i", v, a)),
    (ValueError, "operand 0", ("i..", v)),
    (ValueError, "operand 0", ("i.", v)),
    (ValueError, "operand 0", (".i...", v)),
    (ValueError, "operand 0", ("....", v)),
    (ValueError, "operand 0", ("......", v)),
    (ValueError, "operand 0", ("i....", v)),
    (ValueError, "operand 1", ("...,......", v, v)),
    (ValueError, "output", ("j->..j", v)),
    (ValueError, "output", ("j->.j...", v)),
    (ValueError, "'%'", ("i%...", v)),
    (ValueError, r"'\$'", ("...j$", v)),
    (ValueError, "'1'", ("i1", a)),
    (ValueError, "'_'", ("i_", a)),
    (ValueError, r"'\('", ("(ij)", a)),
    (ValueError, "'&'", ("i->&", v)),
    (ValueError, "'", ("i\tj", a)),
    (ValueError, "'", ("i\nj", a)),
    (ValueError, "-", ("i-->i", v)),
    (ValueError, "-", ("i-j", a)),
    (ValueError, ">", ("i>j", a)),
    (ValueError, "'>'", ("i>-i", v)),
    (ValueError, "'>'", ("i->>i", v)),
    (ValueError, "'->'|'-'", ("i->i->i", v)),
    (ValueError, "','", ("i->i,", v)),
    (ValueError, "','", ("i->i,j", v)),
    (ValueError, "'j'", ("i->ij", v)),
    (ValueError, "'i'", ("->i", 0)),
    (ValueError, "'j'", ("ij->jij", a)),
    (ValueError, "'i'.* 2 .* 3 .*operand 0", ("ii", a)),
    (ValueError, "'i'.* 2 .* 3 .*operand 0", ("ii->i", a)),
    (ValueError, "'i'", ("ii", np.ones((1, 3)))),
    (ValueError, "'i'", ("ii", np.ones((5, 0)))),
    (ValueError, "'b'", ("aabcb,abc", np.ones((3, 3, 4, 5, 6)), np.ones((3, 4, 5)))),
    (ValueError, "'i'.*3.*operand 0.*4.*operand 1", ("i,i", v, np.ones(4))),
    (ValueError, "'j'", ("ij,jk", a, a)),
    (ValueError, "4.*operand 0.*3.*operand 1", ("...,...", c, v)),
    (ValueError, "'i'", ("i,i", np.ones(0), np.ones(2))),
    (ValueError, "inhomogeneous", ("i", [[1], [1, 2]])),
    (TypeError, "sublist of operand 0", (v, [1.5])),
    (TypeError, "sublist of operand 0", (v, ["i"])),
    (TypeError, "sublist of operand 0", (v, [None])),
    (TypeError, "sublist of operand 0", (v, [np.bool_(0)])),
    (TypeError, "sublist of operand 0", (v, [np.array([0])])),
    (TypeError, "sublist of operand 0", (v, 0)),
    (TypeError, "sublist of operand 0", (v, ...)),
    (TypeError, "sublist of operand 0", (v, np.array(0))),
    (TypeError, "sublist of operand 0", (a, "ij")),
    (TypeError, "sublist of operand 1", (v, [0], v, [1.0])),
    (TypeError, "output list", (v, [0], 7)),
    (ValueError, "second Ellipsis", (v, [..., ...])),
    (TypeError, "sublist of operand 0", (None,) * 63),
]


@pytest.mark.parametrize("optimize", [False, True, None, "greedy"])
@pytest.mark.parametrize(("kind", "words", "operands"), REFUSED_ALIKE, ids=lambda x: str(x)[:40])
def test_refused_as_by_numpy(kind, words, operands, optimize):
    with pytest.raises(kind, match=words) as caught:
        einsum(*operands, optimize=optimize)
    assert type(caught.value) is kind
    assert str(caught.value)


@pytest.mark.parametrize(("kind", "words", "operands"), REFUSED_ALIKE, ids=lambda x: str(x)[:40])
def test_the_table_is_right_about_numpy(kind, words, operands):
    assert isinstance(raised_by(np.einsum, operands, {}), kind)


# ---- keywords ----

REFUSED_KEYWORDS = [
    (TypeError, "out must be an array", {"out": "x"}),
    (TypeError, "out must be an array", {"out": [0.0, 0.0]}),
    (TypeError, "out must be an array", {"out": np.float64(0)}),
    (TypeError, "out must be an array", {"out": (np.zeros((2, 3)),)}),
    (ValueError, "out has 1 axis but the output 'ik' needs 2", {"out": np.zeros(3)}),
    (ValueError, "'k'.*3 .*4 in out", {"out": np.zeros((2, 4))}),
    (ValueError, "'k'.*3 .*1 in out", {"out": np.zeros((2, 1))}),
    (ValueError, "order.*'K', 'A', 'C' and 'F'.*'W'", {"order": "W"}),
    (ValueError, "order", {"order": "CF"}),
    (ValueError, "order", {"order": ""}),
    (TypeError, "order must be str", {"order": 1}),
    (ValueError, "casting must be one of.*'blah'", {"casting": "blah"}),
    (ValueError, "casting", {"casting": "Safe"}),
    (ValueError, "casting", {"casting": "s"}),
    (ValueError, "casting", {"casting": "same_value"}),
    (TypeError, "casting must be str", {"casting": None}),
    (TypeError, "casting must be str", {"casting": 0}),
    (TypeError, "bad", {"dtype": "bad"}),
    (TypeError, "data type", {"dtype": 3}),
    (TypeError, "subscripts", {"subscripts": "ij,jk"}),
    (TypeError, "nope", {"nope": 1}),
    (TypeError, "like", {"like": None}),
    (TypeError, "operand 0.*float64.*float32.*'safe'", {"dtype": "f4"}),
    (TypeError, "operand 0", {"dtype": bool}),
    (TypeError, "float64.*float32.*'safe'", {"out": np.zeros((2, 3), "f4")}),
    (TypeError, "result.*out", {"out": np.zeros((2, 3), "i8"), "casting": "same_kind"}),
    (TypeError, "out.*back", {"out": np.zeros((2, 3), "c16"), "dtype": "f8"}),
]


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(("kind", "words", "keywords"), REFUSED_KEYWORDS, ids=lambda x: str(x)[:50])
def test_keywords(kind, words, keywords, optimize):
    out = keywords.get("out")
    before = out.copy() if isinstance(out, np.ndarray) else None
    with pytest.raises(kind, match=words) as caught:
        einsum("ij,jk->ik", a, b, optimize=optimize, **keywords)
    assert type(caught.value) is kind
    if before is not None:
        np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize(("kind", "words", "keywords"), REFUSED_KEYWORDS, ids=lambda x: str(x)[:50])
def test_the_table_of_keywords_is_right_about_numpy(kind, words, keywords):
    assert isinstance(raised_by(np.einsum, ("ij,jk->ik", a, b), keywords), kind)


def test_keywords_are_checked_for_views_too():
    for keywords in ({"order": "W"}, {"casting": "x"}, {"dtype": "bad"}, {"nope": 1}, {"out": 1}):
        with pytest.raises((ValueError, TypeError)):
            einsum("ij", a, **keywords)


def test_a_caret_points_at_the_offence():
    with pytest.raises(ValueError, match=r"operand 1\n  ij,j%->i\n {6}\^$"):
        einsum("ij,j%->i", np.ones((2, 2)), np.ones(2))


@pytest.mark.parametrize("shape", [(3,), (0,)])
def test_read_only_out(shape):
    out = np.zeros(shape)
    out.flags.writeable = False
    for text in ("i->i", "i,i->i"):
        with pytest.raises(ValueError, match="read-only"):
            einsum(text, *[np.ones(shape)] * (text.count(",") + 1), out=out)


# ---- exceptions that depend on optimize, as in NumPy ----

LABELS = [
    ([52], ValueError, IndexError),
    ([-1], ValueError, None),
    ([-53], ValueError, IndexError),
    ([2**70], TypeError, IndexError),
    ([-(2**70)], TypeError, IndexError),
]


@pytest.mark.parametrize(("sublist", "plain", "optimized"), LABELS)
def test_labels_out_of_range(sublist, plain, optimized):
    for where in [(v, sublist), (v, [0], sublist)]:
        with pytest.raises(plain, match=r"0\.\.51"):
            einsum(*where)
    if optimized is None:
        assert einsum(v, sublist, optimize=True).tolist() == v.tolist()
        return
    with pytest.raises(optimized, match=r"0\.\.51"):
        einsum(v, sublist, optimize=True)


def test_text_that_is_not_ascii():
    for optimize in (False, True):
        for text in ("é", "iλ", "i→j"):
            with pytest.raises(ValueError):  # noqa: PT011
                einsum(text, v, optimize=optimize)
    with pytest.raises(UnicodeEncodeError):
        einsum("é", v)
    with pytest.raises(OverflowError):
        einsum(b"\xe9", v)
    with pytest.raises(UnicodeEncodeError):
        einsum("\ud800", v)


def test_nul_ends_nothing():
    for text in ("ij\0->ji", b"ij\0->ji", "\0", "i\0j"):
        with pytest.raises(ValueError, match="invalid character"):
            einsum(text, a)


OPTIMIZE = [
    (0, TypeError, r"len\(\)"),
    (1, TypeError, r"len\(\)"),
    (0.5, TypeError, r"len\(\)"),
    (np.True_, TypeError, r"len\(\)"),
    (b"greedy", TypeError, "did not understand"),
    ([], TypeError, "did not understand"),
    ((), TypeError, "did not understand"),
    ([(0, 1), (0, 1)], TypeError, "did not understand"),
    (("greedy",), TypeError, "did not understand"),
    (("greedy", None), TypeError, "did not understand"),
    (("greedy", "100"), TypeError, "did not understand"),
    (("greedy", np.int64(3)), TypeError, "did not understand"),
    ((True, 100), TypeError, "did not understand"),
    (("greedy", 1, 2), TypeError, "did not understand"),
    (("greedy", float("inf")), OverflowError, "infinity"),
    (("greedy", float("nan")), ValueError, "NaN"),
    ({"greedy": 1}, KeyError, "0"),
    ("nonsense", KeyError, "nonsense"),
    ("", KeyError, "''"),
    (("nonsense", 10), KeyError, "nonsense"),
    (["einsum_path"], RuntimeError, "2 more operands"),
    (["einsum_path", (0, 1)], RuntimeError, "1 more operands"),
    (["einsum_path", (), (0, 1, 2)], RuntimeError, "1 more operands"),
    (["einsum_path", (0, 3)], IndexError, "position 3"),
    (["einsum_path", (0, 1), (0, 2)], IndexError, "position 2"),
    (["einsum_path", (0, 1.0)], TypeError, "integer"),
    (["einsum_path", "ab"], TypeError, "integer"),
    (["einsum_path", 0], TypeError, "iterable"),
]


@pytest.mark.parametrize(("optimize", "kind", "words"), OPTIMIZE, ids=lambda value: str(value))
def test_optimize_refused(optimize, kind, words):
    with pytest.raises(kind, match=words) as caught:
        einsum("ij,jk,kl->il", b, b, b, optimize=optimize)
    assert type(caught.value) is kind
    assert isinstance(raised_by(np.einsum, ("ij,jk,kl->il", b, b, b), {"optimize": optimize}), kind)


def test_positions_that_numpy_gets_wrong():
    for path in ([(0, -1), (0, 1)], [(0, 0), (0, 1)], [(-1,), (0, 1, 2)], [(2**80, 0)]):
        with pytest.raises(IndexError, match=r"position|index"):
            einsum("ij,jk,kl->il", b, b, b, optimize=["einsum_path", *path])


ACCEPTED = [
    True,
    None,
    "greedy",
    "optimal",
    ("greedy", 10),
    ["optimal", 2.5],
    ("greedy", np.float64(7)),
    ("greedy", -1),
    ("greedy", True),
    ["einsum_path", (0, 1), (0, 1)],
    ("einsum_path", (0, 1, 2)),
    ["einsum_path", [1, 0], {0, 1}],
    ["einsum_path", (2,), (0, 1), (np.int64(1), 0)],
    ["einsum_path", (0, 1, 2), (0,)],
]


@pytest.mark.parametrize("optimize", ACCEPTED, ids=str)
def test_optimize_accepted(optimize):
    result = einsum("ij,jk,kl->il", b, b, b, optimize=optimize)
    np.testing.assert_array_equal(result, b @ b @ b)


def test_names_are_looked_up_only_where_there_is_a_choice():
    np.testing.assert_array_equal(einsum("ij,jk", b, b, optimize="nonsense"), b @ b)
    assert einsum("i,j,k->ijk", v, v, v, optimize="nonsense").shape == (3, 3, 3)


def test_path_of_one_operand_is_no_shortcut():
    """NumPy returns the operand untouched."""
    out = np.zeros(())
    assert einsum("i->", v, optimize=["einsum_path"], out=out) is out
    assert out == 3


# ---- element types ----

UNSUPPORTED = ["S3", "U2", "M8[D]", "m8[s]", "V4", "f4,i2"]
if hasattr(np.dtypes, "StringDType"):
    UNSUPPORTED.append(np.dtypes.StringDType())


@pytest.mark.parametrize("dtype", UNSUPPORTED, ids=str)
@pytest.mark.parametrize("shape", [(3,), (0,)])
def test_unsupported_dtypes(dtype, shape):
    x = np.zeros(shape, dtype)
    for text in ("i->", "i,i->i", "i,i"):
        with pytest.raises(TypeError):
            einsum(text, *[x] * (text.count(",") + 1))
    with pytest.raises(TypeError):
        einsum("i->i", x, out=np.zeros(shape, dtype))
    with pytest.raises(TypeError):
        einsum("i,i->i", np.ones(shape), np.ones(shape), dtype=dtype, casting="unsafe")


def test_dates_with_floats():
    with pytest.raises(TypeError):
        einsum("i,i->i", np.zeros(3, "M8[D]"), np.zeros(3))


def test_user_dtype():
    core = "_core" if IS_NUMPY_2 else "core"
    rational = importlib.import_module(f"numpy.{core}._rational_tests").rational
    x = np.array([rational(1, 2), rational(1, 3)])
    assert einsum("i->i", x)[0] == rational(1, 2)
    with pytest.raises(TypeError, match="invalid data type"):
        einsum("i,i->i", x, x)


# ---- limits ----


def test_too_large_results():
    huge = np.lib.stride_tricks.as_strided(np.zeros(1), (2**29, 2**29), (0, 0))
    for text in ("ij,kl->ijkl", "ij,kj->ijk", "ij,ij->ij"):
        with pytest.raises(ValueError, match="too large"):
            einsum(text, huge, huge)
    with pytest.raises(MemoryError):
        einsum("ij,ij->ij", huge[: 2**26], huge[: 2**26])


@pytest.mark.skipif(MOST_AXES < 64, reason="32 axes at most")
def test_too_many_axes():
    x = np.zeros((1,) * 40)
    with pytest.raises(ValueError, match="64"):
        einsum(x, range(40), np.zeros((1,) * 25), [...], [*range(40), ...])


def test_exceptions_of_operands_propagate():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        einsum("i->", Broken())

    def labels():
        yield 0
        raise ZeroDivisionError("labels")

    with pytest.raises(ZeroDivisionError, match="labels"):
        einsum(v, labels())

    class Index:
        def __index__(self):
            raise ZeroDivisionError("index")

    with pytest.raises(ZeroDivisionError, match="index"):
        einsum(v, [Index()])


def test_out_is_untouched_by_a_failing_call():
    out = np.full((2, 3), 7.0)
    for operands, keywords in [
        (("ij,jk->ik", a, np.ones((2, 3))), {}),
        (("ij,jk->ikl", a, b), {}),
        (("ij,jk->ik", a, b), {"casting": "blah"}),
        (("ij,jk->ik", a.astype(complex), b), {}),
        (("ij,jk->ik", a, b), {"dtype": "f4"}),
    ]:
        with pytest.raises((ValueError, TypeError)):
            einsum(*operands, out=out, **keywords)
    assert (out == 7).all()
