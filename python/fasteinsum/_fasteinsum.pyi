from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, SupportsIndex, TypeAlias, TypeVar, overload

from numpy.typing import ArrayLike, DTypeLike, NDArray

_Out = TypeVar("_Out", bound=NDArray[Any])
_Order: TypeAlias = Literal["K", "A", "C", "F", "k", "a", "c", "f"]
_Casting: TypeAlias = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
# The last one is a path optimizer: labels of inputs and output, sizes, memory limit.
_Optimize: TypeAlias = bool | str | Sequence[Any] | Callable[..., Sequence[Any]] | None

_Ints: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
_Pair: TypeAlias = tuple[SupportsIndex, SupportsIndex]
_Padding: TypeAlias = (
    Literal["valid", "same", "same_lower", "full", "causal"]
    | SupportsIndex
    | Sequence[SupportsIndex]
    | Sequence[_Pair]
)
_Mode: TypeAlias = Literal["constant", "edge", "reflect", "symmetric", "wrap"]
_Remainder: TypeAlias = Literal["drop", "pad", "raise"]

__version__: str
source_hash: str

# The operands alternate with lists of labels in the list form, so that they can be anything.
@overload
def einsum(
    subscripts: str | bytes | ArrayLike,
    /,
    *operands: Any,
    out: None = None,
    optimize: _Optimize = False,
    dtype: DTypeLike | None = None,
    order: _Order | None = "K",
    casting: _Casting = "safe",
) -> Any: ...
@overload
def einsum(
    subscripts: str | bytes | ArrayLike,
    /,
    *operands: Any,
    out: _Out,
    optimize: _Optimize = False,
    dtype: DTypeLike | None = None,
    order: _Order | None = "K",
    casting: _Casting = "safe",
) -> _Out: ...

class expression:
    @property
    def subscripts(self) -> str: ...
    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]: ...
    @property
    def constants(self) -> tuple[int, ...]: ...
    def __new__(
        cls,
        subscripts: str | bytes,
        /,
        *operands: tuple[SupportsIndex, ...] | ArrayLike,
        constants: Iterable[SupportsIndex] | None = (),
        dtype: DTypeLike | None = None,
        order: _Order | None = "K",
        casting: _Casting = "safe",
        optimize: _Optimize = False,
    ) -> expression: ...
    @overload
    def __call__(self, *arrays: ArrayLike, out: None = None) -> Any: ...
    @overload
    def __call__(self, *arrays: ArrayLike, out: _Out) -> _Out: ...
    def describe(self, *arrays: ArrayLike, out: NDArray[Any] | None = None) -> str: ...
    def __copy__(self) -> expression: ...
    def __deepcopy__(self, memo: dict[int, Any], /) -> expression: ...

def einsum_path(
    subscripts: str | bytes | ArrayLike,
    /,
    *operands: Any,
    optimize: _Optimize = "greedy",
    einsum_call: Literal[False] = False,
) -> tuple[list[Any], str]: ...
def cache_info() -> dict[str, int]: ...
def cache_clear() -> None: ...
def sliding_window_view(
    x: ArrayLike,
    window_shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    subok: bool = False,
    writeable: bool = False,
) -> NDArray[Any]: ...
def windows(
    x: ArrayLike,
    window_shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    padding: _Padding = 0,
    mode: _Mode = "constant",
    constant_values: object = 0,
    remainder: _Remainder = "drop",
) -> NDArray[Any]: ...
def output_shape(
    shape: _Ints,
    window_shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    padding: _Padding = 0,
    remainder: _Remainder = "drop",
) -> tuple[int, ...]: ...
@overload
def fold(
    windows: ArrayLike,
    shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    padding: _Padding = 0,
    mode: _Mode = "constant",
    remainder: _Remainder = "drop",
    average: bool = False,
    out: None = None,
    accumulate: bool = False,
) -> NDArray[Any]: ...
@overload
def fold(
    windows: ArrayLike,
    shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    padding: _Padding = 0,
    mode: _Mode = "constant",
    remainder: _Remainder = "drop",
    average: bool = False,
    out: _Out,
    accumulate: bool = False,
) -> _Out: ...
def as_strided(
    x: ArrayLike,
    shape: _Ints | None = None,
    strides: _Ints | None = None,
    subok: bool = False,
    writeable: bool = False,
    *,
    offset: SupportsIndex = 0,
    item_strides: _Ints | None = None,
    check_bounds: bool = True,
    bounds: Literal["array", "base"] = "array",
    allow_overlap: bool = False,
) -> NDArray[Any]: ...

# Private: for show_config, einsum_vjp and the tests.
def _config() -> dict[str, Any]: ...
def _describe(
    *operands: Any,
    out: NDArray[Any] | None = None,
    optimize: _Optimize = False,
    dtype: DTypeLike | None = None,
    order: _Order | None = "K",
    casting: _Casting = "safe",
) -> str: ...
def _spell(*operands: Any) -> tuple[list[tuple[NDArray[Any], str]], str]: ...
def _window_axes(
    shape: _Ints,
    window_shape: _Ints,
    axis: _Ints | None = None,
    *,
    stride: _Ints = 1,
    dilation: _Ints = 1,
    padding: _Padding = 0,
    remainder: _Remainder = "drop",
) -> list[tuple[int, int, int, int, int, int, int]]: ...
def _check_threads(count: SupportsIndex, /) -> int: ...
def _set_threads(count: SupportsIndex, /) -> None: ...
def _set_own_threads(count: SupportsIndex, /) -> int: ...
def _threads() -> int: ...
def _set_recycling(bytes: SupportsIndex, /) -> None: ...
def _recycling() -> dict[str, int]: ...
def _use_isa(name: str, /) -> str: ...
def _use_strategy(name: str | None, /) -> str | None: ...
def _fail_allocation(n: int, for_good: bool, /) -> None: ...
def _allocated_blocks() -> int: ...
