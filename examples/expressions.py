"""The einsum expressions of well-known texts on convolution, one by one.

Each line of the output is one expression: its operands' shapes, the shape of its result, and what
it is for. Every result is compared with `numpy.einsum`; the numbers are small integers, so the two
must be equal. The program ends with an error at the first difference.

    python expressions.py
"""

import numpy as np
from fasteinsum import einsum, fold, output_shape, sliding_window_view, windows
from numpy.testing import assert_array_equal

RNG = np.random.default_rng(0)


def array(*shape):
    """Small integers in float64: every sum below is exact, whatever its order."""
    return RNG.integers(-4, 5, size=shape).astype(np.float64)


def check(subscripts, *operands, note=""):
    result = einsum(subscripts, *operands)
    expected = np.einsum(subscripts, *operands)
    assert_array_equal(result, expected, err_msg=subscripts, strict=True)
    shapes = ", ".join(str(operand.shape) for operand in operands)
    print(f"  {subscripts:24} {shapes} -> {np.shape(result)}  {note}".rstrip())
    return result


def title(text):
    print(f"\n{text}")


def one_image():
    title("A 3x3 kernel over a 12x12 image (Stringham, convolutions with stride_tricks)")
    image, kernel = array(12, 12), array(3, 3)
    views = sliding_window_view(image, (3, 3))  # (10, 10, 3, 3), nothing copied
    check("xyij,ij->xy", views, kernel, note="correlation")
    check("xyij,ij->xy", views, kernel[::-1, ::-1], note="convolution: the kernel flipped")


def mini_batch_weight_gradient():
    title("A layer and its weight gradient over a mini-batch (Stringham, the post on einsum)")
    check("ij,jk->ik", array(5, 7), array(7, 3), note="matrix product")
    x, grad = array(6, 2, 12, 12), array(6, 4, 10, 10)  # grad: of the result of 3x3 kernels
    views = windows(x, (10, 10))  # (6, 2, 3, 3, 10, 10): windows as large as the gradient
    weight_grad = check("nijkde,node->oijk", views, grad, note="weight gradient")
    forward_windows = windows(x, (3, 3))  # (6, 2, 10, 10, 3, 3): the same numbers the other way
    same = check("nchwkl,nfhw->fckl", forward_windows, grad, note="from the forward's windows")
    assert_array_equal(weight_grad, same)


def course_layer():
    title("The layer of CS231n: x (N,C,H,W), w (F,C,HH,WW), stride 2, pad 1")
    x, w, b = array(4, 3, 31, 31), array(5, 3, 3, 3), array(5)
    settings = {"stride": 2, "padding": 1}
    height = 1 + (31 + 2 * 1 - 3) // 2
    assert_array_equal(output_shape(x.shape, (3, 3), **settings), (height, height))
    views = windows(x, (3, 3), **settings)  # (4, 3, 16, 16, 3, 3)
    out = check("nchwkl,fckl->nfhw", views, w, note="forward") + b[:, None, None]
    grad = array(*out.shape)
    check("nfhw->f", grad, note="bias gradient")
    check("nchwkl,nfhw->fckl", views, grad, note="weight gradient")
    taps = check("nfhw,fckl->nchwkl", grad, w, note="input gradient, before fold")
    x_grad = fold(taps, x.shape, **settings)
    # The gradient of a linear map: sum(grad * f(x)) == sum(x_grad * x).
    linear = einsum("nchwkl,fckl->nfhw", views, w)
    assert_array_equal(np.sum(x_grad * x), np.sum(grad * linear))

    title("The same as the course's fast layer stores it: window axes first")
    columns = views.transpose(1, 4, 5, 0, 2, 3)  # (3, 3, 3, 4, 16, 16), a view
    front = grad.transpose(1, 0, 2, 3)
    check("cklnhw,fckl->fnhw", columns, w)
    check("cklnhw,fnhw->fckl", columns, front)
    check("fckl,fnhw->cklnhw", w, front)


def widely_copied_layer():
    title("A widely copied layer: input gradient by windows of the padded gradient, kernel flipped")
    x, w = array(4, 3, 10, 10), array(5, 3, 3, 3)
    views = windows(x, (3, 3), padding=1)
    grad = array(4, 5, 10, 10)
    check("bihwkl,oikl->bohw", views, w, note="forward")
    check("bihwkl,bohw->oikl", views, grad, note="weight gradient")
    around = windows(grad, (3, 3), padding=1)
    x_grad = check("bohwkl,oikl->bihw", around, w[..., ::-1, ::-1], note="input gradient")
    folded = fold(einsum("bohw,oikl->bihwkl", grad, w), x.shape, padding=1)
    assert_array_equal(x_grad, folded)


def groups():
    title("Groups: x (N, groups, channels of a group, H, W)")
    x, w = array(2, 3, 4, 9, 9), array(3, 5, 4, 3, 3)
    views = windows(x, (3, 3))
    grad = array(2, 3, 5, 7, 7)
    check("igjYXyx,gkjyx->igkYX", views, w, note="forward")
    check("igkYX,igjYXyx->gkjyx", grad, views, note="weight gradient")
    check("nGChwHW,GkCHW->nGkhw", views, w, note="the same in other letters")


def channels_last():
    title("Channels last, and time series")
    x = array(2, 9, 9, 4)
    views = windows(x, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)  # (2, 7, 7, 3, 3, 4)
    check("abcijk,ijkd", views, array(3, 3, 4, 5), note="no arrow: letters once, in order")
    check("bwhijk,ijkl->bwhl", views, array(3, 3, 4, 5))
    series = windows(array(200, 6), 5, axis=0)  # (196, 6, 5): time, feature, lag
    check("tfl,fl->t", series, array(6, 5), note="a filter over the last five steps")


def chain_rule():
    title("The chain rule for matrices, dA/dB = dA/dV dV/dB")
    check("nmkd,kdab->nmab", array(4, 3, 2, 6), array(2, 6, 2, 6))


def basic_guide():
    title("The table of the basic guide to einsum")
    vector, matrix, square = array(4), array(4, 4), array(4, 4)
    for subscripts in ("i", "i->"):
        check(subscripts, vector)
    for subscripts in ("i,i->i", "i,i", "i,j->ij"):
        check(subscripts, vector, array(4))
    for subscripts in ("ij", "ji", "ii->i", "ii", "ij->", "ij->j", "ij->i"):
        check(subscripts, matrix)
    for subscripts in ("ij,ij->ij", "ij,ji->ij", "ij,jk", "ij,kj->ik", "ij,kj->ikj", "ij,kl->ijkl"):
        check(subscripts, matrix, square)
    check("i,ij->i", vector, matrix)
    check("...ij,ji->...", array(3, 4, 4), matrix)


def main():
    one_image()
    mini_batch_weight_gradient()
    course_layer()
    widely_copied_layer()
    groups()
    channels_last()
    chain_rule()
    basic_guide()
    print("\nall results equal numpy.einsum's")


if __name__ == "__main__":
    main()
