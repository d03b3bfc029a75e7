"""Einstein summation as in numpy.einsum, but fast, and windows that make it a convolution."""

from fasteinsum._config import show_config
from fasteinsum._fasteinsum import (
    __version__,
    as_strided,
    einsum,
    einsum_path,
    fold,
    output_shape,
    sliding_window_view,
    windows,
)
from fasteinsum._products import tensordot, transpose

__all__ = [
    "__version__",
    "as_strided",
    "einsum",
    "einsum_path",
    "fold",
    "output_shape",
    "show_config",
    "sliding_window_view",
    "tensordot",
    "transpose",
    "windows",
]

# Functions are shown, pickled and documented under the package, wherever they are implemented.
for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = "fasteinsum"
del _name
