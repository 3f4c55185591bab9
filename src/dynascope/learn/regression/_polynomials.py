"""Monomials of the coordinates: the library of terms that polynomial models share."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError

#: Most terms of one library.
_MOST = 20_000


@functools.cache
def terms(channels: int, order: int) -> NDArray[np.int64]:
    """Factors of every monomial up to `order`, shape `(term, order)`: numbers of channels from 1 on, 0 for one.

    The first row is the constant, the next are the channels themselves.

    Raises:
        InputError: If there are none, or too many to handle.
    """
    if channels < 1 or order < 1:
        raise InputError(f"A library of monomials needs a channel and an order of 1 at least, got {channels}, {order}.")
    rows = [(0,) * order]
    for degree in range(1, order + 1):
        for factors in itertools.combinations_with_replacement(range(1, channels + 1), degree):
            rows.append((*factors, *(0,) * (order - degree)))
        if len(rows) > _MOST:
            raise InputError(
                f"There are more than {_MOST} monomials of {channels} coordinates up to order {order}. Lower the "
                "order, or use fewer channels or taps."
            )
    return np.array(rows)


def monomials(x: Any, order: int) -> Any:
    """All monomials of the last axis of `x` up to `order`; the last axis becomes that of the terms."""
    table = terms(x.shape[-1], order)
    one = jnp.ones((*x.shape[:-1], 1), x.dtype)
    padded = jnp.concatenate([one, x], axis=-1)
    product = padded[..., table[:, 0]]
    for column in table[:, 1:].T:
        product = product * padded[..., column]
    return product


def term_names(names: Sequence[str], order: int) -> tuple[str, ...]:
    """The monomials as they are written: `1`, `x`, `y`, `x^2`, `x y`, ..."""
    written: list[str] = []
    for row in terms(len(names), order):
        factors = [str(names[i - 1]) for i in row if i]
        powers = [(f, factors.count(f)) for f in dict.fromkeys(factors)]
        written.append(" ".join(f if n == 1 else f"{f}^{n}" for f, n in powers) or "1")
    return tuple(written)
