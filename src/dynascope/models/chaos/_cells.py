"""Chemistry and electricity of single cells."""

from typing import Any

import jax.numpy as jnp

from ..._param import param, setting
from ..._types import Param, State
from ...systems import Variable, variables
from .._array import linoid
from ._equations import AbstractEquations

_CALCIUM = (
    "Houart, Dupont & Goldbeter (1999), Bursting, chaos and birhythmicity originating from self-modulation of the "
    "inositol 1,4,5-trisphosphate signal in a model for intracellular calcium oscillations, "
    "Bulletin of Mathematical Biology 61, 507-530"
)


def _hill(x: Any, half: Any, order: int) -> Any:
    return x**order / (half**order + x**order)


def _calcium(p: Any, y: State) -> tuple[Any, ...]:
    """The three balances of `CaTwoPlus`, for either set of parameters."""
    Z, Y, A = y
    pumped = p.VM2 * _hill(Z, p.K2, 2)
    released = p.VM3 * _hill(Z, p.KZ, p.m) * _hill(Y, p.KY, 2) * _hill(A, p.KA, 4) + p.kf * Y
    broken_down = p.VM5 * _hill(A, p.K5, p.p) * _hill(Z, p.Kd, p.n)
    return (
        p.V0 + p.V1 * p.beta - pumped + released - p.k * Z,
        pumped - released,
        p.beta * p.V4 - broken_down - p.eps * A,
    )


class CaTwoPlus(AbstractEquations):
    """Calcium in the cytosol (Z), calcium in the store (Y) and the messenger IP3 (A), with chaotic bursts.

    Z' = V0 + V1 beta - V2 + V3 + kf Y - k Z,  Y' = V2 - V3 - kf Y,  A' = beta V4 - V5 - eps A,  with the pump
    V2 = VM2 Z^2 / (K2^2 + Z^2), the release V3 = VM3 H(Z, KZ, m) H(Y, KY, 2) H(A, KA, 4) and the breakdown
    V5 = VM5 H(A, K5, p) H(Z, Kd, n), where H(x, K, n) = x^n / (K^n + x^n).

    Reference:
        Houart, Dupont & Goldbeter (1999), Bursting, chaos and birhythmicity originating from self-modulation of the
        inositol 1,4,5-trisphosphate signal in a model for intracellular calcium oscillations, Bulletin of Mathematical
        Biology 61, 507-530.
    """

    variables = variables("Z Y A", "uM", topology="positive")
    reference = _CALCIUM
    time_unit = "min"
    start = (0.322, 0.744, 0.135)
    dt = 0.005

    V0: Param = param(2.0, unit="uM/min", doc="constant influx")
    V1: Param = param(2.0, unit="uM/min", doc="influx under full stimulation")
    beta: Param = param(0.65, doc="stimulation")
    VM2: Param = param(6.0, unit="uM/min", doc="largest rate of the pump into the store")
    K2: Param = param(0.1, unit="uM", doc="half saturation of the pump")
    VM3: Param = param(30.0, unit="uM/min", doc="largest rate of release")
    KZ: Param = param(0.6, unit="uM", doc="cytosolic calcium at half release")
    KY: Param = param(0.3, unit="uM", doc="stored calcium at half release")
    KA: Param = param(0.1, unit="uM", doc="messenger at half release")
    kf: Param = param(1.0, unit="1/min", doc="leak of the store")
    k: Param = param(10.0, unit="1/min", doc="efflux")
    V4: Param = param(3.0, unit="uM/min", doc="synthesis of the messenger under full stimulation")
    VM5: Param = param(50.0, unit="uM/min", doc="largest rate of breakdown")
    K5: Param = param(0.3194, unit="uM", doc="messenger at half breakdown")
    Kd: Param = param(1.0, unit="uM", doc="cytosolic calcium at half breakdown")
    eps: Param = param(13.0, unit="1/min", doc="other loss of the messenger")
    m: int = setting(2, doc="Hill coefficient of release in cytosolic calcium")
    n: int = setting(4, doc="Hill coefficient of breakdown in calcium")
    p: int = setting(1, doc="Hill coefficient of breakdown in the messenger")

    def rates(self, y: State) -> tuple[Any, ...]:
        return _calcium(self, y)


