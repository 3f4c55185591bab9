"""Some components of a system by themselves, fed with the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._types import Input, State, Time
from .._base import AbstractFlow, AbstractMap, AbstractSystem, Box, Variable, dimension, state_variables
from ._base import check_kind


class SubsystemFlow(AbstractFlow):
    """Some components of a flow, whose input are all the others; see `subsystem`."""

    system: AbstractFlow
    components: tuple[int, ...] = eqx.field(static=True)

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return tuple(state_variables(self.system)[i] for i in self.components)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.time_unit

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.reference

    def initial_state(self) -> State:
        return _kept(self.system.initial_state(), self.components)

    def region(self) -> Box | None:
        return _kept_box(self.system, self.components)

    def input_size(self) -> int | None:
        return dimension(self.system) - len(self.components)

    def typical_step(self) -> float | None:
        return self.system.typical_step()

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return _kept(self.system.vector_field(t, _whole(self.system, self.components, y, u), None), self.components)


class SubsystemMap(AbstractMap):
    """Some components of a map, whose input are all the others; see `subsystem`."""

    system: AbstractMap
    components: tuple[int, ...] = eqx.field(static=True)

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return tuple(state_variables(self.system)[i] for i in self.components)

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.system.reference

    def initial_state(self) -> State:
        return _kept(self.system.initial_state(), self.components)

    def region(self) -> Box | None:
        return _kept_box(self.system, self.components)

    def input_size(self) -> int | None:
        return dimension(self.system) - len(self.components)

    def step(self, n: Time, y: State, u: Input) -> State:
        return _kept(self.system.step(n, _whole(self.system, self.components, y, u), None), self.components)


def subsystem(system: AbstractSystem, components: Sequence[str | int]) -> AbstractSystem:
    """Some components of a system as a system of their own, whose input are the other components.

    Driven by a copy of the whole system, it is the response of Pecora and Carroll (1990).

    Args:
        system: A flow or map without input.
        components: Names or indices of the components kept, in the flattened state.

    Returns:
        A system of the same kind: its state is the vector of these components, its input that of all others, in order.

    Raises:
        InputError: If the system takes an input itself, or a component is unknown, named twice or the last one left.

    Example:
        >>> import dynascope as ds
        >>> response = subsystem(ds.build("lorenz"), ["y", "z"])
        >>> response.initial_state().tolist(), response.input_size()
        ([1.0, 15.0], 1)
    """
    found = check_kind(system, ("flow", "map"), operation="subsystem")
    if system.input_size() is not None:
        raise InputError(
            f"`subsystem` needs a system without input, but `{type(system).__name__}` takes one. Fix it with `driven`."
        )
    names = [v.name for v in state_variables(system)]
    unknown = [c for c in components if (c not in names if isinstance(c, str) else not 0 <= c < len(names))]
    if unknown:
        raise InputError(f"`components` names {unknown}, but the components are {', '.join(map(repr, names))}.")
    chosen = tuple(sorted(names.index(c) if isinstance(c, str) else int(c) for c in components))
    if len(set(chosen)) != len(chosen) or not 0 < len(chosen) < len(names):
        raise InputError(
            f"`components` must be between 1 and {len(names) - 1} different components of {len(names)}, got "
            f"{list(components)}."
        )
    if found == "flow":
        return SubsystemFlow(system, chosen)  # type: ignore[arg-type]
    return SubsystemMap(system, chosen)  # type: ignore[arg-type]


def _others(system: AbstractSystem, components: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in range(dimension(system)) if i not in components)


def left_out(response: SubsystemFlow | SubsystemMap, y: State) -> jax.Array:
    """What a state of the whole system feeds `response`: the components that it lacks."""
    return ravel_pytree(y)[0][jnp.asarray(_others(response.system, response.components))]


def _kept(y: State, components: tuple[int, ...]) -> jax.Array:
    flat = ravel_pytree(y)[0]
    return jnp.stack([flat[i] for i in components])


def _whole(system: AbstractSystem, components: tuple[int, ...], y: Any, u: Any) -> State:
    _, unravel = ravel_pytree(system.initial_state())
    parts = dict(zip(components, y, strict=True)) | dict(zip(_others(system, components), u, strict=True))
    return unravel(jnp.stack([parts[i] for i in range(len(parts))]))


def _kept_box(system: AbstractSystem, components: tuple[int, ...]) -> Box | None:
    box = system.region()
    return None if box is None else Box(_kept(box.low, components), _kept(box.high, components))
