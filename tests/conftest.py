"""What all tests share. `import dynascope` switches JAX to 64 bit for them, as it does for users."""

from collections.abc import Callable

import jax
import pytest

import dynascope  # noqa: F401
from dynascope._types import Key


@pytest.fixture
def keys() -> Callable[[], Key]:
    """Fresh random keys, the same ones in every run: `keys()` gives the next."""
    state = [jax.random.key(20)]

    def draw() -> Key:
        state[0], key = jax.random.split(state[0])
        return key

    return draw


@pytest.fixture
def key(keys: Callable[[], Key]) -> Key:
    """One random key, the same in every run."""
    return keys()
