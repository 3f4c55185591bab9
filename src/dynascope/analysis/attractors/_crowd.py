"""Many states that step together: one array per component for small states, else one array per state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..._lanes import many_points
from ...solve import Layout, packing
from .._as_map import Stepped

#: Largest state that is held as one array per component.
_SMALL = 8


class Crowd(NamedTuple):
    """The map of a stage for many states at once.

    Attributes:
        entered: From packed full states with a leading axis to what the loop carries.
        left: Back again.
        step: The step `(i, carried) -> carried` of all states.
        seen: The watched coordinates of all states, one array over the states for each.
        lanes: Whether each component is an array of its own.
    """

    entered: Callable[[Any], Any]
    left: Callable[[Any], Any]
    step: Callable[[Any, Any], Any]
    seen: Callable[[Any], list[jax.Array]]
    lanes: bool


def crowd(stepped: Stepped, lens: Callable[[jax.Array], jax.Array]) -> Crowd:
    """The crowd of a system; to be called while tracing."""
    packed = stepped.packing()
    laned = _laned(stepped, lens, packed.scalars)
    if laned is not None:
        return laned
    step = stepped.stepper(packed)

    def seen(c: Any) -> list[jax.Array]:
        rows = jax.vmap(lambda one: lens(stepped.present(packed.unpack(one))))(c)
        return [rows[:, n] for n in range(rows.shape[1])]

    return Crowd(lambda c: c, lambda c: c, lambda i, c: jax.vmap(lambda one: step(i, one))(c), seen, False)


def _laned(stepped: Stepped, lens: Callable[[jax.Array], jax.Array], scalars: bool) -> Crowd | None:
    """The crowd of a small state whose rule can be taken apart, else None."""
    leaves = jax.tree.leaves(stepped.template)
    kinds = {jnp.asarray(leaf).dtype for leaf in leaves}
    if stepped.dimension > _SMALL or len(kinds) > 1 or not jnp.issubdtype(kinds.pop(), jnp.floating):
        return None
    loose = packing(stepped.template, lambda y: y, Layout(scalars=True))
    step = stepped.stepper(loose)
    numbers = loose.pack(stepped.template)
    rule = many_points(lambda i, *c: step(i, c), jnp.zeros((), jnp.int32), *numbers)
    watched = many_points(lambda *c: tuple(lens(stepped.present(loose.unpack(c)))), *numbers)
    if rule is None or watched is None:
        return None
    return Crowd(
        entered=lambda c: c if scalars else tuple(c[:, n] for n in range(c.shape[1])),
        left=lambda c: c if scalars else jnp.stack(c, axis=1),
        step=lambda i, c: tuple(rule(i, *c)),
        seen=lambda c: watched(*c),
        lanes=True,
    )
