"""Einstein summation as in numpy.einsum, fast with plain default calls, and windows to go with it."""

from fasteinsum._config import show_config
from fasteinsum._fasteinsum import (
    __version__,
    as_strided,
    einsum,
    fold,
    output_shape,
    sliding_window_view,
    windows,
)

__all__ = [
    "__version__",
    "as_strided",
    "einsum",
    "fold",
    "output_shape",
    "show_config",
    "sliding_window_view",
    "windows",
]

# Names are shown, pickled and documented under the package, wherever they are implemented.
for _function in (as_strided, einsum, fold, output_shape, show_config, sliding_window_view, windows):
    _function.__module__ = "fasteinsum"
del _function
