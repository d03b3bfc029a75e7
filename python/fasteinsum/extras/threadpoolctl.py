"""Lets threadpoolctl see and limit the threads of fasteinsum.

`register` is called when fasteinsum is imported after threadpoolctl. In the other order it takes
one line::

    import fasteinsum.extras.threadpoolctl
    fasteinsum.extras.threadpoolctl.register()

Then ``threadpoolctl.threadpool_limits(1)`` limits fasteinsum like any BLAS.
"""

import ctypes

import threadpoolctl


class FasteinsumController(threadpoolctl.LibController):  # type: ignore[misc]
    """What threadpoolctl asks of a library, by the symbols that the extension exports."""

    user_api = "fasteinsum"
    internal_api = "fasteinsum"
    filename_prefixes = ("_fasteinsum",)
    check_symbols = ("fasteinsum_get_num_threads", "fasteinsum_set_num_threads")

    def get_num_threads(self) -> int:
        return int(self.dynlib.fasteinsum_get_num_threads())

    def set_num_threads(self, num_threads: int) -> None:
        self.dynlib.fasteinsum_set_num_threads(num_threads)

    def get_version(self) -> str | None:
        # Asked before the symbols are checked, of any library with such a file name.
        get_version = getattr(self.dynlib, "fasteinsum_get_version", None)
        if get_version is None:
            return None
        get_version.restype = ctypes.c_char_p
        return get_version().decode()


_registered = False


def register() -> None:
    """Make fasteinsum known to threadpoolctl, once."""
    global _registered
    if not _registered:
        threadpoolctl.register(FasteinsumController)
        _registered = True
