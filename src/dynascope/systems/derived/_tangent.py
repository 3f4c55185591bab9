"""A system together with tangent vectors carried along its orbit."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._types import Input, State, Time
from .._base import AbstractFlow, AbstractMap, AbstractSystem, dimension
from ._base import check_kind


class Tangent(eqx.Module):
    """State of a tangent system: the point `y` and `k` tangent vectors as columns of `q`, shape `(d, k)`."""

    y: State
    q: jax.Array


class TangentFlow(AbstractFlow):
    """A flow with its linearisation: dy/dt = f(y), dQ/dt = Df(y) Q."""

    system: AbstractFlow
    vectors: int = eqx.field(static=True)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.time_unit

    def initial_state(self) -> Tangent:
        return _start(self.system, self.vectors)

    def input_size(self) -> int | None:
        return self.system.input_size()

    def typical_step(self) -> float | None:
        return self.system.typical_step()

    def vector_field(self, t: Time, y: State, u: Input) -> Tangent:
        return pushed(lambda s: self.system.vector_field(t, s, u), y)


class TangentMap(AbstractMap):
    """A map with its linearisation: y' = F(y), Q' = DF(y) Q."""

    system: AbstractMap
    vectors: int = eqx.field(static=True)

    def initial_state(self) -> Tangent:
        return _start(self.system, self.vectors)

    def input_size(self) -> int | None:
        return self.system.input_size()

    def step(self, n: Time, y: State, u: Input) -> Tangent:
        return pushed(lambda s: self.system.step(n, s, u), y)


def _start(system: AbstractSystem, vectors: int) -> Tangent:
    y = system.initial_state()
    flat, _ = ravel_pytree(y)
    return Tangent(y, jnp.eye(flat.size, vectors, dtype=flat.dtype))


def pushed(rule: Callable[[State], State], at: Tangent) -> Tangent:
    """The value of `rule` at a point and its linear part applied to the tangent vectors there."""
    _, unravel = ravel_pytree(at.y)
    value, linear = jax.linearize(rule, at.y)
    columns = jax.vmap(lambda v: ravel_pytree(linear(unravel(v)))[0], in_axes=1, out_axes=1)(at.q)
    return Tangent(value, columns)


def tangent(system: AbstractSystem, vectors: int) -> AbstractSystem:
    """The system together with `vectors` tangent vectors carried along its orbit, never re-orthonormalised.

    Raises:
        InputError: If the system is no flow or map, or `vectors` is not between 1 and its dimension.
    """
    d = dimension(system)
    if not 1 <= vectors <= d:
        raise InputError(f"`vectors` must lie between 1 and the dimension {d}, got {vectors}.")
    if check_kind(system, ("flow", "map"), operation="tangent") == "flow":
        return TangentFlow(system, vectors)  # type: ignore[arg-type]
    return TangentMap(system, vectors)  # type: ignore[arg-type]
