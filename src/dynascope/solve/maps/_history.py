"""Delay flows as maps on pieces of history."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractDelayFlow, AbstractMap, Box, Constant, kind
from .. import _delay
from .._solvers import RK4


class HistoryMap(AbstractMap):
    """The map from one stretch of history of a delay flow to the next, both of length `span`.

    The state holds the present and past states at `nodes` equally spaced times, shape `(nodes, d)`, oldest first. One
    step advances by `span` with RK4 on that grid, so the whole infinite-dimensional state is advanced by its own
    memory.

    Args:
        system: A delay flow.
        nodes: Number of stored times.
        span: Length of the stretch, at least the longest delay in use.
    """

    system: AbstractDelayFlow
    span: Param = param(doc="length of the stretch of history", bounds=(0.0, None))
    nodes: int = eqx.field(static=True, default=101)

    def initial_state(self) -> jax.Array:
        flat, _ = ravel_pytree(self.system.initial_state())
        return jnp.tile(flat, (self.nodes, 1))

    def region(self) -> Box | None:
        box = self.system.region()
        if box is None:
            return None
        low, high = ravel_pytree(box.low)[0], ravel_pytree(box.high)[0]
        return Box(jnp.tile(low, (self.nodes, 1)), jnp.tile(high, (self.nodes, 1)))

    def input_size(self) -> int | None:
        return self.system.input_size()

    def observe(self, t: Time, y: State, u: Input) -> Any:
        del t, u
        return y[-1]

    def step(self, n: Time, y: State, u: Input) -> State:
        steps = self.nodes - 1
        h = self.span / steps
        t0 = jnp.asarray(n) * self.span
        _, unravel = ravel_pytree(self.system.initial_state())
        inputs = None if u is None else Constant(u)
        size = self.nodes + 3
        # Entry k of the ring is time t0 + k h, k = -steps .. 0; the oldest spare entries repeat the oldest state.
        ks = jnp.mod(jnp.arange(-steps, 1), size)
        states = jnp.tile(y[0], (size, 1)).at[ks].set(y)
        slopes = _slopes(y, h)
        velocities = jnp.zeros_like(states).at[ks].set(slopes)
        past = _delay.Past(states, velocities, slopes[-1], jnp.zeros((), jnp.int32), t0, h)
        past = _delay.with_present_slope(self.system, inputs, unravel(y[-1]), past)
        ts = t0 + h * jnp.arange(self.nodes)
        _, later = _delay.delayed(self.system, inputs, unravel(y[-1]), past, ts, solver=RK4(h))
        return jnp.concatenate([y[-1:], jax.vmap(lambda s: ravel_pytree(s)[0])(later)])


def _slopes(y: jax.Array, h: Any) -> jax.Array:
    """Derivatives on an even grid by differences of order 4, one-sided at the ends."""
    inner = (y[:-4] - 8 * y[1:-3] + 8 * y[3:-1] - y[4:]) / (12 * h)
    first = jnp.stack([_forward(y[:5]), _next(y[:5])]) / (12 * h)
    last = -jnp.stack([_next(y[::-1][:5]), _forward(y[::-1][:5])]) / (12 * h)
    return jnp.concatenate([first, inner, last])


def _forward(y: jax.Array) -> jax.Array:
    return -25 * y[0] + 48 * y[1] - 36 * y[2] + 16 * y[3] - 3 * y[4]


def _next(y: jax.Array) -> jax.Array:
    return -3 * y[0] - 10 * y[1] + 18 * y[2] - 6 * y[3] + y[4]


def history_map(system: AbstractDelayFlow, nodes: int, *, span: Any = None) -> HistoryMap:
    """A delay flow as an `AbstractMap` on its history; spectra, sections and basins of delay flows go through it.

    Args:
        system: A delay flow.
        nodes: Number of stored times; the step of the method is `span / (nodes - 1)`.
        span: Length of the stretch; None takes the system's `max_delay`. A stretch as short as the longest delay in use
            keeps the dimension small.

    Raises:
        InputError: If the system has no delays or `nodes` is below 6.
    """
    if kind(system) != "delay flow":
        raise InputError(f"`history_map` needs a delay flow; `{type(system).__name__}` is a {kind(system)}.")
    if nodes < 6:
        raise InputError(f"`history_map` needs at least 6 nodes to interpolate between, got {nodes}.")
    return HistoryMap(system, system.max_delay if span is None else span, nodes)
