/* Docstrings of einsum and of the private functions. The first line of each is its signature. */
#ifndef FASTEINSUM_BINDING_DOCS_H
#define FASTEINSUM_BINDING_DOCS_H

/* clang-format off: as it reads in Python */
#define EINSUM_DOC                                                                       \
    "einsum(*operands, out=None, optimize=False, **kwargs)\n"                            \
    "--\n"                                                                               \
    "\n"                                                                                 \
    "Evaluate the Einstein summation convention on the operands.\n"                      \
    "\n"                                                                                 \
    "A drop-in for :func:`numpy.einsum`: the same call styles, keywords, results,\n"     \
    "views and types of exception.\n"                                                    \
    "\n"                                                                                 \
    "Parameters\n"                                                                       \
    "----------\n"                                                                       \
    "*operands : str and array_like\n"                                                   \
    "    Either the subscripts as a string (``'ij,jk->ik'``) and one array for each\n"   \
    "    of its terms, or each array followed by the list of its labels (integers\n"     \
    "    from 0 to 51, or ``...``), and at the end, if wanted, the list of the\n"        \
    "    output. Without an output the labels that occur once are kept, in\n"            \
    "    alphabetical order.\n"                                                          \
    "out : ndarray, optional\n"                                                          \
    "    Where the result goes. It may overlap the operands; the result is as if\n"      \
    "    these had been copied first.\n"                                                 \
    "optimize : {False, True, 'greedy', 'optimal', path}, optional\n"                    \
    "    Accepted and checked as NumPy does, explicit paths included; path\n"            \
    "    optimizers of opt_einsum and cotengra too. The order of contraction is\n"       \
    "    chosen by fasteinsum in any case; values, types and errors do not depend\n"     \
    "    on it.\n"                                                                       \
    "**kwargs\n"                                                                         \
    "    `dtype`: the type to compute in, by default the common type of the operands\n"  \
    "    and of `out`. `casting`: ``'no'``, ``'equiv'``, ``'safe'`` (the default),\n"    \
    "    ``'same_kind'`` or ``'unsafe'``, which conversions are allowed. `order`:\n"     \
    "    ``'K'`` (the default), ``'A'``, ``'C'`` or ``'F'``, the memory layout of a\n"   \
    "    new result.\n"                                                                  \
    "\n"                                                                                 \
    "Returns\n"                                                                          \
    "-------\n"                                                                          \
    "ndarray or scalar\n"                                                                \
    "    A view of a single operand of which nothing is summed, writeable if the\n"      \
    "    operand is; otherwise a new array, or `out`. A result without axes is a\n"      \
    "    scalar.\n"                                                                      \
    "\n"                                                                                 \
    "Raises\n"                                                                           \
    "------\n"                                                                           \
    "ValueError\n"                                                                       \
    "    If the subscripts cannot be read, sizes do not agree, or `out` is read-only\n"  \
    "    or overlaps itself.\n"                                                          \
    "TypeError\n"                                                                        \
    "    If a conversion is not allowed by `casting`, or a type (dates, strings,\n"      \
    "    records) cannot be summed.\n"                                                   \
    "\n"                                                                                 \
    "See Also\n"                                                                         \
    "--------\n"                                                                         \
    "windows : the view of an array that makes einsum a convolution.\n"                  \
    "fold : the adjoint of `windows`, which adds overlapping windows up.\n"              \
    "\n"                                                                                 \
    "Notes\n"                                                                            \
    "-----\n"                                                                            \
    "Differences from NumPy: whatever one of NumPy's two code paths (with and without\n" \
    "`optimize`) accepts is accepted for every `optimize`, and the value and the type\n" \
    "are those of the path without. Axes behind an ellipsis that the output does not\n"  \
    "mention are summed. Sums of float16 are accumulated in float32. An `out` whose\n"   \
    "elements overlap each other is refused. Operands with an ``__array_function__``\n"  \
    "of their own are handed to NumPy.\n"                                                \
    "\n"                                                                                 \
    "Examples\n"                                                                         \
    "--------\n"                                                                         \
    ">>> import numpy as np\n"                                                           \
    ">>> from fasteinsum import einsum\n"                                                \
    ">>> a = np.arange(6.0).reshape(2, 3)\n"                                             \
    ">>> b = np.arange(12.0).reshape(3, 4)\n"                                            \
    ">>> einsum('ij,jk->ik', a, b)\n"                                                    \
    "array([[20., 23., 26., 29.],\n"                                                     \
    "       [56., 68., 80., 92.]])\n"                                                    \
    "\n"                                                                                 \
    "The same with lists of labels, and the sum of each column:\n"                       \
    "\n"                                                                                 \
    ">>> einsum(a, [0, 1], b, [1, 2], [0, 2]).shape\n"                                   \
    "(2, 4)\n"                                                                           \
    ">>> einsum('ij->j', a)\n"                                                           \
    "array([3., 5., 7.])\n"                                                              \
    "\n"                                                                                 \
    "A diagonal is a view that can be written to:\n"                                     \
    "\n"                                                                                 \
    ">>> square = np.zeros((3, 3))\n"                                                    \
    ">>> einsum('ii->i', square)[:] = 1\n"                                               \
    ">>> square\n"                                                                       \
    "array([[1., 0., 0.],\n"                                                             \
    "       [0., 1., 0.],\n"                                                             \
    "       [0., 0., 1.]])\n"

