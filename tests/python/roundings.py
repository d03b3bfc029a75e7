"""How far results are from the exact ones: random and adversarial expressions, for the tests and
for docs/accuracy.md.

An error is counted in roundings: |result - exact| / (u * sum of |products| + s), where u is the
rounding unit and s the smallest number of what sums are formed in (float32 for halves). The one
rounding at the end that makes halves of float32 is no error of the sum and is not counted.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import oracle
from generator import Expression, Generator, Request, View

DTYPES = {"float16": "e", "float32": "f", "float64": "d", "complex64": "F", "complex128": "D"}

# Expressions whose sums are long: of an outer, a middle, an inner axis, of two or all axes, of
# several operands. Capital letters are long axes.
LONG = [
    "Ij->j",
    "iJ->i",
    "iJk->ik",
    "Ij->",
    "I->",
    "I,I->",
    "Ij,Ij->j",
    "iJ,iJ->i",
    "Ij,I->j",
    "iJ,J->i",
    "iJ,Jk->ik",
    "Ji,Jk->ki",
    "iJ,kJ->ik",
    "bIj,bIk->bjk",
    "Ib,Ib->b",
    "I,I,I->",
    "Ij,Ij,I->j",
    "Iij->j",
    "IIj->j",
]
MOST_PRODUCTS = 200_000
SHORT_EXTENTS = (1, 2, 3, 4, 5, 8, 17)


# Values ----------------------------------------------------------------------------------------


def positive(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Nothing cancels: each rounding counts."""
    return numbers.random(count)


