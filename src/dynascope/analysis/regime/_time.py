"""Whether a rule depends on time by itself, whatever `forcing_period()` says."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ...systems import AbstractSystem, kind

#: Moments and steps at which the rule is compared with that at the first of them: no one period fits them all.
_MOMENTS, _STEPS = (0.0, 0.1234567, 1.7320508, 31.415926), (0, 1, 2, 3, 5, 7)


def depends_on_time(system: AbstractSystem) -> bool:
    """Whether the rule of a flow, hybrid flow or map gives something else at another time for the same state.

    It is asked at the initial state under zero input, so a dependence that vanishes there is missed.
    """
    if kind(system) not in ("flow", "hybrid", "map"):
        return False
    times = jnp.asarray(_STEPS if kind(system) == "map" else _MOMENTS)
    moved = np.asarray(_moved(system, times))
    return not np.array_equal(moved, np.broadcast_to(moved[:1], moved.shape), equal_nan=True)


@compiled
def _moved(system: Any, times: Any) -> Any:
    """What the rule gives for the initial state at all times, flattened."""
    size = system.input_size()
    u = jnp.zeros(size) if size else None
    y = system.initial_state()
    rule = system.step if kind(system) == "map" else system.vector_field
    return jax.vmap(lambda t: ravel_pytree(rule(t, y, u))[0])(times)
