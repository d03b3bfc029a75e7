"""Random requests against NumPy and exact arithmetic: see generator.py and oracle.py.

FASTEINSUM_TEST_CASES sets how many (default 20,000). A failure prints a program that repeats it.
"""

import os
import re
from collections import Counter
from contextlib import contextmanager

import fasteinsum
import numpy as np
import oracle
import pytest
from fasteinsum import _fasteinsum
from generator import Generator, Request, View
from tree import ROOT

CASES = int(os.environ.get("FASTEINSUM_TEST_CASES", "20000"))
BATCHES = 8  # of the cases with everything at its default, so that progress shows
FAILURES_PRINTED = 5

STRATEGIES = re.findall(
    r"&strategy_(\w+)", (ROOT / "csrc/strategies/strategy.c").read_text(encoding="ascii")
)
ISAS = [
    name
    for name in _fasteinsum._config()["isas_built"]
    if name in _fasteinsum._config()["isas_found"]
]


@contextmanager
def switched(switch, name):
    before = switch(name)
    try:
        yield
    finally:
        switch(before)


def run_cases(make_request, count: int) -> Counter:
    """Checks that many requests; counts those computed and those refused."""
    outcomes, failures = Counter(), []
    for _ in range(count):
        request = make_request()
        try:
            outcome = oracle.check(fasteinsum.einsum, request)
        except oracle.Mismatch as mismatch:
            failures.append(f"# {mismatch}\n{request.text()}")
        else:
            outcomes["refused" if outcome.error else "computed"] += 1
    if failures:
        shortest = sorted(failures, key=len)[:FAILURES_PRINTED]
        pytest.fail(f"{len(failures)} of {count} are wrong\n\n" + "\n".join(shortest), False)
    return outcomes


@pytest.mark.parametrize("batch", range(BATCHES))
def test_valid_requests(batch):
    outcomes = run_cases(Generator(batch).next, CASES * 5 // 8 // BATCHES)
    assert outcomes["computed"] > outcomes["refused"]


def test_spoiled_requests():
    outcomes = run_cases(Generator(100).next_invalid, CASES // 8)
    assert outcomes["refused"] > outcomes["computed"] > 0


@pytest.mark.parametrize("isa", ISAS)
def test_each_isa(isa):
    with switched(_fasteinsum._use_isa, isa):
        run_cases(Generator(200).next, CASES // 8 // len(ISAS))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy(strategy):
    with switched(_fasteinsum._use_strategy, strategy):
        run_cases(Generator(300).next, CASES // 8 // len(STRATEGIES))


# The oracles themselves ------------------------------------------------------------------------


def is_known_difference(request: Request, mismatch: str) -> bool:
    """The cases where NumPy is wrong, or refuses what we accept; the oracle must object to it."""
    dtype = request.keywords.get("dtype")
    is_foreign = isinstance(dtype, np.dtype) and not dtype.isnative
    has_halves = oracle.computing_dtype(request, request.build()) == np.float16
    is_refused_by_numpy = "expected None" in mismatch
    is_empty_sum = any(0 in view.shape for view in request.views)
    return is_foreign or has_halves or is_refused_by_numpy or is_empty_sum


def test_oracle_accepts_numpy():
    """With numpy.einsum itself on trial, only its known bugs are found."""

    def numpy_einsum(*operands, **keywords):
        return np.einsum(*operands, **{**keywords, "optimize": False})

    generator, accepted, count = Generator(400), 0, max(100, CASES // 20)
    for _ in range(count):
        request = generator.next()
        if oracle.corrupts_numpy(request):
            continue
        try:
            oracle.check(numpy_einsum, request)
            accepted += 1
        except oracle.Mismatch as mismatch:
            if not is_known_difference(request, str(mismatch)):
                raise AssertionError(request.text()) from mismatch
    assert accepted > 0.9 * count


def spoil_value(result):
    changed = np.array(result)
    changed.flat[0] += np.asarray(1 + 1e-3 * abs(changed.flat[0])).astype(changed.dtype)
    return changed if isinstance(result, np.ndarray) else changed[()]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (spoil_value, "value"),
        (lambda result: np.asarray(result).astype(np.longdouble)[()], "type|dtype"),
        (lambda result: result[None] if result.ndim else np.asarray(result), "shape|type"),
        (lambda result: np.asfortranarray(result) if result.ndim > 1 else 0, "strides|type"),
        (lambda result: 1 / 0, "raised"),
    ],
)
@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "ij,ij->"])
def test_oracle_notices(spoil, complaint, subscripts):
    """Each kind of wrong answer is found."""
    memory = np.arange(1.0, 10.0).view(np.uint8)
    view = View(0, np.dtype(float), (3, 3), (24, 8), 0)
    request = Request(subscripts, [view, view], [memory])
    oracle.check(np.einsum, request)
    with pytest.raises(oracle.Mismatch, match=complaint):
        oracle.check(lambda *operands: spoil(np.einsum(*operands)), request)


def test_oracle_notices_changed_inputs():
    memory = np.arange(1.0, 10.0).view(np.uint8)
    request = Request("ij->i", [View(0, np.dtype(float), (3, 3), (24, 8), 0)], [memory])

    def einsum(subscripts, operand):
        result = np.einsum(subscripts, operand)
        operand[2, 2] = 0
        return result

    with pytest.raises(oracle.Mismatch, match="was written"):
        oracle.check(einsum, request)
