import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import injected, like


class HindmarshRose(AbstractFlow):
    r"""A polynomial neuron that bursts: two fast variables and a slow adaptation.

    x' = y - a x^3 + b x^2 - z + I + u,  y' = c - d x^2 - y,  z' = r (s (x - x_R) - z).

    With growing current it rests, spikes regularly within square-wave bursts, bursts chaotically (at the default
    I = 3.25 with r = 0.006) and then spikes tonically.

    Args:
        I: Injected current.
        a: Cubic coefficient.
        b: Quadratic coefficient.
        c: Offset of the recovery.
        d: Curvature of the recovery.
        r: Rate of the adaptation.
        s: Strength of the adaptation.
        x_R: Resting potential.

    Reference:
        Hindmarsh & Rose (1984), A model of neuronal bursting using three coupled first order differential equations,
        Proceedings of the Royal Society B 221, 87-102.

    Example:
        >>> HindmarshRose(I=0.0).vector_field(0.0, HindmarshRose().initial_state() * 0, None).tolist()[:2]
        [0.0, 1.0]
    """

    variables = variables("x y z")
    reference = "Hindmarsh & Rose (1984), A model of neuronal bursting, Proc. R. Soc. B 221, 87-102"
    family = "neurons"

    I: Param = param(3.25, doc="injected current")
    a: Param = param(1.0, doc="cubic coefficient")
    b: Param = param(3.0, doc="quadratic coefficient")
    c: Param = param(1.0, doc="offset of the recovery")
    d: Param = param(5.0, doc="curvature of the recovery")
    r: Param = param(0.006, doc="rate of the adaptation", bounds=(0.0, None))
    s: Param = param(4.0, doc="strength of the adaptation")
    x_R: Param = param(-1.6, doc="resting potential")

    def initial_state(self) -> State:
        return like(self.I, [-1.0, -4.0, 3.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x, y_, z = y
        return jnp.stack(
            [
                y_ - self.a * x**3 + self.b * x**2 - z + self.I + injected(u),
                self.c - self.d * x**2 - y_,
                self.r * (self.s * (x - self.x_R) - z),
            ]
        )

    def region(self) -> Box:
        return Box(like(self.I, [-1.5, -10.0, 2.0]), like(self.I, [2.0, 1.0, 4.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.02
