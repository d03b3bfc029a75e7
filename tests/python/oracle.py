"""Judges a call of einsum in two independent ways.

What can be told exactly from NumPy (exceptions, dtype, shape, strides, views, the type of the
result) is compared with `numpy.einsum(optimize=False)`; values are compared with a plain
broadcasting product and sum in exact or wider arithmetic, within a rigorous bound. Where NumPy is
known to be wrong, or we accept more, a named predicate says so; no tolerance is widened.
"""

from __future__ import annotations

import math
import operator
import re
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from generator import Arguments, Request, View

ELLIPSIS = "..."
TOKENS = r"\.\.\.|."
LIST_ORDER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ERROR_KINDS = (ValueError, TypeError, IndexError, KeyError, RuntimeError, OverflowError)

WIDER = {"e": np.float64, "f": np.float64, "d": np.longdouble, "g": np.longdouble}
WIDER_COMPLEX = {"F": np.complex128, "D": np.clongdouble, "G": np.clongdouble}


class Mismatch(AssertionError):
    """A call that einsum answered wrongly; the text says how."""


@dataclass
class Outcome:
    """What a call returned or raised, and the memory afterwards."""

    arguments: Arguments
    result: object = None
    error: Exception | None = None


@contextmanager
def recorded_warnings():
    """Lists warnings, but for a ComplexWarning, which is in order. Entering takes long, and once is
    enough for many checks."""
    global _recorded
    if _recorded is not None:
        yield _recorded
        return
    with warnings.catch_warnings(record=True) as _recorded:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        try:
            yield _recorded
        finally:
            _recorded = None


_recorded: list | None = None


def run(einsum, request: Request) -> Outcome:
    arguments = request.build()
    outcome = Outcome(arguments)
    try:
        outcome.result = einsum(*arguments.positional, **arguments.keywords)
    except Exception as error:
        outcome.error = error
    return outcome


def check(einsum, request: Request) -> Outcome:
    """Calls einsum and raises Mismatch if anything about the answer is wrong."""
    with recorded_warnings() as recorded:
        recorded.clear()
        outcome = run(einsum, request)
        if recorded:
            raise Mismatch(f"warned {recorded[0].message!r}")
        expected = reference(request)
        if may_refuse_narrow_scalar(request, outcome):
            return outcome
        if outcome.error or expected.error:
            check_errors(request, outcome, expected)
            check_memory(request, outcome, is_out_written=False)
            return outcome
        check_result(request, outcome, expected)
        check_memory(request, outcome, is_out_written=request.out is not None)
        return outcome


# What NumPy says -------------------------------------------------------------------------------


def reference(request: Request) -> Outcome:
    """NumPy's answer; where only we accept a request, or are right, that to its equivalent."""
    optimize = request.keywords.get("optimize", False)
    plain = request
    if optimize is not False:
        plain = replace(request, keywords={**request.keywords, "optimize": False})
    outcome = _numpy(plain)
    if outcome.error is None:
        if _once(request, "uneven diagonal", lambda: has_uneven_diagonal(request)):
            return Outcome(outcome.arguments, error=ValueError("uneven diagonal"))
        return _numpy_refusal_of_optimize(request, optimize) or outcome
    for accept in (
        _accepted_none,
        _accepted_negative_labels,
        _accepted_spaces,
        _accepted_ellipses,
        _accepted_narrow_scalar,
        _accepted_text,
    ):
        other = accept(plain, optimize)
        if other is not None:
            answer = _numpy(other)
            if answer.error is None:
                return _numpy_refusal_of_optimize(request, optimize) or answer
            plain, outcome = other, answer
    return outcome


def _numpy(request: Request) -> Outcome:
    is_optimized = request.keywords.get("optimize", False) is not False
    if is_optimized and (has_large_empties(request) or has_raw_bytes(request)):
        request = replace(request, keywords={**request.keywords, "optimize": False})
    if not corrupts_numpy(request):
        outcome, native = run(np.einsum, request), _with_native_dtype(request)
        return outcome if outcome.error or native is request else run(np.einsum, native)
    outcome = run(np.einsum, _with_room(request))
    outcome.result = np.empty(output_shape(request), np.clongdouble)
    return outcome


def _numpy_refusal_of_optimize(request: Request, optimize: object) -> Outcome | None:
    """Malformed values of optimize are refused as NumPy does."""
    if isinstance(optimize, bool | str | None):
        return None
    outcome = _numpy(request) if _is_well_formed(optimize) else run(np.einsum, request)
    is_about_path = "einsum path" in str(outcome.error) or "einsum_path" in str(outcome.error)
    is_refused = is_about_path or not _is_well_formed(optimize)
    return outcome if outcome.error and is_refused else None


