"""Rounding, algebra, infinities and signed zeros: what must hold for any correct implementation."""

import fasteinsum
import numpy as np
import oracle
import pytest
import roundings
from cases import DTYPES, random_values

FLOATS = ("f16", "f32", "f64", "c64", "c128")
EXACT = {"f16": np.float64, "f32": np.float64, "f64": np.longdouble, "c64": np.complex128}
EXACT |= {"c128": np.clongdouble}
ACCUMULATORS = {"f16": np.float32, "c64": np.float32, "c128": np.float64}  # else the type itself

# Expression, shapes and the number of terms of each sum.
SUMS = [
    ("ij->j", [(3000, 5)], 3000),
    ("ij->j", [(700, 33)], 700),
    ("ij->i", [(5, 3000)], 3000),
    ("ijk->j", [(40, 9, 60)], 2400),
    ("i->", [(100_000,)], 100_000),
    ("i,i->", [(50_000,), (50_000,)], 50_000),
    ("ij,ij->i", [(7, 2000), (7, 2000)], 2000),
    ("ij,ij->j", [(2000, 7), (2000, 7)], 2000),
    ("ij,j->i", [(17, 3000), (3000,)], 3000),
    ("ij,i->j", [(3000, 17), (3000,)], 3000),
    ("ij,jk->ik", [(20, 2000), (2000, 24)], 2000),
    ("ji,jk->ki", [(2000, 20), (2000, 24)], 2000),
    ("bij,bjk->bik", [(6, 9, 700), (6, 700, 8)], 700),
]


def make_operands(shapes, dtype, seed=0, positive=False):
    random = np.random.default_rng(seed)
    operands = [random_values(random, shape, dtype) for shape in shapes]
    return [abs(operand).astype(operand.dtype) for operand in operands] if positive else operands


def error_ratios(result, subscripts, operands, dtype):
    """|result - exact| / sum of |products|, in units of the accumulator's rounding, by element."""
    wide = EXACT[dtype]
    exact = np.einsum(subscripts, *(operand.astype(wide) for operand in operands))
    sizes = np.einsum(subscripts, *(abs(operand.astype(wide)) for operand in operands))
    unit = np.finfo(ACCUMULATORS.get(dtype, DTYPES[dtype])).eps / 2
    error = abs(np.asarray(result).astype(wide) - exact)
    if dtype == "f16":  # the one rounding at the end is no error of the sum
        error = np.maximum(0, error - np.finfo(np.float16).eps / 2 * abs(exact) - 2.0**-25)
    return (error / (sizes * unit)).astype(float)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("subscripts", "shapes", "terms"), SUMS)
def test_rigorous_bound(subscripts, shapes, terms, dtype):
    operands = make_operands(shapes, dtype)
    ratios = error_ratios(fasteinsum.einsum(subscripts, *operands), subscripts, operands, dtype)
    assert np.max(ratios) <= (terms + 4) * (2 if dtype[0] == "c" else 1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("subscripts", "shapes", "terms"), SUMS)
@pytest.mark.parametrize("positive", [True, False], ids=["positive", "mixed"])
def test_no_less_accurate_than_numpy(subscripts, shapes, terms, dtype, positive):
    """On average over several data sets; both errors are small numbers of roundings, so that one
    rounding more or less of luck is allowed for."""
    ours, theirs = [], []
    for seed in range(4):
        operands = make_operands(shapes, dtype, seed, positive)
        for errors, einsum in ((ours, fasteinsum.einsum), (theirs, np.einsum)):
            result = einsum(subscripts, *operands)
            errors.append(np.mean(error_ratios(result, subscripts, operands, dtype)))
    assert np.mean(ours) <= 1.1 * np.mean(theirs) + 0.5


@pytest.mark.parametrize("dtype", roundings.DTYPES)
def test_random_and_adversarial_expressions(dtype):
    """Each inside the bound, which measure() checks; docs/accuracy.md is made from more of them."""
    measured = roundings.measure(fasteinsum.einsum, dtype, 70, seed=1)
    assert len(measured) == 70
    assert {one.kind for one in measured} == {kind.__name__ for kind in roundings.KINDS}
    assert np.mean([one.ours for one in measured]) <= np.mean([one.numpy for one in measured])


def test_measuring_notices():
    """A sum in float32 is outside the bound of float64."""

    def single(subscripts, *operands):
        result = np.einsum(subscripts, *(operand.astype(np.float32) for operand in operands))
        return np.asarray(result).astype(np.float64)[()]

    with pytest.raises(oracle.Mismatch), np.errstate(all="ignore"):
        roundings.measure(single, "float64", 10)


