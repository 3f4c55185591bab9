"""Where to start from: the box of random starts of a system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._errors import InputError
from ..solve import fixed_solver, step_for, trajectory
from ..systems import AbstractNoisy, AbstractRandomMap, AbstractSystem, Box, Variable, is_discrete, state_variables

#: Solver steps (maps: iterations) of the pilot run, and the share by which its box is enlarged on each side.
_PILOT_STEPS, _MARGIN = 5_000, 0.5
#: A pilot run that gets this many times larger than its start grows without bound.
_FAR = 1e4


def start_region(system: AbstractSystem, region: Box | None, *, inputs: Any = None, key: Any) -> tuple[Box, str]:
    """The box of random starts and where it comes from: `given`, `system` or `pilot run`.

    The pilot run starts from `initial_state()`. The box is that of the states visited, each component enlarged on both
    sides by half of its width or by its own largest size, whichever is more, and then to the same size on both sides of
    the origin: a box about what one run visits would lie, in many dimensions, almost wholly within the one basin that
    the run is in, while any plane through the origin halves this one. Positive components stop at zero and angles take
    the whole circle. If the run grows without bound, the box is made from its beginning.
    """
    if region is not None:
        return _checked(region, system), "given"
    own = system.region()
    if own is not None:
        return own, "system"
    span = _PILOT_STEPS if is_discrete(system) else _PILOT_STEPS * step_for(system)
    ts = np.arange(0, _PILOT_STEPS + 1, 10) if is_discrete(system) else np.linspace(0.0, span, 501)
    noise = key if isinstance(system, AbstractNoisy | AbstractRandomMap) else None
    run = trajectory(system, None, ts, inputs=inputs, key=noise, solver=fixed_solver(system), throw=False)
    first, unravel = ravel_pytree(jax.tree.map(jnp.asarray, system.initial_state()))
    visited = np.concatenate([np.asarray(first)[None], np.asarray(run.flat)])
    near = np.max(np.abs(visited), axis=1) <= _FAR * (np.max(np.abs(visited[0])) + 1)
    grows = not run.successful or not np.all(near)
    if grows:
        visited = visited[: int(np.argmin(near))] if not np.all(near) else visited
    low, high = _enlarged(visited.min(axis=0), visited.max(axis=0), state_variables(system))
    if grows:
        low, high = np.minimum(low, -1.0), np.maximum(high, 1.0)
    box = Box(unravel(jnp.asarray(low)), unravel(jnp.asarray(high)))
    return box, "pilot run that grew without bound" if grows else "pilot run"


def _checked(region: Box, system: AbstractSystem) -> Box:
    """The box with the number types of the state, if it is one."""
    like = jax.tree.map(jnp.asarray, system.initial_state())
    for side, corner in (("low", region.low), ("high", region.high)):
        same = jax.tree.structure(corner) == jax.tree.structure(like)
        if not same or jax.tree.map(jnp.shape, corner) != jax.tree.map(jnp.shape, like):
            raise InputError(
                f"`{side}` of the region must be a state of `{type(system).__name__}`, of shape "
                f"{jax.tree.map(jnp.shape, like)}, got {jax.tree.map(jnp.shape, corner)}."
            )
    low, high = (jax.tree.map(lambda a, b: jnp.asarray(a, b.dtype), c, like) for c in (region.low, region.high))
    flat_low, flat_high = (np.asarray(ravel_pytree(c)[0]) for c in (low, high))
    if not np.all(np.isfinite(flat_low) & np.isfinite(flat_high) & (flat_low <= flat_high)):
        raise InputError(
            f"A region needs finite corners with `low` below `high`, got low {flat_low} and high {flat_high}."
        )
    return Box(low, high)


def _enlarged(low: np.ndarray, high: np.ndarray, variables: Sequence[Variable]) -> tuple[np.ndarray, np.ndarray]:
    size = np.maximum(np.abs(low), np.abs(high))
    widen = np.maximum(_MARGIN * (high - low), np.maximum(size, 1e-3 * size.max())) + 1e-3
    far = np.maximum(np.abs(low - widen), np.abs(high + widen))
    low, high = -far, far
    for i, v in enumerate(variables):
        if v.topology == "circle":
            low[i], high[i] = 0.0, v.period
        elif v.topology == "positive":
            low[i] = max(low[i], 0.0)
    return low, high
