"""Compiled expressions: what einsum says of the same arrays, for whatever a call brings."""

import copy
import functools
import gc
import itertools
import pickle
import sys
import threading
import weakref

import fasteinsum
import numpy as np
import oracle
import pytest
from fasteinsum import _fasteinsum, cache_clear, cache_info, einsum, expression
from fuzz import ISAS, STRATEGIES, switched
from generator import Generator

rng = np.random.default_rng(0)
x, y, z = rng.random((3, 4)), rng.random((4, 5)), rng.random((5, 2))
square = np.arange(9).reshape(3, 3)


def assert_close(result, expected, tolerance):
    """Of any dtype."""
    np.testing.assert_allclose(result.astype(complex), expected.astype(complex), rtol=tolerance)


def shapes_of(arrays):
    return [np.shape(array) for array in arrays]


# ---------------------------------------------------------------- random requests


def compiled(subscripts, *arrays, out=None, **options):
    """einsum by way of an expression of the shapes alone."""
    return expression(subscripts, *shapes_of(arrays), **options)(*arrays, out=out)


def compiled_of_arrays(subscripts, *arrays, out=None, **options):
    """The plan is the constructor's, the second call that of the plan kept."""
    made = expression(subscripts, *arrays, **options)
    if out is None:
        made(*arrays)
    return made(*arrays, out=out)


def folded(constants, subscripts, *arrays, out=None, **options):
    """Operands whose places are in constants are held; the last call finds the plan kept."""
    held = {place for place in constants if place < len(arrays)}
    operands = [array if i in held else np.shape(array) for i, array in enumerate(arrays)]
    others = [array for i, array in enumerate(arrays) if i not in held]
    made = expression(subscripts, *operands, constants=held, **options)
    if out is None:
        made(*others)
    return made(*others, out=out)


def requests(seed, count):
    """Valid ones in the string form."""
    generator = Generator(seed)
    for _ in range(count):
        request = generator.next()
        while isinstance(request.subscripts, list):
            request = generator.next()
        yield request


@pytest.mark.parametrize("function", [compiled, compiled_of_arrays])
def test_random_requests(function):
    outcomes = [oracle.check(function, request) for request in requests(1, 1500)]
    assert sum(outcome.error is None for outcome in outcomes) > 800


def test_random_constants():
    numbers = np.random.default_rng(2)
    count = 0
    for request in requests(2, 3000):
        if len(request.views) == 1:
            continue  # the result would be a view
        held = [i for i in range(len(request.views)) if numbers.random() < 0.6]
        count += oracle.check(functools.partial(folded, held), request).error is None
    assert count > 1000


@pytest.mark.parametrize("held", [(0,), (1,), (0, 2), (1, 2), (0, 1, 2)])
def test_constants_with_each_strategy_and_isa(held):
    operands = [rng.random((6, 7)), rng.random((7, 6)), rng.random((6, 5))]
    expected = np.einsum("ij,jk,kl->il", *operands)
    for switch, names in ((_fasteinsum._use_strategy, STRATEGIES), (_fasteinsum._use_isa, ISAS)):
        for name in names:
            with switched(switch, name):
                result = folded(held, "ij,jk,kl->il", *operands)
            np.testing.assert_allclose(result, expected, rtol=1e-13)


def test_the_bits_are_those_of_einsum():
    for subscripts, shapes in (
        ("ij,jk->ik", [(40, 50), (50, 30)]),
        ("ij,jk,kl->il", [(9, 11), (11, 30), (30, 2)]),
        ("bij,bjk->bik", [(50, 3, 3), (50, 3, 3)]),
        ("i,i->", [(1000,), (1000,)]),
        ("ij->j", [(123, 45)]),
        ("ij,ij,j->i", [(30, 40), (30, 40), (40,)]),
    ):
        for dtype in ("f4", "f8", "c16", "e"):
            arrays = [rng.random(shape).astype(dtype) for shape in shapes]
            made = expression(subscripts, *shapes)
            for _ in range(2):
                assert made(*arrays).tobytes() == einsum(subscripts, *arrays).tobytes()


# ---------------------------------------------------------------- what a call may bring

