"""125 expressions that people reported to NumPy and other projects give NumPy's values."""

import math

import fasteinsum
import numpy as np
import pytest
from issues import ROWS

MOST_ELEMENTS = 2**18  # of an operand
KEPT_LABELS = 17  # of those of extent 2
MOST_LABELS = 32  # of one loop before NumPy 2
MOST_PRODUCTS = 2**20  # what has more, however small its extents, is left to NumPy's matmul


def capped(row, cap):
    return [tuple(min(extent, cap) for extent in shape) for shape in row.shapes]


def small_shapes(row):
    """Extents as large as both limits allow; tensors of many short axes keep some of these, those
    that they share above all."""
    for cap in (300, 100, 64, 33, 24, 17, 12, 9, 7, 5, 4, 3):
        shapes = capped(row, cap)
        fits = max(map(math.prod, shapes)) <= MOST_ELEMENTS
        if fits and math.prod(row.extents(shapes).values()) <= MOST_PRODUCTS:
            return shapes
    shapes = capped(row, 2)
    if max(map(math.prod, shapes)) <= MOST_ELEMENTS:
        return shapes
    labels = dict.fromkeys(label for term in row.terms for label in term)
    kept = sorted(labels, key=lambda label: -sum(label in term for term in row.terms))[:KEPT_LABELS]
    return [
        tuple(extent if label in kept else 1 for label, extent in zip(term, shape))
        for term, shape in zip(row.terms, shapes)
    ]


def operands_of(row, shapes):
    """-1, 0 and 1, so that floats are exact whatever the order of the sums."""
    random = np.random.default_rng(int(row.id[2:]))
    operands = [
        random.integers(0 if dtype.kind in "bu" else -1, 2, shape).astype(dtype)
        for shape, dtype in zip(shapes, row.dtypes)
    ]
    return [x + 1j * x[::-1] if x.dtype.kind == "c" and x.ndim else x for x in operands]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_value_of_numpy(row):
    shapes = small_shapes(row)
    operands = operands_of(row, shapes)
    extents = row.extents(shapes)
    is_feasible = math.prod(extents.values()) <= 50 * MOST_PRODUCTS and len(extents) <= MOST_LABELS
    optimize = False if is_feasible else "greedy"
    expected = np.einsum(row.subscripts, *operands, optimize=optimize)
    for optimize in (False, True):
        result = fasteinsum.einsum(row.subscripts, *operands, optimize=optimize)
        assert result.dtype == expected.dtype
        assert result.shape == expected.shape
        np.testing.assert_array_equal(result, expected)
        if is_feasible and result.size:
            assert result.strides == expected.strides


def test_there_are_all_of_them():
    assert len({row.id for row in ROWS}) == 125
