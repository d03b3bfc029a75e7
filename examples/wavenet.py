"""A stack of dilated causal convolutions, as in WaveNet, that learns to predict a wave.

Each layer sees two samples, 1, 2, 4, ... 64 apart, so that seven layers see 128 samples of the past
with 14 taps. The dilation is a stride of the view; nothing is copied but the zeros before the
beginning. Gated units and residual sums as in the original; the gradients are `conv_vjp`.

    python wavenet.py [--steps 200]

Shapes: (1, channels, samples).
"""

import argparse

import numpy as np
from fasteinsum.conv import conv, conv_vjp

CHANNELS = 12
DILATIONS = [1, 2, 4, 8, 16, 32, 64]
SAMPLES = 1024
RATE = 3e-3


def make_wave(rng):
    """Two tones and a little noise."""
    t = np.arange(SAMPLES + 1)
    wave = np.sin(0.07 * t) + 0.5 * np.sin(0.31 * t + 1) + 0.05 * rng.standard_normal(SAMPLES + 1)
    return wave.astype(np.float32)[None, None]


def causal(dilation):
    return {"dilation": dilation, "padding": "causal"}


class Gated:
    """x + mix(tanh(filter(x)) * sigmoid(gate(x)))."""

    def __init__(self, rng, dilation):
        self.settings = causal(dilation)
        # filter and gate are the two halves of one kernel
        self.kernel = rng.standard_normal((2 * CHANNELS, CHANNELS, 2)) / np.sqrt(2 * CHANNELS)
        self.mix = rng.standard_normal((CHANNELS, CHANNELS, 1)) / np.sqrt(4 * CHANNELS)
        self.weights = [self.kernel.astype(np.float32), self.mix.astype(np.float32)]

    def forward(self, x):
        both = conv(x, self.weights[0], **self.settings)
        signal, gate = np.tanh(both[:, :CHANNELS]), 1 / (1 + np.exp(-both[:, CHANNELS:]))
        product = signal * gate
        self.saved = x, signal, gate, product
        return x + conv(product, self.weights[1])

    def backward(self, grad):
        x, signal, gate, product = self.saved
        dproduct, dmix = conv_vjp(grad, product, self.weights[1], argnums=(0, 1))
        dsignal = dproduct * gate * (1 - signal**2)
        dgate = dproduct * signal * gate * (1 - gate)
        both = np.concatenate([dsignal, dgate], axis=1)
        dx, dkernel = conv_vjp(both, x, self.weights[0], argnums=(0, 1), **self.settings)
        self.grads = [dkernel, dmix]
        return grad + dx


class Plain:
    """A convolution of one sample: between the wave and the channels."""

    def __init__(self, rng, channels, filters):
        kernel = rng.standard_normal((filters, channels, 1)) / np.sqrt(channels)
        self.weights = [kernel.astype(np.float32)]

    def forward(self, x):
        self.saved = x
        return conv(x, self.weights[0])

    def backward(self, grad):
        dx, dkernel = conv_vjp(grad, self.saved, self.weights[0], argnums=(0, 1))
        self.grads = [dkernel]
        return dx


class Adam:
    """The usual optimiser, for a list of layers."""

    def __init__(self, layers):
        self.layers = layers
        self.moments = [[np.zeros((2, *w.shape), w.dtype) for w in one.weights] for one in layers]
        self.count = 0

    def step(self):
        self.count += 1
        for layer, moments in zip(self.layers, self.moments):
            for weight, grad, (mean, square) in zip(layer.weights, layer.grads, moments):
                mean += 0.1 * (grad - mean)
                square += 0.001 * (grad**2 - square)
                scale = np.sqrt(square / (1 - 0.999**self.count)) + 1e-8
                weight -= RATE * (mean / (1 - 0.9**self.count)) / scale


def check_causality(layers, x):
    """A change of sample 500 changes no prediction before it."""

    def predict(x):
        for layer in layers:
            x = layer.forward(x)
        return x

    changed = x.copy()
    changed[..., 500] += 1
    moved = np.flatnonzero((predict(changed) != predict(x))[0, 0])
    assert moved.min() == 500
    assert moved.max() <= 500 + sum(DILATIONS)
    print(f"sample 500 is seen by predictions {moved.min()} to {moved.max()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="of the optimiser (200)")
    steps = parser.parse_args().steps
    rng = np.random.default_rng(0)
    layers = [Plain(rng, 1, CHANNELS), *(Gated(rng, d) for d in DILATIONS), Plain(rng, CHANNELS, 1)]
    wave = make_wave(rng)
    x, target = wave[..., :-1], wave[..., 1:]
    check_causality(layers, x)
    adam = Adam(layers)
    for step in range(steps + 1):
        y = x
        for layer in layers:
            y = layer.forward(y)
        error = y - target
        if step % 50 == 0:
            print(f"step {step:4}: root mean square error {np.sqrt(np.mean(error**2)):.3f}")
        grad = 2 * error / error.size
        for layer in reversed(layers):
            grad = layer.backward(grad)
        adam.step()


if __name__ == "__main__":
    main()