def _is_well_formed(optimize: object) -> bool:
    """A path, or a planner with its limit."""
    if not isinstance(optimize, tuple | list) or not optimize:
        return False
    has_limit = len(optimize) == 2 and isinstance(optimize[1], int | float)
    return optimize[0] == "einsum_path" or (isinstance(optimize[0], str) and has_limit)


def _with_native_dtype(request: Request) -> Request:
    """U3: NumPy returns garbage if dtype has a foreign byte order; right_dtype() tells ours."""
    dtype = request.keywords.get("dtype")
    if not isinstance(dtype, np.dtype) or dtype.isnative:
        return request
    return replace(request, keywords={**request.keywords, "dtype": dtype.newbyteorder("=")})


def corrupts_numpy(request: Request) -> bool:
    """U13: NumPy writes an element into a result that has none, which it allocates itself or as a
    copy of an out that overlaps an operand: np.einsum("i,j->ij", np.ones(3, "G"), np.ones(0, "G")).
    Only a clongdouble is larger than the memory of an array without elements."""
    if not has_large_empties(request) or "out" in request.keywords:  # that is no array
        return False
    try:
        is_large = computing_dtype(request, request.build()).char == "G"
        return is_large and 0 in output_shape(request) and not is_view(request)
    except (TypeError, ValueError, KeyError):  # NumPy refuses before it allocates
        return False


def has_large_empties(request: Request) -> bool:
    """With optimize it can also happen to an intermediate, which has the type of its operands
    whatever `dtype` says: np.einsum("abc,cd->ad", x, y, optimize=True, dtype="f4") for an x of
    shape (0, 1, 5) and strides (0, 0, 32), of which b is summed first."""
    if not any(0 in view.shape for view in request.views) or not is_readable(request):
        return False
    dtypes = [view.dtype for view in request.views] + [request.keywords.get("dtype")]
    chars = {dtype.char for dtype in dtypes if isinstance(dtype, np.dtype)}
    return "G" in chars or ("g" in chars and not chars.isdisjoint("FD"))


def has_raw_bytes(request: Request) -> bool:
    """With optimize they come to np.dot, and before NumPy 2 np.dot(np.zeros((6, 2), "V5"),
    np.ones(2)) takes all memory."""
    return any(view.dtype.kind == "V" for view in request.views)


def output_shape(request: Request) -> tuple[int, ...]:
    terms, output = parse(request).expanded
    extents = _extents(terms, [view.shape for view in request.views])
    return tuple(extents[label] for label in output)


def _with_room(request: Request) -> Request:
    """The same call with an out of its own that has room for the element that NumPy writes."""
    shape = output_shape(request)
    out = View(len(request.memories), np.dtype(np.clongdouble), shape, (0,) * len(shape), 0)
    if request.out is not None:
        strides = (0,) * len(request.out.shape)
        out = replace(request.out, memory=out.memory, strides=strides, offset=0)
    room = np.zeros(16, object if out.dtype.kind == "O" else "u1")
    return replace(request, memories=[*request.memories, np.resize(room, 256)], out=out)


def has_uneven_diagonal(request: Request) -> bool:
    """U1: NumPy returns a view outside of the memory if the first extent of a diagonal is 0."""
    for term, view in zip(parse(request).expanded[0], request.views):
        if len(term) == len(set(term)):
            continue
        extents = set(zip(term, view.shape))
        if len(extents) > len(set(term)):
            return True
    return False


def _accepted_none(request: Request, optimize: object) -> Request | None:
    """None for the output list is implicit mode; NumPy accepts it only with optimize."""
    lists = request.subscripts
    if isinstance(lists, list) and len(lists) > len(request.views) and lists[-1] is None:
        return replace(request, subscripts=lists[:-1])
    return None


def _accepted_negative_labels(request: Request, optimize: object) -> Request | None:
    """With optimize, items -52..-1 count from the end."""
    if optimize is False or not is_readable(request):
        return None
    lists = request.subscripts
    if not isinstance(lists, list):
        return None
    positive = [
        [item % 52 if isinstance(item, int) else item for item in _items(sublist)]
        for sublist in lists
    ]
    return replace(request, subscripts=positive)


