import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected, like


class QuadraticIntegrateAndFire(AbstractHybrid):
    r"""The normal form of a neuron that starts to fire at zero frequency (saddle-node on a cycle).

    tau V' = V^2 + I + u;  when V rises to V_peak, it is set to V_reset.

    It rests at -sqrt(-I) for I < 0 and spikes for I > 0 with period
    (arctan(V_peak / sqrt(I)) - arctan(V_reset / sqrt(I))) tau / sqrt(I), which tends to pi tau / sqrt(I).

    Args:
        I: Injected current, relative to threshold.
        tau: Time constant of the membrane, ms.
        V_peak: Where a spike is cut off.
        V_reset: Where it starts anew; below the peak.

    Reference:
        Ermentrout & Kopell (1986), Parabolic bursting in an excitable system coupled with a slow oscillation, SIAM
        Journal on Applied Mathematics 46, 233-253.

    Example:
        >>> neuron = QuadraticIntegrateAndFire(I=4.0)
        >>> neuron.vector_field(0.0, neuron.initial_state(), None).tolist()
        [10.4]
    """

    variables = (Variable("V"),)
    reference = "Ermentrout & Kopell (1986), Parabolic bursting in an excitable system, SIAM J. Appl. Math. 46, 233-253"
    time_unit = "ms"
    family = "neurons"

    I: Param = param(1.0, doc="injected current, relative to threshold")
    tau: Param = param(10.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))
    V_peak: Param = param(10.0, doc="where a spike is cut off")
    V_reset: Param = param(-10.0, doc="where it starts anew")

    def initial_state(self) -> State:
        return self.V_reset[None]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        return (y * y + self.I + injected(u)) / self.tau

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y - self.V_peak

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        return jnp.where(fired, self.V_reset, y)

    def region(self) -> Box:
        return Box(like(self.I, [-3.0]), like(self.I, [3.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        # At the peak the potential moves by V^2 / tau = 10 per ms.
        return 0.01
