"""Reads tests/cases.txt, which the C tests and the benchmarks share, and makes operands."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

CASES_FILE = Path(__file__).resolve().parent.parent / "cases.txt"

# The spellings of csrc/base/dtype.h.
DTYPES = {
    "bool": np.dtype(np.bool_),
    "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
    "u8": np.dtype(np.uint8),
    "u16": np.dtype(np.uint16),
    "u32": np.dtype(np.uint32),
    "u64": np.dtype(np.uint64),
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "longdouble": np.dtype(np.longdouble),
    "c64": np.dtype(np.complex64),
    "c128": np.dtype(np.complex128),
    "clongdouble": np.dtype(np.clongdouble),
    "object": np.dtype(object),
}

NAMES = {dtype: name for name, dtype in DTYPES.items()}

SUITES = ("test", "bench")
MOST_ORDERED = 5  # operands of which all orders are weighed


@dataclass(frozen=True)
class Case:
    """One line of the file with one of its dtypes."""

    group: str
    name: str
    subscripts: str
    extents: dict[str, int]
    dtype: str
    suites: frozenset[str]
    windows: tuple[tuple[str, str], ...]  # (label of the position, label inside the window)
    stride: int
    dilation: int
    ones: frozenset[tuple[int, str]]  # (operand, label) with extent 1
    flip: frozenset[int]
    gap: frozenset[int]
    forder: frozenset[int]
    has_out: bool

    @property
    def identity(self) -> str:
        return f"{self.name}-{self.dtype}"

    @property
    def spelling(self) -> str:
        """The subscripts of the call."""
        return self.subscripts

    @property
    def terms(self) -> list[str]:
        return self.subscripts.split("->")[0].split(",")

    @property
    def output(self) -> str:
        return self.subscripts.split("->")[1]

    @property
    def is_complex(self) -> bool:
        return DTYPES[self.dtype].kind == "c"

    def dtype_of(self, operand: int) -> str:
        return self.dtype

    def extent(self, operand: int, label: str) -> int:
        return 1 if (operand, label) in self.ones else self.extents[label]

    def base_shape(self, operand: int) -> tuple[int, ...]:
        """Shape of the array that is allocated; for windows it has no axes inside the window."""
        term = self.terms[operand]
        if operand != 0 or not self.windows:
            return tuple(self.extent(operand, label) for label in term)
        inside = dict(self.windows)
        shape = []
        for label in term:
            extent = self.extent(operand, label)
            if label in inside:
                reach = self.dilation * (self.extents[inside[label]] - 1) + 1
                extent = self.stride * (extent - 1) + reach
            if label not in inside.values():
                shape.append(extent)
        return tuple(shape)

    def empty_result(self) -> np.ndarray:
        return np.empty(self.result_shape, DTYPES[self.dtype])

    def operands(self, seed: int = 0) -> list[np.ndarray]:
        """The operands, filled with reproducible random values."""
        random = np.random.default_rng([seed, *self.identity.encode()])
        return [self._operand(number, random) for number in range(len(self.terms))]

    def _operand(self, number: int, random: np.random.Generator) -> np.ndarray:
        shape, dtype = self.base_shape(number), self.dtype_of(number)
        if number in self.gap and shape:
            array = random_values(random, (*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]
        elif number in self.forder:
            array = random_values(random, shape[::-1], dtype).transpose()
        else:
            array = random_values(random, shape, dtype)
        if number in self.flip:
            array = array[(slice(None, None, -1),) * array.ndim]
        return self._with_windows(array) if number == 0 and self.windows else array

    def _with_windows(self, base: np.ndarray) -> np.ndarray:
        inside = dict(self.windows)
        outside = {within: position for position, within in self.windows}
        term = self.terms[0]
        step = dict(zip((label for label in term if label not in outside), base.strides))
        strides = []
        for label in term:
            if label in inside:
                strides.append(self.stride * step[label])
            elif label in outside:
                strides.append(self.dilation * step[outside[label]])
            else:
                strides.append(step[label])
        shape = tuple(self.extents[label] for label in term)
        return np.lib.stride_tricks.as_strided(base, shape, strides, writeable=False)

    @cached_property
    def flops(self) -> int:
        """Real multiplications and additions of the cheapest pairwise order that is found."""
        multiply, add = (6, 2) if self.is_complex else (1, 1)
        return sum(
            size * ((parts - 1) * multiply + is_sum * add) for size, parts, is_sum in self._steps()
        )

    def _steps(self) -> Iterator[tuple[int, int, bool]]:
        """Size of the iteration space, number of operands and whether there is a sum, by step.
        Labels that one operand alone has are summed first."""
        remaining = [frozenset(term) for term in self.terms]
        for number, labels in enumerate(remaining):
            others = remaining[:number] + remaining[number + 1 :]
            remaining[number] = labels & frozenset(self.output).union(*others)
            if remaining[number] != labels:
                yield self._size(labels), 1, True
        for step in self._path():
            parts = [remaining.pop(position) for position in sorted(step, reverse=True)]
            labels = frozenset().union(*parts)
            kept = labels & frozenset(self.output).union(*remaining)
            yield self._size(labels), len(parts), kept != labels
            remaining.append(kept)

    def _size(self, labels: frozenset[str]) -> int:
        return math.prod(self.extents[label] for label in labels)

    def _path(self) -> list[tuple[int, ...]]:
        if len(self.terms) < 3:
            return [tuple(range(len(self.terms)))]
        shapes = [
            np.broadcast_to(0.0, [self.extent(number, label) for label in term])
            for number, term in enumerate(self.terms)
        ]
        optimize = "optimal" if len(self.terms) <= MOST_ORDERED else "greedy"
        return np.einsum_path(self.subscripts, *shapes, optimize=(optimize, sys.maxsize))[0][1:]

    @property
    def products(self) -> int:
        """What a plain loop over all labels multiplies."""
        return math.prod(self.extents.values())

    @cached_property
    def bytes(self) -> int:
        """Bytes that must be read once or written once."""
        return self.read_bytes + self.written_bytes

    @property
    def written_bytes(self) -> int:
        return math.prod(self.result_shape) * DTYPES[self.dtype].itemsize

    @property
    def result_shape(self) -> tuple[int, ...]:
        return tuple(self.extents[label] for label in self.output)

    @cached_property
    def read_bytes(self) -> int:
        total = 0
        for number, term in enumerate(self.terms):
            is_diagonal = len(set(term)) < len(term)
            elements = math.prod(
                [self.extent(number, label) for label in set(term)]
                if is_diagonal
                else self.base_shape(number)
            )
            total += elements * DTYPES[self.dtype_of(number)].itemsize
        return total


def random_values(
    random: np.random.Generator, shape: tuple[int, ...], dtype: str, scale: float = 1.0
) -> np.ndarray:
    """Floats in [-scale, scale), integers of all bits, mostly false booleans."""
    kind = DTYPES[dtype]
    if kind.kind in "iu":
        information = np.iinfo(kind)
        return random.integers(information.min, information.max, shape, kind, endpoint=True)
    if kind.kind == "b":
        return random.random(shape) < 0.2
    if kind.kind == "O":
        return random.integers(-9, 10, shape).astype(object)
    if kind.kind == "c":
        parts = random.uniform(-scale, scale, (*shape, 2))
        return (parts[..., 0] + 1j * parts[..., 1]).astype(kind)
    if kind == np.float32:
        return (random.random(shape, np.float32) * 2 - 1) * np.float32(scale)
    return random.uniform(-scale, scale, shape).astype(kind)


def read_cases(suite: str | None = None, file: Path = CASES_FILE) -> list[Case]:
    """All cases, or those of one suite, in the order of the file."""
    cases, group = [], ""
    for line in file.read_text(encoding="ascii").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            group = line.strip("[]")
        elif line:
            cases.extend(_cases_of_line(group, line))
    return [case for case in cases if suite is None or suite in case.suites]


def _cases_of_line(group: str, line: str) -> Iterator[Case]:
    name, subscripts, extents, dtypes, words = (field.strip() for field in line.split("|"))
    options = dict(word.split("=") for word in words.split() if "=" in word)
    marks = frozenset(word for word in words.split() if "=" not in word)
    suites = marks - {"out"}
    unknown = suites.difference(SUITES) | options.keys() - {
        *("windows", "stride", "dilation", "ones", "flip", "gap", "forder")
    }
    if unknown or not suites:
        raise ValueError(f"{name}: unknown words {sorted(unknown)} or no suite")
    for dtype in dtypes.split():
        yield Case(
            group=group,
            name=name,
            subscripts=subscripts,
            extents={word.split("=")[0]: int(word.split("=")[1]) for word in extents.split()},
            dtype=dtype,
            suites=suites,
            windows=tuple((pair[0], pair[1]) for pair in _list(options.get("windows"))),
            stride=int(options.get("stride", 1)),
            dilation=int(options.get("dilation", 1)),
            ones=frozenset((int(word[0]), word[1]) for word in _list(options.get("ones"))),
            flip=frozenset(map(int, options.get("flip", ""))),
            gap=frozenset(map(int, options.get("gap", ""))),
            forder=frozenset(map(int, options.get("forder", ""))),
            has_out="out" in marks,
        )


def _list(text: str | None) -> list[str]:
    return text.split(",") if text else []
