import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, Box, variables
from .._array import like


class Henon(AbstractMap):
    r"""A map of the plane that stretches and folds, contracting areas by the same factor everywhere.

    x[n+1] = 1 - a x[n]^2 + y[n],  y[n+1] = b x[n].

    The determinant of its Jacobian is -b at every point, so the exponents sum to ln |b|.

    Args:
        a: Strength of the fold.
        b: Contraction of areas.

    Reference:
        Hénon (1976), A two-dimensional mapping with a strange attractor, Communications in Mathematical Physics 50,
        69-77.

    Example:
        >>> Henon().step(0, Henon().initial_state(), None).tolist()
        [1.0, 0.0]
    """

    variables = variables("x y")
    reference = "Hénon (1976), A two-dimensional mapping with a strange attractor, Comm. Math. Phys. 50, 69-77"
    family = "canonical"

    a: Param = param(1.4, doc="strength of the fold")
    b: Param = param(0.3, doc="contraction of areas")

    def initial_state(self) -> State:
        return like(self.a, [0.0, 0.0])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        x, y_ = y
        return jnp.stack([1.0 - self.a * x * x + y_, self.b * x])

    def region(self) -> Box:
        # Inside the basin of the attractor for the standard parameters; many starts outside escape to infinity.
        return Box(like(self.a, [-0.8, -0.2]), like(self.a, [0.8, 0.2]))