SAME_SHAPES = {
    "floats": (x, y),
    "other floats": (x.copy(), y.copy()),
    "float32": (x.astype("f4"), y.astype("f4")),
    "mixed": (x.astype("f4"), y),
    "mixed the other way": (x, y.astype("f4")),
    "integers": (np.arange(12).reshape(3, 4), np.arange(20).reshape(4, 5)),
    "bools": (x > 0.5, y > 0.5),
    "halves": (x.astype("e"), y.astype("e")),
    "complex": (x * 1j, y),
    "long doubles": (x.astype("g"), y.astype("g")),
    "transposed": (np.asfortranarray(x), y),
    "both transposed": (np.asfortranarray(x), np.asfortranarray(y)),
    "reversed": (x[::-1], y),
    "strided": (np.repeat(x, 2, axis=1)[:, ::2], y),
    "broadcast": (np.broadcast_to(x[0], (3, 4)), y),
    "byte order": (x.astype(">f8"), y),
    "objects": (x.astype(object), y),
    "list": (x.tolist(), y),
    "unaligned": (np.frombuffer(b"\0" + x.tobytes(), "f8", offset=1).reshape(3, 4), y),
    "subclass": (x.view(np.recarray), y),
}


def test_every_kind_of_arrays_in_turns():
    """More kinds than an expression keeps plans for; each is found, lost and made anew."""
    made = expression("ij,jk->ik", (3, 4), (4, 5))
    expected = {
        kind: np.einsum("ij,jk->ik", *map(np.asarray, arrays))
        for kind, arrays in SAME_SHAPES.items()
    }
    kinds = [kind for kind in SAME_SHAPES for _ in range(2)]
    for _ in range(10):
        np.random.default_rng(3).shuffle(kinds)
        for kind in kinds:
            result, wanted = made(*SAME_SHAPES[kind]), expected[kind]
            assert type(result) is np.ndarray
            assert result.dtype == wanted.dtype
            tolerance = {"halves": 1e-2, "float32": 1e-6}.get(kind, 1e-14)
            assert_close(result, wanted, tolerance)


def test_each_field_counts():
    """One that differs from what the plan was made for, and back: with out too."""
    made = expression("ij,jk->ik", x, y)
    outs = {
        "none": None,
        "C": np.zeros((3, 5)),
        "F": np.zeros((3, 5), order="F"),
        "strided": np.zeros((3, 10))[:, ::2],
        "complex": np.zeros((3, 5), "c16"),
        "byte order": np.zeros((3, 5), ">f8"),
    }
    for (_, first), (_, second) in itertools.product(SAME_SHAPES.items(), repeat=2):
        for arrays in (first, second, first):
            wanted = np.einsum("ij,jk->ik", *map(np.asarray, arrays))
            assert_close(made(*arrays), wanted, 1e-2)
    for first, second in itertools.product(outs.values(), repeat=2):
        for out in (first, second, first):
            if out is not None:
                out[...] = -1
            result = made(x, y, out=out)
            assert out is None or result is out
            np.testing.assert_allclose(result, x @ y, rtol=1e-14)


def test_forced_strategy_and_isa_are_part_of_the_plan():
    made = expression("ij,jk->ik", x, y)
    for switch, names in ((_fasteinsum._use_strategy, STRATEGIES), (_fasteinsum._use_isa, ISAS)):
        for name in names:
            with switched(switch, name):
                np.testing.assert_allclose(made(x, y), x @ y, rtol=1e-14)
            np.testing.assert_allclose(made(x, y), x @ y, rtol=1e-14)
    with switched(_fasteinsum._use_strategy, "generic"):
        assert "generic" in made.describe(x, y)
    assert "generic" not in made.describe(x, y)


def test_out():
    made = expression("ij,jk->ik", (3, 4), (4, 5))
    out = np.empty((3, 5))
    assert made(x, y, out=out) is out
    np.testing.assert_allclose(out, x @ y, rtol=1e-14)
    assert made(x, y, out=None) is not out
    narrow = np.empty((3, 5), "f4")
    with pytest.raises(TypeError, match="safe"):
        made(x, y, out=narrow)
    loose = expression("ij,jk->ik", (3, 4), (4, 5), casting="same_kind")
    np.testing.assert_allclose(loose(x, y, out=narrow), x @ y, rtol=1e-6)
    frozen = np.zeros((3, 5))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        made(x, y, out=frozen)
    with pytest.raises(TypeError, match="out must be an array"):
        made(x, y, out=[0])
    with pytest.raises(ValueError, match="out"):
        made(x, y, out=np.zeros((3, 6)))


