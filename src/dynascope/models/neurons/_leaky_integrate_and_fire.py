import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected


class LeakyIntegrateAndFire(AbstractHybrid):
    r"""A leaky capacitor with a threshold: the simplest neuron that spikes.

    tau V' = -(V - E_L) + R (I + u);  when V rises to V_th, it is set to V_reset.

    It spikes for R I > V_th - E_L, with period tau ln((E_L + R I - V_reset) / (E_L + R I - V_th)). There is no
    refractory time; `RefractoryIntegrateAndFire` has one.

    Args:
        I: Injected current, nA.
        tau: Time constant of the membrane, ms.
        R: Input resistance, MOhm.
        E_L: Resting potential, mV.
        V_th: Threshold, mV.
        V_reset: Potential just after a spike, mV; below the threshold.

    Reference:
        Lapicque (1907), Recherches quantitatives sur l'excitation électrique des nerfs traitée comme une polarisation,
        Journal de Physiologie et de Pathologie Générale 9, 620-635.

    Example:
        >>> LeakyIntegrateAndFire(I=2.0).vector_field(0.0, LeakyIntegrateAndFire().initial_state(), None).tolist()
        [2.0]
    """

    variables = (Variable("V", "mV"),)
    reference = (
        "Lapicque (1907), Recherches quantitatives sur l'excitation électrique des nerfs, J. Physiol. 9, 620-635"
    )
    time_unit = "ms"
    family = "neurons"

    I: Param = param(2.0, unit="nA", doc="injected current")
    tau: Param = param(10.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))
    R: Param = param(10.0, unit="MOhm", doc="input resistance", bounds=(0.0, None))
    E_L: Param = param(-65.0, unit="mV", doc="resting potential")
    V_th: Param = param(-50.0, unit="mV", doc="threshold")
    V_reset: Param = param(-65.0, unit="mV", doc="potential just after a spike")

    def initial_state(self) -> State:
        return self.V_reset[None]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        return (self.E_L - y + self.R * (self.I + injected(u))) / self.tau

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y - self.V_th

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        return jnp.where(fired, self.V_reset, y)

    def region(self) -> Box:
        width = self.V_th - self.V_reset
        return Box((self.V_reset - 0.2 * width)[None], (self.V_th - 0.01 * width)[None])

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.02  # interspike intervals to 1e-11 of themselves
