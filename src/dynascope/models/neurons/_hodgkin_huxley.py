from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like, linoid
from .._presets import chosen


def _rates(V: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Opening and closing rates of the gates (m, h, n) in 1/ms at voltage `V`, where rest is near -65 mV."""
    alpha = [linoid((V + 40.0) / 10.0), 0.07 * jnp.exp(-(V + 65.0) / 20.0), 0.1 * linoid((V + 55.0) / 10.0)]
    beta = [4.0 * jnp.exp(-(V + 65.0) / 18.0), jax.nn.sigmoid((V + 35.0) / 10.0), 0.125 * jnp.exp(-(V + 65.0) / 80.0)]
    return jnp.stack(alpha), jnp.stack(beta)


class HodgkinHuxley(AbstractFlow):
    r"""The squid giant axon at a point: how sodium and potassium channels make a spike.

    C V' = I + u - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) - g_L (V - E_L),
    x' = phi (alpha_x(V) (1 - x) - beta_x(V) x)  for the gates x = m, h, n.

    Voltages are absolute, with rest near V_0 = -65 mV; `HodgkinHuxley.preset("1952")` counts them from rest, V_0 = 0,
    as the paper does (but upwards, while there depolarisation is negative). With V_0 = -65:
    alpha_m = (V+40)/10 / (1 - exp(-(V+40)/10)), beta_m = 4 exp(-(V+65)/18), alpha_h = 0.07 exp(-(V+65)/20),
    beta_h = 1 / (1 + exp(-(V+35)/10)), alpha_n = (V+55)/100 / (1 - exp(-(V+55)/10)), beta_n = exp(-(V+65)/80) / 8.
    At I = 0 it rests at -64.996 mV. Rest loses stability in a subcritical Hopf bifurcation at 9.7754 and regains it at
    154.522 uA/cm2; spiking and rest coexist between 6.3 and 9.7754.

    Args:
        I: Injected current, uA/cm2.
        C: Capacitance of the membrane, uF/cm2.
        g_Na: Largest sodium conductance, mS/cm2.
        g_K: Largest potassium conductance, mS/cm2.
        g_L: Leak conductance, mS/cm2.
        E_Na: Reversal potential of sodium, mV.
        E_K: Reversal potential of potassium, mV.
        E_L: Reversal potential of the leak, mV; -54.387 makes the currents cancel at rest (-54.4 is a rounding of it).
        phi: Temperature factor of the rates, 3^((T - 6.3 degrees) / 10).
        V_0: Potential from which the rates count, mV; shift it together with the reversal potentials.

    Reference:
        Hodgkin & Huxley (1952), A quantitative description of membrane current and its application to conduction and
        excitation in nerve, Journal of Physiology 117, 500-544.

    Example:
        >>> hh = HodgkinHuxley(I=0.0)
        >>> bool(abs(hh.vector_field(0.0, hh.initial_state(), None)).max() < 1e-2)
        True
    """

    variables = (Variable("V", "mV"), Variable("m"), Variable("h"), Variable("n"))
    reference = "Hodgkin & Huxley (1952), A quantitative description of membrane current, J. Physiol. 117, 500-544"
    time_unit = "ms"
    family = "neurons"
    presets: ClassVar[dict[str, dict[str, float]]] = {
        "absolute": {},
        "1952": {"V_0": 0.0, "E_Na": 115.0, "E_K": -12.0, "E_L": 10.613},
    }

    I: Param = param(10.0, unit="uA/cm2", doc="injected current")
    C: Param = param(1.0, unit="uF/cm2", doc="capacitance of the membrane", bounds=(1e-6, None))
    g_Na: Param = param(120.0, unit="mS/cm2", doc="largest sodium conductance", bounds=(0.0, None))
    g_K: Param = param(36.0, unit="mS/cm2", doc="largest potassium conductance", bounds=(0.0, None))
    g_L: Param = param(0.3, unit="mS/cm2", doc="leak conductance", bounds=(0.0, None))
    E_Na: Param = param(50.0, unit="mV", doc="reversal potential of sodium")
    E_K: Param = param(-77.0, unit="mV", doc="reversal potential of potassium")
    E_L: Param = param(-54.387, unit="mV", doc="reversal potential of the leak")
    phi: Param = param(1.0, doc="temperature factor of the rates", bounds=(0.0, None))
    V_0: Param = param(-65.0, unit="mV", doc="potential from which the rates count")

    @classmethod
    def preset(cls, name: str) -> Self:
        """The axon in voltage convention `name`: `absolute` (default) or `1952`, from rest."""
        return cls(**chosen(cls, cls.presets, name))

    def initial_state(self) -> State:
        alpha, beta = _rates(like(self.I, -65.0))
        return jnp.concatenate([self.V_0[None], alpha / (alpha + beta)])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, m, h, n = y
        ionic = self.g_Na * m**3 * h * (V - self.E_Na) + self.g_K * n**4 * (V - self.E_K) + self.g_L * (V - self.E_L)
        alpha, beta = _rates(V - self.V_0 - 65.0)
        gates = self.phi * (alpha * (1.0 - y[1:]) - beta * y[1:])
        return jnp.concatenate([((self.I + injected(u) - ionic) / self.C)[None], gates])

    def region(self) -> Box:
        rest = jnp.stack([self.V_0, *like(self.I, [0.0, 0.0, 0.0])])
        return Box(rest + like(self.I, [-15.0, 0.0, 0.0, 0.0]), rest + like(self.I, [105.0, 1.0, 1.0, 1.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        # The sodium gate relaxes within 0.1 ms at the peak of a spike.
        return 0.01
