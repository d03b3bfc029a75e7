"""Random requests to einsum, from a seed: expressions, shapes, layouts, dtypes, keywords.

A Request owns the bytes behind its arrays and describes each array as a view of them, so that it
can be built any number of times, and printed as plain Python text that runs on its own.
"""

from __future__ import annotations

import base64
import math
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ELLIPSIS = "..."

SMALL_EXTENTS = (0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)
TILE_EXTENTS = (6, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 64, 65)
LAYOUTS = ("C", "C", "C", "F", "permuted", "sliced", "negative", "zero", "window")
OUT_LAYOUTS = ("C", "F", "permuted", "sliced", "negative")
DTYPES = tuple(np.dtype(code) for code in "?bhilBHILefdgFDGO")
COMMON_DTYPES = tuple(np.dtype(code) for code in "efdFDilbO")
CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")

STOCK = 4096  # values of one kind that are drawn at once; operands get stretches of them
MOST_ELEMENTS = 100_000  # of an operand: diagonals have many more than are used
LEAD_BYTES = 16  # before the first and after the last element, so that strays stay in our memory


@dataclass
class View:
    """An array as a view of one of the request's memories."""

    memory: int
    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    writeable: bool = True
    as_list: bool = False

    def over(self, memories: list[np.ndarray]) -> np.ndarray:
        array = np.ndarray(self.shape, self.dtype, memories[self.memory], self.offset, self.strides)
        if not self.writeable:
            array.flags.writeable = False
        return array

    def text(self) -> str:
        return (
            f"np.ndarray({self.shape}, {self.dtype.str!r}, memory{self.memory}, "
            f"{self.offset}, {self.strides})"
        )


@dataclass
class Arguments:
    """A request with fresh arrays: call einsum(*arguments.positional, **arguments.keywords)."""

    memories: list[np.ndarray]
    operands: list
    out: object
    positional: list
    keywords: dict


@dataclass
class Known:
    """What the oracle has found out about requests of the same subscripts, shapes and values."""

    subscripts: object = None  # those that expression stands for
    expression: object = None
    values: dict = field(default_factory=dict)


@dataclass
class Request:
    """subscripts: text, or a list with one sublist per operand and perhaps one for the output."""

    subscripts: object
    views: list[View]
    memories: list[np.ndarray] = field(default_factory=list)
    out: View | None = None
    keywords: dict = field(default_factory=dict)
    is_integral: bool = False  # floats hold small integers, so that sums of any order are exact
    is_natural: bool = False  # these are not negative, so that any cast of them is defined
    is_twisted: bool = False  # objects are Twists
    known: Known = field(default_factory=Known)

    def build(self) -> Arguments:
        memories = [memory.copy() for memory in self.memories]
        operands = [view.over(memories) for view in self.views]
        operands = [
            operand.tolist() if view.as_list else operand
            for operand, view in zip(operands, self.views)
        ]
        keywords = dict(self.keywords)
        out = self.out.over(memories) if self.out else None
        if self.out:
            keywords["out"] = out
        return Arguments(memories, operands, out, self._positional(operands), keywords)

    def _positional(self, operands: list) -> list:
        if not isinstance(self.subscripts, list):
            return [self.subscripts, *operands]
        positional = []
        for number, operand in enumerate(operands):
            positional.append(operand)
            if number < len(self.subscripts):
                positional.append(self.subscripts[number])
        return positional + self.subscripts[len(operands) :]

    def text(self) -> str:
        """A program that makes this call."""
        lines = ["import base64, zlib", "import numpy as np", "import fasteinsum"]
        lines += [
            "from numpy import inf, nan",
            "from fractions import Fraction",
            "from generator import Twist  # objects whose product does not commute",
        ]
        lines += [
            f"memory{number} = {_memory_text(memory, self._dtype_of(number))}"
            for number, memory in enumerate(self.memories)
        ]
        names = []
        for number, view in enumerate(self.views):
            names.append(f"x{number}" + (".tolist()" if view.as_list else ""))
            lines += [f"x{number} = {view.text()}"]
            lines += [f"x{number}.flags.writeable = False"] * (not view.writeable)
        words = [f"{key}={_value_text(value)}" for key, value in self.keywords.items()]
        if self.out:
            lines += [f"out = {self.out.text()}"]
            lines += ["out.flags.writeable = False"] * (not self.out.writeable)
            words.append("out=out")
        call = ", ".join([*self._positional_text(names), *words])
        lines += ["for _ in range(2):  # the second time by the plan that was kept"]
        return "\n".join([*lines, f"    print(repr(fasteinsum.einsum({call})))"]) + "\n"

    def _positional_text(self, names: list[str]) -> list[str]:
        if not isinstance(self.subscripts, list):
            return [repr(self.subscripts), *names]
        texts = [_sublist_text(sublist) for sublist in self.subscripts]
        paired = [part for pair in zip(names, texts) for part in pair]
        return paired + names[len(texts) :] + texts[len(names) :]

    def _dtype_of(self, memory: int) -> np.dtype:
        views = [view for view in [*self.views, self.out] if view and view.memory == memory]
        return views[0].dtype if views else np.dtype(np.uint8)


