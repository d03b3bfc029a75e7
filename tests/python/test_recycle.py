"""Large results in memory that is used again: right and apart, within the limit, and as NumPy's own
memory to all who look at it: views, resizing, forks, threads, other handlers, tracemalloc."""

import ctypes
import json
import os
import subprocess
import sys
import threading
import tracemalloc

import fasteinsum
import numpy as np
import pytest
from fasteinsum import _fasteinsum, einsum, get_recycling, set_recycling
from numpy.lib import tracemalloc_domain

if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
    from numpy._core.multiarray import _ARRAY_API, get_handler_name
else:
    from numpy.core.multiarray import _ARRAY_API, get_handler_name

MIB = 1 << 20
N = 2100  # of an outer product of float64: 34 MiB
row, column = np.arange(1.0, N + 1), np.arange(2.0, N + 2)
BYTES = N * N * 8
OURS, NUMPYS = "fasteinsum", "default_allocator"


@pytest.fixture(autouse=True)
def nothing_kept():
    before = get_recycling()
    set_recycling(0)
    set_recycling(256 * MIB)
    yield
    set_recycling(0)
    set_recycling(before)


def kept():
    return _fasteinsum._recycling()["kept"]


def product(factor=1.0):
    return einsum(",i,j->ij", factor, row, column)


def is_product(array, factor=1.0):
    return np.array_equal(array, np.multiply.outer(factor * row, column))


def address(array):
    return array.__array_interface__["data"][0]


def in_child(code, **variables):
    """What a program prints, as JSON, and its warnings."""
    environment = {name: value for name, value in os.environ.items() if "FASTEINSUM_" not in name}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout), done.stderr


# ---------------------------------------------------------------- results


def test_a_result_takes_the_place_of_one_that_is_gone():
    first = product()
    place = address(first)
    second = product(2.0)
    assert is_product(first)
    assert is_product(second, 2.0)
    assert not np.shares_memory(first, second)
    del first
    assert kept() == BYTES
    third = product(3.0)
    assert address(third) == place
    assert is_product(second, 2.0)
    assert is_product(third, 3.0)
    assert kept() == 0


def test_results_are_arrays_like_others():
    result = product()
    assert get_handler_name(result) == OURS
    assert result.flags.owndata
    assert result.flags.writeable
    assert result.flags.c_contiguous
    assert result.base is None
    assert address(result) % 64 == 0


def test_small_results_are_numpys():
    for result in (einsum("i,j->ij", row[:10], column), einsum("i,j->ij", row[:1900], column)):
        assert get_handler_name(result) == NUMPYS
    assert kept() == 0


LARGE = {
    "first call": lambda: einsum("i,j->ij", row.tolist(), column),
    "Fortran order": lambda: einsum("i,j->ij", row, column, order="F"),
    "complex": lambda: einsum("i,j->ij", row.astype(complex), column),
    "sums": lambda: einsum("ki,kj->ij", row[None], column[None]),
    "expression": lambda: fasteinsum.expression("i,j->ij", (N,), (N,))(row, column),
    "fold": lambda: fasteinsum.fold(np.broadcast_to(1.0, (N * N, 1)), N * N, 0),
    "windows": lambda: fasteinsum.windows(np.ones((N, N)), 2, 0, padding=1, mode="edge").base,
    "tensordot": lambda: fasteinsum.tensordot(row, column, 0),
}


@pytest.mark.parametrize("call", LARGE.values(), ids=LARGE)
def test_whoever_makes_large_results(call):
    expected = call().copy()
    block = kept()
    assert block >= BYTES
    result = call()
    while result.base is not None:
        result = result.base
    assert get_handler_name(result) == OURS
    assert kept() < block
    np.testing.assert_array_equal(result, expected)


def test_foreign_byte_order():
    result = einsum("i,j->ij", row, column, dtype=">f8")
    assert result.dtype == ">f8"
    assert get_handler_name(result) == OURS
    assert is_product(result)


