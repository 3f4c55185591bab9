"""Spikes of a noisy integrate-and-fire network whose chance depends on all of the past, and the same by threshold."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from scipy import special

from ..._compile import compiled
from ..._errors import InputError


class CompleteConnections(eqx.Module):
    r"""The chain with complete connections of a discrete-time integrate-and-fire network with noise.

    P[w_k(n) = 1 | past] = Q((theta - C_k) / s_k), Q the Gaussian tail,
    C_k(n) = sum of gamma^(n-1-l) (sum_j W_kj w_j(l) + I_k) over l from the last spike tau_k of k to n - 1,
    s_k^2 = sigma^2 (1 - gamma^(2m)) / (1 - gamma^2), m = n - tau_k.

    Given the past, neurons fire independently, so that phi = sum_k log P[w_k(n) | past] is normalised: its Gibbs
    distribution is this chain, and its pressure nought. `draw` follows these probabilities. `threshold` instead adds
    the noise to the potential, V_k(n) = gamma V_k(n-1) (1 - w_k(n-1)) + sum_j W_kj w_j(n-1) + I_k + sigma B_k(n), and
    fires where V >= theta. The two are the same for gamma = 0 only: otherwise the noise that a neuron remembers is
    conditioned on its not having fired since, which the formula leaves out, and the threshold network fires less.

    Before the first bin every neuron counts as having just fired.

    Args:
        W: Weights, shape `(N, N)`, entry `[i, j]` from neuron j to i.
        I: Input currents, shape `(N,)`.
        gamma: What a step leaves of a potential, from 0 to below 1.
        theta: Threshold.
        sigma: Strength of the noise, positive.

    Raises:
        InputError: If shapes do not fit, gamma does not lie in [0, 1) or sigma is not positive.

    Reference:
        Cessac (2011), A discrete time neural network model with spiking neurons II: dynamics with noise, Journal of
        Mathematical Biology 62, 863-900.

    Example:
        >>> one = CompleteConnections(W=[[0.0]], I=[0.0], gamma=0.0, theta=1.0, sigma=1.0)
        >>> one.probabilities(np.zeros((2, 1))).round(4).tolist()
        [[0.1587], [0.1587]]
    """

    W: jax.Array = eqx.field(converter=lambda x: jnp.asarray(x, float))
    I: jax.Array = eqx.field(converter=lambda x: jnp.asarray(x, float))  # noqa: E741
    gamma: jax.Array = eqx.field(converter=lambda x: jnp.asarray(x, float))
    theta: jax.Array = eqx.field(converter=lambda x: jnp.asarray(x, float), default=1.0)
    sigma: jax.Array = eqx.field(converter=lambda x: jnp.asarray(x, float), default=0.2)

    def __check_init__(self):
        n = self.I.shape[-1] if self.I.ndim else 0
        if self.W.shape != (n, n):
            raise InputError(f"`W` must have the shape (N, N) and `I` (N,), got {self.W.shape} and {self.I.shape}.")
        if not (0 <= float(self.gamma) < 1 and float(self.sigma) > 0):
            raise InputError(f"Needs 0 <= gamma < 1 and sigma > 0, got {self.gamma} and {self.sigma}.")

    def probabilities(self, raster: Any, *, memory: int | None = None) -> np.ndarray:
        """The chance of every spike given the raster before it, shape `(time, neuron)`.

        Args:
            raster: Spikes, shape `(time, neuron)`.
            memory: How many bins back it looks: every neuron counts as having fired that long ago. None looks at all.
        """
        spikes = (np.asarray(raster) > 0).astype(float)
        if memory is None:
            return np.asarray(_all_chances(self, jnp.asarray(spikes)))
        if memory < 1:
            raise InputError(f"`memory` must be at least one bin, got {memory}.")
        return _recent_chances(self, spikes, memory)

    def potential(self, raster: Any, *, memory: int | None = None) -> np.ndarray:
        """Phi at every bin: the logarithm of the chance of its spikes given those before, shape `(time,)`."""
        chance = self.probabilities(raster, memory=memory)
        return np.sum(np.where(np.asarray(raster) > 0, np.log(chance), np.log1p(-chance)), axis=1)

    def draw(self, steps: int, *, seed: int = 0) -> np.ndarray:
        """A raster of the chain, shape `(steps, neuron)`."""
        return np.asarray(_drawn(self, jax.random.key(seed), steps)) > 0

    def threshold(self, steps: int, *, seed: int = 0) -> np.ndarray:
        """A raster of the network with its threshold and the noise in its potentials, shape `(steps, neuron)`."""
        return np.asarray(_thresholded(self, jax.random.key(seed), steps)) > 0

    def divergence(self, raster: Any, *, memory: int) -> float:
        """Divergence rate of the chain from its approximation of finite memory, nats per bin, along a raster of it."""
        p, q = self.probabilities(raster), self.probabilities(raster, memory=memory)
        return float(np.mean(np.sum(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)), axis=1)))


def _after(chain: CompleteConnections, C: jax.Array, v: jax.Array, w: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean potential and share of the variance of the noise one bin after the spikes `w`."""
    return chain.gamma * C * (1 - w) + w @ chain.W.T + chain.I, chain.gamma**2 * v * (1 - w) + 1.0


