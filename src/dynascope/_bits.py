"""Booleans as bits of words, and loops over those that are set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

_WORD = 32


def words_of(count: int) -> int:
    """How many words hold `count` booleans."""
    return -(-count // _WORD)


def words(flags: jax.Array) -> jax.Array:
    """Booleans as words of 32 bits, shape `(ceil(N / 32),)`.

    Flag number u is bit u // W of word u % W, W being the number of words: neighbours go to different words, so that a
    processor packs many words at once.
    """
    count = words_of(flags.shape[-1])
    short = count * _WORD - flags.shape[-1]
    rows = (jnp.pad(flags, (0, short)) if short else flags).reshape(_WORD, count)
    powers = np.uint32(1) << np.arange(_WORD, dtype=np.uint32)
    return jnp.sum(jnp.where(rows, powers[:, None], jnp.uint32(0)), axis=0, dtype=jnp.uint32)


def flagged(packed: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and numbers of all flags that are set in rows of `words`, sorted by row and then by number."""
    width = packed.shape[1]
    flat = packed.reshape(-1)
    found = np.flatnonzero(flat != 0)  # booleans are searched faster than words
    lanes = (flat[found][:, None] >> np.arange(_WORD, dtype=np.uint32)) & np.uint32(1)
    which, lane = np.nonzero(lanes)
    rows, places = np.divmod(found[which], width)
    keys = np.sort(rows * (width * _WORD) + lane * width + places, kind="stable")
    return np.divmod(keys, width * _WORD)


def each(packed: jax.Array, carry: Any, visit: Callable[[Any, jax.Array], Any]) -> Any:
    """`visit(carry, number)` for every flag that is set in `words`, one after the other.

    Words that are nil are passed over 32 at a time.
    """
    top = words(packed != 0)

    def of_word(word: jax.Array, carry: Any, inner: Callable[[Any, jax.Array], Any]) -> Any:
        def one(state: Any) -> Any:
            rest, carry = state
            return rest & (rest - jnp.uint32(1)), inner(carry, _lowest(rest))

        return jax.lax.while_loop(lambda state: state[0] != 0, one, (word, carry))[1]

    def below(t: jax.Array, carry: Any) -> Any:
        def of_place(carry: Any, bit: jax.Array) -> Any:
            k = t + top.size * bit
            return of_word(entry(packed, k), carry, lambda carry, bit: visit(carry, k + packed.size * bit))

        return of_word(entry(top, t), carry, of_place)

    return jax.lax.fori_loop(jnp.int32(0), jnp.int32(top.size), below, carry)


def entry(array: jax.Array, place: jax.Array) -> jax.Array:
    """One entry of a vector at a place that is known to be inside."""
    return jax.lax.dynamic_index_in_dim(array, place, keepdims=False)


def after(value: jax.Array, *others: jax.Array) -> jax.Array:
    """`value`, in a form that a compiler cannot compute before the first entries of `others`.

    What is computed last may take the place of what it replaces: an array that is still to be read would be copied.
    """
    never = jnp.zeros((), bool)
    for other in (one for one in others if one.size):
        first = entry(other.reshape(-1), jnp.int32(0))
        # No number is both, which the compiler does not find out.
        never = never | ((first > 0) & (first < 0))
    return jnp.where(never, value + 1, value)


def _lowest(word: jax.Array) -> jax.Array:
    """The number of the lowest bit that is set."""
    return jnp.int32(_WORD - 1) - jax.lax.clz(word & (~word + jnp.uint32(1))).astype(jnp.int32)
