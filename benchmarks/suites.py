"""Which cases there are, and how the programs are told which of them to take. The lists, and their
readers, live with the tests, in tests/: cases.txt, a suite for each of its groups, and the suite
`issues`, which are the expressions that people reported."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "python"))

from cases import Case, read_cases  # noqa: E402
from issues import read_issue_cases  # noqa: E402
from layers import Layer, read_layers  # noqa: E402

__all__ = ["ROOT", "Case", "Layer", "choose_cases", "new_parser", "read_layers"]


def bench_cases() -> list[Case]:
    return [*read_cases("bench"), *read_issue_cases()]


def new_parser(description: str, has_suites: bool = True) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    if has_suites:
        names = ", ".join(suites_of(bench_cases()))
        parser.add_argument("--suite", metavar="NAMES", help=f"with commas between them: {names}")
    parser.add_argument("--case", default="", metavar="PART", help="those whose name has PART")
    return parser


def choose_cases(options: argparse.Namespace) -> list[Case]:
    cases = bench_cases()
    known = suites_of(cases)
    chosen = options.suite.split(",") if options.suite else known
    unknown = set(chosen).difference(known)
    if unknown:
        raise SystemExit(f"no such suite: {unknown}; there are {', '.join(known)}")
    cases = [case for case in cases if case.group in chosen and options.case in case.identity]
    if not cases:
        raise SystemExit("no such case")
    return cases


def suites_of(cases: list[Case]) -> list[str]:
    return list(dict.fromkeys(case.group for case in cases))
