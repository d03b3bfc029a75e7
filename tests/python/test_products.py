"""tensordot and transpose against numpy, and as the backend of opt_einsum."""

import inspect
import random

import fasteinsum
import numpy as np
import opt_einsum
import pytest
from fasteinsum import tensordot, transpose
from opt_einsum.testing import rand_equation
from versions import MOST_AXES


def array(*shape, dtype=np.float64, seed=0):
    """Small whole numbers: sums of products are exact in every type."""
    return np.random.default_rng(seed).integers(0, 4, shape).astype(dtype)


def assert_same(result, expected):
    assert type(result) is type(expected)
    assert result.dtype == expected.dtype
    assert result.flags.c_contiguous == expected.flags.c_contiguous
    np.testing.assert_array_equal(result, expected)


# ---- tensordot ----


def test_signatures():
    for ours, theirs in ((tensordot, np.tensordot), (transpose, np.transpose)):
        parameters = inspect.signature(ours).parameters.values()
        plain = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
        assert plain == list(inspect.signature(theirs).parameters.values())
        assert ours.__module__ == "fasteinsum"


CALLS = [
    ((2, 3, 4), (3, 4, 5), 2),
    ((2, 3), (3, 4), 1),
    ((2, 3), (4,), 0),
    ((2, 3), (4,), -1),
    ((2, 3), (2, 3), 2),
    ((), (), 0),
    ((), (3,), 0),
    ((5,), (5,), 1),
    ((3, 4, 5), (4, 3, 2), ([1, 0], [0, 1])),
    ((3, 4, 5), (4, 3, 2), ((-2, -3), (0, -2))),
    ((3, 4, 5), (4, 3, 2), (1, 0)),
    ((3, 4, 5), (4, 3, 2), ([1], 0)),
    ((3, 4, 5), (4, 3, 2), np.array([[0, 1], [1, 0]])),
    ((3, 4, 5), (4, 3, 2), ((), ())),
    ((3, 0), (0, 4), 1),
    ((0, 3), (3, 4), 1),
    ((2, 3), (3, 4), np.array(1)),
    ((2, 3), (3, 4), np.int8(1)),
]


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", "f8", "g", "c8", "O"])
@pytest.mark.parametrize(("left", "right", "axes"), CALLS, ids=str)
def test_tensordot_as_numpy(left, right, axes, dtype):
    a, b = array(*left, dtype=dtype), array(*right, dtype=dtype, seed=1)
    assert_same(tensordot(a, b, axes), np.tensordot(a, b, axes))
    if a.size > 0:  # else the list has lost the shape
        assert_same(tensordot(a.tolist(), b, axes=axes), np.tensordot(a.tolist(), b, axes=axes))


def test_tensordot_of_mixed_types_and_layouts():
    a, b = array(4, 3, 2, dtype="i1"), array(3, 5, 4, dtype="f4", seed=1)[:, ::-2]
    assert_same(tensordot(a, b.T, ([0], [0])), np.tensordot(a, b.T, ([0], [0])))
    assert_same(tensordot(a, b.astype(">f8"), ([0], [2])), np.tensordot(a, b.astype("f8"), (0, 2)))


@pytest.mark.skipif(MOST_AXES < 64, reason="32 axes at most")
def test_tensordot_of_many_axes():
    a, b = array(*[1] * 28, 2), array(2, *[1] * 28)
    assert_same(tensordot(a, b, 1), np.tensordot(a, b, 1))
    a, b = array(*[1] * 30, 2, 3), array(3, *[1] * 30, 2)
    assert_same(tensordot(a, b, ([-1, 30], [0, -1])), np.tensordot(a, b, ([-1, 30], [0, -1])))


def test_tensordot_of_objects():
    """No sum of strings can start from a number."""
    numbers, texts = np.arange(1, 5).reshape(2, 2), np.array(list("abcd"), object).reshape(2, 2)
    assert tensordot(numbers, texts, ((0, 1), (0, 1))).item() == "abbcccdddd"


REFUSED = [
    ((2, 3), (3, 4), 2, ValueError),
    ((2, 3), (4, 3), 1, ValueError),
    ((2, 1), (3, 4), 1, ValueError),
    ((2, 3), (3, 4), ([0, 1], [0]), ValueError),
    ((3, 3), (3, 3), ([0, 0], [0, 1]), ValueError),
    ((3, 3), (3, 3), ([0, 1], [1, 1]), ValueError),
    ((3, 3), (3, 3), ([0, -2], [0, 1]), ValueError),
    ((3, 3), (3, 3), ([0], [1], [0]), ValueError),
    ((2, 3), (3, 4), ([2], [0]), IndexError),
    ((2, 3), (3, 4), 3, IndexError),
    ((2, 3), (3, 4), 1.5, TypeError),
    ((2, 3), (3, 4), None, TypeError),
    ((2, 3), (3, 4), ("a", "b"), TypeError),
]


