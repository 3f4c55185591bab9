import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Lorenz(AbstractFlow):
    r"""Convection reduced to three modes: the first strange attractor.

    x' = sigma (y - x),  y' = x (rho - z) - y,  z' = x y - beta z.

    The origin loses stability at rho = 1 (pitchfork), the two other fixed points in a subcritical Hopf bifurcation at
    rho = sigma (sigma + beta + 3) / (sigma - beta - 1), which is 470/19 = 24.7368 for the standard parameters.

    Args:
        sigma: Prandtl number.
        rho: Rayleigh number over its critical value.
        beta: Aspect ratio of the rolls.

    Reference:
        Lorenz (1963), Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20, 130-141.

    Example:
        >>> lorenz = Lorenz(rho=24.0)
        >>> lorenz.vector_field(0.0, lorenz.initial_state(), None).tolist()
        [0.0, 8.0, -39.0]
    """

    variables = variables("x y z")
    reference = "Lorenz (1963), Deterministic nonperiodic flow, J. Atmos. Sci. 20, 130-141"
    family = "canonical"

    sigma: Param = param(10.0, doc="Prandtl number", bounds=(0.0, None))
    rho: Param = param(28.0, doc="Rayleigh number over its critical value")
    beta: Param = param(8.0 / 3.0, doc="aspect ratio of the rolls", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.sigma, [1.0, 1.0, 15.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_, z = y
        return jnp.stack([self.sigma * (y_ - x), x * (self.rho - z) - y_, x * y_ - self.beta * z])

    def region(self) -> Box:
        return Box(like(self.sigma, [-20.0, -25.0, 0.0]), like(self.sigma, [20.0, 25.0, 50.0]))

    def typical_step(self) -> float:
        # The sum of the spectrum misses its exact value by less than 1e-6 only at 0.0025 or finer.
        return 0.0025
