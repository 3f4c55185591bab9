from typing import Any, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractMap, Box, Variable
from ._spiking_maps import distance_to_threshold, spikes, spread_potentials


class BMS(AbstractMap):
    r"""A network of leaky integrate-and-fire neurons in discrete time (Beslon, Mazet and Soula).

    V_i[t+1] = gamma V_i[t] (1 - Z_i[t]) + C sum_j W_ij Z_j[t] + I_i,  Z_i[t] = 1 where V_i[t] >= theta, else 0.

    The map contracts by gamma or resets, and is discontinuous where a potential meets the threshold. Its attractors are
    generically periodic, finitely many, and stable: a change of the potentials smaller than the distance of the orbit
    to the threshold leaves every spike where it was. Periods may exceed any run where that distance becomes small.
    Without input a network of weak coupling dies, and so does every network that starts below threshold. Make one with
    `draw`; the strength C is a parameter of its own, so that a sweep keeps the same draw.

    Args:
        W: Weights, shape `(N, N)`, entry `[i, j]` from neuron j to i.
        I: Input currents, shape `(N,)`.
        gamma: What a step leaves of a potential, between 0 and 1.
        C: Strength of the coupling.
        theta: Threshold; after a spike a neuron starts from 0.

    Reference:
        Cessac (2008), A discrete time neural network model with spiking neurons, Journal of Mathematical Biology 56,
        311-345; Soula, Beslon & Mazet (2006), Neural Computation 18, 60-79.

    Example:
        >>> network = BMS(jnp.zeros((1, 1)), jnp.array([0.4]), gamma=0.8)
        >>> [network.step(0, jnp.array([V]), None).round(3).tolist() for V in (0.5, 1.0)]
        [[0.8], [0.4]]
    """

    variables = (Variable("V"),)
    reference = "Cessac (2008), A discrete time neural network model with spiking neurons, J. Math. Biol. 56, 311-345"
    family = "networks"

    W: Param = param(doc="weights, of variance 1/N")
    I: Param = param(doc="input currents")
    gamma: Param = param(0.8, doc="what a step leaves of a potential", bounds=(0.0, 1.0))
    C: Param = param(8.0, doc="strength of the coupling")
    theta: Param = param(1.0, doc="threshold", bounds=(1e-6, None))

    @classmethod
    def draw(cls, *, n: int, C: Any = 8.0, gamma: Any = 0.8, I: Any = 0.0, key: Key) -> Self:
        """A network with Gaussian weights of variance 1/n.

        Args:
            n: Number of neurons.
            C: Strength of the coupling.
            gamma: What a step leaves of a potential.
            I: Input current, one for all neurons or one each.
            key: Random key; one key gives the same network for every strength.
        """
        W = jax.random.normal(key, (n, n)) / jnp.sqrt(n)
        return cls(W, jnp.broadcast_to(jnp.asarray(I, W.dtype), (n,)), gamma, C)

    @classmethod
    def example(cls, *, n: int = 50, key: Key | None = None) -> Self:
        """A network of `n` neurons coupled strongly enough to keep itself active."""
        return cls.draw(n=n, key=jax.random.key(0) if key is None else key)

    def spikes(self, y: State) -> jax.Array:
        """The spikes Z of potentials `y`: 1 for a neuron at or above threshold, else 0."""
        return spikes(y, self.theta)

    def distance(self, y: State) -> jax.Array:
        """The distance of potentials `y` to the discontinuity, min_i abs(V_i - theta).

        Its least value along an attractor is Cessac's order parameter, below which a change is forgotten.
        """
        return distance_to_threshold(y, self.theta)

    def initial_state(self) -> State:
        return spread_potentials(self.I, self.theta)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        Z = self.spikes(y)
        return self.gamma * y * (1.0 - Z) + self.C * (self.W @ Z) + self.I

    def region(self) -> Box:
        # Networks whose potentials all start below threshold are silent for ever.
        low = jnp.zeros_like(self.initial_state())
        return Box(low, low + 3.0 * self.theta)