def test_objects_begin_as_zeros():
    """In memory that holds something else: NumPy asks for zeros there."""
    garbage = product(np.pi)
    del garbage
    few = np.array([1, 2, 3], object)
    many = np.arange(N * N // 3, dtype=object)
    result = einsum("i,j->ij", few, many)
    assert get_handler_name(result) == OURS
    assert result[2, 5] == 15
    assert result[1, -1] == 2 * many[-1]


# ---------------------------------------------------------------- the limit


def test_what_is_kept_is_bounded():
    results = [product(factor) for factor in range(9)]
    for factor, result in enumerate(results):
        assert is_product(result, factor)
    del result
    while results:
        results.pop()
        assert kept() <= 4 * BYTES
    assert kept() == 4 * BYTES
    set_recycling(2 * BYTES + 1)
    assert kept() == 2 * BYTES
    product()
    assert kept() == 2 * BYTES


def test_larger_results_than_the_limit_are_not_kept():
    set_recycling(BYTES - 1)
    product()
    assert kept() == 0
    set_recycling(BYTES)
    product()
    assert kept() == BYTES


def test_other_sizes():
    """A result may lie in a block that is up to a quarter larger, and in no other."""
    product()
    assert kept() == BYTES
    slightly = einsum("i,j->ij", row[: N - 50], column)
    assert kept() == 0
    del slightly
    assert kept() == BYTES
    larger = einsum("i,j,k->ijk", row, column, np.ones(2))
    assert kept() == BYTES
    del larger
    assert kept() == 3 * BYTES


def test_switched_off():
    result = product()
    product()
    assert kept() == BYTES
    set_recycling(0)
    assert kept() == 0
    assert get_recycling() == 0
    other = product(2.0)
    assert get_handler_name(other) == NUMPYS
    assert is_product(result)
    del result, other
    assert kept() == 0


MEASURE = """
import json, os, resource
import numpy as np, fasteinsum
a = np.ones(2500)
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
fasteinsum.einsum("i,j->ij", a[:9], a)
before = resident()
result = fasteinsum.einsum("i,j->ij", a, a)
held = resident() - before
del result
kept = fasteinsum._fasteinsum._recycling()["kept"]
fasteinsum.set_recycling(0)
print(json.dumps([held, kept, resident() - before]))
"""


def test_switching_off_gives_memory_back():
    (held, recycled, left), _ = in_child(MEASURE)
    assert held > 49_000_000
    assert recycled == 50_000_000
    if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # which holds freed memory back
        assert left < 5_000_000


def test_environment():
    code = "import json, fasteinsum; print(json.dumps(fasteinsum.get_recycling()))"
    assert in_child(code) == (256 * MIB, "")
    assert in_child(code, FASTEINSUM_RECYCLE="0") == (0, "")
    assert in_child(code, FASTEINSUM_RECYCLE="123") == (123, "")
    bytes_, warning = in_child(code, FASTEINSUM_RECYCLE="1G")
    assert bytes_ == 256 * MIB
    assert "RuntimeWarning: FASTEINSUM_RECYCLE='1G' is no number of bytes and ignored" in warning


def test_arguments():
    set_recycling(np.int16(5))
    assert get_recycling() == 5
    assert fasteinsum.show_config(mode="dicts")["recycling"] == {"limit": 5, "kept": 0}
    with pytest.raises(ValueError, match=r"^bytes must not be negative, as -1 is$"):
        set_recycling(-1)
    with pytest.raises(TypeError):
        set_recycling(1e6)
    assert get_recycling() == 5
    set_recycling(10**30)
    assert get_recycling() == sys.maxsize


# ---------------------------------------------------------------- the life of an array


@pytest.mark.parametrize("rows", [10, N - 300, N, 2 * N])
def test_resize(rows):
    result = product()
    result.resize((rows, N), refcheck=False)
    same = min(rows, N)
    np.testing.assert_array_equal(result[:same], np.multiply.outer(row[:same], column))
    assert not result[same:].any()
    result[...] = 5
    del result
    assert is_product(product())


def test_views_hold_the_block():
    view = product()[::2, 5:]
    other = product(2.0)
    np.testing.assert_array_equal(view, np.multiply.outer(row[::2], column[5:]))
    assert kept() == 0
    del view
    assert kept() == BYTES
    assert is_product(other, 2.0)


def test_copies_and_arithmetic_are_numpys():
    result = product()
    for other in (result.copy(), result + 1, np.empty((N, N))):
        assert get_handler_name(other) == NUMPYS


def test_setting_the_state_of_a_result():
    """NumPy gives the block back and takes one of its own."""
    result = product()
    result.__setstate__(np.arange(6.0).__reduce__()[2])
    np.testing.assert_array_equal(result, np.arange(6.0))
    assert get_handler_name(result) == NUMPYS


def test_fork():
    """The child writes where the parent's results are kept, and neither sees the other's."""
    mine = product()
    product(2.0)
    child = os.fork()
    if child == 0:
        theirs = product(3.0)
        good = is_product(theirs, 3.0) and is_product(mine)
        mine[...] = 7
        del theirs
        set_recycling(0)
        os._exit(0 if good and kept() == 0 else 1)
    results = [product(factor) for factor in (4.0, 5.0)]
    assert os.waitpid(child, 0)[1] == 0
    assert is_product(mine)
    assert is_product(results[0], 4.0)
    assert is_product(results[1], 5.0)


def test_threads():
    """Each has some results at a time, and reads them again before it lets them go."""
    problems = []

    def work(name):
        held = []
        for turn in range(25):
            factor = float(100 * name + turn)
            size = N - 60 * (turn % 3)
            held.append((factor, size, einsum(",i,j->ij", factor, row[:size], column)))
            if len(held) > 2:
                factor, size, result = held.pop(0)
                right = result[:, -1] == factor * row[:size] * column[-1]
                if not (right.all() and result[0, 0] == factor * 2):
                    problems.append((name, turn))
                del result

    workers = [threading.Thread(target=work, args=(name,)) for name in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not problems
    assert kept() <= get_recycling()


# ---------------------------------------------------------------- NumPy's interface


class Handler(ctypes.Structure):
    """PyDataMem_Handler of NumPy."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("allocator", ctypes.c_void_p * 5),
    )


def c_function(name, result, *arguments):
    function = ctypes.PYFUNCTYPE(result, *arguments)
    return function((name, ctypes.pythonapi))


capsule_pointer = c_function(
    "PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p
)
capsule_new = c_function(
    "PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
)
table = ctypes.cast(capsule_pointer(_ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[304])
default_handler = ctypes.cast(table[306], ctypes.POINTER(ctypes.py_object)).contents.value


def test_a_handler_of_the_user_is_left_alone():
    numpys = Handler.from_address(capsule_pointer(default_handler, b"mem_handler"))
    users = Handler(b"of the user", numpys.version, numpys.allocator)
    capsule = capsule_new(ctypes.addressof(users), b"mem_handler", None)
    product()
    assert kept() == BYTES
    before = set_handler(capsule)
    try:
        assert before is default_handler
        result = product(2.0)
        assert get_handler_name(result) == "of the user"
        assert get_handler_name() == "of the user"
        assert is_product(result, 2.0)
        assert kept() == BYTES
        del result
    finally:
        assert set_handler(before) is capsule
    assert get_handler_name(product()) == OURS
    assert get_handler_name() == NUMPYS


def test_tracemalloc_sees_them():
    def traced():
        domain = tracemalloc.DomainFilter(True, tracemalloc_domain)
        return sum(
            trace.size for trace in tracemalloc.take_snapshot().filter_traces([domain]).traces
        )

    product()
    tracemalloc.start()
    try:
        before = traced()
        result = product()
        assert traced() - before == BYTES
        result.resize((N // 2, N), refcheck=False)
        assert traced() - before == BYTES // 2
        del result
        assert abs(traced() - before) < 1000
    finally:
        tracemalloc.stop()


EXHAUST = """
import json, re, resource
import numpy as np, fasteinsum
a = np.ones(4000)
kept = lambda: fasteinsum._fasteinsum._recycling()["kept"]
product = lambda n: fasteinsum.einsum("i,j->ij", a[:n], a)
product(4000)
first = kept()
with open("/proc/self/status") as file:
    used = int(re.search(r"VmSize:\\s*(\\d+) kB", file.read()).group(1)) << 10
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), -1))
assert product(3000)[-1, -1] == 1  # would not fit beside the kept block
second = kept()
refused = 0
for _ in range(3):
    try:
        fasteinsum.einsum("i,j,k->ijk", a, a, a[:9])
    except MemoryError:
        refused += 1
assert product(3000)[-1, -1] == 1
print(json.dumps([first, second, refused, kept()]))
"""


def test_no_memory():
    """What is kept is given back first; then it is a MemoryError, and the next call works."""
    (first, second, refused, last), _ = in_child(EXHAUST, FASTEINSUM_NUM_THREADS="1")
    assert first == 128_000_000
    assert second == 96_000_000
    assert refused == 3
    assert last == 96_000_000
