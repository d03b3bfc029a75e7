"""What depends on the running NumPy."""

import numpy as np

IS_NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"
MOST_AXES = 64 if IS_NUMPY_2 else 32
