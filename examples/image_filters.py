"""Filters of images and of series: windows of the array, contracted with a kernel.

A picture is made (discs on a slope, with noise); then it is blurred, its edges are found, a series
is smoothed with windows that reach over its ends, and a signal is cut into frames and put together
again by overlap-add.

    python image_filters.py

Labels: h w position, k l place inside the window, c colour, t frame, s sample in a frame, f
frequency.
"""

import numpy as np
from fasteinsum import einsum, fold, windows

BINOMIAL = np.array([1, 2, 1]) / 4
SLOPE = np.array([1, 0, -1]) / 2
GRAY = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


def make_picture(rng, size=128):
    """(h, w, c), from 0 to 1: three discs on a slope."""
    y, x = np.mgrid[:size, :size] / size
    picture = np.stack([0.3 * x, 0.3 * y, 0.2 * np.ones_like(x)], axis=-1)
    for colour, (cy, cx, radius) in enumerate([(0.3, 0.3, 0.2), (0.4, 0.7, 0.15), (0.7, 0.5, 0.2)]):
        picture[(y - cy) ** 2 + (x - cx) ** 2 < radius**2, colour] = 0.9
    return picture + 0.02 * rng.standard_normal(picture.shape)


def filtered(image, kernel, mode="edge"):
    """Correlation of an image (h, w) with a kernel, of the same size."""
    return einsum("hwkl,kl->hw", windows(image, kernel.shape, padding="same", mode=mode), kernel)


def separable(image, column, row):
    """The same with the kernel column[:, None] * row, in one einsum of three operands."""
    views = windows(image, (len(column), len(row)), padding="same", mode="edge")
    return einsum("hwkl,k,l->hw", views, column, row)


def edges(image):
    """The length of the gradient (Sobel)."""
    down, right = separable(image, SLOPE, BINOMIAL), separable(image, BINOMIAL, SLOPE)
    return np.hypot(down, right)


def show(image, columns=64):
    """The picture in letters, every few pixels one."""
    shades = " .:-=+*#%@"
    step = image.shape[1] // columns
    low, high = image.min(), image.max()
    for row in image[:: 2 * step, ::step]:
        levels = ((row - low) / (high - low) * (len(shades) - 1)).astype(int)
        print("  " + "".join(shades[level] for level in levels))


def images(rng):
    picture = make_picture(rng)
    gray = einsum("hwc,c->hw", picture, GRAY)
    blurred = filtered(gray, np.outer(BINOMIAL, BINOMIAL))
    np.testing.assert_allclose(blurred, separable(gray, BINOMIAL, BINOMIAL), atol=1e-12)
    colours = einsum(
        "hwckl,k,l->hwc",
        windows(picture, (3, 3), axis=(0, 1), padding="same", mode="edge"),
        BINOMIAL,
        BINOMIAL,
    )
    np.testing.assert_allclose(einsum("hwc,c->hw", colours, GRAY), blurred, atol=1e-12)
    found = edges(blurred)
    print(f"edges of a picture {picture.shape}; they are {found.max() / found.mean():.0f} times")
    print("as steep as the mean")
    show(found)


def moving_averages(rng):
    """Windows of 7 that reach over both ends, where they average what there is."""
    series = np.cumsum(rng.standard_normal(200))
    padded = windows(series, 7, padding=3, constant_values=np.nan)  # (200, 7)
    mean = np.nanmean(padded, axis=1)
    counts = einsum("tk->t", windows(np.ones(200), 7, padding=3))
    np.testing.assert_allclose(mean, einsum("tk->t", windows(series, 7, padding=3)) / counts)
    causal = einsum("tk,k->t", windows(series, 7, padding="causal"), np.full(7, 1 / 7))
    np.testing.assert_allclose(causal[6:], mean[3:-3])
    print(f"moving average: roughness {np.std(np.diff(series)):.2f} -> {np.std(np.diff(mean)):.2f}")


def frames(rng, size=64, hop=16):
    """A spectrum of overlapping frames, and the signal again, by overlap-add."""
    signal = np.sin(0.05 * np.arange(1024) ** 1.3) + 0.1 * rng.standard_normal(1024)
    hann = np.sin(np.pi * np.arange(size) / size) ** 2
    waves = np.exp(-2j * np.pi * np.outer(np.arange(size), np.arange(size)) / size)  # (f, s)
    spectrum = einsum("ts,s,fs->tf", windows(signal, size, stride=hop), hann, waves)
    parts = einsum("tf,fs->ts", spectrum, waves.conj() / size).real  # the frames times hann
    again = fold(parts, signal.shape, stride=hop)
    weight = fold(np.broadcast_to(hann, parts.shape), signal.shape, stride=hop)
    inside = weight > 1e-3
    np.testing.assert_allclose(again[inside] / weight[inside], signal[inside], atol=1e-9)
    print(f"{len(signal)} samples from {len(spectrum)} frames of {size}: restored")


def main():
    rng = np.random.default_rng(0)
    images(rng)
    moving_averages(rng)
    frames(rng)


if __name__ == "__main__":
    main()
