import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected, like


class ExponentialIntegrateAndFire(AbstractHybrid):
    r"""An integrate-and-fire neuron with the sharp spike onset of sodium channels.

    C V' = -g_L (V - E_L) + g_L Delta exp((V - V_T) / Delta) + I + u;  when V rises to V_peak, it is set to V_reset.

    Rest and threshold merge in a saddle-node bifurcation at V = V_T and I = g_L (V_T - E_L - Delta).

    Args:
        I: Injected current, uA/cm2.
        C: Capacitance of the membrane, uF/cm2.
        g_L: Leak conductance, mS/cm2.
        E_L: Resting potential without the spike current, mV.
        V_T: Where the spike starts, mV.
        Delta: Sharpness of the onset, mV.
        V_peak: Where a spike is cut off, mV; from there to infinity takes C / g_L exp(-(V_peak - V_T) / Delta).
        V_reset: Potential just after a spike, mV; below the peak.

    Reference:
        Fourcaud-Trocmé, Hansel, van Vreeswijk & Brunel (2003), How spike generation mechanisms determine the neuronal
        response to fluctuating inputs, Journal of Neuroscience 23, 11628-11640.

    Example:
        >>> ExponentialIntegrateAndFire(I=0.0).initial_state().tolist()
        [-68.0]
    """

    variables = (Variable("V", "mV"),)
    reference = "Fourcaud-Trocmé et al. (2003), How spike generation mechanisms determine, J. Neurosci. 23, 11628-11640"
    time_unit = "ms"
    family = "neurons"

    I: Param = param(0.5, unit="uA/cm2", doc="injected current")
    C: Param = param(1.0, unit="uF/cm2", doc="capacitance of the membrane", bounds=(1e-6, None))
    g_L: Param = param(0.1, unit="mS/cm2", doc="leak conductance", bounds=(0.0, None))
    E_L: Param = param(-65.0, unit="mV", doc="resting potential without the spike current")
    V_T: Param = param(-59.9, unit="mV", doc="where the spike starts")
    Delta: Param = param(3.48, unit="mV", doc="sharpness of the onset", bounds=(1e-6, None))
    V_peak: Param = param(-30.0, unit="mV", doc="where a spike is cut off")
    V_reset: Param = param(-68.0, unit="mV", doc="potential just after a spike")

    def initial_state(self) -> State:
        return self.V_reset[None]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        # No orbit passes the peak; the cap keeps trial steps of a solver that overshoot it finite.
        spike = self.Delta * jnp.exp((jnp.minimum(y, self.V_peak) - self.V_T) / self.Delta)
        return (self.g_L * (self.E_L - y + spike) + self.I + injected(u)) / self.C

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y - self.V_peak

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        return jnp.where(fired, self.V_reset, y)

    def region(self) -> Box:
        return Box(like(self.I, [-75.0]), like(self.I, [-50.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        # The time constant of the upstroke at the peak is below 0.002 ms, but it lasts only a few of them.
        return 0.005
