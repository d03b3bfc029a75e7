/* Docstrings of the functions that deal with windows. The first line of each is its signature. */
#ifndef FASTEINSUM_BINDING_WINDOWS_DOCS_H
#define FASTEINSUM_BINDING_WINDOWS_DOCS_H

/* clang-format off: as it reads in Python */
#define SLIDING_WINDOW_VIEW_DOC                                                         \
    "sliding_window_view(x, window_shape, axis=None, *, stride=1, dilation=1, "         \
    "subok=False, writeable=False)\n"                                                   \
    "--\n"                                                                              \
    "\n"                                                                                \
    "Create a view of all windows of an array, as NumPy does, with strides and gaps.\n" \
    "\n"                                                                                \
    "A drop-in for :func:`numpy.lib.stride_tricks.sliding_window_view`. Nothing is\n"   \
    "ever copied or padded; `windows` is the lenient form, which can pad.\n"            \
    "\n"                                                                                \
    "Parameters\n"                                                                      \
    "----------\n"                                                                      \
    "x : array_like\n"                                                                  \
    "    Array to look at. Types with an ``__array_function__`` of their own are\n"     \
    "    handed to NumPy's function, and the result is sliced.\n"                       \
    "window_shape : int or tuple of int\n"                                              \
    "    Size K of the window along each windowed axis.\n"                              \
    "axis : int or tuple of int, optional\n"                                            \
    "    The windowed axes; by default all, and then there must be a size for each.\n"  \
    "    An axis that is repeated is windowed again: its next window steps over the\n"  \
    "    positions of the one before.\n"                                                \
    "stride : int or tuple of int, optional\n"                                          \
    "    Steps s between neighbouring windows.\n"                                       \
    "dilation : int or tuple of int, optional\n"                                        \
    "    Steps d between neighbouring elements of a window, counted from 1.\n"          \
    "subok : bool, optional\n"                                                          \
    "    Whether a subclass of ndarray is kept.\n"                                      \
    "writeable : bool, optional\n"                                                      \
    "    Whether the view can be written to if `x` can. A write changes every window\n" \
    "    that shows the element.\n"                                                     \
    "\n"                                                                                \
    "Returns\n"                                                                         \
    "-------\n"                                                                         \
    "ndarray\n"                                                                         \
    "    A view of `x` of shape (positions in place of the windowed axes) +\n"          \
    "    `window_shape`. An axis of length H has ``(H - d*(K-1) - 1) // s + 1``\n"      \
    "    positions.\n"                                                                  \
    "\n"                                                                                \
    "Raises\n"                                                                          \
    "------\n"                                                                          \
    "ValueError\n"                                                                      \
    "    For the mistakes, and with the words, of NumPy's function; and if a stride\n"  \
    "    or dilation is below 1.\n"                                                     \
    "\n"                                                                                \
    "See Also\n"                                                                        \
    "--------\n"                                                                        \
    "windows : the same with padding and with freely chosen axes.\n"                    \
    "fold : the adjoint, which adds overlapping windows up.\n"                          \
    "\n"                                                                                \
    "Notes\n"                                                                           \
    "-----\n"                                                                           \
    "Differences from NumPy: `stride` and `dilation`.\n"                                \
    "\n"                                                                                \
    "Examples\n"                                                                        \
    "--------\n"                                                                        \
    ">>> import numpy as np\n"                                                          \
    ">>> from fasteinsum import sliding_window_view\n"                                  \
    ">>> x = np.arange(8)\n"                                                            \
    ">>> sliding_window_view(x, 3, stride=2)\n"                                         \
    "array([[0, 1, 2],\n"                                                               \
    "       [2, 3, 4],\n"                                                               \
    "       [4, 5, 6]])\n"                                                              \
    ">>> sliding_window_view(x, 3, dilation=3)\n"                                       \
    "array([[0, 3, 6],\n"                                                               \
    "       [1, 4, 7]])\n"

