import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected, like

#: The clock of a neuron that is not refractory; from 0 to 1 it is.
_FREE = -1.0


class RefractoryIntegrateAndFire(AbstractHybrid):
    r"""A leaky neuron that is deaf for a while after each spike.

    tau V' = -(V - E_L) + R (I + u);  when V rises to V_th, it is set to V_reset and held there for the time tau_ref.

    The second component is a clock: -1 while the neuron listens, from 0 to 1 while it is refractory. Its end is an
    event like the spike, located by root-finding, so that the potential sets off at the exact time and the rate is
    1 / (tau_ref + tau ln((E_L + R I - V_reset) / (E_L + R I - V_th))). Surface 0 of the events are the spikes,
    surface 1 the ends of the refractory times. `analysis.spikes.siegert_rate` is its rate in white noise.

    Args:
        I: Injected current, nA.
        tau: Time constant of the membrane, ms.
        tau_ref: Refractory time, ms; positive (without one take `LeakyIntegrateAndFire`).
        R: Input resistance, MOhm.
        E_L: Resting potential, mV.
        V_th: Threshold, mV.
        V_reset: Potential during the refractory time, mV; below the threshold.

    Reference:
        Lapicque (1907), Recherches quantitatives sur l'excitation électrique des nerfs traitée comme une polarisation,
        Journal de Physiologie et de Pathologie Générale 9, 620-635; Gerstner, Kistler, Naud & Paninski (2014),
        Neuronal dynamics, Cambridge University Press, chapter 1.

    Example:
        >>> neuron = RefractoryIntegrateAndFire(I=2.0)
        >>> neuron.vector_field(0.0, neuron.initial_state(), None).tolist()
        [2.0, 0.0]
        >>> neuron.vector_field(0.0, jnp.array([-65.0, 0.5]), None).tolist()
        [0.0, 0.5]
    """

    variables = (Variable("V", "mV"), Variable("clock"))
    reference = (
        "Lapicque (1907), Recherches quantitatives sur l'excitation électrique des nerfs, J. Physiol. 9, 620-635"
    )
    time_unit = "ms"
    family = "neurons"

    I: Param = param(2.0, unit="nA", doc="injected current")
    tau: Param = param(10.0, unit="ms", doc="time constant of the membrane", bounds=(1e-6, None))
    tau_ref: Param = param(2.0, unit="ms", doc="refractory time", bounds=(1e-6, None))
    R: Param = param(10.0, unit="MOhm", doc="input resistance", bounds=(0.0, None))
    E_L: Param = param(-65.0, unit="mV", doc="resting potential")
    V_th: Param = param(-50.0, unit="mV", doc="threshold")
    V_reset: Param = param(-65.0, unit="mV", doc="potential during the refractory time")

    def initial_state(self) -> State:
        return jnp.stack([self.V_reset, like(self.I, _FREE)])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        V, clock = y
        refractory = clock >= 0.5 * _FREE
        dV = (self.E_L - V + self.R * (self.I + injected(u))) / self.tau
        return jnp.stack([jnp.where(refractory, 0.0, dV), jnp.where(refractory, 1.0 / self.tau_ref, 0.0)])

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return jnp.stack([y[0] - self.V_th, y[1] - 1.0])

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        clock = jnp.where(fired[1], _FREE, y[1])
        return jnp.stack([jnp.where(fired[0], self.V_reset, y[0]), jnp.where(fired[0], 0.0, clock)])

    def region(self) -> Box:
        width = self.V_th - self.V_reset
        low = jnp.stack([self.V_reset - 0.2 * width, like(self.I, _FREE)])
        return Box(low, jnp.stack([self.V_th - 0.01 * width, like(self.I, 0.6 * _FREE)]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.02  # interspike intervals to 1e-11 of themselves