def _has_negative_labels(request: Request) -> bool:
    lists = request.subscripts if isinstance(request.subscripts, list) else []
    items = [item for sublist in lists if sublist is not None for item in sublist]
    return any(isinstance(item, int) and item < 0 for item in items)


def _accepted_spaces(request: Request, optimize: object) -> Request | None:
    """Spaces inside '->' and '...' are accepted; NumPy accepts them only with optimize."""
    text = request.subscripts
    if isinstance(text, str) and " " in text:
        return replace(request, subscripts=text.replace(" ", ""))
    return None


def _accepted_ellipses(request: Request, optimize: object) -> Request | None:
    """Output without '...' although there are broadcast axes: summed. Two that stand for
    nothing: nothing. NumPy accepts both only with optimize. Written with letters instead."""
    if not is_readable(request) or _has_negative_labels(request):
        return None
    expression = parse(request)
    if expression.output is None or not any(ELLIPSIS in term for term in expression.terms):
        return _without_output_ellipses(request, expression)
    if ELLIPSIS not in expression.output:
        return replace(request, subscripts=expression.letters())
    return _without_output_ellipses(request, expression) if expression.rank == 0 else None


def _without_output_ellipses(request: Request, expression: Expression) -> Request | None:
    is_text = isinstance(request.subscripts, str)
    if not is_text or expression.output is None or expression.output.count(ELLIPSIS) < 2:
        return None
    output = [label for label in expression.output if label != ELLIPSIS]
    return replace(request, subscripts=replace(expression, output=output).letters())


def _accepted_narrow_scalar(request: Request, optimize: object) -> Request | None:
    """With optimize, a 0-d out of a contraction of several operands is stored unsafely."""
    with_optimize = replace(request, keywords={**request.keywords, "optimize": optimize})
    if not is_narrow_scalar(with_optimize) or _numpy(replace(request, out=None)).error:
        return None  # the operands are cast safely all the same
    return replace(request, keywords={**request.keywords, "casting": "unsafe"})


def _accepted_text(request: Request, optimize: object) -> Request | None:
    """NumPy reads text without axes as a number even where there is nothing to multiply."""
    is_text = [view.dtype.kind in "SU" and view.shape == () for view in request.views]
    is_converted = request.keywords.get("dtype") is not None and is_computable(request)
    if not is_converted or not any(is_text) or not any(0 in view.shape for view in request.views):
        return None
    views = [
        replace(view, dtype=np.dtype("u1")) if text else view
        for view, text in zip(request.views, is_text)
    ]
    return replace(request, views=views)


def is_narrow_scalar(request: Request) -> bool:
    out = request.out
    if request.keywords.get("optimize", False) is False or out is None or out.shape != ():
        return False
    if "casting" in request.keywords or len(request.views) < 2 or not is_readable(request):
        return False
    terms, output = parse(request).expanded
    return any(label not in output for term in terms for label in term)


def may_refuse_narrow_scalar(request: Request, outcome: Outcome) -> bool:
    """It must be accepted only if a label of two operands is summed, and where NumPy does so,
    which depends on the path that it takes."""
    if not isinstance(outcome.error, TypeError) or not is_narrow_scalar(request):
        return False
    terms, output = parse(request).expanded
    flat = [label for term in terms for label in set(term)]
    is_contraction = any(flat.count(label) > 1 and label not in output for label in flat)
    return not is_contraction or _numpy(request).error is not None


# An own reading of the expression --------------------------------------------------------------


@dataclass
class Expression:
    """Terms as lists of labels and ELLIPSIS; output is None in implicit mode."""

    terms: list[list[str]]
    output: list[str] | None
    ranks: list[int]  # axes behind the ellipsis of each term

    @property
    def rank(self) -> int:
        return max(self.ranks)

    @cached_property
    def expanded(self) -> tuple[list[list], list]:
        """Input and output labels with the broadcast axes numbered from the last one."""
        terms = [_expand(term, rank) for term, rank in zip(self.terms, self.ranks)]
        if self.output is not None:
            return terms, _expand(self.output, self.rank)
        flat = [label for term in terms for label in term]
        once = sorted(label for label in set(flat) if isinstance(label, str))
        return terms, _expand([ELLIPSIS], self.rank) + [x for x in once if flat.count(x) == 1]

    def letters(self) -> str:
        """The same without ellipses."""
        terms, output = self.expanded
        used = {label for term in [*terms, output] for label in term}
        free = [letter for letter in LIST_ORDER if letter not in used]
        names = [
            "".join(label if isinstance(label, str) else free[label] for label in term)
            for term in [*terms, output]
        ]
        return ",".join(names[:-1]) + "->" + names[-1]


