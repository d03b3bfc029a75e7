"""Times convolution layers against their peers: forward, weight gradient and input gradient.

    python benchmarks/bench_conv.py                          all layers of the list, float32
    python benchmarks/bench_conv.py --dtype f64 --case resnet
    python benchmarks/report.py build/bench_conv.json   table and plot in docs/benchmarks

The layers are those of tests/python/data/conv_cases.json. The contenders take turns in one process
on one thread. Views are made outside the timed calls of fasteinsum and of NumPy's einsum, padding
included, for that is how the expressions are used; `conv` pads inside, and im2col makes its columns
inside, as the CS231n course does it. PyTorch takes part if it is installed. A sample of fasteinsum
is compared with the peak of the processor over as long a time just after it; the share is the
median. Ctrl-C ends the measurements, and what was measured is printed and written.
"""

from __future__ import annotations

import argparse
import functools
import math
import tracemalloc
from dataclasses import dataclass

import fasteinsum
import figures
import numpy as np
from fasteinsum.conv import conv, conv_vjp
from figures import ratio, time_text
from machine import Yardstick, share_of_peak
from peers import add_options, environment, head, one_thread, refuse_hindrances, torch
from rich.console import Console
from suites import ROOT, Layer, new_parser, read_layers
from tables import new_console, new_table, ratio_text, until_interrupted
from turns import Call, Pace, Samples, describe, take_turns

DTYPES = {"f32": np.float32, "f64": np.float64}
PASSES = ("forward", "weights", "input")
SHORTEST = 2e-3  # seconds of a sample
PATIENCE = 2.0  # seconds that one contender may spend on one pass of one layer
MOST_BYTES = 3 << 30  # that a contender may allocate; im2col of large windows needs more
SLOW_GFLOP = 1.0  # above it NumPy's default einsum is left out: it takes seconds
POSITIONS, TAPS = "hwde", "klij"


