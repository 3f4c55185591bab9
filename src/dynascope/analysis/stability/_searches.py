"""The searches for places of rest: from which starts, by which steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import InputError
from ..._types import Key, State
from ...systems import Box, dimension, kind, state_variables
from .._region import start_region
from .._topology import wrapped
from ._classify import merged, residuals_at
from ._descent import damped_step, descended, relative_size
from ._frozen import Frozen
from ._missed import Missed
from ._visited import mixtures, visited

#: Fewer given states than this are no picture of what a system visits: runs of its own are added.
_FEW = 32


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


class SpeedDescent(eqx.Module):
    r"""Minima of the speed $q(y) = \frac12 |F(y)|^2$ from visited states, for flows and maps of many dimensions.

    A trained network rests where its trajectories pass, so the starts are states that it visits, and random mixtures of
    two of them, since saddles lie between attractors. All go down q together; zeros of q are fixed points, polished by
    Newton's method; other minima, where the system is slow but never rests, are kept apart as slow points.

    Args:
        starts: Number of starts.
        mixed: Share of the starts that are mixtures of two visited states.
        max_steps: Steps per start.
        tol: Largest residual, relative to the size of the terms that cancel in it.
        merge: Points closer than this, relative to the width of the visited region, are one.
        slow: Speed below which a place counts as slow, relative to the mean over the starts.
        memory: Bytes that the Jacobians of a batch may take.

    Reference:
        Sussillo & Barak (2013), Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural
        networks, Neural Computation 25, 626-649; tool: Golub & Sussillo (2018), FixedPointFinder, Journal of Open
        Source Software 3, 1003.
    """

    starts: int = eqx.field(static=True, default=1024)
    mixed: float = eqx.field(static=True, default=0.5)
    max_steps: int = eqx.field(static=True, default=200)
    tol: float = eqx.field(static=True, default=1e-10)
    merge: float = eqx.field(static=True, default=1e-6)
    slow: float = eqx.field(static=True, default=1e-3)
    memory: float = eqx.field(static=True, default=2.5e8)

    def __check_init__(self) -> None:
        if self.starts < 1 or self.max_steps < 1 or not 0 <= self.mixed <= 1:
            raise InputError(
                "`SpeedDescent` needs `starts` and `max_steps` of at least 1 and `mixed` between 0 and 1, got "
                f"{self.starts}, {self.max_steps} and {self.mixed}."
            )


class Search(NamedTuple):
    """What a search has found.

    Attributes:
        states: Places of rest, one row each.
        errors: Length of the next Newton step at each.
        hits: How many starts led to each.
        slow: Minima of the speed that are no fixed points.
        passed: Where each start first became slow, for the starts that did.
        scale: Width of the region for each component.
        starts: Number of starts.
        sound: Whether any start ended at a finite place.
        source: Where the region comes from.
        chance: What may be missing, where the hits do not tell it.
        said: A sentence on that.
    """

    states: np.ndarray
    errors: np.ndarray
    hits: np.ndarray
    slow: np.ndarray
    passed: np.ndarray
    scale: np.ndarray
    starts: int
    sound: bool
    source: str
    chance: Missed | None = None
    said: str = ""


def by_newton(frozen: Frozen, region: Box | None, starts: State, key: Key, method: Newton) -> Search:
    """Newton's method from random starts in the region, and from `starts`."""
    system = frozen.system
    box, source = start_region(system, region, inputs=frozen.u, key=key)
    count = method.starts if method.starts is not None else 256 if dimension(system) <= 16 else 64
    flats = flattened(box.sample(key, count))
    if starts is not None:
        flats = np.concatenate([flats, given_states(frozen, starts)])
    scale = np.asarray(jnp.maximum(ravel_pytree(box.high)[0] - ravel_pytree(box.low)[0], 1e-9))
    states, errors, hits, sound = polished(frozen, flats, scale, method, None)
    nothing = np.zeros((0, scale.size))
    return Search(states, errors, hits, nothing, nothing, scale, len(flats), sound, source)


def by_speed(frozen: Frozen, region: Box | None, starts: State, key: Key, method: SpeedDescent) -> Search:
    """Descents of the speed from visited states and their mixtures."""
    system = frozen.system
    if kind(system) not in ("flow", "map"):
        raise InputError(
            f"`SpeedDescent` is for flows and maps, `{type(system).__name__}` is a {kind(system)}. Use `Newton()`."
        )
    seen, source = np.zeros((0, dimension(system))), "given states"
    if starts is not None:
        seen = given_states(frozen, starts)
    if len(seen) < _FEW:
        box, source = start_region(system, region, inputs=frozen.u, key=key)
        seen, source = np.concatenate([seen, visited(frozen, box, key)]), f"visited from: {source}"
    if not len(seen):
        raise InputError(f"No state of `{type(system).__name__}` is finite to start from. Give `starts` or a `region`.")
    rng = np.random.default_rng(int(np.ravel(jax.random.key_data(key))[-1]))
    mixed = round(method.mixed * method.starts) if len(seen) > 1 else 0
    plain = rng.choice(len(seen), method.starts - mixed, replace=len(seen) < method.starts - mixed)
    flats = np.concatenate([seen[plain], mixtures(seen, mixed, rng)])
    width = np.ptp(flats, axis=0)
    scale = np.maximum(width, max(1e-3 * float(width.max()), 1e-9))
    speeds = np.linalg.norm(residuals_at(frozen, flats), axis=1)
    slow = method.slow * float(np.mean(speeds[np.isfinite(speeds)])) if np.isfinite(speeds).any() else 0.0
    ends, converged, passed = descended(
        frozen, flats, scale, max_steps=method.max_steps, tol=method.tol, slow=slow, memory=method.memory
    )
    # Those that arrived at one place are polished once.
    variables = state_variables(system)
    sure = np.flatnonzero(converged & np.all(np.isfinite(ends), axis=1))
    first, weights = merged(
        ends[sure], np.zeros(len(sure)), scale=scale, variables=variables, merge=method.merge, weights=None
    )
    states, errors, hits, sound = polished(frozen, ends[sure][first], scale, method, weights)
    stalled = ends[~converged & np.all(np.isfinite(ends), axis=1)]
    low = _slow_minima(frozen, stalled, slow, scale, method)
    early = passed[np.all(np.isfinite(passed), axis=1)]
    return Search(states, errors, hits, low, early, scale, len(flats), sound or len(stalled) > 0, source)


