"""Bits of words: packing, finding and visiting agree with NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope._bits import after, each, flagged, words


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000, 3000])
def test_flags_are_found_and_visited_once_each(size: int) -> None:
    flags = np.random.default_rng(size).random((5, size)) < 0.1
    flags[3], flags[4] = False, True
    packed = jax.vmap(words)(jnp.asarray(flags))
    assert packed.shape == (5, -(-size // 32))
    rows, numbers = flagged(np.asarray(packed))
    expected = np.nonzero(flags)
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_array_equal(numbers, expected[1])

    @jax.jit
    def visits(packed: jax.Array) -> jax.Array:
        return each(packed, jnp.zeros(size, jnp.int32), lambda seen, k: seen.at[k].add(1))

    for row, one in zip(flags, packed, strict=True):
        np.testing.assert_array_equal(visits(one), row.astype(int))


@pytest.mark.parametrize("first", [-1.0, 0.0, 1.0, np.nan, np.inf])
def test_what_comes_after_is_the_same_value(first: float) -> None:
    value = jnp.asarray([0.0, 2.0])
    np.testing.assert_array_equal(after(value, jnp.asarray([first, 3.0]), jnp.zeros(0)), value)