@pytest.mark.parametrize("factors", ["ij", "ij,i", "ij,ij"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_outer_sums_are_as_accurate_as_inner_ones(factors, dtype):
    """Of 4 million rows: one or two roundings, not the thousands of a plain loop."""
    random = np.random.default_rng(0)
    values = (random.random((2, 4_000_000)) * 2.0**-10).astype(dtype)  # the sum fits in a half
    weights = random.random(4_000_000).astype(dtype)
    products = values.astype(np.longdouble)
    for factor in factors.split(",")[1:]:
        products *= weights if factor == "i" else values
    exact = np.sum(products, axis=1)
    rows = {"ij": np.ascontiguousarray(values.T), "ji": values, "i": weights}
    for terms in (factors, factors.replace("ij", "ji")):
        operands = [rows[term] for term in terms.split(",")]
        errors = abs(fasteinsum.einsum(terms + "->j", *operands) / exact - 1)
        assert np.max(errors) < np.finfo(dtype).eps


@pytest.mark.parametrize("subscripts", ["ij->j", "ji->j", "ij,ij->j", "ij,ik->jk", "ij,i->j"])
def test_halves_do_not_stick(subscripts):
    """Ones are counted beyond 2048, where halves alone would stop."""
    terms = subscripts.split("->")[0].split(",")
    shapes = [[4000 if label == "i" else 4 for label in term] for term in terms]
    result = fasteinsum.einsum(subscripts, *(np.ones(shape, np.float16) for shape in shapes))
    assert result.dtype == np.float16
    assert np.all(result == 4000)


def test_halves_keep_products_in_single_precision():
    assert fasteinsum.einsum("i,i->", *np.float16([[300, 300], [300, -300]])) == 0
    result = fasteinsum.einsum("i,i,i->", *np.float16([[300], [300], [0.001]]))
    assert abs(result - 90.06) < 0.1


def test_mean_of_equal_values():
    """Of a long sum of one value that does not move in memory: 15 decimals."""
    values = np.broadcast_to(np.float64(0.1), (1_000_000,))
    assert abs(fasteinsum.einsum("i->", values) / 1e6 - 0.1) < 1e-15


@pytest.mark.parametrize("exponent", [-60, -1, 60])
@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "ij,j->i", "ij,ij->j"])
def test_powers_of_two_change_no_bit(subscripts, exponent):
    """Scaling by powers of two is exact as long as nothing underflows."""
    terms = subscripts.split("->")[0].split(",")
    operands = make_operands([tuple(19 + ord(x) % 3 for x in term) for term in terms], "f32", 3)
    scaled = [np.ldexp(operands[0], exponent), *operands[1:]]
    result = fasteinsum.einsum(subscripts, *scaled)
    assert np.array_equal(result, np.ldexp(fasteinsum.einsum(subscripts, *operands), exponent))


def test_subnormals_are_kept():
    tiny = np.full((5, 7), np.finfo(np.float32).smallest_subnormal)
    assert np.all(fasteinsum.einsum("ij->j", tiny) == 5 * tiny[0])
    ones = np.ones((7, 3), np.float32)
    assert np.all(fasteinsum.einsum("ij,jk->ik", tiny, ones) == 7 * tiny[0, 0])


# Algebra, in integers: exact -------------------------------------------------------------------

IDENTITIES = ["ij,jk->ik", "ij,jk,kl->il", "bij,bj->bi", "ij,ij->", "ii,ij->j", "ij,k->ijk"]


def integer_operands(subscripts, seed=0):
    random = np.random.default_rng(seed)
    sizes = dict(zip("ijklb", (9, 17, 8, 5, 3), strict=True))
    return [
        random.integers(-100, 100, [sizes[label] for label in term])
        for term in subscripts.split("->")[0].split(",")
    ]


@pytest.mark.parametrize("subscripts", IDENTITIES)
def test_linear_in_each_operand(subscripts):
    operands, others = integer_operands(subscripts), integer_operands(subscripts, 1)
    for number, other in enumerate(others):
        replaced, added = list(operands), list(operands)
        replaced[number] = other
        added[number] = 3 * operands[number] - 7 * other
        expected = 3 * fasteinsum.einsum(subscripts, *operands)
        expected = expected - 7 * fasteinsum.einsum(subscripts, *replaced)
        assert np.array_equal(fasteinsum.einsum(subscripts, *added), expected)