class Twist:
    """A number pair whose product does not commute: the maps x -> a x + b under composition."""

    def __init__(self, a: int, b: int):
        self.a, self.b = a, b

    def __mul__(self, other: Twist) -> Twist:
        if not isinstance(other, Twist):
            return NotImplemented
        return Twist(self.a * other.a, self.a * other.b + self.b)

    def __add__(self, other: Twist) -> Twist:
        if not isinstance(other, Twist):
            return NotImplemented
        return Twist(self.a + other.a, self.b + other.b)

    def __radd__(self, other: int) -> Twist:
        return Twist(other + self.a, self.b)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Twist) and (self.a, self.b) == (other.a, other.b)

    __hash__ = None

    def __repr__(self) -> str:
        return f"Twist({self.a}, {self.b})"


class Generator:
    """next() makes valid requests, next_invalid() requests of which most must be refused.

    next_like() makes others that must give the same values."""

    def __init__(self, source: int | str | random.Random, work_limit: int = 2000):
        self.random = source if isinstance(source, random.Random) else random.Random(source)
        self.numbers = np.random.default_rng(self.random.getrandbits(64))
        self.work_limit = work_limit
        self.stocks = {}

    def _chance(self, probability: float) -> bool:
        """Less is drawn as False, so that a search for small numbers drops what is not needed."""
        return self.random.random() >= 1 - probability

    # Expressions -------------------------------------------------------------------------------

    def next(self) -> Request:
        expression = self.expression()
        request = Request(self._notation(expression), [])
        if self._chance(0.15):
            request.keywords["casting"] = self.random.choice(CASTINGS)
        self._add_operands(request, expression)
        self._add_keywords(request, expression)
        return request

    def expression(self) -> Expression:
        while True:
            expression = self._any_expression()
            if all(math.prod(shape) <= MOST_ELEMENTS for shape in expression.shapes):
                return expression

    def _any_expression(self) -> Expression:
        rng = self.random
        work_limit = self.work_limit * (100 if self._chance(0.03) else 1)
        operand_count = rng.choices((1, 2, 3, 4, 5, 6), (22, 46, 18, 8, 4, 2))[0]
        letters = rng.sample(LETTERS, rng.choices(range(9), (2, 8, 18, 25, 20, 12, 8, 4, 3))[0])
        ellipsis_rank = rng.choices((0, 1, 2, 3), (4, 3, 2, 1))[0] if self._chance(0.25) else None
        terms = [self._term(letters, ellipsis_rank) for _ in range(operand_count)]
        labels = {label for term in terms for label in term if label != ELLIPSIS}
        extents = self._extents(sorted(labels), ellipsis_rank or 0, work_limit)
        shapes = [self._shape(term, extents, ellipsis_rank) for term in terms]
        return Expression(terms, self._output(terms, labels), shapes)

    def _term(self, letters: list[str], ellipsis_rank: int | None) -> list[str]:
        rng = self.random
        count = rng.choices((0, 1, 2, 3, 4), (5, 20, 40, 25, 10))[0]
        term = rng.sample(letters, min(count, len(letters)))
        if term and self._chance(0.12):
            term += rng.choices(term, k=rng.choice((1, 1, 2)))
            rng.shuffle(term)
        if ellipsis_rank is not None and self._chance(0.75):
            term.insert(rng.randrange(len(term) + 1), ELLIPSIS)
        return term

    def _extents(self, labels: list[str], ellipsis_rank: int, limit: int) -> dict:
        """Extents by label; the axes of the ellipsis are numbered from the last one."""
        rng = self.random
        names = [*labels, *range(ellipsis_rank)]
        rng.shuffle(names)
        extents = {}
        for name in names:
            choices = TILE_EXTENTS if self._chance(0.3) else SMALL_EXTENTS
            extent = rng.choice(choices)
            extents[name] = extent if max(1, extent) <= limit else min(limit, rng.choice((1, 2)))
            limit //= max(1, extents[name])
        return extents

    def _shape(self, term: list[str], extents: dict, ellipsis_rank: int | None) -> tuple:
        rng = self.random
        ones = {label for label in term if self._chance(0.04)}
        shape = []
        for label in term:
            if label != ELLIPSIS:
                shape.append(1 if label in ones else extents[label])
                continue
            rank = ellipsis_rank if self._chance(0.7) else rng.randint(0, ellipsis_rank)
            shape += [
                1 if self._chance(0.15) else extents[number] for number in reversed(range(rank))
            ]
        return tuple(shape)

    def _output(self, terms: list[list[str]], labels: set[str]) -> list[str] | None:
        rng = self.random
        if self._chance(0.25):
            return None
        ordered = sorted(labels)
        keep_all = len(terms) == 1 and self._chance(0.4)
        output = [label for label in ordered if keep_all or self._chance(0.55)]
        rng.shuffle(output)
        if any(ELLIPSIS in term for term in terms) and self._chance(0.9):
            output.insert(rng.randrange(len(output) + 1), ELLIPSIS)
        return output

    def _notation(self, expression: Expression) -> object:
        """The expression as text or as sublists, in one of the accepted spellings."""
        rng = self.random
        if self._chance(0.75):
            text = expression.text()
            if self._chance(0.1):
                text = "".join(_with_spaces(rng, text))
            return text.encode() if self._chance(0.02) else text
        sublists = [self._sublist(term) for term in expression.terms]
        if expression.output is not None:
            sublists.append(self._sublist(expression.output))
        return sublists

    def _sublist(self, term: list[str]) -> object:
        order = LETTERS[26:] + LETTERS[:26]
        items = [Ellipsis if label == ELLIPSIS else order.index(label) for label in term]
        kind = self.random.randrange(10)
        if kind == 0:
            return tuple(items)
        if kind == 1 and Ellipsis not in items:
            return np.array(items, np.int64)
        return items

    # Arrays ------------------------------------------------------------------------------------

    def _add_operands(self, request: Request, expression: Expression) -> None:
        rng = self.random
        dtypes = self._dtypes(len(expression.shapes))
        has_objects = any(dtype.kind == "O" for dtype in dtypes)
        # Python's sums of floats would depend on the order of the terms.
        request.is_natural = request.keywords.get("casting") == "unsafe"
        request.is_integral = has_objects or request.is_natural or self._chance(0.5)
        request.is_twisted = has_objects and len(set(dtypes)) == 1 and self._chance(0.3)
        for shape, dtype in zip(expression.shapes, dtypes):
            twins = [view for view in request.views if view.shape == shape]
            if twins and self._chance(0.1):
                request.views.append(rng.choice(twins))
                continue
            view = self._view(shape, dtype, rng.choice(LAYOUTS), request)
            view.writeable = self._chance(0.8)
            view.as_list = self._chance(0.02) and _survives_tolist(view)
            request.views.append(view)

    def _dtypes(self, count: int) -> list[np.dtype]:
        rng = self.random
        if self._chance(0.2):
            return [rng.choice(DTYPES) for _ in range(count)]
        return [rng.choice(COMMON_DTYPES if self._chance(0.6) else DTYPES)] * count

    def _view(self, shape: tuple, dtype: np.dtype, layout: str, request: Request) -> View:
        """A view of new memory, filled with values."""
        if dtype.itemsize > 1 and dtype.kind != "O" and self._chance(0.08):
            dtype = dtype.newbyteorder()
        view, count = self._place(shape, dtype, layout, len(request.memories))
        values = self._values(count, dtype.newbyteorder("="), request)
        request.memories.append(_memory_of(values, dtype, view.offset % dtype.itemsize))
        return view

    def _place(self, shape: tuple, dtype: np.dtype, layout: str, memory: int) -> tuple[View, int]:
        """A view of a memory to be made, and how many elements that must have."""
        is_misaligned = dtype.kind != "O" and self._chance(0.08)
        misaligned = self.random.randrange(dtype.itemsize) if is_misaligned else 0
        steps = self._steps(shape, layout)
        low, high = _span(shape, steps)
        lead = LEAD_BYTES // dtype.itemsize if dtype.itemsize < 16 else 1
        strides = tuple([step * dtype.itemsize for step in steps])
        offset = misaligned + (lead - low) * dtype.itemsize
        return View(memory, dtype, shape, strides, offset), high - low + 1 + 2 * lead

    def _steps(self, shape: tuple, layout: str) -> list[int]:
        """Strides in elements."""
        rng = self.random
        rank = len(shape)
        if layout == "window":
            return [rng.choice((0, 1, 1, 2, 3, 4)) for _ in shape]
        order = list(range(rank))  # from the fastest axis
        if layout != "F":
            order.reverse()
        if layout in ("permuted", "sliced", "negative", "zero"):
            rng.shuffle(order)
        steps, reach = [0] * rank, 1
        for axis in order:
            if layout == "zero" and self._chance(0.5):
                continue
            reach *= rng.choice((1, 1, 2, 3)) if layout == "sliced" and reach < 20_000 else 1
            steps[axis] = reach
            reach *= max(1, shape[axis])
        if layout == "negative":
            steps = [step if self._chance(0.3) else -step for step in steps]
        return steps

    def _values(self, count: int, dtype: np.dtype, request: Request) -> np.ndarray | list:
        """A stretch of the stock, which may be the source of other operands too."""
        kind, draw = self._kind_of_values(dtype, request)
        if 2 * count > STOCK:
            return draw(count, dtype)
        stock = self.stocks.get((dtype.char, kind))
        if stock is None:
            stock = self.stocks[dtype.char, kind] = draw(STOCK, dtype)
        start = int(self.random.random() * (STOCK - count))
        return stock[start : start + count]

    def _kind_of_values(self, dtype: np.dtype, request: Request) -> tuple[object, Callable]:
        """A name, and what draws them."""
        if request.is_twisted and dtype.kind == "O":
            return "twists", self._twists
        if dtype.kind == "b":
            return "bools", lambda count, _: self.numbers.random(count) < 0.3
        if request.is_integral or dtype.kind == "O":
            low = 0 if dtype.kind == "u" or request.is_natural else -4
            return low, lambda count, dtype: self._small(count, dtype, low)
        if dtype.kind in "iu":
            return "any", self._any_integers
        kind = self.random.randrange(8)
        return f"floats{kind}", lambda count, dtype: self._numbers(count, dtype, kind)

    def _small(self, count: int, dtype: np.dtype, low: int) -> np.ndarray | list:
        values = self.numbers.integers(low, 5, count)
        if dtype.kind == "O":
            return values.tolist()
        values = values.astype(dtype)
        if dtype.kind == "c":
            values.imag = self.numbers.integers(-4, 5, count)
        return values

    def _any_integers(self, count: int, dtype: np.dtype) -> np.ndarray:
        information = np.iinfo(dtype)
        integers = self.numbers.integers
        return integers(information.min, information.max, count, dtype, endpoint=True)

    def _twists(self, count: int, _: np.dtype) -> list:
        return [Twist(a, b) for a, b in self.numbers.integers(-3, 4, (count, 2)).tolist()]

    def _numbers(self, count: int, dtype: np.dtype, kind: int) -> np.ndarray:
        values = self._floats(count, kind)
        if dtype.kind == "c":
            imaginary, values = self._floats(count, kind), values.astype(complex)
            values.imag = imaginary
        return values.astype(dtype)

    def _floats(self, count: int, kind: int) -> np.ndarray:
        numbers = self.numbers
        values = numbers.uniform(-1, 1, count)
        if kind == 0:  # a wide range of exponents
            values = np.ldexp(values, numbers.integers(-12, 3, count))
        if kind == 1:  # zeros of both signs
            values[numbers.random(count) < 0.5] = 0.0
            values[numbers.random(count) < 0.3] = -0.0
        if kind in (2, 3):
            special = numbers.random(count) < (0.01 if kind == 2 else 0.1)
            values[special] = numbers.choice([np.inf, -np.inf, np.nan, 0.0], special.sum())
        return values

    # Keywords ----------------------------------------------------------------------------------

    def _add_keywords(self, request: Request, expression: Expression) -> None:
        keywords = request.keywords
        self._add_switches(request)
        if self._chance(0.12) and not request.is_twisted:
            keywords["dtype"] = self._other_dtype(request)
        if self._chance(0.25):
            shape = expression.output_shape()
            if shape is not None:
                self._add_out(request, shape)

    def _add_switches(self, request: Request) -> None:
        """Keywords that do not change values."""
        if self._chance(0.25):
            request.keywords["order"] = self.random.choice("KACFkacf")
        if self._chance(0.35):
            request.keywords["optimize"] = self._optimize(len(request.views))

    def _optimize(self, operand_count: int) -> object:
        rng = self.random
        if operand_count >= 3 and self._chance(0.3):
            return self._explicit_path(operand_count)
        return rng.choice((False, True, True, "greedy", "optimal", None, ("greedy", 1000)))

    def _explicit_path(self, operand_count: int) -> list:
        path = ["einsum_path"]
        while operand_count > 1:
            path.append(tuple(self.random.sample(range(operand_count), 2)))
            operand_count -= 1
        return path

    def _other_dtype(self, request: Request) -> np.dtype:
        dtype = self.random.choice(DTYPES)
        if dtype.kind == "O" and not request.is_integral:
            return request.views[0].dtype.newbyteorder("=")
        if dtype.itemsize > 1 and dtype.kind != "O" and self._chance(0.1):
            return dtype.newbyteorder()
        return dtype

    def _add_out(self, request: Request, shape: tuple) -> None:
        rng = self.random
        natural = np.result_type(*(view.dtype for view in request.views))
        dtype = natural if self._chance(0.5) else rng.choice(DTYPES)
        if request.is_twisted or (dtype.kind == "O" and not request.is_integral):
            dtype = natural
        layout = rng.choice(OUT_LAYOUTS)
        view = self._view(shape, dtype, layout, request)
        view.writeable = self._chance(0.98)
        request.out = view
        lender = rng.choice(request.views)
        if self._chance(0.35) and (lender.dtype.kind == "O") == (dtype.kind == "O"):
            self._lend(request, lender)

    def _lend(self, request: Request, lender: View) -> None:
        """Lets out lie in the memory of an operand, at some place that overlaps or not."""
        out_memory = request.memories.pop()
        memory = request.memories[lender.memory]
        missing = len(out_memory) - len(memory)
        if missing > 0:
            more = np.zeros(missing + -missing % 16, np.uint8) if memory.dtype == np.uint8 else None
            if more is None:
                more = np.array([1] * missing, object)
            request.memories[lender.memory] = np.concatenate([memory, more])
        request.out = replace(request.out, memory=lender.memory)

    # Others of the same values -----------------------------------------------------------------

    def next_like(self, request: Request) -> Request:
        """With other layouts, order and optimize; or the same in all but its addresses, for which
        the plan has been kept."""
        other = replace(request, memories=list(request.memories), keywords=dict(request.keywords))
        if self._chance(0.3):
            return other
        for name in ("order", "optimize"):
            other.keywords.pop(name, None)
        self._add_switches(other)
        shared = other.out and any(view.memory == other.out.memory for view in other.views)
        if not shared and self._chance(0.8):
            other.views = [self._laid_out_anew(view, other) for view in other.views]
        return other

    def _laid_out_anew(self, view: View, request: Request) -> View:
        dtype, old = view.dtype, view.over(request.memories)
        layout = self.random.choice(OUT_LAYOUTS)
        other, count = self._place(view.shape, dtype, layout, len(request.memories))
        is_object = dtype.kind == "O"
        memory = (
            np.array([1] * count, object)
            if is_object
            else np.zeros((count + 1) * dtype.itemsize, np.uint8)
        )
        request.memories.append(memory)
        other.over(request.memories)[...] = old
        other.writeable, other.as_list = self._chance(0.8), view.as_list
        return other

    # Invalid requests --------------------------------------------------------------------------

    def next_invalid(self) -> Request:
        """A valid request with one thing changed at random; it may still be valid."""
        request = self.next()
        if request.out is not None:  # optimize lets out have more axes, and narrower dtypes
            request.keywords["optimize"] = False
        change = self.random.choice(
            (self._spoil_sublist, self._spoil_shape, self._spoil_keyword)
            + (self._spoil_dtype, self._spoil_out)
            if isinstance(request.subscripts, list)
            else (*(self._spoil_text,) * 3, self._spoil_shape, self._spoil_keyword)
            + (self._spoil_optimize, self._spoil_dtype, self._spoil_out)
        )
        change(request)
        return request

    def _spoil_text(self, request: Request) -> None:
        rng = self.random
        text = request.subscripts
        text = text.decode() if isinstance(text, bytes) else text
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(text) + 1)
            stuff = rng.choice((*".,->ijZ 1%&_\t\n", "...", "->", "\u00e9", ""))
            text = text[:at] + stuff + text[at + (self._chance(0.5)) :]
        request.subscripts = text

    def _spoil_sublist(self, request: Request) -> None:
        rng = self.random
        number = rng.randrange(len(request.subscripts))
        items = list(request.subscripts[number])
        junk = rng.choice((52, -1, 1000, 2**70, 1.5, "i", None, np.float64(1), Ellipsis, 3))
        items.insert(rng.randrange(len(items) + 1), junk)
        request.subscripts[number] = rng.choice((items, items, items, 7, None))

    def _spoil_shape(self, request: Request) -> None:
        rng = self.random
        if self._chance(0.2) and not isinstance(request.subscripts, list):
            change = rng.choice((request.views.pop, lambda: request.views.append(request.views[0])))
            change()
            return
        number = rng.randrange(len(request.views))
        shape = list(request.views[number].shape)
        if shape and self._chance(0.7):
            shape[rng.randrange(len(shape))] = rng.choice((0, 1, 2, 3, 5))
        elif shape and self._chance(0.5):
            shape.pop()
        else:
            shape.append(rng.choice((1, 2)))
        view = self._view(tuple(shape), request.views[number].dtype, "C", request)
        request.views[number] = replace(view, dtype=view.dtype)

    def _spoil_dtype(self, request: Request) -> None:
        """An operand of a type without arithmetic: views of it are in order."""
        dtype = np.dtype(self.random.choice(("M8[s]", "m8[s]", "S3", "U2", "V5", "i4,f8")))
        number = self.random.randrange(len(request.views))
        view = self._view(request.views[number].shape, np.dtype(np.uint8), "C", request)
        strides = tuple(stride * dtype.itemsize for stride in view.strides)
        size = math.prod(view.shape) * dtype.itemsize
        request.memories[view.memory] = np.zeros(size + 2 * LEAD_BYTES, np.uint8)
        request.views[number] = replace(view, dtype=dtype, strides=strides, offset=LEAD_BYTES)

    def _spoil_out(self, request: Request) -> None:
        """Some shape at hand, but seldom that of the result."""
        rng = self.random
        shape = list(rng.choice(request.views).shape)
        if shape and self._chance(0.5):
            shape[rng.randrange(len(shape))] = rng.choice((1, 2, 3))
        dtype = request.views[0].dtype.newbyteorder("=")
        request.keywords["optimize"] = False
        request.out = self._view(tuple(shape), dtype, rng.choice(OUT_LAYOUTS), request)

    def _spoil_keyword(self, request: Request) -> None:
        rng = self.random
        name, values = rng.choice(
            (
                ("order", ("W", "CF", "", 1)),
                ("casting", ("blah", "Safe", "", None, 0, "same_value")),
                ("dtype", ("bad", 3, "U3", "M8[s]")),
                ("out", ("x", [1.0], 0)),
                ("like", (1,)),
                ("optimise", (True,)),
            )
        )
        if name == "out":
            request.out = None
        request.keywords["optimize"] = False
        request.keywords[name] = rng.choice(values)

    def _spoil_optimize(self, request: Request) -> None:
        values = (0, 1, 0.5, b"greedy", [], (), ("greedy",), ("greedy", None), (True, 100), 7)
        request.out = None
        request.keywords["optimize"] = self.random.choice(values)