class CaTwoPlusQuasiperiodic(AbstractEquations):
    """The calcium model `CaTwoPlus` at values where its oscillation is quasi-periodic.

    Z' = V0 + V1 beta - V2 + V3 + kf Y - k Z,  Y' = V2 - V3 - kf Y,  A' = beta V4 - V5 - eps A,  with the pump
    V2 = VM2 Z^2 / (K2^2 + Z^2), the release V3 = VM3 H(Z, KZ, m) H(Y, KY, 2) H(A, KA, 4) and the breakdown
    V5 = VM5 H(A, K5, p) H(Z, Kd, n), where H(x, K, n) = x^n / (K^n + x^n).

    Reference:
        Houart, Dupont & Goldbeter (1999), Bursting, chaos and birhythmicity originating from self-modulation of the
        inositol 1,4,5-trisphosphate signal in a model for intracellular calcium oscillations, Bulletin of Mathematical
        Biology 61, 507-530.
    """

    variables = variables("Z Y A", "uM", topology="positive")
    reference = _CALCIUM
    time_unit = "min"
    start = (0.267, 0.865, 0.303)
    dt = 0.002

    V0: Param = param(2.0, unit="uM/min", doc="constant influx")
    V1: Param = param(2.0, unit="uM/min", doc="influx under full stimulation")
    beta: Param = param(0.51, doc="stimulation")
    VM2: Param = param(6.0, unit="uM/min", doc="largest rate of the pump into the store")
    K2: Param = param(0.1, unit="uM", doc="half saturation of the pump")
    VM3: Param = param(20.0, unit="uM/min", doc="largest rate of release")
    KZ: Param = param(0.5, unit="uM", doc="cytosolic calcium at half release")
    KY: Param = param(0.2, unit="uM", doc="stored calcium at half release")
    KA: Param = param(0.2, unit="uM", doc="messenger at half release")
    kf: Param = param(1.0, unit="1/min", doc="leak of the store")
    k: Param = param(10.0, unit="1/min", doc="efflux")
    V4: Param = param(5.0, unit="uM/min", doc="synthesis of the messenger under full stimulation")
    VM5: Param = param(30.0, unit="uM/min", doc="largest rate of breakdown")
    K5: Param = param(0.3, unit="uM", doc="messenger at half breakdown")
    Kd: Param = param(0.5, unit="uM", doc="cytosolic calcium at half breakdown")
    eps: Param = param(0.1, unit="1/min", doc="other loss of the messenger")
    m: int = setting(2, doc="Hill coefficient of release in cytosolic calcium")
    n: int = setting(4, doc="Hill coefficient of breakdown in calcium")
    p: int = setting(2, doc="Hill coefficient of breakdown in the messenger")

    def rates(self, y: State) -> tuple[Any, ...]:
        return _calcium(self, y)