def _expand(term: list[str], rank: int) -> list:
    return [
        label
        for item in term
        for label in (list(reversed(range(rank))) if item == ELLIPSIS else [item])
    ]


def parse(request: Request) -> Expression:
    """Reads a request that NumPy would accept, or nearly; ValueError for others."""
    known = request.known
    if known.subscripts is not request.subscripts:
        known.subscripts, known.expression = request.subscripts, _parsed(request)
    return known.expression


def _parsed(request: Request) -> Expression:
    subscripts = request.subscripts
    if isinstance(subscripts, bytes):
        subscripts = subscripts.decode("latin1")
    if isinstance(subscripts, str):
        terms, output = _parse_text(subscripts.replace(" ", ""))
    else:
        count = len(request.views)
        has_none = len(subscripts) > count and subscripts[-1] is None  # implicit mode
        lists = [
            [_label(item) for item in _items(sublist)]
            for sublist in (subscripts[:-1] if has_none else subscripts)
        ]
        terms, output = lists[:count], lists[count] if len(lists) > count else None
    if len(terms) != len(request.views):
        raise ValueError("number of terms")
    ranks = []
    for term, view in zip(terms, request.views):
        surplus = len(view.shape) - sum(label != ELLIPSIS for label in term)
        if surplus < 0 or (term.count(ELLIPSIS) != 1 and (surplus or ELLIPSIS in term)):
            raise ValueError("number of subscripts")
        ranks.append(surplus)
    return Expression(terms, output, ranks)


def is_readable(request: Request) -> bool:
    try:
        parse(request)
    except ValueError:
        return False
    return True


def _parse_text(text: str) -> tuple[list[list[str]], list[str] | None]:
    inputs, arrow, output = text.partition("->")
    terms = [re.findall(TOKENS, term, re.DOTALL) for term in inputs.split(",")]
    result = re.findall(TOKENS, output, re.DOTALL) if arrow else None
    labels = [label for term in [*terms, result or []] for label in term]
    if any(label != ELLIPSIS and label not in LIST_ORDER for label in labels):
        raise ValueError("invalid character")
    return terms, result


def _items(sublist: object) -> list:
    if isinstance(sublist, (list, tuple, np.ndarray)):
        return list(sublist)
    raise ValueError("not a list")


def _label(item: object) -> str:
    if item is Ellipsis:
        return ELLIPSIS
    if isinstance(item, (int, np.integer)) and -52 <= item < 52:
        return LIST_ORDER[item]
    raise ValueError("not a label")


# Errors, memory, metadata ----------------------------------------------------------------------


def error_kind(error: Exception | None) -> type | None:
    """The builtin exception that callers would catch."""
    if error is None:
        return None
    return next((kind for kind in ERROR_KINDS if isinstance(error, kind)), type(error))


def drops_imaginary_parts(request: Request, outcome: Outcome) -> bool:
    """Row complex_objects_in_real_out: NumPy may do so where every other real type is refused."""
    is_long = request.out is not None and np.dtype(request.out.dtype) == np.longdouble
    return is_long and "not 'complex'" in str(outcome.error)


def check_errors(request: Request, outcome: Outcome, expected: Outcome) -> None:
    """The type is that of NumPy, with optimize=False or with the optimize of the request."""
    kinds = {error_kind(expected.error)}
    if isinstance(
        expected.error, SystemError
    ):  # U5: NumPy finds no kernel, or a cast fails, too late
        kinds = {TypeError, error_kind(expected.error.__cause__)}
    elif expected.error and outcome.error:
        kinds.add(error_kind(_numpy(request).error))
    if isinstance(expected.error, ValueError) and not is_computable(request):
        kinds.add(TypeError)  # U5: a conversion to the type has failed before that
    if drops_imaginary_parts(request, outcome):
        kinds.add(TypeError)
    if error_kind(outcome.error) not in kinds:
        raise Mismatch(f"raised {outcome.error!r}, expected {expected.error!r}")
    if not str(outcome.error) and str(expected.error):
        raise Mismatch("an exception without a message")


def is_computable(request: Request) -> bool:
    """Whether `dtype`, if that is given, is one with arithmetic."""
    dtype = request.keywords.get("dtype")
    try:
        return dtype is None or np.dtype(dtype).char in "?bBhHiIlLqQefdgFDGO"
    except TypeError:
        return False


