"""Times every strategy that can do a case, and shows how far the one that was chosen is behind.

    python benchmarks/choice.py                    all suites of tests/cases.txt but the windows
    python benchmarks/choice.py --suite batch,calls

Each strategy is forced in turn, in one process on one thread, into an `out` that is there
already; fastest times. A row whose ratio is above 1.15 is a choice to look into. Of expressions
with several steps each one is forced, as far as the strategy applies; `generic` is left out.
"""

from __future__ import annotations

import argparse
import functools
import math
import time

import fasteinsum
import numpy as np
from bench import describe, time_text
from rich.console import Console
from rich.table import Table
from shared import Case, read_cases

STRATEGIES = ("copy", "reduce", "multiply", "small", "direct", "batch", "gemv", "gemm", "fused")
TOLERANCE = 1.15
MOST_FLOPS = 2e9  # larger cases take too long with a strategy that does not suit them
SHORTEST_SAMPLE = 200e-6  # seconds
PATIENCE = 0.3  # seconds for one strategy


def force(strategy: str | None) -> None:
    fasteinsum._fasteinsum._use_strategy(strategy)


def applicable(case: Case, operands: list[np.ndarray]) -> list[str]:
    """The strategies that do at least one step when they are forced."""
    names = []
    for strategy in STRATEGIES:
        force(strategy)
        if strategy in describe(case, operands).split():
            names.append(strategy)
    force(None)
    return names


def time_all(case: Case, operands: list[np.ndarray], names: list[str | None]) -> list[float]:
    """Fastest seconds of a call, by strategy; they take turns."""
    out = fasteinsum.einsum(case.subscripts, *operands)
    if not isinstance(out, np.ndarray):
        out = np.array(out)
    call = functools.partial(fasteinsum.einsum, case.subscripts, *operands, out=out)
    fastest, spent = [math.inf] * len(names), 0.0
    while spent < PATIENCE * len(names):
        for number, name in enumerate(names):
            force(name)
            call()  # the plan is made, and found again
            rounds = (
                1 if fastest[number] == math.inf else math.ceil(SHORTEST_SAMPLE / fastest[number])
            )
            start = time.perf_counter()
            for _ in range(rounds):
                call()
            seconds = time.perf_counter() - start
            fastest[number] = min(fastest[number], seconds / rounds)
            spent += 2 * seconds
    force(None)
    return fastest


def measure(case: Case) -> list[str] | None:
    """A row of the table; None where there is nothing to choose."""
    operands = case.operands()
    names = applicable(case, operands)
    if len(names) < 2:
        return None
    chosen, *forced = time_all(case, operands, [None, *names])
    best = min(range(len(names)), key=lambda number: forced[number])
    ratio = chosen / min(chosen, forced[best])
    return [
        case.identity,
        describe(case, operands),
        time_text(chosen),
        names[best],
        time_text(forced[best]),
        f"[red]{ratio:.2f}[/red]" if ratio > TOLERANCE else f"{ratio:.2f}",
        " ".join(f"{name} {time_text(seconds)}" for name, seconds in zip(names, forced)),
    ]


def choose_cases(options: argparse.Namespace) -> list[Case]:
    suites = set(options.suite.split(",")) if options.suite else None
    return [
        case
        for case in read_cases("bench")
        if (case.group in suites if suites else case.group != "windows")
        and options.case in case.identity
        and case.flops <= MOST_FLOPS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="times every strategy that can do a case")
    parser.add_argument("--suite", metavar="GROUPS", help="groups of tests/cases.txt, with commas")
    parser.add_argument("--case", default="", metavar="PART", help="cases whose name has PART")
    console = Console(width=160)
    table = Table(box=None, pad_edge=False)
    for name in ("case", "chosen", "time", "best forced", "time", "ratio", "all"):
        table.add_column(name, no_wrap=name != "all")
    cases, late = choose_cases(parser.parse_args()), 0
    with fasteinsum.threads(1):
        for number, case in enumerate(cases, 1):
            with console.status(f"{number} of {len(cases)}: {case.identity}"):
                row = measure(case)
            if row:
                table.add_row(*row)
                late += "red" in row[5]
    console.print(table)
    console.print(f"{late} of {table.row_count} choices are more than {TOLERANCE - 1:.0%} behind")


if __name__ == "__main__":
    main()
