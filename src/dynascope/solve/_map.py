"""Maps, with and without noise: a scan over steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .._types import Key, State
from ..systems import AbstractMap, AbstractRandomMap
from ._layout import packing


def iterate(
    system: AbstractMap | AbstractRandomMap, inputs: Any, y: State, ns: Any, *, key: Key | None, stride: int | None
) -> tuple[State, State]:
    """States at steps `ns[1:]` from `y` at step `ns[0]`; `stride` is the static number of steps per output.

    Returns:
        The last state and all of them.
    """

    def rule(n: Any, state: State) -> State:
        u = None if inputs is None else inputs(n)
        if isinstance(system, AbstractRandomMap):
            return system.step(n, state, u, system.draw(jax.random.fold_in(key, n), n))  # type: ignore[arg-type]
        return system.step(n, state, u)

    floats = {leaf.dtype for leaf in jax.tree.leaves(y)}
    if len(floats) != 1 or not jnp.issubdtype(floats.pop(), jnp.floating):
        return _scan(rule, y, ns, stride)
    packed = packing(y, lambda state: rule(ns[0], state), None)
    last, saved = _scan(lambda n, c: packed.pack(rule(n, packed.unpack(c))), packed.pack(y), ns, stride)
    return packed.unpack(last), packed.stack(saved)


def _scan(rule: Any, start: Any, ns: Any, stride: int | None) -> tuple[Any, Any]:
    def advance(carry: Any, interval: Any) -> Any:
        first, end = interval
        if stride == 1:
            carry = rule(first, carry)
        else:
            count = end - first if stride is None else stride
            carry = jax.lax.fori_loop(0, count, lambda i, c: rule(first + i, c), carry)
        return carry, carry

    return jax.lax.scan(advance, start, (ns[:-1], ns[1:]))
