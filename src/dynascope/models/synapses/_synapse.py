"""What a synapse is: a state of the presynaptic neuron, moved by its spikes or its potential, and a current."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax

from ...systems import Variable, hook


class AbstractSynapse(eqx.Module):
    """A kind of synapse, written for one connection; networks apply it to all.

    The weight of a connection multiplies the current and the kick, and carries their unit. The state belongs to the
    presynaptic neuron, which drives all of its targets alike.
    """

    #: Whether it acts only through presynaptic spikes, so that a network without events cannot use it.
    needs_spikes: eqx.AbstractClassVar[bool]

    @property
    @abstractmethod
    def variables(self) -> tuple[Variable, ...]:
        """Names of the `k` components of its state; empty for one without state."""

    @abstractmethod
    def rest(self) -> jax.Array:
        """The state long after the last spike, shape `(k,)`."""

    @abstractmethod
    def rate(self, s: jax.Array, V_pre: jax.Array) -> jax.Array:
        """The velocity ds/dt between spikes at presynaptic potential `V_pre`, shape `(k,)`, 1/ms."""

    @abstractmethod
    def current(self, s: jax.Array, V_pre: jax.Array, V_post: jax.Array) -> jax.Array:
        """The current into the postsynaptic neuron per weight, a scalar; positive currents depolarise."""

    @hook
    def jump(self, s: jax.Array, amount: Any) -> jax.Array:
        """The state just after a presynaptic spike that releases `amount`; by default unchanged."""
        del amount
        return s

    @hook
    def kick(self, s: jax.Array, amount: Any) -> Any:
        """The step of the postsynaptic potential per weight at a presynaptic spike from state `s`; by default 0."""
        del s
        return 0.0 * amount
