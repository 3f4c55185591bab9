"""Models that are no models: what every score is held against."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap


class Persistence(AbstractMap):
    """Nothing changes: x[n+1] = x[n].

    Args:
        x0: State at the start.
    """

    reference: ClassVar[str] = "the forecast that tomorrow will be like today"

    x0: Param = param((0.0,), doc="state at the start")

    def initial_state(self) -> State:
        return self.x0

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return y


class Mean(AbstractMap):
    """Always the mean of the training data, which is nil in standard units: x[n+1] = mean.

    Args:
        mean: The value.
    """

    reference: ClassVar[str] = "the mean of the data"

    mean: Param = param((0.0,), doc="the value")

    def initial_state(self) -> State:
        return self.mean

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return jnp.broadcast_to(self.mean, jnp.shape(y))
