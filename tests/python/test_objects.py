"""Arrays of Python objects: the arithmetic is Python's, from left to right, started from 0."""

import gc
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from fasteinsum import einsum

OPTIMIZE = [False, True, None, "optimal"]


def objects(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


class Word:
    """Multiplication writes one word after the other; a sum is a list of words in order."""

    def __init__(self, *words):
        self.words = words

    def __mul__(self, other):
        (left,), (right,) = self.words, other.words
        return Word(left + right)

    def __add__(self, other):
        return Word(*self.words, *other.words)

    def __radd__(self, zero):
        assert type(zero) is int
        assert zero == 0
        return self


class Broken(Exception):
    pass


class Bomb:
    def __mul__(self, other):
        raise Broken


@pytest.mark.parametrize("optimize", OPTIMIZE)
class TestArithmetic:
    def test_values(self, optimize):
        x = np.arange(6).astype(object).reshape(2, 3)
        y = np.arange(12).astype(object).reshape(3, 4)
        for text, operands in [
            ("ij,jk->ik", (x, y)),
            ("ij->j", (x,)),
            ("ij,ij->", (x, x)),
            ("ij,jk,il->kl", (x, y, x)),
            ("ij,jk->", (x, y)),
        ]:
            result = einsum(text, *operands, optimize=optimize)
            expected = np.einsum(text, *[operand.astype(int) for operand in operands])
            assert np.array_equal(result, expected)
            entries = result.flat if isinstance(result, np.ndarray) else [result]
            assert {type(entry) for entry in entries} == {int}

    def test_results_without_axes_are_bare_objects(self, optimize):
        x = objects(1, 2, 3)
        assert type(einsum("i,i->", x, x, optimize=optimize)) is int
        assert type(einsum("->", np.array(5, object), optimize=optimize)) is int
        assert einsum("i,j,k->", *[objects(Fraction(1, 2))] * 3, optimize=optimize) == Fraction(
            1, 8
        )

    def test_from_left_to_right(self, optimize):
        x, y, z = (objects(*(Word(letter + i) for i in "12")) for letter in "xyz")
        triple = einsum("i,i,i->i", x, y, z, optimize=optimize)
        assert [word.words for word in triple] == [("x1y1z1",), ("x2y2z2",)]
        assert einsum("i,i->", x, y, optimize=optimize).words == ("x1y1", "x2y2")
        outer = einsum("i,j->ij", x, y, optimize=optimize)
        assert outer[0, 1].words == ("x1y2",)

    def test_exact_numbers(self, optimize):
        big = objects(2**100, Fraction(1, 3))
        assert einsum("i,i->i", big, big, optimize=optimize).tolist() == [2**200, Fraction(1, 9)]
        tenth = objects(*[Decimal("0.1")] * 3)
        assert einsum("i->", tenth, optimize=optimize) == Decimal("0.3")

    def test_strings_cannot_be_added_to_zero(self, optimize):
        with pytest.raises(TypeError):
            einsum("i->", objects("a", "b"), optimize=optimize)

    def test_exceptions_propagate(self, optimize):
        for text, count in [("i,i->", 2), ("i,j->ij", 2), ("i,i,i->i", 3)]:
            with pytest.raises(Broken):
                einsum(text, *[objects(Bomb(), Bomb())] * count, optimize=optimize)

    def test_empty_sums_are_the_int_zero(self, optimize):
        result = einsum("ij->i", np.empty((2, 0), object), optimize=optimize)
        assert result.tolist() == [0, 0]
        assert type(einsum("i->", np.empty(0, object), optimize=optimize)) is int


def test_mixed_with_numbers():
    x = objects(1, Fraction(1, 2))
    assert einsum("i,i->", x, np.array([2, 4])) == 4
    result = einsum("i,i->i", np.array([2, 3]), np.array([4, 5]), dtype=object)
    assert result.dtype == object
    assert result.tolist() == [8, 15]


def test_empty_slots_count_as_none():
    x = np.empty(2, object)
    with pytest.raises(TypeError, match="NoneType"):
        einsum("i,i->i", x, x)
    with pytest.raises(TypeError, match="NoneType"):
        einsum("i->", x)


def test_the_first_exception_stops_the_loop():
    calls = []

    class Counts:
        def __mul__(self, other):
            calls.append(1)
            if len(calls) == 3:
                raise Broken
            return 1

    x = objects(*[Counts() for _ in range(10)])
    with pytest.raises(Broken):
        einsum("i,j->ij", x, x)
    assert len(calls) == 3


def test_out_of_objects():
    x, out = objects(1, 2), objects("old", "older")
    assert einsum("i,i->i", x, x, out=out) is out
    assert out.tolist() == [1, 4]
    strided = np.full(5, "gap", object)
    einsum("i,i->i", x, x, out=strided[::3])
    assert strided.tolist() == [1, "gap", "gap", 4, "gap"]
    same = objects(1, 2, 3)
    einsum("i,j->i", same, same, out=same)
    assert same.tolist() == [6, 12, 18]
    total = np.array("old", object)
    assert einsum("i->", x, out=total) is total
    assert total[()] == 3


def test_out_of_numbers():
    x = objects(1, 2)
    out = np.zeros(2)
    with pytest.raises(TypeError):
        einsum("i,i->i", x, x, out=out)
    einsum("i,i->i", x, x, out=out, casting="unsafe")
    assert out.tolist() == [1, 4]


def test_calls_may_be_nested():
    class Nested:
        def __mul__(self, other):
            return int(einsum("i,i->", np.arange(4), np.arange(4)))

    assert einsum("i,i->", objects(Nested(), Nested()), objects(1, 1)) == 28


def test_operands_may_change_during_the_call():
    """The slots are emptied while their objects are in use."""
    x = np.empty(3, object)

    class Clears:
        def __mul__(self, other):
            x[:] = None
            gc.collect()
            return 1

    x[:] = [Clears(), Clears(), Clears()]
    with pytest.raises(TypeError, match="NoneType"):
        einsum("i,i->", x, x)


def test_fields_of_records():
    record = np.zeros(3, np.dtype([("pad", "i1"), ("x", "O"), ("n", "i8")]))
    record["x"] = [1, 2, 3]
    record["n"] = -1
    window = np.lib.stride_tricks.sliding_window_view(record["x"], 2)
    assert einsum("ij,ij->i", window, window).tolist() == [5, 13]


@pytest.mark.parametrize("text", ["i,i->", "i,i->i", "i,j->ij", "i,j->", "i,i,i->"])
def test_reference_counts(text):
    class Number:
        def __init__(self, value):
            self.value = value

        def __mul__(self, other):
            if self.value < 0:
                raise Broken
            return Number(self.value * other.value)

        def __add__(self, other):
            return Number(self.value + other.value)

        def __radd__(self, zero):
            return self

    count = text.count(",") + 1
    x = objects(*map(Number, range(4)))
    bad = objects(Number(1), Number(-1), Number(2), Number(3))
    before = [sys.getrefcount(item) for item in [*x, *bad]]
    for _ in range(20):
        einsum(text, *[x] * count)
        with pytest.raises(Broken):
            einsum(text, *[bad] * count)
    gc.collect()
    assert [sys.getrefcount(item) for item in [*x, *bad]] == before
    assert sum(isinstance(thing, Number) for thing in gc.get_objects()) == 8
