"""patch_numpy: whom it reaches, whom it leaves alone, and that nothing stays behind."""

import asyncio
import contextlib
import importlib
import inspect
import os
import pickle
import subprocess
import sys
import threading
import types
from pathlib import Path

import fasteinsum
import numpy as np
import pytest
from fasteinsum import _fasteinsum, _patch, _slots, is_patched, patch_numpy, unpatch_numpy
from numpy import einsum as early_einsum
from numpy.testing import assert_array_equal

CORE = "numpy.core" if np.__version__.startswith("1.") else "numpy._core"
einsumfunc = importlib.import_module(f"{CORE}.einsumfunc")
HAS_PAIRS = hasattr(einsumfunc, "bmm_einsum")

SLOTS = [(np, "einsum"), (np, "einsum_path"), (einsumfunc, "c_einsum")]
SLOTS += [(einsumfunc, "bmm_einsum")] * HAS_PAIRS
ORIGINALS = [getattr(module, name) for module, name in SLOTS]

# Other folders are no reason for children to find another NumPy or fasteinsum.
FOLDERS = [str(Path(module.__file__).absolute().parents[1]) for module in (np, fasteinsum)]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(FOLDERS)}

A = np.arange(6.0).reshape(2, 3)
COLUMNS = np.arange(24.0).reshape(2, 3, 4)


def is_restored():
    now = [getattr(module, name) for module, name in SLOTS]
    return all(a is b for a, b in zip(now, ORIGINALS))


def is_ours(function):
    """Whether fasteinsum answers: NumPy refuses an output that drops the ellipsis."""
    try:
        function("i...->i", A)
    except ValueError:
        return False
    return True


@pytest.fixture(autouse=True)
def nothing_stays():
    assert is_restored()
    yield
    assert is_restored()
    assert not is_patched()
    assert not is_ours(np.einsum)
    assert not is_ours(early_einsum)


@pytest.fixture
def calls(monkeypatch):
    """The subscripts of the calls that NumPy's own code hands over."""
    seen = []
    einsum = _fasteinsum.einsum

    def counting(*operands, **keywords):
        seen.append(operands[0])
        return einsum(*operands, **keywords)

    monkeypatch.setattr(_fasteinsum, "einsum", counting)
    return seen


# ---- the three forms ----


@pytest.mark.parametrize("deep", [True, False])
def test_statement(deep):
    patch_numpy(deep=deep, quiet=True)
    try:
        assert is_patched()
        assert is_ours(np.einsum)
        assert is_ours(early_einsum) == deep
        assert_array_equal(np.einsum("ij,kj->ik", A, A), A @ A.T)
        assert np.einsum_path("ij,jk", A, A.T) == fasteinsum.einsum_path("ij,jk", A, A.T)
    finally:
        unpatch_numpy()
    assert is_restored()


@pytest.mark.parametrize("deep", [True, False])
def test_block(deep):
    with patch_numpy(deep=deep):
        assert is_patched()
        assert is_ours(np.einsum)
        assert is_ours(early_einsum) == deep
    assert is_restored()


def test_decorator():
    @patch_numpy()
    def answer(depth, *, text):
        """A docstring."""
        assert is_ours(early_einsum)
        if depth:
            answer(depth - 1, text=text)
        assert is_patched()
        return text

    assert is_restored()
    assert answer(3, text="x") == "x"
    assert (answer.__name__, answer.__doc__) == ("answer", "A docstring.")
    assert str(inspect.signature(answer)) == "(depth, *, text)"


def test_decorated_coroutine():
    @patch_numpy()
    async def answer():
        await asyncio.sleep(0)
        return is_ours(early_einsum)

    async def both():
        task = asyncio.ensure_future(answer())
        await asyncio.sleep(0)
        return is_ours(np.einsum), await task

    assert inspect.iscoroutinefunction(answer)
    assert asyncio.run(both()) == (False, True)


def test_what_cannot_be_decorated():
    def generator():
        yield

    async def async_generator():
        yield

    class Type:
        pass

    for function in (generator, async_generator, Type, 1):
        with pytest.raises(TypeError, match="with block"):
            patch_numpy()(function)
        assert is_restored()
    with pytest.raises(TypeError):
        patch_numpy(generator)


def test_unpatching_without_a_patch_does_nothing():
    unpatch_numpy()
    with patch_numpy():
        unpatch_numpy()
        assert is_ours(np.einsum)


