"""show_config: the facts to paste into a bug report."""

import os
import sys
from collections.abc import Iterator
from typing import Any, Literal, overload

from fasteinsum import _fasteinsum

# The environment variables that fasteinsum reads, and what each does.
ENVIRONMENT = {
    "FASTEINSUM_ISA": "caps the instruction set: baseline, neon, avx2 or avx512",
    "FASTEINSUM_NUM_THREADS": "threads that a call may use",
    "FASTEINSUM_RECYCLE": "bytes of large results that may be kept for the next ones",
    "OMP_NUM_THREADS": "the same, where FASTEINSUM_NUM_THREADS is not set",
}


def _facts() -> dict[str, Any]:
    facts = _fasteinsum._config()
    numpy = sys.modules["numpy"]
    facts["python"] = sys.version.split()[0]
    facts["platform"] = sys.platform
    facts["numpy"] = numpy.__version__
    facts["extension"] = _fasteinsum.__file__
    facts["environment"] = {name: os.environ.get(name) for name in ENVIRONMENT}
    return facts


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    """One line a fact; what has parts is indented below it."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(value))
        elif isinstance(value, list):
            yield f"{name}: {', '.join(value)}"
        else:
            yield f"{name}: {'-' if value in (None, '') else value}"


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, Any] | None:
    """
    Show how fasteinsum was built and what it uses on this machine.

    Parameters
    ----------
    mode : {'stdout', 'dicts'}, optional
        Print the facts, one a line, or return them as a dict.

    Returns
    -------
    dict or None
        With ``mode='dicts'`` version, compiler and flags, the instruction sets in
        the build and on the machine and what became of each, threads, cache sizes,
        the versions of Python and NumPy, and the environment variables that are read.
        All values are strings, numbers, None, or lists and dicts of these.

    Raises
    ------
    ValueError
        If the mode is another one.

    Examples
    --------
    >>> import fasteinsum
    >>> facts = fasteinsum.show_config(mode="dicts")
    >>> facts["version"] == fasteinsum.__version__
    True
    >>> facts["isa_outcomes"][facts["isa"]]
    'in use'
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode must be 'stdout' or 'dicts', not {mode!r}")
    facts = _facts()
    if mode == "dicts":
        return facts
    print("\n".join(_lines(facts)))
    return None