#define CACHE_INFO_DOC                                                                    \
    "cache_info()\n"                                                                      \
    "--\n"                                                                                \
    "\n"                                                                                  \
    "Tell how often `einsum` found the plan of a call among those it has kept.\n"         \
    "\n"                                                                                  \
    "A plan is kept for calls with the same subscripts and options, and with arrays of\n" \
    "the same dtypes, shapes and strides. Only calls whose operands (and `out`) are\n"    \
    "plain arrays, aligned and of native byte order, and whose other options are\n"       \
    "constants, look for one; the others count neither as hits nor as misses. Of the\n"   \
    "plans that no longer fit, those that were used longest ago go first.\n"              \
    "\n"                                                                                  \
    "Returns\n"                                                                           \
    "-------\n"                                                                           \
    "dict\n"                                                                              \
    "    ``hits`` and ``misses`` since the start or the last `cache_clear`;\n"            \
    "    ``maxsize`` and ``currsize``, plans that there is room for and that are\n"       \
    "    kept; ``bytes``, the memory that they take.\n"                                   \
    "\n"                                                                                  \
    "See Also\n"                                                                          \
    "--------\n"                                                                          \
    "cache_clear : lets all plans go.\n"                                                  \
    "\n"                                                                                  \
    "Examples\n"                                                                          \
    "--------\n"                                                                          \
    ">>> import numpy as np\n"                                                            \
    ">>> import fasteinsum\n"                                                             \
    ">>> fasteinsum.cache_clear()\n"                                                      \
    ">>> a = np.eye(3)\n"                                                                 \
    ">>> for _ in range(10):\n"                                                           \
    "...     trace = fasteinsum.einsum('ii', a)\n"                                        \
    ">>> info = fasteinsum.cache_info()\n"                                                \
    ">>> info['hits'], info['misses'], info['currsize']\n"                                \
    "(9, 1, 1)\n"

#define CACHE_CLEAR_DOC                                                             \
    "cache_clear()\n"                                                               \
    "--\n"                                                                          \
    "\n"                                                                            \
    "Let go of all plans that `einsum` has kept, and count hits and misses anew.\n" \
    "\n"                                                                            \
    "Returns\n"                                                                     \
    "-------\n"                                                                     \
    "None\n"                                                                        \
    "\n"                                                                            \
    "See Also\n"                                                                    \
    "--------\n"                                                                    \
    "cache_info : how many plans there are, and how often they were found.\n"       \
    "\n"                                                                            \
    "Examples\n"                                                                    \
    "--------\n"                                                                    \
    ">>> import fasteinsum\n"                                                       \
    ">>> fasteinsum.cache_clear()\n"                                                \
    ">>> fasteinsum.cache_info()['currsize']\n"                                     \
    "0\n"

