import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Selkov(AbstractFlow):
    r"""Glycolysis in two variables: an enzyme that its own product activates.

    x' = -x + a y + x^2 y,  y' = b - a y - x^2 y.

    The fixed point (b, b / (a + b^2)) is unstable, with a limit cycle around it, for b^2 between
    (1 - 2 a -+ sqrt(1 - 8 a)) / 2.

    Args:
        a: Reaction without activation.
        b: Supply.

    Reference:
        Sel'kov (1968), Self-oscillations in glycolysis. 1. A simple kinetic model, European Journal of Biochemistry 4,
        79-86; in the scaling of Strogatz (1994), Nonlinear dynamics and chaos, section 7.3.

    Example:
        >>> Selkov(b=1.0).vector_field(0.0, Selkov().initial_state() * 0.0, None).tolist()
        [0.0, 1.0]
    """

    variables = variables("x y", topology="positive")
    reference = "Sel'kov (1968), Self-oscillations in glycolysis. 1. A simple kinetic model, Eur. J. Biochem. 4, 79-86"
    family = "canonical"

    a: Param = param(0.08, doc="reaction without activation", bounds=(0.0, None))
    b: Param = param(0.6, doc="supply", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.a, [1.0, 1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        used = (self.a + x * x) * y_
        return jnp.stack([used - x, self.b - used])

    def region(self) -> Box:
        return Box(like(self.a, [0.1, 0.1]), like(self.a, [2.0, 3.0]))

    def typical_step(self) -> float:
        return 0.02
