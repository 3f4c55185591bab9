from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, Box
from .._array import like


class LinearMap(AbstractMap):
    r"""A linear map, of which everything is known.

    y[n+1] = A y[n], with exponents the logarithms of the moduli of the eigenvalues of A.

    Args:
        A: Matrix of shape `(d, d)`; a contracting rotation by default.

    Reference:
        Hirsch & Smale (1974), Differential equations, dynamical systems, and linear algebra, Academic Press.

    Example:
        >>> LinearMap().step(0, LinearMap().initial_state(), None).tolist()
        [1.25, 0.25]
    """

    reference = "Hirsch & Smale (1974), Differential equations, dynamical systems, and linear algebra, Academic Press"
    family = "canonical"

    A: Param = param(((0.75, 0.5), (-0.5, 0.75)), doc="matrix")

    def initial_state(self) -> State:
        return like(self.A, [1.0] * self.A.shape[-1])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return self.A @ y

    def region(self) -> Box:
        return Box(-self.initial_state(), self.initial_state())