@pytest.mark.parametrize(("left", "right", "axes", "kind"), REFUSED, ids=str)
def test_tensordot_refused_as_by_numpy(left, right, axes, kind):
    for function in (np.tensordot, tensordot):
        with pytest.raises(kind):
            function(array(*left), array(*right), axes)


def test_tensordot_names_the_mismatch():
    with pytest.raises(ValueError, match=r"shape-mismatch for sum: axis -1 .* 3, axis 0 .* 4"):
        tensordot(array(2, 3), array(4, 5), 1)


class Foreign:
    def __array_function__(self, function, types, arguments, keywords):
        return function, arguments, keywords


def test_foreign_arrays_answer_for_themselves():
    foreign, a = Foreign(), array(2, 3)
    assert tensordot(a, foreign, 1)[0] is np.tensordot
    assert tensordot(foreign, a, axes=1)[1][:2] == (foreign, a)
    assert transpose(foreign)[0] is np.transpose


# ---- transpose ----


@pytest.mark.parametrize("axes", [None, (1, 0, 2), [2, 0, 1], (-1, 0, 1)], ids=str)
def test_transpose_as_numpy(axes):
    a = array(2, 3, 4)
    result, expected = transpose(a, axes), np.transpose(a, axes)
    assert_same(result, expected)
    assert result.strides == expected.strides
    assert np.shares_memory(result, a)
    assert_same(transpose(a.tolist(), axes=axes), np.transpose(a.tolist(), axes=axes))
    with pytest.raises(ValueError, match="axes"):
        transpose(a, (0, 1))


# ---- opt_einsum ----

EXPRESSIONS = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk->ki", [(2, 3), (3, 4)]),
    ("ij,ji->", [(2, 3), (3, 2)]),
    ("ij,kl->ijkl", [(2, 3), (3, 4)]),
    ("ij->", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("iij,jk->k", [(3, 3, 2), (2, 4)]),
    ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 2)]),
    ("ea,fb,abcd,gc,hd->efgh", [(2, 3), (3, 2), (3, 2, 4, 2), (2, 4), (3, 2)]),
    ("bij,bjk,bkl->bil", [(2, 3, 4), (2, 4, 5), (2, 5, 3)]),
    ("...ij,...jk,kl->...il", [(6, 3, 4), (2, 1, 4, 5), (5, 3)]),
    ("a,ab,bc,cd,d->", [(2,), (2, 3), (3, 4), (4, 5), (5,)]),
    (",i,->i", [(), (3,), ()]),
]


@pytest.mark.parametrize("dtype", ["i8", "f4", "f8", "c16"])
@pytest.mark.parametrize(("text", "shapes"), EXPRESSIONS, ids=lambda value: str(value))
def test_backend_of_opt_einsum(text, shapes, dtype):
    operands = [array(*shape, dtype=dtype, seed=i) for i, shape in enumerate(shapes)]
    expected = np.einsum(text, *operands)
    for optimize in ("auto", "optimal", "greedy"):
        result = opt_einsum.contract(text, *operands, optimize=optimize, backend="fasteinsum")
        np.testing.assert_array_equal(result, expected)
    expression = opt_einsum.contract_expression(text, *shapes)
    np.testing.assert_array_equal(expression(*operands, backend="fasteinsum"), expected)


def test_backend_of_opt_einsum_uses_our_functions(monkeypatch):
    """Its table of functions is filled by name, once."""
    from opt_einsum.backends import dispatch

    monkeypatch.setattr(dispatch, "_cached_funcs", {})
    for name in ("tensordot", "transpose", "einsum"):
        assert dispatch.get_func(name, "fasteinsum") is getattr(fasteinsum, name)


@pytest.mark.parametrize("seed", range(5))
def test_random_networks_in_opt_einsum(seed):
    rng = random.Random(seed)
    for _ in range(20):
        text, shapes = rand_equation(
            rng.randint(2, 7),
            rng.choice([2, 3]),
            n_out=rng.randint(0, 3),
            d_min=2,
            d_max=4,
            seed=rng.randrange(10**6),
        )
        operands = [array(*shape, seed=i) for i, shape in enumerate(shapes)]
        result = opt_einsum.contract(text, *operands, backend="fasteinsum")
        np.testing.assert_array_equal(result, np.einsum(text, *operands, optimize=True))


def test_out_in_opt_einsum():
    a, b, c = array(2, 3), array(3, 4), array(4, 5)
    out = np.empty((5, 2))
    result = opt_einsum.contract("ij,jk,kl->li", a, b, c, out=out, backend="fasteinsum")
    assert result is out
    np.testing.assert_array_equal(out, (a @ b @ c).T)
