"""Times fasteinsum on one thread and on all of them, work by work, from small to large.

    python benchmarks/threads.py              calls that follow each other
    python benchmarks/threads.py --gap 0.001  with a pause before each, so that the workers sleep

Both take turns in one process; times are medians. No row should be slower on more threads.
"""

from __future__ import annotations

import argparse
import statistics
import time

import fasteinsum
import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

# name, subscripts, shapes of the operands as functions of the size, sizes
WORKS = (
    ("product", "ij,jk->ik", lambda n: [(n, n), (n, n)], (64, 100, 128, 192, 256, 512, 1024)),
    ("batch of 48", "bij,bjk->bik", lambda n: [(n, 48, 48), (n, 48, 48)], (4, 16, 64, 256, 1024)),
    ("row dots", "ij,ij->i", lambda n: [(n, 1024), (n, 1024)], (64, 128, 256, 1024, 8192)),
    ("column sums", "ij->j", lambda n: [(n, 1024)], (64, 256, 1024, 8192)),
    ("whole sum", "ij->", lambda n: [(n, 1024)], (64, 256, 1024, 8192)),
    ("scaled rows", "ij,i->ij", lambda n: [(n, 1024), (n,)], (64, 256, 1024, 8192)),
    ("outer product", "i,j->ij", lambda n: [(n,), (1024,)], (64, 256, 1024, 8192)),
)
CALLS = 20  # that follow each other before one is timed


def measure(call, counts: tuple[int, ...], gap: float, repeats: int) -> dict[int, float]:
    """Median seconds of a call by number of threads."""
    samples: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(repeats):
        for count in counts:
            with fasteinsum.threads(count):
                if gap > 0:
                    time.sleep(gap)
                else:
                    warm_up(call)
                start = time.perf_counter()
                call()
                samples[count].append(time.perf_counter() - start)
    return {count: statistics.median(times) for count, times in samples.items()}


def warm_up(call) -> None:
    end = time.perf_counter() + 0.02
    for _ in range(CALLS):
        call()
        if time.perf_counter() > end:
            return


def new_table(count: int) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("work", no_wrap=True)
    for name in ("size", "1 thread", f"{count} threads", "times as fast"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="times fasteinsum on one thread and on all")
    parser.add_argument("--gap", type=float, default=0.0, help="seconds of sleep before each call")
    parser.add_argument("--repeat", type=int, default=25, help="samples (default 25)")
    parser.add_argument("--dtype", default="float32", help="of the operands (default float32)")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    count = fasteinsum.get_num_threads()
    generator = np.random.default_rng(0)
    table = new_table(count)
    with threadpool_limits(1):
        for name, subscripts, shapes, sizes in WORKS:
            for size in sizes:
                operands = [generator.random(shape).astype(options.dtype) for shape in shapes(size)]
                out = np.array(fasteinsum.einsum(subscripts, *operands))
                call = Call(subscripts, operands, out)
                seconds = measure(call, (1, count), options.gap, options.repeat)
                texts = (f"{seconds[1] * 1e6:.1f} us", f"{seconds[count] * 1e6:.1f} us")
                table.add_row(name, str(size), *texts, f"{seconds[1] / seconds[count]:.2f}")
    Console().print(table)


class Call:
    """einsum with its arguments; out is given, so that no time goes into fresh memory."""

    def __init__(self, subscripts: str, operands: list[np.ndarray], out: np.ndarray):
        self.subscripts, self.operands, self.out = subscripts, operands, out

    def __call__(self) -> None:
        fasteinsum.einsum(self.subscripts, *self.operands, out=self.out)


if __name__ == "__main__":
    main()
