"""tensordot and transpose with NumPy's signatures: what opt_einsum asks of a backend."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from fasteinsum._fasteinsum import einsum

if TYPE_CHECKING:  # numpy.typing takes long to import
    from collections.abc import Sequence
    from typing import SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    _Axes: TypeAlias = SupportsIndex | Sequence[SupportsIndex]

LABELS = 52  # that the lists of einsum have


def _is_foreign(array: Any) -> bool:
    """Whether NumPy would hand the call to the array's own library."""
    protocol = getattr(type(array), "__array_function__", None)
    return protocol not in (None, np.ndarray.__array_function__)


def _axes_of(axes: Any) -> list[Any]:
    """One axis or several."""
    try:
        return list(axes)
    except TypeError:
        return [axes]


def _pairs_of_axes(axes: Any) -> tuple[list[Any], list[Any]]:
    """The axes of a and of b: a number stands for the last ones of a and the first ones of b."""
    try:
        left, right = iter(axes)
    except TypeError:
        return list(range(-axes, 0)), list(range(axes))
    return _axes_of(left), _axes_of(right)


def _check_pairs(a: NDArray[Any], left: list[Any], b: NDArray[Any], right: list[Any]) -> None:
    if len(left) != len(right):
        raise ValueError(
            f"shape-mismatch for sum: {len(left)} axes of a, but {len(right)} axes of b"
        )
    for i, k in zip(left, right):
        if a.shape[i] != b.shape[k]:
            raise ValueError(
                f"shape-mismatch for sum: axis {i} of a has extent {a.shape[i]}, "
                f"axis {k} of b has extent {b.shape[k]}"
            )


def _count_from_start(axes: list[Any], axis_count: int) -> list[int]:
    counted = [axis + axis_count if axis < 0 else axis for axis in axes]
    if len({*counted}) != len(counted):
        raise ValueError("duplicate axes are not allowed in tensordot")
    return counted


def _merge(array: NDArray[Any], axes: list[int]) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Two axes, of which the second holds the given ones; and the shape that the first held."""
    others = [axis for axis in range(array.ndim) if axis not in axes]
    kept = tuple(array.shape[axis] for axis in others)
    summed = prod(array.shape[axis] for axis in axes)
    return array.transpose(others + axes).reshape(prod(kept), summed), kept


def _contract(a: NDArray[Any], left: list[int], b: NDArray[Any], right: list[int]) -> NDArray[Any]:
    """The axes are not negative. Without axes einsum would take the value, not the dtype, of an
    operand for promotion before NumPy 2."""
    if a.ndim + b.ndim - len(left) > LABELS or a.ndim == 0 or b.ndim == 0:
        a, rows = _merge(a, left)
        b, cols = _merge(b, right)
        return np.asarray(einsum(a, [0, 2], b, [1, 2], [0, 1], order="C")).reshape(rows + cols)
    partners = dict(zip(right, left))
    unused = iter(range(a.ndim, LABELS))
    a_labels = list(range(a.ndim))
    b_labels = [partners[axis] if axis in partners else next(unused) for axis in range(b.ndim)]
    output = [label for axis, label in enumerate(a_labels) if axis not in left]
    output += [label for axis, label in enumerate(b_labels) if axis not in right]
    return np.asarray(einsum(a, a_labels, b, b_labels, output, order="C"))


def tensordot(a: ArrayLike, b: ArrayLike, axes: int | tuple[_Axes, _Axes] = 2) -> NDArray[Any]:
    """
    Sum products of elements of two arrays over pairs of axes.

    A drop-in for :func:`numpy.tensordot`, computed by `einsum`.

    Parameters
    ----------
    a, b : array_like
        The operands.
    axes : int or (2,) array_like
        How many of the last axes of `a` and the first axes of `b` are summed, or
        the axes of `a` (one or several) and those of `b`, pair by pair.

    Returns
    -------
    ndarray
        With the axes of `a` that are not summed, then those of `b`. The sum over
        all axes has none, but is an array all the same.

    Raises
    ------
    ValueError
        If the extents of a pair differ, the axes are not as many, or one is given
        twice.
    IndexError
        If there is no such axis.

    See Also
    --------
    einsum : which adds repeated and broadcast labels, and views.

    Notes
    -----
    Arrays of objects, whose sums need not start from a number, and arrays with
    an ``__array_function__`` of their own are handed to NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum import tensordot
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> tensordot(a, a, axes=([1], [1]))
    array([[ 5., 14.],
           [14., 50.]])
    >>> tensordot(a, a)
    array(55.)
    """
    if _is_foreign(a) or _is_foreign(b):
        return np.tensordot(a, b, axes)  # type: ignore[arg-type]
    left, right = _pairs_of_axes(axes)
    a, b = np.asarray(a), np.asarray(b)
    _check_pairs(a, left, b, right)
    left, right = _count_from_start(left, a.ndim), _count_from_start(right, b.ndim)
    if a.dtype == object or b.dtype == object:
        return np.tensordot(a, b, (left, right))
    return _contract(a, left, b, right)


def transpose(a: ArrayLike, axes: _Axes | None = None) -> NDArray[Any]:
    """
    Permute the axes of an array.

    The same as :func:`numpy.transpose`.

    Parameters
    ----------
    a : array_like
        The array.
    axes : tuple or list of ints, optional
        Which axis of `a` becomes the first, the second, ... of the result; by
        default they are reversed.

    Returns
    -------
    ndarray
        A view of `a`.

    Raises
    ------
    ValueError
        If `axes` is no permutation.

    See Also
    --------
    einsum : which transposes too, and gives the axes names.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum import transpose
    >>> transpose(np.ones((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    return np.transpose(a, axes)
