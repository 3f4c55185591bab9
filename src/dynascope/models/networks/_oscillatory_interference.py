from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable


class OscillatoryInterference(AbstractFlow):
    r"""Place cells whose own rhythm runs faster than theta while the animal moves, so that their spikes precess.

    theta_0' = 2 pi f,  theta_k' = 2 pi (f + u / L),  u the speed of the animal.

    However the speed changes, the difference theta_k - theta_0 = 2 pi (x - c_k) / L measures the way gone. A cell fires
    at the crests of its own rhythm, as far as the sum of both rhythms is large: its field lies where they agree, around
    c_k, and comes again after a length L. On the way through, its spikes begin late in the cycle of theta and move
    forward by 2 pi for each length L.

    Args:
        offsets: Centres c_k of the fields, m, shape `(N,)`.
        f: Frequency of theta, Hz.
        L: Length over which the rhythms pass by each other once, m.

    Reference:
        O'Keefe & Recce (1993), Phase relationship between hippocampal place units and the EEG theta rhythm,
        Hippocampus 3, 317-330; Burgess, Barry & O'Keefe (2007), An oscillatory interference model of grid cell
        firing, Hippocampus 17, 801-812.

    Example:
        >>> cells = OscillatoryInterference.example(n=4)
        >>> moved = cells.vector_field(0.0, cells.initial_state(), jnp.array([0.4])) / (2 * jnp.pi)
        >>> moved.round(9).tolist()
        [8.0, 9.0, 9.0, 9.0, 9.0]
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "O'Keefe & Recce (1993), Phase relationship between hippocampal place units, Hippocampus 3, 317-330"
    time_unit = "s"
    family = "networks"

    offsets: Param = param(unit="m", doc="centres of the fields")
    f: Param = param(8.0, unit="Hz", doc="frequency of theta")
    L: Param = param(0.4, unit="m", doc="length over which the rhythms pass by each other", bounds=(1e-6, None))

    @classmethod
    def example(cls, *, n: int = 8) -> Self:
        """`n` cells with fields evenly apart over one length L."""
        return cls(0.4 * np.arange(n) / n)

    def advance(self, y: State) -> jax.Array:
        """How far the rhythm of each cell is ahead of theta, radians from -pi to pi, shape `(N,)`."""
        ahead = y[1:] - y[0]
        return jnp.arctan2(jnp.sin(ahead), jnp.cos(ahead))

    def drive(self, y: State) -> jax.Array:
        """What makes each cell fire, from 0 to 1: the crests of its rhythm times the envelope of the sum of both."""
        envelope = 0.5 * (1.0 + jnp.cos(y[1:] - y[0]))
        return envelope * 0.5 * (1.0 + jnp.cos(y[1:]))

    def initial_state(self) -> State:
        ahead = -2.0 * jnp.pi * self.offsets / self.L
        return jnp.concatenate([jnp.zeros((1,), ahead.dtype), ahead])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        speed = 0.0 if u is None else u[0]
        own = jnp.full_like(y[1:], 1.0) * (2.0 * jnp.pi) * (self.f + speed / self.L)
        return jnp.concatenate([jnp.reshape(2.0 * jnp.pi * self.f, (1,)).astype(own.dtype), own])

    def input_size(self) -> int | None:
        return 1

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)

    def typical_step(self) -> Any:
        return 0.002
