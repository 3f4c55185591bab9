import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like, linoid


def _gates(V: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Sodium activation, which is instantaneous, and the rates of (h, n) in 1/ms at voltage `V`."""
    alpha_m = linoid((V + 35.0) / 10.0)
    beta_m = 4.0 * jnp.exp(-(V + 60.0) / 18.0)
    alpha = [0.07 * jnp.exp(-(V + 58.0) / 20.0), 0.1 * linoid((V + 34.0) / 10.0)]
    beta = [jax.nn.sigmoid((V + 28.0) / 10.0), 0.125 * jnp.exp(-(V + 44.0) / 80.0)]
    return alpha_m / (alpha_m + beta_m), jnp.stack(alpha), jnp.stack(beta)


class WangBuzsaki(AbstractFlow):
    r"""A fast-spiking interneuron of hippocampus and cortex, with instantaneous sodium activation.

    C V' = I + u - g_Na m_inf(V)^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L),
    x' = phi (alpha_x(V) (1 - x) - beta_x(V) x)  for the gates x = h, n.

    alpha_m = (V+35)/10 / (1 - exp(-(V+35)/10)), beta_m = 4 exp(-(V+60)/18), alpha_h = 0.07 exp(-(V+58)/20),
    beta_h = 1 / (1 + exp(-(V+28)/10)), alpha_n = (V+34)/100 / (1 - exp(-(V+34)/10)), beta_n = exp(-(V+44)/80) / 8.
    Spiking starts at zero frequency, in a saddle-node bifurcation on the cycle near 0.16 uA/cm2.

    Args:
        I: Injected current, uA/cm2.
        C: Capacitance of the membrane, uF/cm2.
        g_Na: Largest sodium conductance, mS/cm2.
        g_K: Largest potassium conductance, mS/cm2.
        g_L: Leak conductance, mS/cm2.
        E_Na: Reversal potential of sodium, mV.
        E_K: Reversal potential of potassium, mV.
        E_L: Reversal potential of the leak, mV.
        phi: Speed of the gates.

    Reference:
        Wang & Buzsáki (1996), Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network model,
        Journal of Neuroscience 16, 6402-6413.

    Example:
        >>> WangBuzsaki(I=0.0).initial_state().shape
        (3,)
    """

    variables = (Variable("V", "mV"), Variable("h"), Variable("n"))
    reference = "Wang & Buzsáki (1996), Gamma oscillation by synaptic inhibition, J. Neurosci. 16, 6402-6413"
    time_unit = "ms"
    family = "neurons"

    I: Param = param(1.0, unit="uA/cm2", doc="injected current")
    C: Param = param(1.0, unit="uF/cm2", doc="capacitance of the membrane", bounds=(1e-6, None))
    g_Na: Param = param(35.0, unit="mS/cm2", doc="largest sodium conductance", bounds=(0.0, None))
    g_K: Param = param(9.0, unit="mS/cm2", doc="largest potassium conductance", bounds=(0.0, None))
    g_L: Param = param(0.1, unit="mS/cm2", doc="leak conductance", bounds=(0.0, None))
    E_Na: Param = param(55.0, unit="mV", doc="reversal potential of sodium")
    E_K: Param = param(-90.0, unit="mV", doc="reversal potential of potassium")
    E_L: Param = param(-65.0, unit="mV", doc="reversal potential of the leak")
    phi: Param = param(5.0, doc="speed of the gates", bounds=(0.0, None))

    def initial_state(self) -> State:
        V = like(self.I, -64.0)
        _, alpha, beta = _gates(V)
        return jnp.concatenate([V[None], alpha / (alpha + beta)])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, h, n = y
        m, alpha, beta = _gates(V)
        ionic = self.g_Na * m**3 * h * (V - self.E_Na) + self.g_K * n**4 * (V - self.E_K) + self.g_L * (V - self.E_L)
        gates = self.phi * (alpha * (1.0 - y[1:]) - beta * y[1:])
        return jnp.concatenate([((self.I + injected(u) - ionic) / self.C)[None], gates])

    def region(self) -> Box:
        return Box(like(self.I, [-80.0, 0.0, 0.0]), like(self.I, [40.0, 1.0, 1.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.01
