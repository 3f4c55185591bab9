"""From places of rest to fixed points: merging, eigenvalues, names of stability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ...systems import AbstractMap, Variable, kind
from ._characteristic import characteristic_roots
from ._frozen import Frozen

#: Eigenvalues this close to neutral, relative to the largest rate, are not called stable or unstable.
_NEUTRAL = 1e-8


def gaps(places: np.ndarray, place: np.ndarray, *, scale: np.ndarray, variables: Sequence[Variable]) -> np.ndarray:
    """Largest difference of a component between each of `places` and `place`, in units of `scale`; circles wrap."""
    gap = np.abs(places - place)
    for i, v in enumerate(variables):
        if v.topology == "circle":
            gap[:, i] = np.minimum(gap[:, i] % v.period, v.period - gap[:, i] % v.period)
    return np.max(gap / scale, axis=1)


def merged(
    ends: np.ndarray,
    residuals: np.ndarray,
    *,
    scale: np.ndarray,
    variables: Sequence[Variable],
    merge: float,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of one representative (that of least residual) per cluster, and the sizes of the clusters.

    Two places are one if no component differs by more than `merge` widths of the region; on circles the shorter way
    round counts.

    Args:
        ends: Places, shape `(n, d)`.
        residuals: Shape `(n,)`.
        scale: Width of the region for each component.
        variables: Of the flattened state.
        merge: Distance in units of `scale`.
        weights: How many each place stands for; None takes 1.
    """
    weights = np.ones(len(ends), int) if weights is None else weights
    left = np.argsort(residuals, kind="stable")
    chosen, hits = [], []
    while left.size:
        near = gaps(ends[left], ends[left[0]], scale=scale, variables=variables) < merge
        near[0] = True
        chosen.append(int(left[0]))
        hits.append(int(weights[left[near]].sum()))
        left = left[~near]
    return np.array(chosen, int), np.array(hits, int)


@compiled
def _jacobians(frozen: Frozen, states: Any) -> Any:
    return jax.lax.map(jax.jacfwd(frozen.residual), states)


def below_threshold(frozen: Frozen, states: np.ndarray) -> np.ndarray:
    """Which zeros of the flow lie below all guards: beyond them the reset acts first."""
    _, unravel = ravel_pytree(frozen.template)
    system: Any = frozen.system
    guards = [np.asarray(system.guard(frozen.t, unravel(jnp.asarray(s)), frozen.u)) for s in states]
    return np.array([bool(np.all(g < 0)) for g in guards], bool)


def eigenvalues_at(frozen: Frozen, states: np.ndarray) -> np.ndarray:
    """Eigenvalues at each of `states`, the leading one first; of delay flows the leading characteristic roots."""
    if not len(states):
        return np.zeros((0, states.shape[1]), complex)
    if kind(frozen.system) == "delay flow":
        delayed: Any = frozen.system
        return np.array([characteristic_roots(delayed, s, t=frozen.t, u=frozen.u) for s in states])
    jacobians = np.asarray(_jacobians(frozen, jnp.asarray(states)))
    if isinstance(frozen.system, AbstractMap):
        jacobians = jacobians + np.eye(jacobians.shape[-1])
    values = np.linalg.eigvals(jacobians).astype(complex)
    leading = np.abs(values) if isinstance(frozen.system, AbstractMap) else np.real(values)
    return np.take_along_axis(values, np.argsort(-leading, axis=1, kind="stable"), axis=1)


def residuals_at(frozen: Frozen, states: np.ndarray) -> np.ndarray:
    """The residual at each of `states`."""
    return np.asarray(_residuals(frozen, jnp.asarray(states))) if len(states) else np.zeros_like(states)


@compiled
def _residuals(frozen: Frozen, states: Any) -> Any:
    return jax.vmap(frozen.residual)(states)


def classified(eigenvalues: np.ndarray, discrete: bool) -> tuple[list[str], np.ndarray]:
    """A name and the number of unstable directions for each row of eigenvalues."""
    names, unstable = [], []
    for row in eigenvalues:
        growth = np.abs(row) - 1 if discrete else row.real
        size = 1.0 if discrete else max(float(np.max(np.abs(row))), 1e-300)
        up, neutral = growth > _NEUTRAL * size, np.abs(growth) <= _NEUTRAL * size
        turning = np.any(np.abs(row.imag) > _NEUTRAL * np.maximum(np.abs(row), 1e-300))
        shape = "focus" if turning else "node"
        if np.any(up) and not np.all(up | neutral):
            name = "saddle focus" if turning and len(row) > 2 else "saddle"
        elif np.all(neutral):
            name = "centre" if turning else "neutral"
        else:
            name = f"{'unstable' if np.any(up) else 'stable'} {shape}"
        names.append(f"{name} (neutral directions)" if np.any(neutral) and not np.all(neutral) else name)
        unstable.append(int(up.sum()))
    return names, np.array(unstable, int)
