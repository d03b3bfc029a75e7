"""Threads: how many, the same bits whatever their number, forks, exits, signals, many callers.

What may hang runs in a child process with a watchdog of its own.
"""

import contextlib
import ctypes
import json
import os
import subprocess
import sys

import fasteinsum
import numpy as np
import pytest
from fasteinsum import einsum, get_num_threads, set_num_threads, threads

M = 400_000  # of windows: their sums and products take from ten seconds to minutes
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


# ---------------------------------------------------------------- where the number comes from


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        ({"FASTEINSUM_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "4,2"}, 4),
        ({"FASTEINSUM_NUM_THREADS": "3", "OMP_NUM_THREADS": "4"}, 3),
        ({"FASTEINSUM_NUM_THREADS": "", "OMP_NUM_THREADS": "4"}, 4),
        ({"FASTEINSUM_NUM_THREADS": "100000"}, 512),
    ],
)
def test_environment(variables, count):
    assert run("print(fasteinsum.get_num_threads())", **variables) == [count]


@pytest.mark.parametrize("value", ["0", "-1", "many", "2.5"])
def test_environment_that_is_no_number(value):
    code = "import fasteinsum; print(fasteinsum.get_num_threads())"
    environment = os.environ | {"FASTEINSUM_NUM_THREADS": value, "OMP_NUM_THREADS": "7"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "7\n"
    assert f"RuntimeWarning: FASTEINSUM_NUM_THREADS='{value}'" in done.stderr
    command = [sys.executable, "-W", "error", "-c", code]
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 1


def test_affinity():
    code = """
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(fasteinsum.get_num_threads())
"""
    assert run(code) == [1]


@pytest.mark.parametrize("comes_first", [False, True])
def test_threadpoolctl(comes_first):
    code = """
import json, threadpoolctl, fasteinsum
def ours():
    return [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "fasteinsum"]
before, = ours()
with threadpoolctl.threadpool_limits(1):
    print(json.dumps([ours()[0]["num_threads"], fasteinsum.get_num_threads()]))
print(json.dumps([before["num_threads"], fasteinsum.get_num_threads()]))
print(json.dumps([before["version"], fasteinsum.__version__]))
"""
    if not comes_first:
        code = (
            "import fasteinsum, fasteinsum.extras.threadpoolctl\n"
            "for _ in range(2): fasteinsum.extras.threadpoolctl.register()\n" + code
        )
    environment = os.environ | {"FASTEINSUM_NUM_THREADS": "3"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    limited, counts, versions = map(json.loads, done.stdout.splitlines())
    assert limited == [1, 1]
    assert counts == [3, 3]
    assert versions[0] == versions[1]


# ---------------------------------------------------------------- when threads are there


def test_threads_start_with_the_first_large_call():
    code = """
before = tasks()
einsum("ij,jk->ik", a[0, :8, :8], b[0, :8, :8])
print(tasks() - before)
with fasteinsum.threads(1):
    is_right()
print(tasks() - before)
fasteinsum.set_num_threads(3)
is_right()
print(tasks() - before)
fasteinsum.set_num_threads(2)
is_right()
print(tasks() - before)
"""
    assert run(code) == [0, 0, 2, 2]


def test_many_threads_on_few_processors():
    code = """
fasteinsum.set_num_threads(64)
big = rng.random((200, 80, 80))
for _ in range(3):
    result = einsum("bij,bjk->bik", big, big)
print(json.dumps([bool(np.allclose(result, big @ big)), tasks() > 3]))
"""
    assert run(code) == [[True, True]]


# ---------------------------------------------------------------- the same bits

EXTENTS = (1, 2, 3, 5, 7, 8, 13, 16, 31, 33, 48, 64, 65, 100, 129, 257, 1000, 4099)
CODES = "fffdddFDiIqbhe"
TERMS = 3e6  # of the whole loop nest


def random_expression(rng):
    """Subscripts and shapes with enough terms for several tasks."""
    labels = "abcdef"[: rng.integers(1, 7)]
    operand_count = int(rng.integers(1, 4))
    extents, terms = {}, 1
    for label in labels:
        extents[label] = int(rng.choice([n for n in EXTENTS if n * terms <= TERMS]))
        terms *= extents[label]
    inputs = ["".join(x for x in labels if rng.random() < 0.7) for _ in range(operand_count)]
    inputs[0] += "".join(set(labels) - set("".join(inputs)))
    inputs = ["".join(rng.permutation(list(term))) for term in inputs]
    output = "".join(rng.permutation([x for x in labels if rng.random() < 0.6]))
    shapes = [tuple(extents[x] for x in term) for term in inputs]
    return ",".join(inputs) + "->" + output, shapes, terms


def random_array(rng, shape, dtype):
    """Strided, reversed and misaligned as often as not."""
    kind = rng.integers(4)
    grown = tuple(2 * n for n in shape) if kind == 1 and np.prod(shape) < 3e5 else shape
    size = int(np.prod(grown, initial=1))
    bits = rng.integers(-9, 9, size) if dtype.kind in "iu" else rng.standard_normal(size)
    memory = np.empty(size * dtype.itemsize + 64, np.uint8)
    shift = int(rng.integers(0, 4)) * 16
    array = memory[shift : shift + size * dtype.itemsize].view(dtype).reshape(grown)
    with np.errstate(all="ignore"):
        array[...] = bits.reshape(grown)
    if grown != shape:
        array = array[tuple(slice(0, None, 2) for _ in shape)]
    return array[tuple(slice(None, None, -1) for _ in shape)] if kind == 2 and shape else array


def at_another_address(array, shift):
    """The same values and strides, some bytes behind a cache line."""
    spans = [stride * (n - 1) for n, stride in zip(array.shape, array.strides)]
    first = sum(span for span in spans if span < 0)  # bytes from element 0
    size = sum(map(abs, spans)) + array.itemsize
    memory = np.empty(size + 128, np.uint8)
    start = -memory.ctypes.data % 64 + shift
    ctypes.memmove(memory.ctypes.data + start, array.ctypes.data + first, size)
    return np.ndarray(array.shape, array.dtype, memory, start - first, array.strides)


@pytest.mark.parametrize("seed", range(300))
def test_bits_do_not_depend_on_threads_repeats_or_alignment(seed):
    rng = np.random.default_rng(seed)
    subscripts, shapes, terms = random_expression(rng)
    code = CODES[seed % len(CODES)]
    if code == "e" and terms > 3e5:
        code = "f"
    operands = [random_array(rng, shape, np.dtype(code)) for shape in shapes]
    results = []
    for count in (1, 2, 3, 4, 8, 1, 8):
        with threads(count):
            results.append(einsum(subscripts, *operands).tobytes())
    for shift in (0, 16, 48):
        moved = [at_another_address(operand, shift) for operand in operands]
        with threads(3):
            results.append(einsum(subscripts, *moved).tobytes())
    assert len(set(results)) == 1, (subscripts, shapes, code)


# ---------------------------------------------------------------- forks

FORK = """
def in_child(act):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            held = act()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            held = False
        os._exit(0 if held else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@pytest.mark.parametrize("used_before", [False, True])
def test_fork_before_and_after_use(used_before):
    code = (
        FORK
        + f"""
fasteinsum.set_num_threads(3)
statuses = []
for turn in range(12):
    if {used_before} or turn > 5:
        assert is_right()
    statuses.append(in_child(lambda: is_right() and tasks() == 3 and in_child(is_right) == 0))
    time.sleep(turn % 3 * 1e-3)
print(json.dumps(statuses))
print(json.dumps(bool(is_right())))
"""
    )
    assert run(code) == [[0] * 12, True]


def test_fork_while_another_thread_computes():
    code = (
        FORK
        + """
fasteinsum.set_num_threads(3)
stop, failures = threading.Event(), []
def compute():
    while not stop.is_set():
        if not is_right():
            failures.append(1)
threads = [threading.Thread(target=compute) for _ in range(2)]
for thread in threads:
    thread.start()
statuses = [in_child(is_right) for _ in range(20)]
stop.set()
for thread in threads:
    thread.join()
print(json.dumps([statuses, failures]))
"""
    )
    assert run(code) == [[[0] * 20, []]]


def test_fork_inside_a_call():
    """A signal's handler forks: the parent's call goes on, the child's raises."""
    code = (
        FORK
        + """
fasteinsum.set_num_threads(3)
x = rng.random((1500, 100, 100))
children = []
def handler(number, frame):
    children.append(os.fork())
    if children[-1] == 0:
        signal.alarm(30)
signal.signal(signal.SIGUSR1, handler)
main = os.getpid()
threading.Timer(0.15, os.kill, (main, signal.SIGUSR1)).start()
start = time.time()
while not children:
    try:
        result = einsum("bij,bjk->bik", x, x)
    except RuntimeError as error:
        held = os.getpid() != main and "interrupted" in str(error) and is_right()
        os._exit(0 if held else 1)
if os.getpid() != main:
    os._exit(0 if is_right() else 2)  # it had been about to end
print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
print(json.dumps(bool(np.allclose(result, x @ x))))
"""
    )
    assert run(code) == [0, True]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"""
import multiprocessing
import numpy as np
from fasteinsum import einsum, set_num_threads

def work(seed):
    a = np.random.default_rng(seed).random((20, 96, 96))
    return bool(np.allclose(einsum("bij,bjk->bik", a, a), a @ a))

if __name__ == "__main__":
    set_num_threads(2)
    assert work(0)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(work, range(12)) == [True] * 12)
    assert work(1)
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout == "True\n", done.stderr


# ---------------------------------------------------------------- the end of the process


@pytest.mark.parametrize("pause", [0, 1e-5, 1e-2])
def test_exit_while_workers_spin_or_sleep(pause):
    code = f"""
fasteinsum.set_num_threads(4)
assert is_right()
time.sleep({pause})
print(json.dumps(tasks() > 3))
"""
    for _ in range(5):
        assert run(code) == [True]


def test_exit_while_a_daemon_thread_computes():
    code = """
fasteinsum.set_num_threads(3)
x = rng.random((400, 128, 128))
def compute():
    while True:
        einsum("bij,bjk->bik", x, x)
threading.Thread(target=compute, daemon=True).start()
time.sleep(0.1)
print(1)
"""
    for _ in range(3):
        assert run(code) == [1]


# ---------------------------------------------------------------- many callers


def test_many_python_threads():
    """Some change the number of threads at random, and the cache is cleared under them."""
    code = """
fasteinsum.set_num_threads(3)
inputs = [rng.random((4 + 9 * i, 64, 64)) for i in range(4)]
expected = [einsum("bij,bjk->bik", x, x).tobytes() for x in inputs]
failures, calls, stop = [], [], time.time() + 3
def compute(seed):
    own = np.random.default_rng(seed)
    while time.time() < stop:
        i = int(own.integers(4))
        if own.random() < 0.1:
            fasteinsum.set_num_threads(int(own.integers(1, 6)))
        if own.random() < 0.05:
            fasteinsum.cache_clear()
        if own.random() < 0.3:
            with fasteinsum.threads(int(own.integers(1, 6))):
                bits = einsum("bij,bjk->bik", inputs[i], inputs[i]).tobytes()
        else:
            bits = einsum("bij,bjk->bik", inputs[i], inputs[i]).tobytes()
        if bits != expected[i]:
            failures.append(i)
        calls.append(1)
threads = [threading.Thread(target=compute, args=(seed,)) for seed in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps([failures, len(calls) > 16]))
"""
    assert run(code) == [[[], True]]


# ---------------------------------------------------------------- signals

INTERRUPT = """
def seconds_to_answer(call):
    sent = []
    def send():
        time.sleep(0.3)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        call()
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0]
    finally:
        sender.join()
    raise SystemExit("it was over before it was interrupted")
"""


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("subscripts", "others"),
    [
        ("ij,jk->ik", [(M, 8)]),
        ("ij,ik,jl->kl", [(M, 2), (M, 2)]),
        ("ij->i", []),
        ("ij->j", []),
        ("ij,j->i", [(M,)]),
        ("ij,i->j", [(M,)]),
    ],
)
def test_interrupt(subscripts, others, count):
    """Windows make calls long that need little memory."""
    code = (
        INTERRUPT
        + f"""
fasteinsum.set_num_threads({count})
line = rng.random(2 * {M} - 1, np.float32)
operands = [fasteinsum.sliding_window_view(line, {M})]
operands += [rng.random(shape, np.float32) for shape in {others}]
blocks, answers = [], []
assert is_right()
for _ in range(4):
    answers.append(seconds_to_answer(lambda: einsum({subscripts!r}, *operands)))
    assert is_right()
    blocks.append(fasteinsum._fasteinsum._allocated_blocks())
print(json.dumps(answers))
print(json.dumps(blocks))
"""
    )
    answers, blocks = run(code)
    assert max(answers) < 15, answers
    assert len(set(blocks[1:])) == 1  # the first call leaves a plan and a workspace
