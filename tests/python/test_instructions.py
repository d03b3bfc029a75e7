"""The comparison of benchmarks/instructions.py, and its calls without valgrind."""

import json
import sys

import calls
import instructions
import pytest
from instructions import Change


@pytest.mark.parametrize("call", [pytest.param(call, id=call.name) for call in calls.CALLS])
def test_call_runs(call):
    call.compiled()(range(2))


def test_each_call_has_a_count():
    counts = json.loads(instructions.KEPT.read_text())["counts"]
    assert list(counts) == [call.name for call in calls.CALLS]
    assert min(counts.values()) > 0


@pytest.mark.parametrize(
    ("kept", "now", "is_worse"),
    [
        (100_000, 102_020, False),
        (100_000, 102_021, True),
        (100_000, 50_000, False),
        (1000, 1040, False),
        (1000, 1041, True),
        (None, 1, True),
    ],
)
def test_more_than_the_tolerance_is_worse(kept, now, is_worse):
    assert Change("call", kept, now).is_worse == is_worse


def test_changes_follow_the_calls_of_now():
    changes = instructions.compare({"a": 100, "gone": 5}, {"new": 7, "a": 110})
    assert changes == [Change("new", None, 7), Change("a", 100, 110)]
    assert [change.text for change in changes] == ["new", "+10.0%"]


def test_rounds_that_are_no_part_cancel_out():
    dumps = {"0 1": 1500, "0 2": 2500, "1 1": 70, "1 2": 90}
    counts = instructions.count_per_call(dumps, 10, ["first", "second"])
    assert counts == {"first": 100, "second": 2}


def test_dumps_are_read_by_their_names():
    dump = "version: 1\ndesc: Trigger: Client Request: 3 2\nevents: Ir\nsummary: 4711\n\nfn=(1)\n"
    assert instructions.read_dump(dump) == ("3 2", 4711)
    assert instructions.read_dump("desc: Trigger: Program termination\nsummary: 5\n") is None


def test_without_valgrind_the_error_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["instructions.py"])
    with pytest.raises(SystemExit, match="needs valgrind: install"):
        instructions.main()