def check_memory(request: Request, outcome: Outcome, is_out_written: bool) -> None:
    """Nothing but the elements of out has changed."""
    after = outcome.arguments.memories
    if is_out_written:
        after = [memory.copy() for memory in after]
        request.out.over(after)[...] = request.out.over(request.memories)
    for number, (before, now) in enumerate(zip(request.memories, after)):
        same = before is now or (
            all(map(operator.is_, before, now))
            if before.dtype == object
            else before.tobytes() == now.tobytes()
        )
        if not same:
            raise Mismatch(f"memory{number} was written where it must not be")


def check_result(request: Request, outcome: Outcome, expected: Outcome) -> None:
    result, wanted = outcome.result, expected.result
    if request.out is not None:
        if result is not outcome.arguments.out:
            raise Mismatch("the result is not out")
        check_values(request, outcome)
        return
    _check_type(request, result, wanted)
    if isinstance(wanted, np.ndarray):
        _check_layout(request, outcome, expected)
    check_values(request, outcome)


def _check_type(request: Request, result: object, wanted: object) -> None:
    """An array, a scalar of the dtype, or for objects whatever the arithmetic returns."""
    kind = type(wanted)
    if isinstance(wanted, np.generic):
        kind = right_dtype(request, wanted.dtype).type
    if type(result) is not kind and isinstance(wanted, (np.ndarray, np.generic)):
        raise Mismatch(f"type {type(result).__name__}, expected {kind.__name__}")


def _check_layout(request: Request, outcome: Outcome, expected: Outcome) -> None:
    result, wanted = outcome.result, expected.result
    dtype = right_dtype(request, wanted.dtype)
    if result.dtype.str != dtype.str:
        raise Mismatch(f"dtype {result.dtype.str}, expected {dtype.str}")
    if result.shape != wanted.shape:
        raise Mismatch(f"shape {result.shape}, expected {wanted.shape}")
    place, wanted_place = view_offset(request, outcome), view_offset(request, expected)
    if (place is None) != (wanted_place is None):
        raise Mismatch(f"view: {place is not None}, expected {wanted_place is not None}")
    if place is not None and result.size and place != wanted_place:
        raise Mismatch(f"view at byte {place}, expected {wanted_place}")
    if result.flags.writeable != wanted.flags.writeable:
        raise Mismatch(f"writeable {result.flags.writeable}, expected {wanted.flags.writeable}")
    if place is None and not (result.flags.aligned and result.base is None):
        raise Mismatch("a computed result must be aligned and own its memory")
    _check_strides(request, result, wanted)


def _check_strides(request: Request, result: np.ndarray, wanted: np.ndarray) -> None:
    if result.size == 0:
        return
    if result.strides != wanted.strides and not is_layout_free(request):
        raise Mismatch(f"strides {result.strides}, expected {wanted.strides}")


def is_layout_free(request: Request) -> bool:
    """Broadcast axes that the output does not mention: there is nothing to compare with."""
    expression = parse(request)
    output = expression.output
    return output is not None and ELLIPSIS not in output and expression.rank > 0


def right_dtype(request: Request, numpy_dtype: np.dtype) -> np.dtype:
    """U3: the result has the dtype asked for, whatever its byte order."""
    dtype = request.keywords.get("dtype")
    is_foreign = isinstance(dtype, np.dtype) and not dtype.isnative
    if is_view(request):
        return numpy_dtype
    return dtype if is_foreign else numpy_dtype


def is_view(request: Request) -> bool:
    if request.out is not None or len(request.views) != 1:
        return False
    terms, output = parse(request).expanded
    return set(terms[0]) == set(output)


def view_offset(request: Request, outcome: Outcome) -> int | None:
    """Bytes from the first operand's first element to the result's; None if it is no view."""
    operand = outcome.arguments.operands[0]
    result = outcome.result
    if not isinstance(operand, np.ndarray) or result.base is None or not is_view(request):
        return None if result.base is None else 0
    return result.__array_interface__["data"][0] - operand.__array_interface__["data"][0]


# Values ----------------------------------------------------------------------------------------


def check_values(request: Request, outcome: Outcome) -> None:
    with np.errstate(all="ignore"), recorded_warnings():
        _check_values(request, outcome)


