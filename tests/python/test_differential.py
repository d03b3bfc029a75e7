"""Random requests against NumPy and exact arithmetic: see generator.py and oracle.py.

FASTEINSUM_TEST_CASES sets how many (default 20,000). A failure prints a program that repeats it.
`make fuzz` does the same with many more.
"""

import os
from collections import Counter
from functools import partial

import fasteinsum
import fuzz
import numpy as np
import oracle
import pytest
from fasteinsum import _fasteinsum
from fuzz import (
    BATCH,
    ISAS,
    STRATEGIES,
    check_all,
    check_requests,
    complaint_of,
    families,
    requests,
    shrunk,
    switched,
)
from generator import Generator, Request, View
from hypothesis import HealthCheck, given, settings

CASES = int(os.environ.get("FASTEINSUM_TEST_CASES", "20000"))
BATCHES = 8  # of the cases with everything at its default, so that progress shows


def run_cases(make_request, count: int) -> Counter:
    """Checks that many requests; counts those computed and those refused."""
    report = check_requests(make_request, count)
    if report.failures:
        pytest.fail(f"{len(report.failures)} of {count} are wrong\n\n{report.text()}", False)
    return report.outcomes


@pytest.mark.parametrize("batch", range(BATCHES))
def test_requests(batch):
    outcomes = run_cases(partial(next, families(Generator(batch))), CASES * 5 // 8 // BATCHES)
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


@settings(
    max_examples=max(20, CASES // 100),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(requests())
def test_shrinking_requests(request):
    """What fails here, Hypothesis makes small."""
    outcome, complaint = complaint_of(request)
    assert outcome != "wrong", f"{complaint}\n{request.text()}"


def test_fuzzer():
    """Its batches run in processes of their own; the first two are of one strategy and of all."""
    report = check_all("tests", 2 * BATCH, 2)
    assert report.outcomes.total() == 2 * BATCH
    assert report.failures == []


def test_fuzzer_reports(monkeypatch):
    """A wrong einsum is found, with a program that shows it, and made small."""
    monkeypatch.setattr(fuzz.fasteinsum, "einsum", lambda *_, **__: np.float64(2))
    report = check_requests(Generator(1).next, 50)
    assert report.outcomes["wrong"] == len(report.failures) > 40
    assert "print(repr(fasteinsum.einsum(" in report.text()
    small = shrunk(report.failures[0][2:].split()[0])
    assert len(small) < len(report.failures[0])


def test_relatives():
    """They have the same values, and other layouts and switches, or nothing that differs."""
    generator, changes = Generator(6), Counter()
    for _ in range(100):
        request = generator.next()
        other = generator.next_like(request)
        for x, y in zip(request.build().operands, other.build().operands):
            np.testing.assert_array_equal(x, y)
        has_moved = any(x.strides != y.strides for x, y in zip(request.views, other.views))
        is_switched = request.keywords != other.keywords
        changes += {"moved": has_moved, "switched": is_switched}
        changes["alike"] += not has_moved and not is_switched
    assert min(changes[name] for name in ("moved", "switched", "alike")) > 10


@pytest.mark.parametrize(
    ("subscripts", "shapes", "words"),
    [
        ("i,j->ij", [(3,), (0,)], {}),
        ("i,j->ij", [(3,), (0,)], {"optimize": True}),
        ("abc,cd->ad", [(0, 1, 5), (5, 1)], {"optimize": True, "dtype": np.dtype("f4")}),
    ],
)
def test_numpy_is_not_asked_for_large_elements_of_no_array(monkeypatch, subscripts, shapes, words):
    """It writes one where there is no room, and anything may follow."""
    numpy_einsum = np.einsum

    def einsum(*operands, optimize, out=None, **others):
        assert optimize is False
        assert out is not None or others["dtype"] == np.float32
        return numpy_einsum(*operands, out=out, **others)

    monkeypatch.setattr(np, "einsum", einsum)
    memory = np.ones(20, np.clongdouble).view(np.uint8)
    views = [View(0, np.dtype("G"), shape, (0,) * len(shape), 0) for shape in shapes]
    for casting in ("safe", "unsafe"):
        keywords = {"optimize": False, "casting": casting, **words}
        request = Request(subscripts, views, [memory], keywords=keywords)
        outcome = oracle.check(fasteinsum.einsum, request)
        assert (outcome.error is None) == (casting == "unsafe" or "dtype" not in words)


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
