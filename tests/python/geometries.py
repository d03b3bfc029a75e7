"""Window geometries by the book: plain Python, one position at a time, and random cases of them."""

import itertools
import random
from dataclasses import dataclass
from typing import Any

import numpy as np

MODES = ["constant", "edge", "reflect", "symmetric", "wrap"]


@dataclass(frozen=True)
class Geometry:
    """The windows of one array. Padding is a (before, after) pair for each windowed axis."""

    shape: tuple[int, ...]
    window_shape: tuple[int, ...]
    axis: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    remainder: str = "drop"

    def keywords(self) -> dict[str, Any]:
        """What windows and fold share, apart from the mode."""
        return {
            "axis": self.axis,
            "stride": self.stride,
            "dilation": self.dilation,
            "padding": self.padding,
            "remainder": self.remainder,
        }

    def extents(self) -> tuple[int, ...]:
        return tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, self.window_shape))

    def padded_lengths(self) -> tuple[int, ...]:
        return tuple(self.shape[axis] + sum(pair) for axis, pair in zip(self.axis, self.padding))

    def positions(self) -> tuple[int, ...]:
        """By counting: a position is there if its window ends inside (or, to pad, begins to be
        needed for an element that no window before it has seen)."""
        counts = []
        for length, extent, stride in zip(self.padded_lengths(), self.extents(), self.stride):
            count = sum(1 for start in range(0, length + 1, stride) if start + extent <= length)
            if self.remainder == "pad" and (count - 1) * stride + extent < length:
                count += 1
            counts.append(count)
        return tuple(counts)

    def pad_width(self) -> list[tuple[int, int]]:
        """For numpy.pad, the padding for the remainder included."""
        width = [(0, 0)] * len(self.shape)
        for axis, (before, after), length, extent, stride, count in zip(
            self.axis,
            self.padding,
            self.padded_lengths(),
            self.extents(),
            self.stride,
            self.positions(),
        ):
            missing = (count - 1) * stride + extent - length if self.remainder == "pad" else 0
            width[axis] = (before, after + max(missing, 0))
        return width

    def position_shape(self) -> tuple[int, ...]:
        shape = list(self.shape)
        for axis, count in zip(self.axis, self.positions()):
            shape[axis] = count
        return tuple(shape)

    def windows_of_padded(self, padded: np.ndarray) -> np.ndarray:
        """Element by element."""
        result = np.empty(self.position_shape() + self.window_shape, padded.dtype)
        for position in np.ndindex(*self.position_shape()):
            for tap in np.ndindex(*self.window_shape):
                index = list(position)
                for axis, k, stride, dilation in zip(self.axis, tap, self.stride, self.dilation):
                    index[axis] = position[axis] * stride + k * dilation
                result[position + tap] = padded[tuple(index)]
        return result

    def windows(self, x: np.ndarray, mode: str, fill: Any = 0) -> np.ndarray:
        options = {"constant_values": fill} if mode == "constant" else {}
        return self.windows_of_padded(np.pad(x, self.pad_width(), mode=mode, **options))


def random_geometry(seed: int) -> Geometry:
    """Small, with at least one position along every axis."""
    choice = random.Random(seed)
    for _ in itertools.count():
        shape = tuple(choice.randint(1, 6) for _ in range(choice.randint(1, 4)))
        axis = tuple(choice.sample(range(len(shape)), choice.randint(1, min(len(shape), 3))))
        geometry = Geometry(
            shape,
            tuple(choice.randint(1, 3) for _ in axis),
            axis,
            tuple(choice.randint(1, 3) for _ in axis),
            tuple(choice.randint(1, 2) for _ in axis),
            tuple((choice.randint(0, 4), choice.randint(0, 4)) for _ in axis),
            choice.choice(["drop", "pad"]),
        )
        if all(map(int.__ge__, geometry.padded_lengths(), geometry.extents())):
            return geometry
    raise AssertionError