# ---- nesting and exceptions ----


def test_nested_blocks():
    with patch_numpy():
        with patch_numpy(deep=False):
            assert is_ours(early_einsum)
        assert is_ours(np.einsum)
        assert is_ours(early_einsum)
    assert is_restored()
    with patch_numpy(deep=False):
        with patch_numpy():
            assert is_ours(early_einsum)
        assert is_ours(np.einsum)
        assert not is_ours(early_einsum)


def test_one_patch_entered_again():
    patch = patch_numpy()
    with patch:
        with patch:
            assert is_ours(np.einsum)
        assert is_ours(np.einsum)
    assert is_restored()
    with patch:
        assert is_ours(np.einsum)


def test_nested_statements():
    for _ in range(3):
        patch_numpy(quiet=True)
    for _ in range(3):
        assert is_ours(np.einsum)
        unpatch_numpy()
    assert is_restored()


def test_the_newest_statement_ends_first():
    patch_numpy(quiet=True, deep=False)
    patch_numpy(quiet=True)
    assert is_ours(early_einsum)
    unpatch_numpy()
    assert is_ours(np.einsum)
    assert not is_ours(early_einsum)
    unpatch_numpy()


def test_patches_may_end_in_any_order():
    with contextlib.ExitStack() as inner, contextlib.ExitStack() as outer:
        outer.enter_context(patch_numpy())
        inner.enter_context(patch_numpy())
        patch_numpy(quiet=True)
        outer.close()
        assert is_ours(early_einsum)
        inner.close()
        assert is_ours(early_einsum)
        unpatch_numpy()
        assert is_restored()


def test_exception_in_a_block():
    with pytest.raises(KeyError), patch_numpy(), patch_numpy(deep=False):
        raise KeyError
    assert is_restored()


def test_exception_in_a_decorated_function():
    @patch_numpy()
    def fail():
        np.einsum("ij,jk", A, A)

    with pytest.raises(ValueError, match="'j'"):
        fail()
    assert is_restored()


def test_patches_of_others_are_left_alone(monkeypatch):
    """Somebody wraps the patched function and removes the wrapper later than the patch ends."""
    with patch_numpy():
        ours = np.einsum

        def wrapper(*operands, **keywords):
            return ours(*operands, **keywords)

        np.einsum = wrapper
        with patch_numpy():
            assert is_ours(wrapper)
    assert np.einsum is wrapper
    assert not is_ours(wrapper)
    with pytest.raises(RuntimeError, match=r"numpy.einsum has been replaced"):
        patch_numpy()
    np.einsum = ours  # as the wrapper's owner found it
    assert not is_ours(ours)
    with patch_numpy():
        assert is_ours(np.einsum)


# ---- threads and tasks ----


def in_thread(function):
    result = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join()
    return result[0]


def what_is_ours():
    return is_patched(), is_ours(np.einsum), is_ours(early_einsum)


def test_a_block_patches_its_own_thread():
    with patch_numpy():
        assert what_is_ours() == (True, True, True)
        assert in_thread(what_is_ours) == (False, False, False)


def test_a_statement_patches_every_thread():
    patch_numpy(quiet=True)
    assert in_thread(what_is_ours) == (True, True, True)
    unpatch_numpy()


def test_a_statement_and_blocks_of_other_threads():
    def in_block():
        with patch_numpy(deep=False):
            unpatch_numpy()
            return what_is_ours()

    patch_numpy(quiet=True)
    assert in_thread(in_block) == (True, True, False)


def test_a_block_patches_its_own_task():
    entered, seen = asyncio.Event, {}

    async def patched(ready, checked):
        with patch_numpy():
            ready.set()
            await checked.wait()
            seen["inside"] = what_is_ours()

    async def other(ready, checked):
        await ready.wait()
        seen["outside"] = what_is_ours()
        checked.set()

    async def both():
        ready, checked = entered(), entered()
        await asyncio.gather(patched(ready, checked), other(ready, checked))

    asyncio.run(both())
    assert seen == {"inside": (True, True, True), "outside": (False, False, False)}


