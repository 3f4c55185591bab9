import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class StuartLandau(AbstractFlow):
    r"""The normal form of a Hopf bifurcation: every weak oscillation looks like it.

    z' = (lambda + i omega) z - (1 + i c) |z|^2 z  with z = x + i y.

    For lambda > 0 the limit cycle has radius sqrt(lambda), angular frequency omega - c lambda and exponents
    (0, -2 lambda); for lambda < 0 the origin attracts with exponents (lambda, lambda).

    Args:
        lam: Distance lambda from the bifurcation, 1/time.
        omega: Angular frequency at the bifurcation, rad/time.
        c: Shear: how the frequency depends on the amplitude.

    Reference:
        Stuart (1958), On the non-linear mechanics of hydrodynamic stability, Journal of Fluid Mechanics 4, 1-21.

    Example:
        >>> StuartLandau(c=0.5).vector_field(0.0, StuartLandau().initial_state(), None).tolist()
        [0.0, 0.5]
    """

    variables = variables("x y")
    reference = "Stuart (1958), On the non-linear mechanics of hydrodynamic stability, J. Fluid Mech. 4, 1-21"
    family = "canonical"

    lam: Param = param(1.0, doc="distance from the bifurcation")
    omega: Param = param(1.0, unit="rad", doc="angular frequency at the bifurcation")
    c: Param = param(0.0, doc="shear")

    def initial_state(self) -> State:
        return like(self.lam, [1.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        s = x * x + y_ * y_
        growth, turning = self.lam - s, self.omega - self.c * s
        return jnp.stack([growth * x - turning * y_, turning * x + growth * y_])

    def region(self) -> Box:
        return Box(like(self.lam, [-2.0, -2.0]), like(self.lam, [2.0, 2.0]))

    def typical_step(self) -> float:
        return 0.02
