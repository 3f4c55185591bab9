from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractSDE, Box, variables
from .._array import like


class DoubleWell(AbstractSDE):
    r"""A particle in one of two valleys, thrown across the hill by noise now and then.

    dx = (a x - b x^3) dt + sigma dW.

    The valleys lie at +-sqrt(a / b), the hill between them is a^2 / (4 b) high; for weak noise the mean time to cross
    it is pi sqrt(2) / a exp(2 a^2 / (4 b) / sigma^2).

    Args:
        a: Steepness of the hill, 1/time.
        b: Steepness of the walls.
        sigma: Amplitude of the noise, per square root of time.

    Reference:
        Kramers (1940), Brownian motion in a field of force and the diffusion model of chemical reactions, Physica 7,
        284-304.

    Example:
        >>> DoubleWell(b=2.0).vector_field(0.0, DoubleWell().initial_state(), None).tolist()
        [-1.0]
    """

    variables = variables("x")
    reference = "Kramers (1940), Brownian motion in a field of force, Physica 7, 284-304"
    family = "canonical"
    interpretation = "ito"

    a: Param = param(1.0, doc="steepness of the hill", bounds=(0.0, None))
    b: Param = param(1.0, doc="steepness of the walls", bounds=(0.0, None))
    sigma: Param = param(0.5, doc="amplitude of the noise", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.a, [1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return y * (self.a - self.b * y * y)

    def diffusion(self, t: Time, y: State, u: Input) -> Any:
        del t, u
        return self.sigma * jnp.ones_like(y)

    def region(self) -> Box:
        return Box(like(self.a, [-2.0]), like(self.a, [2.0]))

    def typical_step(self) -> float:
        return 0.01