#define WINDOWS_DOC                                                                        \
    "windows(x, window_shape, axis=None, *, stride=1, dilation=1, padding=0, "             \
    "mode='constant', constant_values=0, remainder='drop')\n"                              \
    "--\n"                                                                                 \
    "\n"                                                                                   \
    "Show an array as windows, with strides, gaps and padding.\n"                          \
    "\n"                                                                                   \
    "For `x` of shape (N, C, H, W) and two sizes the result ``w`` has shape (N, C, OH,\n"  \
    "OW, KH, KW), and ``w[n, c, h, w, k, l]`` is\n"                                        \
    "``xpad[n, c, h*stride + k*dilation, w*stride + l*dilation]``: the operand that\n"     \
    "makes ``einsum('nchwkl,fckl->nfhw', ...)`` a convolution.\n"                          \
    "\n"                                                                                   \
    "Parameters\n"                                                                         \
    "----------\n"                                                                         \
    "x : array_like\n"                                                                     \
    "    Array to look at.\n"                                                              \
    "window_shape : int or tuple of int\n"                                                 \
    "    Size of the window along each windowed axis, at least 1.\n"                       \
    "axis : int or tuple of int, optional\n"                                               \
    "    The windowed axes, all different; by default the last ones.\n"                    \
    "stride : int or tuple of int, optional\n"                                             \
    "    Steps between neighbouring windows.\n"                                            \
    "dilation : int or tuple of int, optional\n"                                           \
    "    Steps between neighbouring elements of a window, counted from 1.\n"               \
    "padding : int, ints, pairs or str, optional\n"                                        \
    "    What is added before and behind: one int for all windowed axes, one for each,\n"  \
    "    or one (before, after) pair for each. Or ``'valid'`` (nothing), ``'same'``\n"     \
    "    (as many positions as ceil(length / stride), the odd element behind),\n"          \
    "    ``'same_lower'`` (the odd element before), ``'full'`` (every overlap) or\n"       \
    "    ``'causal'`` (all before, so that no window looks ahead).\n"                      \
    "mode : {'constant', 'edge', 'reflect', 'symmetric', 'wrap'}, optional\n"              \
    "    What the padding holds, named as in :func:`numpy.pad`.\n"                         \
    "constant_values : scalar, optional\n"                                                 \
    "    What it holds for ``'constant'``. The dtype must be able to hold it.\n"           \
    "remainder : {'drop', 'pad', 'raise'}, optional\n"                                     \
    "    What becomes of elements behind the last whole step: they are left out, they\n"   \
    "    are padded to one more window, or they are an error.\n"                           \
    "\n"                                                                                   \
    "Returns\n"                                                                            \
    "-------\n"                                                                            \
    "ndarray\n"                                                                            \
    "    A read-only array of the dtype of `x` and the shape (positions in place of\n"     \
    "    the windowed axes) + `window_shape`. If nothing is padded it is a view of `x`,\n" \
    "    otherwise a view of one padded copy; windows are never copied. A window one\n"    \
    "    element longer than its padded axis gives an empty result.\n"                     \
    "\n"                                                                                   \
    "Raises\n"                                                                             \
    "------\n"                                                                             \
    "ValueError\n"                                                                         \
    "    If a window does not fit, a number is out of range, an axis is given twice,\n"    \
    "    the fill value cannot be held by the dtype, or for ``remainder='raise'`` if\n"    \
    "    elements are left over.\n"                                                        \
    "\n"                                                                                   \
    "See Also\n"                                                                           \
    "--------\n"                                                                           \
    "fold : the adjoint, with the same arguments.\n"                                       \
    "output_shape : the number of positions alone.\n"                                      \
    "sliding_window_view : NumPy's function, always a view.\n"                             \
    "\n"                                                                                   \
    "Notes\n"                                                                              \
    "-----\n"                                                                              \
    "The formulas for sizes and padding are those of Dumoulin and Visin, \"A guide to\n"   \
    "convolution arithmetic for deep learning\" (arXiv:1603.07285), with a padding of\n"   \
    "its own on either side. ``'same'`` is that of TensorFlow, ``'same_lower'`` is\n"      \
    "``SAME_LOWER`` of ONNX.\n"                                                            \
    "\n"                                                                                   \
    "Differences from :func:`numpy.lib.stride_tricks.sliding_window_view`: without\n"      \
    "`axis` the last axes are windowed, not all; the result may be empty; axes are\n"      \
    "not repeated.\n"                                                                      \
    "\n"                                                                                   \
    "Examples\n"                                                                           \
    "--------\n"                                                                           \
    ">>> import numpy as np\n"                                                             \
    ">>> from fasteinsum import windows\n"                                                 \
    ">>> x = np.arange(1, 6)\n"                                                            \
    ">>> windows(x, 3)\n"                                                                  \
    "array([[1, 2, 3],\n"                                                                  \
    "       [2, 3, 4],\n"                                                                  \
    "       [3, 4, 5]])\n"                                                                 \
    ">>> windows(x, 3, stride=2, padding=1)\n"                                             \
    "array([[0, 1, 2],\n"                                                                  \
    "       [2, 3, 4],\n"                                                                  \
    "       [4, 5, 0]])\n"                                                                 \
    ">>> windows(x, 2, dilation=2, padding='causal', mode='edge')\n"                       \
    "array([[1, 1],\n"                                                                     \
    "       [1, 2],\n"                                                                     \
    "       [1, 3],\n"                                                                     \
    "       [2, 4],\n"                                                                     \
    "       [3, 5]])\n"                                                                    \
    ">>> windows(np.zeros((50, 3, 32, 32)), (7, 7), padding=3).shape\n"                    \
    "(50, 3, 32, 32, 7, 7)\n"

