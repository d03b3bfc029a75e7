"""125 expressions that people reported to NumPy and other projects give NumPy's values."""

import json
import math
import string

import fasteinsum
import numpy as np
import pytest
from generator import Request, View
from oracle import parse
from tree import ROOT

DATA = ROOT / "tests" / "python" / "data" / "issue_expressions.json"
ROWS = json.loads(DATA.read_text(encoding="ascii"))

MOST_ELEMENTS = 2**18  # of an operand
KEPT_LABELS = 17  # of those of extent 2
MOST_LABELS = 32  # of one loop before NumPy 2
MOST_PRODUCTS = 2**20  # what has more, however small its extents, is left to NumPy's matmul


def ascii_subscripts(row):
    """The same expression in letters that NumPy knows."""
    text = row["subscripts"]
    unused = [letter for letter in string.ascii_letters if letter not in text]
    foreign = sorted({letter for letter in text if not letter.isascii()})
    return text.translate({ord(letter): unused.pop() for letter in foreign})


def capped(row, cap):
    return [tuple(min(extent, cap) for extent in shape) for shape in row["shapes"]]


def labels_of(row):
    """A list for each operand; the axes of ellipses are numbered."""
    shapes = row["shapes"]
    views = [View(0, np.dtype(np.int8), tuple(shape), (0,) * len(shape), 0) for shape in shapes]
    return parse(Request(ascii_subscripts(row), views)).expanded[0]


def extents_of(row, shapes):
    """The largest of each label."""
    extents = {}
    for term, shape in zip(labels_of(row), shapes):
        extents |= {x: max(extent, extents.get(x, 0)) for x, extent in zip(term, shape)}
    return extents.values()


def product_count(row, shapes):
    """What a plain loop over all labels would multiply."""
    return math.prod(extents_of(row, shapes))


def small_shapes(row):
    """Extents as large as both limits allow; tensors of many short axes keep some of these, those
    that they share above all."""
    for cap in (300, 100, 64, 33, 24, 17, 12, 9, 7, 5, 4, 3):
        shapes = capped(row, cap)
        fits = max(map(math.prod, shapes)) <= MOST_ELEMENTS
        if fits and product_count(row, shapes) <= MOST_PRODUCTS:
            return shapes
    shapes, terms = capped(row, 2), labels_of(row)
    if max(map(math.prod, shapes)) <= MOST_ELEMENTS:
        return shapes
    labels = dict.fromkeys(label for term in terms for label in term)
    kept = sorted(labels, key=lambda label: -sum(label in term for term in terms))[:KEPT_LABELS]
    return [
        tuple(extent if label in kept else 1 for label, extent in zip(term, shape))
        for term, shape in zip(terms, shapes)
    ]


def operands_of(row, shapes):
    """-1, 0 and 1, so that floats are exact whatever the order of the sums."""
    random = np.random.default_rng(int(row["id"][2:]))
    dtypes = row["dtype"] if isinstance(row["dtype"], list) else [row["dtype"]] * len(shapes)
    operands = [
        random.integers(0 if np.dtype(dtype).kind in "bu" else -1, 2, shape).astype(dtype)
        for shape, dtype in zip(shapes, dtypes)
    ]
    return [x + 1j * x[::-1] if x.dtype.kind == "c" and x.ndim else x for x in operands]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_value_of_numpy(row):
    shapes, subscripts = small_shapes(row), ascii_subscripts(row)
    operands = operands_of(row, shapes)
    extents = extents_of(row, shapes)
    is_feasible = math.prod(extents) <= 50 * MOST_PRODUCTS and len(extents) <= MOST_LABELS
    expected = np.einsum(subscripts, *operands, optimize=False if is_feasible else "greedy")
    for optimize in (False, True):
        result = fasteinsum.einsum(subscripts, *operands, optimize=optimize)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_array_equal(result, expected)
        if is_feasible and result.size:
            assert result.strides == expected.strides


def test_there_are_all_of_them():
    assert len({row["id"] for row in ROWS}) == 125
