from typing import Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractMap, Box, Variable
from ._hebb import aligned, hebb, mixed_spins, random_patterns, spin_energy


class Hopfield(AbstractMap):
    r"""A memory of spins, updated one after the other: each step is a sweep over all of them in fixed order.

    s_i <- sign(sum_j W_ij s_j - threshold_i)  for i = 1, ..., N; a spin in zero field keeps its value.

    For symmetric W with zero diagonal the energy E = -1/2 s' W s + threshold . s falls with every flip, so that every
    start ends in a fixed point; about 0.138 N random patterns can be stored. `AsynchronousHopfield` picks spins at
    random, `SynchronousHopfield` updates all at once.

    Args:
        W: Symmetric weights with zero diagonal, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS
        79, 2554-2558.

    Example:
        >>> network = Hopfield.from_patterns(jnp.array([[1, -1, 1, -1, 1]]))
        >>> network.step(0, jnp.array([1.0, -1.0, 1.0, -1.0, -1.0]), None).tolist()
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
        """The energy -1/2 s' W s + threshold . s of spins `y`; no sweep raises it."""
        return spin_energy(self.W, self.threshold, y)

    def initial_state(self) -> State:
        return mixed_spins(self.W)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u

        def update(i: jax.Array, s: jax.Array) -> jax.Array:
            return s.at[i].set(aligned(self.W[i] @ s - self.threshold[i], s[i]))

        return jax.lax.fori_loop(0, y.shape[0], update, y)

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)
