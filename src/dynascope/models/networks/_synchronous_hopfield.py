from typing import Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractMap, Box, Variable
from ._hebb import aligned, hebb, mixed_spins, random_patterns, spin_energy


class SynchronousHopfield(AbstractMap):
    r"""A memory of spins, all updated at once.

    s[n+1] = sign(W s[n] - threshold); a spin in zero field keeps its value.

    For symmetric W every start ends in a fixed point or a cycle of period two. The energy of `Hopfield` may rise; what
    never does is -s[n+1]' W s[n] + threshold . (s[n+1] + s[n]).

    Args:
        W: Symmetric weights, shape `(N, N)`; `from_patterns` makes them.
        threshold: Thresholds, shape `(N,)`.

    Reference:
        Little (1974), The existence of persistent states in the brain, Mathematical Biosciences 19, 101-120.

    Example:
        >>> network = SynchronousHopfield(jnp.array([[0.0, -1.0], [-1.0, 0.0]]), jnp.zeros(2))
        >>> network.step(0, jnp.array([1.0, 1.0]), None).tolist()
        [-1.0, -1.0]
    """

    variables = (Variable("s", topology="discrete"),)
    reference = "Little (1974), The existence of persistent states in the brain, Math. Biosci. 19, 101-120"
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
        """The energy -1/2 s' W s + threshold . s of spins `y`."""
        return spin_energy(self.W, self.threshold, y)

    def initial_state(self) -> State:
        return mixed_spins(self.W)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return aligned(self.W @ y - self.threshold, y)

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)