class CellCycle(AbstractEquations):
    """Two oscillators of the cell cycle, each a cyclin (C), a kinase (M) and a protease (X), that inhibit each other.

    C1' = vi Kim / (Kim + M2) - vd X1 C1 / (Kd1 + C1) - kd1 C1,
    M1' = Vm1 C1 / (Kc + C1) (1 - M1) / (K + 1 - M1) - V2 M1 / (K + M1),
    X1' = Vm3 M1 (1 - X1) / (K + 1 - X1) - V4 X1 / (K + X1),  and the same with 1 and 2 exchanged.

    Reference:
        Romond, Rustici, Gonze & Goldbeter (1999), Alternating oscillations and chaos in a model of two coupled
        biochemical oscillators driving successive phases of the cell cycle, Annals of the New York Academy of Sciences
        879, 180-193.
    """

    variables = variables("C1 M1 X1 C2 M2 X2", topology="positive")
    reference = (
        "Romond, Rustici, Gonze & Goldbeter (1999), Alternating oscillations and chaos in a model of two coupled "
        "biochemical oscillators driving successive phases of the cell cycle, Ann. N. Y. Acad. Sci. 879, 180-193"
    )
    time_unit = "min"
    start = (0.711, 0.948, 0.989, 0.574, 0.901, 0.988)
    dt = 0.1

    vi: Param = param(0.05, doc="synthesis of cyclin")
    Kim: Param = param(0.65, doc="kinase of the other oscillator at half synthesis")
    vd: Param = param(0.025, doc="breakdown of cyclin by protease")
    Kd1: Param = param(0.02, doc="half saturation of the breakdown")
    kd1: Param = param(0.001, doc="other loss of cyclin")
    Vm1: Param = param(0.3, doc="largest rate of activation of the kinase")
    Kc: Param = param(0.5, doc="cyclin at half activation")
    V2: Param = param(0.15, doc="inactivation of the kinase")
    Vm3: Param = param(0.1, doc="activation of the protease by the kinase")
    V4: Param = param(0.05, doc="inactivation of the protease")
    K: Param = param(0.01, doc="Michaelis constant of the switches")

    def rates(self, y: State) -> tuple[Any, ...]:
        C1, M1, X1, C2, M2, X2 = y
        return (*self._oscillator(C1, M1, X1, M2), *self._oscillator(C2, M2, X2, M1))

    def _oscillator(self, C: Any, M: Any, X: Any, other: Any) -> tuple[Any, Any, Any]:
        made = self.vi * self.Kim / (self.Kim + other)
        lost = self.vd * X * C / (self.Kd1 + C) + self.kd1 * C
        return (
            made - lost,
            self._switch(M, self.Vm1 * C / (self.Kc + C), self.V2),
            self._switch(X, self.Vm3 * M, self.V4),
        )

    def _switch(self, active: Any, on: Any, off: Any) -> Any:
        idle = 1 - active
        return on * idle / (self.K + idle) - off * active / (self.K + active)


class CircadianRhythm(AbstractEquations):
    """The clock of Neurospora under light and dark: messenger (M), protein in cytosol (FC) and nucleus (FN).

    It follows days of 24 h; light and dark in turn every 5 h, the default, drive it into chaos.

    M' = vs KI^n / (KI^n + FN^n) - vm M / (Km + M),  FC' = ks M - vd FC / (Kd + FC) - k1 FC + k2 FN,
    FN' = k1 FC - k2 FN,  phi' = omega,  with vs = vmin + (vmax - vmin) (1 + cos(phi)) / 2.

    Reference:
        Gonze & Goldbeter (2000), Entrainment versus chaos in a model for a circadian oscillator driven by light-dark
        cycles, Journal of Statistical Physics 101, 649-663.
    """

    variables = (*variables("M FC FN", "nM", topology="positive"), Variable("phi", topology="circle"))
    reference = (
        "Gonze & Goldbeter (2000), Entrainment versus chaos in a model for a circadian oscillator driven by "
        "light-dark cycles, Journal of Statistical Physics 101, 649-663"
    )
    time_unit = "h"
    start = (0.361, 11.3, 10.2, 4.69)
    dt = 0.05

    vmin: Param = param(1.6, unit="nM/h", doc="transcription in the dark")
    vmax: Param = param(5.0, unit="nM/h", doc="transcription in full light")
    omega: Param = param(0.6283185307179586, unit="1/h", doc="frequency of light and dark (a period of 10 h)")
    KI: Param = param(1.0, unit="nM", doc="nuclear protein at half repression")
    vm: Param = param(0.505, unit="nM/h", doc="breakdown of the messenger")
    Km: Param = param(0.5, unit="nM", doc="half saturation of that breakdown")
    ks: Param = param(0.5, unit="1/h", doc="translation")
    vd: Param = param(1.4, unit="nM/h", doc="breakdown of the protein")
    Kd: Param = param(0.13, unit="nM", doc="half saturation of that breakdown")
    k1: Param = param(0.5, unit="1/h", doc="transport into the nucleus")
    k2: Param = param(0.6, unit="1/h", doc="transport out of the nucleus")
    n: int = setting(4, doc="Hill coefficient of repression")

    def rates(self, y: State) -> tuple[Any, ...]:
        M, FC, FN, phi = y
        vs = self.vmin + (self.vmax - self.vmin) * (1 + jnp.cos(phi)) / 2
        moved = self.k1 * FC - self.k2 * FN
        return (
            vs * (1 - _hill(FN, self.KI, self.n)) - self.vm * M / (self.Km + M),
            self.ks * M - self.vd * FC / (self.Kd + FC) - moved,
            moved,
            self.omega,
        )


