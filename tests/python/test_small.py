"""Batches of small products, cut into several tasks along the batch."""

import fasteinsum
import numpy as np
import pytest
from fasteinsum import _fasteinsum

EXPRESSIONS = [
    "bij,bjk->bik",
    "bij,bkj->bik",
    "ijb,jkb->ikb",
    "bij,bj->bi",
    "b,bij->bij",
    "bij,jk->bik",
    "ni,ij->nj",
    "bi,bi->b",
    "bi,bj->bij",
]


def random_array(rng, shape, dtype):
    if dtype == "c16":
        return rng.integers(-4, 5, shape) + 1j * rng.integers(-4, 5, shape)
    return rng.integers(-4, 5, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "i8", "u1"])
@pytest.mark.parametrize("subscripts", EXPRESSIONS)
def test_long_batches(subscripts, dtype):
    """Whole numbers, so that the results are exact."""
    rng = np.random.default_rng(1)
    extents = {"b": 60_001, "n": 60_001, "i": 3, "j": 4, "k": 2}
    terms = subscripts.split("->")[0].split(",")
    operands = [random_array(rng, [extents[label] for label in term], dtype) for term in terms]
    before = _fasteinsum._use_strategy("small")
    try:
        text = _fasteinsum._describe(subscripts, *operands)
        result = fasteinsum.einsum(subscripts, *operands)
    finally:
        _fasteinsum._use_strategy(before)
    assert " small " in text
    np.testing.assert_array_equal(result, np.einsum(subscripts, *operands))
