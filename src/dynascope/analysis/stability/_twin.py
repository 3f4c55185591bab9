"""The growth of a small but finite separation: what the largest exponent must be, without any derivative."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from .._as_map import Stepped

#: Separation of the twins, relative to the size of the state.
_SEPARATION = 1e-7
#: Blocks of one call.
BLOCKS = 64


@compiled
def twin_growth(stepped: Stepped, carry: Any, first: Any, every: Any, per_block: Any) -> jax.Array:
    r"""Logarithms of the growth of the separation of two orbits, one per block of `per_block` intervals.

    The second orbit starts next to the first and is pulled back to the same small distance after each interval of
    `every` steps: $\lambda_1 = \lim (N \Delta t)^{-1} \sum_n \log (d_n / d_0)$ (Benettin, Galgani and Strelcyn 1976).
    No derivative is taken. Angles are compared on their circle.
    """
    packed = stepped.packing()
    step = stepped.stepper(packed)
    flat, unravel = ravel_pytree(carry)
    turn = _turns(stepped, flat.size)
    start = jnp.asarray(1.0 / jnp.sqrt(flat.size), flat.dtype) * jnp.ones_like(flat)

    def interval(j: Any, state: Any) -> Any:
        del j
        y, direction, i, log = state
        x = ravel_pytree(y)[0]
        # Angles of a flow grow without bound; their size says nothing.
        d = _SEPARATION * (jnp.sqrt(jnp.mean(jnp.where(turn > 0, 0.0, x * x))) + 1e-3)
        twin = unravel(x + d * direction)
        y, twin = jax.lax.fori_loop(0, every, lambda m, s: (step(i + m, s[0]), step(i + m, s[1])), (y, twin))
        gap = ravel_pytree(twin)[0] - ravel_pytree(y)[0]
        gap = jnp.where(turn > 0, gap - turn * jnp.round(gap / jnp.where(turn > 0, turn, 1.0)), gap)
        size = jnp.sqrt(jnp.sum(gap * gap))
        # Twins that meet exactly stay together: the logarithm is -inf, and the direction is free.
        return (
            y,
            jnp.where(size > 0, gap / jnp.where(size > 0, size, 1.0), direction),
            i + every,
            log + jnp.log(size / d),
        )

    def block(state: Any, _: Any) -> Any:
        y, direction, i = state
        y, direction, i, log = jax.lax.fori_loop(0, per_block, interval, (y, direction, i, jnp.zeros((), flat.dtype)))
        return (y, direction, i), log

    return jax.lax.scan(block, (carry, start, first), None, length=BLOCKS)[1]


def _turns(stepped: Stepped, size: int) -> Any:
    """The circumference of each component, 0 for those that are no angles; histories repeat their components."""
    circles = [v.period if v.topology == "circle" else 0.0 for v in stepped.variables()]
    return jnp.asarray(circles * (size // max(1, len(circles))))
