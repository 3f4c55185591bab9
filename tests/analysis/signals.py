"""Series whose dynamics is known, made with plain NumPy: what the analyses of recordings are tested on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _rk4(field: Callable[[Array], Array], start: Array, *, dt: float, substeps: int, samples: int, skip: int) -> Array:
    y, h = start, dt / substeps
    out = np.empty((samples, start.size))
    for n in range(-skip, samples):
        if n >= 0:
            out[n] = y
        for _ in range(substeps):
            k1 = field(y)
            k2 = field(y + 0.5 * h * k1)
            k3 = field(y + 0.5 * h * k2)
            k4 = field(y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return out


def lorenz(samples: int, *, dt: float = 0.02, skip: int = 500) -> Array:
    """Lorenz (10, 28, 8/3), (time, 3); largest exponent 0.9056 per time unit, correlation dimension 2.05."""

    def field(y: Array) -> Array:
        return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])

    return _rk4(field, np.array([1.0, 2.0, 20.0]), dt=dt, substeps=2, samples=samples, skip=skip)


def roessler(samples: int, *, dt: float = 0.1, skip: int = 1000) -> Array:
    """Roessler (0.2, 0.2, 5.7), (time, 3); largest exponent 0.0714 per time unit."""

    def field(y: Array) -> Array:
        return np.array([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)])

    return _rk4(field, np.array([1.0, 1.0, 0.0]), dt=dt, substeps=3, samples=samples, skip=skip)


def van_der_pol(samples: int, *, dt: float = 0.05, mu: float = 3.0, skip: int = 1000) -> Array:
    """Van der Pol's relaxation oscillation, (time, 2); a limit cycle rich in harmonics."""

    def field(y: Array) -> Array:
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    return _rk4(field, np.array([1.0, 0.0]), dt=dt, substeps=2, samples=samples, skip=skip)


def henon(samples: int, *, skip: int = 100) -> Array:
    """Henon (1.4, 0.3), (time, 2); largest exponent 0.4192 per step, correlation dimension about 1.22."""
    out = np.empty((samples, 2))
    a, b = 0.1, 0.1
    for n in range(-skip, samples):
        a, b = 1 - 1.4 * a * a + b, 0.3 * a
        if n >= 0:
            out[n] = a, b
    return out


def logistic(samples: int, *, r: float = 4.0, skip: int = 100) -> Array:
    """Logistic map, (time,); exponent ln 2 per step at r = 4."""
    out = np.empty(samples)
    value = 0.3123
    for n in range(-skip, samples):
        value = r * value * (1 - value)
        if n >= 0:
            out[n] = value
    return out


def sine(samples: int, *, period: float = 23.7) -> Array:
    return np.sin(2 * np.pi * np.arange(samples) / period)


def torus(samples: int, *, period: float = 23.7) -> Array:
    """Two incommensurate rhythms that modulate each other."""
    phase = 2 * np.pi * np.arange(samples) / period
    slow = phase * (np.sqrt(5) - 1) / 2
    return np.sin(phase) + 0.7 * np.sin(slow) + 0.2 * np.sin(phase) * np.cos(slow)


def white(samples: int, *, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(samples)


def autoregressive(samples: int, *coefficients: float, seed: int = 0) -> Array:
    """AR noise with the given coefficients of x(n-1), x(n-2), ..."""
    kicks = np.random.default_rng(seed).standard_normal(samples + 500)
    out = np.zeros(samples + 500)
    order = len(coefficients)
    for n in range(order, out.size):
        out[n] = kicks[n] + sum(c * out[n - 1 - k] for k, c in enumerate(coefficients))
    return out[500:]


def ornstein_uhlenbeck(samples: int, *, dt: float = 0.05, seed: int = 0) -> Array:
    """dx = -x dt + dW, sampled exactly."""
    return autoregressive(samples, float(np.exp(-dt)), seed=seed)


def noisy(x: Array, *, decibels: float = 20.0, seed: int = 1) -> Array:
    """`x` with white measurement noise at this ratio of the variances."""
    scale = x.std(axis=0) * 10 ** (-decibels / 20)
    return x + scale * np.random.default_rng(seed).standard_normal(x.shape)
