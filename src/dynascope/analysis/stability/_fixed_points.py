"""Fixed points of flows and maps by Newton's method from many starts, with eigenvalues and stability."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import (
    AbstractMap,
    AbstractSystem,
    Box,
    dimension,
    is_discrete,
    kind,
    state_variables,
)
from .._precision import require_64_bit
from .._region import start_region
from .._topology import distance, wrapped
from ._characteristic import characteristic_roots
from ._frozen import Frozen, frozen_at

#: Eigenvalues this close to neutral, relative to the largest rate, are not called stable or unstable.
_NEUTRAL = 1e-8


class Newton(eqx.Module):
    """Damped Newton steps from many starts: Levenberg-Marquardt far away, pure Newton near a root.

    Args:
        starts: Number of random starts; None takes 256, beyond dimension 16 it takes 64.
        max_steps: Steps per start.
        tol: Largest residual, relative to the size of the terms that cancel in it.
        merge: Points closer than this, relative to the size of the region, are one.
    """

    starts: int | None = eqx.field(static=True, default=None)
    max_steps: int = eqx.field(static=True, default=100)
    tol: float = eqx.field(static=True, default=1e-10)
    merge: float = eqx.field(static=True, default=1e-6)


class FixedPoints(AbstractResult):
    """Fixed points (equilibria of flows), one row each, the most stable first.

    Attributes:
        states: Flattened states.
        eigenvalues: Of the Jacobian of the velocity (flows) or of the step (maps).
        residuals: Largest component of the velocity, or of `step(y) - y`.
        errors: Estimated error of each state: the length of the next Newton step.
        hits: How many starts led to each.
        unstable_dimension: Number of unstable eigenvalues.
        stability: A name for each, such as `stable focus`, `saddle`, `unstable node`, `neutral`.
        names: Names of the components.
        discrete: Whether time advances in steps.
        failed_starts: Starts that led to no fixed point.
    """

    stability: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    discrete: bool
    failed_starts: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    states: np.ndarray = output("fixed_point", "component", doc="fixed points")
    eigenvalues: np.ndarray = output("fixed_point", "eigenvalue", doc="eigenvalues of the Jacobian")
    residuals: np.ndarray = output("fixed_point", doc="largest component of the residual")
    errors: np.ndarray = output("fixed_point", doc="length of the next Newton step")
    hits: np.ndarray = output("fixed_point", doc="starts that led there")
    unstable_dimension: np.ndarray = output("fixed_point", doc="number of unstable eigenvalues")

    def __len__(self) -> int:
        return len(self.states)

    def summary(self) -> str:
        """How many points were found and what they are."""
        if not len(self):
            return f"No fixed point found from {self.settings['starts']} starts."
        kinds = ", ".join(self.stability[:8]) + (", ..." if len(self) > 8 else "")
        return f"{len(self)} fixed point(s): {kinds}. Largest residual {self.residuals.max():.1e}."


def fixed_points(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    starts: State = None,
    inputs: Any = None,
    t: float = 0.0,
    key: Key | None = None,
    method: Newton | None = None,
    throw: bool = True,
) -> FixedPoints:
    """Fixed points: f(t, y, u) = 0 for flows, step(n, y, u) = y for maps, at frozen time and input.

    Newton's method runs from many starts at once. Points are merged by distance (angles on their circle), checked by
    their residual, and classified by the eigenvalues of the Jacobian (delay flows: the leading characteristic roots).
    Random starts cannot prove that none is missed, and a point may lie outside of the box.

    Args:
        system: A flow, map or delay flow, or a hybrid system (of which the flow between events is meant).
        region: Box of random starts; None takes the system's own, else the box of a pilot run, enlarged.
        starts: States to start from as well, a tree with a leading axis (for example visited states of a network).
        inputs: Constant input or signal, frozen at time `t`.
        t: Time at which a driven system is frozen.
        key: Random key of the starts; None takes seed 0.
        method: `Newton(...)`.
        throw: Raise `ComputationFailed` if every start failed numerically.

    Returns:
        A `FixedPoints` result; empty if there is none.

    Raises:
        InputError: For noisy or discrete systems, an input that does not fit, `starts` of another shape, or 32 bit.
        ComputationFailed: If every start failed numerically, and `throw`.

    Example:
        >>> import dynascope as ds
        >>> points = ds.fixed_points(ds.build("lorenz"))
        >>> len(points), sorted(points.unstable_dimension.tolist())
        (3, [1, 2, 2])
    """
    require_64_bit("Newton's method")
    method = method if method is not None else Newton()
    key = key if key is not None else jax.random.key(0)
    frozen = frozen_at(system, inputs, t)
    box, source = start_region(system, region, inputs=inputs, key=key)
    count = method.starts if method.starts is not None else 256 if dimension(system) <= 16 else 64
    first = box.sample(key, count)
    if starts is not None:
        first = _joined(first, starts, type(system).__name__)
    scale = np.asarray(jnp.maximum(ravel_pytree(box.high)[0] - ravel_pytree(box.low)[0], 1e-9))
    with one_blas_thread():
        ends, residuals, errors = (np.asarray(x) for x in _newton(frozen, first, method, jnp.asarray(scale)))
    sound = np.all(np.isfinite(ends), axis=1) & np.isfinite(residuals)
    variables = state_variables(system)
    good = np.flatnonzero(sound & (residuals <= method.tol))
    ends = wrapped(ends, variables)
    chosen, hits = _merged(ends[good], residuals[good], scale, variables, method.merge)
    states = ends[good][chosen]
    eigenvalues = _eigenvalues(frozen, states) if len(states) else np.zeros((0, scale.size), complex)
    if kind(system) == "hybrid":
        states, chosen, hits, eigenvalues = _below_threshold(frozen, states, chosen, hits, eigenvalues)
    raw = _raw_residuals(frozen, states)
    names, unstable = _classified(eigenvalues, is_discrete(system))
    order = np.lexsort((-hits, unstable))
    result = RESULTS.successful if np.any(sound) else RESULTS.nonfinite
    if throw:
        raise_if_failed(result, what=f"`fixed_points` of `{type(system).__name__}`")
    return FixedPoints(
        states=states[order],
        eigenvalues=eigenvalues[order],
        residuals=raw[order],
        errors=errors[good][chosen][order],
        hits=hits[order],
        unstable_dimension=unstable[order],
        stability=tuple(names[i] for i in order),
        names=tuple(v.name for v in variables),
        discrete=is_discrete(system),
        failed_starts=int(len(residuals) - len(good)),
        result=result,
        settings=provenance(
            system=type(system).__name__,
            method="Newton",
            starts=len(residuals),
            tol=method.tol,
            merge=method.merge,
            region=source,
            t=t,
            seed=[int(x) for x in np.ravel(jax.random.key_data(key))],
        ),
    )


def _joined(first: State, more: State, name: str) -> State:
    same = jax.tree.structure(first) == jax.tree.structure(more)
    if not same or any(
        jnp.shape(a)[1:] != jnp.shape(b)[1:] or not jnp.ndim(b)
        for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(more), strict=True)
    ):
        raise InputError(
            f"`starts` must hold states of `{name}` with one leading axis, so shapes like "
            f"{jax.tree.map(lambda a: ('starts', *a.shape[1:]), first)}, got {jax.tree.map(jnp.shape, more)}."
        )
    return jax.tree.map(lambda a, b: jnp.concatenate([a, jnp.asarray(b, a.dtype)]), first, more)


@eqx.filter_jit
def _newton(frozen: Frozen, first: State, method: Newton, scale: Any) -> tuple[Any, Any, Any]:
    """Ends, relative residuals and lengths of the next step of all starts."""
    d = scale.size

    def solve(flat: Any) -> Any:
        jacobian = jax.jacfwd(frozen.residual)

        def size(y: Any, r: Any) -> Any:
            # What cancels in the residual: the Jacobian's terms at this distance from zero.
            return jnp.max(jnp.abs(r) / (jnp.abs(jacobian(y)) @ (jnp.abs(y) + 1e-3 * scale) + 1e-300))

        def one(carry: Any) -> Any:
            y, r, damping, count, _ = carry
            j = jacobian(y) * scale  # in units of the region, so that damping treats all components alike
            normal = j.T @ j
            damped = normal + damping * (jnp.trace(normal) / d + 1e-300) * jnp.eye(d)
            pure = damping < 1e-9
            # One solve, not two: XLA may start both at once, and a batched call of LAPACK waits inside the pool of
            # threads that has to do its work, so that on two cores two of them can wait for each other for ever.
            step = jnp.linalg.solve(jnp.where(pure, j, damped), jnp.where(pure, -r, -j.T @ r))
            length = jnp.max(jnp.abs(step))
            step = step * jnp.minimum(1.0, 0.5 / jnp.where(length > 0, length, 1.0))
            new = y + scale * step
            r_new = frozen.residual(new)
            better = jnp.sum(r_new**2) < jnp.sum(r**2)
            still = length < 1e-14
            y, r = jnp.where(better, new, y), jnp.where(better, r_new, r)
            damping = jnp.clip(jnp.where(better, damping / 10, damping * 10), 1e-12, 1e6)
            return y, r, damping, count + 1, still | (~better & (damping >= 1e6)) | (jnp.max(jnp.abs(r)) == 0)

        def unfinished(carry: Any) -> Any:
            return (carry[3] < method.max_steps) & ~carry[4]

        start = (flat, frozen.residual(flat), jnp.asarray(1e-3, flat.dtype), 0, jnp.asarray(False))
        y, r, *_ = jax.lax.while_loop(unfinished, one, start)
        error = jnp.linalg.norm(jnp.linalg.lstsq(jacobian(y), r)[0])
        return y, size(y, r), error

    flats = jax.vmap(lambda y: ravel_pytree(y)[0])(first)
    return jax.lax.map(solve, flats, batch_size=max(1, min(flats.shape[0], 2_000_000 // (d * d + 1))))


@eqx.filter_jit
def _jacobians(frozen: Frozen, states: Any) -> Any:
    return jax.lax.map(jax.jacfwd(frozen.residual), states)


def _below_threshold(frozen: Frozen, states: Any, chosen: Any, hits: Any, eigenvalues: Any) -> Any:
    """Only those zeros of the flow that lie below all guards: beyond them the reset acts first."""
    _, unravel = ravel_pytree(frozen.template)
    system: Any = frozen.system
    guards = [np.asarray(system.guard(frozen.t, unravel(jnp.asarray(s)), frozen.u)) for s in states]
    keep = np.array([bool(np.all(g < 0)) for g in guards], bool)
    return states[keep], chosen[keep], hits[keep], eigenvalues[keep]


def _eigenvalues(frozen: Frozen, states: np.ndarray) -> np.ndarray:
    if kind(frozen.system) == "delay flow":
        delayed: Any = frozen.system
        return np.array([characteristic_roots(delayed, s, t=frozen.t, u=frozen.u) for s in states])
    jacobians = np.asarray(_jacobians(frozen, jnp.asarray(states)))
    if isinstance(frozen.system, AbstractMap):
        jacobians = jacobians + np.eye(jacobians.shape[-1])
    values = np.linalg.eigvals(jacobians).astype(complex)
    leading = np.abs(values) if isinstance(frozen.system, AbstractMap) else np.real(values)
    return np.take_along_axis(values, np.argsort(-leading, axis=1, kind="stable"), axis=1)


def _raw_residuals(frozen: Frozen, states: np.ndarray) -> np.ndarray:
    return np.asarray(_largest_residuals(frozen, jnp.asarray(states)))


@eqx.filter_jit
def _largest_residuals(frozen: Frozen, states: Any) -> Any:
    return jax.vmap(lambda s: jnp.max(jnp.abs(frozen.residual(s))))(states)


def _merged(
    ends: np.ndarray, residuals: np.ndarray, scale: np.ndarray, variables: Any, merge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of one representative (that of least residual) per cluster, and the cluster sizes."""
    chosen: list[int] = []
    hits: list[int] = []
    for i in np.argsort(residuals, kind="stable"):
        near = [j for j, c in enumerate(chosen) if distance(ends[i], ends[c], scale, variables) < merge]
        if near:
            hits[near[0]] += 1
        else:
            chosen.append(int(i))
            hits.append(1)
    return np.array(chosen, int), np.array(hits, int)


def _classified(eigenvalues: np.ndarray, discrete: bool) -> tuple[list[str], np.ndarray]:
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