@pytest.mark.parametrize("constants", [(), (1,)])
def test_out_that_overlaps(constants):
    a = rng.random((4, 4))
    made = expression("ij,jk->ik", (4, 4), a if constants else (4, 4), constants=constants)
    rest = [] if constants else [a]
    expected = a @ a
    for _ in range(2):
        made(a, *rest, out=np.empty((4, 4)))
        inside = a.copy()
        assert made(inside, *rest, out=inside) is inside
        np.testing.assert_allclose(inside, expected, rtol=1e-14)


def test_options_are_those_of_einsum():
    for options in (
        {"order": "F"},
        {"order": "c"},
        {"order": None},
        {"dtype": "f4", "casting": "same_kind"},
        {"dtype": ">f8"},
        {"dtype": object},
        {"optimize": True},
        {"optimize": ["einsum_path", (0, 1)]},
        {"optimize": lambda inputs, output, sizes, limit: [(0, 1)]},
        {"casting": "no"},
    ):
        made, expected = (
            expression("ij,jk->ik", x, y, **options),
            einsum("ij,jk->ik", x, y, **options),
        )
        for _ in range(2):
            result = made(x, y)
            assert (result.dtype, result.strides) == (expected.dtype, expected.strides)
            np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(made))(x, y), expected)


def test_optimize_is_looked_at_once():
    calls, path = [], ["einsum_path", (0, 1), (0, 1)]

    def optimizer(inputs, output, sizes, limit):
        calls.append(output)
        return [(0, 1), (0, 1)]

    made = expression("ij,jk,kl->il", (3, 4), (4, 5), (5, 2), optimize=optimizer)
    held = expression("ij,jk,kl->il", (3, 4), (4, 5), (5, 2), optimize=path)
    path.append("nonsense")
    made(x, y, z), held(x, y, z), made(x, y, z.astype("f4"))
    assert len(calls) == 1
    # With optimize, out may have more axes.
    wide = held(x, y, z, out=np.zeros((2, 3, 2)))
    np.testing.assert_allclose(wide, np.broadcast_to(x @ y @ z, (2, 3, 2)), rtol=1e-14)


def test_views():
    made = expression("ij->ji", (3, 4))
    for array in (x, x, np.asfortranarray(x), x.astype("M8[s]"), x.tolist()):
        view = made(array)
        np.testing.assert_array_equal(view, np.asarray(array).T)
        assert not isinstance(array, np.ndarray) or np.shares_memory(view, array)
    grid = np.zeros((3, 3))
    expression("ii->i", (3, 3))(grid)[:] = 1
    np.testing.assert_array_equal(grid, np.eye(3))
    value = expression("", ())(np.array(2.5))
    assert (type(value), value) == (np.float64, 2.5)


def test_ellipses_and_blanks():
    made = expression("... i, i j -> ... j", (2, 3, 4), (4, 5))
    a = rng.random((2, 3, 4))
    np.testing.assert_allclose(made(a, y), a @ y, rtol=1e-14)
    assert expression(b"ij", (2, 3)).subscripts == "ij"


class Foreign:
    """An array of another library."""

    shape = (3, 4)

    def __array_function__(self, function, types, arguments, keywords):
        return function, arguments[0], arguments[2:], keywords


def test_arrays_of_other_libraries_are_handed_to_numpy():
    foreign = Foreign()
    made = expression("ij,jk->ik", foreign, y, constants=[1], order="F")
    assert made.shapes == ((3, 4), (4, 5))
    np.testing.assert_allclose(made(x), x @ y, rtol=1e-14)
    function, subscripts, (held,), keywords = made(foreign)
    assert (function, subscripts) == (np.einsum, "ij,jk->ik")
    assert keywords == {"order": "F"}
    np.testing.assert_array_equal(held, y)


