"""What this machine can do: the peak of one core and the bandwidth of memory, measured in place."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("peak.c")
ROUNDS = 100_000  # of the chains: a third of a millisecond, so that few samples are interrupted
MEMORY_BYTES = 64 << 20  # four times a usual share of the last cache


@dataclass
class Limits:
    """The best seen so far. flops: multiplications and additions a second; bytes a second."""

    flops_f32: float = 0.0
    flops_f64: float = 0.0
    read_bytes: float = 0.0
    copy_bytes: float = 0.0

    def flops(self, dtype: str) -> float | None:
        """For complex numbers the real operations count; None where there is no yardstick."""
        kinds = {"f32": self.flops_f32, "c64": self.flops_f32, "f16": self.flops_f32}
        return kinds.get(dtype) or {"f64": self.flops_f64, "c128": self.flops_f64}.get(dtype)

    def bandwidth(self, read_share: float) -> float:
        """Bytes a second of a mix of which this share is read and the rest written."""
        write_bytes = 1 / max(2 / self.copy_bytes - 1 / self.read_bytes, 1 / self.copy_bytes)
        return 1 / (read_share / self.read_bytes + (1 - read_share) / write_bytes)

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    def text(self) -> str:
        return (
            f"{self.flops_f32 / 1e9:.0f} GF/s in float32, {self.flops_f64 / 1e9:.0f} in float64, "
            f"reading {self.read_bytes / 1e9:.0f} GB/s, copying {self.copy_bytes / 1e9:.0f} GB/s"
        )


def compile_library(source: Path, folder: Path, *flags: str, needed: str = "") -> Path:
    """The library made of a C file. needed: what it takes besides a compiler."""
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise SystemExit(f"{source.name} needs a C compiler: install gcc, or set CC")
    library = folder / source.with_suffix(".so").name
    command = [*compiler.split(), *flags, "-O3", "-shared", "-fPIC"]
    if subprocess.run([*command, str(source), "-o", str(library)]).returncode != 0:
        raise SystemExit(f"{source.name} cannot be compiled" + (needed and f": is {needed} there?"))
    return library


class Yardstick:
    """The compiled programs; measure() is called again and again between the cases, so that the
    limits are those of the same minutes as the timings."""

    def __init__(self):
        with tempfile.TemporaryDirectory() as folder:
            library = compile_library(SOURCE, Path(folder), "-march=native")
            self._functions = ctypes.CDLL(str(library))
        self._functions.peak_float.restype = ctypes.c_float
        self._functions.peak_double.restype = ctypes.c_double
        self._functions.read_memory.restype = ctypes.c_double
        count = MEMORY_BYTES // 8
        self._memory = np.ones(count), np.ones(count)
        self.limits = Limits()

    def peak_now(self, dtype: str, seconds: float) -> float:
        """The peak at this moment, over so long a time: processors change their clock, and those
        that are shared are taken away for a while."""
        functions = self._functions
        if dtype in ("f64", "c128"):
            call, flops = functions.peak_double, functions.peak_flops_double()
        else:
            call, flops = functions.peak_float, functions.peak_flops_float()
        rounds = 1 + int(seconds * self.limits.flops(dtype) / flops)
        return rounds * flops / _time(call, ctypes.c_long(rounds))

    def watch(self, dtype: str) -> tuple[list[float], Callable[[str, float], None]]:
        """A list, and what to call after each sample with a contender and its seconds: it appends
        the peak of as long a time after each sample of fasteinsum, if the dtype has a peak."""
        peaks: list[float] = []

        def after(name: str, seconds: float) -> None:
            if name == "fasteinsum" and self.limits.flops(dtype) is not None:
                peaks.append(self.peak_now(dtype, seconds))

        return peaks, after

    def measure(self, repeats: int = 5) -> Limits:
        limits, functions = self.limits, self._functions
        source, target = (ctypes.c_void_p(array.ctypes.data) for array in self._memory)
        count = ctypes.c_size_t(self._memory[0].size)
        rounds = ctypes.c_long(ROUNDS)
        for _ in range(4 * repeats):
            seconds = _time(functions.peak_float, rounds)
            flops = ROUNDS * functions.peak_flops_float() / seconds
            limits.flops_f32 = max(limits.flops_f32, flops)
            seconds = _time(functions.peak_double, rounds)
            flops = ROUNDS * functions.peak_flops_double() / seconds
            limits.flops_f64 = max(limits.flops_f64, flops)
        for _ in range(repeats):
            seconds = _time(functions.read_memory, source, count)
            limits.read_bytes = max(limits.read_bytes, MEMORY_BYTES / seconds)
            seconds = _time(functions.copy_memory, target, source, count)
            limits.copy_bytes = max(limits.copy_bytes, 2 * MEMORY_BYTES / seconds)
        return limits


def share_of_peak(flops: float, samples: list[float], peaks: list[float]) -> float:
    """The median over samples, each compared with the peak just after it."""
    return statistics.median(
        flops / (seconds * peak) for seconds, peak in zip(samples, peaks, strict=True)
    )


def _time(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def processor_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor()
