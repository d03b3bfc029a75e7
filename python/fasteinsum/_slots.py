"""The places in NumPy that patch_numpy fills, what stands there, and whether this NumPy has them.

The names are numpy.einsum and numpy.einsum_path, which a new call looks up. The globals are those
that NumPy's own einsum calls to do the work, so that filling them reaches also a numpy.einsum that
somebody imported earlier. What fills a slot stays harmless for good: it asks whether a patch
holds for its caller, and otherwise calls NumPy's original.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Sequence
from types import MethodType, ModuleType
from typing import Any, TypeAlias

import numpy as np

from fasteinsum import _fasteinsum
from fasteinsum._products import _is_foreign

EINSUM_SIGNATURE = "(*operands, out=None, optimize=False, **kwargs)"
PATH_SIGNATURE = "(*operands, optimize='greedy', einsum_call=False)"
PAIR_SIGNATURE = "(eq, a, b, out=None, **kwargs)"

# Whether a patch is in force for the caller.
Holds: TypeAlias = Callable[[], bool]

# Types without a protocol of their own, so that most calls need no further look.
PLAIN_TYPES = {np.ndarray, str, list, tuple, int, float, complex, type(None)}


class Slot:
    """An attribute of one of NumPy's modules, and what may stand there."""

    def __init__(
        self,
        module: ModuleType,
        name: str,
        original: Callable[..., Any],
        replacement: Callable[..., Any],
    ) -> None:
        self.module = module
        self.name = name
        self.original = original
        self.replacement = replacement

    def check(self) -> None:
        value = getattr(self.module, self.name, None)
        if value is not self.original and value is not self.replacement:
            raise RuntimeError(
                f"patch_numpy: {self.module.__name__}.{self.name} has been replaced by something "
                f"else, {value!r}; nothing has been patched"
            )

    def fill(self) -> None:
        setattr(self.module, self.name, self.replacement)

    def restore(self) -> None:
        """What somebody else has put there in the meantime is theirs to remove."""
        if getattr(self.module, self.name, None) is self.replacement:
            setattr(self.module, self.name, self.original)


# ---- what fills the slots ----


class StandIn:
    """In the place of a public function of NumPy, and equal to it.

    Libraries with an __array_function__ keep NumPy's functions as the keys of a dict. What they
    have put there before the patch, or under it, is found by either of the two.
    """

    def __init__(
        self,
        original: Callable[..., Any],
        ours: Callable[..., Any],
        holds: Holds,
    ) -> None:
        functools.update_wrapper(self, original)
        self._original = original
        self._ours = ours
        self._holds = holds
        # ndarray.__array_function__ calls it.
        self._implementation = original._implementation  # type: ignore[attr-defined]

    def __call__(self, *operands: Any, **keywords: Any) -> Any:
        function = self._ours if self._holds() else self._original
        return function(*operands, **keywords)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __eq__(self, other: object) -> bool:
        return other is self or other is self._original

    def __hash__(self) -> int:
        return hash(self._original)

    def __reduce__(self) -> str:
        return self.__name__  # type: ignore[attr-defined,no-any-return]

    def __repr__(self) -> str:
        return f"<function {self.__name__} of numpy, patched>"  # type: ignore[attr-defined]


def _path_for(original: Callable[..., Any]) -> Callable[..., Any]:
    def einsum_path(*operands: Any, einsum_call: Any = False, **keywords: Any) -> Any:
        # With einsum_call NumPy returns a private form, which nothing but itself can read.
        if einsum_call:
            return original(*operands, einsum_call=einsum_call, **keywords)
        return _fasteinsum.einsum_path(*operands, **keywords)

    return einsum_path


def _are_ours(operands: Sequence[Any]) -> bool:
    """Whether no other library wants to see the operands.

    Where this is asked the protocol has had its turn, and another call of numpy.einsum would never
    end: what is foreign goes to the original of the function that has been called.
    """
    return {*map(type, operands)} <= PLAIN_TYPES or not any(map(_is_foreign, operands))


