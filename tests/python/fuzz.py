"""Random requests in volume, on all cores: `make fuzz ARGS="--cases 200000 --seed 1"`.

One in ten requests is spoiled, the others are valid; oracle.py judges them. What is wrong is
printed as programs that repeat it. `--shrink` then lets Hypothesis look for smaller ones.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import fasteinsum
import numpy as np
import oracle
from fasteinsum import _fasteinsum
from generator import Generator, Request
from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tree import strategy_names

STRATEGIES = strategy_names()
ISAS = [
    name
    for name in _fasteinsum._config()["isas_built"]
    if name in _fasteinsum._config()["isas_found"]
]

BATCH = 1000
RELATIVES = 4  # calls like a valid one
SPOILED = 0.3  # of what is new, and so about one in ten of all
PRINTED = 5


@contextmanager
def switched(switch: Callable[[str], str], name: str):
    """With one of the extension's switches on."""
    before = switch(name)
    try:
        yield
    finally:
        switch(before)


@dataclass
class Report:
    """What became of some requests; failures are a complaint and a program each."""

    outcomes: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.outcomes += other.outcomes
        self.failures += other.failures

    def text(self) -> str:
        """The shortest programs."""
        return "\n".join(sorted(self.failures, key=len)[:PRINTED])


def complaint_of(request: Request) -> tuple[str, str | None]:
    """What became of the request, and what is wrong about that."""
    try:
        outcome = oracle.check(fasteinsum.einsum, request)
    except oracle.Mismatch as mismatch:
        return "wrong", str(mismatch)
    except Exception as error:
        return "wrong", f"the oracle raised {error!r}"
    return "refused" if outcome.error else "computed", None


def check_requests(make_request: Callable[[], Request], count: int) -> Report:
    report = Report()
    with oracle.recorded_warnings():
        for _ in range(count):
            request = make_request()
            outcome, complaint = complaint_of(request)
            report.outcomes[outcome] += 1
            if complaint:
                report.failures.append(f"# {complaint}\n{request.text()}")
    return report


def families(generator: Generator) -> Iterator[Request]:
    """Each valid request is followed by others of the same values, so that what must be computed
    to judge them is computed once; between them are spoiled ones."""
    while True:
        if generator.random.random() < SPOILED:
            yield generator.next_invalid()
            continue
        request = generator.next()
        yield request
        for _ in range(RELATIVES):
            yield generator.next_like(request)


def check_batch(seed: str, number: int) -> Report:
    """One in four batches is computed by one strategy, or by the kernels of one ISA."""
    faulthandler.enable()
    stream = families(Generator(f"{seed}.{number}"))
    make_request = partial(next, stream)
    if number % 8 == 0:
        with switched(_fasteinsum._use_strategy, STRATEGIES[number // 8 % len(STRATEGIES)]):
            return check_requests(make_request, BATCH)
    if number % 8 == 4:
        with switched(_fasteinsum._use_isa, ISAS[number // 8 % len(ISAS)]):
            return check_requests(make_request, BATCH)
    return check_requests(make_request, BATCH)


def check_all(seed: str, count: int, jobs: int) -> Report:
    total, started = Report(), time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        numbers = range(-(-count // BATCH))
        batches = {pool.submit(check_batch, seed, number): number for number in numbers}
        for done in as_completed(batches):
            try:
                total.add(done.result())
            except BrokenProcessPool:
                left = sorted(number for batch, number in batches.items() if not batch.done())
                sys.exit(f"a process died in one of the batches {left or batches[done]} of {seed}")
            count_done = total.outcomes.total()
            if count_done * 10 // count != (count_done - BATCH) * 10 // count:
                print(f"{count_done:>9,} cases, {time.monotonic() - started:4.0f} s", flush=True)
    return total


# Small examples --------------------------------------------------------------------------------


@st.composite
def requests(draw: Callable) -> Request:
    """Requests that Hypothesis can make smaller: it is what the generator draws numbers from."""
    source = draw(st.randoms(use_true_random=False))
    return Generator(source, work_limit=200).next()


def shrunk(kind: str) -> str:
    """The smallest request found whose complaint begins so."""

    def is_wrong(request: Request) -> bool:
        complaint = complaint_of(request)[1]
        return complaint is not None and complaint.startswith(kind)

    patient = settings(
        max_examples=20_000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    try:
        return find(requests(), is_wrong, settings=patient).text()
    except NoSuchExample:
        return "# Hypothesis found no other\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default=secrets.token_hex(4), help="any text; new by default")
    parser.add_argument("--cases", type=int, default=100_000, help="how many requests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many processes")
    parser.add_argument("--shrink", action="store_true", help="look for smaller examples")
    options = parser.parse_args()
    print(f"seed {options.seed}, numpy {np.__version__}", flush=True)
    report = check_all(options.seed, options.cases, options.jobs)
    outcomes = ", ".join(f"{count:,} {name}" for name, count in report.outcomes.items())
    print(f"{outcomes}; {len(report.failures)} wrong")
    if not report.failures:
        return 0
    print(report.text())
    if options.shrink:
        kinds = {failure[2:].split()[0] for failure in report.failures}
        print("\n".join(f"# smallest: {kind}\n{shrunk(kind)}" for kind in sorted(kinds)))
    return 1


if __name__ == "__main__":
    sys.exit(main())
