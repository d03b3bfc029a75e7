"""Times fasteinsum on one thread and on all of them, work by work, from small to large.

    python benchmarks/threads.py              calls that follow each other
    python benchmarks/threads.py --gap 0.001  with a pause before each, so that the workers sleep

Both take turns in one process; times are medians. No row should be slower on more threads.
"""

from __future__ import annotations

import argparse
import time

import fasteinsum
import numpy as np
from figures import time_text
from tables import new_console, new_table
from turns import Call, Pace, einsum_into, take_turns

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


def measure(call: Call, count: int, gap: float, repeats: int) -> tuple[float, float]:
    """Median seconds of a call, on one thread and on that many."""

    def set_up(name: str) -> None:
        fasteinsum.set_num_threads(counts[name])
        if gap > 0:
            time.sleep(gap)
        else:
            warm_up(call)

    counts = {"one": 1, "all": count}
    pace = Pace(repeats, shortest=0)
    seconds = take_turns(dict.fromkeys(counts, call), pace, before=set_up).medians()
    return seconds["one"], seconds["all"]


def warm_up(call: Call) -> None:
    end = time.perf_counter() + 0.02
    for _ in range(CALLS):
        call()
        if time.perf_counter() > end:
            return


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
    table = new_table(["work"], ["size", "1 thread", f"{count} threads", "times as fast"])
    for name, subscripts, shapes, sizes in WORKS:
        for size in sizes:
            operands = [generator.random(shape).astype(options.dtype) for shape in shapes(size)]
            call = einsum_into(subscripts, operands)
            one, all_ = measure(call, count, options.gap, options.repeat)
            table.add_row(name, str(size), time_text(one), time_text(all_), f"{one / all_:.2f}")
    new_console(80).print(table)


if __name__ == "__main__":
    main()
