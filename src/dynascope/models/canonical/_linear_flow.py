from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box
from .._array import like


class LinearFlow(AbstractFlow):
    r"""A linear flow, of which everything is known.

    y' = A y, with solution y(t) = exp(A t) y(0) and exponents the real parts of the eigenvalues of A.

    Args:
        A: Matrix of shape `(d, d)`, 1/time; a damped rotation by default.

    Reference:
        Hirsch & Smale (1974), Differential equations, dynamical systems, and linear algebra, Academic Press.

    Example:
        >>> LinearFlow().vector_field(0.0, LinearFlow().initial_state(), None).tolist()
        [0.9, -1.1]
    """

    reference = "Hirsch & Smale (1974), Differential equations, dynamical systems, and linear algebra, Academic Press"
    family = "canonical"

    A: Param = param(((-0.1, 1.0), (-1.0, -0.1)), doc="matrix")

    def initial_state(self) -> State:
        return like(self.A, [1.0] * self.A.shape[-1])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return self.A @ y

    def region(self) -> Box:
        return Box(-self.initial_state(), self.initial_state())
