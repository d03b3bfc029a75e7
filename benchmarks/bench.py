"""Times fasteinsum against its peers on tests/cases.txt: numpy.einsum with and without optimize,
opt_einsum.contract, and torch.einsum if PyTorch is installed.

    python benchmarks/bench.py                          all groups
    python benchmarks/bench.py --suite gemm,windows  some groups
    python benchmarks/bench.py --case vgg --json new.json

The contenders take turns in one process on one thread, and the limits of the machine are measured
in between. Each time is a median; results are freshly allocated, as in a plain call. Where the
processor is the limit, each sample is compared with the peak over as long a time just after it, so
that a clock that changes and a processor that is shared do not count; the share is the median.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import fasteinsum
import numpy as np
import opt_einsum
from machine import Limits, Yardstick, hindrances, processor_name
from rich.console import Console
from rich.table import Table
from shared import ROOT, Case, read_cases
from threadpoolctl import threadpool_info, threadpool_limits

try:
    import torch
except ImportError:
    torch = None

PEERS = {
    "numpy": np.einsum,
    "numpy_optimized": functools.partial(np.einsum, optimize=True),
    "opt_einsum": opt_einsum.contract,
}
SHORTEST_SAMPLE = 200e-6  # seconds; shorter calls are repeated within one sample
PATIENCE = 3.0  # seconds that one contender may spend on one case


@dataclass
class Measurement:
    """One case: the samples of each contender, in seconds of one call."""

    case: Case
    strategies: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)  # after each sample of fasteinsum

    def seconds(self, contender: str) -> float:
        return statistics.median(self.samples[contender])

    def ratio(self, contender: str) -> float:
        """How many times as long the other one takes."""
        return self.seconds(contender) / self.seconds("fasteinsum")

    def best_peer(self) -> str:
        return min((name for name in self.samples if name != "fasteinsum"), key=self.seconds)

    def floor(self, limits: Limits) -> tuple[float, str]:
        """The seconds below which the machine cannot go, and what limits it."""
        case = self.case
        memory = case.bytes / limits.bandwidth(case.read_bytes / case.bytes)
        peak = limits.flops(case.dtype)
        if peak is None:
            return memory, "bytes"
        compute = case.flops / peak
        return (compute, "flops") if compute > memory else (memory, "bytes")

    def rate(self, limits: Limits) -> str:
        _, limit = self.floor(limits)
        if limit == "flops" or limits.flops(self.case.dtype) is None:
            return f"{self.case.flops / self.seconds('fasteinsum') / 1e9:.1f} GF/s"
        return f"{self.case.bytes / self.seconds('fasteinsum') / 1e9:.1f} GB/s"

    def share(self, limits: Limits) -> float | None:
        """Of the measured limit; above 1 where caches beat the bandwidth of memory."""
        if limits.flops(self.case.dtype) is None:
            return None
        floor, limit = self.floor(limits)
        if limit == "bytes":
            return floor / self.seconds("fasteinsum")
        shares = [
            self.case.flops / (seconds * peak)
            for seconds, peak in zip(self.samples["fasteinsum"], self.peaks, strict=True)
        ]
        return statistics.median(shares)

    def record(self, limits: Limits) -> dict:
        case = self.case
        return {
            "case": case.name,
            "dtype": case.dtype,
            "group": case.group,
            "subscripts": case.subscripts,
            "extents": case.extents,
            "flops": case.flops,
            "bytes": case.bytes,
            "strategies": self.strategies,
            "share": self.share(limits),
            "limit": self.floor(limits)[1],
            "seconds": {name: self.seconds(name) for name in self.samples},
            "samples": self.samples,
        }


def calls_of(case: Case, operands: list[np.ndarray]) -> dict[str, Callable]:
    """The call of each contender that takes these operands."""
    calls = {"fasteinsum": functools.partial(fasteinsum.einsum, case.subscripts, *operands)}
    for name, einsum in PEERS.items():
        calls[name] = functools.partial(einsum, case.subscripts, *operands)
    if torch is not None:
        call = torch_call(case, operands)
        if call is not None:
            calls["torch"] = call
    return calls


def torch_call(case: Case, operands: list[np.ndarray]) -> Callable | None:
    """On tensors that share the operands' memory. None where PyTorch has no such dtype, strides or
    product: it has no negative strides, and no products of some dtypes."""
    try:
        call = functools.partial(
            torch.einsum, case.subscripts, *(torch.from_numpy(operand) for operand in operands)
        )
        call()
    except (TypeError, ValueError, RuntimeError):
        return None
    return call


def measure_case(case: Case, repeats: int, yardstick: Yardstick) -> Measurement:
    operands = case.operands()
    measurement = Measurement(case, describe(case, operands))
    calls, rounds, budget = calls_of(case, operands), {}, {}
    for name, call in calls.items():
        seconds = time_calls(call, 1)  # also warms up
        if seconds < SHORTEST_SAMPLE:
            seconds = time_calls(call, 1)
        rounds[name] = max(1, math.ceil(SHORTEST_SAMPLE / seconds))
        budget[name] = max(1, min(repeats, int(PATIENCE / (seconds * rounds[name]))))
        measurement.samples[name] = []
    has_peak = yardstick.limits.flops(case.dtype) is not None
    for turn in range(repeats):
        for name, call in calls.items():
            if turn >= budget[name]:
                continue
            seconds = time_calls(call, rounds[name])
            measurement.samples[name].append(seconds)
            if has_peak and name == "fasteinsum":
                peak = yardstick.peak_now(case.dtype, seconds * rounds[name])
                measurement.peaks.append(peak)
    return measurement


def time_calls(call: Callable, rounds: int) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    for _ in range(rounds):
        call()
    return (time.perf_counter() - start) / rounds


def describe(case: Case, operands: list[np.ndarray]) -> str:
    """The strategies of the plan's steps: the third word of each row of the printed plan."""
    text = fasteinsum._fasteinsum._describe(case.subscripts, *operands)
    rows = [line.split() for line in text.splitlines()]
    names = [row[2] for row in rows if len(row) > 2 and row[0].isdigit()]
    return " ".join(names) or "view"


