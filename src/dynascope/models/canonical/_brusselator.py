import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class Brusselator(AbstractFlow):
    r"""The simplest chemical oscillator: a molecule that makes more of itself from a second one.

    x' = A - (B + 1) x + x^2 y,  y' = B x - x^2 y.

    The fixed point (A, B / A) loses stability in a supercritical Hopf bifurcation at B = 1 + A^2.

    Args:
        A: Supply of x.
        B: Conversion of x to y.

    Reference:
        Prigogine & Lefever (1968), Symmetry breaking instabilities in dissipative systems II, Journal of Chemical
        Physics 48, 1695-1700.

    Example:
        >>> Brusselator(A=2.0).vector_field(0.0, Brusselator().initial_state(), None).tolist()
        [0.0, 1.0]
    """

    variables = variables("x y", topology="positive")
    reference = (
        "Prigogine & Lefever (1968), Symmetry breaking instabilities in dissipative systems II, J. Chem. Phys. 48"
    )
    family = "canonical"

    A: Param = param(1.0, doc="supply of x", bounds=(0.0, None))
    B: Param = param(3.0, doc="conversion of x to y", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.A, [1.0, 2.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        made = x * x * y_
        return jnp.stack([self.A - (self.B + 1.0) * x + made, self.B * x - made])

    def region(self) -> Box:
        return Box(like(self.A, [0.1, 0.1]), like(self.A, [4.0, 5.0]))

    def typical_step(self) -> float:
        return 0.01