class ExcitableCell(AbstractEquations):
    """An excitable cell that bursts: membrane potential (V), potassium gate (n) and internal calcium (C).

    V' = gI m^3 h (VI - V) + gKV n^4 (VK - V) + gKC C / (1 + C) (VK - V) + gL (VL - V),
    n' = lambda_n (alpha_n (1 - n) - beta_n n),  C' = rho (m^3 h (VC - V) - kC C),  with m and h at the equilibria of
    the rates of Hodgkin and Huxley (resting potential -50 mV).

    Reference:
        Chay (1985), Chaos in a three-variable model of an excitable cell, Physica D 16, 233-242.
    """

    variables = (*variables("V", "mV"), *variables("n C"))
    reference = "Chay (1985), Chaos in a three-variable model of an excitable cell, Physica D 16, 233-242"
    time_unit = "s"
    start = (-45.5, 0.124, 0.468)
    dt = 0.0005

    gI: Param = param(1800.0, unit="1/s", doc="conductance of the mixed inward channel")
    gKV: Param = param(1700.0, unit="1/s", doc="conductance of the voltage-gated potassium channel")
    gKC: Param = param(11.0, unit="1/s", doc="conductance of the calcium-gated potassium channel")
    gL: Param = param(7.0, unit="1/s", doc="leak conductance")
    VI: Param = param(100.0, unit="mV", doc="reversal potential of the inward current")
    VK: Param = param(-75.0, unit="mV", doc="reversal potential of potassium")
    VL: Param = param(-40.0, unit="mV", doc="reversal potential of the leak")
    VC: Param = param(100.0, unit="mV", doc="reversal potential of calcium")
    lambda_n: Param = param(230.0, unit="1/s", doc="speed of the potassium gate")
    rho: Param = param(0.27, unit="1/(mV s)", doc="calcium per inward current")
    kC: Param = param(3.3 / 18.0, unit="mV", doc="removal of calcium")

    def rates(self, y: State) -> tuple[Any, ...]:
        V, n, C = y
        alpha_m = linoid((V + 25) / 10)
        beta_m = 4 * jnp.exp(-(V + 50) / 18)
        alpha_h = 0.07 * jnp.exp(-(V + 50) / 20)
        beta_h = 1 / (1 + jnp.exp(-(V + 20) / 10))
        alpha_n = 0.1 * linoid((V + 20) / 10)
        beta_n = 0.125 * jnp.exp(-(V + 30) / 80)
        open_ = (alpha_m / (alpha_m + beta_m)) ** 3 * alpha_h / (alpha_h + beta_h)
        potassium = self.gKV * n**4 + self.gKC * C / (1 + C)
        return (
            self.gI * open_ * (self.VI - V) + potassium * (self.VK - V) + self.gL * (self.VL - V),
            self.lambda_n * (alpha_n * (1 - n) - beta_n * n),
            self.rho * (open_ * (self.VC - V) - self.kC * C),
        )
