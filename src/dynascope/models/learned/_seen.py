"""What is seen of a latent state: its first components, or a linear readout."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Key, Vector
from ..artificial import Readout


def check_seen(name: str, size: int, observed: int | None, readout: Readout | None) -> None:
    """Check that a readout has one column per latent component, and that `observed` is a number of them.

    Raises:
        InputError: If not, or if both are given.
    """
    if observed is not None and readout is not None:
        raise InputError(f"`{name}` takes `observed` or a `readout`, not both. Leave one of them out.")
    if observed is not None and not 1 <= observed <= size:
        raise InputError(f"`observed` must lie between 1 and the {size} components of `{name}`, got {observed}.")
    if readout is not None and readout.weight.shape[1] != size:
        raise InputError(f"The readout of `{name}` must have {size} columns, got shape {readout.weight.shape}.")


def seen(y: Vector, observed: int | None, readout: Readout | None) -> Any:
    """The readout of `y` where there is one, else the first `observed` components, else all."""
    if readout is not None:
        return readout(y)
    return y if observed is None else y[:observed]


def drawn_readout(size: int, channels: int | None, key: Key) -> Readout | None:
    """A random readout of `channels` channels with entries of variance 1 / size, None for None."""
    if channels is None:
        return None
    if channels < 1:
        raise InputError(f"`channels` must be at least 1, got {channels}.")
    return Readout(jax.random.normal(key, (channels, size)) / jnp.sqrt(size), jnp.zeros(channels))


def contracting_diagonal(size: int, key: Key) -> jax.Array:
    """The diagonal of K / lambda_max(K), K = R^T R / M + 1 with normal R: positive, at most one, of unit order."""
    root = jax.random.normal(key, (size, size))
    matrix = root.T @ root / size + jnp.eye(size)
    return jnp.diag(matrix) / jnp.linalg.eigvalsh(matrix)[-1]


def check_sizes(**sizes: int) -> None:
    """Check that all sizes are at least one.

    Raises:
        InputError: If one is not.
    """
    for name, value in sizes.items():
        if value < 1:
            raise InputError(f"`{name}` must be at least 1, got {value}.")
