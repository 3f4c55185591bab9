"""Random keys as what settings keep of them, and as generators of NumPy."""

import jax
import numpy as np

from ._types import Key


def seed_of(key: Key) -> list[int]:
    """The words of a key, ready for JSON."""
    return [int(word) for word in np.ravel(jax.random.key_data(key))]


def generator_of(key: Key) -> np.random.Generator:
    """A generator of NumPy that is seeded by a key, for what is drawn on the host."""
    return np.random.default_rng(np.ravel(jax.random.key_data(key)).astype(np.uint32))
