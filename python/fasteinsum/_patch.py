"""patch_numpy: numpy.einsum computed by fasteinsum, in code that cannot be changed.

A patch holds for the whole process, or for one thread or task; the places in NumPy that it needs
are filled for all of them, and counted.
"""

import contextlib
import functools
import inspect
import sys
from _thread import allocate_lock  # the module threading would be one more to import
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

from fasteinsum import _fasteinsum
from fasteinsum._slots import Holds, Slot, recognise_globals, recognise_names

_Function = TypeVar("_Function", bound=Callable[..., Any])

NEWS = (
    f"fasteinsum {_fasteinsum.__version__}: numpy.einsum is computed by fasteinsum in the whole "
    "process (unpatch_numpy() ends it, patch_numpy(quiet=True) hides this line)"
)


class Level:
    """Slots that are filled together, and for whom. The lock guards users and everywhere."""

    def __init__(self, name: str, recognise: Callable[[Holds], list[Slot]]) -> None:
        self.recognise = recognise
        self.slots: list[Slot] = []  # empty until NumPy has been recognised
        self.users = 0  # blocks and statements of all threads; the slots are filled while > 0
        self.everywhere = 0  # statements, which hold for every thread
        self.here = ContextVar(f"fasteinsum_{name}", default=0)  # blocks of this thread or task

    def holds(self) -> bool:
        if self.everywhere:
            if _news:
                _tell()
            return True
        return self.here.get() > 0

    def check(self) -> None:
        """All that can fail, before anything is changed."""
        self.slots = self.slots or self.recognise(self.holds)
        if self.users == 0:
            for slot in self.slots:
                slot.check()


_names = Level("names", recognise_names)
_globals = Level("globals", recognise_globals)
_lock = allocate_lock()


# ---- who holds a patch ----


def _acquire(levels: Sequence[Level]) -> None:
    """The caller holds the lock."""
    for level in levels:
        level.check()
    for level in levels:
        level.users += 1
        if level.users == 1:
            for slot in level.slots:
                slot.fill()


def _release(levels: Sequence[Level]) -> None:
    """The caller holds the lock."""
    for level in levels:
        level.users -= 1
        if level.users == 0:
            for slot in level.slots:
                slot.restore()


class Statement:
    """A patch of the whole process."""

    def __init__(self, levels: Sequence[Level]) -> None:
        self.levels = levels


_statements: list[Statement] = []
_news: list[Statement] = []  # of which nobody has been told yet


def _tell() -> None:
    """The line on stderr. It waits until the patch is certain not to become that of a block."""
    told, _news[:] = _news[:], []
    if told and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # closed: einsum works all the same
            print(NEWS, file=sys.stderr)


def _begin_statement(levels: Sequence[Level], quiet: bool) -> Statement:
    statement = Statement(levels)
    with _lock:
        _acquire(levels)
        if not (quiet or _statements):
            _news.append(statement)
        _statements.append(statement)
        for level in levels:
            level.everywhere += 1
    return statement


def _end_statement(statement: Statement | None = None) -> None:
    """Of the newest one, unless another is named; it may have ended already."""
    with _lock:
        if statement is None and _statements:
            statement = _statements[-1]
        if statement not in _statements:
            return
        _statements.remove(statement)
        _news[:] = [other for other in _news if other is not statement]
        for level in statement.levels:
            level.everywhere -= 1
        _release(statement.levels)


class Patch:
    """What patch_numpy returns: in force for the process until it enters a block or decorates."""

    def __init__(self, deep: bool, quiet: bool) -> None:
        self._levels = [_names, _globals] if deep else [_names]
        self._statement = _begin_statement(self._levels, quiet)

    def __enter__(self) -> "Patch":
        with _lock:
            _acquire(self._levels)
        for level in self._levels:
            level.here.set(level.here.get() + 1)
        _end_statement(self._statement)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for level in self._levels:
            level.here.set(max(level.here.get() - 1, 0))
        with _lock:
            _release(self._levels)

    def __call__(self, function: _Function) -> _Function:
        _end_statement(self._statement)
        is_generator = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        if inspect.isclass(function) or not callable(function) or is_generator:
            raise TypeError(
                f"patch_numpy decorates functions and coroutines, not {function!r}: "
                "use a with block"
            )
        if inspect.iscoroutinefunction(function):
            return self._decorate_coroutine(function)

        @functools.wraps(function)
        def patched(*values: Any, **keywords: Any) -> Any:
            with self:
                return function(*values, **keywords)

        return patched  # type: ignore[return-value]

    def _decorate_coroutine(self, function: _Function) -> _Function:
        @functools.wraps(function)
        async def patched(*values: Any, **keywords: Any) -> Any:
            with self:
                return await function(*values, **keywords)

        return patched  # type: ignore[return-value]

    def __del__(self) -> None:
        # A statement drops its value at once, unlike a block: now it is certain which one it is.
        if getattr(self, "_statement", None) in _news and not sys.is_finalizing():
            _tell()

    def __repr__(self) -> str:
        depth = "deep=True" if len(self._levels) == 2 else "deep=False"
        state = "in the whole process" if self._statement in _statements else "in its blocks"
        return f"<patch_numpy({depth}) {state}>"