# ---------------------------------------------------------------- constants


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "i4", "u8", "e", "f4", "f8", "F", "D", "g", "O"]
)
@pytest.mark.parametrize("of_variable", ["?", "i1", "i8", "e", "f4", "D", "O"])
def test_types_of_constants(dtype, of_variable):
    """They are multiplied in the type of the whole: bytes do not wrap where the result is wider."""
    constants = [rng.integers(-3, 100, (3, 3)).astype(dtype) for _ in range(2)]
    variable = rng.integers(0, 4, (2, 3)).astype(of_variable)
    made = expression("ij,jk,kl->il", (2, 3), *constants, constants=[1, 2])
    expected = np.einsum("ij,jk,kl->il", variable, *constants)
    for _ in range(2):
        result = made(variable)
        assert result.dtype == expected.dtype
        assert_close(result, expected, 2e-3 if result.dtype == "e" else 1e-6)
        if result.dtype.kind in "biuO":
            np.testing.assert_array_equal(result, expected)


def test_products_of_halves_are_not_rounded():
    a = np.full((1, 2), 300, "e")
    b = np.array([[300], [-300]], "e")  # 300 * 300 is beyond the largest half
    made = expression("i,ij,jk->k", (1,), a, b, constants=[1, 2])
    assert made(np.ones(1, "e")) == 0
    tiny = np.full((3, 3), 2.0**-14, "e")
    again = expression("ij,jk,kl->il", (3, 3), tiny, tiny, constants=[1, 2])
    np.testing.assert_array_equal(again(np.full((3, 3), 2.0**12, "e")), 9 * 2.0**-16)


def test_out_can_widen_the_type():
    a = np.full((2, 2), 100, "i1")
    made = expression("i,ij,jk->k", (2,), a, a, constants=[1, 2])
    ones = np.ones(2, "i1")
    for _ in range(2):
        np.testing.assert_array_equal(made(ones), np.einsum("i,ij,jk->k", ones, a, a))
        wide = made(ones, out=np.zeros(2, "i8"))
        np.testing.assert_array_equal(wide, [40000, 40000])


def test_constants_are_copied():
    a, b = x.copy(), y.copy()
    made = expression("hi,ij,jk->hk", (2, 3), a, b, constants=[1, 2])
    v = rng.random((2, 3))
    expected = v @ a @ b
    a[...] = b[...] = np.nan
    np.testing.assert_allclose(made(v), expected, rtol=1e-14)
    np.testing.assert_allclose(made(v.astype("f4")), expected, rtol=1e-6)
    np.testing.assert_allclose(made(v.astype("D")), expected, rtol=1e-14)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(made))(v), expected, rtol=1e-14)


def test_all_operands_can_be_constants():
    made = expression("ij,jk->ik", x, y, constants=(0, 1))
    first, second = made(), made()
    np.testing.assert_allclose(first, x @ y, rtol=1e-14)
    first[...] = 0
    np.testing.assert_allclose(second, x @ y, rtol=1e-14)
    np.testing.assert_allclose(made(), second)
    assert expression("i,i->", [1, 2], [3, 4], constants=[0, 1])() == 11


def test_results_are_no_views_of_constants():
    made = expression("ij->ji", x, constants=[0])
    result = made()
    result[...] = 0
    np.testing.assert_array_equal(made(), x.T)
    assert made().flags.owndata


@pytest.mark.parametrize(
    ("subscripts", "shapes", "held", "left"),
    [
        ("ij,jk,kl->il", [(64, 8), (8, 64), (64, 8)], [1, 2], "ij,jl->il"),  # a smaller matrix
        ("ij,jk,kl->il", [(64, 64), (64, 2), (2, 64)], [1, 2], "ij,jk,kl->il"),  # a larger one
        ("ij,jk->i", [(8, 9), (9, 100)], [1], "ij,j->i"),  # summed before
        ("i,ij,j->", [(100,), (100, 100), (100,)], [0, 1], "j,j->"),
        ("i,ij,j->", [(100,), (100, 100), (100,)], [0, 2], "ij,i,j->"),  # no outer product
        ("ij,ij,j->i", [(30, 40), (30, 40), (40,)], [1, 2], "ij,ij->i"),
        ("i,i,i->", [(40,)] * 3, [0, 1, 2], "->"),
        ("ii,ij->j", [(8, 8), (8, 8)], [0], "ij,i->j"),  # a diagonal stays a view
    ],
)
def test_what_is_folded(subscripts, shapes, held, left):
    arrays = [rng.random(shape) for shape in shapes]
    operands = [array if i in held else array.shape for i, array in enumerate(arrays)]
    made = expression(subscripts, *operands, constants=held)
    others = [array for i, array in enumerate(arrays) if i not in held]
    terms = made.describe(*others).split()[0]
    assert sorted(terms.split("->")[0].split(",")) == sorted(left.split("->")[0].split(","))
    np.testing.assert_allclose(made(*others), np.einsum(subscripts, *arrays), rtol=1e-12)


