"""Turns the figures of bench_conv.py into the pages of docs/benchmarks: a table and a plot.

    python benchmarks/report_conv.py build/bench_conv.json [more.json ...]

Each file gives a section of conv.md, named by its dtype: geometric means over the layers, then
every layer, those included where a peer is ahead.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from shared import ROOT

DOCS = ROOT / "docs" / "benchmarks"
PEERS = {
    "torch": "torch",
    "im2col": "im2col + BLAS",
    "numpy_optimized": "NumPy `optimize=True`",
    "numpy": "NumPy default",
}
PASSES = {"forward": "forward", "weights": "weight gradient", "input": "input gradient"}
AHEAD = 1.05  # a peer is ahead if fasteinsum takes so many times as long


def ratio(row: dict, peer: str) -> float | None:
    seconds = row["seconds"]
    return seconds[peer] / seconds["fasteinsum"] if peer in seconds else None


def ratios_of(rows: list[dict], peer: str) -> list[float]:
    return [value for value in (ratio(row, peer) for row in rows) if value is not None]


def summary(rows: list[dict]) -> list[str]:
    lines = [
        "| pass | of the peak, median | " + " | ".join(PEERS.values()) + " | a peer ahead by 5 % |",
        "|---|---|" + "---|" * (len(PEERS) + 1),
    ]
    for name, title in PASSES.items():
        chosen = [row for row in rows if row["pass"] == name]
        if not chosen:
            continue
        cells = [f"{statistics.median(row['share'] for row in chosen):.0%}"]
        for peer in PEERS:
            values = ratios_of(chosen, peer)
            cells.append(f"{statistics.geometric_mean(values):.2f} ×" if values else "–")
        beaten = [row for row in chosen if is_beaten(row)]
        cells.append(f"{len(beaten)} of {len(chosen)}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def is_beaten(row: dict) -> bool:
    return any(value * AHEAD < 1 for peer in PEERS for value in ratios_of([row], peer))


def details(rows: list[dict]) -> list[str]:
    lines = [
        "| layer | pass | GFLOP | ms | of the peak | extra MiB | "
        + " | ".join(PEERS.values())
        + " | strategy |",
        "|---|---|---|---|---|---|" + "---|" * (len(PEERS) + 1),
    ]
    for row in rows:
        cells = [row["layer"], PASSES[row["pass"]], f"{row['gflop']:.3g}"]
        cells += [f"{row['seconds']['fasteinsum'] * 1e3:.3g}", f"{row['share']:.0%}"]
        cells.append(f"{row['extra_bytes'] / 2**20:.1f}")
        for peer in PEERS:
            value = ratio(row, peer)
            text = "–" if value is None else f"{value:.2f}"
            cells.append(f"**{text}**" if value is not None and value * AHEAD < 1 else text)
        cells.append(row["strategies"])
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def head(environment: dict) -> list[str]:
    limits = environment["limits"]
    return [
        f"{environment['processor']}, one thread; peak of one core "
        f"{limits['flops_f32'] / 1e9:.0f} GF/s in float32 and {limits['flops_f64'] / 1e9:.0f} in "
        f"float64, measured in the same run. NumPy {environment['numpy']}, torch "
        f"{environment['torch'] or 'not installed'}, {environment['time'][:10]}.",
    ]


def page(records: list[dict]) -> str:
    lines = [
        "# Convolution layers",
        "",
        "Made by `make bench-conv`; the layers are those of `tests/python/data/conv_cases.json`.",
        "The columns of the peers say how many times as long they take as fasteinsum; where one is",
        "ahead by more than 5 % the figure is bold. Extra MiB: arrays besides the result.",
        "The input gradient is `conv_vjp`; for NumPy it is einsum followed by `fasteinsum.fold`.",
    ]
    for record in records:
        rows = record["layers"]
        lines += ["", f"## {rows[0]['dtype']}", "", *head(record["environment"]), ""]
        lines += [*summary(rows), "", f"![share of the peak](conv_{rows[0]['dtype']}.png)", ""]
        lines += details(rows)
    return "\n".join(lines) + "\n"


def plot(rows: list[dict], path: Path) -> None:
    """Share of the peak over the work of a layer, one colour for each pass."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for name, title in PASSES.items():
        chosen = [row for row in rows if row["pass"] == name]
        points = [(row["gflop"], 100 * row["share"]) for row in chosen]
        if points:
            axes.scatter(*zip(*points), label=title, s=18, alpha=0.8)
    axes.set(xscale="log", xlabel="GFLOP", ylabel="% of the peak of one core", ylim=(0, 105))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="what bench_conv.py --json wrote")
    parser.add_argument("--output", type=Path, default=DOCS, help="default docs/benchmarks")
    options = parser.parse_args()
    records = [json.loads(path.read_text()) for path in options.files]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "conv.md").write_text(page(records))
    for record in records:
        plot(record["layers"], options.output / f"conv_{record['layers'][0]['dtype']}.png")
    print(f"{options.output / 'conv.md'}")


if __name__ == "__main__":
    main()