def patch_numpy(*, deep: bool = True, quiet: bool = False) -> Patch:
    """
    Let fasteinsum compute what other code asks of `numpy.einsum`.

    As a statement it holds for the whole process, until `unpatch_numpy`. As a
    ``with`` block or a decorator it holds inside the block or function, for the
    thread or the task that runs it, and ends there, whatever is raised.

    Parameters
    ----------
    deep : bool, optional
        Replace not only the names `numpy.einsum` and `numpy.einsum_path`, but also
        the functions that NumPy's own einsum calls. Only that reaches code which
        imported einsum from NumPy earlier.
    quiet : bool, optional
        Omit the line on stderr that tells of a patch of the whole process.

    Returns
    -------
    Patch
        To enter or to decorate with; a statement ignores it.

    Raises
    ------
    RuntimeError
        If this NumPy is not built as expected, or another package has replaced
        its functions. Then nothing has been patched.

    See Also
    --------
    unpatch_numpy : the end of a statement.
    is_patched : whether a patch holds here.

    Notes
    -----
    Patches nest and are counted: the last one to end restores NumPy. Code that
    keeps a patched `numpy.einsum` gets NumPy's own once no patch holds.

    With ``optimize`` an einsum that was imported earlier still looks for a path by
    itself and hands over the single steps, whose types and values are then those
    that NumPy's steps have. Arrays with an ``__array_function__`` of their own go
    to NumPy, as always. A task that is started inside a block inherits it.

    A block, too, begins with a call of this function, and is a patch of the whole
    process for the instant before it is entered. The line on stderr waits until a
    statement is certain to be one: until the value returned is dropped, or einsum
    is called.

    Examples
    --------
    >>> import numpy as np
    >>> import fasteinsum
    >>> a = np.arange(6.0).reshape(2, 3)
    >>> with fasteinsum.patch_numpy():
    ...     np.einsum("ij,kj->ik", a, a)
    array([[ 5., 14.],
           [14., 50.]])
    >>> @fasteinsum.patch_numpy()
    ... def norm(a):
    ...     assert fasteinsum.is_patched()
    ...     return np.einsum("ij,ij", a, a)
    >>> print(norm(a))
    55.0
    >>> fasteinsum.is_patched()
    False
    """
    return Patch(deep, quiet)


def unpatch_numpy() -> None:
    """
    End a patch of the whole process.

    Each call takes back one statement `patch_numpy`, the newest first. Without one
    it does nothing; ``with`` blocks and decorated functions are not affected.

    Returns
    -------
    None

    See Also
    --------
    patch_numpy : its beginning.

    Examples
    --------
    >>> import fasteinsum
    >>> patch = fasteinsum.patch_numpy(quiet=True)
    >>> fasteinsum.is_patched()
    True
    >>> fasteinsum.unpatch_numpy()
    >>> fasteinsum.is_patched()
    False
    """
    _end_statement()


def is_patched() -> bool:
    """
    Whether `numpy.einsum`, called from here, is computed by fasteinsum.

    Returns
    -------
    bool
        True while a patch of the whole process holds, and in a ``with`` block or a
        decorated function, for the thread or task that runs it.

    See Also
    --------
    patch_numpy : which does that.

    Examples
    --------
    >>> import fasteinsum
    >>> with fasteinsum.patch_numpy():
    ...     fasteinsum.is_patched()
    True
    >>> fasteinsum.is_patched()
    False
    """
    return _names.users > 0 and (_names.everywhere > 0 or _names.here.get() > 0)
