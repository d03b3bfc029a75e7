"""The list of convolution layers, data/conv_cases.json, for tests and benchmarks."""

import json
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path


@dataclass
class Layer:
    """One convolution: correlation, channels first, zeros in the padding."""

    name: str
    x_shape: list[int]
    w_shape: list[int]
    stride: list[int]
    padding: list[list[int]]
    dilation: list[int]
    groups: int
    source: str

    @property
    def rank(self):
        return len(self.stride)

    def geometry(self):
        return {"stride": self.stride, "dilation": self.dilation, "padding": self.padding}

    def positions(self):
        lengths = zip(self.x_shape[2:], self.padding, self.w_shape[2:], self.dilation, self.stride)
        return tuple((h + a + b - (d * (k - 1) + 1)) // s + 1 for h, (a, b), k, d, s in lengths)

    def gflop(self):
        return 2e-9 * self.x_shape[0] * prod(self.positions()) * prod(self.w_shape)

    def taps(self):
        """Each index of the kernel, and the slices of the padded input that it meets."""
        for tap in product(*map(range, self.w_shape[2:])):
            steps = zip(tap, self.dilation, self.stride, self.positions())
            yield (
                tap,
                tuple(slice(k * d, k * d + s * (o - 1) + 1, s) for k, d, s, o in steps),
            )


def read_layers(make=Layer):
    """All layers; make: the class of them, with the fields of Layer."""
    text = (Path(__file__).parent / "data" / "conv_cases.json").read_text()
    return [make(**case) for case in json.loads(text)]
