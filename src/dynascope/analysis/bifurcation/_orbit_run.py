"""Orbits of a family of systems, run side by side and watched after a transient."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ...solve import fixed_step
from ._equilibria import Equilibria

#: Periods of the sequence of maxima (of maps: of states) that are told.
LONGEST = 16
#: How an orbit behaves, by number.
BEHAVIOURS = ("rest", "periodic", "irregular", "unsettled", "unbounded")
_REST, _PERIODIC, _IRREGULAR, _UNSETTLED, _UNBOUNDED = range(5)


class Seen(NamedTuple):
    """What was seen of each orbit: flattened states, one row for each.

    Attributes:
        points: The last states at maxima of the watched component (of maps: the last states), not numbers where there
            were fewer, shape `(rows, points, d)`.
        count: How many of `points` there are.
        low: Least value of each component in the first and the second half of the window, shape `(rows, 2, d)`.
        high: Greatest value.
        end: The last state.
    """

    points: Any
    count: Any
    low: Any
    high: Any
    end: Any


@compiled
def watched(
    problem: Equilibria,
    starts: Any,
    values: Any,
    *,
    tableau: Any,
    dt: Any,
    steps: tuple[Any, Any],
    which: int,
    room: int,
) -> Seen:
    """Orbits from `starts` at the parameters `values`.

    Args:
        problem: The system and its free parameter.
        starts: Flattened states, shape `(rows, d)`.
        values: Parameter of each, shape `(rows,)`.
        tableau: Runge-Kutta method of a flow; None for maps.
        dt: Its step.
        steps: Steps of the transient, and of half of the window.
        which: The component whose maxima are taken.
        room: States that are kept of each orbit.
    """

    def orbit(y: Any, p: Any) -> Seen:
        step = _stepper(problem, p, tableau, dt)
        y = jax.lax.fori_loop(0, steps[0], lambda _, y: step(y), y)
        before = y
        y = step(y)
        kept = jnp.full((room, y.size), jnp.nan, y.dtype)
        nothing = jnp.full_like(y, jnp.inf), jnp.full_like(y, -jnp.inf)

        def one(_: Any, carry: Any) -> Any:
            before, y, kept, count, low, high = carry
            after = step(y)
            if tableau is None:
                found, peak = jnp.asarray(True), y
            else:
                found = (y[which] > before[which]) & (y[which] >= after[which])
                peak = _peak(before, y, after, which)
            at = count % room
            kept = kept.at[at].set(jnp.where(found, peak, kept[at]))
            return y, after, kept, count + found, jnp.minimum(low, y), jnp.maximum(high, y)

        carry = before, y, kept, jnp.asarray(0), *nothing
        *carry, low, high = jax.lax.fori_loop(0, steps[1], one, carry)
        before, y, kept, count, low_2, high_2 = jax.lax.fori_loop(0, steps[1], one, (*carry, *nothing))
        kept = jnp.where(count > room, jnp.roll(kept, -(count % room), axis=0), kept)
        return Seen(kept, jnp.minimum(count, room), jnp.stack([low, low_2]), jnp.stack([high, high_2]), y)

    return jax.vmap(orbit)(starts, values)


def _stepper(problem: Equilibria, p: Any, tableau: Any, dt: Any) -> Any:
    if tableau is None:
        return lambda y: problem.moved(y, p)

    def field(t: Any, y: Any) -> Any:
        del t
        return problem.moved(y, p)

    step = fixed_step(field, tableau, dt)
    return lambda y: step(0.0, y)


def _peak(before: Any, y: Any, after: Any, which: int) -> Any:
    """The state where the parabola through three values of a component has its top."""
    bend = before[which] - 2 * y[which] + after[which]
    shift = jnp.clip(0.5 * (before[which] - after[which]) / jnp.where(bend != 0, bend, 1.0), -1.0, 1.0)
    return y + 0.5 * shift * (after - before) + 0.5 * shift**2 * (before - 2 * y + after)


def behaviour_of(seen: Seen, row: int, width: np.ndarray, tol: float, *, discrete: bool) -> tuple[int, int]:
    """What an orbit does, as an index into `BEHAVIOURS`, and after how many points it repeats (0 where it does not).

    Args:
        seen: From `watched`.
        row: Number of the orbit.
        width: Size of each component.
        tol: Differences below this share of `width` are none.
        discrete: Whether time advances in steps.
    """
    low, high = seen.low[row], seen.high[row]
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high)) and np.all(np.isfinite(seen.end[row]))):
        return _UNBOUNDED, 0
    cover = np.max((high - low) / width, axis=1)
    if cover[1] <= tol:
        return (_REST, 1) if cover[0] <= tol else (_UNSETTLED, 0)
    count = int(seen.count[row])
    points = seen.points[row, :count] / width
    for k in range(1, LONGEST + 1):
        if count >= 2 * k + 2 and np.max(np.abs(points[k:] - points[:-k])) <= tol:
            steady = max(np.max(np.abs(low[0] - low[1]) / width), np.max(np.abs(high[0] - high[1]) / width)) <= 5 * tol
            return (_PERIODIC, k) if steady or discrete else (_UNSETTLED, 0)
    # Growth or decay that goes on: the second half of the window is not like the first.
    same = 0.8 < cover[1] / max(cover[0], 1e-300) < 1.25
    return (_IRREGULAR, 0) if same and count >= 2 * LONGEST + 2 else (_UNSETTLED, 0)
