"""Denoising by patches: windows, a projection that learns from the picture itself, and fold.

Every 8x8 patch of the noisy picture is written in the directions along which patches differ most
(principal components), small coefficients are dropped, and the patches are put back: fold with
average=True gives each pixel the mean of the 64 patches that see it.

    python denoise.py

Labels: h w position of a patch, k l pixel in it, m n the same again, d direction.
"""

import numpy as np
from fasteinsum import einsum, fold, windows

SIZE = 8
NOISE = 0.2
THRESHOLD = 3 * NOISE  # of a coefficient: what three standard deviations of noise reach


def make_picture(size=160):
    """Stripes, rings and a step, from 0 to 1."""
    y, x = np.mgrid[:size, :size] / size
    picture = 0.5 + 0.4 * np.sin(40 * x) * (y < 0.5)
    picture += 0.3 * np.sin(60 * np.hypot(x - 0.7, y - 0.7)) * (y >= 0.5)
    return np.where(x + y > 1.5, picture * 0.5, picture)


def denoise(noisy):
    patches = windows(noisy, (SIZE, SIZE))  # (h, w, k, l), a view of the picture
    centre = einsum("hwkl->kl", patches) / np.prod(patches.shape[:2])
    # The covariance of the pixels of a patch: both operands are the same overlapping view.
    moments = einsum("hwkl,hwmn->klmn", patches, patches) / np.prod(patches.shape[:2])
    covariance = moments - einsum("kl,mn->klmn", centre, centre)
    _, vectors = np.linalg.eigh(covariance.reshape(SIZE**2, SIZE**2))
    directions = vectors.reshape(SIZE, SIZE, SIZE**2)  # (k, l, d), orthonormal
    offset = einsum("kl,kld->d", centre, directions)
    coefficients = einsum("hwkl,kld->hwd", patches, directions) - offset
    coefficients[np.abs(coefficients) < THRESHOLD] = 0
    cleaned = einsum("hwd,kld->hwkl", coefficients, directions) + centre
    return fold(cleaned, noisy.shape, average=True)


def error_of(picture, truth):
    return np.sqrt(np.mean((picture - truth) ** 2))


def main():
    rng = np.random.default_rng(0)
    truth = make_picture()
    noisy = truth + NOISE * rng.standard_normal(truth.shape)
    cleaned = denoise(noisy)
    same = fold(windows(noisy, (SIZE, SIZE)), noisy.shape, average=True)
    np.testing.assert_allclose(same, noisy)  # patches put back unchanged are the picture
    before, after = error_of(noisy, truth), error_of(cleaned, truth)
    print(f"{np.prod(windows(noisy, (SIZE, SIZE)).shape[:2])} patches of {SIZE}x{SIZE}")
    print(f"root mean square error {before:.3f} -> {after:.3f}")
    assert after < before / 2


if __name__ == "__main__":
    main()
