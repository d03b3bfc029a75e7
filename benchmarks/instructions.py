"""Counts the instructions of calls, and compares them with the counts that are kept in the tree.

    python benchmarks/instructions.py              fails if a call needs more than it did
    python benchmarks/instructions.py --update     keeps the new counts

valgrind's callgrind counts; unlike time, counts do not depend on what else the machine does: runs
that follow each other differ by half a percent at most. They depend on the compiler, Python, NumPy
and the C library, which are kept beside them. valgrind knows no AVX-512, so that the kernels are
those for AVX2. The calls are listed in calls.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import calls
import fasteinsum
import numpy as np
from machine import compile_library
from tables import new_console, new_table

FOLDER = Path(__file__).resolve().parent
KEPT = FOLDER / "instructions.json"
TOLERANCE = 0.02
SLACK = 20  # instructions: of the shortest calls, about 2 %, too
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "FASTEINSUM_ISA": "avx2",
    "FASTEINSUM_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Change:
    """Instructions of one call, in the tree and in the build that is installed."""

    name: str
    kept: int | None
    now: int

    @property
    def is_worse(self) -> bool:
        return self.kept is None or self.now > self.kept * (1 + TOLERANCE) + SLACK

    @property
    def text(self) -> str:
        return "new" if self.kept is None else f"{self.now / self.kept - 1:+.1%}"


def compare(kept: dict[str, int], now: dict[str, int]) -> list[Change]:
    return [Change(name, kept.get(name), count) for name, count in now.items()]


def count_per_call(dumps: dict[str, int], rounds: int, name_of: list[str]) -> dict[str, int]:
    """Twice as many rounds minus the rounds: what is not part of them cancels out."""
    return {
        name: round((dumps[f"{number} 2"] - dumps[f"{number} 1"]) / rounds)
        for number, name in enumerate(name_of)
    }


def read_dump(text: str) -> tuple[str, int] | None:
    """The name that was asked for, and the count; None of the dump at the end of the program."""
    name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
    total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
    return (name[1], int(total[1])) if name and total else None


def count() -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        needed = "valgrind/callgrind.h, of the package valgrind or valgrind-devel,"
        library = compile_library(FOLDER / "callgrind.c", Path(folder), needed=needed)
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-line=no"]
        command += [f"--callgrind-out-file={folder}/counts", f"--log-file={folder}/log"]
        command += [sys.executable, str(FOLDER / "calls.py"), str(library)]
        done = subprocess.run(command, env=ENVIRONMENT | {"PATH": os.environ["PATH"]}, cwd=folder)
        if done.returncode != 0:
            raise SystemExit(f"valgrind failed:\n{(Path(folder) / 'log').read_text()}")
        dumps = [read_dump(path.read_text()) for path in Path(folder).glob("counts.*")]
    names = [call.name for call in calls.CALLS]
    return count_per_call(dict(filter(None, dumps)), calls.ROUNDS, names)


def circumstances() -> dict[str, str]:
    config = fasteinsum._fasteinsum._config()
    return {
        "compiler": config["compiler"],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
    }


def print_changes(changes: list[Change], kept: dict, now: dict) -> None:
    console = new_console(100)
    for name in kept.keys() & now.keys():
        if kept[name] != now[name]:
            console.print(f"[yellow]{name}: {kept[name]} when kept, now {now[name]}[/yellow]")
    table = new_table(["call"], ["instructions kept", "now", "change"])
    for change in changes:
        text = f"[red]{change.text}[/red]" if change.is_worse else change.text
        table.add_row(change.name, str(change.kept or "-"), str(change.now), text)
    console.print(table)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="counts the instructions of calls")
    parser.add_argument("--update", action="store_true", help="keep the new counts")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    if not shutil.which("valgrind"):
        raise SystemExit("counting instructions needs valgrind: install the package valgrind")
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"circumstances": {}, "counts": {}}
    facts, changes = circumstances(), compare(kept["counts"], count())
    print_changes(changes, kept["circumstances"], facts)
    if options.update:
        counts = {change.name: change.now for change in changes}
        KEPT.write_text(json.dumps({"circumstances": facts, "counts": counts}, indent=1) + "\n")
        print(f"kept in {KEPT}")
        return
    worse = [change.name for change in changes if change.is_worse]
    if worse:
        raise SystemExit(
            f"{len(worse)} calls need more than {TOLERANCE:.0%} more instructions, or are new: "
            f"{', '.join(worse)}; --update keeps the new counts"
        )


if __name__ == "__main__":
    main()