def _check_values(request: Request, outcome: Outcome) -> None:
    result = np.asarray(outcome.result)
    if is_view(request):
        _check_exact(result, _gather_view(request, request.build()), "view")
        return
    dtype = _once(request, "dtype", lambda: computing_dtype(request, request.build()))
    out_dtype = request.out.dtype if request.out is not None else dtype
    if dtype.kind not in "biuO":
        _check_floats(request, result, dtype, out_dtype)
        return
    exact = sums(request, dtype)[0]
    if dtype.kind == "O":
        _check_objects(outcome.result, exact, out_dtype)
    else:
        _check_exact(result, exact.astype(out_dtype), "value")


def _once(request: Request, name: str, compute: Callable) -> object:
    """What is known of the values of a request, or found out now."""
    values = request.known.values
    if name not in values:
        values[name] = compute()
    return values[name]


def sums(request: Request, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, int]:
    return _once(request, "sums", lambda: contract(request, request.build(), dtype))


def computing_dtype(request: Request, arguments: Arguments) -> np.dtype:
    dtype = request.keywords.get("dtype")
    if dtype is not None:
        return np.dtype(dtype).newbyteorder("=")
    arrays = [np.asarray(operand) for operand in arguments.operands]
    if request.out is not None:
        arrays.append(arguments.out)
    # Before NumPy 2 an array without axes counts by its value.
    parts = [array if array.ndim == 0 else array.dtype for array in arrays]
    return np.result_type(*parts).newbyteorder("=")


def _gather_view(request: Request, arguments: Arguments) -> np.ndarray:
    terms, output = parse(request).expanded
    operand = np.asarray(arguments.operands[0])
    extents = dict(zip(terms[0], operand.shape))
    return _gather(operand, terms[0], output, extents)


def _gather(operand: np.ndarray, term: list, axes: list, extents: dict) -> np.ndarray:
    """The operand with one axis per label, broadcast where it lacks it: an index array per axis."""
    grids = []
    for label, extent in zip(term, operand.shape):
        stretches = extent == 1 and extents[label] != 1
        grid = np.zeros(1, int) if stretches else np.arange(extents[label])
        shape = [1] * len(axes)
        shape[axes.index(label)] = len(grid)
        grids.append(grid.reshape(shape))
    return operand[tuple(grids)] if grids else operand.reshape((1,) * len(axes))


def contract(
    request: Request, arguments: Arguments, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray, int]:
    """The sums, the sums of absolute products (floats only) and the number of terms of a sum."""
    terms, output = parse(request).expanded
    operands = [np.asarray(operand) for operand in arguments.operands]
    extents = _extents(terms, [operand.shape for operand in operands])
    if request.out is not None:  # out can stretch labels too
        for label, extent in zip(output, request.out.shape):
            extents[label] = extent if extents.get(label, 1) == 1 else extents[label]
    summed = [label for label in extents if label not in output]
    axes = [*output, *summed]
    shape = tuple(extents[label] for label in output)
    terms_of_sum = math.prod([extents[label] for label in summed])
    if 0 in extents.values():  # nothing is converted and nothing multiplied, whatever it is
        return np.zeros(shape, dtype), np.zeros(shape), terms_of_sum
    operands = [operand.astype(dtype) for operand in operands]
    factors = [_gather(operand, term, axes, extents) for operand, term in zip(operands, terms)]

    def add(product: np.ndarray) -> np.ndarray:
        return np.asarray(_sum(product, axes, extents, len(output))).reshape(shape)

    if dtype.kind == "b":
        return add(_product(factors)), None, terms_of_sum
    if dtype.kind in "iu":
        factors = [factor.astype(np.uint64) for factor in factors]
        return add(_product(factors)).astype(dtype), None, terms_of_sum
    if dtype.kind == "O":
        return add(_product(factors)), None, terms_of_sum
    wide = WIDER_COMPLEX[dtype.char] if dtype.kind == "c" else WIDER[dtype.char]
    factors = [factor.astype(wide) for factor in factors]
    sizes = [_size(factor) for factor in factors]
    return add(_complex_product(factors)), add(_product(sizes)), terms_of_sum


def _extents(terms: list[list], shapes: list[tuple]) -> dict:
    extents: dict = {}
    for term, shape in zip(terms, shapes):
        for label, extent in zip(term, shape):
            extents[label] = extent if extents.get(label, 1) == 1 else extents[label]
    return extents


def _size(factor: np.ndarray) -> np.ndarray:
    """|re| + |im|: bounds both parts of any product."""
    return abs(factor.real) + abs(factor.imag) if factor.dtype.kind == "c" else abs(factor)


def _product(factors: list[np.ndarray]) -> np.ndarray:
    product = factors[0]
    for factor in factors[1:]:
        product = (product & factor) if product.dtype == bool else product * factor
        product = np.asarray(product, factor.dtype)  # 0-d products of objects are bare
    return product