#define WINDOW_AXES_DOC                                                                       \
    "_window_axes(shape, window_shape, axis=None, *, stride=1, dilation=1, padding=0, "       \
    "remainder='drop')\n"                                                                     \
    "--\n"                                                                                    \
    "\n"                                                                                      \
    "For each windowed axis its length, and of the windows size, stride, dilation, padding\n" \
    "before, extent and number of positions.\n"

#define OUTPUT_SHAPE_DOC                                                                \
    "output_shape(shape, window_shape, axis=None, *, stride=1, dilation=1, padding=0, " \
    "remainder='drop')\n"                                                               \
    "--\n"                                                                              \
    "\n"                                                                                \
    "Count the positions of `windows` of an array, one number per windowed axis.\n"     \
    "\n"                                                                                \
    "Parameters\n"                                                                      \
    "----------\n"                                                                      \
    "shape : int or tuple of int\n"                                                     \
    "    Shape of the array.\n"                                                         \
    "window_shape, axis, stride, dilation, padding, remainder\n"                        \
    "    As for `windows`.\n"                                                           \
    "\n"                                                                                \
    "Returns\n"                                                                         \
    "-------\n"                                                                         \
    "tuple of int\n"                                                                    \
    "    ``floor((H + before + after - e) / stride) + 1`` for each windowed axis of\n"  \
    "    length H, where ``e = dilation * (size - 1) + 1``; the ceiling for\n"          \
    "    ``remainder='pad'``. Integers throughout.\n"                                   \
    "\n"                                                                                \
    "Raises\n"                                                                          \
    "------\n"                                                                          \
    "ValueError\n"                                                                      \
    "    As `windows` does.\n"                                                          \
    "\n"                                                                                \
    "Notes\n"                                                                           \
    "-----\n"                                                                           \
    "The formula is relationship 15 of Dumoulin and Visin (arXiv:1603.07285), with a\n" \
    "padding of its own on either side.\n"                                              \
    "\n"                                                                                \
    "Examples\n"                                                                        \
    "--------\n"                                                                        \
    ">>> from fasteinsum import output_shape\n"                                         \
    ">>> output_shape((8, 3, 224, 224), (7, 7), stride=2, padding=3)\n"                 \
    "(112, 112)\n"                                                                      \
    ">>> output_shape((1, 32, 16000), 2, dilation=512, padding='causal')\n"             \
    "(16000,)\n"

