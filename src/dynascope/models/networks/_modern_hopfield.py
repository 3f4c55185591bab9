from typing import Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractMap, Box, Variable
from ._spins import check_patterns, mixed_spins


class ModernHopfield(AbstractMap):
    r"""A memory of real vectors that recalls in one step; the attention of transformers.

    y[n+1] = X' softmax(beta X y[n]), with one pattern per row of X.

    The energy E = -lse(beta, X y) + y . y / 2 + ln(P) / beta + M^2 / 2 with
    lse(beta, z) = ln(sum_mu exp(beta z_mu)) / beta and M the longest pattern never rises. Patterns apart from the
    others are fixed points but for an error that falls exponentially with their distance; on a sphere their number may
    grow exponentially with the dimension. For small beta all is drawn to one mean.

    Args:
        X: Patterns, one per row, shape `(P, N)`.
        beta: Inverse temperature, 1 over the square of the unit of X.

    Reference:
        Ramsauer et al. (2021), Hopfield networks is all you need, International Conference on Learning Representations.

    Example:
        >>> network = ModernHopfield(4.0 * jnp.eye(3))
        >>> network.step(0, jnp.array([4.0, 1.0, 0.0]), None).round(3).tolist()
        [4.0, 0.0, 0.0]
    """

    variables = (Variable("y"),)
    reference = "Ramsauer et al. (2021), Hopfield networks is all you need, ICLR"
    family = "networks"

    X: Param = param(doc="patterns")
    beta: Param = param(1.0, doc="inverse temperature", bounds=(0.0, None))

    def __check_init__(self) -> None:
        check_patterns(self.X)

    @classmethod
    def draw(cls, *, n: int, patterns: int, key: Key) -> Self:
        """A network that stores random patterns on the sphere of radius sqrt(n) in n dimensions."""
        X = jax.random.normal(key, (patterns, n))
        return cls(X * (jnp.sqrt(n) / jnp.linalg.norm(X, axis=1, keepdims=True)))

    @classmethod
    def example(cls, *, n: int = 16, patterns: int = 64, key: Key | None = None) -> Self:
        """A network that stores random patterns on a sphere."""
        return cls.draw(n=n, patterns=patterns, key=jax.random.key(0) if key is None else key)

    def energy(self, y: State) -> jax.Array:
        """The energy E of state `y`, between 0 and 2 M^2 for states no longer than M; no step raises it."""
        longest = jnp.max(jnp.sum(self.X**2, axis=1))
        lse = jax.nn.logsumexp(self.beta * (self.X @ y)) / self.beta
        return -lse + 0.5 * y @ y + jnp.log(self.X.shape[0]) / self.beta + 0.5 * longest

    def initial_state(self) -> State:
        return mixed_spins(self.X.shape[-1], self.X)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return jax.nn.softmax(self.beta * (self.X @ y)) @ self.X

    def region(self) -> Box:
        # Every image is a mean of patterns.
        return Box(jnp.min(self.X, axis=0) - 1e-3, jnp.max(self.X, axis=0) + 1e-3)
