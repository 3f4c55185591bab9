from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time, Vector
from ...systems import AbstractMap, Box, Variable


class RateMap(AbstractMap):
    r"""Rate neurons in discrete time: rest for weak weights, chaos for strong ones.

    u_i[t+1] = C sum_j W_ij f(u_j[t]) + xi_i,  f(u) = rest + (1 - rest) tanh(g u).

    With rest = 0 rates have both signs (Cessac and Sepulchre); with rest = 1/2 they lie between 0 and 1 (Siri et al.).
    The slope at u = 0 is g (1 - rest): with independent weights of variance 1/N and no input, rest gives way to chaos
    where C g (1 - rest) = 1, for N to infinity. Make one with `draw`; the strength C is a parameter of its own, so that
    a sweep keeps the same draw.

    Args:
        W: Weights, shape `(N, N)`, entry `[i, j]` from neuron j to i.
        xi: Constant input: the pattern, shape `(N,)`.
        g: Gain.
        C: Strength of the weights.
        rest: Rate at u = 0.

    Reference:
        Cessac & Sepulchre (2006), Transmitting a signal by amplitude modulation in a chaotic network, Chaos 16, 013104;
        Siri, Berry, Cessac, Delord & Quoy (2008), Neural Computation 20, 2937-2966.

    Example:
        >>> network = RateMap(jnp.zeros((2, 2)), jnp.array([0.1, 0.2]))
        >>> network.step(0, jnp.array([3.0, -1.0]), None).tolist()
        [0.1, 0.2]
    """

    variables = (Variable("u"),)
    reference = "Cessac & Sepulchre (2006), Transmitting a signal by amplitude modulation in a chaotic network, Chaos"
    family = "networks"

    W: Param = param(doc="weights, of variance 1/N")
    xi: Param = param(doc="constant input")
    g: Param = param(3.0, doc="gain", bounds=(0.0, None))
    C: Param = param(1.0, doc="strength of the weights")
    rest: Param = param(0.0, doc="rate at u = 0", bounds=(0.0, 1.0))

    @classmethod
    def draw(
        cls, *, n: int, xi: Any = 0.0, g: Any = 3.0, C: Any = 1.0, rest: Any = 0.0, balanced: bool = False, key: Key
    ) -> Self:
        """A network with Gaussian weights of variance 1/n.

        Args:
            n: Number of neurons.
            xi: Input, one for all neurons or one each.
            g: Gain.
            C: Strength of the weights.
            rest: Rate at u = 0.
            balanced: Whether the weights onto each neuron sum to zero, so that equal rates cancel.
            key: Random key; one key gives the same network for every gain and strength.
        """
        W = jax.random.normal(key, (n, n)) / jnp.sqrt(n)
        W = W - jnp.mean(W, axis=1, keepdims=True) if balanced else W
        return cls(W, jnp.broadcast_to(jnp.asarray(xi, W.dtype), (n,)), g, C, rest)

    @classmethod
    def example(cls, *, n: int = 50, key: Key | None = None) -> Self:
        """A network of `n` neurons with strong weights."""
        return cls.draw(n=n, key=jax.random.key(0) if key is None else key)

    def rates(self, y: State) -> Vector:
        """The rates f(u) of fields `y`."""
        return self.rest + (1.0 - self.rest) * jnp.tanh(self.g * y)

    def initial_state(self) -> State:
        # Irregular, so that no symmetry of the map is kept by accident.
        n = self.xi.shape[-1]
        return ((jnp.arange(n) * 0.6180339887498949) % 1.0 - 0.5).astype(self.xi.dtype)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n
        drive = 0.0 if u is None else u
        return self.C * (self.W @ self.rates(y)) + self.xi + drive

    def observe(self, t: Time, y: State, u: Input) -> Vector:
        del t, u
        return self.rates(y)

    def region(self) -> Box:
        side = jnp.ones_like(self.initial_state())
        return Box(-side, side)


class HebbianForgetting(eqx.Module):
    r"""Learning between epochs: what fires together is joined, and all weights fade.

    W_ij <- lam W_ij + alpha/N m_i m_j H(m_j),  m_i = (mean rate of neuron i over an epoch) - d,
    where H is the step function: a neuron that stays below d teaches nothing.

    Args:
        lam: What an epoch leaves of a weight.
        alpha: Rate of learning.
        d: Rate above which a neuron counts as active.

    Reference:
        Siri, Quoy, Delord, Cessac & Berry (2007), Effects of Hebbian learning on the dynamics and structure of random
        networks with inhibitory and excitatory neurons, Journal of Physiology Paris 101, 136-148.

    Example:
        >>> network = RateMap(jnp.ones((1, 1)), jnp.zeros(1))
        >>> float(HebbianForgetting(alpha=1.0)(network, jnp.array([0.6])).W[0, 0].round(6))
        1.15
    """

    lam: Param = param(0.9, doc="what an epoch leaves of a weight", bounds=(0.0, 1.0))
    alpha: Param = param(0.005, doc="rate of learning", bounds=(0.0, None))
    d: Param = param(0.1, doc="rate above which a neuron counts as active")

    def __call__(self, network: RateMap, rates: Vector) -> RateMap:
        """The network after an epoch with mean rates `rates`."""
        m = rates - self.d
        learned = self.alpha / m.shape[0] * jnp.outer(m, jnp.where(m > 0, m, 0.0))
        return network.replace(W=self.lam * network.W + learned)
