"""Convolutions of any rank, their gradients and their transposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from fasteinsum._correlate import LETTERS, MOST_AXES, Axis, Sides, correlate, scatter
from fasteinsum._fasteinsum import _window_axes, einsum, windows

if TYPE_CHECKING:  # numpy.typing takes long to import
    from collections.abc import Sequence
    from typing import Literal, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    _Ints: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
    _Padding: TypeAlias = (
        Literal["valid", "same", "same_lower", "full", "causal"]
        | SupportsIndex
        | Sequence[SupportsIndex]
        | Sequence[tuple[SupportsIndex, SupportsIndex]]
    )

__all__ = ["conv", "conv_transpose", "conv_vjp"]


# ---- arguments ------------------------------------------------------------------------------


def _split(array: NDArray[Any], axis: int, groups: int) -> NDArray[Any]:
    """A view with the axis (.., C, ..) as (.., G, C / G, ..)."""
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])


def _flipped(array: NDArray[Any], rank: int, flip: bool) -> NDArray[Any]:
    return array[(..., *[slice(None, None, -1)] * rank)] if flip else array


def _check_ranks(name: str, x: NDArray[Any], w: NDArray[Any]) -> int:
    rank = x.ndim - 2
    if rank < 0 or w.ndim != x.ndim:
        raise ValueError(
            f"{name} takes x (N, C, L..) and w (F, C / groups, K..) with equally many spatial "
            f"axes, got shapes {x.shape} and {w.shape}"
        )
    if rank > MOST_AXES:
        raise ValueError(f"{name} takes at most {MOST_AXES} spatial axes, got {rank}")
    return rank


def _check_groups(groups: int, channels: int, kind: str) -> None:
    if groups < 1:
        raise ValueError(f"groups must be at least 1, got {groups}")
    if channels % groups:
        raise ValueError(f"groups {groups} does not divide {channels} {kind} channels")


def _check_layer(x: NDArray[Any], w: NDArray[Any], groups: int) -> None:
    _check_groups(groups, w.shape[0], "output")
    if w.shape[1] * groups != x.shape[1]:
        raise ValueError(
            f"w has {w.shape[1]} channels per group, "
            f"but x has {x.shape[1]} channels in {groups} groups"
        )


def _check_bias(bias: NDArray[Any] | None, channels: int) -> None:
    if bias is not None and bias.shape != (channels,):
        raise ValueError(f"bias has shape {bias.shape}, but there are {channels} output channels")


def _axes(x_shape: tuple[int, ...], w: NDArray[Any], geometry: dict[str, Any]) -> list[Axis]:
    return [Axis(*numbers) for numbers in _window_axes(x_shape, w.shape[2:], **geometry)]


def _result(
    shape: tuple[int, ...], inputs: Sequence[NDArray[Any] | None], out: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """What is returned, and what is computed into: another array where out shares memory with an
    input, or its dtype is that of one only in another byte order."""
    given = [array for array in inputs if array is not None]
    if out is None:
        made = np.empty(shape, np.result_type(*given))
        return made, made
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, but the result has shape {shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    dtype = np.result_type(*given)
    if not np.can_cast(dtype, out.dtype, "safe"):
        raise TypeError(f"out has dtype {out.dtype}, which cannot hold the result's {dtype}")
    if any(np.may_share_memory(out, array) for array in given):
        return out, np.empty(shape, out.dtype)
    return out, out


def _finish(out: NDArray[Any], computed: NDArray[Any]) -> NDArray[Any]:
    if out is not computed:
        out[...] = computed
    return out


def _column(bias: NDArray[Any] | None, groups: int, rank: int) -> NDArray[Any] | None:
    """(F) as (G, F / G, 1..)."""
    return None if bias is None else _split(bias, 0, groups).reshape(groups, -1, *[1] * rank)


def _as_array(array: ArrayLike | None) -> Any:
    return None if array is None else np.asarray(array)


# ---- what is public -------------------------------------------------------------------------


def conv(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
    groups: int = 1,
    flip: bool = False,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """
    Convolve an array with a kernel, along any number of axes.

    As networks mean it: correlation, channels first, zeros in the padding. For two
    spatial axes it is ::

        einsum("nchwkl,fckl->nfhw", windows(x, w.shape[2:], ...), w) + bias[:, None, None]

    and with groups, x as (N, G, C / G, ..) and w as (G, F / G, C / G, ..), ::

        einsum("ngchwkl,gfckl->ngfhw", ...)

    Parameters
    ----------
    x : array_like
        The input, (N, C, L..): images, channels, and the spatial axes.
    w : array_like
        The kernel, (F, C / groups, K..).
    bias : array_like, optional
        One number for each of the F output channels.
    stride, dilation : int or tuple of ints, optional
        As for `windows`: of the positions, and inside a window.
    padding : int, tuple or str, optional
        As for `windows`: one number, one or a pair (before, after) for each spatial
        axis, or 'valid', 'same', 'same_lower', 'full', 'causal'.
    groups : int, optional
        Into how many parts the channels are divided; each part of the output sees
        only its part of the input.
    flip : bool, optional
        Turn the kernel round: convolution as mathematics means it.
    out : ndarray, optional
        Where the result goes. It may overlap the inputs.

    Returns
    -------
    ndarray
        The result, (N, F, O..), with as many positions as `output_shape` says. Its
        dtype is the common one of x, w and bias; integers are exact.

    Raises
    ------
    ValueError
        If shapes, groups or the geometry do not fit, or `out` overlaps itself.
    TypeError
        If `out` cannot hold the dtype of the result.

    See Also
    --------
    conv_vjp : the gradients.
    conv_transpose : the gradient of x as a layer.
    windows : the view of x that einsum contracts.

    Notes
    -----
    Padding is made in blocks of 1.5 MiB, and neither x nor its windows are ever
    copied as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum.conv import conv
    >>> x = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    >>> conv(x, np.array([[[1.0, 0.0, -1.0]]]), padding="same")
    array([[[-2., -2., -2.,  3.]]])
    """
    x, w, bias = np.asarray(x), np.asarray(w), _as_array(bias)
    rank = _check_ranks("conv", x, w)
    _check_layer(x, w, groups)
    _check_bias(bias, w.shape[0])
    geometry = {"stride": stride, "dilation": dilation, "padding": padding}
    axes = _axes(x.shape, w, geometry)
    shape = (x.shape[0], w.shape[0], *(axis.positions for axis in axes))
    out, computed = _result(shape, (x, w, bias), out)
    kernel = _split(_flipped(w, rank, flip), 0, groups)
    sides = Sides(_split(x, 1, groups), kernel, _split(computed, 1, groups))
    correlate(sides, axes, _column(bias, groups, rank))
    return _finish(out, computed)


def conv_vjp(
    grad: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
    groups: int = 1,
    flip: bool = False,
    argnums: SupportsIndex | Sequence[SupportsIndex] = (0, 1, 2),
) -> Any:
    """
    Gradients of `conv` with respect to its input, kernel and bias.

    For y = conv(x, w, bias, ...) and a number L that depends on y, of which `grad`
    is the gradient dL/dy. For two spatial axes they are ::

        dx = fold(einsum("nfhw,fckl->nchwkl", grad, w), x.shape, ...)
        dw = einsum("nchwkl,nfhw->fckl", windows(x, w.shape[2:], ...), grad)
        db = einsum("nfhw->f", grad)

    but of the windows of dx, kernel-area times as large as x, only a block is ever formed at once.

    Parameters
    ----------
    grad : array_like
        The gradient with respect to the output, (N, F, O..).
    x, w : array_like
        The input and the kernel of `conv`.
    stride, dilation : int or tuple of ints, optional
        Those of `conv`.
    padding : int, tuple or str, optional
        That of `conv`.
    groups : int, optional
        Those of `conv`.
    flip : bool, optional
        That of `conv`.
    argnums : int or sequence of ints, optional
        Which gradients are wanted: 0 that of x, 1 of w, 2 of bias.

    Returns
    -------
    tuple of ndarray, or ndarray
        The gradients that `argnums` asks for; for an int the gradient itself. The
        dtype is the common one of `grad` and w for dx, of `grad` and x for dw, and
        that of `grad` for db.

    Raises
    ------
    ValueError
        If shapes, groups or the geometry do not fit, or there is no such argument.

    See Also
    --------
    conv : which also describes the parameters.
    einsum_vjp : the gradients of any expression.

    Notes
    -----
    Complex gradients are those of the transposed map: nothing is conjugated.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum.conv import conv_vjp
    >>> x, w = np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[1.0, 10.0]]])
    >>> dx, dw, db = conv_vjp(np.array([[[1.0, 0.0, 1.0]]]), x, w)
    >>> dx
    array([[[ 1., 10.,  1., 10.]]])
    >>> dw, db
    (array([[[4., 6.]]]), array([2.]))
    """
    x, w, grad = np.asarray(x), np.asarray(w), np.asarray(grad)
    rank = _check_ranks("conv_vjp", x, w)
    _check_layer(x, w, groups)
    geometry = {"stride": stride, "dilation": dilation, "padding": padding}
    axes = _axes(x.shape, w, geometry)
    shape = (x.shape[0], w.shape[0], *(axis.positions for axis in axes))
    if grad.shape != shape:
        raise ValueError(f"grad has shape {grad.shape}, but the output has shape {shape}")
    kernel = _split(_flipped(w, rank, flip), 0, groups)
    parts = _split(grad, 1, groups)

    def input_gradient() -> NDArray[Any]:
        dx = np.empty(x.shape, np.result_type(grad, w))
        scatter(Sides(parts, kernel, _split(dx, 1, groups)), axes)
        return dx

    def kernel_gradient() -> NDArray[Any]:
        dw = np.empty(w.shape, np.result_type(grad, x))
        seen = _split(windows(x, w.shape[2:], **geometry), 1, groups)
        places, taps = LETTERS[:rank], LETTERS[rank : 2 * rank]
        target = _split(_flipped(dw, rank, flip), 0, groups)
        einsum(f"ngc{places}{taps},ngf{places}->gfc{taps}", seen, parts, out=target)
        return dw

    def bias_gradient() -> NDArray[Any]:
        return np.asarray(einsum(f"nf{LETTERS[:rank]}->f", grad))

    gradients = input_gradient, kernel_gradient, bias_gradient
    numbers = [argnums] if np.ndim(argnums) == 0 else list(argnums)  # type: ignore[arg-type]
    for number in numbers:
        if number not in (0, 1, 2):
            raise ValueError(f"argnums {number} is out of range: 0 is x, 1 is w, 2 is bias")
    results = tuple(gradients[number]() for number in numbers)  # type: ignore[index]
    return results[0] if np.ndim(argnums) == 0 else results


def _per_axis(value: Any, name: str, rank: int) -> list[int]:
    numbers = [int(value)] * rank if np.ndim(value) == 0 else [int(number) for number in value]
    if len(numbers) != rank:
        raise ValueError(f"{name} has {len(numbers)} entries for {rank} spatial axes")
    return numbers


def _transposed_lengths(
    positions: tuple[int, ...], w: NDArray[Any], geometry: dict[str, Any], surplus: Any
) -> list[int]:
    """Of the result: arrays of which there are as many windows along each axis as x is long."""
    rank, sizes, padding = len(positions), w.shape[2:], geometry["padding"]
    strides = _per_axis(geometry["stride"], "stride", rank)
    extra = _per_axis(surplus, "output_padding", rank)
    for axis, (more, step) in enumerate(zip(extra, strides), 2):
        if not 0 <= more < max(step, 1):
            raise ValueError(
                f"output_padding of axis {axis} must be at least 0 and below the stride {step}, "
                f"got {more}"
            )
    if isinstance(padding, str) and padding.startswith("same"):
        if any(extra):
            raise ValueError(f"padding {padding!r} leaves no choice to output_padding")
        return [n * step for n, step in zip(positions, strides)]
    # An axis that one window just fits into tells the extent, and what the padding comes to.
    dilations = _per_axis(geometry["dilation"], "dilation", rank)
    reaches = [max((size - 1) * d + 1, 0) for size, d in zip(sizes, dilations)]
    alone = [Axis(*a) for a in _window_axes(reaches, sizes, **geometry | {"stride": 1})]
    lengths = [
        max((n - 1) * step, -1) + more + axis.extent - (axis.positions - 1)
        for n, step, more, axis in zip(positions, strides, extra, alone)
    ]
    for number, (length, axis) in enumerate(zip(lengths, alone), 2):
        if length < 0:
            raise ValueError(
                f"padding of {axis.positions - 1} and window extent {axis.extent} (size "
                f"{axis.size}, dilation {axis.dilation}) leave axis {number} a length of {length}"
            )
    return lengths


def conv_transpose(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: _Ints = 1,
    padding: _Padding = 0,
    dilation: _Ints = 1,
    groups: int = 1,
    flip: bool = False,
    output_padding: _Ints = 0,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """
    Transposed convolution: `conv` turned round, as a layer of its own.

    What `conv_vjp` computes as dx, for a `conv` whose output has the shape of x.
    For two spatial axes it is ::

        fold(einsum("nfhw,fckl->nchwkl", x, w), shape, ...) + bias[:, None, None]

    Parameters
    ----------
    x : array_like
        The input, (N, F, O..).
    w : array_like
        The kernel, (F, C / groups, K..).
    bias : array_like, optional
        One number for each of the C output channels.
    stride, dilation : int or tuple of ints, optional
        Those of the `conv` that is turned round.
    padding : int, tuple or str, optional
        That of the `conv` that is turned round: what it pads is cut off here.
        'same' makes the result `stride` times as long as x.
    groups : int, optional
        Into how many parts the channels are divided.
    flip : bool, optional
        Turn the kernel round.
    output_padding : int or tuple of ints, optional
        By how much the result is longer, along each axis: `conv` with a stride maps
        several lengths to one. Below the stride.
    out : ndarray, optional
        Where the result goes. It may overlap the inputs.

    Returns
    -------
    ndarray
        The result, (N, C, L..), where L is ``(O - 1) * stride - before - after +
        extent + output_padding``. Its dtype is the common one of x, w and bias.

    Raises
    ------
    ValueError
        If shapes, groups or the geometry do not fit, or `out` overlaps itself.
    TypeError
        If `out` cannot hold the dtype of the result.

    See Also
    --------
    conv : which this is the transpose of.
    fold : what adds the windows up.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum.conv import conv_transpose
    >>> conv_transpose(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 1.0, 3.0]]]), stride=2)
    array([[[1., 1., 5., 2., 6.]]])
    """
    x, w, bias = np.asarray(x), np.asarray(w), _as_array(bias)
    rank = _check_ranks("conv_transpose", x, w)
    _check_groups(groups, x.shape[1], "input")
    if w.shape[0] != x.shape[1]:
        raise ValueError(f"w is made for {w.shape[0]} input channels, but x has {x.shape[1]}")
    channels = groups * w.shape[1]
    _check_bias(bias, channels)
    geometry = {"stride": stride, "dilation": dilation, "padding": padding}
    lengths = _transposed_lengths(x.shape[2:], w, geometry, output_padding)
    shape = (x.shape[0], channels, *lengths)
    axes = _axes(shape, w, geometry)
    out, computed = _result(shape, (x, w, bias), out)
    target = _split(computed, 1, groups)
    kernel = _split(_flipped(w, rank, flip), 0, groups)
    scatter(Sides(_split(x, 1, groups), kernel, target), axes)
    if bias is not None:
        target += _column(bias, groups, rank)
    return _finish(out, computed)
