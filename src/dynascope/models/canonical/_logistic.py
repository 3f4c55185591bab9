from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, Box, variables
from .._array import like


class Logistic(AbstractMap):
    r"""Growth under a limit, in generations: the period-doubling road to chaos.

    x[n+1] = r x[n] (1 - x[n]).

    At r = 4 it is conjugate to the tent map and its exponent is exactly ln 2.

    Args:
        r: Growth rate.

    Reference:
        May (1976), Simple mathematical models with very complicated dynamics, Nature 261, 459-467.

    Example:
        >>> Logistic(r=2.0).step(0, Logistic().initial_state() * 0 + 0.5, None).tolist()
        [0.5]
    """

    variables = variables("x")
    reference = "May (1976), Simple mathematical models with very complicated dynamics, Nature 261, 459-467"
    family = "canonical"

    r: Param = param(4.0, doc="growth rate", bounds=(0.0, 4.0))

    def initial_state(self) -> State:
        # Simple fractions (1/4, 1/2, 3/4) land on the unstable fixed points at r = 4.
        return like(self.r, [0.3])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return self.r * y * (1.0 - y)

    def region(self) -> Box:
        return Box(like(self.r, [0.0]), like(self.r, [1.0]))