#define FOLD_DOC                                                                            \
    "fold(windows, shape, axis=None, *, stride=1, dilation=1, padding=0, mode='constant', " \
    "remainder='drop', average=False, out=None, accumulate=False)\n"                        \
    "--\n"                                                                                  \
    "\n"                                                                                    \
    "Add overlapping windows up to an array: the adjoint of `windows`.\n"                   \
    "\n"                                                                                    \
    "``sum(windows(x) * g) == sum(x * fold(g, x.shape))`` for all ``x`` and ``g`` and\n"    \
    "the same other arguments. It is what the gradient of a convolution with respect\n"     \
    "to its input needs, and the overlap-add of signal processing.\n"                       \
    "\n"                                                                                    \
    "Parameters\n"                                                                          \
    "----------\n"                                                                          \
    "windows : array_like\n"                                                                \
    "    Shape (positions in place of the windowed axes) + window_shape, any strides.\n"    \
    "shape : int or tuple of int\n"                                                         \
    "    Shape of the array to fold to. Several shapes give the same windows, so it\n"      \
    "    has to be said.\n"                                                                 \
    "axis, stride, dilation, padding, mode, remainder\n"                                    \
    "    As for `windows`. Elements in the padding are dropped for mode\n"                  \
    "    ``'constant'``; for other modes they are added to the element that they are\n"     \
    "    copies of.\n"                                                                      \
    "average : bool, optional\n"                                                            \
    "    Divide each sum by the number of its elements, so that ``fold(windows(x))``\n"     \
    "    gives back ``x``. What no window looks at is 0.\n"                                 \
    "out : ndarray, optional\n"                                                             \
    "    Where the result goes, of its shape and dtype.\n"                                  \
    "accumulate : bool, optional\n"                                                         \
    "    Add to `out` instead of overwriting it.\n"                                         \
    "\n"                                                                                    \
    "Returns\n"                                                                             \
    "-------\n"                                                                             \
    "ndarray\n"                                                                             \
    "    `out`, or a new array of the given shape and the dtype of `windows`; float64\n"    \
    "    for the average of integers.\n"                                                    \
    "\n"                                                                                    \
    "Raises\n"                                                                              \
    "------\n"                                                                              \
    "ValueError\n"                                                                          \
    "    If `windows` does not belong to the other arguments, or `out` is read-only,\n"     \
    "    overlaps itself or has another shape.\n"                                           \
    "TypeError\n"                                                                           \
    "    If the dtype is not one of numbers, or that of `out` is not the result's.\n"       \
    "\n"                                                                                    \
    "See Also\n"                                                                            \
    "--------\n"                                                                            \
    "windows : the forward direction.\n"                                                    \
    "\n"                                                                                    \
    "Notes\n"                                                                               \
    "-----\n"                                                                               \
    "Every sum is made in an order that depends on shapes and memory layout alone.\n"       \
    "Integers wrap around; float16 is summed in float32 and rounded once.\n"                \
    "\n"                                                                                    \
    "The gradient by this route is that of Chellapilla, Puri and Simard, \"High\n"          \
    "performance convolutional neural networks for document processing\" (2006). NumPy\n"   \
    "has no counterpart.\n"                                                                 \
    "\n"                                                                                    \
    "Examples\n"                                                                            \
    "--------\n"                                                                            \
    ">>> import numpy as np\n"                                                              \
    ">>> from fasteinsum import fold, windows\n"                                            \
    ">>> x = np.arange(1.0, 7.0)\n"                                                         \
    ">>> fold(windows(x, 3), 6)\n"                                                          \
    "array([ 1.,  4.,  9., 12., 10.,  6.])\n"                                               \
    ">>> fold(windows(x, 3), 6, average=True)\n"                                            \
    "array([1., 2., 3., 4., 5., 6.])\n"                                                     \
    "\n"                                                                                    \
    "The gradient of a strided, padded convolution with respect to its input:\n"            \
    "\n"                                                                                    \
    ">>> from fasteinsum import einsum\n"                                                   \
    ">>> grad, w = np.ones((2, 4, 16, 16)), np.ones((4, 3, 3, 3))\n"                        \
    ">>> g = einsum('nfhw,fckl->nchwkl', grad, w)\n"                                        \
    ">>> fold(g, (2, 3, 32, 32), stride=2, padding=1).shape\n"                              \
    "(2, 3, 32, 32)\n"

