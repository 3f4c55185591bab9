import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Roessler(AbstractFlow):
    r"""A single folded band: the simplest chaotic flow with one nonlinear term.

    x' = -y - z,  y' = x + a y,  z' = b + z (x - c).

    Fixed points exist for c^2 >= 4 a b, at x = (c -+ sqrt(c^2 - 4 a b)) / 2, y = -x / a, z = x / a.

    Args:
        a: Expansion of the spiral.
        b: Reinjection.
        c: Where the fold sets in.

    Reference:
        Rössler (1976), An equation for continuous chaos, Physics Letters A 57, 397-398.

    Example:
        >>> Roessler(a=0.5).vector_field(0.0, Roessler().initial_state(), None).tolist()
        [-1.0, 1.5, 0.2]
    """

    variables = variables("x y z")
    reference = "Rössler (1976), An equation for continuous chaos, Phys. Lett. A 57, 397-398"
    family = "canonical"

    a: Param = param(0.2, doc="expansion of the spiral")
    b: Param = param(0.2, doc="reinjection")
    c: Param = param(5.7, doc="where the fold sets in")

    def initial_state(self) -> State:
        return like(self.a, [1.0, 1.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_, z = y
        return jnp.stack([-y_ - z, x + self.a * y_, self.b + z * (x - self.c)])

    def region(self) -> Box:
        # Starts with larger |x| or |y| escape to infinity along the z axis.
        return Box(like(self.a, [-6.0, -6.0, 0.0]), like(self.a, [6.0, 6.0, 1.0]))

    def typical_step(self) -> float:
        return 0.01
