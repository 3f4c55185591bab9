"""What the memories of spins share: weights from patterns, their energy, where they start."""

from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._types import Key, Matrix, Param, State, Vector
from ...systems import AbstractSystem, Box, Variable


def hebb(patterns: jax.Array) -> Matrix:
    """Weights W = X' X / N with zero diagonal that store the rows of `patterns` X.

    Args:
        patterns: Spins -1 and 1, shape `(P, N)`.

    Raises:
        InputError: If `patterns` is not a matrix.

    Reference:
        Hopfield (1982), Neural networks and physical systems with emergent collective computational abilities, PNAS
        79, 2554-2558.
    """
    X = jnp.asarray(patterns, dtype=jnp.result_type(float))
    check_patterns(X)
    n = X.shape[1]
    return (X.T @ X) / n * (1.0 - jnp.eye(n))


def check_patterns(X: jax.Array) -> None:
    """Refuse patterns that are not the rows of a matrix."""
    # Batches of networks have one axis more.
    if jnp.ndim(X) < 2:
        raise InputError(f"`patterns` must have shape (patterns, units), got {jnp.shape(X)}. Give one pattern per row.")


def random_patterns(key: Key, count: int, n: int) -> Matrix:
    """`count` random patterns of `n` spins -1 and 1, shape `(count, n)`."""
    return jax.random.rademacher(key, (count, n), jnp.result_type(float))


def aligned(field: jax.Array, s: jax.Array) -> jax.Array:
    """The spin that follows its local `field`; a spin in zero field keeps its value `s`."""
    return jnp.where(field == 0.0, s, jnp.sign(field))


def mixed_spins(n: int, like: jax.Array) -> Vector:
    """A start of `n` spins without relation to any pattern: signs in golden-ratio order, of the type of `like`."""
    shares = (jnp.arange(n) * 0.6180339887498949) % 1.0
    return jnp.where(shares < 0.5, 1.0, -1.0).astype(like.dtype)


class AbstractSpinMemory(AbstractSystem):
    """A memory of spins -1 and 1 with pairwise weights: add a kind of time and the order in which spins follow."""

    variables: ClassVar[tuple[Variable, ...] | None] = (Variable("s", topology="discrete"),)
    family: ClassVar[str] = "networks"
    #: Not in the catalogue: it says nothing of time.
    catalogue_name: ClassVar[str] = ""

    W: Param = param(doc="weights")
    threshold: Param = param(doc="thresholds")

    @classmethod
    def from_patterns(cls, patterns: jax.Array) -> Self:
        """The network that stores the rows of `patterns` (spins -1 and 1, shape `(P, N)`) by Hebb's rule."""
        W = hebb(patterns)
        return cls(W, jnp.zeros(W.shape[0], W.dtype))

    @classmethod
    def example(cls, *, n: int = 100, patterns: int = 5, key: Key | None = None) -> Self:
        """A network of `n` spins that stores random patterns."""
        return cls.from_patterns(random_patterns(jax.random.key(0) if key is None else key, patterns, n))

    def energy(self, y: State) -> jax.Array:
        """The energy -1/2 s' W s + threshold . s of spins `y`, which no update of a single spin raises."""
        return -0.5 * y @ (self.W @ y) + self.threshold @ y

    def initial_state(self) -> State:
        return mixed_spins(self.W.shape[-1], self.W)

    def region(self) -> Box:
        corner = jnp.ones_like(self.initial_state())
        return Box(-corner, corner)
