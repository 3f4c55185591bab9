"""Orbits of a family of hybrid systems through their resets, run side by side and watched after a transient."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ...solve.maps import EventMap
from ._equilibria import Equilibria
from ._orbit_run import Seen


@compiled
def watched_resets(
    problem: Equilibria, starts: Any, values: Any, *, solver: Any, waits: tuple[Any, Any], skipped: Any, room: int
) -> Seen:
    """Orbits from `starts` at the parameters `values`; their points are the states just before each event.

    Args:
        problem: The system and its free parameter.
        starts: Flattened states, shape `(rows, d)`.
        values: Parameter of each, shape `(rows,)`.
        solver: Fixed-step method between events.
        waits: Longest waiting time for an event in the transient, and in each half of the window; without one the
            orbit is watched for as long.
        skipped: Events of the transient.
        room: Events that are watched, in two halves.
    """

    def orbit(y: Any, p: Any) -> Seen:
        there = problem.at(p)
        unravel = ravel_pytree(there.template)[1]

        def passed(y: Any, wait: Any) -> Any:
            system: Any = there.system
            return EventMap(system, solver, wait).watched(unravel(y), there.u)

        def skip(_: Any, carry: Any) -> Any:
            y, firing = carry
            seen = passed(y, jnp.where(firing, waits[0], 0.0))
            return jnp.where(firing, seen.after, y), firing & seen.found

        y, _ = jax.lax.fori_loop(0, skipped, skip, (y, jnp.asarray(True)))
        nothing = jnp.full_like(y, jnp.inf), jnp.full_like(y, -jnp.inf)

        def one(_: Any, carry: Any) -> Any:
            y, firing, kept, count, low, high = carry
            seen = passed(y, jnp.where(firing, waits[1], 0.0))
            kept = kept.at[count].set(jnp.where(firing & seen.found, seen.before, kept[count]))
            count = count + (firing & seen.found)
            low, high = jnp.minimum(low, seen.low), jnp.maximum(high, seen.high)
            return jnp.where(firing, seen.after, y), firing & seen.found, kept, count, low, high

        def half(carry: Any) -> Any:
            y, kept, count = carry
            y, _, kept, count, low, high = jax.lax.fori_loop(
                0, room // 2, one, (y, jnp.asarray(True), kept, count, *nothing)
            )
            return (y, kept, count), low, high

        carry, low, high = half((y, jnp.full((room, y.size), jnp.nan, y.dtype), jnp.asarray(0)))
        (y, kept, count), low_2, high_2 = half(carry)
        return Seen(kept, count, jnp.stack([low, low_2]), jnp.stack([high, high_2]), y)

    return jax.vmap(orbit)(starts, values)
