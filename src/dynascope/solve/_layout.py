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
import numpy as np
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


class Loose(NamedTuple):
    """A state, or states of many times, as one array per component.

    Every copy into or out of one array is a kernel that XLA compiles on its own, for as long as the step itself; on
    the host it costs nothing.
    """

    parts: tuple[Any, ...]


class Packing(NamedTuple):
    """Between the state that a model sees and the carry of a loop."""

    pack: Callable[[State], Any]
    unpack: Callable[[Any], State]
    stack: Callable[[Any], State]
    scalars: bool

    def entered(self, y: State | Loose) -> Any:
        """The carry that holds `y`."""
        if not isinstance(y, Loose):
            return self.pack(y)
        return y.parts if self.scalars else jnp.stack(y.parts)

    def left(self, carry: Any) -> State | Loose:
        """What a carry holds, as cheaply as the layout allows."""
        return Loose(carry) if self.scalars else self.unpack(carry)

    def kept(self, saved: Any) -> State | Loose:
        """What a loop saved at many times, as cheaply as the layout allows."""
        return Loose(saved) if self.scalars else self.stack(saved)


def loosened(y: State) -> State | Loose:
    """A small state of one type in its components; on the host."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(y)]
    flat = [x for leaf in leaves for x in leaf.reshape(-1)]
    return Loose(tuple(flat)) if len(flat) <= _SMALL and len({leaf.dtype for leaf in leaves}) == 1 else y


def tightened(template: State, y: Any) -> State:
    """States like `template`, with any leading axes, of what `Packing` left loose; NumPy arrays stay on the host."""
    if not isinstance(y, Loose):
        return y
    xp: Any = np if all(isinstance(part, np.ndarray | np.generic) for part in y.parts) else jnp
    leaves, rest = [], list(y.parts)
    for leaf in jax.tree.leaves(template):
        some, rest = rest[: jnp.size(leaf)], rest[jnp.size(leaf) :]
        leaves.append(xp.stack(some, axis=-1).reshape(*xp.shape(some[0]), *jnp.shape(leaf)).astype(leaf.dtype))
    return jax.tree.unflatten(jax.tree.structure(template), leaves)


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
