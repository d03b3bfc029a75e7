"""The sums behind fasteinsum.conv: windows times a kernel, and the same turned round.

All is one sum of products, `correlate`. The gradient of a convolution's input is one too: elements
of x whose indices have the same remainder after division by the stride (a phase) meet the same taps
of the kernel, at successive positions of grad. So each phase is a convolution of stride 1 of grad
with a part of the kernel, and neighbouring phases that meet equally many taps are done at once.
"""

from __future__ import annotations

from itertools import product
from math import gcd, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from fasteinsum._fasteinsum import einsum, fold, sliding_window_view, windows

if TYPE_CHECKING:  # numpy.typing takes long to import
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BLOCK_BYTES = 3 << 19  # of input with its padding that is copied at a time
MOST_BLOCK_BYTES = 3 << 20  # where most of a smaller block would be seen by the next one too
LETTERS = "abdehijklmopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # without n g c f
MOST_AXES = len(LETTERS) // 3  # positions, taps and phases


class Axis(NamedTuple):
    """The windows of one spatial axis."""

    length: int
    size: int
    stride: int
    dilation: int
    before: int  # padding; negative where the first elements are not looked at
    extent: int
    positions: int


# ---- the sum of products --------------------------------------------------------------------


class Sides(NamedTuple):
    """x (N, G, C, L..), w (G, F, C, phases.., K..) and the result (N, G, F, O.., phases..)."""

    x: NDArray[Any]
    w: NDArray[Any]
    out: NDArray[Any]


def _subscripts(rank: int, phase_count: int) -> str:
    positions, taps = LETTERS[:rank], LETTERS[rank : 2 * rank]
    phases = LETTERS[2 * rank : 2 * rank + phase_count]
    return f"ngc{positions}{taps},gfc{phases}{taps}->ngf{positions}{phases}"


def _reach(axis: Axis, first: int, count: int) -> tuple[slice, tuple[int, int]]:
    """What `count` windows see of an axis, and the padding before and after it."""
    start = first * axis.stride - axis.before
    stop = start + (count - 1) * axis.stride + axis.extent
    low, high = min(max(start, 0), axis.length), max(min(stop, axis.length), 0)
    if low >= high:
        return slice(0, 0), (stop - start, 0)
    return slice(low, high), (low - start, stop - high)


