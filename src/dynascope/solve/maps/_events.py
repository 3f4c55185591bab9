"""The event map of a hybrid system: from just after one event to just after the next."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, AbstractMap, Constant, kind
from ...systems.derived import AbstractOpen
from .. import _hybrid
from .._defaults import step_for
from .._solvers import RK4, AbstractFixedStep, LocatedEvents


class EventMap(AbstractMap, AbstractOpen):
    """From a state to the state just after its next event and reset; see `event_map`.

    Its fixed points are the periodic orbits with one event, for a neuron: regular spiking.
    """

    system: AbstractHybrid
    solver: AbstractFixedStep
    max_time: Param = param(doc="longest waiting time", bounds=(0.0, None))

    def watched(self, y: State, u: Input) -> _hybrid.Passed:
        """The passage to the next event: flattened states before and after it, and the extent on the way."""
        flat, _ = ravel_pytree(y)
        start = jnp.zeros((), flat.dtype)
        rule = _hybrid.ruled(self.system, None if u is None else Constant(u), y)
        return _hybrid.watched_event(rule, LocatedEvents(self.solver), start, flat, max_time=self.max_time)

    def returned(self, y: State, u: Input) -> tuple[Any, State, Any]:
        """Time of the next event, state after its reset, and whether it came within `max_time`."""
        rule = _hybrid.ruled(self.system, None if u is None else Constant(u), y)
        flat, unravel = ravel_pytree(y)
        start = jnp.zeros((), flat.dtype)
        time, end, found = _hybrid.first_event(rule, LocatedEvents(self.solver), start, flat, max_time=self.max_time)
        return time, unravel(jnp.where(found, end, jnp.nan)), found

    def step(self, n: Time, y: State, u: Input) -> State:
        del n  # autonomous: guard and flow do not move
        return self.returned(y, u)[1]


def event_map(system: AbstractHybrid, *, max_time: Any = 1000.0, solver: AbstractFixedStep | None = None) -> EventMap:
    """The event map of `system`: an `AbstractMap`.

    Args:
        system: An autonomous hybrid system.
        max_time: Longest waiting time; a state without an event in that time is mapped to NaN.
        solver: Fixed-step method between events; None takes RK4 at the system's typical step.

    Raises:
        InputError: If the system is not hybrid.
    """
    if kind(system) != "hybrid":
        raise InputError(f"An event map needs a hybrid system; `{type(system).__name__}` is a {kind(system)}.")
    return EventMap(system, solver if solver is not None else RK4(step_for(system)), max_time)
