"""What the Hopfield networks share: weights from patterns, and the energy of spins."""

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Key, Matrix, Vector


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
    if X.ndim != 2:
        raise InputError(f"`patterns` must have shape (patterns, units), got {X.shape}. Give one pattern per row.")
    n = X.shape[1]
    return (X.T @ X) / n * (1.0 - jnp.eye(n))


def random_patterns(key: Key, count: int, n: int) -> Matrix:
    """`count` random patterns of `n` spins -1 and 1, shape `(count, n)`."""
    return jax.random.rademacher(key, (count, n), jnp.result_type(float))


def spin_energy(W: Matrix, threshold: Vector, s: Vector) -> jax.Array:
    """The energy -1/2 s' W s + threshold . s of spins `s`; asynchronous updates never raise it (W symmetric)."""
    return -0.5 * s @ (W @ s) + threshold @ s


def aligned(field: jax.Array, s: jax.Array) -> jax.Array:
    """The spin that follows its local `field`; a spin in zero field keeps its value `s`."""
    return jnp.where(field == 0.0, s, jnp.sign(field))


def mixed_spins(W: Matrix) -> Vector:
    """A start without relation to any pattern: signs in golden-ratio order, of the type of `W`."""
    shares = (jnp.arange(W.shape[-1]) * 0.6180339887498949) % 1.0
    return jnp.where(shares < 0.5, 1.0, -1.0).astype(W.dtype)
