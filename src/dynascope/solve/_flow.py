"""Flows: fixed-step and adaptive explicit Runge-Kutta methods in a scan over the output times."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .._errors import RESULTS
from .._types import State
from ..systems import AbstractFlow
from ._layout import Loose, Packing, packing
from ._runge_kutta import combine, error_ratio, rk_step, stages
from ._solvers import AbstractAdaptive, AbstractFixedStep

#: Safety factor and limits of the change of an adaptive step (Hairer et al. 1993, section II.4).
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 10.0
#: A step that the error would have let grow by more than this was not limited by the error: one of the first.
_LIMITED = 2.0
#: Steps of one call from which on a faster loop is worth a longer compilation.
_LONG_RUN = 500_000
#: A step of this many rounding units of the time cannot be shortened any more.
_TINY = 50


class Loop(NamedTuple):
    """A flow ready to be stepped: its velocity on the carry, and how the carry is packed."""

    field: Any
    packing: Packing


def prepared(system: AbstractFlow, inputs: Any, template: State, t0: Any, layout: Any) -> Loop:
    """The velocity of `system` under `inputs` on the loop's own carry."""

    def velocity(t: Any, y: State) -> State:
        return system.vector_field(t, y, None if inputs is None else inputs(t))

    packed = packing(template, lambda y: velocity(t0, y), layout)
    return Loop(lambda t, c: packed.pack(velocity(t, packed.unpack(c))), packed)


def substeps(t0: Any, t1: Any, dt: Any) -> Any:
    """Number of equal steps of at most `dt` from `t0` to `t1`; the margin forgives rounding of the times."""
    return jnp.maximum(jnp.ceil((t1 - t0) / dt - 1e-6), 1).astype(jnp.int32)


def fixed(
    loop: Loop, solver: AbstractFixedStep, y: State | Loose, times: tuple[Any, Any], count: int | None
) -> tuple[State | Loose, State | Loose]:
    """States at the ends of intervals from `y` at the start of the first.

    Args:
        loop: The flow.
        solver: The method and its step.
        y: State at the first start.
        times: Starts and ends of the intervals.
        count: Static number of steps per interval, if it is known.

    Returns:
        The last state and all of them.
    """
    # Scalars pass through memory from one pass of the loop to the next: two steps a pass halve that, and the time of
    # compilation doubles.
    many = count is not None and count * len(times[0]) >= _LONG_RUN
    unroll = 2 if loop.packing.scalars and many else None

    def advance(carry: Any, interval: Any) -> Any:
        start, end = interval
        steps = substeps(start, end, solver.dt) if count is None else count
        h = (end - start) / steps

        def one(i: Any, c: Any) -> Any:
            return rk_step(loop.field, solver.tableau, start + i * h, c, h=h)

        carry = one(0, carry) if count == 1 else jax.lax.fori_loop(0, steps, one, carry, unroll=unroll)
        return carry, carry

    last, saved = jax.lax.scan(advance, loop.packing.entered(y), times)
    return loop.packing.left(last), loop.packing.kept(saved)


class Adapting(NamedTuple):
    """What an adaptive solver carries from step to step, and between chunks of a long run."""

    y: Any
    h: Any
    accepted: Any
    rejected: Any
    smallest: Any
    code: Any


def first_step(loop: Loop, solver: AbstractAdaptive, y: State, t0: Any) -> Any:
    """A first step that changes the state by about one percent of its scale."""
    c = loop.packing.pack(y)
    velocity = loop.field(t0, c)
    scale = jax.tree.map(lambda a: solver.atol + solver.rtol * jnp.abs(a), c)
    size = jnp.sqrt(sum(jnp.sum((a / s) ** 2) for a, s in zip(jax.tree.leaves(c), jax.tree.leaves(scale), strict=True)))
    speed = jnp.sqrt(
        sum(jnp.sum((f / s) ** 2) for f, s in zip(jax.tree.leaves(velocity), jax.tree.leaves(scale), strict=True))
    )
    h = jnp.where((size > 1e-5) & (speed > 1e-5), 0.01 * size / jnp.where(speed > 0, speed, 1), 1e-6)
    return jax.lax.stop_gradient(h)


def adaptive(
    loop: Loop, solver: AbstractAdaptive, state: Adapting, times: tuple[Any, Any]
) -> tuple[Adapting, State | Loose]:
    """States at the ends of the intervals `times` (starts, ends) from `state` at the first start, with error control.

    Returns:
        The final solver state (to continue from) and the states at the output times. Once a code is set the state
        is not advanced any more; entries from there on are NaN.
    """
    exponent = -1.0 / solver.tableau.order

    def advance(s: Adapting, interval: Any) -> Any:
        start, end = interval

        def unfinished(carry: Any) -> Any:
            t, now = carry
            return (t < end) & (now.code == RESULTS.successful)

        _, s = jax.lax.while_loop(unfinished, lambda c: _attempt(loop, solver, c, end, exponent), (start, s))
        good = s.code == RESULTS.successful
        return s, jax.tree.map(lambda leaf: jnp.where(good, leaf, jnp.nan), s.y)

    last, saved = jax.lax.scan(advance, state, times)
    return last, loop.packing.kept(saved)


def _attempt(loop: Loop, solver: AbstractAdaptive, carry: Any, end: Any, exponent: float) -> Any:
    """One attempted step towards `end`; rejected attempts leave time and state alone and shorten the step.

    The control of the step carries no tangent: derivatives are those of the steps taken, and stay finite where the
    error estimate is nil (at an equilibrium its square root has none).
    """
    t, s = carry
    remaining = end - t
    landing = s.h >= remaining * (1 - 1e-12)
    h = jnp.where(landing, remaining, s.h)
    ks = stages(loop.field, solver.tableau, t, s.y, h)
    y1 = combine(s.y, h, solver.tableau.b, ks)
    ratio = jax.lax.stop_gradient(error_ratio(solver.tableau, s.y, y1, h, ks, rtol=solver.rtol, atol=solver.atol))
    good = ratio <= 1  # False for NaN: a step into nowhere is rejected like one that is too long.
    factor = jnp.where(
        jnp.isfinite(ratio),
        jnp.clip(_SAFETY * jnp.maximum(ratio, 1e-10) ** exponent, _SHRINK, _GROW),
        _SHRINK,
    )
    changed = jax.lax.stop_gradient(h) * factor
    proposed = jnp.where(good & landing, jnp.maximum(s.h, changed), changed)
    tiny = ~good & (changed <= _TINY * jnp.finfo(h.dtype).eps * jnp.maximum(jnp.abs(t), 1e-10))
    spent = (s.accepted + s.rejected + 1 >= solver.max_steps) & ~(good & landing)
    code = RESULTS.where(tiny, RESULTS.nonfinite, RESULTS.where(spent, RESULTS.max_steps, s.code))
    limited = good & ~landing & (factor < _LIMITED)
    moved = Adapting(
        y=jax.tree.map(lambda new, old: jnp.where(good, new, old), y1, s.y),
        h=proposed,
        accepted=s.accepted + good,
        rejected=s.rejected + ~good,
        smallest=jnp.where(limited, jnp.minimum(s.smallest, jax.lax.stop_gradient(h)), s.smallest),
        code=code,
    )
    return jnp.where(good, jnp.where(landing, end, t + h), t), moved
