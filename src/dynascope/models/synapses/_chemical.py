"""Chemical synapses driven by spikes: current- and conductance-based, NMDA, and instantaneous."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param
from ...systems import Variable
from ._synapse import AbstractSynapse
from ._time_courses import AbstractTimeCourse, AlphaFunction, DoubleExponential, ExponentialDecay


class CurrentSynapse(AbstractSynapse):
    r"""A synapse that injects current: I = W s(t), whatever the postsynaptic potential.

    W is the peak current of one spike, in the unit of the neuron's input; negative weights inhibit.

    Args:
        course: Time course s(t), of peak 1: `ExponentialDecay`, `AlphaFunction` or `DoubleExponential`.

    Reference:
        Gerstner & Kistler (2002), Spiking neuron models, Cambridge University Press, section 4.1.

    Example:
        >>> CurrentSynapse(ExponentialDecay(tau=5.0)).current(jnp.array([0.5]), -65.0, -70.0).tolist()
        0.5
    """

    course: AbstractTimeCourse = eqx.field(default_factory=ExponentialDecay)
    needs_spikes: ClassVar[bool] = True

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.course.variables

    def rest(self) -> jax.Array:
        return self.course.rest()

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        del V_pre
        return self.course.rate(s)

    def jump(self, s: jax.Array, amount: Any) -> jax.Array:
        return self.course.jump(s, amount)

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        del V_pre, V_post
        return self.course.opening(s)


class ConductanceSynapse(AbstractSynapse):
    r"""A synapse that opens channels: I = W s(t) (E - V).

    W is the peak conductance of one spike, in the unit of the neuron's input per mV (uS for nA, nS for pA, mS/cm2 for
    uA/cm2), and not negative: the reversal potential tells excitation from inhibition.

    Args:
        course: Time course s(t), of peak 1: `ExponentialDecay`, `AlphaFunction` or `DoubleExponential`.
        E: Reversal potential, mV; 0 for AMPA, about -75 for GABA-A.

    Reference:
        Rall (1967), Distinguishing theoretical synaptic potentials computed for different soma-dendritic distributions
        of synaptic input, Journal of Neurophysiology 30, 1138-1168.

    Example:
        >>> ConductanceSynapse(AlphaFunction(tau=2.0), E=0.0).current(jnp.array([0.5, 0.0]), -65.0, -70.0).tolist()
        35.0
    """

    course: AbstractTimeCourse = eqx.field(default_factory=AlphaFunction)
    E: Param = param(0.0, unit="mV", doc="reversal potential")
    needs_spikes: ClassVar[bool] = True

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.course.variables

    def rest(self) -> jax.Array:
        return self.course.rest()

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        del V_pre
        return self.course.rate(s)

    def jump(self, s: jax.Array, amount: Any) -> jax.Array:
        return self.course.jump(s, amount)

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        del V_pre
        return self.course.opening(s) * (self.E - V_post)


class NMDASynapse(AbstractSynapse):
    r"""A slow glutamate synapse whose channels magnesium blocks near rest: I = W s(t) B(V) (E - V).

    B(V) = 1 / (1 + [Mg] / 3.57 exp(-0.062 V)) with V in mV and [Mg] in mM: 0.781 at 0 mV and 0.0796 at -60 mV for 1 mM.
    W is the peak conductance at B = 1, as for `ConductanceSynapse`.

    Args:
        course: Time course s(t), of peak 1; by default it rises in 2 ms and decays in 100 ms.
        E: Reversal potential, mV.
        Mg: Concentration of magnesium outside, mM.

    Reference:
        Jahr & Stevens (1990), Voltage dependence of NMDA-activated macroscopic conductances predicted by single-channel
        kinetics, Journal of Neuroscience 10, 3178-3182.

    Example:
        >>> NMDASynapse().block(jnp.array(0.0)).round(4).tolist()
        0.7812
    """

    course: AbstractTimeCourse = eqx.field(default_factory=lambda: DoubleExponential(tau_rise=2.0, tau_decay=100.0))
    E: Param = param(0.0, unit="mV", doc="reversal potential")
    Mg: Param = param(1.0, unit="mM", doc="concentration of magnesium outside", bounds=(0.0, None))
    needs_spikes: ClassVar[bool] = True

    def block(self, V: jax.Array) -> jax.Array:
        """The share of channels that magnesium leaves free at potential `V`, mV."""
        return 1.0 / (1.0 + self.Mg / 3.57 * jnp.exp(-0.062 * V))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.course.variables

    def rest(self) -> jax.Array:
        return self.course.rest()

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        del V_pre
        return self.course.rate(s)

    def jump(self, s: jax.Array, amount: Any) -> jax.Array:
        return self.course.jump(s, amount)

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        del V_pre
        return self.course.opening(s) * self.block(V_post) * (self.E - V_post)


class DeltaSynapse(AbstractSynapse):
    r"""A synapse without duration: each presynaptic spike moves the potential by W mV at once.

    A kick may lift its target over the threshold, which then fires at the same instant; `SpikingCircuit` says in what
    order.

    Args:
        gain: Factor of all weights.

    Reference:
        Mirollo & Strogatz (1990), Synchronization of pulse-coupled biological oscillators, SIAM Journal on Applied
        Mathematics 50, 1645-1662.

    Example:
        >>> DeltaSynapse().kick(jnp.zeros(0), 1.0).tolist()
        1.0
    """

    gain: Param = param(1.0, doc="factor of all weights")
    needs_spikes: ClassVar[bool] = True

    @property
    def variables(self) -> tuple[Variable, ...]:
        return ()

    def rest(self) -> jax.Array:
        return jnp.zeros(0, self.gain.dtype)

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        del V_pre
        return s

    def kick(self, s: jax.Array, amount: Any) -> Any:
        del s
        return self.gain * amount

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        del s, V_pre
        return 0.0 * V_post
