"""Turns the figures of bench.py and bench_conv.py into a page and plots in docs/benchmarks.

    python benchmarks/report.py build/bench.json             cases.md
    python benchmarks/report.py build/bench_conv.json ...    conv.md, with a section for each file

Geometric means of each group, a plot, then every row, those included in which a peer is ahead.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import figures
from figures import best_peer, best_ratio, groups_of, is_ahead, mean_ratio, ratio, time_text
from machine import Limits
from suites import ROOT
from tables import markdown

DOCS = ROOT / "docs" / "benchmarks"
PEERS = {
    "numpy": "NumPy default",
    "numpy_optimized": "NumPy `optimize=True`",
    "opt_einsum": "opt_einsum",
    "im2col": "im2col + BLAS",
    "torch": "torch",
}
Groups = dict[str, list[dict]]


@dataclass(frozen=True)
class Page:
    """What differs between the pages."""

    name: str
    title: str
    text: str
    section: Callable[[dict], str]  # the title of a file's section, from one of its rows
    columns: dict[str, Callable[[dict], str]]  # of a row, before the peers
    caption: str
    plot: Callable[[object, Groups], None]


# ---- the pages ----

PEERS_TEXT = """
The columns of the peers say how many times as long they take as fasteinsum; where one is ahead by
more than 5 % the figure is bold, and a dash stands where it cannot do the row, or takes too long.
"""
CASES_TEXT = """
Made by `make bench-cases`; the cases are the lines of `tests/cases.txt` with the word `bench`, with
results freshly allocated. Of limit: the share of the peak of one core, taken just after each
sample, or of the bandwidth of memory, whichever binds; more than 100 % where caches beat memory.
"""
CONV_TEXT = """
Made by `make bench-conv`; the layers are those of `tests/python/data/conv_cases.json`. Extra MiB:
arrays besides the result. The input gradient is `conv_vjp`; for NumPy it is einsum followed by
`fasteinsum.fold`.
"""


def share_text(row: dict) -> str:
    return "–" if row["share"] is None else f"{row['share']:.0%}"


def own_time(row: dict) -> str:
    return time_text(row["seconds"]["fasteinsum"])


def plot_ratios(axes, groups: Groups) -> None:
    """A point for each case, a row for each suite."""
    for level, rows in enumerate(groups.values()):
        ratios = [best_ratio(row) for row in rows if best_peer(row)]
        axes.scatter(ratios, [level] * len(ratios), s=18, alpha=0.6)
    axes.axvline(1, color="black", linewidth=1)
    axes.set(xscale="log", xlabel="times as fast as the best peer", yticks=range(len(groups)))
    axes.set_yticklabels(groups)
    axes.invert_yaxis()


def plot_shares(axes, groups: Groups) -> None:
    """Over the work of a layer, one colour for each pass."""
    for name, rows in groups.items():
        work, shares = zip(*((row["gflop"], 100 * row["share"]) for row in rows))
        axes.scatter(work, shares, label=name, s=18, alpha=0.8)
    axes.set(xscale="log", xlabel="GFLOP", ylabel="% of the peak of one core", ylim=(0, 105))
    axes.legend()


CASES = Page(
    name="cases",
    title="Expressions of every kind",
    text=CASES_TEXT,
    section=lambda row: "All suites",
    columns={
        "case": lambda row: row["name"],
        "subscripts": lambda row: f"`{row['subscripts']}`",
        "dtype": lambda row: row["dtype"],
        "time": own_time,
        "of limit": lambda row: f"{share_text(row)} of {row['limit']}",
    },
    caption="how many times as long the best peer takes",
    plot=plot_ratios,
)
CONV = Page(
    name="conv",
    title="Convolution layers",
    text=CONV_TEXT,
    section=lambda row: row["dtype"],
    columns={
        "layer": lambda row: row["name"],
        "GFLOP": lambda row: f"{row['gflop']:.3g}",
        "time": own_time,
        "of the peak": share_text,
        "extra MiB": lambda row: f"{row['extra_bytes'] / 2**20:.1f}",
    },
    caption="share of the peak",
    plot=plot_shares,
)


# ---- writing them ----


def ratio_cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"**{value:.2f}**" if is_ahead(value) else f"{value:.2f}"


def titles_of(rows: list[dict]) -> dict[str, str]:
    """Of the peers that took part."""
    return {peer: PEERS[peer] for peer in PEERS if any(peer in row["seconds"] for row in rows)}


def summary(groups: Groups, titles: dict[str, str]) -> list[str]:
    peers = [*titles.values(), "best peer of each", "a peer ahead by 5 %"]
    lines = []
    for name, rows in groups.items():
        shares = [row["share"] for row in rows if row["share"] is not None]
        share = f"{statistics.median(shares):.0%}" if shares else "–"
        means = [ratio_cell(mean_ratio(rows, peer)) for peer in (*titles, None)]
        ahead = sum(is_ahead(best_ratio(row)) for row in rows)
        lines.append([name, len(rows), share, *means, ahead])
    return markdown(["group", "rows", "of limit, median", *peers], lines)


def details(page: Page, rows: list[dict], titles: dict[str, str]) -> list[str]:
    heads = [*page.columns, *titles.values(), "strategy"]
    return markdown(
        heads,
        (
            [
                *(column(row) for column in page.columns.values()),
                *(ratio_cell(ratio(row, peer)) for peer in titles),
                row["strategies"],
            ]
            for row in rows
        ),
    )


def circumstances(environment: dict) -> str:
    limits = Limits(**environment["limits"])
    return (
        f"{environment['processor']}, which others may share, one thread; one core at best in the "
        f"same run: {limits.text()}. NumPy {environment['numpy']}, opt_einsum "
        f"{environment['opt_einsum']}, torch {environment['torch'] or 'not installed'}, "
        f"{environment['time'][:10]}."
    )


def plot_name(page: Page, rows: list[dict]) -> str:
    return f"{page.name}_{page.section(rows[0])}.png".lower().replace(" ", "_")


def section(page: Page, record: dict) -> list[str]:
    rows = record["rows"]
    groups, titles = groups_of(rows), titles_of(rows)
    lines = ["", f"## {page.section(rows[0])}", "", circumstances(record["environment"]), ""]
    lines += summary(groups, titles)
    lines += ["", f"![{page.caption}]({plot_name(page, rows)})"]
    for name, members in groups.items():
        lines += ["", f"### {name}", "", *details(page, members, titles)]
    return lines


def write_plot(page: Page, rows: list[dict], folder: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    page.plot(axes, groups_of(rows))
    axes.grid(alpha=0.3)
    figure.savefig(folder / plot_name(page, rows), dpi=110)
    plt.close(figure)


def write_page(page: Page, records: list[dict], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"# {page.title}", page.text + PEERS_TEXT.rstrip("\n")]
    for record in records:
        lines += section(page, record)
        write_plot(page, record["rows"], folder)
    path = folder / f"{page.name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def page_of(record: dict) -> Page:
    return CONV if "gflop" in record["rows"][0] else CASES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="what the benchmarks wrote")
    parser.add_argument("--output", type=Path, default=DOCS, help="default docs/benchmarks")
    options = parser.parse_args()
    records = [figures.read(path) for path in options.files]
    for page in (CASES, CONV):
        chosen = [record for record in records if page_of(record) is page]
        if chosen:
            print(write_page(page, chosen, options.output))


if __name__ == "__main__":
    main()
