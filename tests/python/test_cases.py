"""The shared list of cases (tests/cases.txt) against NumPy."""

import fasteinsum
import numpy as np
import pytest
from cases import Case, read_cases

# Accumulators; halves are summed in float32.
UNITS = {"f16": 2.0**-24, "f32": 2.0**-24, "c64": 2.0**-24, "f64": 2.0**-53, "c128": 2.0**-53}
WIDER = {
    "f16": np.float64,
    "f32": np.float64,
    "f64": np.longdouble,
    "c64": np.complex128,
    "c128": np.clongdouble,
}


def by_identity(cases: list[Case]):
    return [pytest.param(case, id=case.identity) for case in cases]


def exact_result(case: Case, operands: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The result in a wider type, and the sums of absolute products that scale its error."""
    wide = WIDER.get(case.dtype, operands[0].dtype.type)
    result = np.einsum(case.subscripts, *(operand.astype(wide) for operand in operands))
    sizes = (abs(operand.real.astype(wide)) + abs(operand.imag) for operand in operands)
    return result, np.einsum(case.subscripts, *sizes).real


@pytest.mark.parametrize("case", by_identity(read_cases("test")))
@pytest.mark.parametrize("optimize", [False, True], ids=["default", "optimized"])
def test_case(case, optimize):
    operands = case.operands()
    result = fasteinsum.einsum(case.subscripts, *operands, optimize=optimize)
    expected = np.einsum(case.subscripts, *operands)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    if expected.dtype.kind in "biuO":
        assert np.array_equal(result, expected)
        return
    exact, sizes = exact_result(case, operands)
    unit = UNITS.get(case.dtype, 2.0**-64)
    terms = len(operands) + np.prod([*case.extents.values(), 1.0])
    allowed = 4 * terms * unit * sizes
    if case.dtype == "f16":
        allowed = allowed + 2.0**-11 * abs(exact) + 2.0**-25
    assert np.all(abs(result.astype(exact.dtype) - exact) <= allowed)


def test_names_are_unique():
    identities = [case.identity for case in read_cases()]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("case", by_identity(read_cases()))
def test_shapes_follow_from_extents(case):
    """Without making the operands: the large ones are only for the benchmarks."""
    labels = set("".join(case.terms))
    assert labels == set(case.extents)
    assert set(case.output) <= labels
    assert len(case.terms) > max(
        [0, *case.flip, *case.gap, *case.forder, *(number for number, _ in case.ones)]
    )
    assert {label for pair in case.windows for label in pair} <= set(case.terms[0])