#define EINSUM_PATH_DOC                                                                   \
    "einsum_path(*operands, optimize='greedy', einsum_call=False)\n"                      \
    "--\n"                                                                                \
    "\n"                                                                                  \
    "Find the order in which NumPy would contract the operands.\n"                        \
    "\n"                                                                                  \
    "The same path and the same text as :func:`numpy.einsum_path`. It need not be the\n"  \
    "order that `einsum` takes, which weighs time rather than operations.\n"              \
    "\n"                                                                                  \
    "Parameters\n"                                                                        \
    "----------\n"                                                                        \
    "*operands : str and array_like\n"                                                    \
    "    As for `einsum`, in either form. Only the shapes of the arrays matter;\n"        \
    "    nothing is computed.\n"                                                          \
    "optimize : {'greedy', 'optimal', bool, None, tuple, list, callable}, optional\n"     \
    "    The method: ``'greedy'`` (the default, also for True) takes the best pair at\n"  \
    "    each step, ``'optimal'`` tries all orders of pairs, in a time that grows with\n" \
    "    the factorial of the number of operands, False and None take all operands at\n"  \
    "    once. ``(method, limit)`` sets how many elements an intermediate result may\n"   \
    "    have; by default as many as the largest operand or the output. A list\n"         \
    "    ``['einsum_path', (0, 1), ...]`` is a path that is only described. A path\n"     \
    "    optimizer of opt_einsum or cotengra is called.\n"                                \
    "einsum_call : bool, optional\n"                                                      \
    "    Private to NumPy; True is refused.\n"                                            \
    "\n"                                                                                  \
    "Returns\n"                                                                           \
    "-------\n"                                                                           \
    "path : list\n"                                                                       \
    "    ``'einsum_path'``, then the steps: the positions of the operands that a step\n"  \
    "    contracts. These are removed from the list of operands, and the result is\n"     \
    "    appended to it.\n"                                                               \
    "string_repr : str\n"                                                                 \
    "    A table of the steps and what they cost.\n"                                      \
    "\n"                                                                                  \
    "Raises\n"                                                                            \
    "------\n"                                                                            \
    "ValueError\n"                                                                        \
    "    If the subscripts cannot be read, sizes do not agree, or `einsum_call` is\n"     \
    "    true.\n"                                                                         \
    "TypeError\n"                                                                         \
    "    If `optimize` is none of the above.\n"                                           \
    "KeyError\n"                                                                          \
    "    If there is no method of that name.\n"                                           \
    "RuntimeError\n"                                                                      \
    "    If an explicit path does not end with one operand.\n"                            \
    "IndexError\n"                                                                        \
    "    If an explicit path has positions that do not exist, or one twice in a step.\n"  \
    "\n"                                                                                  \
    "See Also\n"                                                                          \
    "--------\n"                                                                          \
    "einsum : the contraction itself.\n"                                                  \
    "\n"                                                                                  \
    "Notes\n"                                                                             \
    "-----\n"                                                                             \
    "Axes behind an ellipsis are shown as the last letters of the alphabet that are\n"    \
    "not in use; NumPy takes any. Negative and repeated positions, which NumPy does\n"    \
    "not check, are refused.\n"                                                           \
    "\n"                                                                                  \
    "Examples\n"                                                                          \
    "--------\n"                                                                          \
    ">>> import numpy as np\n"                                                            \
    ">>> from fasteinsum import einsum_path\n"                                            \
    ">>> a, b, c = np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 2))\n"                   \
    ">>> path, text = einsum_path('ij,jk,kl->il', a, b, c)\n"                             \
    ">>> path\n"                                                                          \
    "['einsum_path', (1, 2), (0, 1)]\n"                                                   \
    ">>> print(text)\n"                                                                   \
    "  Complete contraction:  ij,jk,kl->il\n"                                             \
    "         Naive scaling:  4\n"                                                        \
    "     Optimized scaling:  3\n"                                                        \
    "      Naive FLOP count:  1.440e+02\n"                                                \
    "  Optimized FLOP count:  7.300e+01\n"                                                \
    "   Theoretical speedup:  1.973\n"                                                    \
    "  Largest intermediate:  6.000e+00 elements\n"                                       \
    "--------------------------------------------------------------------------\n"        \
    "scaling                  current                                remaining\n"         \
    "--------------------------------------------------------------------------\n"        \
    "   3                   kl,jk->lj                                ij,lj->il\n"         \
    "   3                   lj,ij->il                                   il->il\n"

#define DESCRIBE_DOC                                             \
    "_describe(*operands, out=None, optimize=False, **kwargs)\n" \
    "--\n"                                                       \
    "\n"                                                         \
    "The plan of the same call of einsum, as text; nothing is computed.\n"

#define SPELL_DOC                                                                        \
    "_spell(*operands)\n"                                                                \
    "--\n"                                                                               \
    "\n"                                                                                 \
    "The expression with a letter for every axis: a list of (array, its letters), and\n" \
    "the letters of the output. Refuses what einsum refuses.\n"

#define CONFIG_DOC \
    "_config()\n"  \
    "--\n"         \
    "\n"           \
    "The facts about build and machine that show_config presents.\n"

#define CHECK_THREADS_DOC        \
    "_check_threads(count, /)\n" \
    "--\n"                       \
    "\n"                         \
    "The same number, if threads can be limited to it.\n"

#define SET_THREADS_DOC        \
    "_set_threads(count, /)\n" \
    "--\n"                     \
    "\n"                       \
    "Sets how many threads a call may use, in the whole process.\n"

#define SET_OWN_THREADS_DOC        \
    "_set_own_threads(count, /)\n" \
    "--\n"                         \
    "\n"                           \
    "The same for calls of this thread, which has no such limit with 0; returns the one before.\n"

#define THREADS_DOC \
    "_threads()\n"  \
    "--\n"          \
    "\n"            \
    "How many threads a call of this thread may use.\n"

#define SET_RECYCLING_DOC        \
    "_set_recycling(bytes, /)\n" \
    "--\n"                       \
    "\n"                         \
    "Sets how many bytes of large results may be kept; 0: NumPy's own memory is used.\n"

#define RECYCLING_DOC \
    "_recycling()\n"  \
    "--\n"            \
    "\n"              \
    "How many bytes may be kept, and how many are.\n"

#define USE_ISA_DOC       \
    "_use_isa(name, /)\n" \
    "--\n"                \
    "\n"                  \
    "For tests: use these kernels in the whole process; the name of those before.\n"

#define USE_STRATEGY_DOC       \
    "_use_strategy(name, /)\n" \
    "--\n"                     \
    "\n"                       \
    "For tests: use this strategy for every step, or with None the cheapest again.\n"

#define FAIL_ALLOCATION_DOC              \
    "_fail_allocation(n, for_good, /)\n" \
    "--\n"                               \
    "\n"                                 \
    "For tests: let the n-th allocation from now on fail; a negative n ends it.\n"

#define ALLOCATED_BLOCKS_DOC \
    "_allocated_blocks()\n"  \
    "--\n"                   \
    "\n"                     \
    "For tests: the number of blocks of memory that the core holds.\n"
/* clang-format on */

#endif
