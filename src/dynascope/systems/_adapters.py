"""Systems from plain functions: one adapter for a rule written without a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import InputError
from .._param import params
from .._types import Input, State, Time
from ._base import AbstractFlow, AbstractMap, Variable, variables


class FunctionFlow(AbstractFlow):
    """A flow given by a function, dy/dt = function(t, y, p), p a dictionary of parameters."""

    function: Callable[..., State] = eqx.field(static=True)
    start: State
    p: dict[str, jax.Array] = params(doc="parameters by name")
    named: tuple[Variable, ...] | None = eqx.field(static=True, default=None)

    @property
    def variables(self) -> tuple[Variable, ...] | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.named

    def initial_state(self) -> State:
        return self.start

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del u
        return self.function(t, y, self.p)


class FunctionMap(AbstractMap):
    """A map given by a function, y' = function(n, y, p), p a dictionary of parameters."""

    function: Callable[..., State] = eqx.field(static=True)
    start: State
    p: dict[str, jax.Array] = params(doc="parameters by name")
    named: tuple[Variable, ...] | None = eqx.field(static=True, default=None)

    @property
    def variables(self) -> tuple[Variable, ...] | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.named

    def initial_state(self) -> State:
        return self.start

    def step(self, n: Time, y: State, u: Input) -> State:
        del u
        return self.function(n, y, self.p)


def flow(
    function: Callable[..., Any], y0: Any, *, parameters: Mapping[str, Any] | None = None, names: str = ""
) -> FunctionFlow:
    """A flow from a plain function.

    Args:
        function: `function(t, y, p) -> dy/dt`, written with `jax.numpy`; `p` holds the parameters by name.
        y0: Initial state, a sequence of numbers or an array.
        parameters: Parameters by name; they can be changed with `replace(**{"p.name": value})`.
        names: Names of the components, separated by spaces.

    Returns:
        A system that every analysis accepts.

    Raises:
        InputError: If the function does not return a velocity of the shape of the state.

    Example:
        >>> import jax.numpy as jnp
        >>> oscillator = flow(lambda t, y, p: jnp.stack([y[1], -p["k"] * y[0]]), [1.0, 0.0], parameters={"k": 4.0})
        >>> oscillator.vector_field(0.0, oscillator.initial_state(), None).tolist()
        [0.0, -4.0]
    """
    return FunctionFlow(*_checked(function, y0, parameters, names))


def iterated(
    function: Callable[..., Any], y0: Any, *, parameters: Mapping[str, Any] | None = None, names: str = ""
) -> FunctionMap:
    """A map from a plain function `function(n, y, p) -> next y`; arguments and errors as in `flow`."""
    return FunctionMap(*_checked(function, y0, parameters, names))


def _checked(function: Callable[..., Any], y0: Any, parameters: Mapping[str, Any] | None, names: str) -> Any:
    start = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), jnp.asarray(y0) if isinstance(y0, list) else y0)
    p = {name: jnp.asarray(value, float) for name, value in (parameters or {}).items()}
    out = jax.eval_shape(function, jnp.zeros(()), start, p)
    got, expected = jax.tree.map(jnp.shape, out), jax.tree.map(jnp.shape, start)
    if got != expected:
        raise InputError(
            f"The function must return the shape of the state, {expected}, got {got}. "
            "Stack the components: `jnp.stack([dx, dy])`."
        )
    return function, start, p, variables(names) or None
