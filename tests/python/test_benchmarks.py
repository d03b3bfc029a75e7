"""What the benchmarks compute, apart from time."""

import subprocess
import sys

import fasteinsum
import figures
import issues
import pytest
import report
import suites
import turns

ENVIRONMENT = {
    "limits": {"flops_f32": 2e9, "flops_f64": 1e9, "read_bytes": 4e9, "copy_bytes": 3e9},
    "processor": "Some processor",
    "numpy": "2.0",
    "opt_einsum": "3.4",
    "torch": None,
    "time": "2026-01-02T03:04:05Z",
}


def row_of(name, group="sums", dtype="f64", **seconds):
    return {
        "name": name,
        "group": group,
        "dtype": dtype,
        "subscripts": "ij->i",
        "strategies": "reduce",
        "limit": "bytes",
        "share": 0.5,
        "seconds": seconds,
    }


ROWS = [
    row_of("ahead", fasteinsum=1e-3, numpy=4e-3, torch=2e-3),
    row_of("behind", fasteinsum=1e-3, numpy=1e-3, torch=5e-4),
    row_of("alone", group="others", fasteinsum=2e-9),
]


def test_ratios():
    assert figures.ratio(ROWS[0], "numpy") == 4
    assert figures.ratio(ROWS[0], "opt_einsum") is None
    assert [figures.best_peer(row) for row in ROWS] == ["torch", "torch", None]
    assert figures.mean_ratio(ROWS, "numpy") == pytest.approx(2)
    assert figures.mean_ratio(ROWS) == pytest.approx(1)
    assert figures.mean_ratio(ROWS[2:]) is None
    assert [figures.is_ahead(figures.best_ratio(row)) for row in ROWS] == [False, True, False]


def test_page(tmp_path):
    path = report.write_page(report.CASES, [{"rows": ROWS, "environment": ENVIRONMENT}], tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "| sums | 2 | 50% | 2.00 | 1.00 | 1.00 | 1 |" in lines
    assert "| behind | `ij->i` | f64 | 1 ms | 50% of bytes | 1.00 | **0.50** | reduce |" in lines
    assert "| alone | `ij->i` | f64 | 2 ns | 50% of bytes | – | – | reduce |" in lines
    assert (tmp_path / "cases_all_suites.png").stat().st_size > 0


def test_files_of_layers_have_sections_of_their_own(tmp_path):
    layer = {"gflop": 0.5, "extra_bytes": 2**20}
    records = [
        {
            "rows": [row_of("conv1", "forward", dtype, fasteinsum=1e-3, im2col=2e-3) | layer],
            "environment": ENVIRONMENT,
        }
        for dtype in ("f32", "f64")
    ]
    assert {report.page_of(record).name for record in records} == {"conv"}
    text = report.write_page(report.CONV, records, tmp_path).read_text(encoding="utf-8")
    assert text.index("## f32") < text.index("conv_f32.png") < text.index("## f64")
    assert text.count("| conv1 | 0.5 | 1 ms | 50% | 1.0 | 2.00 | reduce |") == 2


def test_contenders_take_turns():
    seen = []
    calls = {name: lambda name=name: seen.append(name) for name in "ab"}
    samples = turns.take_turns(
        calls,
        turns.Pace(repeats=3, shortest=0),
        before=lambda name: seen.append("before " + name),
        after=lambda name, seconds: seen.append("after " + name),
    )
    once = ["before a", "a", "after a", "before b", "b", "after b"]
    assert seen == ["before a", "a", "before b", "b", *once * 3]
    assert [len(samples[name]) for name in "ab"] == [3, 3]


def test_one_that_refuses_takes_no_part():
    def refuse():
        raise RuntimeError("not this one")

    pace = turns.Pace(repeats=1, shortest=0)
    assert turns.take_turns({"a": list, "b": refuse, "c": list}, pace).keys() == {"a", "c"}
    with pytest.raises(RuntimeError, match="not this one"):
        turns.take_turns({"a": refuse, "b": list}, pace)


def test_one_that_is_slow_is_called_once():
    calls = []
    pace = turns.Pace(repeats=3, shortest=0, patience=0)
    contenders = {name: lambda name=name: calls.append(name) for name in "ab"}
    samples = turns.take_turns(contenders, pace)
    assert calls == ["a", "b", "a"]
    assert [len(samples[name]) for name in "ab"] == [1, 1]


def test_issues_are_a_suite():
    cases = [case for case in suites.bench_cases() if case.group == "issues"]
    assert [case.name for case in cases] == [row.id for row in issues.ROWS]
    for case, row in zip(cases, issues.ROWS):
        whole = issues.case_of(row, row.extents(row.shapes))
        assert [whole.base_shape(number) for number in range(len(row.shapes))] == row.shapes
        assert case.bytes <= issues.MOST_BYTES
        assert (case == whole) == (whole.bytes <= issues.MOST_BYTES)


def test_cases_of_issues_are_calls():
    for case in issues.read_issue_cases():
        if case.products > 10**6:
            continue
        operands = case.operands()
        assert [operand.dtype for operand in operands] == case.row.dtypes
        result = fasteinsum.einsum(case.spelling, *operands)
        assert result.shape == case.result_shape
        assert result.dtype == case.empty_result().dtype


def test_permuted_copies_cannot_be_views():
    cases = [case for case in suites.bench_cases() if case.group == "transpose"]
    assert cases
    for case in cases:
        assert case.has_out
        assert len(case.terms) == 1
        assert set(case.output) == set(case.terms[0])


def test_a_call_is_tried_elsewhere():
    tried = (
        "import turns\n"
        "print(turns.ends_within(60, list), turns.ends_within(60, lambda: 1 / 0))\n"
        "print(turns.ends_within(0, lambda: turns.time.sleep(60)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", tried],
        cwd=suites.ROOT / "benchmarks",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False", "False"]
