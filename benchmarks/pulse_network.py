"""Integrate-and-fire neurons that inhibit each other by pulses, as a hybrid system and without tangents.

tau_i V_i' = drive_i - V_i; when V_j reaches 1 it is set to 0 and every other V_i jumps by W_ij <= 0. Between spikes all
is known in closed form, so that `orbit` needs no steps, and `by_differences` takes its exponents from runs that start
close together, by Gram-Schmidt on their differences. The hybrid system goes through the solver, its root-finding and
the derivative of its reset instead.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.systems import AbstractHybrid, Box, variables

#: Half the distance of the runs whose difference is followed.
_APART = 1e-6


class PulseNetwork(AbstractHybrid):
    """The network as a hybrid system; `drive` and `tau` of shape `(N,)`, `W` of shape `(N, N)`, its diagonal empty."""

    variables = variables("V")

    drive: Any = ds.param(doc="currents above the threshold")
    tau: Any = ds.param(doc="time constants")
    W: Any = ds.param(doc="pulses, entry [i, j] from neuron j to i")

    def initial_state(self) -> jax.Array:
        return jnp.linspace(0.1, 0.7, self.drive.shape[0])

    def region(self) -> Box:
        return Box(jnp.zeros_like(self.drive), 0.99 * jnp.ones_like(self.drive))

    def vector_field(self, t: Any, y: Any, u: Any) -> jax.Array:
        del t, u
        return (self.drive - y) / self.tau

    def guard(self, t: Any, y: Any, u: Any) -> jax.Array:
        del t, u
        return y - 1.0

    def reset(self, t: Any, y: Any, u: Any, fired: Any) -> jax.Array:
        del t, u
        return jnp.where(fired, 0.0, y + self.W @ jnp.where(fired, 1.0, 0.0))


def small_network(n: int = 4) -> PulseNetwork:
    """Neurons of different speed and drive, none alike."""
    rng = np.random.default_rng(5)
    W = -0.15 * rng.uniform(0.3, 1.0, (n, n)) * (1 - np.eye(n))
    return PulseNetwork(drive=np.linspace(1.2, 1.7, n), tau=np.linspace(0.8, 1.3, n), W=W)


def orbit(network: PulseNetwork, y: np.ndarray, time: float) -> tuple[np.ndarray, np.ndarray]:
    """State after `time`, and the spikes of each neuron, from spike to spike in closed form."""
    drive, tau, W = (np.asarray(x) for x in (network.drive, network.tau, network.W))
    y, spikes = y.copy(), np.zeros(len(y), int)
    while True:
        waits = tau * np.log((drive - y) / (drive - 1.0))
        j = int(np.argmin(waits))
        if waits[j] > time:
            return drive + (y - drive) * np.exp(-time / tau), spikes
        y = drive + (y - drive) * np.exp(-waits[j] / tau) + W[:, j]
        y[j], time = 0.0, time - waits[j]
        spikes[j] += 1


def by_differences(
    network: PulseNetwork, *, transient: float, duration: float, window: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """All exponents from central differences of nearby orbits, and the rate of spikes of each neuron."""
    y, _ = orbit(network, np.asarray(network.initial_state()), transient)
    frame = np.linalg.qr(np.random.default_rng(0).normal(size=(len(y), len(y))))[0]
    logs, spikes = np.zeros(len(y)), np.zeros(len(y))
    windows = round(duration / window)
    for _ in range(windows):
        image = [orbit(network, y + _APART * v, window)[0] - orbit(network, y - _APART * v, window)[0] for v in frame.T]
        y, fired = orbit(network, y, window)
        frame, r = np.linalg.qr(np.stack(image, axis=1) / (2 * _APART))
        logs, spikes = logs + np.log(np.abs(np.diag(r))), spikes + fired
    return np.sort(logs)[::-1] / (windows * window), spikes / (windows * window)


def sum_of_exponents(network: PulseNetwork, rates: np.ndarray) -> float:
    """Leaks, and at each spike the ratio of the velocities after and before it."""
    drive, tau = np.asarray(network.drive), np.asarray(network.tau)
    return float(np.sum(rates * np.log(drive / (drive - 1.0))) - np.sum(1.0 / tau))