def _chance(chain: CompleteConnections, C: jax.Array, v: jax.Array) -> jax.Array:
    # Kept from 0 and 1, whose logarithm nobody can take: beyond 37 deviations.
    return jnp.clip(ndtr((C - chain.theta) / (chain.sigma * jnp.sqrt(v))), 1e-300, 1 - 1e-16)


@compiled
def _all_chances(chain: CompleteConnections, spikes: jax.Array) -> jax.Array:
    def step(carry, w):
        C, v = carry
        return _after(chain, C, v, w), _chance(chain, C, v)

    return jax.lax.scan(step, (chain.I, jnp.ones_like(chain.I)), spikes)[1]


def _recent_chances(chain: CompleteConnections, spikes: np.ndarray, memory: int) -> np.ndarray:
    """Chances from the last bins alone, all times at once, one bin of the past after the other."""
    gamma, W, current = float(chain.gamma), np.asarray(chain.W), np.asarray(chain.I)
    size, n = spikes.shape
    early = np.concatenate([np.zeros((memory, n)), spikes])
    # Before the first bin every neuron has just fired, with no spike that reached it.
    begin = np.arange(size)[:, None] - memory
    C, v = np.zeros((size, n)), np.zeros((size, n))
    for k in range(memory):
        w = early[k : k + size]
        there = begin + k >= -1
        C = np.where(there, gamma * C * (1 - w) + w @ W.T + current, 0.0)
        v = np.where(there, gamma**2 * v * (1 - w) + 1.0, 0.0)
    chance = special.ndtr((C - float(chain.theta)) / (float(chain.sigma) * np.sqrt(v)))
    return np.clip(chance, 1e-300, 1 - 1e-16)


@compiled
def _drawn(chain: CompleteConnections, key: jax.Array, steps: int) -> jax.Array:
    def step(carry, number):
        C, v = carry
        w = (jax.random.uniform(jax.random.fold_in(key, number), C.shape) < _chance(chain, C, v)).astype(float)
        return _after(chain, C, v, w), w

    return jax.lax.scan(step, (chain.I, jnp.ones_like(chain.I)), jnp.arange(steps))[1]


@compiled
def _thresholded(chain: CompleteConnections, key: jax.Array, steps: int) -> jax.Array:
    def step(carry, number):
        V, w = carry
        noise = chain.sigma * jax.random.normal(jax.random.fold_in(key, number), V.shape)
        V = chain.gamma * V * (1 - w) + chain.W @ w + chain.I + noise
        w = (chain.theta <= V).astype(float)
        return (V, w), w

    start = jnp.zeros_like(chain.I)
    return jax.lax.scan(step, (start, start), jnp.arange(steps))[1]
