"""How a state is held inside a loop: as one flat array, or as separate scalars.

Measured: for small states with a cheap rule, separate scalars in the carry run at the speed of C, one array at two
thirds of it; for rules heavy in exponentials it is the other way round, because XLA recomputes shared terms in
every scalar's own loop. The model always sees an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import Jaxpr
from jax.flatten_util import ravel_pytree

from .._types import State
from ._solvers import Layout

#: Largest state that is held as scalars.
_SMALL = 8
#: Most transcendental operations in a rule that still counts as cheap.
_CHEAP = 2
_TRANSCENDENTAL = frozenset(
    {"exp", "exp2", "expm1", "log", "log1p", "pow", "logistic", "erf", "tanh", "sinh", "cosh"}
    | {"sin", "cos", "tan", "asin", "acos", "atan", "atan2"}
)


class Packing(NamedTuple):
    """Between the state that a model sees and the carry of a loop."""

    pack: Callable[[State], Any]
    unpack: Callable[[Any], State]
    stack: Callable[[Any], State]
    scalars: bool


def packing(template: State, rule: Callable[[State], Any], layout: Layout | None) -> Packing:
    """The packing for states like `template` under `rule`, chosen by the one rule above or by `layout`."""
    flat, unravel = ravel_pytree(template)
    if layout.scalars if layout is not None else _prefers_scalars(flat, unravel, rule):
        return Packing(
            pack=lambda y: tuple(ravel_pytree(y)[0]),
            unpack=lambda c: unravel(jnp.stack(c)),
            stack=lambda c: jax.vmap(unravel)(jnp.stack(c, axis=-1)),
            scalars=True,
        )
    return Packing(
        pack=lambda y: ravel_pytree(y)[0],
        unpack=unravel,
        stack=jax.vmap(unravel),
        scalars=False,
    )


def _prefers_scalars(flat: jax.Array, unravel: Callable[[jax.Array], State], rule: Callable[[State], Any]) -> bool:
    if flat.size > _SMALL:
        return False
    names = [e.primitive.name for e in _equations(jax.make_jaxpr(lambda v: rule(unravel(v)))(flat).jaxpr)]
    return sum(name in _TRANSCENDENTAL for name in names) <= _CHEAP


def _equations(jaxpr: Any) -> list[Any]:
    """All equations of a jaxpr, those of its sub-programs included."""
    found = []
    for equation in jaxpr.eqns:
        found.append(equation)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if isinstance(inner, Jaxpr):
                found += _equations(inner)
    return found
