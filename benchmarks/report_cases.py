"""Turns the figures of bench.py into docs/benchmarks/cases.md and a plot.

    python benchmarks/report_cases.py build/bench.json

Geometric means of each suite, the cases in which a peer is ahead, then every case.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from shared import ROOT

DOCS = ROOT / "docs" / "benchmarks"
PEERS = {
    "numpy": "NumPy default",
    "numpy_optimized": "NumPy `optimize=True`",
    "opt_einsum": "opt_einsum",
    "torch": "torch",
}
AHEAD = 1.05  # a peer is ahead if fasteinsum takes so many times as long


def ratios(row: dict) -> dict[str, float]:
    """By peer: how many times as long it takes."""
    seconds = row["seconds"]
    return {name: seconds[name] / seconds["fasteinsum"] for name in PEERS if name in seconds}


def best_ratio(row: dict) -> float:
    return min(ratios(row).values())


def is_beaten(row: dict) -> bool:
    return best_ratio(row) * AHEAD < 1


def suites_of(rows: list[dict]) -> dict[str, list[dict]]:
    suites: dict[str, list[dict]] = {}
    for row in rows:
        suites.setdefault(row["group"], []).append(row)
    return suites


def table(heads: list[str], lines: list[list[str]]) -> list[str]:
    rule = ["---"] * len(heads)
    return ["| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines)]


def summary(suites: dict[str, list[dict]]) -> list[str]:
    heads = ["suite", "cases", *PEERS.values(), "best peer of each", "a peer ahead by 5 %"]
    lines = []
    for name, rows in suites.items():
        cells = [f"`{name}`", str(len(rows))]
        for peer in PEERS:
            values = [ratios(row)[peer] for row in rows if peer in ratios(row)]
            cells.append(f"{statistics.geometric_mean(values):.2f}" if values else "–")
        cells.append(f"{statistics.geometric_mean(map(best_ratio, rows)):.2f}")
        cells.append(str(sum(map(is_beaten, rows))))
        lines.append(cells)
    return table(heads, lines)


def details(rows: list[dict]) -> list[str]:
    heads = ["case", "subscripts", "dtype", "time", "of limit", *PEERS.values(), "strategy"]
    lines = []
    for row in rows:
        cells = [row["case"], f"`{row['subscripts']}`", row["dtype"]]
        cells.append(time_text(row["seconds"]["fasteinsum"]))
        share = row["share"]
        cells.append("–" if share is None else f"{share:.0%} of {row['limit']}")
        for peer in PEERS:
            value = ratios(row).get(peer)
            text = "–" if value is None else f"{value:.2f}"
            cells.append(f"**{text}**" if value is not None and value * AHEAD < 1 else text)
        lines.append([*cells, row["strategies"]])
    return table(heads, lines)


def time_text(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def page(record: dict) -> str:
    environment, suites = record["environment"], suites_of(record["cases"])
    limits = environment["limits"]
    lines = [
        "# Expressions of every kind",
        "",
        "Made by `make bench-cases`; the cases are the lines of `tests/cases.txt` with the word",
        "`bench`, with results freshly allocated. The columns of the peers say how many times as",
        "long they take as fasteinsum; where one is ahead by more than 5 % the figure is bold. Of",
        "limit: the share of the peak of one core, taken just after each sample, or of the",
        "bandwidth of memory, whichever binds; more than 100 % where caches beat memory.",
        "",
        f"{environment['processor']}, one thread; {limits['flops_f32'] / 1e9:.0f} GF/s in float32, "
        f"{limits['flops_f64'] / 1e9:.0f} in float64, reading {limits['read_bytes'] / 1e9:.0f} and "
        f"copying {limits['copy_bytes'] / 1e9:.0f} GB/s, the best measured in the same run; the",
        "processor is shared with others. "
        f"NumPy {environment['numpy']}, opt_einsum {environment['opt_einsum']}, torch "
        f"{environment['torch'] or 'not installed'}, {environment['time'][:10]}.",
        "",
        *summary(suites),
        "",
        "![how many times as long the best peer takes](cases.png)",
    ]
    for name, rows in suites.items():
        lines += ["", f"## {name}", "", *details(rows)]
    return "\n".join(lines) + "\n"


def plot(suites: dict[str, list[dict]], path: Path) -> None:
    """How many times as long the best peer takes: a point for each case, a row for each suite."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for level, rows in enumerate(suites.values()):
        axes.scatter([best_ratio(row) for row in rows], [level] * len(rows), s=18, alpha=0.6)
    axes.axvline(1, color="black", linewidth=1)
    axes.set(xscale="log", xlabel="times as fast as the best peer", yticks=range(len(suites)))
    axes.set_yticklabels(suites)
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="what bench.py --json wrote")
    parser.add_argument("--output", type=Path, default=DOCS, help="default docs/benchmarks")
    options = parser.parse_args()
    record = json.loads(options.file.read_text())
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "cases.md").write_text(page(record))
    plot(suites_of(record["cases"]), options.output / "cases.png")
    print(options.output / "cases.md")


if __name__ == "__main__":
    main()