def test_many_constants():
    """More operands than an exact search takes; few of them vary."""
    count = 40
    arrays = [rng.random((3, 3)) for _ in range(count)]
    labels = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    subscripts = ",".join(labels[i : i + 2] for i in range(count)) + f"->{labels[0]}{labels[count]}"
    held = [i for i in range(count) if i not in (3, 17)]
    operands = [array if i in held else array.shape for i, array in enumerate(arrays)]
    made = expression(subscripts, *operands, constants=held)
    result = made(arrays[3], arrays[17])
    np.testing.assert_allclose(result, np.linalg.multi_dot(arrays), rtol=1e-12)
    assert len(made.describe(arrays[3], arrays[17]).split()[0].split(",")) == 5


def test_windows_and_broadcast_constants_stay_small():
    line = rng.random(2**16)
    view = np.lib.stride_tricks.sliding_window_view(line, 2**15)
    weights = rng.random(2**15)
    made = expression("ij,j->i", view, (2**15,), constants=[0])  # as it is, 8 GB
    expected = np.convolve(line, weights[::-1], "valid")
    np.testing.assert_allclose(made(weights)[::1000], expected[::1000], rtol=1e-10)
    flat = np.broadcast_to(np.float64(0.5), (2**16, 2**16))
    made = expression("ij,j->i", flat, (2**16,), constants=[0])
    np.testing.assert_allclose(made(line), np.full(2**16, line.sum() / 2), rtol=1e-10)


def test_objects_keep_their_order():
    class Word(str):
        def __mul__(self, other):
            return Word(str(self) + str(other))

        def __add__(self, other):
            return Word(f"{self}|{other}")

        def __radd__(self, other):
            return self

    words = [np.array([Word(letter)], object) for letter in "abc"]
    for held in itertools.chain(*(itertools.combinations(range(3), n) for n in range(4))):
        assert folded(held, "i,i,i->", *words) == "abc"


def test_empty_expressions_read_nothing():
    text = np.array(["nonsense"])
    options = {"dtype": "f8", "casting": "unsafe"}
    made = expression("i,ij->", text, (1, 0), constants=[0], **options)
    assert made(np.ones((1, 0))) == 0
    with pytest.raises(ValueError, match="nonsense"):
        expression("i,ij->", text, (1, 2), constants=[0], **options)
    nan = expression("i,j,k->", [np.nan], np.ones(0), (2,), constants=[0, 1])
    assert nan(np.ones(2)) == 0
    # out alone makes this one empty, and the next call is not.
    made = expression("i,i->i", (1,), [2.0], constants=[1])
    assert made([3], out=np.zeros(0)).shape == (0,)
    np.testing.assert_array_equal(made([3], out=np.zeros(4)), [6] * 4)
    np.testing.assert_array_equal(made([3]), [6])


def test_repeated_terms_of_a_broadcast_constant():
    """A sum along which nothing moves counts each term."""
    flat = np.broadcast_to(np.arange(3.0), (7, 3))
    made = expression("ij,j->j", flat, (3,), constants=[0])
    np.testing.assert_array_equal(made(np.ones(3)), [0, 7, 14])


# ---------------------------------------------------------------- errors

made = expression("ij,jk->ik", (3, 4), y, constants=[1])
pair = expression("ij,jk->ik", (3, 4), (4, 5))