def _complex_product(factors: list[np.ndarray]) -> np.ndarray:
    """Real arithmetic by parts: the plain formula, without repair of inf and nan."""
    product = factors[0]
    for factor in factors[1:]:
        if product.dtype.kind != "c":
            product = product * factor
            continue
        real = product.real * factor.real - product.imag * factor.imag
        imag = product.real * factor.imag + product.imag * factor.real
        product = np.empty(real.shape, product.dtype)
        product.real, product.imag = real, imag
    return product


def _sum(product: np.ndarray, axes: list, extents: dict, kept: int) -> np.ndarray:
    """Over the axes behind the kept ones; terms that no factor moves along are counted too."""
    shape = tuple([extents[label] for label in axes])
    product = product if product.shape == shape else np.broadcast_to(product, shape)
    flat = product.reshape(*product.shape[:kept], -1) if product.size else None
    if flat is None:
        return np.zeros(product.shape[:kept], product.dtype)
    if product.dtype == bool:
        return flat.any(-1)
    if product.dtype == object:
        return _object_sum(flat)
    return flat.sum(-1, dtype=product.dtype)


def _object_sum(flat: np.ndarray) -> np.ndarray:
    total = np.empty(flat.shape[:-1], object)
    for index in np.ndindex(total.shape):
        value = 0
        for term in flat[index]:
            value = value + term
        total[index] = value
    return total


def _check_exact(result: np.ndarray, exact: np.ndarray, what: str) -> None:
    exact = np.asarray(exact)
    if result.shape != exact.shape:
        raise Mismatch(f"{what}: shape {result.shape}, expected {exact.shape}")
    same = np.array_equal(result, exact, equal_nan=exact.dtype.kind in "fc")
    if not same:
        at = tuple(np.argwhere(result != exact)[0])
        raise Mismatch(f"{what} at {at}: {result[at]!r}, expected {exact[at]!r}")


def _check_objects(result: object, exact: np.ndarray, out_dtype: np.dtype) -> None:
    boxed = np.empty(exact.shape, object)
    boxed[...] = result
    if not np.array_equal(boxed, exact.astype(out_dtype)):
        raise Mismatch(f"objects {boxed!r}, expected {exact!r}")
    if out_dtype.kind == "O":
        pairs = zip(boxed.ravel(), exact.ravel())
        wrong = next((x for x, y in pairs if type(x) is not type(y)), None)
        if wrong is not None:
            raise Mismatch(f"object of type {type(wrong).__name__}")


def _check_floats(
    request: Request,
    result: np.ndarray,
    dtype: np.dtype,
    out_dtype: np.dtype,
) -> None:
    exact, sizes, terms = sums(request, dtype)
    bound = _once(request, "bound", lambda: float_bound(request, dtype, sizes, terms))
    if result.shape != exact.shape:
        raise Mismatch(f"shape {result.shape}, expected {exact.shape}")
    if out_dtype.kind in "biu":
        _check_truncated(result, exact, bound, (dtype, out_dtype))
        return
    if out_dtype.kind == "O":
        result = result.astype(exact.dtype)
    if dtype.kind == "c":
        parts = [("real", exact.real, result.real)]
        if out_dtype.kind in "cO":
            parts.append(("imaginary", exact.imag, result.imag))
    else:
        parts = [("value", exact, result.real)]
    target = [kind for kind in (dtype, out_dtype) if kind.kind in "fc"]
    if dtype.kind == "c":  # products that overflow on the way leave NaNs in either part
        lost = sizes > np.finfo(dtype).max
        parts = [(what, np.where(lost, 0, x), np.where(lost, 0, y)) for what, x, y in parts]
    for what, right, got in parts:
        if request.is_integral and _is_exact(got, right, sizes):
            continue
        _check_part(what, got, right, bound, sizes, target, is_distributed(request, terms))


def _is_exact(got: np.ndarray, right: np.ndarray, sizes: np.ndarray) -> bool:
    """No NaNs, and no zero of the wrong sign."""
    return np.array_equal(got, right) and not np.any((sizes == 0) & np.signbit(got))


