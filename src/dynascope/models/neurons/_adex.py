import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected, like


class AdEx(AbstractHybrid):
    r"""The adaptive exponential integrate-and-fire neuron: sharp spikes and a slow adaptation current.

    C V' = -g_L (V - E_L) + g_L Delta exp((V - V_T) / Delta) - w + I + u,  tau_w w' = a (V - E_L) - w;
    when V rises to V_peak: V is set to V_reset and w to w + b.

    V_peak is V_T + 5 Delta: from there to infinity the spike takes only C / g_L exp(-5) = 0.06 ms.

    Args:
        I: Injected current, pA.
        C: Capacitance, pF.
        g_L: Leak conductance, nS.
        E_L: Resting potential without the spike current, mV.
        V_T: Where the spike starts, mV.
        Delta: Sharpness of the onset, mV.
        a: Adaptation below threshold, nS.
        b: Jump of the adaptation at a spike, pA.
        tau_w: Time constant of the adaptation, ms.
        V_peak: Where a spike is cut off, mV.
        V_reset: Potential just after a spike, mV; below the peak.

    Reference:
        Brette & Gerstner (2005), Adaptive exponential integrate-and-fire model as an effective description of neuronal
        activity, Journal of Neurophysiology 94, 3637-3642.

    Example:
        >>> AdEx(I=0.0).initial_state().tolist()
        [-70.6, 0.0]
    """

    variables = (Variable("V", "mV"), Variable("w", "pA"))
    reference = (
        "Brette & Gerstner (2005), Adaptive exponential integrate-and-fire model, J. Neurophysiol. 94, 3637-3642"
    )
    time_unit = "ms"
    family = "neurons"
    catalogue_name = "adex"

    I: Param = param(1000.0, unit="pA", doc="injected current")
    C: Param = param(281.0, unit="pF", doc="capacitance", bounds=(1e-6, None))
    g_L: Param = param(30.0, unit="nS", doc="leak conductance", bounds=(0.0, None))
    E_L: Param = param(-70.6, unit="mV", doc="resting potential without the spike current")
    V_T: Param = param(-50.4, unit="mV", doc="where the spike starts")
    Delta: Param = param(2.0, unit="mV", doc="sharpness of the onset", bounds=(1e-6, None))
    a: Param = param(4.0, unit="nS", doc="adaptation below threshold")
    b: Param = param(80.5, unit="pA", doc="jump of the adaptation at a spike")
    tau_w: Param = param(144.0, unit="ms", doc="time constant of the adaptation", bounds=(1e-6, None))
    V_peak: Param = param(-40.4, unit="mV", doc="where a spike is cut off")
    V_reset: Param = param(-70.6, unit="mV", doc="potential just after a spike")

    def initial_state(self) -> State:
        return jnp.stack([self.V_reset, like(self.I, 0.0)])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, w = y
        # No orbit passes the peak; the cap keeps trial steps of a solver that overshoot it finite.
        spike = self.Delta * jnp.exp((jnp.minimum(V, self.V_peak) - self.V_T) / self.Delta)
        dV = (self.g_L * (self.E_L - V + spike) - w + self.I + injected(u)) / self.C
        return jnp.stack([dV, (self.a * (V - self.E_L) - w) / self.tau_w])

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y[:1] - self.V_peak

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        return jnp.where(fired[0], jnp.stack([self.V_reset, y[1] + self.b]), y)

    def region(self) -> Box:
        return Box(like(self.I, [-75.0, 0.0]), like(self.I, [-45.0, 300.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.02
