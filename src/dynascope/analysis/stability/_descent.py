"""Steps down the speed q = |F|^2/2: Levenberg-Marquardt far from its zeros, Newton close to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._frozen import Frozen

#: Steps between two looks at which starts are done.
_BLOCK = 8
#: A start whose speed falls by less than this factor in a block has come to rest at a minimum.
_STALLED = 0.9


class Descending(NamedTuple):
    """One start on its way: place, residual, damping, and the place where it first became slow (NaN before)."""

    y: Any
    r: Any
    damping: Any
    slow: Any


def damped_step(jacobian: Any, scale: Any, y: Any, r: Any, damping: Any) -> tuple[Any, Any]:
    """The next place and the length of the step, in units of `scale`; steps are at most half of the region long."""
    d = scale.size
    j = jacobian * scale  # in units of the region, so that damping treats all components alike
    normal = j.T @ j
    damped = normal + damping * (jnp.trace(normal) / d + 1e-300) * jnp.eye(d)
    pure = damping < 1e-9
    # One solve, not two: XLA may start both at once, and a batched call of LAPACK waits inside the pool of threads
    # that has to do its work, so that on two cores two of them can wait for each other for ever.
    step = jnp.linalg.solve(jnp.where(pure, j, damped), jnp.where(pure, -r, -j.T @ r))
    length = jnp.max(jnp.abs(step))
    return y + scale * step * jnp.minimum(1.0, 0.5 / jnp.where(length > 0, length, 1.0)), length


def relative_size(jacobian: Any, scale: Any, y: Any, r: Any) -> Any:
    """The largest residual relative to what cancels in it: the Jacobian's terms at this distance from zero."""
    return jnp.max(jnp.abs(r) / (jnp.abs(jacobian) @ (jnp.abs(y) + 1e-3 * scale) + 1e-300))


def descended(
    frozen: Frozen, flats: np.ndarray, scale: np.ndarray, *, max_steps: int, tol: float, slow: float, memory: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where starts end that go down q, how fast the system is there, and where each first became slower than `slow`.

    All starts take a few steps in one compiled program, then those that have arrived, or no longer get slower, leave
    the batch. A batch is as large as `memory` bytes of Jacobians allow.

    Returns:
        Ends of shape `(starts, d)`, whether each converged to `tol`, and first slow places (NaN where there is none).
    """
    n, d = flats.shape
    size = max(1, min(n, int(memory / (8 * 8 * d * d)), 4096))
    ends = np.array(flats, float)
    early = np.full_like(ends, np.nan)
    converged = np.zeros(n, bool)
    for first in range(0, n, size):
        _batch(frozen, np.arange(first, min(first + size, n)), (ends, early, converged), scale, (max_steps, tol, slow))
    return ends, converged, early


def _batch(frozen: Frozen, rows: np.ndarray, out: tuple[np.ndarray, ...], scale: Any, limits: Any) -> None:
    """Descend the starts `rows` of `out[0]`, in place."""
    ends, early, converged = out
    max_steps, tol, slow = limits
    scale = jnp.asarray(scale)
    state = _begun(frozen, jnp.asarray(ends[rows]), slow)
    before = np.asarray(jnp.linalg.norm(state.r, axis=1))
    for _ in range(-(-max_steps // _BLOCK)):
        state, arrived = _advanced(frozen, state, scale, tol, slow)
        speed, arrived = np.asarray(jnp.linalg.norm(state.r, axis=1)), np.asarray(arrived)
        ends[rows], early[rows], converged[rows] = np.asarray(state.y), np.asarray(state.slow), arrived
        going = ~arrived & np.isfinite(speed) & (speed < _STALLED * before)
        if not going.any():
            return
        # The batch shrinks by powers of four, so that few programs are compiled.
        keep = np.flatnonzero(going)
        width = 4 ** int(np.ceil(np.log(max(len(keep), 16)) / np.log(4) - 1e-9))
        if width < len(rows):
            padded = np.concatenate([keep, np.repeat(keep[:1], max(0, width - len(keep)))])
            state = jax.tree.map(lambda leaf, p=padded: leaf[p], state)
            rows, before = rows[padded], speed[padded]
        else:
            before = speed


@compiled
def _begun(frozen: Frozen, flats: Any, slow: Any) -> Descending:
    r = jax.vmap(frozen.residual)(flats)
    still = jnp.linalg.norm(r, axis=1) <= slow
    return Descending(flats, r, jnp.full(flats.shape[0], 1e-2, flats.dtype), jnp.where(still[:, None], flats, jnp.nan))


@compiled
def _advanced(frozen: Frozen, state: Descending, scale: Any, tol: Any, slow: Any) -> tuple[Descending, Any]:
    jacobian: Callable[[Any], Any] = jax.jacfwd(frozen.residual)

    def one(s: Descending) -> tuple[Descending, Any]:
        j = jacobian(s.y)
        arrived = relative_size(j, scale, s.y, s.r) <= tol
        new, _ = damped_step(j, scale, s.y, s.r, s.damping)
        r_new = frozen.residual(new)
        better = (jnp.sum(r_new**2) < jnp.sum(s.r**2)) & ~arrived
        y, r = jnp.where(better, new, s.y), jnp.where(better, r_new, s.r)
        damping = jnp.clip(jnp.where(better, s.damping / 10, jnp.where(arrived, s.damping, s.damping * 10)), 1e-12, 1e6)
        just = jnp.isnan(s.slow[0]) & (jnp.linalg.norm(r) <= slow)
        return Descending(y, r, damping, jnp.where(just, y, s.slow)), arrived

    def block(i: Any, carry: tuple[Descending, Any]) -> tuple[Descending, Any]:
        del i
        return jax.vmap(one)(carry[0])

    return jax.lax.fori_loop(0, _BLOCK, block, (state, jnp.zeros(state.y.shape[0], bool)))