class TimedLayer(Layer):
    """One convolution of the list, with random operands."""

    def prepare(self, dtype: type) -> None:
        rng = np.random.default_rng(0)
        self.settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        places = fasteinsum.output_shape(self.x_shape, self.w_shape[2:], **self.settings)
        self.y_shape = (self.x_shape[0], self.w_shape[0], *places)
        self.x, self.w, self.grad = (
            rng.standard_normal(shape).astype(dtype)
            for shape in (self.x_shape, self.w_shape, self.y_shape)
        )
        g = self.groups
        seen = fasteinsum.windows(self.x, self.w_shape[2:], **self.settings)
        self.seen = seen.reshape(len(seen), g, seen.shape[1] // g, *seen.shape[2:])
        self.kernel = self.w.reshape(g, self.w_shape[0] // g, *self.w_shape[1:])
        self.parts = self.grad.reshape(len(self.grad), g, self.w_shape[0] // g, *places)

    def window_bytes(self) -> int:
        return self.seen.itemsize * self.seen.size

    def expression(self, name: str) -> tuple[str, list[np.ndarray]]:
        """The einsum of a pass; that of the input has the windows of the result."""
        places, taps = POSITIONS[: self.rank], TAPS[: self.rank]
        seen, kernel, out = f"ngc{places}{taps}", f"gfc{taps}", f"ngf{places}"
        return {
            "forward": (f"{seen},{kernel}->{out}", [self.seen, self.kernel]),
            "weights": (f"{seen},{out}->{kernel}", [self.seen, self.parts]),
            "input": (f"{out},{kernel}->{seen}", [self.parts, self.kernel]),
        }[name]


# ---- the contenders: for a layer and a pass a call without arguments, or None ----


def by_fasteinsum(layer: TimedLayer, name: str) -> Call:
    if name == "input":
        return lambda: conv_vjp(
            layer.grad, layer.x, layer.w, groups=layer.groups, argnums=0, **layer.settings
        )
    return einsum_of(layer, name)


def einsum_of(layer: TimedLayer, name: str) -> functools.partial:
    subscripts, operands = layer.expression(name)
    return functools.partial(fasteinsum.einsum, subscripts, *operands)


def by_conv(layer: TimedLayer, name: str) -> Call | None:
    """The whole layer, padding included."""
    settings = layer.settings | {"groups": layer.groups}
    if name == "forward":
        return lambda: conv(layer.x, layer.w, **settings)
    if name == "weights":
        return lambda: conv_vjp(layer.grad, layer.x, layer.w, argnums=1, **settings)
    return None  # by_fasteinsum is the same


def by_numpy(layer: TimedLayer, name: str, optimize: bool) -> Call | None:
    too_slow = not optimize and layer.gflop() > SLOW_GFLOP
    if too_slow or 3 * layer.window_bytes() > MOST_BYTES:
        return None
    subscripts, operands = layer.expression(name)
    if name != "input":
        return lambda: np.einsum(subscripts, *operands, optimize=optimize)

    def fold() -> object:
        taps = np.einsum(subscripts, *operands, optimize=optimize)
        taps = taps.reshape(layer.x.shape[:2] + taps.shape[3:])
        return fasteinsum.fold(taps, layer.x.shape, **layer.settings)

    return fold


def by_im2col(layer: TimedLayer, name: str) -> Call | None:
    """Columns and BLAS, one group after the other."""
    if 3 * layer.window_bytes() > MOST_BYTES or layer.groups > 64:
        return None
    rank, places = layer.rank, layer.y_shape[2:]
    order = (2, *range(3 + rank, 3 + 2 * rank), 0, *range(3, 3 + rank))  # c taps n places

    def columns(g: int) -> np.ndarray:
        windows = layer.seen[:, g : g + 1].transpose(1, *order)
        return windows.reshape(math.prod(layer.w_shape[1:]), -1)

    def rows(g: int) -> np.ndarray:
        return layer.parts[:, g].swapaxes(0, 1).reshape(layer.w_shape[0] // layer.groups, -1)

    def forward() -> object:
        out = [layer.kernel[g].reshape(len(layer.kernel[g]), -1) @ columns(g) for g in groups]
        return np.concatenate(out).reshape(-1, layer.x_shape[0], *places).swapaxes(0, 1)

    def weights() -> object:
        return np.stack([rows(g) @ columns(g).T for g in groups]).reshape(layer.w_shape)

    def inputs() -> object:
        taps = [layer.kernel[g].reshape(len(layer.kernel[g]), -1).T @ rows(g) for g in groups]
        shape = (layer.x_shape[1], *layer.w_shape[2:], layer.x_shape[0], *places)
        taps = np.stack(taps).reshape(shape)
        axes = (1 + rank, 0, *range(2 + rank, 2 + 2 * rank), *range(1, 1 + rank))
        return fasteinsum.fold(taps.transpose(axes), layer.x.shape, **layer.settings)

    groups = range(layer.groups)
    return {"forward": forward, "weights": weights, "input": inputs}[name]


def by_torch(layer: TimedLayer, name: str) -> Call | None:
    """torch.nn.functional.conv1d to conv3d and their gradients."""
    symmetric = all(before == after for before, after in layer.padding)
    if torch is None or layer.rank > 3 or not symmetric:
        return None
    x, w, grad = (torch.from_numpy(array) for array in (layer.x, layer.w, layer.grad))
    padding = [before for before, _ in layer.padding]
    settings = (layer.stride, padding, layer.dilation, layer.groups)
    function = getattr(torch.nn.functional, f"conv{layer.rank}d")
    if name == "forward":
        return lambda: function(x, w, None, *settings)
    zeros = [0] * layer.rank
    mask = [name == "input", name == "weights", False]
    return lambda: torch.ops.aten.convolution_backward(
        grad, x, w, None, layer.stride, padding, layer.dilation, False, zeros, layer.groups, mask
    )


CONTENDERS = {
    "fasteinsum": by_fasteinsum,
    "conv": by_conv,
    "torch": by_torch,
    "im2col": by_im2col,
    "numpy_optimized": lambda layer, name: by_numpy(layer, name, True),
    "numpy": lambda layer, name: by_numpy(layer, name, False),
}


# ---- measuring ----


@dataclass
class Measurement:
    layer: TimedLayer
    pass_name: str
    dtype: str
    strategies: str
    extra_bytes: int  # peak of what fasteinsum allocates besides the result
    samples: Samples
    peaks: list[float]  # of the processor, after each sample of fasteinsum

    def row(self) -> dict:
        flops, seconds = self.layer.gflop() * 1e9, self.samples.medians()
        return {
            "name": self.layer.name,
            "dtype": self.dtype,
            "group": self.pass_name,
            "gflop": flops / 1e9,
            "window_bytes": self.layer.window_bytes(),
            "extra_bytes": self.extra_bytes,
            "strategies": self.strategies,
            "share": share_of_peak(flops, self.samples["fasteinsum"], self.peaks),
            "seconds": seconds,
        }


def extra_bytes(function: Call) -> int:
    """NumPy's arrays and the core's blocks are both seen by tracemalloc only where they are arrays;
    the core's own scratch is bounded by its plan."""
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1] - np.asarray(result).nbytes
    finally:
        tracemalloc.stop()


def strategies_of(layer: TimedLayer, name: str) -> str:
    """Of the einsum; the input's gradient is a sum of several, which have no single plan."""
    return "conv_vjp" if name == "input" else describe(einsum_of(layer, name))


def measure(
    layer: TimedLayer, name: str, dtype: str, repeats: int, yardstick: Yardstick
) -> Measurement:
    calls = {who: make(layer, name) for who, make in CONTENDERS.items()}
    calls = {who: call for who, call in calls.items() if call}
    extra, strategies = extra_bytes(calls["fasteinsum"]), strategies_of(layer, name)
    yardstick.measure(1)
    peaks, measure_peak = yardstick.watch(dtype)
    samples = take_turns(calls, Pace(repeats, SHORTEST, PATIENCE), after=measure_peak)
    return Measurement(layer, name, dtype, strategies, extra, samples, peaks)


# ---- the program ----


def print_rows(console: Console, rows: list[dict]) -> None:
    others = list(CONTENDERS)[1:]
    table = new_table(
        ["layer", "pass"], ["GFLOP", "time", "of peak", "extra", *others], ["strategy"]
    )
    for row in rows:
        table.add_row(
            row["name"],
            row["group"],
            f"{row['gflop']:.3g}",
            time_text(row["seconds"]["fasteinsum"]),
            f"{row['share']:.0%}",
            f"{row['extra_bytes'] / 2**20:.1f} M",
            *(ratio_text(ratio(row, name)) for name in others),
            row["strategies"],
        )
    console.print(table)


def parse_options() -> argparse.Namespace:
    parser = new_parser("times convolution layers against their peers", has_suites=False)
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--passes", default=",".join(PASSES), help="which ones, with commas")
    add_options(parser, repeats=5, file=ROOT / "build" / "bench_conv.json")
    return parser.parse_args()


def measure_layers(
    options: argparse.Namespace, console: Console, yardstick: Yardstick
) -> list[Measurement]:
    measurements = []
    layers = [layer for layer in read_layers(TimedLayer) if options.case in layer.name]
    with until_interrupted(console):
        for number, layer in enumerate(layers, 1):
            layer.prepare(DTYPES[options.dtype])
            for name in options.passes.split(","):
                with console.status(f"{number} of {len(layers)}: {layer.name} {name}"):
                    measurements.append(
                        measure(layer, name, options.dtype, options.repeat, yardstick)
                    )
    return measurements


def main() -> None:
    options = parse_options()
    refuse_hindrances(options)
    console, yardstick = new_console(170), Yardstick()
    with one_thread():
        limits = yardstick.measure(10)
        console.print(head(limits))
        measurements = measure_layers(options, console, yardstick)
        rows = [measurement.row() for measurement in measurements]
        print_rows(console, rows)
        figures.write(options.json, rows, environment=environment(limits))
    console.print(f"all figures: {options.json}")


if __name__ == "__main__":
    main()
