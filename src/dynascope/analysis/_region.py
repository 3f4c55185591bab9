"""Where to start from: the box of random starts of a system."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..solve import fixed_solver, step_for, trajectory
from ..systems import AbstractNoisy, AbstractRandomMap, AbstractSystem, Box, is_discrete

#: Solver steps (maps: iterations) of the pilot run, and the share by which its box is enlarged on each side.
_PILOT_STEPS, _MARGIN = 5_000, 0.5


def start_region(system: AbstractSystem, region: Box | None, *, inputs: Any = None, key: Any) -> tuple[Box, str]:
    """The box of random starts and where it comes from: `given`, `system` or `pilot run`.

    The pilot run starts from `initial_state()` and the box is that of the states visited, enlarged by half of its width
    (at least a tenth of the largest value) on each side.
    """
    if region is not None:
        return region, "given"
    own = system.region()
    if own is not None:
        return own, "system"
    span = _PILOT_STEPS if is_discrete(system) else _PILOT_STEPS * step_for(system)
    ts = np.arange(0, _PILOT_STEPS + 1, 10) if is_discrete(system) else np.linspace(0.0, span, 501)
    noise = key if isinstance(system, AbstractNoisy | AbstractRandomMap) else None
    run = trajectory(system, None, ts, inputs=inputs, key=noise, solver=fixed_solver(system), throw=False)
    visited = np.asarray(run.flat)
    low, high = visited.min(axis=0), visited.max(axis=0)
    widen = np.maximum(_MARGIN * (high - low), 0.1 * np.max(np.abs(visited)) + 1e-3)
    _, unravel = ravel_pytree(jax.tree.map(jnp.asarray, system.initial_state()))
    return Box(unravel(jnp.asarray(low - widen)), unravel(jnp.asarray(high + widen))), "pilot run"
