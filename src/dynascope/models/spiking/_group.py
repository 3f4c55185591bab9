"""Neurons that are stepped together, and the state of a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._bits import after
from ..._param import setting
from ..._types import Time
from ...systems import Variable
from ._cells import AbstractCells, Parts
from ._learning import LearningState
from ._receptors import decay

#: Most receptors whose decays are chosen by place.
_FEW = 8


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


def taken(n: Time, ring: jax.Array, left: jax.Array, depth: int, *readers: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`left` with what arrives at the end of step `n`, and the ring without it.

    The row is read after the ring was filled, and emptied after it and all `readers` were computed: else all rows were
    copied.
    """
    size = ring.size // depth
    place = ((jnp.asarray(n, jnp.int32) + 1) % depth) * size
    left = left + jax.lax.dynamic_slice(ring, (place,), (size,))
    return left, jax.lax.dynamic_update_slice(ring, after(jnp.zeros_like(left), left, *readers), (place,))


def stepped(
    group: Group, state: tuple[Parts, jax.Array], now: list[jax.Array], *, dt: float, drive: Any, noise: Any
) -> tuple[Parts, jax.Array]:
    """Variables and clocks of one group after one step, in which `now` is what its receptors hold."""
    x, clock = state
    cells = group.cells
    felt = tuple(one.gain * s for one, s in zip(cells.receptors, now, strict=True))
    x, fired = cells.advance(x, felt, drive, dt=dt, busy=clock > 1.5, w=noise)
    deaf = pause(group, dt).astype(clock.dtype)
    clock = jnp.where(fired, deaf + 1.0, jnp.maximum(clock - 1.0, 0.0))
    # Read from the clocks, who fired is not computed again from the potentials.
    return cells.reset(x, just_fired(group, clock, dt)), clock


def just_fired(group: Group, clock: jax.Array, dt: float) -> jax.Array:
    """Who fired in the last step."""
    return clock > pause(group, dt) + 0.5


def decays(groups: Sequence[Group], dt: float, like: Any) -> jax.Array:
    """What a step leaves of what each slot holds."""
    pairs = [(decay(one, dt), group.size) for group in groups for one in group.cells.receptors]
    if any(jnp.ndim(value) for value, _ in pairs) or len(pairs) > _FEW:
        return jnp.concatenate([jnp.broadcast_to(jnp.asarray(value, like), (size,)) for value, size in pairs])
    # A few numbers are chosen by place, which takes no memory.
    place, end = jax.lax.iota(jnp.int32, sum(size for _, size in pairs)), 0
    found = jnp.zeros(place.shape, like)
    for value, size in pairs:
        found = jnp.where(place >= end, jnp.asarray(value, like), found)
        end += size
    return found


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
