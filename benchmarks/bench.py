"""Times fasteinsum against its peers on the lines of tests/cases.txt and, in the suite `issues`,
the expressions of tests/python/data/issue_expressions.json: numpy.einsum with and without optimize,
opt_einsum.contract, and torch.einsum if PyTorch is installed.

    python benchmarks/bench.py                          all suites
    python benchmarks/bench.py --suite gemm,windows     some of them
    python benchmarks/bench.py --case vgg --json new.json

The contenders take turns in one process on one thread, and the limits of the machine are measured
in between. Each time is a median; results are freshly allocated, as in a plain call, but where a
case says otherwise. A peer that cannot do a case, or would take too long, is left out. Where the
processor is the limit, each sample is compared with the peak over as long a time just after it, so
that a clock that changes and a processor that is shared do not count; the share is the median.
Ctrl-C ends the measurements, and what was measured is printed and written.
"""

from __future__ import annotations

import argparse
import functools
import textwrap
from dataclasses import dataclass

import fasteinsum
import figures
import numpy as np
import opt_einsum
from figures import best_peer, best_ratio, mean_ratio, ratio, time_text
from machine import Limits, Yardstick, share_of_peak
from peers import add_options, environment, head, one_thread, refuse_hindrances, torch
from rich.console import Console
from suites import ROOT, Case, choose_cases, new_parser
from tables import new_console, new_table, ratio_text, until_interrupted
from turns import Call, Pace, Samples, describe, ends_within, take_turns

EINSUMS = {
    "fasteinsum": fasteinsum.einsum,
    "numpy": np.einsum,
    "numpy_optimized": functools.partial(np.einsum, optimize=True),
    "opt_einsum": opt_einsum.contract,
}
PATIENCE = 0.6  # seconds that one contender may spend on one case, if it can
MOST_PRODUCTS = 1.2e9  # in a plain loop, which takes up to ten seconds for so many
SHORT = 32  # products of shorter runs take longer
LONGEST = 4.0  # seconds of one call of a peer


@dataclass
class Measurement:
    case: Case
    strategies: str
    samples: Samples
    peaks: list[float]  # of the processor, after each sample of fasteinsum

    def limit(self, limits: Limits) -> tuple[str, float | None]:
        """What limits the machine, and the share of it that was reached: above 1 where caches beat
        the bandwidth of memory, None where there is no yardstick."""
        case, seconds = self.case, self.samples.medians()["fasteinsum"]
        memory = case.bytes / limits.bandwidth(case.read_bytes / case.bytes)
        peak = limits.flops(case.dtype)
        if peak is None:
            return "bytes", None
        if case.flops / peak <= memory:
            return "bytes", memory / seconds
        return "flops", share_of_peak(case.flops, self.samples["fasteinsum"], self.peaks)

    def row(self, limits: Limits) -> dict:
        case = self.case
        limit, share = self.limit(limits)
        return {
            "name": case.name,
            "dtype": case.dtype,
            "group": case.group,
            "subscripts": case.spelling,
            "extents": case.extents,
            "flops": case.flops,
            "bytes": case.bytes,
            "strategies": self.strategies,
            "limit": limit,
            "share": share,
            "seconds": self.samples.medians(),
            "samples": self.samples,
        }


def calls_of(case: Case, operands: list[np.ndarray]) -> dict[str, Call]:
    """The call of each contender that takes these operands and ends in time."""
    keywords = {"out": case.empty_result()} if case.has_out else {}
    calls = {
        name: functools.partial(einsum, case.spelling, *operands, **keywords)
        for name, einsum in EINSUMS.items()
    }
    torch_call = torch and torch_call_of(case, operands, **keywords)
    if torch_call:
        calls["torch"] = torch_call
    shortness = max(1, SHORT // max([1, *case.extents.values()]))
    if case.products * shortness <= MOST_PRODUCTS:
        return calls
    del calls["numpy"]  # the plain loop
    return {
        name: call
        for name, call in calls.items()
        if name == "fasteinsum" or ends_within(LONGEST, call)
    }


def torch_call_of(
    case: Case, operands: list[np.ndarray], out: np.ndarray | None = None
) -> Call | None:
    """On tensors that share the arrays' memory; None where PyTorch has no such dtype or strides."""
    try:
        tensors = [torch.from_numpy(array) for array in operands]
        target = None if out is None else torch.from_numpy(out)
    except (TypeError, ValueError):
        return None
    if target is None:
        return lambda: torch.einsum(case.spelling, *tensors)
    return lambda: target.copy_(torch.einsum(case.spelling, *tensors))


def measure(case: Case, repeats: int, yardstick: Yardstick) -> Measurement:
    yardstick.measure(2)
    peaks, measure_peak = yardstick.watch(case.dtype)
    calls = calls_of(case, case.operands())
    samples = take_turns(calls, Pace(repeats, patience=PATIENCE), after=measure_peak)
    return Measurement(case, describe(calls["fasteinsum"]), samples, peaks)


def measure_cases(
    options: argparse.Namespace, console: Console, yardstick: Yardstick
) -> list[Measurement]:
    cases, measurements = choose_cases(options), []
    with until_interrupted(console):
        for number, case in enumerate(cases, 1):
            with console.status(f"{number} of {len(cases)}: {case.identity}"):
                measurements.append(measure(case, options.repeat, yardstick))
    return measurements


def rate_text(row: dict) -> str:
    is_compute = row["limit"] == "flops" or row["share"] is None
    amount, unit = (row["flops"], "GF/s") if is_compute else (row["bytes"], "GB/s")
    return f"{amount / row['seconds']['fasteinsum'] / 1e9:.1f} {unit}"


def print_rows(console: Console, rows: list[dict]) -> None:
    table = new_table(
        ["case"],
        ["time", "rate", "of limit", "numpy /", "optimized /", "best /"],
        ["best peer", "strategy"],
    )
    for row in rows:
        table.add_row(
            f"{row['name']}-{row['dtype']}",
            time_text(row["seconds"]["fasteinsum"]),
            rate_text(row),
            "-" if row["share"] is None else f"{row['share']:.0%}",
            ratio_text(ratio(row, "numpy")),
            ratio_text(ratio(row, "numpy_optimized")),
            ratio_text(best_ratio(row)),
            best_peer(row),
            textwrap.shorten(row["strategies"], 40, placeholder=" …"),
        )
    console.print(table)


def print_means(console: Console, rows: list[dict]) -> None:
    table = new_table(["geometric means"], ["numpy /", "optimized /", "best /"])
    for suite, members in figures.groups_of(rows).items():
        peers = ("numpy", "numpy_optimized", None)
        table.add_row(suite, *(ratio_text(mean_ratio(members, peer)) for peer in peers))
    console.print(table)


def parse_options() -> argparse.Namespace:
    parser = new_parser("times fasteinsum against numpy.einsum")
    add_options(parser, repeats=7, file=ROOT / "build" / "bench.json")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    refuse_hindrances(options)
    console, yardstick = new_console(140), Yardstick()
    with one_thread():
        limits = yardstick.measure(10)
        console.print(head(limits))
        measurements = measure_cases(options, console, yardstick)
        rows = [measurement.row(limits) for measurement in measurements]
        print_rows(console, rows)
        print_means(console, rows)
        figures.write(options.json, rows, environment=environment(limits))
    console.print(f"all figures: {options.json}")


if __name__ == "__main__":
    main()
