from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractSDE, Box, variables
from .._array import like


class MaierStein(AbstractSDE):
    r"""Escape from a well whose force has no potential: the way out is not the way in.

    du = (u - u^3 - alpha u v^2) dt + sigma dW1,  dv = -mu (1 + u^2) v dt + sigma dW2.

    Wells at (-1, 0) and (1, 0), saddle at the origin; the force has a potential only if alpha = mu. Above alpha = 4 mu
    the most probable path of escape leaves the axis.

    Args:
        alpha: Repulsion of u by v.
        mu: Pull of v to the axis, 1/time.
        sigma: Amplitude of the noise, per square root of time.

    Reference:
        Maier & Stein (1993), Escape problem for irreversible systems, Physical Review E 48, 931-938.

    Example:
        >>> MaierStein(alpha=1.0).vector_field(0.0, jnp.array([1.0, 1.0]), None).tolist()
        [-1.0, -2.0]
    """

    variables = variables("u v")
    reference = "Maier & Stein (1993), Escape problem for irreversible systems, Phys. Rev. E 48, 931-938"
    family = "canonical"
    interpretation = "ito"

    alpha: Param = param(10.0, doc="repulsion of u by v")
    mu: Param = param(1.0, doc="pull of v to the axis")
    sigma: Param = param(0.2, doc="amplitude of the noise", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.mu, [-1.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, v = y
        return jnp.stack([x * (1.0 - x * x - self.alpha * v * v), -self.mu * (1.0 + x * x) * v])

    def diffusion(self, t: Time, y: State, u: Input) -> Any:
        del t, u
        return self.sigma * jnp.ones_like(y)

    def region(self) -> Box:
        return Box(like(self.mu, [-1.5, -1.0]), like(self.mu, [1.5, 1.0]))

    def typical_step(self) -> float:
        return 0.01
