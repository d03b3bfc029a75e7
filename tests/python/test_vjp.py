"""einsum_vjp: against differences of numpy's einsum, which is linear in each operand, so that the
central difference is the derivative, and exact in integers."""

import numpy as np
import pytest
from fasteinsum import einsum, einsum_vjp, fold, vjp_subscripts, windows
from generator import Generator

CASES = 4000
BATCHES = 8
SMALL = 100_000  # elements of all loops together


def small_integers(rng, shape, dtype=np.int64):
    values = rng.integers(-4, 5, shape).astype(dtype)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.integers(-4, 5, shape)
    return values.astype(dtype)


def positional(notation, operands):
    """The arguments of einsum for text, or for sublists."""
    if not isinstance(notation, list):
        return [notation, *operands]
    pairs = [part for pair in zip(operands, notation) for part in pair]
    return pairs + notation[len(operands) :]


def evaluate(notation, operands):
    if isinstance(notation, bytes):
        notation = notation.decode()
    return np.asarray(np.einsum(*positional(notation, operands)))


def difference(notation, operands, number, direction):
    """(y(x + v) - y(x - v)) / 2."""
    above, below = list(operands), list(operands)
    above[number] = operands[number] + direction
    below[number] = operands[number] - direction
    twice = evaluate(notation, above) - evaluate(notation, below)
    return twice // 2 if twice.dtype.kind == "i" else twice / 2


def random_expression(generator):
    """Notation and shapes of an expression that numpy's default einsum accepts too."""
    while True:
        expression = generator.expression()
        if "..." in expression.text() and expression.output and "..." not in expression.output:
            continue
        if expression.output_shape() is None or sum(map(np.prod, expression.shapes)) > SMALL:
            continue
        return generator._notation(expression), expression.shapes