@pytest.mark.parametrize("subscripts", IDENTITIES)
def test_operands_in_another_order(subscripts):
    operands = integer_operands(subscripts)
    inputs, output = subscripts.split("->")
    reverse = ",".join(inputs.split(",")[::-1]) + "->" + output
    expected = fasteinsum.einsum(subscripts, *operands)
    assert np.array_equal(fasteinsum.einsum(reverse, *operands[::-1]), expected)


@pytest.mark.parametrize("subscripts", IDENTITIES)
def test_transposed_operands_and_result(subscripts):
    operands = integer_operands(subscripts)
    inputs, output = subscripts.split("->")
    mirrored = ",".join(term[::-1] for term in inputs.split(",")) + "->" + output[::-1]
    expected = fasteinsum.einsum(subscripts, *operands)
    result = fasteinsum.einsum(mirrored, *(operand.T for operand in operands))
    assert np.array_equal(result, np.asarray(expected).T)


@pytest.mark.parametrize("at", [0, 1, 8, 16, 17])
def test_split_of_a_summed_label(at):
    left, right = integer_operands("ij,jk->ik")
    first = fasteinsum.einsum("ij,jk->ik", left[:, :at], right[:at])
    second = fasteinsum.einsum("ij,jk->ik", left[:, at:], right[at:])
    assert np.array_equal(first + second, fasteinsum.einsum("ij,jk->ik", left, right))


@pytest.mark.parametrize("at", [0, 1, 8, 9])
def test_slice_of_an_output_label(at):
    left, right = integer_operands("ij,jk->ik")
    whole = fasteinsum.einsum("ij,jk->ik", left, right)
    assert np.array_equal(fasteinsum.einsum("ij,jk->ik", left[at:], right), whole[at:])


def test_view_equals_copy():
    base = integer_operands("ij->ij")[0]
    for view in (base[::-1], base[:, ::2], base.T, np.broadcast_to(base[0], base.shape)):
        assert np.array_equal(
            fasteinsum.einsum("ij,kj->ik", view, view),
            fasteinsum.einsum("ij,kj->ik", view.copy(), view.copy()),
        )


# Infinities, NaN and zeros ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "subscripts", ["ij,jk->ik", "ji,jk->ik", "ij,j->i", "ij,ij->i", "ij,ij->j", "i,i->i", "ij->j"]
)
def test_not_finite_where_numpy_is_not(subscripts, dtype):
    sizes = {"i": 23, "j": 37, "k": 19}
    terms = subscripts.split("->")[0].split(",")
    for seed, special in enumerate((np.inf, -np.inf, np.nan)):
        operands = make_operands([[sizes[x] for x in term] for term in terms], dtype, seed)
        random = np.random.default_rng(seed)
        for operand in operands:
            operand.flat[random.integers(operand.size, size=3)] = special
            operand.flat[random.integers(operand.size, size=3)] = 0  # 0 * inf is nan
        result, expected = (
            einsum(subscripts, *operands) for einsum in (fasteinsum.einsum, np.einsum)
        )
        for got, wanted in ((result.real, expected.real), (result.imag, expected.imag)):
            assert np.array_equal(np.isnan(got), np.isnan(wanted))
            infinite = np.isinf(wanted)
            assert np.array_equal(got[infinite], wanted[infinite])
            assert np.array_equal(np.isinf(got), infinite)


@pytest.mark.parametrize("dtype", [*FLOATS, "longdouble"])
@pytest.mark.parametrize(
    "subscripts", ["i,i->i", "ij,j->ij", "ij->j", "ij,jk->ik", "i,j->ij", ",i->i", "ij,ij->", "i->"]
)
def test_sums_begin_with_positive_zero(subscripts, dtype):
    """0 + -0.0 is 0.0: no result is -0.0, not even of a product without a sum."""
    terms = subscripts.split("->")[0].split(",")
    shapes = [[9 + ord(label) % 3 for label in term] for term in terms]
    kind = DTYPES[dtype]
    operands = [np.full(shape, 1 if number else -0.0, kind) for number, shape in enumerate(shapes)]
    result = np.asarray(fasteinsum.einsum(subscripts, *operands))
    assert np.all(result == 0)
    assert not np.any(np.signbit(result.real))


def test_empty_sum_reads_nothing():
    """Zero terms are 0, even where a stride of zero would find a NaN."""
    nan = np.broadcast_to(np.float64(np.nan), (0, 4))
    for subscripts in ("ij->j", "ij->", "ij,ij->j", "ij,ik->jk"):
        operands = [nan] * (1 + subscripts.count(","))
        result = fasteinsum.einsum(subscripts, *operands)
        assert np.all(result == 0)
