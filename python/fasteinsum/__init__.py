"""Einstein summation as in numpy.einsum, but fast, and windows that make it a convolution."""

import sys as _sys

from fasteinsum import conv
from fasteinsum._config import show_config
from fasteinsum._fasteinsum import (
    __version__,
    as_strided,
    cache_clear,
    cache_info,
    einsum,
    einsum_path,
    expression,
    fold,
    output_shape,
    sliding_window_view,
    windows,
)
from fasteinsum._patch import is_patched, patch_numpy, unpatch_numpy
from fasteinsum._products import tensordot, transpose
from fasteinsum._recycling import get_recycling, set_recycling
from fasteinsum._threads import get_num_threads, set_num_threads, threads
from fasteinsum._vjp import einsum_vjp, vjp_subscripts

__all__ = [
    "__version__",
    "as_strided",
    "cache_clear",
    "cache_info",
    "conv",
    "einsum",
    "einsum_path",
    "einsum_vjp",
    "expression",
    "fold",
    "get_num_threads",
    "get_recycling",
    "is_patched",
    "output_shape",
    "patch_numpy",
    "set_num_threads",
    "set_recycling",
    "show_config",
    "sliding_window_view",
    "tensordot",
    "threads",
    "transpose",
    "unpatch_numpy",
    "vjp_subscripts",
    "windows",
]

# Functions are shown, pickled and documented under the package, wherever they are implemented.
for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = "fasteinsum"
del _name

# A package that limits the threads of all others is told of ours; importing it would take long.
if "threadpoolctl" in _sys.modules:
    from fasteinsum.extras import threadpoolctl as _threadpoolctl

    _threadpoolctl.register()