def check_random(generator, rng):
    notation, shapes = random_expression(generator)
    dtype = rng.choice([np.int64, np.complex128])
    operands = [small_integers(rng, shape, dtype) for shape in shapes]
    grad = small_integers(rng, evaluate(notation, operands).shape, dtype)
    grads = einsum_vjp(grad, *positional(notation, operands))
    assert len(grads) == len(operands)
    for number, (operand, result) in enumerate(zip(operands, grads)):
        assert result.shape == operand.shape, notation
        assert result.dtype == dtype
        assert result.flags.writeable
        assert not np.shares_memory(result, grad)
        everywhere = small_integers(rng, operand.shape, dtype)
        change = np.sum(grad * difference(notation, operands, number, everywhere))
        assert np.sum(result * everywhere) == change, (notation, shapes, number)
        if operand.size:
            place = np.zeros_like(operand)
            index = np.unravel_index(rng.integers(operand.size), operand.shape)
            place[index] = 1
            change = np.sum(grad * difference(notation, operands, number, place))
            assert result[index] == change, (notation, shapes, number, index)
    number = int(rng.integers(len(operands)))
    alone = einsum_vjp(grad, *positional(notation, operands), argnums=number)
    np.testing.assert_array_equal(alone, grads[number])


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_expressions(batch):
    generator, rng = Generator(batch, work_limit=500), np.random.default_rng(batch)
    for _ in range(CASES // BATCHES):
        check_random(generator, rng)


def test_linearity_in_every_operand():
    """sum(g * y(.., v, ..)) is sum(gradient * v), in floats and for three operands."""
    rng = np.random.default_rng(0)
    operands = [rng.standard_normal(shape) for shape in ((4, 3, 2), (2, 6), (6, 3, 5))]
    grad = rng.standard_normal((4, 5))
    grads = einsum_vjp(grad, "nmk,kd,dma->na", *operands)
    for number, result in enumerate(grads):
        direction = rng.standard_normal(operands[number].shape)
        moved = [*operands[:number], direction, *operands[number + 1 :]]
        change = np.sum(grad * einsum("nmk,kd,dma->na", *moved))
        np.testing.assert_allclose(np.sum(result * direction), change, rtol=1e-12)


# ---------------------------------------------------------------- what the rules say


def test_texts():
    assert vjp_subscripts("nchwkl,fckl->nfhw", argnums=1).subscripts == "nfhw,nchwkl->fckl"
    assert vjp_subscripts("nchwkl,fckl->nfhw", argnums=0).subscripts == "nfhw,fckl->nchwkl"
    left, right = vjp_subscripts("ij,jk")
    assert (left.subscripts, right.subscripts) == ("ik,jk->ij", "ik,ij->jk")
    assert (left.operands, right.operands) == ((1,), (0,))
    assert left.new_axes == ()
    assert left.diagonal == ""


def test_private_labels_get_new_axes():
    rule = vjp_subscripts("ijk,j->", argnums=0)
    assert rule.subscripts == ",j->j"
    assert rule.new_axes == (0, 2)
    np.testing.assert_array_equal(
        einsum_vjp(2.0, "ijk,j->", np.ones((2, 3, 1)), np.arange(3.0), argnums=0),
        np.broadcast_to(2 * np.arange(3.0)[:, None], (2, 3, 1)),
    )


def test_diagonals_are_written_through_a_view():
    assert vjp_subscripts("iji->j", argnums=0).diagonal == "iji->ij"
    result = einsum_vjp(np.float32([1, 2]), "iji->j", np.ones((3, 2, 3), np.float32), argnums=0)
    assert result.dtype == np.float32
    expected = np.zeros((3, 2, 3))
    expected[range(3), :, range(3)] = [1, 2]
    np.testing.assert_array_equal(result, expected)


def test_shapes_say_what_is_broadcast():
    assert vjp_subscripts("ij,ij->ij", (1, 4), (3, 4), argnums=0).subscripts == "ij,ij->j"
    assert vjp_subscripts("ij,ij->ij", argnums=0).subscripts == "ij,ij->ij"
    rule = vjp_subscripts("...i,...i->...", (5, 3), (2, 5, 3), argnums=0)
    assert rule.subscripts == "yz,yzi->zi"


@pytest.mark.parametrize("argnums", [0, 1, (1,), (1, 0), [0, 1], None, np.int64(1)])
def test_argnums(argnums):
    a, b = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    every = einsum_vjp(np.ones(2), "ij,j->i", a, b)
    result = einsum_vjp(np.ones(2), "ij,j->i", a, b, argnums=argnums)
    if isinstance(argnums, int | np.integer):
        np.testing.assert_array_equal(result, every[argnums])
    else:
        assert isinstance(result, tuple)
        for number, one in zip(range(2) if argnums is None else argnums, result):
            np.testing.assert_array_equal(one, every[number])


def test_conventions_of_complex_gradients():
    a, b, grad = np.array([1 + 2j]), np.array([3 - 1j]), np.array([1j])
    np.testing.assert_array_equal(einsum_vjp(grad, "i,i->i", a, b, argnums=0), grad * b)
    np.testing.assert_array_equal(
        einsum_vjp(grad, "i,i->i", a, b, argnums=0, conjugate=True), grad * b.conj()
    )


def test_dtype_is_that_of_grad_and_the_others():
    a, b, c = np.ones(2, np.int8), np.ones(2, np.float32), np.ones(2, np.complex64)
    da, db, dc = einsum_vjp(np.ones(2, np.float32), "i,i,i->i", a, b, c)
    assert (da.dtype, db.dtype, dc.dtype) == (np.complex64, np.complex64, np.float32)
    assert einsum_vjp(np.ones(2, np.float16), "i,i->i", a, a)[0].dtype == np.float16


def test_small_integers_do_not_wrap_in_shared_products():
    many = np.full(2, 100, np.int8)
    grads = einsum_vjp(np.ones(2), "i,i,i->i", many, many, many)
    assert [grad.tolist() for grad in grads] == [[10000.0] * 2] * 3


def test_weight_gradient_and_input_gradient_of_a_layer():
    rng = np.random.default_rng(1)
    x, w = rng.integers(-4, 5, (2, 3, 9, 8)), rng.integers(-4, 5, (4, 3, 3, 2))
    seen = windows(x, (3, 2), stride=2, padding=1)
    grad = rng.integers(-4, 5, (2, 4, *seen.shape[2:4]))
    dseen, dw = einsum_vjp(grad, "nchwkl,fckl->nfhw", seen, w)
    np.testing.assert_array_equal(dw, np.einsum("nchwkl,nfhw->fckl", seen, grad))
    dx = fold(dseen, x.shape, stride=2, padding=1)
    direction = rng.integers(-4, 5, x.shape)
    moved = einsum("nchwkl,fckl->nfhw", windows(direction, (3, 2), stride=2, padding=1), w)
    assert np.sum(dx * direction) == np.sum(grad * moved)


def test_many_operands_share_their_products(monkeypatch):
    """A chain of n factors: about 3 n products, where separate gradients would take n * n."""
    import fasteinsum._vjp as module

    calls = []
    monkeypatch.setattr(module, "einsum", lambda *a, **k: calls.append(a) or einsum(*a, **k))
    count = 12
    letters = "abcdefghijklm"
    terms = ",".join(letters[i : i + 2] for i in range(count))
    matrices = [np.eye(3) * (i + 1) for i in range(count)]
    grads = einsum_vjp(np.eye(3), f"{terms}->am", *matrices)
    assert len(calls) <= 3 * count
    assert all(len(call) <= 3 for call in calls)
    factorial = np.prod(np.arange(1.0, count + 1))
    for i, result in enumerate(grads):
        np.testing.assert_allclose(result, np.eye(3) * factorial / (i + 1))


# ---------------------------------------------------------------- mistakes


def test_shape_of_grad():
    x, w = np.ones((2, 1, 4, 4, 2, 2)), np.ones((3, 1, 2, 2))
    message = r"grad has shape \(2, 3\), but output 'nfhw' of these operands has shape \(2, 3, 4, 4"
    with pytest.raises(ValueError, match=message):
        einsum_vjp(np.ones((2, 3)), "nchwkl,fckl->nfhw", x, w)


@pytest.mark.parametrize("argnums", [3, -1, (0, 2)])
def test_argnums_out_of_range(argnums):
    with pytest.raises(ValueError, match=r"argnums -?\d is out of range for 2 operands"):
        einsum_vjp(np.ones(2), "i,i->i", np.ones(2), np.ones(2), argnums=argnums)


@pytest.mark.parametrize(
    "operands",
    [
        ("ij,jk->ik", np.ones((2, 3)), np.ones((4, 2))),
        ("ij,jk->il", np.ones((2, 3)), np.ones((3, 2))),
        ("i!->i", np.ones(2)),
        ("ii->i", np.ones((2, 3))),
        ("ij->i", np.ones(2)),
        ("ij",),
        (np.ones(2), ["i"]),
    ],
)
def test_mistakes_raise_what_einsum_raises(operands):
    with pytest.raises((ValueError, TypeError)) as expected:
        einsum(*operands)
    with pytest.raises(expected.type) as raised:
        einsum_vjp(np.ones(2), *operands)
    assert str(raised.value) == str(expected.value)


def test_shapes_are_needed_for_an_ellipsis():
    with pytest.raises(ValueError, match="shapes are needed"):
        vjp_subscripts("...i->...")
    assert vjp_subscripts("...i->...", (2, 3), argnums=0).new_axes == (1,)
