"""Threads: how many, the same bits whatever their number, forks, exits, signals, many callers.

What may hang runs in a child process with a watchdog of its own.
"""

import contextlib
import json
import os
import subprocess
import sys

import fasteinsum
import numpy as np
import pytest
from fasteinsum import get_num_threads, set_num_threads, threads

SECONDS = 60  # that a child may take; more than the slowest sanitizer needs

HEAD = """
import faulthandler, json, os, signal, sys, threading, time
faulthandler.dump_traceback_later(50, exit=True)
import numpy as np
import fasteinsum
from fasteinsum import einsum

rng = np.random.default_rng(0)
a, b = rng.random((2, 24, 96, 96))  # worth sharing
expected = a @ b

def tasks():
    return len(os.listdir("/proc/self/task"))

def is_right():
    return np.allclose(einsum("bij,bjk->bik", a, b), expected)
"""


def run(code, **variables):
    """What a program prints, as JSON. A child that hangs is a failure."""
    environment = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    environment |= {"OPENBLAS_NUM_THREADS": "1"} | variables
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def limit():
    before = get_num_threads()
    yield before
    set_num_threads(before)


# ---------------------------------------------------------------- how many


def test_setting_and_getting(limit):
    set_num_threads(3)
    assert get_num_threads() == 3
    set_num_threads(np.int8(2))
    assert get_num_threads() == 2
    facts = fasteinsum.show_config(mode="dicts")["threads"]
    assert facts["limit"] == 2
    assert facts["set_by"] == "set_num_threads"
    assert facts["processors"] == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("count", [0, -1, 513, 10**30, -(10**30)])
def test_numbers_out_of_range(limit, count):
    for limiter in (set_num_threads, threads):
        with pytest.raises(ValueError, match=rf"from 1 to 512, not {count}$"):
            limiter(count)
    assert get_num_threads() == limit


@pytest.mark.parametrize("count", [1.0, "1", None, [1]])
def test_what_is_no_number(limit, count):
    for limiter in (set_num_threads, threads):
        with pytest.raises(TypeError):
            limiter(count)
    assert get_num_threads() == limit


def test_blocks_nest_and_end(limit):
    set_num_threads(5)
    with threads(2):
        assert get_num_threads() == 2
        with contextlib.suppress(KeyError), threads(3):
            assert get_num_threads() == 3
            raise KeyError
        assert get_num_threads() == 2
        set_num_threads(7)
        assert get_num_threads() == 2
    assert get_num_threads() == 7


def test_a_decorated_function(limit):
    @threads(2)
    def depth(levels):
        return [get_num_threads(), *(depth(levels - 1) if levels else [])]

    assert depth(3) == [2, 2, 2, 2]
    assert get_num_threads() == limit
