"""Hybrid flows: steps interrupted by events, located by root-finding or taken on the grid.

With `LocatedEvents` every pass through the loop tries one Runge-Kutta step. If no guard rises through zero the step is
accepted; otherwise the pass narrows a bracket around the crossing (regula falsi in the Illinois form, with bisection
as a fall-back) and the next pass tries a shorter step. So lanes of a `vmap` that have no event are not held up by
a fixed number of root-finding steps, and the event state is a step of the method itself, as accurate as any other.

A state that a reset leaves on the surface, moving off it (a ball that leaves the floor), counts as below the surface.
One that stays there or moves on through it is an event again at once, and Zeno behaviour if that does not end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._errors import RESULTS
from .._types import State
from ..systems import AbstractHybrid
from ._flow import substeps
from ._runge_kutta import rk_step
from ._solvers import GridEvents, LocatedEvents

#: Events without any time between them, beyond one for each surface, that are taken for Zeno behaviour.
_AT_ONCE = 8
#: Times closer than this many rounding units are one moment.
_MOMENT = 1024
#: A guard this close to zero, relative to its change over the step, is on its surface.
_ON_SURFACE = 1e-14


class Running(NamedTuple):
    """What a hybrid run carries: state, event list and result code."""

    y: Any
    times: Any
    surfaces: Any
    count: Any
    at_once: Any
    code: Any


class Bracket(NamedTuple):
    """Where the crossing lies within the step from `t`: not before `low`, not after `high` (inf while unknown)."""

    low: Any
    high: Any
    at_low: Any
    at_high: Any
    tries: Any


class Rule(NamedTuple):
    """The flow, guard and reset of a hybrid system on its flat state, under its input."""

    field: Any
    guard: Any
    reset: Any
    unravel: Any


def ruled(system: AbstractHybrid, inputs: Any, template: State) -> Rule:
    """The rule of `system` on flat states."""
    _, unravel = ravel_pytree(template)

    def given(t: Any) -> Any:
        return None if inputs is None else inputs(t)

    return Rule(
        field=lambda t, c: ravel_pytree(system.vector_field(t, unravel(c), given(t)))[0],
        guard=lambda t, c: jnp.atleast_1d(system.guard(t, unravel(c), given(t))),
        reset=lambda t, c, fired: ravel_pytree(system.reset(t, unravel(c), given(t), fired))[0],
        unravel=unravel,
    )


def started(y: State, max_events: int) -> Running:
    """The beginning of a run from `y`, with an empty list of events."""
    flat, _ = ravel_pytree(y)
    empty = jnp.full(max_events, jnp.nan, flat.dtype)
    none = jnp.full(max_events, -1, jnp.int32)
    zero = jnp.zeros((), jnp.int32)
    return Running(flat, empty, none, zero, zero, RESULTS.successful)


def fire(rule: Rule, run: Running, t: Any, y: Any, fired: Any) -> Running:
    """Reset at time `t` for the surfaces in `fired` and append them to the list of events."""
    place = run.count + jnp.cumsum(fired) - 1
    place = jnp.where(fired, place, run.times.size)  # out of range: dropped
    count = run.count + jnp.sum(fired, dtype=jnp.int32)
    code = RESULTS.where(count > run.times.size, RESULTS.event_overflow, run.code)
    return Running(
        y=rule.reset(t, y, fired),
        times=run.times.at[place].set(t, mode="drop"),
        surfaces=run.surfaces.at[place].set(jnp.arange(fired.size, dtype=jnp.int32), mode="drop"),
        count=jnp.minimum(count, run.times.size),
        at_once=run.at_once + 1,
        code=RESULTS.where(run.at_once + 1 > _AT_ONCE + fired.size, RESULTS.zeno, code),
    )


def located(rule: Rule, solver: LocatedEvents, run: Running, ts: Any) -> tuple[Running, State]:
    """States at `ts[1:]` with events located inside the steps; the last run state continues a chunk."""

    def advance(run: Running, interval: Any) -> Any:
        start, end = interval
        open_end = _unknown(start)

        def unfinished(carry: Any) -> Any:
            t, run, _ = carry
            return (t < end) & (run.code == RESULTS.successful) & jnp.all(jnp.isfinite(run.y))

        _, run, _ = jax.lax.while_loop(unfinished, lambda c: _try(rule, solver, c, end), (start, run, open_end))
        good = (run.code == RESULTS.successful) & jnp.all(jnp.isfinite(run.y))
        return run, jnp.where(good, run.y, jnp.nan)

    last, saved = jax.lax.scan(advance, run, (ts[:-1], ts[1:]))
    return last, jax.vmap(rule.unravel)(saved)


def _try(rule: Rule, solver: LocatedEvents, carry: Any, end: Any, *, at_once: bool = True) -> Any:
    """One pass: accept a step, narrow the bracket of a crossing, or take the event.

    With `at_once` a guard that is not negative where the pass starts is an event there and then, unless it is nil and
    falling.
    """
    t, run, bracket = carry
    stop = jax.lax.stop_gradient
    whole = jnp.where(end - t <= solver.solver.dt * (1 + 1e-9), end - t, solver.solver.dt)
    moment = _MOMENT * jnp.finfo(t.dtype).eps * jnp.maximum(jnp.abs(t), solver.solver.dt)
    before, armed = _armed(rule, t, run.y, moment)
    # Tries inside a bracket carry no tangent (`_on_surface` restores the exact one); a step that lands on the output
    # time does: after an event it is shorter or longer by the shift of the event.
    h = jnp.where(jnp.isinf(bracket.high), whole, stop(_next_try(bracket)))
    y1 = rk_step(rule.field, solver.solver.tableau, t, run.y, h=h)
    after = rule.guard(t + h, y1)
    top = jnp.max(jnp.where(armed, after, -jnp.inf))
    margin = _ON_SURFACE * jnp.max(jnp.abs(jnp.where(armed, after - before, 0.0)))

    already = jnp.any(~armed) & (bracket.tries == 0) & at_once
    crossed = top >= 0
    narrowing = ~jnp.isinf(bracket.high)
    narrow_enough = (bracket.high - bracket.low) <= 4 * jnp.finfo(h.dtype).eps * jnp.maximum(jnp.abs(t), whole)
    hit = ~already & (crossed | narrowing) & ((jnp.abs(top) <= margin) | narrow_enough)
    passed = ~already & ~crossed & ~narrowing

    fired = jnp.where(already, ~armed, armed & (after >= top - margin))
    t_event, y_event = _on_surface(rule, t + h, y1, fired)
    t_event = jnp.where(already, t, t_event)
    y_event = jnp.where(already, run.y, y_event)
    eventful = already | hit
    waited = run._replace(at_once=jnp.where(t_event - t > moment, 0, run.at_once))
    reset = fire(rule, waited, t_event, y_event, fired & eventful)

    calm = run._replace(y=jnp.where(passed, y1, run.y), at_once=jnp.where(passed, 0, run.at_once))
    run = jax.tree.map(lambda a, b: jnp.where(eventful, a, b), reset, calm)
    landing = passed & (h == end - t)
    t = jnp.where(eventful, t_event, jnp.where(passed, jnp.where(landing, end, t + h), t))
    bracket = jax.tree.map(
        lambda new, old: stop(jnp.where(eventful | passed, new, old)), _unknown(h), _narrowed(bracket, h, top, before)
    )
    return t, run, bracket


def _armed(rule: Rule, t: Any, y: Any, moment: Any) -> tuple[Any, Any]:
    """The guard at the start of a step, and which surfaces an event of this step may come from: those still below.

    A guard that is nil, to the rounding of the last event time, and falling counts as just below nil.
    """
    velocity = rule.field(t, y)
    zero, one = jnp.zeros_like(t), jnp.ones_like(t)
    before, rate = jax.jvp(lambda s: rule.guard(t + s, y + s * velocity), (zero,), (one,))
    leaving = (before >= 0) & (rate < 0) & (before <= -rate * moment)
    return jnp.where(leaving, -jnp.finfo(before.dtype).tiny, before), (before < 0) | leaving


def _unknown(like: Any) -> Bracket:
    """The bracket before anything is known."""
    zero = jnp.zeros_like(like)
    return Bracket(zero, jnp.full_like(like, jnp.inf), zero, zero, zero)


def first_return(rule: Rule, solver: LocatedEvents, t: Any, y: Any, *, max_time: Any) -> tuple[Any, Any, Any]:
    """The next rise of the guard after leaving the neighbourhood of `y` by one step.

    Returns:
        Time and flat state at the crossing, and whether it was found within `max_time`.
    """
    step = solver.solver.dt
    away = rk_step(rule.field, solver.solver.tableau, t, y, h=step)
    # Starting on the wrong side is no event here: the guard must fall below zero before it can rise again.
    return _next_event(rule, solver, t + step, away, end=t + max_time, at_once=False)


def first_event(rule: Rule, solver: LocatedEvents, t: Any, y: Any, *, max_time: Any) -> tuple[Any, Any, Any]:
    """The next event from `y` on.

    Returns:
        Time of the event and flat state after its reset, and whether it was found within `max_time`.
    """
    return _next_event(rule, solver, t, y, end=t + max_time, at_once=True)


class Passed(NamedTuple):
    """What was seen until the next event: whether it came, the states before and after it, the extent on the way."""

    found: Any
    before: Any
    after: Any
    low: Any
    high: Any


def watched_event(rule: Rule, solver: LocatedEvents, t: Any, y: Any, *, max_time: Any) -> Passed:
    """The next event from `y` on, with the least and greatest value of each component up to it.

    Without an event within `max_time` both states are the last one.
    """
    end = t + max_time

    def unfinished(carry: Any) -> Any:
        time, now = carry[0], carry[1]
        return (time < end) & (now.count < 1) & jnp.all(jnp.isfinite(now.y))

    def go(carry: Any) -> Any:
        time, now, bracket, _, low, high = carry
        new = _try(rule, solver, (time, now, bracket), end)
        # The state before a reset is not in the carry: it is the same step once more.
        there = rk_step(rule.field, solver.solver.tableau, time, now.y, h=new[0] - time)
        return *new, there, jnp.minimum(low, there), jnp.maximum(high, there)

    _, run, _, there, low, high = jax.lax.while_loop(unfinished, go, (t, started(y, 1), _unknown(t), y, y, y))
    return Passed(run.count >= 1, there, run.y, low, high)


def _next_event(rule: Rule, solver: LocatedEvents, t: Any, y: Any, *, end: Any, at_once: bool) -> tuple[Any, Any, Any]:
    def unfinished(carry: Any) -> Any:
        time, now, _ = carry
        return (time < end) & (now.count < 1) & jnp.all(jnp.isfinite(now.y))

    def go(carry: Any) -> Any:
        return _try(rule, solver, carry, end, at_once=at_once)

    time, run, _ = jax.lax.while_loop(unfinished, go, (t, started(y, 1), _unknown(t)))
    return time, run.y, run.count >= 1


def _next_try(bracket: Bracket) -> Any:
    """A point inside the bracket: regula falsi, every third time its middle."""
    slope = bracket.at_high - bracket.at_low
    falsi = bracket.low - bracket.at_low * (bracket.high - bracket.low) / jnp.where(slope == 0, 1.0, slope)
    middle = 0.5 * (bracket.low + bracket.high)
    inside = (falsi > bracket.low) & (falsi < bracket.high) & (jnp.mod(bracket.tries, 3) != 0)
    return jnp.where(inside, falsi, middle)


def _narrowed(bracket: Bracket, h: Any, top: Any, before: Any) -> Bracket:
    """The bracket after a try at `h` with guard `top`; the value kept at the other end is halved (Illinois)."""
    known = ~jnp.isinf(bracket.high)
    at_low = jnp.where(known, bracket.at_low, jnp.max(jnp.where(before < 0, before, -jnp.inf)))
    above = top >= 0
    return Bracket(
        low=jnp.where(above, bracket.low, h),
        high=jnp.where(above, h, bracket.high),
        at_low=jnp.where(above, jnp.where(known, 0.5 * at_low, at_low), top),
        at_high=jnp.where(above, top, 0.5 * bracket.at_high),
        tries=bracket.tries + 1,
    )


def _on_surface(rule: Rule, t: Any, y: Any, fired: Any) -> tuple[Any, Any]:
    """Event time and state with their derivatives: one Newton step whose value is nil but whose tangent is exact.

    From g(t + h, phi_h(y)) = 0 follows dh = -(dg along the change of y) / (dg/dh), the implicit function theorem.
    """
    stop = jax.lax.stop_gradient
    velocity = rule.field(t, y)

    def along(s: Any) -> Any:
        return jnp.sum(jnp.where(fired, rule.guard(t + s, y + s * velocity), 0.0))

    value, rate = jax.jvp(along, (jnp.zeros_like(t),), (jnp.ones_like(t),))
    rate = stop(rate)
    shift = -(value - stop(value)) / jnp.where(rate == 0, 1.0, rate)
    return t + shift, y + shift * stop(velocity)


def gridded(rule: Rule, solver: GridEvents, run: Running, ts: Any) -> tuple[Running, State]:
    """States at `ts[1:]` with all surfaces checked at the end of each step: at or past nil, and rising."""

    def advance(run: Running, interval: Any) -> Any:
        start, end = interval
        steps = substeps(start, end, solver.solver.dt)
        h = (end - start) / steps

        def one(i: Any, run: Running) -> Running:
            t = start + i * h
            y = rk_step(rule.field, solver.solver.tableau, t, run.y, h=h)
            before, after = rule.guard(t, run.y), rule.guard(t + h, y)
            fired = (after >= 0) & ((before < 0) | (after > before))  # not one that is on its way back
            calm = run._replace(y=y, at_once=jnp.zeros_like(run.at_once))
            return jax.lax.cond(jnp.any(fired), lambda: fire(rule, calm, t + h, y, fired), lambda: calm)

        run = jax.lax.fori_loop(0, steps, one, run)
        return run, run.y

    last, saved = jax.lax.scan(advance, run, (ts[:-1], ts[1:]))
    return last, jax.vmap(rule.unravel)(saved)
