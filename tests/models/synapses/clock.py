"""A neuron that spikes when it is told to, so that the effect of given spike times can be compared with a formula."""

import jax
import jax.numpy as jnp

import dynascope as ds
from dynascope._types import Input, Param, State, Time
from dynascope.systems import AbstractHybrid


class Clock(AbstractHybrid):
    """phase' = 1 / period; a spike at phase 1, then phase 0; nothing moves it."""

    variables = (ds.Variable("phase"),)
    time_unit = "ms"

    period: Param = ds.param(100.0, unit="ms", doc="interval between spikes", bounds=(1e-6, None))

    def initial_state(self) -> State:
        return jnp.zeros(1, self.period.dtype)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return jnp.broadcast_to(1.0 / self.period, y.shape)

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        return y - 1.0

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        return jnp.where(fired, 0.0, y)

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.1
