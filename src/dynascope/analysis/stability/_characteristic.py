"""Characteristic roots of a delay flow at a constant solution."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ...systems import AbstractDelayFlow

#: Chebyshev intervals of the history, and how many leading roots are returned.
_INTERVALS, _LEADING = 40, 8


def characteristic_roots(system: AbstractDelayFlow, flat: np.ndarray, *, t: Any, u: Any) -> np.ndarray:
    """The leading roots of the characteristic equation at the constant solution `flat`.

    The linearised flow on histories, d/dt phi = phi' with phi'(0) = Df[phi], is discretised at Chebyshev points (Breda,
    Maset and Vermiglio 2005); leading roots converge faster than any power of the number of points.

    Args:
        system: A delay flow.
        flat: Flattened constant state, shape `(d,)`.
        t: Time at which the system is frozen.
        u: Input at that time.

    Returns:
        The up to eight roots of largest real part, descending.
    """
    _, unravel = ravel_pytree(system.initial_state())
    delay = float(system.longest_delay())
    differentiation, nodes = chebyshev(_INTERVALS)
    times = delay * (nodes - 1) / 2  # from 0, the present, back to -delay
    weights = (-1.0) ** np.arange(_INTERVALS + 1)
    weights[[0, -1]] *= 0.5
    d = flat.size

    def velocity(values: Any) -> Any:
        def history(s: Any) -> Any:
            gap = s - t - jnp.asarray(times)
            exact = jnp.abs(gap) < 1e-12 * delay
            ratio = jnp.asarray(weights) / jnp.where(exact, 1.0, gap)
            ratio = jnp.where(jnp.any(exact), exact.astype(ratio.dtype), ratio)
            return unravel(ratio @ values / jnp.sum(ratio))

        return ravel_pytree(system.vector_field(t, unravel(values[0]), history, u))[0]

    constant = jnp.tile(jnp.asarray(flat), (_INTERVALS + 1, 1))
    present = np.asarray(jax.jacfwd(velocity)(constant)).reshape(d, -1)
    matrix = np.kron(differentiation * 2 / delay, np.eye(d))
    matrix[:d] = present
    roots = np.linalg.eigvals(matrix)
    return roots[np.argsort(-roots.real, kind="stable")][:_LEADING]


def chebyshev(intervals: int) -> tuple[np.ndarray, np.ndarray]:
    """Differentiation matrix and points cos(pi j / n), j = 0..n (Trefethen, Spectral Methods in MATLAB, 2000)."""
    points = np.cos(np.pi * np.arange(intervals + 1) / intervals)
    scale = np.ones(intervals + 1)
    scale[[0, -1]] = 2
    scale *= (-1.0) ** np.arange(intervals + 1)
    gaps = points[:, None] - points[None, :]
    matrix = np.outer(scale, 1 / scale) / (gaps + np.eye(intervals + 1))
    return matrix - np.diag(matrix.sum(axis=1)), points
