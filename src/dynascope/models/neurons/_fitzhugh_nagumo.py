import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import injected, like


class FitzHughNagumo(AbstractFlow):
    r"""The plane in which a spike can be understood: a fast cubic and a slow line.

    v' = v - v^3 / 3 - w + I + u,  w' = eps (v + a - b w).

    For b < 1 rest loses stability in Hopf bifurcations at v = -+ sqrt(1 - eps b): at I = 0.331281 and 1.418719 for the
    standard parameters.

    Args:
        I: Injected current.
        a: Offset of the recovery line.
        b: Slope of the recovery line.
        eps: Ratio of the time scales.

    Reference:
        FitzHugh (1961), Impulses and physiological states in theoretical models of nerve membrane, Biophysical Journal
        1, 445-466; Nagumo, Arimoto & Yoshizawa (1962), Proceedings of the IRE 50, 2061-2070.

    Example:
        >>> FitzHughNagumo(I=0.25).vector_field(0.0, FitzHughNagumo().initial_state() * 0, None).tolist()[0]
        0.25
    """

    variables = variables("v w")
    reference = "FitzHugh (1961), Impulses and physiological states in models of nerve membrane, Biophys. J. 1, 445-466"
    family = "neurons"

    I: Param = param(0.5, doc="injected current")
    a: Param = param(0.7, doc="offset of the recovery line")
    b: Param = param(0.8, doc="slope of the recovery line")
    eps: Param = param(0.08, doc="ratio of the time scales", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.I, [-1.0, -0.5])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        v, w = y
        return jnp.stack([v - v**3 / 3.0 - w + self.I + injected(u), self.eps * (v + self.a - self.b * w)])

    def region(self) -> Box:
        return Box(like(self.I, [-2.5, -1.0]), like(self.I, [2.5, 2.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.05
