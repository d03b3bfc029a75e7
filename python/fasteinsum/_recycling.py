"""How much memory of large results is kept for the next ones: set_recycling, get_recycling."""

from typing import SupportsIndex

from fasteinsum import _fasteinsum


def set_recycling(bytes: SupportsIndex) -> None:
    """
    Set how much memory of large results may be kept for the next ones.

    Parameters
    ----------
    bytes : int
        In the whole process; 0 for none, and for results in NumPy's own memory.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        If the number is negative.
    TypeError
        If it is no integer.

    See Also
    --------
    get_recycling : how much may be kept.

    Notes
    -----
    The system clears memory before it gives it out, page by page, which takes about
    as long as a product of large vectors. So when a result of 32 MiB or more is no
    longer in use, its memory is kept, and the next result of about its size is
    written there: that of the last four at most. The system may take the pages back
    when it runs short of memory. What is beyond a new limit is given back at once.

    At first the limit is that of the environment variable ``FASTEINSUM_RECYCLE``,
    else 256 MiB. While a handler of memory is set with ``PyDataMem_SetHandler``, in
    NumPy's C interface, results come from that one.

    Examples
    --------
    >>> import fasteinsum
    >>> before = fasteinsum.get_recycling()
    >>> fasteinsum.set_recycling(0)
    >>> fasteinsum.get_recycling()
    0
    >>> fasteinsum.set_recycling(before)
    """
    _fasteinsum._set_recycling(bytes)


def get_recycling() -> int:
    """
    Return how many bytes of large results may be kept for the next ones.

    Returns
    -------
    int
        The limit of `set_recycling`, or else of the environment.

    See Also
    --------
    set_recycling : what it is at first.

    Examples
    --------
    >>> import fasteinsum
    >>> fasteinsum.get_recycling() >= 0
    True
    """
    return _fasteinsum._recycling()["limit"]
