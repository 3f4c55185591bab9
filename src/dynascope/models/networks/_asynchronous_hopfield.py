from typing import Any, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractRandomMap, Box, Variable
from ._hebb import aligned, hebb, mixed_spins, random_patterns, spin_energy


class AsynchronousHopfield(AbstractRandomMap):
    r"""A memory of spins of which one, chosen at random, is updated at each step.

    i ~ uniform over 1, ..., N;  s_i <- sign(sum_j W_ij s_j - threshold_i); a spin in zero field keeps its value.

    For symmetric W with zero diagonal the energy E = -1/2 s' W s + threshold . s never rises.

    Args:
        W: Symmetric weights with zero diagonal, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS
        79, 2554-2558.

    Example:
        >>> network = AsynchronousHopfield.from_patterns(jnp.array([[1, -1, 1, -1, 1]]))
        >>> network.step(0, jnp.array([1.0, -1.0, 1.0, -1.0, -1.0]), None, 4).tolist()
        [1.0, -1.0, 1.0, -1.0, 1.0]
    """

    variables = (Variable("s", topology="discrete"),)
    reference = "Hopfield (1982), Neural networks and physical systems with emergent abilities, PNAS 79, 2554-2558"
    family = "networks"

    W: Param = param(doc="weights")
    threshold: Param = param(doc="thresholds")

    @classmethod
    def from_patterns(cls, patterns: jax.Array) -> Self:
        """The network that stores the rows of `patterns` (spins -1 and 1, shape `(P, N)`) by Hebb's rule."""
        W = hebb(patterns)
        return cls(W, jnp.zeros(W.shape[0]))

    @classmethod
    def example(cls, *, n: int = 100, patterns: int = 5, key: Key | None = None) -> Self:
        """A network of `n` spins that stores random patterns."""
        return cls.from_patterns(random_patterns(jax.random.key(0) if key is None else key, patterns, n))

    def energy(self, y: State) -> jax.Array:
        """The energy -1/2 s' W s + threshold . s of spins `y`; no step raises it."""
        return spin_energy(self.W, self.threshold, y)

    def initial_state(self) -> State:
        return mixed_spins(self.W)

    def draw(self, key: Key, n: Time) -> Any:
        del n
        return jax.random.randint(key, (), 0, self.W.shape[-1])

    def step(self, n: Time, y: State, u: Input, w: Any) -> State:
        del n, u
        return y.at[w].set(aligned(self.W[w] @ y - self.threshold[w], y[w]))

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)
