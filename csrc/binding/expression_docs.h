/* Docstrings of expression and of what it has. */
#ifndef FASTEINSUM_BINDING_EXPRESSION_DOCS_H
#define FASTEINSUM_BINDING_EXPRESSION_DOCS_H

/* clang-format off: as it reads in Python */
#define EXPRESSION_DOC                                                                      \
    "expression(subscripts, /, *operands, constants=(), dtype=None, order='K', "            \
    "casting='safe', optimize=False)\n"                                                     \
    "--\n"                                                                                  \
    "\n"                                                                                    \
    "Prepare an `einsum` that is called again and again with arrays of the same shapes.\n"  \
    "\n"                                                                                    \
    "What the subscripts and shapes say is found out once; a call checks its arrays and\n"  \
    "computes. Operands that never change can be given at once: what depends on them\n"     \
    "alone is computed once.\n"                                                             \
    "\n"                                                                                    \
    "Parameters\n"                                                                          \
    "----------\n"                                                                          \
    "subscripts : str\n"                                                                    \
    "    As for `einsum`, in the string form.\n"                                            \
    "*operands : tuple of ints or array_like\n"                                             \
    "    For each term either a shape, which is a tuple, or an array that calls will be\n"  \
    "    like: its shape is binding, its dtype and strides only let the first plan be\n"    \
    "    made for them. For a constant, its values.\n"                                      \
    "constants : iterable of ints, optional\n"                                              \
    "    The positions of operands that are held, from 0. They are copied: later changes\n" \
    "    of the arrays have no effect.\n"                                                   \
    "dtype, order, casting : optional\n"                                                    \
    "    As for `einsum`.\n"                                                                \
    "optimize : optional\n"                                                                 \
    "    As for `einsum`: checked here, and for calls no more than whether it was given.\n" \
    "\n"                                                                                    \
    "Returns\n"                                                                             \
    "-------\n"                                                                             \
    "callable\n"                                                                            \
    "    ``e(*arrays, out=None)`` is the `einsum` of the arrays, in the order of their\n"   \
    "    terms, without those for constants. `out`, the dtypes and the strides are free.\n" \
    "    Without constants the result has the same bits as that of `einsum`.\n"             \
    "    ``e.subscripts``, ``e.shapes`` and ``e.constants`` are what it was made of;\n"     \
    "    ``e.describe(*arrays)`` is the plan of a call as text, to be read by people.\n"    \
    "\n"                                                                                    \
    "Raises\n"                                                                              \
    "------\n"                                                                              \
    "ValueError\n"                                                                          \
    "    If the subscripts cannot be read, shapes do not agree, or there is no such\n"      \
    "    constant. From a call, if the arrays are not as many as needed, or one has\n"      \
    "    another shape than was declared: extents of 1 are not stretched.\n"                \
    "TypeError\n"                                                                           \
    "    If a conversion is not allowed by `casting`, or a constant is a shape.\n"          \
    "\n"                                                                                    \
    "See Also\n"                                                                            \
    "--------\n"                                                                            \
    "einsum : the same in one call, which also looks for the plan of an earlier one.\n"     \
    "\n"                                                                                    \
    "Notes\n"                                                                               \
    "-----\n"                                                                               \
    "An expression never changes, and threads can share it. It keeps the plans of the\n"    \
    "last four kinds of arrays (dtypes and strides), and what was computed of constants\n"  \
    "for each dtype that calls compute in. Constants are multiplied and summed where\n"     \
    "that makes calls faster by estimate, in the type that the whole is computed in, so\n"  \
    "that integers and booleans are those of `einsum`, and floating-point numbers are\n"    \
    "within the same bound. Objects are always multiplied from left to right, in the\n"     \
    "call. A result never is a view of a constant.\n"                                       \
    "\n"                                                                                    \
    "Copies are the same object. When it is unpickled its plans are made anew. Arrays\n"    \
    "with an ``__array_function__`` of their own are handed to NumPy as by `einsum`.\n"     \
    "\n"                                                                                    \
    "Examples\n"                                                                            \
    "--------\n"                                                                            \
    ">>> import numpy as np\n"                                                              \
    ">>> from fasteinsum import expression\n"                                               \
    ">>> product = expression('ij,jk->ik', (2, 3), (3, 4))\n"                               \
    ">>> product\n"                                                                         \
    "<expression 'ij,jk->ik' of ((2, 3), (3, 4))>\n"                                        \
    ">>> a = np.arange(6.0).reshape(2, 3)\n"                                                \
    ">>> product(a, np.ones((3, 4)))\n"                                                     \
    "array([[ 3.,  3.,  3.,  3.],\n"                                                        \
    "       [12., 12., 12., 12.]])\n"                                                       \
    "\n"                                                                                    \
    "Two constants, whose product is formed once:\n"                                        \
    "\n"                                                                                    \
    ">>> scale, turn = np.diag([1.0, 10.0, 100.0]), np.eye(3)[::-1]\n"                      \
    ">>> change = expression('ij,jk,kl->il', (2, 3), scale, turn, constants=[1, 2])\n"      \
    ">>> change(a)\n"                                                                       \
    "array([[200.,  10.,   0.],\n"                                                          \
    "       [500.,  40.,   3.]])\n"                                                         \
    ">>> change(np.ones((2, 2)))\n"                                                         \
    "Traceback (most recent call last):\n"                                                  \
    "    ...\n"                                                                             \
    "ValueError: expression 'ij,jk,kl->il': axis 1 of operand 0 has extent 2 but was "      \
    "declared with 3\n"

#define EXPRESSION_DESCRIBE_DOC                                             \
    "describe($self, /, *arrays, out=None)\n"                               \
    "--\n"                                                                  \
    "\n"                                                                    \
    "The plan of a call with these arrays, as text; nothing is computed.\n" \
    "\n"                                                                    \
    "But for products of constants, where none in their type are there yet."

#define EXPRESSION_REDUCE_DOC \
    "__reduce__($self, /)\n"  \
    "--\n"                    \
    "\n"                      \
    "For pickle: how to make it.\n"

#define EXPRESSION_COPY_DOC "The expression itself, which does not change.\n"

#define EXPRESSION_SUBSCRIPTS_DOC "The subscripts as they were given."
#define EXPRESSION_SHAPES_DOC "The shape of each operand, constants included."
#define EXPRESSION_CONSTANTS_DOC "The positions of the constants among the operands."
/* clang-format on */

#endif
