"""Delay flows: the method of steps with a stored history.

States and velocities of the past are kept on the grid of the steps, in a ring that covers the longest delay, and
interpolated by cubic Hermite polynomials: error O(h^4), like the steps of RK4 themselves. A solution has kinks one,
two, ... delays after its start; order 4 is reached where these fall on grid points: where delays are whole multiples
of the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._errors import InputError
from .._tree import is_traced
from .._types import State
from ..systems import AbstractDelayFlow
from ._runge_kutta import rk_step
from ._solvers import AbstractFixedStep


class Past(NamedTuple):
    """The ring of past states: entry `k mod size` belongs to time `origin + k h`; `latest` is the newest k.

    At the origin the solution has a kink: `velocities` holds its slope from the right, `arrival` that from the left.
    """

    states: Any
    velocities: Any
    arrival: Any
    latest: Any
    origin: Any
    h: Any


def ring_size(max_delay: float, dt: Any) -> int:
    """Entries needed so that a delay of `max_delay` and its interpolation never leave the ring."""
    if is_traced(dt):
        raise InputError(
            "The step of a delay flow decides how much history is stored, so it cannot be batched, differentiated or "
            "computed inside `jit`. Give the solver a plain number, such as `RK4(0.1)`."
        )
    return int(max_delay / float(dt) + 1e-9) + 4


def remembered(past: Past, s: Any) -> Any:
    """The state at an earlier time `s`, by cubic Hermite interpolation between its neighbours on the grid."""
    size = past.states.shape[0]
    position = (s - past.origin) / past.h
    left = jnp.floor(position).astype(jnp.int32)
    left = jnp.clip(left, past.latest - size + 1, past.latest - 1)
    x = position - left
    i, j = jnp.mod(left, size), jnp.mod(left + 1, size)
    a, b = past.states[i], past.states[j]
    da, db = past.h * past.velocities[i], past.h * jnp.where(left == -1, past.arrival, past.velocities[j])
    return (1 + 2 * x) * (1 - x) ** 2 * a + x * (1 - x) ** 2 * da + x**2 * (3 - 2 * x) * b + x**2 * (x - 1) * db


def begun(
    system: AbstractDelayFlow, inputs: Any, before: Callable[[Any], State], *, t0: Any, h: Any, size: int
) -> Past:
    """A ring filled with the given history `before(s)`, s <= t0, and its slope by forward differentiation."""
    ks = jnp.arange(-size + 1, 1)

    def flat(s: Any) -> Any:
        return ravel_pytree(before(s))[0]

    def with_slope(k: Any) -> Any:
        s = t0 + k * h
        return jax.jvp(flat, (s,), (jnp.ones_like(s),))

    states, velocities = jax.vmap(with_slope)(ks)
    order = jnp.mod(ks, size)
    past = Past(
        jnp.zeros_like(states).at[order].set(states),
        jnp.zeros_like(velocities).at[order].set(velocities),
        velocities[-1],
        jnp.zeros((), jnp.int32),
        t0,
        h,
    )
    return with_present_slope(system, inputs, before(t0), past)


def with_present_slope(system: AbstractDelayFlow, inputs: Any, template: State, past: Past) -> Past:
    """The ring with the slope to the right of its newest entry, k = 0, taken from the flow."""
    slope = _velocity(system, inputs, template, past)(past.origin, past.states[0])
    return past._replace(velocities=past.velocities.at[0].set(slope))


def _velocity(system: AbstractDelayFlow, inputs: Any, template: State, past: Past) -> Callable[[Any, Any], Any]:
    """The velocity on flat states, given the past."""
    _, unravel = ravel_pytree(template)

    def velocity(t: Any, c: Any) -> Any:
        u = None if inputs is None else inputs(t)
        return ravel_pytree(system.vector_field(t, unravel(c), lambda s: unravel(remembered(past, s)), u))[0]

    return velocity


def delayed(
    system: AbstractDelayFlow, inputs: Any, template: State, past: Past, ts: Any, *, solver: AbstractFixedStep
) -> tuple[Past, State]:
    """States at `ts[1:]`; the ring at the end continues a chunk. Output times between grid points are interpolated."""
    _, unravel = ravel_pytree(template)
    size = past.states.shape[0]

    def one(past: Past) -> Past:
        t = past.origin + past.latest * past.h
        y = past.states[jnp.mod(past.latest, size)]
        y1 = rk_step(_velocity(system, inputs, template, past), solver.tableau, t, y, h=past.h)
        new = jnp.mod(past.latest + 1, size)
        past = past._replace(states=past.states.at[new].set(y1), latest=past.latest + 1)
        slope = _velocity(system, inputs, template, past)(t + past.h, y1)
        return past._replace(velocities=past.velocities.at[new].set(slope))

    def advance(past: Past, end: Any) -> Any:
        def unfinished(past: Past) -> Any:
            return past.origin + past.latest * past.h < end - 1e-9 * past.h

        past = jax.lax.while_loop(unfinished, one, past)
        return past, remembered(past, end)

    last, saved = jax.lax.scan(advance, past, ts[1:])
    return last, jax.vmap(unravel)(saved)
