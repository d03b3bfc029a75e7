"""Operands of different dtypes: the values of NumPy, and nothing converted as a whole."""

import itertools
import re

import fasteinsum
import numpy as np
import pytest
from fasteinsum import einsum, threads

DTYPES = "?bBhHiIlLefdgFDG"

EXPRESSIONS = {  # one for each way to compute, and for each side that may be the larger one
    "ij,jk->ik": [(17, 40), (40, 33)],
    "ij,jk->ki": [(3, 4), (4, 2)],
    "bij,bjk->bik": [(70, 3, 2), (70, 2, 4)],
    "ij,j->i": [(19, 40), (40,)],
    "ij,i->j": [(40, 19), (40,)],
    "j,ij->i": [(40,), (19, 40)],
    "ij,ij->i": [(19, 40), (19, 40)],
    "ij,ji->": [(6, 5), (5, 6)],
    "ij,ij->ij": [(9, 40), (9, 40)],
    "i,j->ij": [(40,), (35,)],
    "i,->i": [(40,), ()],
    "ijk,ij->k": [(8, 5, 3), (8, 5)],
    "ik,kj,jl->il": [(5, 6), (6, 4), (4, 7)],
    "ij,ij,jk->ik": [(5, 6), (5, 6), (6, 4)],
    "i,i,i->": [(50,), (50,), (50,)],
    "ij,ij,j->i": [(9, 40), (9, 40), (40,)],
    "ij,ij,i->j": [(9, 40), (9, 40), (9,)],
    "bi,bi,bi->b": [(70, 3), (70, 3), (70, 3)],
    "nchwkl,fckl->nfhw": [(2, 3, 4, 5, 2, 2), (4, 3, 2, 2)],
}
LAYOUTS = [  # of one operand
    lambda x: x,
    lambda x: x.T.copy().T,
    lambda x: np.repeat(x, 2, -1)[..., ::2] if x.ndim else x,
    lambda x: np.flip(np.flip(x).copy()) if x.ndim else x,
]


def numbers(rng, shape, dtype):
    return rng.integers(0, 3, shape).astype(dtype)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("subscripts", EXPRESSIONS)
def test_every_pair_of_dtypes(subscripts, count):
    rng = np.random.default_rng(0)
    shapes = EXPRESSIONS[subscripts]
    with threads(count):
        for n, (first, second) in enumerate(itertools.product(DTYPES, repeat=2)):
            codes = [first, second, DTYPES[n % len(DTYPES)]]
            operands = [
                LAYOUTS[(n + i) % len(LAYOUTS)](numbers(rng, shape, code))
                for i, (shape, code) in enumerate(zip(shapes, codes))
            ]
            expected = np.einsum(subscripts, *operands)
            for _ in range(2):  # anew, and by the plan that was kept
                result = einsum(subscripts, *operands)
                assert result.dtype == expected.dtype
                np.testing.assert_array_equal(result, expected, err_msg=str(codes))


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stored", DTYPES)
def test_one_operand_in_every_dtype(stored, dtype):
    rng = np.random.default_rng(1)
    x = numbers(rng, (33, 50), stored)
    for subscripts in ("ij->ji", "ij->i", "ij->j", "ij->"):
        with np.errstate(all="ignore"):
            expected = np.einsum(subscripts, x, dtype=dtype, casting="unsafe")
        result = einsum(subscripts, x, dtype=dtype, casting="unsafe")
        assert result.dtype == expected.dtype
        if dtype == "e":  # whose sums NumPy rounds one by one
            np.testing.assert_allclose(result.astype("d"), expected.astype("d"), rtol=1e-2)
        else:
            np.testing.assert_array_equal(result, expected)


def extremes(dtype):
    """The limits of a dtype, and what else converting might get wrong."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([2, 0, 255, 1], np.uint8).view(bool)
    if kind == "f":
        info = np.finfo(dtype)
        limits = [info.max, info.min, info.tiny, info.smallest_subnormal]
        return np.array([*limits, np.inf, -np.inf, np.nan], dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.max, 0, 1], dtype)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [(narrow, wide) for narrow in "?bHef" for wide in "ldD" if np.can_cast(narrow, wide)],
)
def test_limits_are_converted_as_numpy_does(narrow, wide):
    """The extremes of each dtype, signs of zeros aside."""
    values, one = extremes(narrow), np.ones((), wide)
    np.testing.assert_array_equal(einsum("i,->i", values, one), np.einsum("i,->i", values, one))


def test_large_integers_are_rounded_once():
    """2**53 + 1 and its like have no float64; a float32 by way of it would be rounded twice."""
    for stored in ("l", "L", "i", "I"):
        x = np.array([2**24 + 1, 2**25 + 3, 2**31 - 1], stored)
        if stored in "lL":
            x = np.append(x, np.array([2**53 + 1, 2**60 + 2**36 + 1, 2**63 - 1], stored))
        for dtype in ("f", "d", "F", "D"):
            result = einsum("i,->i", x, np.ones((), "b"), dtype=dtype, casting="unsafe")
            np.testing.assert_array_equal(result, x.astype(dtype))


def test_truth_stays_truth():
    """However many, and of however many factors, whose counts no float could hold."""
    many = np.ones((300, 300), bool)
    text = "ab,bc,cd,de,ef,fg,gh,hi,ij,jk,kl,lm,mn,no,op,pq,qr,rs,st,tu->au"
    assert einsum(text, *[many] * 20).all()
    single = np.zeros((300, 300), bool)
    single[7, 7] = True
    assert einsum(text, *[many] * 19, single).sum() == 300
    assert einsum("i,i->", np.ones(2**25, bool), np.ones(2**25, bool))


def workspace(subscripts, *operands):
    text = fasteinsum._fasteinsum._describe(subscripts, *operands)
    size, unit = re.search(r"workspace ([\d.]+) (\wB|B)", text).groups()
    return float(size) * {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


@pytest.mark.parametrize("stored", ["?", "b", "H", "e", "f"])
def test_no_operand_is_converted_as_a_whole(stored):
    """16 million elements: 128 MB as float64, and never more than a few blocks of them."""
    x = np.zeros((4000, 4000), stored)
    v = np.ones(4000)
    for subscripts in ("ij,j->i", "ij,i->j"):
        assert workspace(subscripts, x, v) < 5e5
    assert workspace("ij,ij->", x, np.broadcast_to(v, (4000, 4000))) < 5e5
    assert workspace("ij,i->ij", x, v) < 5e5
    assert workspace("ij,jk->ik", x, np.ones((4000, 40))) < 5e6
    windows = np.lib.stride_tricks.sliding_window_view(x, (100, 100))
    assert workspace("hwkl,kl->hw", windows, np.ones((100, 100))) < 5e6
    assert einsum("ij,j->i", x[:50], v).tolist() == [0] * 50


def test_out_and_overlap():
    x = np.arange(40, dtype="f").reshape(5, 8)
    y = np.arange(64, dtype="d").reshape(8, 8)
    expected = np.einsum("ij,jk->ik", x, y)
    out = np.empty((5, 8))
    assert einsum("ij,jk->ik", x, y, out=out) is out
    np.testing.assert_array_equal(out, expected)
    square = np.arange(64, dtype="d").reshape(8, 8)
    einsum("ij,jk->ik", square.astype("f"), square, out=square)
    np.testing.assert_array_equal(square, y @ y)
    narrow = np.zeros((5, 8), "f")
    einsum("ij,jk->ik", x, y, out=narrow, casting="same_kind")
    np.testing.assert_array_equal(narrow, expected.astype("f"))
