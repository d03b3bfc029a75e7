"""The expressions of data/issue_expressions.json: rows for the tests, cases for the benchmarks."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cases import NAMES, Case
from generator import Request, View
from oracle import parse

Shapes = list[tuple[int, ...]]
MOST_BYTES = 512 << 20  # of the operands and the result of a case


@dataclass(frozen=True)
class Row:
    id: str
    subscripts: str  # in letters that NumPy knows
    shapes: Shapes
    dtypes: list[np.dtype]  # of the operands
    explicit: str  # subscripts with an output and without ellipses

    @property
    def terms(self) -> list[str]:
        """The labels of each operand."""
        return self.explicit.split("->")[0].split(",")

    def extents(self, shapes: Shapes) -> dict[str, int]:
        """By label, the largest of all operands."""
        extents: dict[str, int] = {}
        for term, shape in zip(self.terms, shapes):
            extents |= {x: max(extent, extents.get(x, 0)) for x, extent in zip(term, shape)}
        return extents


def _row(facts: dict) -> Row:
    shapes = [tuple(shape) for shape in facts["shapes"]]
    names = facts["dtype"] if isinstance(facts["dtype"], list) else [facts["dtype"]] * len(shapes)
    subscripts = _with_ascii_letters(facts["subscripts"])
    views = [View(0, np.dtype(np.int8), shape, (0,) * len(shape), 0) for shape in shapes]
    explicit = parse(Request(subscripts, views)).letters()
    return Row(facts["id"], subscripts, shapes, [np.dtype(name) for name in names], explicit)


def _with_ascii_letters(text: str) -> str:
    unused = [letter for letter in string.ascii_letters if letter not in text]
    foreign = sorted({letter for letter in text if not letter.isascii()})
    return text.translate({ord(letter): unused.pop() for letter in foreign})


_FILE = Path(__file__).parent / "data" / "issue_expressions.json"
ROWS = [_row(facts) for facts in json.loads(_FILE.read_text(encoding="ascii"))]


@dataclass(frozen=True)
class IssueCase(Case):
    """With the ellipses and the dtypes of its row; its subscripts are the explicit ones."""

    row: Row

    @property
    def spelling(self) -> str:
        return self.row.subscripts

    def dtype_of(self, operand: int) -> str:
        return NAMES[self.row.dtypes[operand]]


def read_issue_cases() -> list[IssueCase]:
    return [_thinned(case_of(row, row.extents(row.shapes))) for row in ROWS]


def case_of(row: Row, extents: dict[str, int]) -> IssueCase:
    ones = {
        (operand, label)
        for operand, (term, shape) in enumerate(zip(row.terms, row.shapes))
        for label, extent in zip(term, shape)
        if extent == 1
    }
    return IssueCase(
        group="issues",
        name=row.id,
        subscripts=row.explicit,
        extents=extents,
        dtype=NAMES[np.result_type(*row.dtypes)],
        suites=frozenset({"bench"}),
        windows=(),
        stride=1,
        dilation=1,
        ones=frozenset(ones),
        flip=frozenset(),
        gap=frozenset(),
        forder=frozenset(),
        has_out=False,
        row=row,
    )


def _thinned(case: IssueCase) -> IssueCase:
    """Half as long along its longest axis, until it is small enough."""
    while case.bytes > MOST_BYTES:
        longest = max(case.extents, key=case.extents.get)
        case = case_of(case.row, case.extents | {longest: case.extents[longest] // 2})
    return case
