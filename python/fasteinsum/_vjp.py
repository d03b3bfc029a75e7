"""einsum_vjp: the gradients of an einsum, which are einsums with their labels rearranged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from fasteinsum._fasteinsum import _spell, einsum, einsum_path

if TYPE_CHECKING:  # numpy.typing takes long to import
    from collections.abc import Iterable, Sequence
    from typing import SupportsIndex

    from numpy.typing import ArrayLike, NDArray


class VjpRule(NamedTuple):
    """The gradient with respect to one operand: an einsum of ``grad`` and the other operands,
    which then gets the axes that it lacks, and is put on a diagonal."""

    subscripts: str  # of grad first, then of the operands named next
    operands: tuple[int, ...]
    new_axes: tuple[int, ...]  # inserted with length 1, then broadcast to the operand's lengths
    diagonal: str  # 'ii->i': zeros of the operand's shape are written through this view; or ''


class _Term(NamedTuple):
    """An operand, or an intermediate result: its letters and lengths."""

    letters: str
    shape: tuple[int, ...]

    def lengths(self) -> dict[str, int]:
        """Of each letter once, in order."""
        lengths = dict.fromkeys(self.letters, 1)
        for letter, length in zip(self.letters, self.shape):
            if length != 1:
                lengths[letter] = length
        return lengths


def _longest(terms: Sequence[_Term]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for term in terms:
        for letter, length in term.lengths().items():
            if length != 1 or letter not in lengths:
                lengths[letter] = length
    return lengths


def _rule(terms: Sequence[_Term], output: str, position: int) -> VjpRule:
    """Labels where the operand has length 1 and others are longer are summed, as are leading axes
    of an ellipsis that it lacks: neither is among the letters that stay."""
    others = [k for k in range(len(terms)) if k != position]
    inputs = [output, *(terms[k].letters for k in others)]
    elsewhere = set().union(*inputs)
    longest = _longest(terms)
    own = terms[position].lengths()
    stays = [label in elsewhere and own[label] == longest[label] for label in own]
    kept = "".join(label for label, stay in zip(own, stays) if stay)
    letters = terms[position].letters
    return VjpRule(
        f"{','.join(inputs)}->{kept}",
        tuple(others),
        tuple(axis for axis, stay in enumerate(stays) if not stay),
        f"{letters}->{''.join(own)}" if len(own) < len(letters) else "",
    )


def _apply(
    rule: VjpRule, term: _Term, grad: NDArray[Any], arrays: Sequence[NDArray[Any]]
) -> NDArray[Any]:
    others = [arrays[k] for k in rule.operands]
    result = np.asarray(einsum(rule.subscripts, grad, *others))
    if rule.new_axes:
        result = np.expand_dims(result, rule.new_axes)
    if rule.diagonal:
        whole = np.zeros(term.shape, result.dtype)
        einsum(rule.diagonal, whole)[...] = result
        return whole
    shape = tuple(term.lengths().values())
    if others and result.shape == shape:
        return result
    return np.array(np.broadcast_to(result, shape))  # not a view: grad stays grad


class _Step(NamedTuple):
    """A node of the tree of products: its factors, as numbers of nodes, and its letters."""

    factors: tuple[int, ...]
    letters: str


def _steps(subscripts: str, arrays: Sequence[NDArray[Any]], output: str) -> list[_Step]:
    """The tree that a pairwise order makes, the root last. Operands are nodes 0, 1, ..."""
    letters = subscripts.split("->")[0].split(",")
    path = einsum_path(subscripts, *arrays)[0][1:]
    left, steps = list(range(len(arrays))), []
    for positions in path:
        factors = tuple(left[position] for position in positions)
        left = [node for node in left if node not in factors]
        needed = set(output).union(*(letters[node] for node in left))
        own = dict.fromkeys("".join(letters[node] for node in factors))
        letters.append(output if not left else "".join(c for c in own if c in needed))
        steps.append(_Step(factors, letters[-1]))
        left.append(len(letters) - 1)
    return steps


def _shared_gradients(
    grad: NDArray[Any], terms: list[_Term], arrays: list[NDArray[Any]], output: str
) -> list[NDArray[Any]]:
    """Of all operands: products first, then gradients from the root of the tree to its leaves, so
    that what two of them have in common is computed once."""
    count = len(arrays)
    subscripts = f"{','.join(term.letters for term in terms)}->{output}"
    steps = _steps(subscripts, arrays, output)
    for factors, letters in steps[:-1]:
        inputs = ",".join(terms[node].letters for node in factors)
        operands = [arrays[node] for node in factors]
        # Products of small integers do not wrap around where the gradients would not.
        dtype = np.result_type(grad, *operands)
        arrays.append(np.asarray(einsum(f"{inputs}->{letters}", *operands, dtype=dtype)))
        terms.append(_Term(letters, arrays[-1].shape))
    grads: list[Any] = [None] * len(arrays) + [grad]
    for node, (factors, letters) in reversed(list(enumerate(steps, count))):
        inside = [terms[factor] for factor in factors]
        values = [arrays[factor] for factor in factors]
        for k, factor in enumerate(factors):
            rule = _rule(inside, letters, k)
            grads[factor] = _apply(rule, inside[k], grads[node], values)
        grads[node] = None
    return grads[:count]


def _read_argnums(argnums: Any, count: int) -> list[int]:
    if argnums is None:
        return list(range(count))
    chosen = [argnums] if np.ndim(argnums) == 0 else list(argnums)
    for number in chosen:
        if not 0 <= number < count:
            raise ValueError(f"argnums {number} is out of range for {count} operands")
    return [int(number) for number in chosen]


def _check_grad(grad: NDArray[Any], output: str, terms: Sequence[_Term]) -> None:
    longest = _longest(terms)
    shape = tuple(longest[label] for label in output)
    if grad.shape != shape:
        raise ValueError(
            f"grad has shape {grad.shape}, but output {output!r} of these operands "
            f"has shape {shape}"
        )


def _conjugate(array: NDArray[Any]) -> NDArray[Any]:
    return array.conj() if array.dtype.kind in "cO" else array


@overload
def einsum_vjp(
    grad: ArrayLike,
    subscripts: str | bytes | ArrayLike,
    /,
    *operands: Any,
    argnums: SupportsIndex,
    conjugate: bool = False,
) -> NDArray[Any]: ...
@overload
def einsum_vjp(
    grad: ArrayLike,
    subscripts: str | bytes | ArrayLike,
    /,
    *operands: Any,
    argnums: Iterable[SupportsIndex] | None = None,
    conjugate: bool = False,
) -> tuple[NDArray[Any], ...]: ...
def einsum_vjp(
    grad: ArrayLike,
    subscripts: Any,
    /,
    *operands: Any,
    argnums: Any = None,
    conjugate: bool = False,
) -> Any:
    """
    Gradients of an einsum with respect to its operands.

    For ``y = einsum(subscripts, *operands)`` and a number L that depends on y, of
    which `grad` is the gradient dL/dy: the gradients dL/d(operand), each of which
    is an einsum again (vector-Jacobian products).

    Parameters
    ----------
    grad : array_like
        The gradient with respect to the output, and of its shape.
    subscripts : str
        The expression, as for `einsum`.
    *operands : array_like
        Its operands. The list form ``einsum_vjp(grad, op0, sub0, op1, sub1, ...,
        [subout])`` is accepted too.
    argnums : int or sequence of ints, optional
        The numbers of the operands whose gradients are wanted; all by default.
    conjugate : bool, optional
        Conjugate the other operands. Without it complex gradients are those of JAX
        (the transposed map), with it those of PyTorch (the adjoint map).

    Returns
    -------
    tuple of ndarray, or ndarray
        One gradient for each operand of `argnums`, in its shape; for an int the
        gradient itself. Always new arrays. The dtype is the common one of `grad`
        and the other operands.

    Raises
    ------
    ValueError
        If `grad` has not the shape of the output, there is no such operand, there
        are more than 52 different labels (axes behind ellipses included), or
        `einsum` would refuse the expression.

    See Also
    --------
    vjp_subscripts : the expressions of the gradients, without computing them.
    fold : the adjoint of `windows`, for gradients that go on to the array below.

    Notes
    -----
    Swapping an operand with the output is right only where each of its labels
    occurs elsewhere, once and in full length. Here a label that the operand has
    alone is broadcast, a length-1 axis that was stretched is summed, and a
    repeated label goes back to the diagonal. The gradients of three and more
    operands share their intermediate products. An array passed twice has two
    gradients, which are for the caller to add.

    Examples
    --------
    >>> import numpy as np
    >>> from fasteinsum import einsum_vjp
    >>> a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    >>> da, db = einsum_vjp(np.array([1.0, 0.0]), "ij,j->i", a, b)
    >>> da
    array([[5., 6.],
           [0., 0.]])
    >>> db
    array([1., 2.])
    >>> einsum_vjp(1.0, "ii->", a, argnums=0)  # the gradient of a trace
    array([[1., 0.],
           [0., 1.]])
    """
    pairs, output = _spell(subscripts, *operands)
    terms = [_Term(letters, array.shape) for array, letters in pairs]
    arrays = [_conjugate(array) if conjugate else array for array, _ in pairs]
    wanted = _read_argnums(argnums, len(arrays))
    grad = np.asarray(grad)
    _check_grad(grad, output, terms)
    if len(arrays) > 2 and len(wanted) > 1:
        every = _shared_gradients(grad, terms, arrays, output)
        grads = [every[number] for number in wanted]
    else:
        rules = {number: _rule(terms, output, number) for number in wanted}
        grads = [_apply(rules[number], terms[number], grad, arrays) for number in wanted]
    is_single = argnums is not None and np.ndim(argnums) == 0
    return grads[0] if is_single else tuple(grads)


def _stand_ins(subscripts: Any, shapes: Sequence[Any]) -> list[NDArray[Any]]:
    """Arrays of these shapes that take no memory."""
    if not shapes:
        text = subscripts.decode() if isinstance(subscripts, bytes) else subscripts
        terms = text.replace(" ", "").split("->")[0].split(",")
        if "." in text:
            raise ValueError(f"the shapes are needed too, as {subscripts!r} has an ellipsis")
        shapes = [(2,) * len(term) for term in terms]
    return [np.broadcast_to(np.float64(0), shape) for shape in shapes]


@overload
def vjp_subscripts(
    subscripts: str | bytes, /, *shapes: Sequence[SupportsIndex], argnums: SupportsIndex
) -> VjpRule: ...
@overload
def vjp_subscripts(
    subscripts: str | bytes,
    /,
    *shapes: Sequence[SupportsIndex],
    argnums: Iterable[SupportsIndex] | None = None,
) -> tuple[VjpRule, ...]: ...
def vjp_subscripts(subscripts: Any, /, *shapes: Any, argnums: Any = None) -> Any:
    """
    Expressions of the gradients of an einsum.

    Parameters
    ----------
    subscripts : str
        The expression, as for `einsum`.
    *shapes : tuple of ints, optional
        The shapes of the operands. They may be left out where the expression has no
        ellipsis; then no label is taken to broadcast.
    argnums : int or sequence of ints, optional
        The numbers of the operands whose gradients are wanted; all by default.

    Returns
    -------
    tuple of VjpRule, or VjpRule
        For each operand (for an int, the one) a named tuple: `subscripts` and
        `operands`, the einsum of the output's gradient and of these operands;
        `new_axes`, where its result gets axes of length 1 before it is broadcast to
        the operand's lengths; and `diagonal`, if not empty the expression of the
        view of an array of zeros that the result is written through.

    Raises
    ------
    ValueError
        If `einsum` would refuse the expression, the shapes are needed, or there is
        no such operand.

    See Also
    --------
    einsum_vjp : which computes the gradients.

    Examples
    --------
    >>> from fasteinsum import vjp_subscripts
    >>> vjp_subscripts("nchwkl,fckl->nfhw", argnums=1).subscripts
    'nfhw,nchwkl->fckl'
    >>> vjp_subscripts("ii->", argnums=0)
    VjpRule(subscripts='->', operands=(), new_axes=(0,), diagonal='ii->i')
    """
    pairs, output = _spell(subscripts, *_stand_ins(subscripts, shapes))
    terms = [_Term(letters, array.shape) for array, letters in pairs]
    rules = [_rule(terms, output, number) for number in _read_argnums(argnums, len(terms))]
    is_single = argnums is not None and np.ndim(argnums) == 0
    return rules[0] if is_single else tuple(rules)