def _replace_c_einsum(original: Callable[..., Any], holds: Holds) -> Callable[..., Any]:
    @functools.wraps(original)
    def c_einsum(*operands: Any, **keywords: Any) -> Any:
        out = keywords.get("out")
        # Errors of the C function: it has no optimize, and no out=None.
        is_legal = "optimize" not in keywords and (out is not None or "out" not in keywords)
        if is_legal and holds() and _are_ours((*operands, out)):
            return _fasteinsum.einsum(*operands, **keywords)
        return original(*operands, **keywords)

    return c_einsum


def _replace_bmm_einsum(original: Callable[..., Any], holds: Holds) -> Callable[..., Any]:
    @functools.wraps(original)
    def bmm_einsum(eq: str, a: Any, b: Any, out: Any = None, **keywords: Any) -> Any:
        if holds() and _are_ours((a, b, out)):
            # It is called under optimize only, on which depends what out may be.
            return _fasteinsum.einsum(eq, a, b, out=out, optimize=True, **keywords)
        return original(eq, a, b, out=out, **keywords)

    return bmm_einsum


# ---- which NumPy this is ----


def _require(fact: bool, text: str) -> None:
    if not fact:
        raise RuntimeError(
            f"patch_numpy does not recognise NumPy {np.__version__}: {text}; "
            "nothing has been patched"
        )


def _require_signature(function: Any, signature: str, name: str) -> None:
    _require(callable(function), f"there is no function {name}")
    try:
        found = str(inspect.signature(function))
    except (TypeError, ValueError):
        found = "unknown"
    _require(found == signature, f"the signature of {name} is {found}, not {signature}")


def _core_module(name: str) -> ModuleType:
    core = "numpy.core" if np.__version__.startswith("1.") else "numpy._core"
    try:
        return importlib.import_module(f"{core}.{name}")
    except ImportError as error:
        raise RuntimeError(
            f"patch_numpy does not recognise NumPy {np.__version__}: {error}"
        ) from error


def _recognise_public(name: str, signature: str) -> Callable[..., Any]:
    module = _core_module("einsumfunc")
    function: Any = getattr(np, name, None)
    is_own = function is getattr(module, name, None) and hasattr(function, "_implementation")
    _require(is_own, f"numpy.{name} is not the function of {module.__name__}, but {function!r}")
    _require_signature(function, signature, f"numpy.{name}")
    return function  # type: ignore[no-any-return]


def recognise_names(holds: Holds) -> list[Slot]:
    einsum = _recognise_public("einsum", EINSUM_SIGNATURE)
    einsum_path = _recognise_public("einsum_path", PATH_SIGNATURE)
    path_stand_in = StandIn(einsum_path, _path_for(einsum_path), holds)
    return [
        Slot(np, "einsum", einsum, StandIn(einsum, _fasteinsum.einsum, holds)),
        Slot(np, "einsum_path", einsum_path, path_stand_in),
    ]


def recognise_globals(holds: Holds) -> list[Slot]:
    """The globals, which have to be those that the code of numpy.einsum looks up."""
    module = _core_module("einsumfunc")
    where = module.__name__
    implementation: Any = getattr(getattr(module, "einsum", None), "_implementation", None)
    _require(inspect.isfunction(implementation), f"{where}.einsum is not written in Python")
    _require(implementation.__globals__ is vars(module), f"{where}.einsum is from elsewhere")
    called = implementation.__code__.co_names
    _require("c_einsum" in called, f"{where}.einsum does not call c_einsum")
    original: Any = getattr(module, "c_einsum", None)
    is_own = original is getattr(_core_module("multiarray"), "c_einsum", None)
    _require(inspect.isbuiltin(original) and is_own, f"{where}.c_einsum is not NumPy's C function")
    slots = [Slot(module, "c_einsum", original, _replace_c_einsum(original, holds))]
    if "bmm_einsum" in called:  # from 2.4 on
        pair: Any = getattr(module, "bmm_einsum", None)
        _require_signature(pair, PAIR_SIGNATURE, f"{where}.bmm_einsum")
        is_own = getattr(pair, "__globals__", None) is vars(module)
        _require(is_own, f"{where}.bmm_einsum is from elsewhere")
        slots.append(Slot(module, "bmm_einsum", pair, _replace_bmm_einsum(pair, holds)))
    return slots
