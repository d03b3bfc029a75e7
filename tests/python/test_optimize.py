"""optimize= of einsum: what it accepts, and that it changes neither values nor types."""

import random

import numpy as np
import opt_einsum
import pytest
from fasteinsum import einsum
from versions import MOST_AXES

EXPRESSIONS = [
    ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 2)]),
    ("ij,jk,kl", [(3, 4), (4, 5), (5, 2)]),
    ("ij,ij,ij->", [(3, 4), (3, 4), (3, 4)]),
    ("ea,fb,abcd,gc,hd->efgh", [(2, 3), (3, 2), (3, 2, 4, 2), (2, 4), (3, 2)]),
    ("i,j,k->ijk", [(2,), (3,), (4,)]),
    ("ii,i,->", [(3, 3), (3,), ()]),
    ("ij,jk,k", [(3, 4), (1, 5), (5,)]),
    ("...ij,...jk,...k->...i", [(2, 3, 4), (4, 5), (6, 1, 5)]),
    ("a,ab,bc,cd,d->", [(2,), (2, 3), (3, 4), (4, 5), (5,)]),
    ("ij,jk", [(3, 4), (4, 5)]),
    ("ij->i", [(3, 4)]),
]
METHODS = [
    *(False, True, None, "greedy", "optimal", ("greedy", 10), ["optimal", 1e6], ("greedy", -1)),
    *(opt_einsum.paths.greedy, opt_einsum.paths.optimal, opt_einsum.DynamicProgramming()),
    lambda *arguments: opt_einsum.RandomGreedy(max_repeats=4)(*arguments),
    lambda inputs, output, sizes, memory_limit: [tuple(range(len(inputs)))],
]


def operands_of(shapes, dtype, seed=0):
    """Small whole numbers: sums of products are exact in every type."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 4, shape).astype(dtype) for shape in shapes]


def assert_same(result, expected):
    assert type(result) is type(expected)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


def random_path(rng, count):
    path = ["einsum_path"]
    while count > 1:
        taken = rng.sample(range(count), rng.randint(1, min(3, count)))
        path.append(tuple(taken))
        count += 1 - len(taken)
    return path


@pytest.mark.parametrize("dtype", ["i1", "f2", "f8", "c8", "?"])
@pytest.mark.parametrize(("text", "shapes"), EXPRESSIONS, ids=lambda value: str(value))
def test_values_do_not_depend_on_it(text, shapes, dtype):
    operands = operands_of(shapes, dtype)
    expected = np.einsum(text, *operands)
    rng = random.Random(7)
    paths = [random_path(rng, len(operands)) for _ in range(5)]
    for optimize in [*METHODS, *paths, *(tuple(path) for path in paths)]:
        assert_same(einsum(text, *operands, optimize=optimize), expected)
        assert_same(
            einsum(text, *operands, optimize=optimize, dtype=np.complex128),
            np.einsum(text, *operands, dtype=np.complex128),
        )


class Optimizer(opt_einsum.paths.PathOptimizer):
    """Remembers what it is asked."""

    def __init__(self, path):
        self.path = path
        self.calls = []

    def __call__(self, inputs, output, size_dict, memory_limit=None):
        self.calls.append((inputs, output, size_dict, memory_limit))
        return self.path


def test_what_an_optimizer_is_asked():
    optimizer = Optimizer([(0, 1), (0, 1)])
    x, y = operands_of([(2, 3, 4), (4, 1)], "f8")
    einsum("...ij,jk,kl->...il", x, y, np.ones((5, 6)), optimize=optimizer)
    [(inputs, output, sizes, memory_limit)] = optimizer.calls
    assert inputs == [{"z", "i", "j"}, {"j", "k"}, {"k", "l"}]
    assert all(type(labels) is frozenset for labels in [*inputs, output])
    assert output == {"z", "i", "l"}
    assert sizes == {"z": 2, "i": 3, "j": 4, "k": 5, "l": 6}
    assert all(type(size) is int for size in sizes.values())
    assert memory_limit is None


def test_an_optimizer_is_asked_where_there_is_a_choice():
    x, y, z = operands_of([(2, 3), (3, 4), (4, 5)], "f8")
    optimizer = Optimizer(None)
    einsum("ij,jk", x, y, optimize=optimizer)
    einsum("ij,jk,kl->ijkl", x, y, z, optimize=optimizer)
    assert optimizer.calls == []
    with pytest.raises(TypeError):
        einsum("ij,jk,kl", x, y, z, optimize=optimizer)
    assert len(optimizer.calls) == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ([(0, 1)], RuntimeError),
        ([(0, 3), (0, 1)], IndexError),
        ([(0, -1), (0, 1)], IndexError),
        ([(0, 0), (0, 1)], IndexError),
        ([(0, "1")], TypeError),
        ([0], TypeError),
        (5, TypeError),
    ],
    ids=str,
)
def test_the_path_of_an_optimizer_is_checked(path, kind):
    operands = operands_of([(2, 3), (3, 4), (4, 5)], "f8")
    with pytest.raises(kind):
        einsum("ij,jk,kl", *operands, optimize=Optimizer(path))


def test_exceptions_of_an_optimizer():
    operands = operands_of([(2, 3), (3, 4), (4, 5)], "f8")
    with pytest.raises(ZeroDivisionError):
        einsum("ij,jk,kl", *operands, optimize=lambda *arguments: 1 / 0)


def test_a_class_is_no_optimizer():
    operands = operands_of([(2, 3), (3, 4), (4, 5)], "f8")
    for value in (Optimizer, list):
        with pytest.raises(TypeError):
            einsum("ij,jk,kl", *operands, optimize=value)


@pytest.mark.skipif(MOST_AXES < 64, reason="32 axes at most")
def test_more_axes_than_letters_have_no_optimizer():
    x = np.ones([1] * 53)
    assert einsum("...,...,...->", x, x, x, optimize=True) == 1
    with pytest.raises(ValueError, match="letters"):
        einsum("...,...,...->", x, x, x, optimize=opt_einsum.paths.greedy)


def test_errors_of_the_expression_come_first():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match="'j'"):
        einsum("ij,jk,kl", x, x, x, optimize="nonsense")
    with pytest.raises(KeyError, match="nonsense"):
        einsum("ij,jk,kl", x, x.T, x, optimize="nonsense")


@pytest.mark.parametrize(
    ("argument", "kind"),
    [(0, TypeError), (np.ones(3), TypeError), ([0], ValueError), ([], ValueError)],
    ids=str,
)
def test_a_lone_argument(argument, kind):
    for function in (np.einsum, einsum):
        with pytest.raises(kind):
            function(argument, optimize=True)
        with pytest.raises(ValueError, match="operand"):
            function(argument)