def _check_truncated(
    result: np.ndarray, exact: np.ndarray, bound: np.ndarray, dtypes: tuple[np.dtype, np.dtype]
) -> None:
    """Unsafe stores of floats, which the first dtype has to hold, as integers of the second. C
    leaves undefined what becomes of values out of range; where the sums themselves are rounded,
    truncation can add one."""
    dtype, out_dtype = dtypes
    if out_dtype.kind == "b":
        return _check_exact(result, exact != 0, "truth")
    limits, exact = np.iinfo(out_dtype), exact.real
    low, high = np.longdouble(limits.min), np.longdouble(limits.max)
    defined = (exact - bound - 1 > low) & (exact + bound + 1 < high)
    defined &= abs(exact) + bound < np.longdouble(np.finfo(dtype).max)
    difference = abs(result.astype(np.longdouble) - np.trunc(exact.astype(np.longdouble)))
    wrong = defined & ~(difference <= np.where(bound > 0, bound + 1, 0))
    if np.any(wrong):
        at = tuple(np.argwhere(wrong)[0])
        raise Mismatch(f"stored value at {at}: {result[at]!r}, expected {exact[at]!r}")
    return None


def float_bound(request: Request, dtype: np.dtype, sizes: np.ndarray, terms: int) -> np.ndarray:
    """gamma_n of the accumulating type plus that of our own wider sum, times the sum of sizes."""
    accumulator = np.float32 if dtype.char == "e" else dtype.type(0).real.dtype.type
    wide = sizes.dtype.type
    roundings = terms + len(request.views) + (2 if dtype.kind == "c" else 0)
    unit = float(np.finfo(accumulator).eps) / 2
    own = float(np.finfo(wide).eps)
    if is_exact(request, accumulator, sizes):
        return np.zeros_like(sizes)
    gamma = roundings * unit / (1 - roundings * unit) + roundings * own
    tiny = np.longdouble(np.finfo(accumulator).smallest_subnormal)
    return gamma * sizes.astype(np.longdouble) * (2 if dtype.kind == "c" else 1) + roundings * tiny


def is_exact(request: Request, accumulator: type, sizes: np.ndarray) -> bool:
    """Small integers, of which no sum can leave the significand."""
    if not request.is_integral:
        return False
    return bool(np.all(sizes < 2.0 ** (np.finfo(accumulator).nmant)))


def is_distributed(request: Request, terms: int) -> bool:
    """Whether sums may be formed before the last product: then an infinity can take another way,
    as in (1 - 2) * inf against inf - inf. So nan may stand where an infinity could, and back."""
    return len(request.views) > 1 and (len(request.views) > 2 or _has_private_sum(request))


def _has_private_sum(request: Request) -> bool:
    terms, output = parse(request).expanded
    moving = [
        label
        for term, view in zip(terms, request.views)
        for label in {
            label
            for label, extent, stride in zip(term, view.shape, view.strides)
            if extent > 1 and stride != 0
        }
    ]
    return any(moving.count(label) < 2 and label not in output for term in terms for label in term)


def _check_part(
    what: str,
    got: np.ndarray,
    right: np.ndarray,
    bound: np.ndarray,
    sizes: np.ndarray,
    targets: list[np.dtype],
    is_lenient: bool,
) -> None:
    expected = right.astype(np.longdouble)
    allowed = np.array(bound, np.longdouble)
    for dtype in targets:  # each store rounds once; what overflows there is infinite
        real = dtype.type(0).real.dtype
        limits = np.finfo(real)
        rounded = expected.astype(real)
        overflows = np.isinf(rounded) & np.isfinite(expected)
        expected = np.where(overflows, rounded.astype(np.longdouble), expected)
        if real.char == "e" or len(targets) > 1:
            unit = np.longdouble(limits.eps) / 2
            tiny = np.longdouble(limits.smallest_subnormal) / 2
            allowed = allowed * (1 + unit) + unit * abs(expected) + tiny
    finite = np.isfinite(expected)
    values = got.astype(np.longdouble)
    # Where the other part of a complex number is not finite, nothing bounds the rounding of this.
    bounded = np.isfinite(np.asarray(sizes))
    wrong = finite & bounded & ~(abs(values - expected) <= allowed)
    wrong |= finite & ~bounded & ~np.isfinite(values)
    if is_lenient:
        wrong |= ~finite & np.isfinite(values)
    else:
        wrong |= ~finite & ~((values == expected) | (np.isnan(values) & np.isnan(expected)))
    wrong |= (sizes == 0) & np.signbit(values)  # sums begin with +0.0
    if np.any(wrong):
        at = tuple(np.argwhere(wrong)[0])
        raise Mismatch(
            f"{what} at {at}: {got[at]!r}, expected {right[at]!r} within {allowed[at]!r}"
        )
