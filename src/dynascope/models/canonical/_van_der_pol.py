import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import injected, like


class VanDerPol(AbstractFlow):
    r"""An oscillator whose damping changes sign with its amplitude: the model of relaxation oscillations.

    x' = y,  y' = mu (1 - x^2) y - x + u.

    Every start but the origin ends on one limit cycle; its period is 2 pi for mu -> 0, 6.6633 at mu = 1 and
    (3 - 2 ln 2) mu to leading order for mu -> infinity.

    Args:
        mu: Strength of the nonlinear damping.

    Reference:
        van der Pol (1926), On relaxation-oscillations, Philosophical Magazine 2, 978-992.

    Example:
        >>> VanDerPol(mu=3.0).vector_field(0.0, VanDerPol().initial_state(), None).tolist()
        [0.0, -2.0]
    """

    variables = variables("x y")
    reference = "van der Pol (1926), On relaxation-oscillations, Phil. Mag. 2, 978-992"
    family = "canonical"

    mu: Param = param(1.0, doc="strength of the nonlinear damping")

    def initial_state(self) -> State:
        return like(self.mu, [2.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x, v = y
        return jnp.stack([v, self.mu * (1.0 - x * x) * v - x + injected(u)])

    def region(self) -> Box:
        return Box(like(self.mu, [-3.0, -4.0]), like(self.mu, [3.0, 4.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.01
