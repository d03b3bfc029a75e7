"""Measures how far results are from the exact ones, and writes docs/accuracy.md.

python benchmarks/accuracy.py                        500 expressions of each dtype
python benchmarks/accuracy.py --expressions 50 --out ""    a glance at fewer of them
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import fasteinsum
import numpy as np
from suites import ROOT
from tables import markdown_row

# isort: split
import roundings  # of the tests, which suites finds

TEXT = """\
# Accuracy

Made by `python benchmarks/accuracy.py`; `tests/python/test_accuracy.py` asserts the same of fewer
expressions. {count} expressions of each dtype, half of them random and half with sums of up to
{longest:,} terms over outer, middle and inner axes, with seven kinds of values:

| values | what |
|---|---|
{kinds}

Every result lies inside the rigorous bound, and is infinite or NaN where it must be. The bound is
γₙ Σ|products| with γₙ = n·u / (1 − n·u), where n counts the terms and factors of a sum and u is the
rounding unit of the type that sums are formed in: float32 for halves, else that of the result.

Errors are counted in roundings, |result − exact| / (u Σ|products| + s) with the smallest number s,
and averaged over the elements of a result and over the expressions. The one rounding of float32
sums to halves is not counted. The exact result is computed in the next wider type.

| dtype | values | fasteinsum | numpy | numpy, `optimize=True` | share of the bound, at worst |
|---|---|---|---|---|---|
{rows}

## Long outer sums

Sums of {long:,} rows of uniform values: errors relative to the result, in units of the dtype's
rounding. A plain loop rounds once for every row.

| dtype | expression | fasteinsum | numpy |
|---|---|---|---|
{outer}
"""
LONG_ROWS = 4_000_000
OUTER = ["ij->j", "ij,i->j", "ij,ij->j", "ij,ik->jk"]


def mean(values: Sequence[float]) -> str:
    """Three digits, as far as they mean something."""
    value = float(np.mean(values))
    return f"{value:.3f}" if value < 10 else f"{value:,.0f}"


def table_of(dtype: str, measured: list[roundings.Measured]) -> list[str]:
    groups = {kind.__name__: [] for kind in roundings.KINDS}
    for one in measured:
        groups[one.kind].append(one)
    rows = []
    for kind, group in [*groups.items(), ("**all**", measured)]:
        errors = zip(*((one.ours, one.numpy, one.optimized) for one in group))
        share = max(one.share for one in group)
        rows.append(markdown_row([dtype, kind, *map(mean, errors), f"{share:.3f}"]))
    return rows


def outer_row(dtype: str, subscripts: str) -> str:
    random = np.random.default_rng(0)
    inputs = subscripts.split("->")[0].split(",")
    operands = [
        (random.random((LONG_ROWS, 2)[: len(term)]) * 2.0**-10).astype(dtype) for term in inputs
    ]
    wide = [np.moveaxis(operand.astype(np.longdouble), 0, -1) for operand in operands]
    letters = subscripts.split("->")[1]
    aligned = [
        x.reshape([2 if label in term else 1 for label in letters] + [LONG_ROWS])
        for x, term in zip(wide, inputs)
    ]
    exact = np.sum(np.prod(np.broadcast_arrays(*aligned), axis=0), axis=-1)
    unit = np.finfo(dtype).eps / 2
    errors = [
        np.max(abs(einsum(subscripts, *operands) / exact - 1)) / unit
        for einsum in (fasteinsum.einsum, np.einsum)
    ]
    return markdown_row([dtype, f"`{subscripts}`", *(mean([error]) for error in errors)])


def document(count: int) -> str:
    rows, failures = [], []
    for dtype in roundings.DTYPES:
        measured = roundings.measure(fasteinsum.einsum, dtype, count)
        rows += table_of(dtype, measured)
        ours, numpy = (np.mean([getattr(x, name) for x in measured]) for name in ("ours", "numpy"))
        failures += [dtype] * bool(ours > numpy)
    if failures:
        sys.exit(f"less accurate than NumPy: {failures}")
    outer = [outer_row(dtype, text) for dtype in ("float32", "float64") for text in OUTER]
    return TEXT.format(
        count=count,
        longest=roundings.MOST_PRODUCTS,
        long=LONG_ROWS,
        kinds="\n".join(markdown_row([kind.__name__, kind.__doc__]) for kind in roundings.KINDS),
        rows="\n".join(rows),
        outer="\n".join(outer),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--expressions", type=int, default=500)
    parser.add_argument("--out", default=str(ROOT / "docs" / "accuracy.md"))
    options = parser.parse_args()
    text = document(options.expressions)
    print(text)
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