#define AS_STRIDED_DOC                                                                       \
    "as_strided(x, shape=None, strides=None, subok=False, writeable=False, *, offset=0, "    \
    "item_strides=None, check_bounds=True, bounds='array', allow_overlap=False)\n"           \
    "--\n"                                                                                   \
    "\n"                                                                                     \
    "Create a view of any shape and strides, checked.\n"                                     \
    "\n"                                                                                     \
    ":func:`numpy.lib.stride_tricks.as_strided` with two defaults turned safe: the\n"        \
    "view is read-only, and one that leaves the memory of `x` is refused.\n"                 \
    "\n"                                                                                     \
    "Parameters\n"                                                                           \
    "----------\n"                                                                           \
    "x : array_like\n"                                                                       \
    "    Array to look at.\n"                                                                \
    "shape : tuple of int, optional\n"                                                       \
    "    Shape of the view, by default that of `x`.\n"                                       \
    "strides : tuple of int, optional\n"                                                     \
    "    Strides in bytes, by default those of `x`.\n"                                       \
    "subok : bool, optional\n"                                                               \
    "    Whether a subclass of ndarray is kept.\n"                                           \
    "writeable : bool, optional\n"                                                           \
    "    Whether the view can be written to if `x` can.\n"                                   \
    "offset : int, optional\n"                                                               \
    "    Where the view starts, counted from the first element of `x` in elements\n"         \
    "    with `item_strides`, otherwise in bytes.\n"                                         \
    "item_strides : tuple of int, optional\n"                                                \
    "    Strides in elements, in place of `strides`.\n"                                      \
    "check_bounds : bool, optional\n"                                                        \
    "    Whether every element of the view must lie within the bounds.\n"                    \
    "bounds : {'array', 'base'}, optional\n"                                                 \
    "    The bounds: the memory from the first to the last byte of `x`, or of the\n"         \
    "    array that owns it.\n"                                                              \
    "allow_overlap : bool, optional\n"                                                       \
    "    Whether a writeable view may show an element twice.\n"                              \
    "\n"                                                                                     \
    "Returns\n"                                                                              \
    "-------\n"                                                                              \
    "ndarray\n"                                                                              \
    "    A view of `x`. If it has no elements, `offset` has no effect.\n"                    \
    "\n"                                                                                     \
    "Raises\n"                                                                               \
    "------\n"                                                                               \
    "ValueError\n"                                                                           \
    "    If the view leaves the bounds, is not addressable at all, is writeable and\n"       \
    "    may overlap itself, or shows parts of object references.\n"                         \
    "TypeError\n"                                                                            \
    "    If both `strides` and `item_strides` are given.\n"                                  \
    "\n"                                                                                     \
    "See Also\n"                                                                             \
    "--------\n"                                                                             \
    "windows : views for which no stride has to be computed.\n"                              \
    "\n"                                                                                     \
    "Notes\n"                                                                                \
    "-----\n"                                                                                \
    "The bounds are those of :func:`numpy.lib.array_utils.byte_bounds`, computed\n"          \
    "without overflow. Differences from NumPy: the two defaults, the parameters after\n"     \
    "`writeable`, and that views of object arrays are checked in any case.\n"                \
    "\n"                                                                                     \
    "Examples\n"                                                                             \
    "--------\n"                                                                             \
    ">>> import numpy as np\n"                                                               \
    ">>> from fasteinsum import as_strided\n"                                                \
    ">>> x = np.arange(6)\n"                                                                 \
    ">>> as_strided(x, (2, 3), item_strides=(2, 1))\n"                                       \
    "array([[0, 1, 2],\n"                                                                    \
    "       [2, 3, 4]])\n"                                                                   \
    ">>> as_strided(x, (2,), item_strides=(-3,), offset=5)\n"                                \
    "array([5, 2])\n"                                                                        \
    ">>> as_strided(x, (4, 3), item_strides=(2, 1))\n"                                       \
    "Traceback (most recent call last):\n"                                                   \
    "...\n"                                                                                  \
    "ValueError: view of shape (4, 3) and strides (16, 8) reads bytes 0 to 71, but x holds " \
    "bytes 0 to 47\n"

/* clang-format on */

#endif
