from typing import ClassVar, Self

import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like
from .._presets import chosen


class MorrisLecar(AbstractFlow):
    r"""The muscle fibre of the barnacle: the two ways in which a neuron can start to fire, in the plane.

    C V' = I + u - g_Ca m_inf(V) (V - E_Ca) - g_K w (V - E_K) - g_L (V - E_L),
    w' = phi (w_inf(V) - w) cosh((V - V3) / (2 V4)),
    m_inf = (1 + tanh((V - V1) / V2)) / 2,  w_inf = (1 + tanh((V - V3) / V4)) / 2.

    Presets: `class 2` (default: Hopf bifurcations at 93.8576 and 212.0188 uA/cm2), `class 1` (saddle-node on the cycle
    at 39.963), `homoclinic` (class 1 with faster potassium).

    Args:
        I: Injected current, uA/cm2.
        C: Capacitance of the membrane, uF/cm2.
        g_Ca: Largest calcium conductance, mS/cm2.
        g_K: Largest potassium conductance, mS/cm2.
        g_L: Leak conductance, mS/cm2.
        E_Ca: Reversal potential of calcium, mV.
        E_K: Reversal potential of potassium, mV.
        E_L: Reversal potential of the leak, mV.
        V1: Half activation of calcium, mV.
        V2: Width of the activation of calcium, mV.
        V3: Half activation of potassium, mV.
        V4: Width of the activation of potassium, mV.
        phi: Rate of potassium, 1/ms.

    Reference:
        Morris & Lecar (1981), Voltage oscillations in the barnacle giant muscle fiber, Biophysical Journal 35, 193-213;
        parameter sets of Rinzel & Ermentrout (1998), in Methods in neuronal modeling, MIT Press.

    Example:
        >>> float(MorrisLecar.preset("class 1").V3)
        12.0
    """

    variables = (Variable("V", "mV"), Variable("w"))
    reference = (
        "Morris & Lecar (1981), Voltage oscillations in the barnacle giant muscle fiber, Biophys. J. 35, 193-213"
    )
    time_unit = "ms"
    family = "neurons"
    presets: ClassVar[dict[str, dict[str, float]]] = {
        "class 2": {},
        "class 1": {"g_Ca": 4.0, "V3": 12.0, "V4": 17.4, "phi": 1.0 / 15.0, "I": 45.0},
        "homoclinic": {"g_Ca": 4.0, "V3": 12.0, "V4": 17.4, "phi": 0.23, "I": 37.0},
    }

    I: Param = param(100.0, unit="uA/cm2", doc="injected current")
    C: Param = param(20.0, unit="uF/cm2", doc="capacitance of the membrane", bounds=(1e-6, None))
    g_Ca: Param = param(4.4, unit="mS/cm2", doc="largest calcium conductance", bounds=(0.0, None))
    g_K: Param = param(8.0, unit="mS/cm2", doc="largest potassium conductance", bounds=(0.0, None))
    g_L: Param = param(2.0, unit="mS/cm2", doc="leak conductance", bounds=(0.0, None))
    E_Ca: Param = param(120.0, unit="mV", doc="reversal potential of calcium")
    E_K: Param = param(-84.0, unit="mV", doc="reversal potential of potassium")
    E_L: Param = param(-60.0, unit="mV", doc="reversal potential of the leak")
    V1: Param = param(-1.2, unit="mV", doc="half activation of calcium")
    V2: Param = param(18.0, unit="mV", doc="width of the activation of calcium", bounds=(1e-6, None))
    V3: Param = param(2.0, unit="mV", doc="half activation of potassium")
    V4: Param = param(30.0, unit="mV", doc="width of the activation of potassium", bounds=(1e-6, None))
    phi: Param = param(0.04, unit="1/ms", doc="rate of potassium", bounds=(0.0, None))

    @classmethod
    def preset(cls, name: str) -> Self:
        """The neuron of parameter set `name`; `presets` lists them."""
        return cls(**chosen(cls, cls.presets, name))

    def initial_state(self) -> State:
        return like(self.I, [-40.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, w = y
        m = 0.5 * (1.0 + jnp.tanh((V - self.V1) / self.V2))
        s = (V - self.V3) / self.V4
        ionic = self.g_Ca * m * (V - self.E_Ca) + self.g_K * w * (V - self.E_K) + self.g_L * (V - self.E_L)
        recovery = self.phi * (0.5 * (1.0 + jnp.tanh(s)) - w) * jnp.cosh(0.5 * s)
        return jnp.stack([(self.I + injected(u) - ionic) / self.C, recovery])

    def region(self) -> Box:
        return Box(like(self.I, [-70.0, 0.0]), like(self.I, [50.0, 0.7]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.05
