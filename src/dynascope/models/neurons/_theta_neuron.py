import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like


class ThetaNeuron(AbstractFlow):
    r"""The quadratic neuron on a circle, where a spike is the passage through theta = pi.

    tau theta' = (1 - cos theta) + (1 + cos theta) (I + u).

    With V = tan(theta / 2) it is the quadratic integrate-and-fire neuron with peak and reset at infinity: it rests for
    I < 0 and spikes with period pi tau / sqrt(I) for I > 0.

    Args:
        I: Injected current, relative to threshold.
        tau: Time constant of the membrane, ms.

    Reference:
        Ermentrout & Kopell (1986), Parabolic bursting in an excitable system coupled with a slow oscillation, SIAM
        Journal on Applied Mathematics 46, 233-253.

    Example:
        >>> ThetaNeuron(I=1.0).vector_field(0.0, ThetaNeuron().initial_state(), None).tolist()
        [0.2]
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Ermentrout & Kopell (1986), Parabolic bursting in an excitable system, SIAM J. Appl. Math. 46, 233-253"
    time_unit = "ms"
    family = "neurons"

    I: Param = param(1.0, doc="injected current, relative to threshold")
    tau: Param = param(10.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))

    def initial_state(self) -> State:
        return like(self.I, [0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        c = jnp.cos(y)
        return ((1.0 - c) + (1.0 + c) * (self.I + injected(u))) / self.tau

    def region(self) -> Box:
        return Box(like(self.I, [-3.141592653589793]), like(self.I, [3.141592653589793]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.05