def _even(length: int, most: int) -> int:
    """Of the longest of as few and as equal parts as possible, none longer than most."""
    return -(-length // -(-length // most))


def _block_lengths(shape: tuple[int, ...], axes: Sequence[Axis], element_bytes: int) -> list[int]:
    """How many images, and positions along each axis, go together: as many as fit into a block."""
    lengths = [shape[0], *(axis.positions for axis in axes)]
    steps = [1, *(axis.stride for axis in axes)]
    margins = [0, *(axis.extent - axis.stride for axis in axes)]
    reaches = [n * step + margin for n, step, margin in zip(lengths, steps, margins)]
    fixed = element_bytes * prod(shape[1:3])
    for k in range(len(lengths)):
        line = max(fixed * prod(reaches[:k] + reaches[k + 1 :]), 1)
        fitting = (BLOCK_BYTES // line - margins[k]) // steps[k]
        if fitting * steps[k] < margins[k]:
            most = (MOST_BLOCK_BYTES // line - margins[k]) // steps[k]
            fitting = max(fitting, min(most, -(-margins[k] // steps[k])))
        if fitting >= lengths[k]:
            break
        lengths[k] = _even(lengths[k], max(fitting, 1))
        reaches[k] = lengths[k] * steps[k] + margins[k]
        if fitting >= 1:
            break
    return lengths


def _blocks(sides: Sides, axes: Sequence[Axis]) -> Iterator[tuple[Any, ...]]:
    """Index of the result, index of x, padding: of blocks small enough to be copied. Without any
    padding everything is one block, of which nothing is copied."""
    counts = [sides.x.shape[0], *(axis.positions for axis in axes)]
    if all(_reach(axis, 0, axis.positions)[1] == (0, 0) for axis in axes):
        lengths = counts
    else:
        lengths = _block_lengths(sides.x.shape, axes, sides.x.itemsize)
    for firsts in product(*map(range, [0] * len(counts), counts, lengths)):
        sizes = [min(length, n - i) for i, length, n in zip(firsts, lengths, counts)]
        reaches = [_reach(*parts) for parts in zip(axes, firsts[1:], sizes[1:])]
        images, *places = (slice(i, i + size) for i, size in zip(firsts, sizes))
        seen, padding = zip(*reaches)
        every = slice(None)
        yield (images, every, every, *places), (images, every, every, *seen), padding


def correlate(sides: Sides, axes: Sequence[Axis], bias: NDArray[Any] | None = None) -> None:
    """Fills sides.out."""
    rank = len(axes)
    x, w, out = sides
    if out.size == 0:
        return
    subscripts = _subscripts(rank, out.ndim - 3 - rank)
    taps = w.shape[w.ndim - rank :]
    geometry: dict[str, Any] = {
        "stride": [axis.stride for axis in axes],
        "dilation": [axis.dilation for axis in axes],
    }
    for here, there, padding in _blocks(sides, axes):
        seen = windows(x[there], taps, padding=padding, **geometry)
        block = out[here]
        einsum(subscripts, seen, w, out=block)
        del seen  # a padded copy, which ends before the next one is made
        if bias is not None:
            block += bias


# ---- the sum, turned round: fold without the windows -----------------------------------------


class Phases(NamedTuple):
    """Neighbouring elements of an axis of x that see equally many taps of the kernel, and every
    `stride`-th such group: x[first + p + stride * q] for p < count."""

    first: int
    count: int
    tap: int  # the first that meets p = 0; that of p is p further on
    tap_step: int  # from one tap to the next that meets the same elements
    axis: Axis  # the windows of grad, which are of stride 1


def _phase(axis: Axis, first: int) -> Phases | None:
    """One phase; None if no tap meets it. Tap k meets element i where i + before - k * dilation is
    a multiple of the stride, so that these taps are stride / gcd(stride, dilation) apart."""
    shared = gcd(axis.stride, axis.dilation)
    step, dilation = axis.stride // shared, axis.dilation // shared
    index = first + axis.before
    firsts = range(min(step, axis.size))
    tap = next((k for k in firsts if (index - k * axis.dilation) % axis.stride == 0), None)
    if tap is None:
        return None
    count = len(range(tap, axis.size, step))
    last = tap + (count - 1) * step
    before = (last * axis.dilation - index) // axis.stride  # the last tap meets grad first
    positions = len(range(first, axis.length, axis.stride))
    extent = dilation * (count - 1) + 1
    seen = Axis(axis.positions, count, 1, dilation, before, extent, positions)
    return Phases(first, 1, tap, step, seen)


def _joined(run: Phases | None, phase: Phases | None) -> Phases | None:
    """The two as one, if they follow each other in x and in the kernel."""
    if run is None or phase is None or run.axis != phase.axis:
        return None
    if phase.first != run.first + run.count or phase.tap != run.tap + run.count:
        return None
    return run._replace(count=run.count + 1)


def _phases(axis: Axis) -> list[Phases | None]:
    runs: list[Phases | None] = []
    for first in range(min(axis.stride, axis.length)):
        phase = _phase(axis, first)
        joined = _joined(runs[-1], phase) if runs else None
        if joined:
            runs[-1] = joined
        else:
            runs.append(phase)
    return runs


def _phase_views(sides: Sides, phases: Sequence[Phases], strides: Sequence[int]) -> Sides:
    """The part of the kernel, turned round, and the part of x that belong together, each with an
    axis of phases for every spatial axis."""
    every = range(3, 3 + len(phases))
    counts = [run.count for run in phases]
    starts = (..., *(slice(run.first, None) for run in phases))
    out = sliding_window_view(sides.out[starts], counts, every, stride=strides, writeable=True)
    taps = (..., *(slice(run.tap, None) for run in phases))
    steps = [run.tap_step for run in phases]
    kernel = sliding_window_view(
        sides.w[taps], [run.axis.size for run in phases], every, dilation=steps
    )
    flipped = [slice(None, None, -1)] * len(phases)
    return Sides(sides.x, kernel[(..., *(slice(n) for n in counts), *flipped)], out)


# ---- the same by fold: windows after all, but few of them at a time ---------------------------


SMALL_PRODUCT = 128  # channels times filters of a group
SHORT_ROW = 16  # positions
FEW_CHANNELS, ENOUGH_CHANNELS, SOME_FILTERS, MANY_FILTERS = 4, 64, 32, 256
MOST_WASTE = 1.5  # products of phases for each that is not with padding


def _prefers_fold(sides: Sides, axes: Sequence[Axis]) -> bool:
    """The products that fold adds up are rows of a large product, whatever the channels, and each
    is made once; it pays where that sum is short beside the one over the filters, where phases
    have few channels, and where they see little but padding. Phases of few channels and filters
    whose rows are short, or are scattered by a stride, cost more as well. Windows that do not
    overlap are one phase each, and need no sum. Halves are rounded once, in phases; fold adds no
    bools."""
    out, channels, filters = sides.out, sides.out.shape[2], sides.x.shape[2]
    if not axes or out.dtype.kind not in "iufc" or not out.dtype.isnative or out.dtype.char == "e":
        return False
    is_scattered = any(axis.stride > 1 for axis in axes)
    is_short = axes[-1].positions < SHORT_ROW
    if channels * filters <= SMALL_PRODUCT:
        return (is_scattered or is_short) and _fold_bytes(out, axes) * channels <= BLOCK_BYTES
    if all(axis.extent <= axis.stride for axis in axes):
        return False
    waste = prod(axis.length / (axis.positions * axis.stride) for axis in axes)
    has_few = channels <= FEW_CHANNELS and filters >= SOME_FILTERS
    return filters >= MANY_FILTERS or has_few or waste > MOST_WASTE


def _fold_bytes(out: NDArray[Any], axes: Sequence[Axis]) -> int:
    """Of the windows of one channel."""
    return out.itemsize * prod(axis.positions * axis.size for axis in axes)


def _fold_lengths(out: NDArray[Any], axes: Sequence[Axis]) -> list[int]:
    """How many images, groups, channels, and positions of the first axis go together: of images as
    many as leave room for enough channels, then of channels as many as fit into a block; if even
    few do not, some positions of those."""
    plane = _fold_bytes(out, axes)
    count, groups, channels = out.shape[:3]
    images = max(1, min(count, BLOCK_BYTES // (plane * min(channels, ENOUGH_CHANNELS))))
    some = min(channels, max(BLOCK_BYTES // (plane * images), FEW_CHANNELS))
    block = plane * images * some
    positions = min(axes[0].positions, max(1, BLOCK_BYTES * axes[0].positions // block))
    is_cut = some < channels or positions < axes[0].positions
    some_groups = 1 if is_cut else max(1, min(groups, BLOCK_BYTES // block))
    return [images, some_groups, _even(channels, some), _even(axes[0].positions, positions)]


def _scatter_by_fold(sides: Sides, axes: Sequence[Axis]) -> None:
    rank = len(axes)
    grad, w, out = sides
    places, taps = LETTERS[:rank], LETTERS[rank : 2 * rank]
    subscripts = f"ngf{places},gfc{taps}->ngc{taps}{places}"
    order = (0, 1, 2, *range(3 + rank, 3 + 2 * rank), *range(3, 3 + rank))
    geometry: dict[str, Any] = {
        "stride": [axis.stride for axis in axes],
        "dilation": [axis.dilation for axis in axes],
    }
    ends = [(a.positions - 1) * a.stride + a.extent - a.before - a.length for a in axes]
    others = [(axis.before, max(end, 0)) for axis, end in zip(axes[1:], ends[1:])]
    lengths = _fold_lengths(out, axes)
    is_whole = lengths[3] == axes[0].positions
    if not is_whole:
        out[...] = 0  # to which the sums of each block are added
    starts = product(*map(range, [0] * 4, [*out.shape[:3], axes[0].positions], lengths))
    for image, group, channel, first in starts:
        count = min(lengths[3], axes[0].positions - first)
        n, g, c = (slice(i, i + k) for i, k in zip((image, group, channel), lengths))
        part = einsum(
            subscripts,
            grad[n, g, :, first : first + count],
            w[g, :, c],
            dtype=out.dtype,
            order="C",
        ).transpose(order)
        if is_whole:
            block = out[n, g, c]
            padding = [(axes[0].before, max(ends[0], 0)), *others]
            fold(part, block.shape, out=block, padding=padding, **geometry)
        else:
            seen, outside = _reach(axes[0], first, count)
            block = out[n, g, c, seen]
            if block.size:
                block += fold(part, block.shape, padding=[outside, *others], **geometry)


def scatter(sides: Sides, axes: Sequence[Axis]) -> None:
    """Fills sides.out (N, G, C, L..) with fold(windows), where windows would be
    einsum("ngfo,gfck->ngcok", x, w); x is (N, G, F, O..), w (G, F, C, K..)."""
    if sides.out.size and sides.x.size and sides.w.size and _prefers_fold(sides, axes):
        _scatter_by_fold(sides, axes)
        return
    sides = sides._replace(w=sides.w.swapaxes(1, 2))
    runs = [_phases(axis) for axis in axes]
    if any(phases is None for along in runs for phases in along):
        sides.out[...] = 0  # elements that no window looks at
    strides = [axis.stride for axis in axes]
    for combination in product(*runs):
        if None not in combination:
            parts = _phase_views(sides, combination, strides)
            correlate(parts, [phases.axis for phases in combination])
