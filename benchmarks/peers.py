"""The peers on one thread, and all that may differ from one machine and one run to the next."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteinsum
import numpy as np
import opt_einsum
from machine import Limits, processor_name
from threadpoolctl import threadpool_info, threadpool_limits

try:
    import torch
except ImportError:
    torch = None

HINDRANCES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # both can force slower kernels on NumPy
VARIABLES = ("OPENBLAS", "OMP_", "MKL_", "FASTEINSUM", "NPY_")


def add_options(parser: argparse.ArgumentParser, repeats: int, file: Path) -> None:
    """Of all programs that compare with peers."""
    add = parser.add_argument
    add("--repeat", type=int, default=repeats, metavar="N", help=f"samples (default {repeats})")
    add("--json", type=Path, default=file, metavar="FILE", help="where all figures are written")
    add("--force", action="store_true", help="also with a hindered NumPy")


def refuse_hindrances(options: argparse.Namespace) -> None:
    names = " and ".join(name for name in HINDRANCES if name in os.environ)
    if names and not options.force:
        raise SystemExit(
            f"{names} set: NumPy may run slower than it can; unset {names}, or compare all the "
            "same with --force"
        )


@contextmanager
def one_thread() -> Iterator[None]:
    if torch is not None:
        torch.set_num_threads(1)
    with threadpool_limits(1), fasteinsum.threads(1):
        yield


def head(limits: Limits) -> str:
    blas = [f"{pool['internal_api']} {pool.get('architecture', '')}" for pool in threadpool_info()]
    isa = fasteinsum._fasteinsum._config()["isa"]
    return (
        f"{processor_name()}: one core {limits.text()}\n"
        f"fasteinsum {fasteinsum.__version__} ({isa}), numpy {np.__version__}, {', '.join(blas)}, "
        "one thread"
    )


def environment(limits: Limits) -> dict:
    return {
        "fasteinsum": fasteinsum._fasteinsum._config(),
        "numpy": np.__version__,
        "opt_einsum": opt_einsum.__version__,
        "torch": torch and torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor_name(),
        "blas": threadpool_info(),
        "limits": limits.as_dict(),
        "variables": {key: os.environ[key] for key in os.environ if key.startswith(VARIABLES)},
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
