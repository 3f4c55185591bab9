"""Plasticity at spikes: how traces of both neurons change a weight."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param
from ...systems import Variable
from .._array import like

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractPairing(eqx.Module):
    """Which earlier spikes a spike is paired with, as a rule for traces."""

    @abstractmethod
    def spiked(self, trace: jax.Array) -> jax.Array:
        """The trace just after a spike of its neuron, from the trace just before."""


class AllToAll(AbstractPairing):
    """Every spike is paired with all earlier spikes of the other neuron: traces add up.

    Example:
        >>> AllToAll().spiked(jnp.array(0.5)).tolist()
        1.5
    """

    def spiked(self, trace: jax.Array) -> jax.Array:
        return trace + 1.0


class NearestSpike(AbstractPairing):
    """Every spike is paired with the last spike of the other neuron: a trace starts anew at 1.

    Example:
        >>> NearestSpike().spiked(jnp.array(0.5)).tolist()
        1.0
    """

    def spiked(self, trace: jax.Array) -> jax.Array:
        return jnp.ones_like(trace)


class AbstractPlasticity(eqx.Module):
    """A rule that changes weights at spikes; each neuron has one set of traces for both sides of its synapses."""

    #: Largest weight; the smallest is 0.
    w_max: AbstractVar[jax.Array]

    @property
    @abstractmethod
    def variables(self) -> tuple[Variable, ...]:
        """Names of the `k` traces of a neuron."""

    @abstractmethod
    def rest(self) -> jax.Array:
        """The traces long after the last spike, shape `(k,)`."""

    @abstractmethod
    def rate(self, trace: jax.Array) -> jax.Array:
        """The velocity of the traces between spikes, shape `(k,)`, 1/ms."""

    @abstractmethod
    def jump(self, trace: jax.Array) -> jax.Array:
        """The traces of a neuron just after its own spike."""

    @abstractmethod
    def learned(self, w: jax.Array, pre: jax.Array, post: jax.Array, fired: tuple[Any, Any]) -> jax.Array:
        """The weight of one connection after spikes.

        Args:
            w: The weight before.
            pre: Traces of the presynaptic neuron just before the spikes.
            post: Traces of the postsynaptic neuron just before.
            fired: Whether the presynaptic and whether the postsynaptic neuron fired.
        """


class PairSTDP(AbstractPlasticity):
    r"""Pairs of spikes: potentiation if the presynaptic neuron fires first, depression if it fires last.

    r_plus' = -r_plus / tau_plus and r_minus' = -r_minus / tau_minus, both raised at each spike of their neuron;
    at a postsynaptic spike w -> w + w_max A_plus r_plus(pre),
    at a presynaptic one w -> w - w_max A_minus r_minus(post), and w stays in [0, w_max].

    An isolated pair with t_post - t_pre = dt changes w / w_max by A_plus exp(-dt / tau_plus) for dt > 0 and by
    -A_minus exp(dt / tau_minus) for dt < 0. Spikes at the same instant do not see each other.

    Args:
        pairing: `AllToAll()` or `NearestSpike()`.
        A_plus: Largest potentiation by one pair, relative to `w_max`.
        A_minus: Largest depression by one pair, relative to `w_max`.
        tau_plus: Time window of potentiation, ms.
        tau_minus: Time window of depression, ms.
        w_max: Largest weight.

    Reference:
        Song, Miller & Abbott (2000), Competitive Hebbian learning through spike-timing-dependent synaptic plasticity,
        Nature Neuroscience 3, 919-926.

    Example:
        >>> rule = PairSTDP(A_plus=0.01)
        >>> rule.learned(jnp.array(0.5), jnp.array([1.0, 1.0]), jnp.zeros(2), (False, True)).tolist()
        0.51
    """

    pairing: AbstractPairing = eqx.field(default_factory=AllToAll)
    A_plus: Param = param(0.005, doc="largest potentiation by one pair")
    A_minus: Param = param(0.00525, doc="largest depression by one pair")
    tau_plus: Param = param(20.0, unit="ms", doc="time window of potentiation", bounds=(1e-6, None))
    tau_minus: Param = param(20.0, unit="ms", doc="time window of depression", bounds=(1e-6, None))
    w_max: Param = param(1.0, doc="largest weight", bounds=(1e-12, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("r_plus"), Variable("r_minus"))

    def rest(self) -> jax.Array:
        return like(self.A_plus, [0.0, 0.0])

    def rate(self, trace: jax.Array) -> jax.Array:
        return -trace / jnp.stack([self.tau_plus, self.tau_minus])

    def jump(self, trace: jax.Array) -> jax.Array:
        return self.pairing.spiked(trace)

    def learned(self, w: jax.Array, pre: jax.Array, post: jax.Array, fired: tuple[Any, Any]) -> jax.Array:
        by_pre, by_post = fired
        gain = jnp.where(by_post, self.A_plus * pre[0], 0.0 * w)
        loss = jnp.where(by_pre, self.A_minus * post[1], 0.0 * w)
        return jnp.clip(w + self.w_max * (gain - loss), 0.0, self.w_max)


class TripletSTDP(AbstractPlasticity):
    r"""Triplets of spikes, which make potentiation depend on frequency as in cortex.

    Traces r_1, r_2, o_1, o_2 decay with tau_plus, tau_x, tau_minus, tau_y and are raised at each spike of their neuron;
    at a postsynaptic spike w -> w + w_max r_1(pre) (A2_plus + A3_plus o_2(post)),
    at a presynaptic one w -> w - w_max o_1(post) (A2_minus + A3_minus r_2(pre)), with r_2 and o_2 taken just before the
    spike; w stays in [0, w_max].

    The default is the minimal model (A2_plus = A3_minus = 0) fitted to visual cortex with all-to-all interactions.
    Pairs with the presynaptic spike 10 ms ahead then change nothing at low frequency and potentiate at high; in the
    other order they depress, and potentiate above 35 Hz. Spikes at the same instant do not see each other.

    Args:
        pairing: `AllToAll()` or `NearestSpike()`.
        A2_plus: Potentiation by pairs, relative to `w_max`.
        A3_plus: Potentiation by triplets post-pre-post.
        A2_minus: Depression by pairs.
        A3_minus: Depression by triplets pre-post-pre.
        tau_plus: Time window of potentiation, ms.
        tau_minus: Time window of depression, ms.
        tau_x: Time window of earlier presynaptic spikes, ms.
        tau_y: Time window of earlier postsynaptic spikes, ms.
        w_max: Largest weight.

    Reference:
        Pfister & Gerstner (2006), Triplets of spikes in a model of spike timing-dependent plasticity, Journal of
        Neuroscience 26, 9673-9682.

    Example:
        >>> rule = TripletSTDP()
        >>> rule.learned(jnp.array(0.5), jnp.ones(4), jnp.ones(4), (False, True)).round(6).tolist()
        0.5065
    """

    pairing: AbstractPairing = eqx.field(default_factory=AllToAll)
    A2_plus: Param = param(0.0, doc="potentiation by pairs")
    A3_plus: Param = param(6.5e-3, doc="potentiation by triplets")
    A2_minus: Param = param(7.1e-3, doc="depression by pairs")
    A3_minus: Param = param(0.0, doc="depression by triplets")
    tau_plus: Param = param(16.8, unit="ms", doc="time window of potentiation", bounds=(1e-6, None))
    tau_minus: Param = param(33.7, unit="ms", doc="time window of depression", bounds=(1e-6, None))
    tau_x: Param = param(101.0, unit="ms", doc="time window of earlier presynaptic spikes", bounds=(1e-6, None))
    tau_y: Param = param(114.0, unit="ms", doc="time window of earlier postsynaptic spikes", bounds=(1e-6, None))
    w_max: Param = param(1.0, doc="largest weight", bounds=(1e-12, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("r_1"), Variable("r_2"), Variable("o_1"), Variable("o_2"))

    def rest(self) -> jax.Array:
        return like(self.A2_plus, [0.0, 0.0, 0.0, 0.0])

    def rate(self, trace: jax.Array) -> jax.Array:
        return -trace / jnp.stack([self.tau_plus, self.tau_x, self.tau_minus, self.tau_y])

    def jump(self, trace: jax.Array) -> jax.Array:
        return self.pairing.spiked(trace)

    def learned(self, w: jax.Array, pre: jax.Array, post: jax.Array, fired: tuple[Any, Any]) -> jax.Array:
        by_pre, by_post = fired
        gain = jnp.where(by_post, pre[0] * (self.A2_plus + self.A3_plus * post[3]), 0.0 * w)
        loss = jnp.where(by_pre, post[2] * (self.A2_minus + self.A3_minus * pre[1]), 0.0 * w)
        return jnp.clip(w + self.w_max * (gain - loss), 0.0, self.w_max)
