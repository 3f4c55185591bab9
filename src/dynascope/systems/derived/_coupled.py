"""Several systems joined through their inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Input, State, Time
from .._base import AbstractFlow, AbstractMap, AbstractSystem, Box, Variable, state_variables
from ._base import check_feed, check_kind
from ._driven import Rule


class CoupledFlow(AbstractFlow):
    """Flows driven by the states of all: dy_i/dt = f_i(t, y_i, u_i), u = coupling(t, y)."""

    systems: tuple[AbstractFlow, ...]
    coupling: Any

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _joined_variables(self.systems)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.systems[0].time_unit

    def initial_state(self) -> State:
        return tuple(s.initial_state() for s in self.systems)

    def region(self) -> Box | None:
        return _joined_region(self.systems)

    def typical_step(self) -> float | None:
        steps = [s.typical_step() for s in self.systems]
        known = [h for h in steps if h is not None]
        return min(known) if len(known) == len(steps) else None

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del u
        inputs = self.coupling(t, y)
        return tuple(s.vector_field(t, yi, ui) for s, yi, ui in zip(self.systems, y, inputs, strict=True))


class CoupledMap(AbstractMap):
    """Maps driven by the states of all: y_i' = step_i(n, y_i, u_i), u = coupling(n, y)."""

    systems: tuple[AbstractMap, ...]
    coupling: Any

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _joined_variables(self.systems)

    def initial_state(self) -> State:
        return tuple(s.initial_state() for s in self.systems)

    def region(self) -> Box | None:
        return _joined_region(self.systems)

    def step(self, n: Time, y: State, u: Input) -> State:
        del u
        inputs = self.coupling(n, y)
        return tuple(s.step(n, yi, ui) for s, yi, ui in zip(self.systems, y, inputs, strict=True))


def _joined_variables(systems: tuple[AbstractSystem, ...]) -> tuple[Variable, ...]:
    return tuple(
        dataclasses.replace(v, name=f"{v.name}_{i}") for i, s in enumerate(systems) for v in state_variables(s)
    )


def _joined_region(systems: tuple[AbstractSystem, ...]) -> Box | None:
    boxes = [box for s in systems if (box := s.region()) is not None]
    if len(boxes) < len(systems):
        return None
    return Box(tuple(b.low for b in boxes), tuple(b.high for b in boxes))


def coupled(systems: Sequence[AbstractSystem], coupling: Rule) -> AbstractSystem:
    """Several systems joined through their inputs, as one system whose state is the tuple of their states.

    Args:
        systems: Flows, or maps; all of one kind.
        coupling: `coupling(t, states) -> inputs`: one input per system from the tuple of all states; None for a
            system that takes no input.

    Raises:
        InputError: If the list is empty or mixes flows and maps, or if the inputs do not fit the systems.
    """
    if not systems:
        raise InputError("`coupled` got an empty list of systems. Give at least one.")
    kinds = {check_kind(s, ("flow", "map"), operation="coupled") for s in systems}
    states = tuple(s.initial_state() for s in systems)
    fed = jax.eval_shape(coupling, jnp.zeros((), int if kinds == {"map"} else float), states)
    if not isinstance(fed, tuple | list) or len(fed) != len(systems):
        raise InputError(f"`coupling` must return a tuple of {len(systems)} inputs, one per system.")
    for system, one in zip(systems, fed, strict=True):
        check_feed(system, one, operation="coupled")
    if kinds == {"flow"}:
        return CoupledFlow(tuple(systems), coupling)  # type: ignore[arg-type]
    if kinds == {"map"}:
        return CoupledMap(tuple(systems), coupling)  # type: ignore[arg-type]
    raise InputError("`coupled` got flows and maps together. Turn the flows into maps first (`TimeTMap`).")