REFUSED = [
    (
        ValueError,
        "extent 4 in operand 0 but 3 in operand 1",
        lambda: expression("ij,jk", (3, 4), (3, 4)),
    ),
    (ValueError, "operand 0 has 1 axis", lambda: expression("ij", (3,))),
    (ValueError, "'%'", lambda: expression("i%", (3,))),
    (ValueError, "terms", lambda: expression("i,j", (3,))),
    (ValueError, "operand", lambda: expression("i")),
    (ValueError, "operand", lambda: expression("")),
    (TypeError, "subscripts must be a string", lambda: expression()),
    (TypeError, "subscripts must be a string", lambda: expression(x, [0, 1])),
    (TypeError, "operand 1: a tuple is a shape", lambda: expression("i,j", (3,), ("a",))),
    (TypeError, "operand 0: a tuple is a shape", lambda: expression("ij", ((1, 2), (3, 4)))),
    (ValueError, "axis 1 of operand 0 has the negative", lambda: expression("ij", (3, -1))),
    (ValueError, "at most 64 axes", lambda: expression("...", (1,) * 65)),
    (TypeError, "operand 1 is a constant", lambda: expression("i,i", (3,), (3,), constants=[1])),
    (ValueError, "constants has 2", lambda: expression("i,i", (3,), (3,), constants=[2])),
    (ValueError, "constants has -1", lambda: expression("i,i", (3,), (3,), constants=[-1])),
    (TypeError, "iterable", lambda: expression("i,i", (3,), (3,), constants=1)),
    (TypeError, "integer", lambda: expression("i,i", (3,), (3,), constants=["a"])),
    (TypeError, "keyword argument", lambda: expression("i", (3,), nope=1)),
    (TypeError, "data type", lambda: expression("i->", (3,), dtype="nonsense")),
    (TypeError, "cannot compute", lambda: expression("i->", (3,), dtype="M8[s]")),
    (
        TypeError,
        "rule 'safe'",
        lambda: expression("ij,jk->ik", (3, 4), y, constants=[1], dtype="f4"),
    ),
    (ValueError, "order", lambda: expression("i", (3,), order="X")),
    (ValueError, "casting", lambda: expression("i", (3,), casting="maybe")),
    (KeyError, "nonsense", lambda: expression("ij,jk,kl", x, y, z, optimize="nonsense")),
    (RuntimeError, "path", lambda: expression("i,i->", (3,), (3,), optimize=["einsum_path"])),
    (ValueError, "2 arrays are needed, but 1 was given", lambda: pair(x)),
    (ValueError, "2 arrays are needed, but 3 were given", lambda: pair(x, y, z)),
    (ValueError, "1 array is needed, but 2 were given", lambda: made(x, y)),
    (ValueError, "axis 0 of operand 1 has extent 3 but was declared with 4", lambda: pair(x, x)),
    (ValueError, "axis 1 of operand 0 has extent 1 but", lambda: pair(x[:, :1], y)),
    (ValueError, "operand 0 has 1 axis but was declared with 2", lambda: pair(x[0], y)),
    (ValueError, "operand 0 has 3 axes but was declared with 2", lambda: made(x[None])),
    (ValueError, "'ij,jk->ik'", lambda: pair(x[:2], y)),
    (TypeError, "keyword argument 'order'", lambda: pair(x, y, order="F")),
    (TypeError, "keyword argument 'order'", lambda: pair.describe(x, y, order="F")),
    (ValueError, "arrays are needed", lambda: pair.describe(x)),
    (TypeError, "cannot compute", lambda: pair(x.astype("M8[s]"), y.astype("M8[s]"))),
]


