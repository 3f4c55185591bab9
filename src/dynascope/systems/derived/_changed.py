"""One flow changed into another: run backwards, made noisy, or seen through a projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Param, State, Time
from .._base import AbstractFlow, AbstractMap, AbstractSDE, AbstractSystem, dimension
from ._base import AbstractDerived, AbstractOpen, check_kind


class Reversed(AbstractFlow, AbstractOpen):
    """A flow run backwards in time, dy/ds = -f(-s, y, u): repellers become attractors."""

    system: AbstractFlow

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return jax.tree.map(jnp.negative, self.system.vector_field(-t, y, u))


def reversed_time(system: AbstractFlow) -> AbstractFlow:
    """The flow run backwards in time (plain flows only: noise, resets and memory have no inverse)."""
    check_kind(system, ("flow",), operation="reversed_time")
    return Reversed(system)


class Noisy(AbstractSDE, AbstractOpen):
    """A flow with additive white noise, dy = f(t, y, u) dt + sigma dW."""

    system: AbstractFlow
    sigma: Param = param(doc="strength of the noise")
    interpretation = "ito"

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.system.vector_field(t, y, u)

    def diffusion(self, t: Time, y: State, u: Input) -> Any:
        del t, u
        flat, _ = ravel_pytree(y)
        return self.sigma * jnp.ones_like(flat)


def noisy(system: AbstractFlow, sigma: Any) -> Noisy:
    """The flow with additive white noise of strength `sigma` (a number, or one per component).

    Raises:
        InputError: If the system is no plain flow, or `sigma` has another size than the state.
    """
    check_kind(system, ("flow",), operation="noisy")
    d, shape = dimension(system), np.shape(sigma)
    if shape not in ((), (d,)):
        raise InputError(f"`sigma` must be a number or have shape ({d},), one per component, got shape {shape}.")
    return Noisy(system, sigma)


class ProjectedFlow(AbstractFlow, AbstractDerived):
    """A flow of which only some components are seen and chosen; see `projected`."""

    system: AbstractFlow
    components: tuple[int, ...] = eqx.field(static=True)
    complete: Callable[[jax.Array], State] = eqx.field(static=True)

    def input_size(self) -> int | None:
        return self.system.input_size()

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return ravel_pytree(y)[0][jnp.asarray(self.components)]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.system.vector_field(t, y, u)


class ProjectedMap(AbstractMap, AbstractDerived):
    """A map of which only some components are seen and chosen; see `projected`."""

    system: AbstractMap
    components: tuple[int, ...] = eqx.field(static=True)
    complete: Callable[[jax.Array], State] = eqx.field(static=True)

    def input_size(self) -> int | None:
        return self.system.input_size()

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return ravel_pytree(y)[0][jnp.asarray(self.components)]

    def step(self, n: Time, y: State, u: Input) -> State:
        return self.system.step(n, y, u)


def projected(
    system: AbstractSystem, components: Sequence[int], *, complete: Callable[[jax.Array], State] | None = None
) -> AbstractSystem:
    """The system seen through some of its components: `observe` shows them, `complete` turns them into a state.

    The dynamics stay those of the whole system. Starts chosen in the projection are completed to full states.

    Args:
        system: A flow or map.
        components: Indices into the flattened state.
        complete: From the seen components to a full state; by default the others are those of `initial_state()`.

    Raises:
        InputError: If an index is out of range.
    """
    d = dimension(system)
    bad = [i for i in components if not 0 <= i < d]
    if bad:
        raise InputError(f"`components` must lie in 0..{d - 1}, got {bad}. Choose components of the flattened state.")
    flat, unravel = ravel_pytree(system.initial_state())
    index = jnp.asarray(components)
    fill = complete or (lambda z: unravel(flat.at[index].set(z)))
    if check_kind(system, ("flow", "map"), operation="projected") == "flow":
        return ProjectedFlow(system, tuple(components), fill)  # type: ignore[arg-type]
    return ProjectedMap(system, tuple(components), fill)  # type: ignore[arg-type]