def mixed(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Both signs."""
    return numbers.uniform(-1, 1, count)


def cancelling(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Half of the values are nearly the negatives of the others."""
    half = numbers.uniform(-1, 1, count // 2)
    values = np.concatenate([half, -half * (1 + 1e-4 * numbers.random(count // 2))])
    return np.resize(numbers.permutation(np.append(values, 1e-3)), count)


def wide(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Exponents over a range of 2**12, which halves too can hold."""
    return np.ldexp(numbers.uniform(-1, 1, count), numbers.integers(-8, 5, count))


def falling(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Large values first: small ones are added to a large sum."""
    return numbers.uniform(0.5, 1, count) / np.sqrt(1 + np.arange(count))


def subnormal(numbers: np.random.Generator, count: int) -> np.ndarray:
    """One operand is scaled by the smallest normal number: products vanish or lose digits."""
    return numbers.uniform(-1, 1, count)


def infinite(numbers: np.random.Generator, count: int) -> np.ndarray:
    """Infinities and NaN at a few places, zeros at others."""
    values = numbers.uniform(-1, 1, count)
    for special in (np.inf, -np.inf, np.nan, 0.0):
        values[numbers.random(count) < 0.5 / max(1, count) ** 0.5] = special
    return values


KINDS = (positive, mixed, cancelling, wide, falling, subnormal, infinite)


# Expressions -----------------------------------------------------------------------------------


def expressions(count: int, seed: int) -> Iterator[Expression]:
    """Half of them random, half with long sums; none is a view or refused by NumPy."""
    generator, rng = Generator(seed, work_limit=2000), random.Random(seed)
    for number in range(count):
        expression = generator.expression() if number % 2 else long_expression(rng)
        while expression.output_shape() is None or is_view(expression):
            expression = generator.expression()
        yield expression


def is_view(expression: Expression) -> bool:
    return oracle.is_view(request_of(expression, np.dtype(np.int8), zeros, 0))


def zeros(_: np.random.Generator, count: int) -> np.ndarray:
    return np.zeros(count)


def long_expression(rng: random.Random) -> Expression:
    inputs, output = rng.choice(LONG).split("->")
    terms = [list(term) for term in inputs.split(",")]
    labels = sorted({label for term in terms for label in term})
    extents = {label: rng.choice(SHORT_EXTENTS) for label in labels if label.islower()}
    room = MOST_PRODUCTS // math.prod(extents.values())
    is_square = any(len(set(term)) < len(term) for term in terms)
    longest = min(room, 500) if is_square else room
    extents |= {label: rng.randint(longest // 4, longest) for label in labels if label.isupper()}
    return Expression(
        terms, list(output), [tuple(extents[label] for label in term) for term in terms]
    )


def request_of(expression: Expression, dtype: np.dtype, kind: Callable, seed: int) -> Request:
    numbers = np.random.default_rng(seed)
    request = Request(expression.text(), [])
    for number, shape in enumerate(expression.shapes):
        values = kind(numbers, math.prod(shape)).astype(dtype)
        if dtype.kind == "c":
            values.imag = kind(numbers, math.prod(shape))
        if kind is subnormal and number == 0:
            values = values * dtype.type(np.finfo(dtype).smallest_normal)
        strides = np.empty(shape, dtype).strides
        request.memories.append(np.append(values, dtype.type(0)).view(np.uint8))
        request.views.append(View(number, dtype, shape, strides, 0))
    return request


# Errors ----------------------------------------------------------------------------------------


@dataclass
class Exact:
    """What a request should give, and the sizes by which errors are measured."""

    request: Request
    dtype: np.dtype
    value: np.ndarray
    sizes: np.ndarray
    bound: np.ndarray

    @classmethod
    def of(cls, request: Request) -> Exact:
        dtype = request.views[0].dtype
        with np.errstate(all="ignore"):
            value, sizes, terms = oracle.contract(request, request.build(), dtype)
            bound = oracle.float_bound(request, dtype, sizes, terms)
        return cls(request, dtype, value, sizes, bound)

    def check(self, result: object) -> None:
        """Mismatch unless it is inside the bound, and infinite or NaN where it must be."""
        oracle.check_values(self.request, oracle.Outcome(self.request.build(), result))

    def roundings(self, result: object) -> float:
        """The mean error."""
        limits = np.finfo(self._accumulator())
        smallest = self.sizes.dtype.type(limits.smallest_subnormal)
        return self._mean(result, self.sizes * float(limits.eps) / 2 + smallest)

    def share_of_bound(self, result: object) -> float:
        errors = self._errors(result)
        ratios = errors[self.bound > 0] / self.bound[self.bound > 0]
        return float(np.max(ratios, initial=0))

    def _accumulator(self) -> np.dtype:
        return np.dtype(np.float32) if self.dtype.char == "e" else self.dtype

    def _errors(self, result: object) -> np.ndarray:
        with np.errstate(all="ignore"):
            errors = abs(np.asarray(result).astype(self.value.dtype) - self.value)
        if self.dtype.char == "e":
            errors = errors - 2.0**-11 * abs(self.value) - 2.0**-25
        return np.where(np.isfinite(errors), np.maximum(errors, 0), 0)

    def _mean(self, result: object, scale: np.ndarray) -> float:
        counts = np.isfinite(scale)
        return float(np.mean(self._errors(result)[counts] / scale[counts])) if counts.any() else 0


@dataclass
class Measured:
    """One request: the mean errors in roundings, and the worst error of ours as a share of the
    bound."""

    kind: str
    ours: float
    numpy: float
    optimized: float
    share: float


def measure(einsum: Callable, dtype_name: str, count: int, seed: int = 0) -> list[Measured]:
    """Of that many expressions; Mismatch if a result of ours is outside the bound."""
    dtype, measured = np.dtype(DTYPES[dtype_name]), []
    for number, expression in enumerate(expressions(count, seed)):
        kind = KINDS[number // 2 % len(KINDS)]
        request = request_of(expression, dtype, kind, number)
        measured.append(_measured(einsum, request, kind.__name__))
    return measured


def _measured(einsum: Callable, request: Request, kind: str) -> Measured:
    call = request.build().positional
    exact, ours = Exact.of(request), einsum(*call)
    exact.check(ours)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        others = [np.einsum(*call), np.einsum(*call, optimize=True)]
    errors = [exact.roundings(result) for result in (ours, *others)]
    return Measured(kind, *errors, exact.share_of_bound(ours))
