"""Times every strategy that can do a case, and shows how far the one that was chosen is behind.

    python benchmarks/choice.py                    the groups of tests/cases.txt but the windows
    python benchmarks/choice.py --suite batch,calls

Each strategy is forced in turn, in one process on one thread, into an `out` that is there
already; fastest times. A row whose ratio is above 1.15 is a choice to look into. Of expressions
with several steps each one is forced, as far as the strategy applies; `generic` is left out.
"""

from __future__ import annotations

import functools

import fasteinsum
from figures import time_text
from suites import Case, choose_cases, new_parser
from tables import new_console, new_table
from turns import Pace, describe, einsum_into, take_turns

STRATEGIES = ("copy", "reduce", "multiply", "small", "direct", "batch", "gemv", "gemm", "fused")
CHOSEN = "chosen"  # by the estimates
TOLERANCE = 1.15
MOST_FLOPS = 2e9  # larger cases take too long with a strategy that does not suit them
LEFT_OUT = ("windows", "issues")  # unless they are asked for
PACE = Pace(repeats=1500, patience=0.3)


def force(strategy: str) -> None:
    fasteinsum._fasteinsum._use_strategy(None if strategy == CHOSEN else strategy)


def applicable(call: functools.partial) -> list[str]:
    """The strategies that do at least one step when they are forced."""
    names = []
    for strategy in STRATEGIES:
        force(strategy)
        if strategy in describe(call).split():
            names.append(strategy)
    force(CHOSEN)
    return names


def time_all(call: functools.partial, names: list[str]) -> dict[str, float]:
    """Fastest seconds of a call, by strategy."""

    def make_plan(strategy: str) -> None:
        force(strategy)
        call()

    samples = take_turns(dict.fromkeys([CHOSEN, *names], call), PACE, before=make_plan)
    force(CHOSEN)
    return samples.fastest()


def measure(case: Case) -> list[str] | None:
    """A row of the table; None where there is nothing to choose."""
    call = einsum_into(case.spelling, case.operands())
    names = applicable(call)
    if len(names) < 2:
        return None
    forced = time_all(call, names)
    chosen = forced.pop(CHOSEN)
    best = min(forced, key=forced.get)
    ratio = chosen / min(chosen, forced[best])
    return [
        case.identity,
        describe(call),
        time_text(chosen),
        best,
        time_text(forced[best]),
        f"[red]{ratio:.2f}[/red]" if ratio > TOLERANCE else f"{ratio:.2f}",
        " ".join(f"{name} {time_text(seconds)}" for name, seconds in forced.items()),
    ]


def main() -> None:
    options = new_parser("times every strategy that can do a case").parse_args()
    cases = [
        case
        for case in choose_cases(options)
        if case.flops <= MOST_FLOPS and (options.suite or case.group not in LEFT_OUT)
    ]
    console, late = new_console(160), 0
    heads = ["case", "chosen", "time", "best forced", "time", "ratio"]
    table = new_table(heads, [], ["all"])
    table.columns[-1].no_wrap = False
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
