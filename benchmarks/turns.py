"""Contenders that take turns in one process, so that what else the machine does meets all alike."""

from __future__ import annotations

import functools
import math
import os
import resource
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import fasteinsum
import numpy as np

Call = Callable[[], object]
REFUSALS = (TypeError, ValueError, RuntimeError, MemoryError)
SLOW = 5  # times the patience
MOST_MEMORY = 8 << 30  # bytes of a process that tries a call


@dataclass(frozen=True)
class Pace:
    """How often each contender is called."""

    repeats: int  # samples
    shortest: float = 200e-6  # seconds of a sample: shorter calls are repeated within one
    patience: float = math.inf  # seconds that one contender may spend


class Samples(dict[str, list[float]]):
    """By contender: seconds of one call, in the order in which they were taken."""

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(samples) for name, samples in self.items()}

    def fastest(self) -> dict[str, float]:
        return {name: min(samples) for name, samples in self.items()}


def take_turns(
    calls: dict[str, Call],
    pace: Pace,
    before: Callable[[str], object] = lambda name: None,
    after: Callable[[str, float], object] = lambda name, seconds: None,
) -> Samples:
    """The first contender is the one that the others are compared with. Of these, one that refuses
    the call takes no part, and one whose first call takes much patience is not called again.
    before: what is done before each sample. after: what is told of its length."""
    samples, rounds, budget = Samples(), {}, {}

    def keep_sample(name: str, seconds: float) -> None:
        samples[name].append(seconds)
        after(name, seconds * rounds[name])

    for name, call in calls.items():
        before(name)
        try:
            seconds = time_calls(call, 1)  # also warms up
        except REFUSALS:
            if samples:
                continue
            raise
        if seconds < pace.shortest:
            seconds = time_calls(call, 1)
        rounds[name] = max(1, math.ceil(pace.shortest / seconds))
        budget[name] = max(1, pace.patience / (seconds * rounds[name]))
        is_slow = bool(samples) and seconds > SLOW * pace.patience
        samples[name] = []
        if is_slow:
            budget[name] = 0
            keep_sample(name, seconds)
    for turn in range(pace.repeats):
        for name in samples:
            if turn < budget[name]:
                before(name)
                keep_sample(name, time_calls(calls[name], rounds[name]))
    return samples


def ends_within(seconds: float, call: Call) -> bool:
    """Tried in a forked process, for a loop in C cannot be interrupted in this one."""
    child = os.fork()
    if child == 0:
        _try(call)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _try(call: Call) -> None:
    """Ends the process: with 0 if the call could be done."""
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        call()
        status = 0
    finally:
        os._exit(status)


def time_calls(call: Call, rounds: int) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    for _ in range(rounds):
        call()
    return (time.perf_counter() - start) / rounds


def einsum_into(subscripts: str, operands: list[np.ndarray]) -> functools.partial:
    """A call with an `out` that is there already, so that no time goes into fresh memory."""
    out = np.array(fasteinsum.einsum(subscripts, *operands))
    return functools.partial(fasteinsum.einsum, subscripts, *operands, out=out)


def describe(call: functools.partial) -> str:
    """Of a call of fasteinsum.einsum, the strategies of the plan's steps: the third word of each
    row of the printed plan."""
    text = fasteinsum._fasteinsum._describe(*call.args, **call.keywords)
    rows = [line.split() for line in text.splitlines()]
    names = [row[2] for row in rows if len(row) > 2 and row[0].isdigit()]
    return " ".join(names) or "view"
