"""The conductance-based neuron of the benchmark networks."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param
from ...systems import Variable
from .._array import linoid
from ._cells import AbstractCells, Parts, check_receptors
from ._receptors import AbstractReceptor, ConductanceReceptor, CurrentReceptor, DeltaReceptor


class TraubMilesCells(AbstractCells):
    r"""Neurons with sodium and potassium channels of Hodgkin-Huxley type, after Traub and Miles.

    C V' = g_L (E_L - V) - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) + drive + sum_k s_k + sum_k g_k (E_k - V), with
    gates x' = alpha_x (1 - x) - beta_x x whose rates depend on V - V_T; a spike where V rises through `threshold`.

    Stepped by the exponential method of Euler: every variable relaxes exactly while the others stand still, an error
    of first order in the step. Nothing is reset; a neuron is not seen to spike again within `refractory`.

    Args:
        receptors: The places where spikes arrive; currents in pA, conductances in nS.
        drive: Constant current, pA.
        C: Capacitance, pF.
        g_L: Leak conductance, nS.
        g_Na: Largest sodium conductance, nS.
        g_K: Largest potassium conductance, nS.
        E_L: Reversal potential of the leak, mV.
        E_Na: Reversal potential of sodium, mV.
        E_K: Reversal potential of potassium, mV.
        V_T: Shift of the rates, mV.
        threshold: Potential whose upward crossing is a spike, mV.
        refractory: Least time between two spikes, ms.

    Reference:
        Traub & Miles (1991), Neuronal networks of the hippocampus, Cambridge University Press; Brette et al. (2007),
        Simulation of networks of spiking neurons, Journal of Computational Neuroscience 23, 349-398.

    Example:
        >>> [round(float(x), 4) for x in TraubMilesCells().rest()]
        [-60.0, 0.0269, 0.9913, 0.0604]
    """

    receptors: tuple[AbstractReceptor, ...] = ()
    drive: Param = param(0.0, unit="pA", doc="constant current")
    C: Param = param(200.0, unit="pF", doc="capacitance", bounds=(1e-6, None))
    g_L: Param = param(10.0, unit="nS", doc="leak conductance", bounds=(0.0, None))
    g_Na: Param = param(20000.0, unit="nS", doc="largest sodium conductance", bounds=(0.0, None))
    g_K: Param = param(6000.0, unit="nS", doc="largest potassium conductance", bounds=(0.0, None))
    E_L: Param = param(-60.0, unit="mV", doc="reversal potential of the leak")
    E_Na: Param = param(50.0, unit="mV", doc="reversal potential of sodium")
    E_K: Param = param(-90.0, unit="mV", doc="reversal potential of potassium")
    V_T: Param = param(-63.0, unit="mV", doc="shift of the rates")
    threshold: Param = param(-20.0, unit="mV", doc="potential whose upward crossing is a spike")
    refractory: Param = param(3.0, unit="ms", doc="least time between two spikes", bounds=(0.0, None))

    def __check_init__(self) -> None:
        check_receptors(self)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("V", "mV"), Variable("m"), Variable("h"), Variable("n"))

    @property
    def unit(self) -> str:
        return "pA"

    def rates(self, V: jax.Array) -> tuple[tuple[jax.Array, jax.Array], ...]:
        """Opening and closing rates of the gates m, h and n at potential `V`, 1/ms."""
        v = V - self.V_T
        # One exponential serves three rates: they are most of what a step costs. linoid(-x) is exp(-x) linoid(x).
        fall = jnp.exp((40.0 - v) / 5.0)
        m = (1.28 * linoid((v - 13.0) / 4.0, jnp.exp((13.0 - v) / 4.0)), 1.4 * fall * linoid((v - 40.0) / 5.0, fall))
        h = (0.128 * jnp.exp((17.0 - v) / 18.0), 4.0 / (1.0 + fall))
        n = (0.16 * linoid((v - 15.0) / 5.0, math.exp(-5.0) * fall), 0.5 * jnp.exp((10.0 - v) / 40.0))
        return m, h, n

    def rest(self) -> Parts:
        return (self.E_L, *(a / (a + b) for a, b in self.rates(self.E_L)))

    def advance(self, x: Parts, s: Parts, drive: Any, *, dt: Any, busy: jax.Array, w: Any) -> tuple[Parts, jax.Array]:
        V, m, h, n = x
        sodium, potassium = self.g_Na * m * m * m * h, self.g_K * (n * n) * (n * n)
        opening = self.g_L + sodium + potassium
        pull = self.g_L * self.E_L + sodium * self.E_Na + potassium * self.E_K + self.drive + drive
        kick = jnp.zeros_like(V)
        for one, arrived in zip(self.receptors, s, strict=True):
            match one:
                case ConductanceReceptor():
                    opening, pull = opening + arrived, pull + arrived * one.E
                case CurrentReceptor():
                    pull = pull + arrived
                case DeltaReceptor():
                    kick = kick + arrived
        if w is not None:
            kick = kick + w * jnp.sqrt(jnp.asarray(dt, V.dtype)) / self.C
        level = pull / opening
        moved = level + (V - level) * jnp.exp(-dt * opening / self.C) + kick
        gates = (
            a / (a + b) + (gate - a / (a + b)) * jnp.exp(-dt * (a + b))
            for gate, (a, b) in zip((m, h, n), self.rates(V), strict=True)
        )
        fired = ~busy & (self.threshold < moved) & (self.threshold >= V)
        return (moved, *gates), fired

    def reset(self, x: Parts, fired: jax.Array) -> Parts:
        del fired
        return x
