"""The calls whose instructions are counted, and the program that valgrind runs: each of them some
times and then twice as often, with a dump of the counts after both.

    python benchmarks/calls.py LIBRARY     of callgrind.c; see instructions.py
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import fasteinsum
import fasteinsum.conv
import numpy as np

ROUNDS = 10


@dataclass(frozen=True)
class Call:
    """Python text over the arrays x, y and z, and their shapes."""

    name: str
    code: str
    shapes: dict[str, tuple[int, ...]]
    dtype: str = "float64"

    def compiled(self) -> Callable[[Iterable], None]:
        """A function that makes the call once for each element of its argument."""
        namespace = {
            "einsum": fasteinsum.einsum,
            "windows": fasteinsum.windows,
            "cache_clear": fasteinsum.cache_clear,
            "conv": fasteinsum.conv.conv,
        }
        random = np.random.default_rng(0)
        for name, shape in self.shapes.items():
            namespace[name] = np.asarray(10 * random.random(shape), self.dtype)
        exec(f"def run(rounds):\n    for _ in rounds:\n        {self.code}", namespace)
        return namespace["run"]


def call(name: str, code: str, dtype: str = "float64", **shapes: tuple[int, ...]) -> Call:
    return Call(name, code, shapes, dtype)


CALLS = (
    # Tiny ones, where the way to the kernel is all there is.
    call("scalars", "einsum(',->', x, y)", x=(), y=()),
    call("dot of 3", "einsum('i,i->', x, y)", x=(3,), y=(3,)),
    call("dot of 1000", "einsum('i,i->', x, y)", x=(1000,), y=(1000,)),
    call("trace of 3", "einsum('ii->', x)", x=(3, 3)),
    call("trace, implicit", "einsum('ii', x)", x=(3, 3)),
    call("product of 3", "einsum('ij,jk->ik', x, y)", x=(3, 3), y=(3, 3)),
    call("product of 3, float32", "einsum('ij,jk->ik', x, y)", "float32", x=(3, 3), y=(3, 3)),
    call("product of 3, complex", "einsum('ij,jk->ik', x, y)", "complex128", x=(3, 3), y=(3, 3)),
    call("product of 3, int64", "einsum('ij,jk->ik', x, y)", "int64", x=(3, 3), y=(3, 3)),
    call("product of 8", "einsum('ij,jk->ik', x, y)", x=(8, 8), y=(8, 8)),
    call("row dots of 4", "einsum('ij,ij->i', x, y)", x=(4, 4), y=(4, 4)),
    call("matrix and vector of 4", "einsum('ij,j->i', x, y)", x=(4, 4), y=(4,)),
    call("outer product of 4", "einsum('i,j->ij', x, y)", x=(4,), y=(4,)),
    call("ellipses", "einsum('...ij,...jk->...ik', x, y)", x=(2, 3, 3), y=(2, 3, 3)),
    # Views.
    call("view, transposed", "einsum('ij->ji', x)", x=(4, 4)),
    call("view, diagonal", "einsum('ii->i', x)", x=(4, 4)),
    # The forms of a call.
    call("out=", "einsum('ij,jk->ik', x, y, out=z)", x=(4, 4), y=(4, 4), z=(4, 4)),
    call("list form", "einsum(x, [0, 1], y, [1, 2], [0, 2])", x=(3, 3), y=(3, 3)),
    call("optimize=", "einsum('ij,jk->ik', x, y, optimize=True)", x=(3, 3), y=(3, 3)),
    call("order=", "einsum('ij,jk->ik', x, y, order='F')", x=(3, 3), y=(3, 3)),
    call("dtype=", "einsum('ij,jk->ik', x, y, dtype='f8')", "float32", x=(3, 3), y=(3, 3)),
    # Several operands.
    call("three vectors", "einsum('i,i,i->', x, y, z)", x=(3,), y=(3,), z=(3,)),
    call("quadratic form", "einsum('i,ij,j->', x, y, z)", x=(3,), y=(3, 3), z=(3,)),
    call("chain of three", "einsum('ij,jk,kl->il', x, y, z)", x=(4, 4), y=(4, 4), z=(4, 4)),
    # Batches and products of some size.
    call("batch of 3 × 3", "einsum('bij,bjk->bik', x, y)", x=(64, 3, 3), y=(64, 3, 3)),
    call("batch, innermost", "einsum('ijb,jkb->ikb', x, y)", x=(4, 4, 64), y=(4, 4, 64)),
    call("batch, scaled", "einsum('b,bij->bij', x, y)", x=(64,), y=(64, 3, 3)),
    call("product of 32", "einsum('ij,jk->ik', x, y)", x=(32, 32), y=(32, 32)),
    call("product of 64, float32", "einsum('ij,jk->ik', x, y)", "float32", x=(64, 64), y=(64, 64)),
    call("product of 64, float16", "einsum('ij,jk->ik', x, y)", "float16", x=(64, 64), y=(64, 64)),
    # Sums and elementwise products.
    call("sum of columns", "einsum('ij->j', x)", x=(100, 64)),
    call("sum of all", "einsum('ij->', x)", "float32", x=(100, 64)),
    call("elementwise", "einsum('ij,ij->ij', x, y)", x=(50, 50), y=(50, 50)),
    call("transposed copy", "einsum('ij->ji', x, out=y)", x=(60, 50), y=(50, 60)),
    # Windows and layers.
    call("windows", "windows(x, (3, 3))", x=(2, 3, 9, 9)),
    call("windows and a product", "einsum('chwkl,fckl->fhw', windows(x, (3, 3)), y)",
         "float32", x=(3, 16, 16), y=(4, 3, 3, 3)),
    call("conv", "conv(x, y, padding=1)", "float32", x=(1, 3, 16, 16), y=(4, 3, 3, 3)),
    # An expression that is new.
    call("first product", "cache_clear(); einsum('ij,jk->ik', x, y)", x=(3, 3), y=(3, 3)),
    call("first batch", "cache_clear(); einsum('bij,bjk->bik', x, y)", x=(9, 3, 3), y=(9, 3, 3)),
    call("first chain", "cache_clear(); einsum('ij,jk,kl->il', x, y, z)",
         x=(4, 4), y=(4, 4), z=(4, 4)),
)  # fmt: skip


def main() -> None:
    requests = ctypes.CDLL(sys.argv[1])
    zero_counts, dump_counts = requests.zero_counts, requests.dump_counts
    runs = [each.compiled() for each in CALLS]
    gc.disable()
    requests.start_counting()
    dump_counts(b"warm-up")
    for number, run in enumerate(runs):
        run(range(ROUNDS))  # the plan, and what Python finds out about its own code
        for factor in (1, 2):
            rounds = itertools.repeat(None, factor * ROUNDS)
            name = f"{number} {factor}".encode()
            zero_counts()
            run(rounds)
            dump_counts(name)


if __name__ == "__main__":
    main()