@dataclass
class Expression:
    """Labels by operand; output is None in implicit mode."""

    terms: list[list[str]]
    output: list[str] | None
    shapes: list[tuple[int, ...]]

    def text(self) -> str:
        text = ",".join("".join(term) for term in self.terms)
        return text if self.output is None else f"{text}->{''.join(self.output)}"

    def output_shape(self) -> tuple[int, ...] | None:
        """None where the operands do not fit each other, or out is silent about broadcast axes."""
        # Zero strides: no memory whatever the shape.
        stand_ins = [np.broadcast_to(np.int8(0), shape) for shape in self.shapes]
        if math.prod(max(1, extent) for shape in self.shapes for extent in shape) > 10**9:
            return None
        try:
            return np.einsum(self.text(), *stand_ins).shape
        except ValueError:
            return None


def _memory_of(values: np.ndarray | list, dtype: np.dtype, misaligned: int) -> np.ndarray:
    """Bytes, or objects."""
    if dtype.kind == "O":
        return np.array(values, dtype)
    if dtype.isnative and not misaligned:
        return values.view(np.uint8).copy()
    memory = np.zeros(len(values) * dtype.itemsize + misaligned, np.uint8)
    np.ndarray((len(values),), dtype, memory, misaligned)[...] = values
    return memory