@pytest.mark.parametrize(("error", "words", "call"), REFUSED)
def test_refused(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_the_operand_is_counted_with_the_constants():
    made = expression("ij,jk,kl->il", x, (4, 5), (5, 2), constants=[0])
    with pytest.raises(ValueError, match="axis 1 of operand 2 has extent 5"):
        made(y, np.ones((5, 5)))


def test_a_refused_call_changes_nothing():
    made = expression("ij,jk->ik", (3, 4), (4, 5))
    for bad in ((x, x), (x,), (x.astype("M8[s]"), y)):
        with pytest.raises((ValueError, TypeError)):
            made(*bad)
        np.testing.assert_allclose(made(x, y), x @ y, rtol=1e-14)


# ---------------------------------------------------------------- an object of Python


def test_attributes():
    made = expression("ij,jk,kl->il", (3, 4), y, z, constants=iter([2, 1, 2]))
    assert made.subscripts == "ij,jk,kl->il"
    assert made.shapes == ((3, 4), (4, 5), (5, 2))
    assert made.constants == (1, 2)
    assert repr(made) == "<expression 'ij,jk,kl->il' of ((3, 4), (4, 5), (5, 2)), constants (1, 2)>"
    assert expression("i", (np.int64(3),)).shapes == ((3,),)
    for name in ("subscripts", "shapes", "constants", "other"):
        with pytest.raises(AttributeError):
            setattr(made, name, ())
    assert isinstance(made, expression)
    assert callable(made)
    assert weakref.ref(made)() is made
    assert {made: 1}[made] == 1


def test_describe():
    made = expression("ij,jk->ik", (3, 4), (4, 5))
    assert made.describe(x, y) == _fasteinsum._describe("ij,jk->ik", x, y)
    out = np.zeros((3, 5), order="F")
    assert made.describe(x, y, out=out) == _fasteinsum._describe("ij,jk->ik", x, y, out=out)
    assert not out.any()
    assert "view" in expression("ij->ji", (3, 4)).describe(x)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    options = {"dtype": "f4", "order": "F", "casting": "same_kind", "optimize": True}
    made = expression("ij,jk,kl->il", (3, 4), y, z, constants=[1, 2], **options)
    again = pickle.loads(pickle.dumps(made, protocol))
    assert repr(again) == repr(made)
    assert again.__reduce__()[0].keywords == made.__reduce__()[0].keywords
    for _ in range(2):
        result, expected = again(x), made(x)
        assert result.tobytes() == expected.tobytes()
        assert result.strides == expected.strides
        assert result.dtype == "f4"


def test_copies_are_the_same():
    made = expression("i,i", (3,), [1, 2, 3], constants=[1])
    assert copy.copy(made) is made
    assert copy.deepcopy(made) is made
    assert copy.deepcopy({"a": [made]})["a"][0] is made


def test_the_cache_of_einsum_is_left_alone():
    cache_clear()
    made = expression("ij,jk->ik", x, y)
    made(x, y)
    assert cache_info()["misses"] == cache_info()["currsize"] == 0
    einsum("ij,jk->ik", x, y)
    cache_clear()
    np.testing.assert_allclose(made(x, y), x @ y, rtol=1e-14)


def test_cycles_are_collected():
    class Holder:
        pass

    holder = Holder()
    array = np.array([holder], object)
    holder.made = expression("i,i->", (1,), array, constants=[1])
    assert gc.is_tracked(holder.made)
    alone = Holder()
    alone.made = expression("i", (1,))
    died = weakref.ref(alone)
    del alone
    gc.collect()
    assert died() is None
    holder.made = None


def test_threads_share_an_expression():
    """Of more kinds than it keeps plans for, some long enough to let the others run."""
    large = rng.random((150, 150))
    weights = rng.random((150, 150))
    made = expression("ij,jk,kl->il", (150, 150), weights, weights, constants=[1, 2])
    kinds = [large, large.T, large.astype("f4"), large[::-1], large.astype("g"), large > 0.5]
    kinds += [np.asfortranarray(large.astype("f4")), large * 1j]
    expected = [np.einsum("ij,jk->ik", kind, weights @ weights) for kind in kinds]
    failures = []

    def work(seed):
        own = np.random.default_rng(seed)
        for _ in range(40):
            i = int(own.integers(len(kinds)))
            if not np.allclose(made(kinds[i]), expected[i], rtol=1e-4):
                failures.append(i)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# ---------------------------------------------------------------- memory

out = np.zeros((3, 5))
kinds = [
    x,
    x.astype("f4"),
    np.asfortranarray(x),
    x.astype("g"),
    x[::-1],
    x.astype("i8"),
    x.tolist(),
]
COUNTED = (x, y, z, out, square, x.dtype, None)


def replan():
    made = expression("ij,jk,kl->il", (3, 4), y, z, constants=[1, 2])
    results = [made(kind) for kind in kinds]
    return results[0]


def many():
    arrays = [np.ones(2)] * 25
    made = expression(",".join("i" * 50), *shapes_of(arrays), *arrays, constants=range(25, 50))
    return made(*arrays)


GOOD = {
    "shapes": lambda: expression("ij,jk->ik", (3, 4), (4, 5))(x, y),
    "arrays": lambda: expression("ij,jk->ik", x, y)(x, y),
    "constants": lambda: expression("ij,jk,kl->il", (3, 4), y, z, constants=[1, 2])(x),
    "all constants": lambda: expression("ij,jk->ik", x, y, constants=[0, 1])(),
    "whole constant": lambda: expression("ij,jk->ik", (3, 4), y, constants=[1])(x),
    "converted constant": lambda: expression("ij,j->i", x, [1, 2, 3, 4], constants=[1])(x),
    "object constant": lambda: expression("ii->", square.astype(object), constants=[0])(),
    "out": lambda: expression("ij,jk->ik", (3, 4), (4, 5))(x, y, out=out),
    "view": lambda: expression("ij->ji", (3, 4))(x),
    "replan": replan,
    "pickle": lambda: pickle.loads(pickle.dumps(expression("ij,j", x, [1] * 4, constants=[1])))(x),
    "text": lambda: expression("ij,jk->ik", (3, 4), y, constants=[1]).describe(x),
    "repr": lambda: repr(expression("ij,jk->ik", (3, 4), y, constants=[1])),
    "many": lambda: expression(
        ",".join("i" * 50), *[(2,)] * 25, *[[1.0, 2.0]] * 25, constants=range(25, 50)
    )(*[[1.0, 2.0]] * 25),
}
BAD = [call for _, _, call in REFUSED]


def quietly(call):
    try:
        return call()
    except (ValueError, TypeError, KeyError, RuntimeError):
        return None


def growth(call, times):
    """The largest change of a count in that many calls."""

    def counts():
        gc.collect()
        blocks = sys.getallocatedblocks(), _fasteinsum._allocated_blocks()
        return (*blocks, *map(sys.getrefcount, COUNTED))

    before = counts()
    for _ in range(times):
        quietly(call)
    return max(abs(a - b) for a, b in zip(counts(), before, strict=True))


@pytest.mark.parametrize("call", [*GOOD.values(), *BAD], ids=[*GOOD, *map(str, range(len(BAD)))])
def test_counts_stay_flat(call):
    growth(call, 20)
    # The interpreter's own caches fill once in a while; a leak would be 100 every time.
    assert any(growth(call, 100) < 30 for _ in range(3))


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("call", GOOD.values(), ids=GOOD)
def test_every_failing_allocation(call, for_good):
    """The n-th allocation fails, for every n until the call no longer gets that far."""
    expected = call()
    blocks = _fasteinsum._allocated_blocks()
    for n in itertools.count():
        _fasteinsum._fail_allocation(n, for_good)
        result = None
        try:
            result = call()
        except MemoryError:
            pass
        finally:
            _fasteinsum._fail_allocation(-1, False)
        if result is not None:
            np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(call(), expected)
        assert _fasteinsum._allocated_blocks() <= blocks + 8  # scratch kept for later calls
        if result is not None and (for_good or n > 60):
            break
    assert n > 0


def test_a_failed_call_leaves_the_expression_in_order():
    made = expression("ij,jk,kl->il", (3, 4), y, z, constants=[1, 2])
    for kind in kinds:
        expected = np.asarray(kind) @ y @ z
        for n in range(30):
            _fasteinsum._fail_allocation(n, True)
            try:
                result = made(kind)
            except MemoryError:
                pass
            else:
                np.testing.assert_allclose(result, expected, rtol=1e-6)
            finally:
                _fasteinsum._fail_allocation(-1, False)
        np.testing.assert_allclose(made(kind), expected, rtol=1e-6)


def test_a_kept_plan_needs_no_memory():
    made = expression("ij,jk->ik", (3, 4), y, constants=[1])
    made(x)
    _fasteinsum._fail_allocation(0, True)
    try:
        result = made(x)
    finally:
        _fasteinsum._fail_allocation(-1, False)
    np.testing.assert_allclose(result, x @ y, rtol=1e-14)


def test_the_name_is_public():
    assert fasteinsum.expression is _fasteinsum.expression
    assert expression.__module__ == "fasteinsum"