def _slow_minima(frozen: Frozen, ends: np.ndarray, slow: float, scale: np.ndarray, method: SpeedDescent) -> np.ndarray:
    """Ends of descents that are slow but did not converge; near ones are one, the slowest stands for them."""
    if not len(ends):
        return ends
    speeds = np.linalg.norm(residuals_at(frozen, ends), axis=1)
    kept, speeds = ends[speeds <= slow], speeds[speeds <= slow]
    # A minimum that is not a zero is reached slowly, so its copies lie further apart than those of a zero.
    chosen, _ = merged(kept, speeds, scale=scale, variables=state_variables(frozen.system), merge=1e3 * method.merge)
    return kept[chosen]


def polished(
    frozen: Frozen, flats: np.ndarray, scale: np.ndarray, method: Any, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Distinct places of rest, their errors and hits, and whether any start stayed finite."""
    if not len(flats):
        return flats, np.zeros(0), np.zeros(0, int), False
    found = newton(frozen, jnp.asarray(flats), jnp.asarray(scale), method.max_steps)
    ends, residuals, errors = (np.asarray(x) for x in found)
    sound = np.all(np.isfinite(ends), axis=1) & np.isfinite(residuals)
    good = np.flatnonzero(sound & (residuals <= method.tol))
    variables = state_variables(frozen.system)
    ends = wrapped(ends, variables)
    chosen, hits = merged(
        ends[good],
        residuals[good],
        scale=scale,
        variables=variables,
        merge=method.merge,
        weights=None if weights is None else weights[good],
    )
    return ends[good][chosen], errors[good][chosen], hits, bool(np.any(sound))


def flattened(tree: State) -> np.ndarray:
    """States with one leading axis, flattened."""
    return np.asarray(jax.vmap(lambda y: ravel_pytree(y)[0])(tree), float)


@compiled
def newton(frozen: Frozen, flats: Any, scale: Any, max_steps: Any) -> tuple[Any, Any, Any]:
    """Ends, relative residuals and lengths of the next step of all starts."""
    d = scale.size
    jacobian = jax.jacfwd(frozen.residual)

    def solve(flat: Any) -> Any:
        def one(carry: Any) -> Any:
            y, r, damping, count, _ = carry
            new, length = damped_step(jacobian(y), scale, y, r, damping)
            r_new = frozen.residual(new)
            better = jnp.sum(r_new**2) < jnp.sum(r**2)
            still = length < 1e-14
            y, r = jnp.where(better, new, y), jnp.where(better, r_new, r)
            damping = jnp.clip(jnp.where(better, damping / 10, damping * 10), 1e-12, 1e6)
            return y, r, damping, count + 1, still | (~better & (damping >= 1e6)) | (jnp.max(jnp.abs(r)) == 0)

        def unfinished(carry: Any) -> Any:
            return (carry[3] < max_steps) & ~carry[4]

        start = (flat, frozen.residual(flat), jnp.asarray(1e-3, flat.dtype), 0, jnp.asarray(False))
        y, r, *_ = jax.lax.while_loop(unfinished, one, start)
        j = jacobian(y)
        return y, relative_size(j, scale, y, r), jnp.linalg.norm(jnp.linalg.lstsq(j, r)[0])

    return jax.lax.map(solve, flats, batch_size=max(1, min(flats.shape[0], 2_000_000 // (d * d + 1))))


def given_states(frozen: Frozen, starts: State) -> np.ndarray:
    """The states that the user gave, flattened.

    Raises:
        InputError: If they are not states of the system with one leading axis.
    """
    like, name = frozen.template, type(frozen.system).__name__
    same = jax.tree.structure(like) == jax.tree.structure(starts)
    if not same or any(
        jnp.shape(a) != jnp.shape(b)[1:] or not jnp.ndim(b)
        for a, b in zip(jax.tree.leaves(like), jax.tree.leaves(starts), strict=True)
    ):
        raise InputError(
            f"`starts` must hold states of `{name}` with one leading axis, so shapes like "
            f"{jax.tree.map(lambda a: ('starts', *jnp.shape(a)), like)}, got {jax.tree.map(jnp.shape, starts)}."
        )
    return flattened(jax.tree.map(lambda a, b: jnp.asarray(b, jnp.result_type(a)), like, starts))