def new_table() -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("case", no_wrap=True)
    for name in ("time", "rate", "of limit", "numpy /", "optimized /", "best /"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("best peer", no_wrap=True)
    table.add_column("strategy", no_wrap=True)
    return table


def add_row(table: Table, measurement: Measurement, limits: Limits) -> None:
    share = measurement.share(limits)
    table.add_row(
        measurement.case.identity,
        time_text(measurement.seconds("fasteinsum")),
        measurement.rate(limits),
        "-" if share is None else f"{share:.0%}",
        ratio_text(measurement.ratio("numpy")),
        ratio_text(measurement.ratio("numpy_optimized")),
        ratio_text(measurement.ratio(measurement.best_peer())),
        measurement.best_peer(),
        measurement.strategies,
    )


def time_text(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def ratio_text(ratio: float) -> str:
    text = f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"
    return text if ratio >= 1 else f"[red]{text}[/red]"


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


MEANS = ("numpy", "numpy_optimized", "best")


def means(measurements: list[Measurement]) -> dict[str, dict[str, float]]:
    """By group: how many times as fast as NumPy's two ways, and as the best peer of each case."""
    groups: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        groups.setdefault(measurement.case.group, []).append(measurement)
    return {
        group: {
            name: geometric_mean(
                [m.ratio(m.best_peer() if name == "best" else name) for m in members]
            )
            for name in MEANS
        }
        for group, members in groups.items()
    }


def print_means(console: Console, measurements: list[Measurement]) -> None:
    table = Table("group", box=None, pad_edge=False, title="geometric means", title_justify="left")
    for name in ("numpy /", "optimized /", "best /"):
        table.add_column(name, justify="right")
    for group, ratios in means(measurements).items():
        table.add_row(group, *map(ratio_text, ratios.values()))
    console.print(table)


def environment(limits: Limits) -> dict:
    prefixes = ("OPENBLAS", "OMP_", "MKL_", "FASTEINSUM", "NPY_")
    return {
        "fasteinsum": fasteinsum._fasteinsum._config(),
        "numpy": np.__version__,
        "opt_einsum": opt_einsum.__version__,
        "torch": torch and torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor_name(),
        "blas": threadpool_info(),
        "limits": limits.as_dict(),
        "variables": {key: os.environ[key] for key in os.environ if key.startswith(prefixes)},
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def print_head(console: Console, limits: Limits) -> None:
    blas = [f"{pool['internal_api']} {pool.get('architecture', '')}" for pool in threadpool_info()]
    console.print(
        f"{processor_name()}: one core {limits.flops_f32 / 1e9:.0f} GF/s f32, "
        f"{limits.flops_f64 / 1e9:.0f} GF/s f64, read {limits.read_bytes / 1e9:.0f} GB/s, "
        f"copy {limits.copy_bytes / 1e9:.0f} GB/s"
    )
    console.print(
        f"fasteinsum {fasteinsum.__version__} ({fasteinsum._fasteinsum._config()['isa']}), "
        f"numpy {np.__version__}, {', '.join(blas)}, one thread"
    )


def choose_cases(options: argparse.Namespace) -> list[Case]:
    groups = set(options.suite.split(",")) if options.suite else None
    cases = read_cases("bench")
    known = {case.group for case in cases}
    if groups and not groups <= known:
        raise SystemExit(f"no such suite: {groups - known}; there are {', '.join(sorted(known))}")
    return [
        case
        for case in cases
        if (not groups or case.group in groups) and options.case in case.identity
    ]


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="times fasteinsum against numpy.einsum")
    parser.add_argument("--suite", metavar="GROUPS", help="groups of tests/cases.txt, with commas")
    parser.add_argument("--case", default="", metavar="PART", help="cases whose name has PART")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="samples (default 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all figures are written")
    parser.add_argument("--force", action="store_true", help="also with a hindered NumPy")
    return parser.parse_args()


def refuse_hindrances(console: Console, is_forced: bool) -> None:
    names = " and ".join(hindrances())
    if not names:
        return
    console.print(f"[red]{names} set: NumPy may run slower than it can[/red]")
    if not is_forced:
        raise SystemExit(f"unset {names}, or compare all the same with --force")


def main() -> None:
    options = parse_options()
    console = Console(width=None if sys.stdout.isatty() else 140)
    refuse_hindrances(console, options.force)
    cases = choose_cases(options)
    if not cases:
        raise SystemExit("no such case")
    yardstick, measurements = Yardstick(), []
    if torch is not None:
        torch.set_num_threads(1)
    with threadpool_limits(1), fasteinsum.threads(1):
        print_head(console, yardstick.measure(10))
        for number, case in enumerate(cases, 1):
            with console.status(f"{number} of {len(cases)}: {case.identity}"):
                limits = yardstick.measure()
                measurements.append(measure_case(case, options.repeat, yardstick))
        table = new_table()
        for measurement in measurements:
            add_row(table, measurement, limits)
        console.print(table)
        print_means(console, measurements)
        record = {"environment": environment(limits), "means": means(measurements)}
    record["cases"] = [measurement.record(limits) for measurement in measurements]
    path = options.json or ROOT / "build" / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    console.print(f"all figures: {path}")


if __name__ == "__main__":
    main()
