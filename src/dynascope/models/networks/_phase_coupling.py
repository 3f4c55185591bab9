"""How phases pull each other, on a graph or all alike."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._sincos import sincos
from ..._tree import is_traced
from ...systems import AbstractConnectivity, connectivity


def as_graph(graph: Any) -> AbstractConnectivity | None:
    """The connectivity of `graph`, None for a network in which all pull all alike."""
    return None if graph is None else connectivity(graph)


def check_graph(graph: AbstractConnectivity | None, omega: Any) -> None:
    """Refuse a graph of another size than there are frequencies."""
    if graph is not None and jnp.ndim(omega) == 1 and jnp.shape(omega) != (graph.size,):
        raise InputError(
            f"The graph has {graph.size} nodes, but there are {jnp.shape(omega)[0]} frequencies. Give one per node."
        )


def pull(graph: AbstractConnectivity | None, theta: jax.Array) -> jax.Array:
    """The pull on each phase: sum_j A_ij sin(theta_j - theta_i), or the mean over all where there is no graph.

    One sine and one cosine per phase, where the double sum would need N^2 (on a graph: one per edge).
    """
    s, c = sincos(theta)
    if graph is None and theta.dtype == jnp.float64:
        # On a CPU a loop of XLA writes one array, and two loops would compute sine and cosine twice. A complex array is
        # one; the barrier keeps its computation out of the loops that read it.
        phasors = jax.lax.optimization_barrier(jax.lax.complex(c, s))
        mean = jnp.mean(phasors)
        return jnp.imag(mean) * jnp.real(phasors) - jnp.real(mean) * jnp.imag(phasors)
    if graph is None:
        return jnp.mean(s) * c - jnp.mean(c) * s
    sines, cosines = (graph @ jnp.stack([s, c], axis=1)).T
    return sines * c - cosines * s


def order_parameter(theta: jax.Array) -> jax.Array:
    """The complex order parameter Z = mean exp(i theta)."""
    return jax.lax.complex(jnp.mean(jnp.cos(theta)), jnp.mean(jnp.sin(theta)))


def spread_phases(omega: jax.Array) -> jax.Array:
    """Phases over half the circle in golden-ratio order, one per entry of `omega`.

    They are independent of the order of the frequencies, and between full synchrony and none (r = 2 / pi).
    """
    shares = (jnp.arange(omega.shape[-1]) * 0.6180339887498949) % 1.0
    return (jnp.pi * shares).astype(omega.dtype)


def resolving_step(omega: jax.Array, K: jax.Array, graph: AbstractConnectivity | None) -> float:
    """A step that resolves the fastest oscillator, which drifts past all others, and the strongest pull."""
    if is_traced(omega, K, graph):
        return 0.005
    fastest = float(np.max(np.abs(omega)))
    if graph is not None:
        sizes = eqx.tree_at(lambda g: g.weights, graph, jnp.abs(graph.weights))
        fastest = max(fastest, abs(float(K)) * float(jnp.max(sizes @ jnp.ones(graph.size, sizes.weights.dtype))))
    return float(np.clip(0.3 / max(fastest, 1e-12), 0.001, 0.02))
