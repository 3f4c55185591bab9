"""From populations and projections as a user names them to the arrays of a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import check_bounds
from ..._random import generator_of
from ..._types import Key
from ..synapses import AbstractPlasticity
from ._cells import AbstractCells
from ._group import Group
from ._learning import Homeostasis, Learning
from ._patterns import AbstractPattern, Pairs
from ._quantity import in_unit, numbers
from ._receptors import AbstractReceptor, ConductanceReceptor, DeltaReceptor, lasting
from ._sources import AbstractBackground, PoissonInput, RecordedCells
from ._table import LONGEST, Synapses, columns, table

#: What the parts of a projection can be, in words for messages.
_EXAMPLES = {
    "pattern": "one of `FixedProbability`, `FixedInDegree`, `DistanceDependent`, `AllPairs`, `OneToOne`, `Edges`, or "
    "for a matrix `Edges.of(matrix)`",
    "plasticity": "`PairSTDP`, `TripletSTDP` or None",
    "homeostasis": "`Homeostasis` or None",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind under one name.

    Args:
        name: The name by which projections find it.
        size: Number of neurons.
        cells: Their kind and its parameters.
        start: Initial values by name of the variable or receptor: a number, an array, `UniformDraw` or `NormalDraw`;
            where not given, variables start at rest and currents and conductances at 0.

    Raises:
        InputError: If the size is not positive, the cells are none, or a parameter of theirs is out of bounds.
    """

    name: str
    size: int
    cells: AbstractCells
    start: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int | np.integer) or self.size < 1:
            raise InputError(f"`size` of population `{self.name}` must be a whole number from 1 on, got {self.size!r}.")
        if not isinstance(self.cells, AbstractCells):
            raise InputError(
                f"`cells` of population `{self.name}` must be neurons for networks, such as `LeakyCells(...)`, got "
                f"`{type(self.cells).__name__}`. Give a neuron of the catalogue as `CatalogueCells(neuron, receptors)`."
            )
        if isinstance(self.cells, RecordedCells) and self.size != self.cells.count:
            raise InputError(
                f"Population `{self.name}` has {self.size} sources, but {self.cells.count} recorded trains. Give one "
                "each."
            )
        check_bounds(self.cells, self.name)


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population to another.

    Weights and delays are a number, a number with a unit as text (`"1.5 ms"`), `UniformDraw`, `NormalDraw`, an array in
    the order of `Edges`, or a function of the arrays of sources and targets (so that delays may depend on distance).

    Args:
        pre: Name of the population that sends.
        post: Name of the population that receives.
        pattern: Which pairs are joined.
        receptor: Name of the receptor that spikes reach.
        weight: Weights, in the unit of the receptor.
        delay: Delays, ms; rounded to steps.
        plasticity: `PairSTDP` or `TripletSTDP`, or None.
        homeostasis: `Homeostasis`, or None.

    Raises:
        InputError: If a part is of another kind, or a parameter of it is out of bounds.
    """

    pre: str
    post: str
    pattern: AbstractPattern
    receptor: str
    weight: Any = 1.0
    delay: Any = 0.0
    plasticity: AbstractPlasticity | None = None
    homeostasis: Homeostasis | None = None

    def __post_init__(self) -> None:
        name = f"the projection from {self.pre} to {self.post}"
        kinds = (("pattern", AbstractPattern), ("plasticity", AbstractPlasticity), ("homeostasis", Homeostasis))
        for field, wanted in kinds:
            part = getattr(self, field)
            if part is None and field != "pattern":
                continue
            if not isinstance(part, wanted):
                raise InputError(f"`{field}` of {name} must be {_EXAMPLES[field]}, got `{type(part).__name__}`.")
            check_bounds(part, field)


def assembled(
    populations: Sequence[Population],
    projections: Sequence[Projection],
    background: Sequence[AbstractBackground],
    *,
    dt: Any,
    key: Key,
    weight_type: Any = jnp.float32,
) -> dict[str, Any]:
    """The fields of a network.

    Raises:
        InputError: If names, shapes or units do not fit.
    """
    dt = float(in_unit(dt, "ms", name="dt"))
    if not dt > 0:
        raise InputError(f"`dt` must be positive, got {dt} ms.")
    generator = generator_of(key)
    _check_names(populations)
    _check_recorded(populations, dt)
    named = tuple((one.name, int(one.size)) for one in populations)
    member = _memberships(populations)
    joined = [[p for p, g in zip(populations, member, strict=True) if g == k] for k in range(member[-1] + 1)]
    groups = tuple(_group(members, generator) for members in joined)
    size = sum(count for _, count in named)
    fixed: list[tuple[int, Pairs, np.ndarray, np.ndarray, np.ndarray]] = []
    learning: list[Learning] = []
    for one in projections:
        low, _ = span_of(named, one.pre)
        pairs, slot, weights, waits = _drawn(one, populations, groups, dt, generator)
        slots = pairs.targets + np.int32(slot)
        if one.plasticity is None and one.homeostasis is None:
            fixed.append((low, pairs, slots, weights.astype(weight_type), waits))
        else:
            # The weights of now are in the state: a start that all share is kept once.
            _check_start(one, weights)
            begin = weights[:1] if weights.size and np.all(weights == weights[0]) else weights
            synapses = table(pairs.counts, slots, begin.astype(weight_type), waits)
            learning.append(_learning(one, synapses, named, slot))
    synapses = _merged(fixed, size, weight_type)
    tables = [synapses, *(one.synapses for one in learning)]
    longest = max(int(one.waits.max(initial=0)) for one in tables)
    return {
        "groups": groups,
        "synapses": synapses,
        "learning": tuple(learning),
        "background": tuple(_checked_background(one, populations, dt) for one in background),
        "populations": named,
        "dt": dt,
        "depth": longest + 1,
    }


def span_of(populations: Sequence[tuple[str, int]], name: str) -> tuple[int, int]:
    """The first unit of a population, and the first after it.

    Raises:
        InputError: If there is none of that name.
    """
    at = 0
    for known, size in populations:
        if known == name:
            return at, at + size
        at += size
    raise InputError(f"There is no population `{name}`. There are {', '.join(f'`{n}`' for n, _ in populations)}.")


def _check_names(populations: Sequence[Population]) -> None:
    names = [one.name for one in populations]
    if not names:
        raise InputError("A network needs at least one population, got none.")
    if len(set(names)) < len(names):
        raise InputError(f"Populations must have different names, got {names}.")


def _check_recorded(populations: Sequence[Population], dt: float) -> None:
    for one in populations:
        if isinstance(one.cells, RecordedCells) and abs(one.cells.dt - dt) > 1e-9 * dt:
            raise InputError(
                f"The recorded trains of population `{one.name}` were put into steps of {one.cells.dt:g} ms, but the "
                f"network has steps of {dt:g} ms. Make both the same."
            )


def _memberships(populations: Sequence[Population]) -> list[int]:
    """The number of the group of each population: consecutive ones whose parameters are the same numbers share one."""
    found: list[int] = []
    for k, one in enumerate(populations):
        scalars = all(np.ndim(leaf) == 0 for leaf in jax.tree.leaves(one.cells) if eqx.is_array(leaf))
        same = k > 0 and scalars and bool(eqx.tree_equal(populations[k - 1].cells, one.cells))
        found.append(found[-1] if same else (found[-1] + 1 if found else 0))
    return found


def _group(members: list[Population], generator: np.random.Generator) -> Group:
    cells = members[0].cells
    kept = [cells.receptors[k].name for k in lasting(cells.receptors)]
    names = [one.name for one in cells.variables]
    size = sum(one.size for one in members)
    starts: dict[str, list[np.ndarray]] = {name: [] for name in (*names, *kept)}
    rest = dict(zip(names, cells.rest(), strict=True))
    for one in members:
        unknown = set(one.start) - set(starts)
        if unknown:
            raise InputError(
                f"`start` of population `{one.name}` names {', '.join(f'`{u}`' for u in sorted(unknown))}, but its "
                f"neurons have {', '.join(f'`{n}`' for n in starts) or 'no variables'}."
            )
        for name, found in starts.items():
            value = one.start.get(name, np.asarray(rest.get(name, 0.0)))
            found.append(
                numbers(value, (one.size,), generator, unit=_unit(cells, name), name=f"start of {one.name}: {name}")
            )
    at_rest, silent = {name: np.concatenate(starts[name]) for name in kept}, np.zeros(size)
    return Group(
        cells=cells,
        start=tuple(jnp.asarray(np.concatenate(starts[name])) for name in names),
        start_synapses=jnp.asarray(
            np.concatenate([np.zeros(0), *(at_rest.get(one.name, silent) for one in cells.receptors)])
        ),
        size=size,
    )


def _unit(cells: AbstractCells, name: str) -> str:
    """The unit of a variable, or of what arrives at a receptor."""
    for one in cells.variables:
        if one.name == name:
            return one.unit
    for one in cells.receptors:
        if one.name == name:
            if isinstance(one, DeltaReceptor):
                return "mV"
            conductance = "1" if cells.unit == "mV" else "uS" if cells.unit == "nA" else "nS"
            return conductance if isinstance(one, ConductanceReceptor) else cells.unit
    return "1"


def _receptor(cells: AbstractCells, name: str, population: str) -> tuple[int, AbstractReceptor]:
    for k, one in enumerate(cells.receptors):
        if one.name == name:
            return k, one
    known = ", ".join(f"`{one.name}`" for one in cells.receptors) or "none"
    raise InputError(f"Population `{population}` has no receptor `{name}`. It has: {known}.")


def _slot(populations: Sequence[Population], groups: Sequence[Group], post: int, receptor: int) -> int:
    """The slot where the first neuron of population `post` listens with that receptor."""
    member = _memberships(populations)
    group = member[post]
    base = sum(one.size * len(one.cells.receptors) for one in groups[:group])
    inside = sum(one.size for k, one in enumerate(populations) if member[k] == group and k < post)
    return base + receptor * groups[group].size + inside


def _drawn(
    one: Projection,
    populations: Sequence[Population],
    groups: Sequence[Group],
    dt: float,
    generator: np.random.Generator,
) -> tuple[Pairs, int, np.ndarray, np.ndarray]:
    """Pairs of a projection, the slot of its first target, weights, and steps that spikes wait."""
    named = tuple((p.name, int(p.size)) for p in populations)
    (low, high), (first, last) = span_of(named, one.pre), span_of(named, one.post)
    post = [p.name for p in populations].index(one.post)
    cells = populations[post].cells
    k, receptor = _receptor(cells, one.receptor, one.post)
    pairs = one.pattern.pairs(high - low, last - first, same=one.pre == one.post, generator=generator)
    name = f"of the projection from {one.pre} to {one.post}"
    given = one.weight if pairs.weights is None else pairs.weights
    weights = _per_edge(given, pairs, generator, unit=_unit(cells, one.receptor), name=f"weight {name}")
    delays = _per_edge(one.delay, pairs, generator, unit="ms", name=f"delay {name}")
    steps = np.round(delays / dt)
    # The kick of a delta receptor is felt at the end of the step in which it arrives.
    early = isinstance(receptor, DeltaReceptor)
    if steps.size and steps.min() < early:
        raise InputError(
            f"`delay {name}` must be at least {dt if early else 0:g} ms, got {delays.min():g} ms"
            + (": a `DeltaReceptor` needs one step." if early else ".")
        )
    if steps.size and steps.max() > LONGEST:
        raise InputError(f"`delay {name}` of {delays.max():g} ms is more than {LONGEST} steps. Use a longer `dt`.")
    return pairs, _slot(populations, groups, post, k), weights, (steps - early).astype(np.uint16)


def _per_edge(value: Any, pairs: Pairs, generator: np.random.Generator, *, unit: str, name: str) -> np.ndarray:
    """One number for each pair, in the order of the pairs."""
    shape = pairs.targets.shape
    if callable(value):
        sources = np.repeat(np.arange(pairs.counts.size), pairs.counts)
        value = value(sources, pairs.targets)
    elif pairs.order is not None and np.ndim(value) == 1 and value is not pairs.weights:
        value = np.asarray(value)[pairs.order] if np.shape(value) == shape else value
    return numbers(value, shape, generator, unit=unit, name=name)


def _merged(
    parts: Sequence[tuple[int, Pairs, np.ndarray, np.ndarray, np.ndarray]], size: int, weight_type: Any
) -> Synapses:
    """One table of all projections, sorted by source."""
    counts = np.zeros(size, np.int64)
    for low, pairs, *_ in parts:
        counts[low : low + pairs.counts.size] += pairs.counts
    total = int(counts.sum())
    slots, weights = np.zeros(total, np.int32), np.zeros(total, weight_type)
    same = {int(w) for *_, waits in parts if waits.size for w in (waits.min(), waits.max())}
    waits = np.full(min(total, 1), max(same, default=0)) if len(same) <= 1 else np.zeros(total, np.uint16)
    free = np.concatenate([[0], np.cumsum(counts)[:-1]]) if size else np.zeros(0, np.int64)
    for low, pairs, to, w, wait in parts:
        rows = np.arange(low, low + pairs.counts.size)
        begins = np.concatenate([[0], np.cumsum(pairs.counts)[:-1]])
        places = np.repeat(free[rows] - begins, pairs.counts) + np.arange(pairs.targets.size)
        slots[places], weights[places] = to, w
        if len(same) > 1:
            waits[places] = wait
        free[rows] += pairs.counts
    return table(counts, slots, weights, waits)


def _check_start(one: Projection, weights: np.ndarray) -> None:
    if one.plasticity is None:
        return
    most = float(np.max(np.asarray(one.plasticity.w_max)))
    if weights.size and not (weights.min() >= 0 and weights.max() <= most):
        raise InputError(
            f"Weights of the projection from {one.pre} to {one.post} learn between 0 and {most:g}, but start from "
            f"{weights.min():g} to {weights.max():g}. Give starts in that range, or a larger `w_max`."
        )


def _learning(one: Projection, synapses: Synapses, named: Sequence[tuple[str, int]], slot: int) -> Learning:
    """A projection that learns, its synapses sorted by target too where a rule at spikes needs to find them."""
    (low, high), (first, last) = span_of(named, one.pre), span_of(named, one.post)
    # Scaling alone acts on targets as a whole.
    targets = np.zeros(0, np.int32) if one.plasticity is None else np.asarray(synapses.slots) - slot
    return Learning(
        synapses=synapses,
        rule=one.plasticity,
        homeostasis=one.homeostasis,
        columns=columns(synapses, targets, last - first),
        pre=(low, high - low),
        post=(first, last - first),
        slot=slot,
    )


def _checked_background(one: AbstractBackground, populations: Sequence[Population], dt: float) -> AbstractBackground:
    """`one`, with the largest count it draws, if its names fit."""
    span_of(tuple((p.name, p.size) for p in populations), one.population)
    check_bounds(one, f"{type(one).__name__} of {one.population}")
    if not isinstance(one, PoissonInput):
        return one
    cells = next(p.cells for p in populations if p.name == one.population)
    _receptor(cells, one.name, one.population)
    return one if one.most is not None else dataclasses.replace(one, most=one.largest(dt))
