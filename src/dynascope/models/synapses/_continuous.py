"""Synapses that follow the presynaptic potential without spikes: gap junctions and graded release."""

from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param
from ...systems import Variable
from .._array import like
from .._presets import chosen
from ._synapse import AbstractSynapse


class GapJunction(AbstractSynapse):
    r"""An electrical synapse: current flows down the difference of potentials, I = W (V_pre - V_post).

    W is the conductance of the junction (symmetric in nature), in the unit of the neuron's input per mV. Two identical
    linear cells of capacitance C lose their difference at the rate 2 W / C on top of their own decay.

    Args:
        gain: Factor of all weights.

    Reference:
        Watanabe (1958), The interaction of electrical activity among neurons of lobster cardiac ganglion, Japanese
        Journal of Physiology 8, 305-318.

    Example:
        >>> GapJunction().current(jnp.zeros(0), -50.0, -65.0).tolist()
        15.0
    """

    gain: Param = param(1.0, doc="factor of all weights", bounds=(0.0, None))
    needs_spikes: ClassVar[bool] = False

    @property
    def variables(self) -> tuple[Variable, ...]:
        return ()

    def rest(self) -> jax.Array:
        return jnp.zeros(0, self.gain.dtype)

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        del V_pre
        return s

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        del s
        return self.gain * (V_pre - V_post)


class GradedSynapse(AbstractSynapse):
    r"""A smooth chemical synapse: transmitter follows the presynaptic potential, so that no events are needed.

    s' = alpha T(V_pre) (1 - s) - beta s,  T(V) = T_max / (1 + exp(-(V - V_half) / K)),  I = W s (E - V_post).

    W is the conductance with all channels open, in the unit of the neuron's input per mV. `preset` gives `"AMPA"` and
    `"GABA_A"` of Destexhe, Mainen & Sejnowski (1994) and `"interneuron"`, the synapse of Wang & Buzsáki (1996).

    Args:
        alpha: Rate of opening, 1/(mM ms).
        beta: Rate of closing, 1/ms.
        T_max: Largest concentration of transmitter, mM.
        V_half: Presynaptic potential at half of it, mV.
        K: Width of its rise, mV.
        E: Reversal potential, mV.

    Reference:
        Destexhe, Mainen & Sejnowski (1994), An efficient method for computing synaptic conductances based on a kinetic
        model of receptor binding, Neural Computation 6, 14-18.

    Example:
        >>> GradedSynapse.preset("interneuron").E.tolist()
        -75.0
    """

    #: alpha, beta, T_max, V_half, K, E of each kind.
    presets: ClassVar[dict[str, tuple[float, ...]]] = {
        "AMPA": (1.1, 0.19, 1.0, 2.0, 5.0, 0.0),
        "GABA_A": (5.0, 0.18, 1.0, 2.0, 5.0, -80.0),
        "interneuron": (12.0, 0.1, 1.0, 0.0, 2.0, -75.0),
    }
    needs_spikes: ClassVar[bool] = False

    alpha: Param = param(1.1, unit="1/(mM ms)", doc="rate of opening", bounds=(0.0, None))
    beta: Param = param(0.19, unit="1/ms", doc="rate of closing", bounds=(0.0, None))
    T_max: Param = param(1.0, unit="mM", doc="largest concentration of transmitter", bounds=(0.0, None))
    V_half: Param = param(2.0, unit="mV", doc="presynaptic potential at half of it")
    K: Param = param(5.0, unit="mV", doc="width of its rise", bounds=(1e-6, None))
    E: Param = param(0.0, unit="mV", doc="reversal potential")

    @classmethod
    def preset(cls, name: str) -> Self:
        """The synapse with the numbers of kind `name`; `presets` lists them."""
        alpha, beta, T_max, V_half, K, E = chosen(cls, cls.presets, name)
        return cls(alpha=alpha, beta=beta, T_max=T_max, V_half=V_half, K=K, E=E)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("s"),)

    def rest(self) -> jax.Array:
        return like(self.alpha, [0.0])

    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        opening = self.alpha * self.T_max * jax.nn.sigmoid((V_pre - self.V_half) / self.K)
        return opening * (1.0 - s) - self.beta * s

    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> Any:
        del V_pre
        return s[0] * (self.E - V_post)
