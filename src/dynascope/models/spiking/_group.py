"""Neurons that are stepped together, and the state of a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import setting
from ..._types import Time
from ...systems import Variable
from ._cells import AbstractCells, Parts
from ._learning import LearningState
from ._receptors import decay


class Group(eqx.Module):
    """Neurons of one kind that are stepped together: one population, or several that share all parameters.

    Attributes:
        cells: Their kind and its parameters.
        start: Initial values of their variables, each of shape `(n,)`.
        start_synapses: Initial values of all receptors, one after the other, shape `(receptor * n,)`.
        size: Their number.
    """

    cells: AbstractCells
    start: tuple[jax.Array, ...]
    start_synapses: jax.Array
    size: int = setting(doc="number of neurons")


class SpikingState(NamedTuple):
    """State of a network; parts that it does not have are empty.

    Attributes:
        cells: Variables of each group, each of shape `(n,)`.
        synapses: What is left of the weights that arrived, of all receptors of all groups, shape `(slots,)`; a
            current or conductance is that times the gain of its receptor.
        clocks: Steps until each neuron listens again, plus one; shape `(n,)` for each group.
        arriving: What is on its way: row `(m mod depth)` of `(depth, slots)` arrives before step m; flat, and empty
            where no synapse has a delay.
        learning: Weights that learn, and traces.
    """

    cells: tuple[Parts, ...]
    synapses: jax.Array
    clocks: tuple[jax.Array, ...]
    arriving: jax.Array
    learning: tuple[LearningState, ...]


def type_of(groups: tuple[Group, ...]) -> Any:
    """The floating type of the states."""
    leaves = [leaf for leaf in jax.tree.leaves([group.start for group in groups]) if eqx.is_inexact_array(leaf)]
    rates = [group.cells.refractory for group in groups]
    return jnp.asarray((leaves or rates)[0]).dtype


def width(groups: tuple[Group, ...]) -> int:
    """Number of slots where spikes arrive: one per receptor and neuron."""
    return sum(group.size * len(group.cells.receptors) for group in groups)


def pause(group: Group, dt: float) -> jax.Array:
    """The refractory time in steps."""
    return jnp.round(group.cells.refractory / dt)


def taken(n: Time, ring: jax.Array, depth: int) -> tuple[jax.Array, jax.Array]:
    """What arrives at the end of step `n`, and the ring without it.

    The ring is read once, after it was filled: a row that is read earlier, by all that needs it, costs a copy of all.
    """
    size = ring.size // depth
    place = (((jnp.asarray(n, jnp.int32) + 1) % depth) * size,)
    arrived = jax.lax.dynamic_slice(ring, place, (size,))
    return arrived, jax.lax.dynamic_update_slice(ring, jnp.zeros_like(arrived), place)


def stepped(
    group: Group, state: tuple[Parts, jax.Array], arrived: list[jax.Array], extra: Mapping[str, Any], **step: Any
) -> tuple[Parts, jax.Array, list[jax.Array], jax.Array]:
    """One group after one step: variables, clocks, what is left of what arrived, and who fired."""
    x, clock = state
    cells, dt = group.cells, step["dt"]
    now = [s + extra[one.name] if one.name in extra else s for one, s in zip(cells.receptors, arrived, strict=True)]
    felt = tuple(one.gain * s for one, s in zip(cells.receptors, now, strict=True))
    busy = clock > 1.5
    x, fired = cells.advance(x, felt, step["drive"], dt=dt, busy=busy, w=step["noise"])
    x = cells.reset(x, fired)
    deaf = pause(group, dt).astype(clock.dtype)
    clock = jnp.where(fired, deaf + 1.0, jnp.maximum(clock - 1.0, 0.0))
    return x, clock, [s * decay(one, dt) for one, s in zip(cells.receptors, now, strict=True)], fired


def spread(u: Any, populations: Sequence[tuple[str, int]], groups: Sequence[Group], g: int) -> jax.Array:
    """The input of each neuron of group `g`, from one channel per population."""
    before = sum(group.size for group in groups[:g])
    parts, at = [], 0
    for k, (_, size) in enumerate(populations):
        if before <= at < before + groups[g].size:
            parts.append((u[k], size))
        at += size
    if len(parts) == 1:
        return parts[0][0]
    return jnp.concatenate([jnp.broadcast_to(value, (size,)) for value, size in parts])


def place_of(populations: Sequence[tuple[str, int]], groups: Sequence[Group], name: str) -> tuple[int, int, int]:
    """The group of a population, its first neuron there, and the first after it; the population exists."""
    at = sum(size for _, size in populations[: [n for n, _ in populations].index(name)])
    size = dict(populations)[name]
    for g, group in enumerate(groups):
        if at < group.size:
            return g, at, at + size
        at -= group.size
    raise AssertionError(name)


def renamed(variable: Variable, name: str) -> Variable:
    """The same variable under another name."""
    return dataclasses.replace(variable, name=name)