def _with_spaces(rng: random.Random, text: str) -> list[str]:
    """Blanks between the tokens of the text."""
    spaced, at = [], 0
    while at < len(text):
        size = 3 if text.startswith(ELLIPSIS, at) else 2 if text.startswith("->", at) else 1
        spaced += [" " * rng.choice((0, 0, 1, 2)), text[at : at + size]]
        at += size
    return spaced


def _span(shape: tuple, steps: list[int]) -> tuple[int, int]:
    if 0 in shape:
        return 0, 0
    reach = [step * (extent - 1) for step, extent in zip(steps, shape)]
    return sum(min(0, r) for r in reach), sum(max(0, r) for r in reach)


def _survives_tolist(view: View) -> bool:
    return math.prod(view.shape) in range(1, 100) and view.dtype.kind in "ifc"


def _memory_text(memory: np.ndarray, dtype: np.dtype) -> str:
    if memory.dtype == object:
        return f"np.array({memory.tolist()!r}, object)"
    if memory.nbytes % dtype.itemsize == 0 and memory.nbytes <= 2000 and dtype.char not in "gG":
        return f"np.array({memory.view(dtype).tolist()!r}, {dtype.str!r}).view('u1')"
    packed = base64.b85encode(zlib.compress(memory.tobytes(), 9)).decode()
    return f"np.frombuffer(bytearray(zlib.decompress(base64.b85decode({packed!r}))), 'u1')"


def _value_text(value: object) -> str:
    return repr(value.str) if isinstance(value, np.dtype) else repr(value)


def _sublist_text(sublist: object) -> str:
    return f"np.{sublist!r}" if isinstance(sublist, np.ndarray) else repr(sublist)
