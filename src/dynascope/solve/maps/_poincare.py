"""The Poincare map of a flow: from one crossing of a section to the next."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, AbstractMap, Constant, dimension, kind
from ...systems.derived import AbstractOpen
from .. import _hybrid
from .._defaults import step_for
from .._solvers import RK4, AbstractFixedStep, LocatedEvents


class Section(eqx.Module):
    """The hyperplane `normal . y = offset`, crossed in the direction of `normal`; turn the signs for the other way.

    Args:
        normal: Vector of the size of the flattened state.
        offset: Number.
    """

    normal: Param = param(doc="normal vector")
    offset: Param = param(0.0, doc="offset along the normal vector")


class PoincareMap(AbstractMap, AbstractOpen):
    """From a state on (or near) a section to the state at the next crossing; see `poincare_map`.

    States are full states of the flow. The Jacobian (forward mode) includes the change of the return time, so it
    annihilates the flow direction and its other eigenvalues are those of the section map.
    """

    system: AbstractFlow
    section: Section
    solver: AbstractFixedStep
    max_time: Param = param(doc="longest return time", bounds=(0.0, None))

    def returned(self, y: State, u: Input) -> tuple[Any, State, Any]:
        """Return time, state at the crossing, and whether it came within `max_time`."""
        wrapped = _Crossing(self.system, self.section)
        rule = _hybrid.ruled(wrapped, None if u is None else Constant(u), y)  # type: ignore[arg-type]
        flat, unravel = ravel_pytree(y)
        start = jnp.zeros((), flat.dtype)
        located = LocatedEvents(self.solver)
        time, end, found = _hybrid.first_return(rule, located, start, flat, max_time=self.max_time)
        return time, unravel(jnp.where(found, end, jnp.nan)), found

    def step(self, n: Time, y: State, u: Input) -> State:
        del n  # autonomous: the section does not move
        return self.returned(y, u)[1]


class _Crossing(eqx.Module):
    """A flow with a section as its guard and nothing happening there."""

    system: AbstractFlow
    section: Section

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.system.vector_field(t, y, u)

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return (ravel_pytree(y)[0] @ self.section.normal - self.section.offset)[None]

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u, fired
        return y


def poincare_map(
    system: AbstractFlow, section: Section, *, max_time: Any = 1000.0, solver: AbstractFixedStep | None = None
) -> PoincareMap:
    """The Poincare map of `system` on `section`: an `AbstractMap`.

    Args:
        system: An autonomous flow.
        section: Where to watch it.
        max_time: Longest return time; a state that does not return is mapped to NaN.
        solver: Fixed-step method; None takes RK4 at the system's typical step.

    Raises:
        InputError: If the system is not a flow or the normal vector has another size than the state.
    """
    if kind(system) != "flow":
        raise InputError(f"A Poincare map needs a flow; `{type(system).__name__}` is a {kind(system)}.")
    d = dimension(system)
    if section.normal.shape != (d,):
        raise InputError(f"The normal vector of the section must have shape ({d},), got {section.normal.shape}.")
    return PoincareMap(system, section, solver if solver is not None else RK4(step_for(system)), max_time)
