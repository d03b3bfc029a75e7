"""How many threads a call may use: set_num_threads, get_num_threads, threads."""

import contextlib
from collections.abc import Iterator
from typing import SupportsIndex

from fasteinsum import _fasteinsum


def set_num_threads(count: SupportsIndex) -> None:
    """
    Set how many threads a call may use, in the whole process.

    Parameters
    ----------
    count : int
        The calling thread included; from 1 to 512. With 1 no other thread is used.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        If the number is out of its range.
    TypeError
        If it is no integer.

    See Also
    --------
    threads : the same for a block.
    get_num_threads : how many there are.

    Notes
    -----
    At first the number is that of the environment variables
    ``FASTEINSUM_NUM_THREADS`` or ``OMP_NUM_THREADS``, else that of the processors
    which the process may use: by its affinity mask, and by the quota of its control
    groups. Threads start when the first call comes that is worth it. Small calls
    run on the calling thread alone, and so does a call that comes while another one
    has the threads. Results do not depend on the number, not in the last bit.

    Examples
    --------
    >>> import fasteinsum
    >>> before = fasteinsum.get_num_threads()
    >>> fasteinsum.set_num_threads(1)
    >>> fasteinsum.get_num_threads()
    1
    >>> fasteinsum.set_num_threads(before)
    """
    _fasteinsum._set_threads(count)


def get_num_threads() -> int:
    """
    Return how many threads a call from here may use.

    Returns
    -------
    int
        The number of the innermost block of `threads` in the calling thread, or
        else of `set_num_threads`, the environment or the system.

    See Also
    --------
    set_num_threads : what it is at first.

    Examples
    --------
    >>> import fasteinsum
    >>> with fasteinsum.threads(2):
    ...     fasteinsum.get_num_threads()
    2
    """
    return _fasteinsum._threads()


def threads(count: SupportsIndex) -> contextlib._GeneratorContextManager[None]:
    """
    Limit the calls inside a ``with`` block, or a decorated function, to some threads.

    Parameters
    ----------
    count : int
        The calling thread included; from 1 to 512.

    Returns
    -------
    context manager
        It restores the number that held before, whatever is raised.

    Raises
    ------
    ValueError
        If the number is out of its range.
    TypeError
        If it is no integer.

    See Also
    --------
    set_num_threads : the same for the process.

    Notes
    -----
    The number holds for calls of the thread that enters the block, whatever others
    do meanwhile. A coroutine that awaits something inside shares it with all else
    that its thread runs in the meantime.

    Examples
    --------
    >>> import numpy as np
    >>> import fasteinsum
    >>> a = np.ones((300, 300))
    >>> with fasteinsum.threads(1):
    ...     b = fasteinsum.einsum('ij,jk->ik', a, a)
    >>> @fasteinsum.threads(2)
    ... def count():
    ...     return fasteinsum.get_num_threads()
    >>> count()
    2
    """
    return _threads(_fasteinsum._check_threads(count))


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = _fasteinsum._set_own_threads(count)
    try:
        yield
    finally:
        _fasteinsum._set_own_threads(before)
