"""The einsum tests of other projects, from their installed packages, computed by fasteinsum.

    python tests/others.py              all
    python tests/others.py dask xarray  some

Each runs in a process of its own: under patch_numpy, or with fasteinsum as the backend of
opt_einsum. A suite counts only if it passes and has called fasteinsum often enough.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """Modules of an installed package, of which `keyword` selects some tests."""

    name: str
    modules: tuple[str, ...]
    least_calls: int
    keyword: str = ""
    is_backend: bool = False  # of opt_einsum; else NumPy is patched


CONTRACTING = tuple(
    f"opt_einsum.tests.test_{name}" for name in ("blas", "contract", "edge_cases", "sharing")
)
SUITES = [
    Suite("numpy", ("numpy._core.tests.test_einsum",), 10_000),
    Suite("opt_einsum", ("opt_einsum",), 10_000),
    Suite("opt_einsum_backend", CONTRACTING, 5_000, is_backend=True),
    Suite("dask", ("dask.array.tests.test_routines",), 1_000, "einsum or dot"),
    Suite("xarray", ("xarray.tests.test_computation", "xarray.tests.test_dataarray"), 100, "dot"),
]
CALLS = "calls of fasteinsum:"


def run_here(suite: Suite) -> int:
    """In the process of the suite."""
    import fasteinsum
    import pytest
    from fasteinsum import _fasteinsum

    calls, einsum = 0, _fasteinsum.einsum

    def counting(*operands: object, **keywords: object) -> object:
        nonlocal calls
        calls += 1
        return einsum(*operands, **keywords)

    _fasteinsum.einsum = fasteinsum.einsum = counting
    if suite.is_backend:
        become_backend()
    else:
        fasteinsum.patch_numpy(quiet=True)
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "-k", suite.keyword]
    code = pytest.main([*options, "--pyargs", *suite.modules])
    print(CALLS, calls)
    return int(code)


def become_backend() -> None:
    """opt_einsum asks fasteinsum where it would ask NumPy."""
    contract = importlib.import_module("opt_einsum.contract")
    infer = contract.infer_backend
    contract.infer_backend = lambda array: infer(array).replace("numpy", "fasteinsum")


def run(suite: Suite) -> bool:
    """Prints a line, or all that a failing suite has printed."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # where this project's settings do not count
        command = [sys.executable, "-P", __file__, "--here", suite.name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    calls = int((re.findall(rf"{CALLS} (\d+)", done.stdout) or ["0"])[-1])
    passed = re.findall(r"\d+ passed.*", done.stdout)
    is_good = done.returncode == 0 and bool(passed) and calls >= suite.least_calls
    if not is_good:
        print(done.stdout[-20_000:], done.stderr[-5_000:], sep="\n")
    verdict = "passes" if is_good else "FAILS"
    summary = passed[-1] if passed else "nothing passed"
    print(f"{suite.name} {verdict}: {summary}, {calls} calls, {time.monotonic() - start:.0f} s")
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [suite.name for suite in SUITES]
    parser.add_argument("suites", nargs="*", help=" ".join(names))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = {*options.suites} - {*names}
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    chosen = [suite for suite in SUITES if not options.suites or suite.name in options.suites]
    if options.here:
        return run_here(chosen[0])
    failed = [suite.name for suite in chosen if not run(suite)]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