def test_many_threads():
    patches = {deep: patch_numpy(deep=deep) for deep in (True, False)}
    for patch in patches.values():
        with patch:
            pass
    mistakes = []
    start = threading.Barrier(4)

    def work(deep):
        start.wait()
        for _ in range(200):
            with patches[deep]:
                if what_is_ours() != (True, True, deep):
                    mistakes.append("inside")
            if any(what_is_ours()):
                mistakes.append("outside")

    threads = [threading.Thread(target=work, args=(i % 2 == 0,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mistakes


# ---- the line on stderr ----


def test_a_statement_is_announced_once(capsys):
    patch_numpy()
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "numpy.einsum is computed by fasteinsum" in text
    patch_numpy()
    np.einsum("ij->j", A)
    assert capsys.readouterr().err == ""
    unpatch_numpy()
    unpatch_numpy()


def test_a_statement_whose_value_is_kept_is_announced_by_the_first_call(capsys):
    patch = patch_numpy()
    assert "whole process" in repr(patch)
    assert capsys.readouterr().err == ""
    np.einsum("ij->j", A)
    assert capsys.readouterr().err.count("\n") == 1
    unpatch_numpy()
    assert "whole process" not in repr(patch)
    del patch
    assert capsys.readouterr() == ("", "")


def test_blocks_and_decorators_are_silent(capsys):
    with patch_numpy():
        np.einsum("ij->j", A)
    patch_numpy()(what_is_ours)()
    patch_numpy(quiet=True)
    np.einsum("ij->j", A)
    unpatch_numpy()
    assert capsys.readouterr() == ("", "")


# ---- how far it reaches ----


def test_early_import_with_optimize(calls):
    with patch_numpy():
        result = early_einsum("ij,kj,kl->il", A, A, A, optimize=True)
    assert_array_equal(result, A @ A.T @ A)
    assert len(calls) == (2 if HAS_PAIRS else 1)  # before 2.4 tensordot leaves one transposition
    out = np.empty((2, 4))
    with patch_numpy():
        assert early_einsum("ijk,ij->ik", COLUMNS, A, out=out, optimize=True) is out
    assert_array_equal(out, np.sum(COLUMNS * A[..., None], axis=1))


@pytest.mark.skipif(not HAS_PAIRS, reason="NumPy has bmm_einsum since 2.4")
def test_early_import_with_optimize_stores_in_what_numpy_stores_in(calls):
    expected, out = np.zeros((), np.float32), np.zeros((), np.float32)
    early_einsum("i,i->", A[1], A[1], out=expected, optimize=True)
    with patch_numpy():
        assert early_einsum("i,i->", A[1], A[1], out=out, optimize=True) is out
    assert out == expected == 50
    assert len(calls) == 1


def test_the_replaced_c_function_takes_what_the_original_takes(calls):
    out = np.empty(3)
    with patch_numpy():
        c_einsum = einsumfunc.c_einsum
        assert c_einsum("ij->j", A, out=out, order="F", casting="no", dtype=None) is out
        assert_array_equal(c_einsum(A, [0, 1], [1]), out)
        assert c_einsum("ij->ji", A).base is A.base
        assert len(calls) == 3
    assert_array_equal(out, A.sum(0))


@pytest.mark.parametrize("keywords", [{"out": None}, {"optimize": False}, {"out": [1]}, {"to": 1}])
def test_the_replaced_c_function_refuses_what_the_original_refuses(keywords):
    with pytest.raises(TypeError):
        einsumfunc.c_einsum("ij->j", A, **keywords)
    with patch_numpy(), pytest.raises(TypeError):
        einsumfunc.c_einsum("ij->j", A, **keywords)


def test_private_form_of_einsum_path():
    plain = np.einsum_path("ij,jk", A, A.T, einsum_call=True)
    with patch_numpy():
        patched = np.einsum_path("ij,jk", A, A.T, einsum_call=True)
    assert len(patched) == len(plain)
    assert patched[1] == plain[1]


def test_the_replacement_looks_like_the_original():
    original = np.einsum
    with patch_numpy():
        patched = np.einsum
        assert inspect.signature(patched) == inspect.signature(original)
        assert (patched.__name__, patched.__module__) == ("einsum", "numpy")
        assert patched.__doc__ == original.__doc__
        assert inspect.isroutine(patched)
        assert patched == original
        assert original == patched
        assert patched != np.einsum_path
        assert {original: 1}[patched] == {patched: 1}[original] == 1
        assert pickle.loads(pickle.dumps(patched)) is patched
        assert patched._implementation is original._implementation
        bound = type("Holder", (), {"einsum": patched})()
        with pytest.raises(TypeError, match=r"subscripts|Holder|operand"):
            bound.einsum("ii", A)  # like NumPy's, it is a method there


# ---- other array types ----


class Duck:
    """It answers by itself, and tells which function it was asked for."""

    def __array_function__(self, function, types, args, kwargs):
        return "quack", function


class Wrapped(np.ndarray):
    """It lets NumPy work on itself, which asks einsum again for the same operands."""

    def __array_function__(self, function, types, args, kwargs):
        result = super().__array_function__(function, types, args, kwargs)
        return result.view(Wrapped) if isinstance(result, np.ndarray) else result


class Plain(np.ndarray):
    pass


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("optimize", [False, True])
def test_foreign_arrays(deep, optimize):
    registry = {np.einsum: "before"}
    with patch_numpy(deep=deep):
        for einsum in (np.einsum, early_einsum, fasteinsum.einsum):
            answer, function = einsum("i,i", Duck(), A, optimize=optimize)
            assert answer == "quack"
            assert registry[function] == "before"
            assert {np.einsum: "under"}[function] == "under"
        assert np.einsum_path("i,i", Duck(), A)[0] == "quack"


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("optimize", [False, True])
def test_subclasses_that_defer_to_numpy(deep, optimize):
    a = A.view(Wrapped)
    before = np.einsum("ij,kj->ik", a, A, optimize=optimize)
    with patch_numpy(deep=deep):
        for einsum in (np.einsum, early_einsum, fasteinsum.einsum):
            result = einsum("ij,kj->ik", a, A, optimize=optimize)
            assert type(result) is type(before) is Wrapped
            assert_array_equal(result, before)
        out = np.zeros((2, 2)).view(Wrapped)
        np.einsum("ij,kj->ik", A, A, out=out, optimize=optimize)
        assert_array_equal(out, before)


@pytest.mark.parametrize("deep", [True, False])
def test_subclasses_without_a_protocol(deep, calls):
    with patch_numpy(deep=deep):
        assert type(early_einsum("ij->ji", A.view(Plain))) is np.ndarray
        out = np.zeros(3).view(Plain)
        assert early_einsum("ij->j", A.view(Plain), out=out) is out
    assert len(calls) == 2 * deep
    assert_array_equal(out, A.sum(0))


# ---- a NumPy that is not recognised ----


def other_function(*operands):
    raise AssertionError("nobody calls this")


class FromElsewhere:
    """In the place of einsum, with the implementation of somebody else."""

    @staticmethod
    def _implementation(*operands):
        raise AssertionError("nobody calls c_einsum" + str(einsumfunc.c_einsum))


class WithoutCFunction:
    """In the place of einsum, in its module, but without a call of c_einsum."""

    _implementation = staticmethod(
        types.FunctionType(other_function.__code__, vars(einsumfunc), "einsum")
    )


STRANGE = [
    (np, "einsum", other_function),
    (np, "einsum", None),
    (np, "einsum_path", other_function),
    (einsumfunc, "c_einsum", other_function),
    (einsumfunc, "c_einsum", len),
    (einsumfunc, "c_einsum", None),
]


def forget(monkeypatch):
    """As in a process that has never patched."""
    for level in (_patch._names, _patch._globals):
        monkeypatch.setattr(level, "slots", [])


def check_refusal(monkeypatch, module, name, value):
    monkeypatch.setattr(module, name, value)
    before = [getattr(module, name) for module, name in SLOTS]
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"patch_numpy.*nothing has been patched"):
            patch_numpy()
        assert all(getattr(*slot) is value for slot, value in zip(SLOTS, before))
        assert not is_patched()
    monkeypatch.undo()


@pytest.mark.parametrize("case", STRANGE)
@pytest.mark.parametrize("is_new", [True, False])
def test_strange_numpy(case, is_new, monkeypatch):
    with patch_numpy():
        pass
    if is_new:
        forget(monkeypatch)
    check_refusal(monkeypatch, *case)


@pytest.mark.parametrize("value", [FromElsewhere, WithoutCFunction, len])
def test_strange_implementation(value, monkeypatch):
    forget(monkeypatch)
    monkeypatch.setattr(np, "einsum", value)
    check_refusal(monkeypatch, einsumfunc, "einsum", value)
    forget(monkeypatch)
    monkeypatch.setattr(_slots, "EINSUM_SIGNATURE", str(inspect.signature(value)))
    monkeypatch.setattr(np, "einsum", value)
    check_refusal(monkeypatch, einsumfunc, "einsum", value)


def test_strange_signature(monkeypatch):
    for name, signature in (("EINSUM_SIGNATURE", "(x)"), ("PATH_SIGNATURE", "(x)")):
        forget(monkeypatch)
        check_refusal(monkeypatch, _slots, name, signature)


@pytest.mark.skipif(not HAS_PAIRS, reason="NumPy has bmm_einsum since 2.4")
@pytest.mark.parametrize("value", [other_function, len, None])
def test_strange_pairs(value, monkeypatch):
    forget(monkeypatch)
    check_refusal(monkeypatch, einsumfunc, "bmm_einsum", value)


def test_missing_module(monkeypatch):
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, f"{CORE}.einsumfunc", None)
    with pytest.raises(RuntimeError, match="does not recognise"):
        patch_numpy()


def test_names_can_be_patched_where_the_globals_are_strange(monkeypatch):
    forget(monkeypatch)
    with monkeypatch.context() as change:
        change.setattr(einsumfunc, "c_einsum", other_function)
        with patch_numpy(deep=False):
            assert is_ours(np.einsum)
        assert einsumfunc.c_einsum is other_function
    with patch_numpy():
        assert is_ours(early_einsum)


def test_the_globals_are_recognised_under_patched_names(monkeypatch):
    forget(monkeypatch)
    with patch_numpy(deep=False), patch_numpy():
        assert is_ours(early_einsum)


# ---- NumPy's own tests ----

NUMPY_TESTS = """
import sys
import numpy as np
from fasteinsum import _fasteinsum, is_patched, patch_numpy
names = np.einsum, np.einsum_path
calls, einsum = 0, _fasteinsum.einsum

def counting(*operands, **keywords):
    global calls
    calls += 1
    return einsum(*operands, **keywords)

_fasteinsum.einsum = counting
patch_numpy(quiet=True, deep=sys.argv[1] != "names")
if sys.argv[1] == "globals":
    np.einsum, np.einsum_path = names  # as if all had been imported before
import pytest
code = pytest.main(["-q", "-p", "no:cacheprovider", "-W", "ignore", "--pyargs", sys.argv[2]])
assert is_patched()
print("calls:", calls)
sys.exit(code)
"""


@pytest.mark.parametrize("what", ["all", "names", "globals"])
def test_numpys_own_tests(what, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", NUMPY_TESTS, what, f"{CORE}.tests.test_einsum"],
        capture_output=True,
        text=True,
        cwd=tmp_path,  # where the settings of this project's tests do not count
        env=ENVIRONMENT,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "failed" not in done.stdout
    assert "skipped" not in done.stdout
    assert int(done.stdout.rpartition("calls:")[2]) > 1000


# ---- python -m fasteinsum run ----

SCRIPT = """
import sys
from neighbour import einsum, A
import fasteinsum
assert __name__ == "__main__"
assert sys.modules["__main__"].A is A
assert fasteinsum.is_patched()
print(einsum("i...->i", A).tolist(), *sys.argv, sep="|")
sys.exit(7)
"""


@pytest.fixture
def script(tmp_path):
    folder = tmp_path / "with neighbours"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    (folder / "neighbour.py").write_text("from numpy import einsum, eye\nA = eye(2)\n")
    return folder / "script.py"


def run(*arguments, cwd=None):
    command = [sys.executable, "-m", "fasteinsum", "run", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT, timeout=120
    )


def test_run(script):
    done = run(str(script), "--quiet", "-x", "last")
    assert done.stdout == f"[1.0, 1.0]|{script}|--quiet|-x|last\n", done.stderr
    assert done.returncode == 7
    assert done.stderr == _patch.NEWS + "\n"


def test_run_quietly(script):
    done = run("--quiet", script.name, cwd=script.parent)
    assert done.stdout == "[1.0, 1.0]|script.py\n", done.stderr
    assert (done.returncode, done.stderr) == (7, "")


def test_run_without_a_script(tmp_path):
    done = run("missing.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "'missing.py'" in done.stderr
    assert "Traceback" not in done.stderr
