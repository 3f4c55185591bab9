from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractSDE, Box, variables
from .._array import like


class OrnsteinUhlenbeck(AbstractSDE):
    r"""A noisy pull towards a mean: the one stationary Gaussian Markov process.

    dx = theta (mu - x) dt + sigma dW.

    Its stationary distribution is Gaussian with mean mu and variance sigma^2 / (2 theta); its autocorrelation is
    exp(-theta |s|).

    Args:
        theta: Rate of return, 1/time.
        mu: Mean.
        sigma: Amplitude of the noise, per square root of time.

    Reference:
        Uhlenbeck & Ornstein (1930), On the theory of the Brownian motion, Physical Review 36, 823-841.

    Example:
        >>> OrnsteinUhlenbeck(theta=2.0, mu=1.0).vector_field(0.0, OrnsteinUhlenbeck().initial_state(), None).tolist()
        [2.0]
    """

    variables = variables("x")
    reference = "Uhlenbeck & Ornstein (1930), On the theory of the Brownian motion, Phys. Rev. 36, 823-841"
    family = "canonical"
    interpretation = "ito"

    theta: Param = param(1.0, doc="rate of return", bounds=(0.0, None))
    mu: Param = param(0.0, doc="mean")
    sigma: Param = param(1.0, doc="amplitude of the noise", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.theta, [0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return self.theta * (self.mu - y)

    def diffusion(self, t: Time, y: State, u: Input) -> Any:
        del t, u
        return self.sigma * jnp.ones_like(y)

    def region(self) -> Box:
        return Box(like(self.theta, [-3.0]), like(self.theta, [3.0]))

    def typical_step(self) -> float:
        return 0.01
