"""A flow seen at the sampling of data, as a map that can be trained."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...solve._runge_kutta import rk_step
from ...solve._tableaus import RK4
from ...systems import AbstractFlow, AbstractMap, kind
from ...systems.derived import AbstractOpen


class SampledFlow(AbstractMap, AbstractOpen):
    """The map y(n dt) -> y((n + 1) dt) of a flow, by Runge-Kutta steps of fourth order and fixed number.

    Unlike a time-T map it has derivatives in reverse mode, which training needs. Once trained, `system` is the flow.

    Args:
        system: A flow.
        dt: Time between two samples of the data.
        steps: Runge-Kutta steps between them.
        remembered: Whether the reverse pass keeps the states between two samples; if not, it computes them again, so
            that the memory does not grow with `steps`.

    Raises:
        InputError: If the system is no flow, or `steps` is not positive.
    """

    system: AbstractFlow
    dt: Param = param(doc="time between samples", bounds=(0.0, None))
    steps: int = setting(1, doc="Runge-Kutta steps between samples")
    remembered: bool = setting(True, doc="whether the reverse pass keeps the states in between")

    def __check_init__(self) -> None:
        if kind(self.system) != "flow" or self.steps < 1:
            raise InputError(
                f"`SampledFlow` needs a flow and `steps` of at least 1, got a {kind(self.system)} and {self.steps}."
            )

    def step(self, n: Time, y: State, u: Input) -> State:
        h = self.dt / self.steps
        start = n * self.dt

        def between(y: State) -> State:
            def once(i: Any, y: State) -> State:
                t = start + i * h
                return rk_step(lambda t, y: self.system.vector_field(t, y, u), RK4, t, y, h=h)

            if self.steps == 1:
                return once(0, y)
            return jax.lax.scan(lambda y, i: (once(i, y), None), y, jnp.arange(self.steps))[0]

        return (between if self.remembered else jax.checkpoint(between))(y)
