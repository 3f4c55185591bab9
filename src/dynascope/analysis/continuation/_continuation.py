"""Attractors and their shares for value after value of a parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...solve import fixed_solver, step_for
from ...systems import AbstractSystem, Box, Constant, default_input, kind
from .._as_map import as_map
from .._region import start_region
from ..attractors import AbstractFinder, Assigned, KnownAttractor, Recurrences, Stage
from ..basins import share_error
from ..basins._named import states_of
from ..basins._prepared import drawn, prepared
from ..bifurcation._free import FreeParameter, checked_range, free_parameter
from ._matching import Identities

#: States on each attractor that are kept, and those on a moving one that are followed to the next value.
_POINTS, _SEEDS = 64, 4
#: Random starts that look for new attractors at every value, before all others race.
_EXPLORERS = 24
#: Sets farther apart than this, in units of what the ensemble covers, are never one attractor.
_FURTHEST = 0.3
#: Values of the parameter, as shares of its range, on which step and scales are chosen.
_LOOK = (0.0, 0.5, 1.0)


class GlobalContinuation(AbstractResult):
    """The attractors of a system and their shares over the values of a parameter.

    Attractors are numbered in the order of their first appearance, and keep their number from value to value.

    Attributes:
        parameter_name: Name of the parameter.
        parameter_unit: Its unit.
        names: Names of the components.
        discrete: Whether the system is looked at from step to step (maps) or once per period (forced flows).
        starts: Number of random starts, the same ones at every value.
        values: Values of the parameter, in the order in which they were taken.
        shares: Share of the random starts that lead to each attractor; 0 where it is not.
        stderr: Its standard error: that of a binomial share with a uniform prior. The errors at neighbouring values are
            alike, since the starts are the same, so that differences between values are known better than that.
        present: Whether the attractor was found at that value.
        moving: Whether it moves there.
        points: Flattened states on it; not numbers where it is absent.
        unbounded: Share of the starts that grow without bound.
        unbounded_stderr: Its standard error.
        undecided: Share of the starts of which it could not be told where they lead.
    """

    parameter_name: str = eqx.field(static=True)
    parameter_unit: str = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    discrete: bool = eqx.field(static=True)
    starts: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    values: np.ndarray = output("value", doc="value of the parameter")
    shares: np.ndarray = output("value", "attractor", doc="share of random starts")
    stderr: np.ndarray = output("value", "attractor", doc="standard error of the share")
    present: np.ndarray = output("value", "attractor", doc="whether the attractor was found")
    moving: np.ndarray = output("value", "attractor", doc="whether the state keeps moving there")
    points: np.ndarray = output("value", "attractor", "point", "component", doc="states on each attractor")
    unbounded: np.ndarray = output("value", doc="share of starts that diverge")
    unbounded_stderr: np.ndarray = output("value", doc="standard error of the share that diverges")
    undecided: np.ndarray = output("value", doc="share of starts that could not be decided")

    def __len__(self) -> int:
        """Number of attractors found at any value."""
        return self.shares.shape[1]

    def span(self, attractor: int) -> tuple[float, float]:
        """Least and greatest value of the parameter at which an attractor was found."""
        there = self.values[self.present[:, attractor]]
        return float(there.min()), float(there.max())

    def summary(self) -> str:
        """Where each attractor exists, and its shares there."""
        lines = [
            f"{len(self)} attractor(s) over {len(self.values)} values of {self.parameter_name} from {self.values[0]:g} "
            f"to {self.values[-1]:g}, {self.starts} starts each."
        ]
        for i in range(min(len(self), 12)):
            here = self.present[:, i]
            shares, (low, high) = self.shares[here, i], self.span(i)
            lines.append(
                f"  {i + 1}: from {low:.5g} to {high:.5g} ({int(here.sum())} values), share {shares.min():.3f} to "
                f"{shares.max():.3f}, error at most {self.stderr[here, i].max():.3f}."
            )
        if len(self) > 12:
            lines.append(f"  and {len(self) - 12} more.")
        if np.any(self.unbounded > 0):
            lines.append(f"  Up to {self.unbounded.max():.3f} of the starts diverge.")
        if np.any(self.undecided > 0):
            lines.append(f"  Up to {self.undecided.max():.3f} of the starts are undecided.")
        return "\n".join(lines)


def global_continuation(
    system: AbstractSystem,
    parameter: str,
    values: ArrayLike,
    *,
    region: Box | None = None,
    starts: int = 1000,
    finder: AbstractFinder | None = None,
    furthest: float = _FURTHEST,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> GlobalContinuation:
    """Attractors and the shares of the starts that they attract, for one value of a parameter after another.

    At every value, states on the attractors of the value before and some random starts look for attractors; then all
    random starts race towards them, and those that arrive nowhere look for more. Since a parameter is an array, the
    programs that were compiled for the first value serve all. An attractor is the same as one of the value before if
    the states of that one lead to it and to no nearer one; the sets must not be farther apart than `furthest`. One
    that comes back at its old place gets its old number.

    Args:
        system: Any system; see `basin_shares`.
        parameter: Name of the parameter, `w[2,3]` for an entry of an array, `input` or `input[0]` for an input level.
        values: Values of the parameter, in the order in which they are taken.
        region: Box of starts; None takes the system's own, else that of a pilot run at its present parameters.
        starts: Number of random starts.
        finder: How to find attractors; None takes `Recurrences()`.
        furthest: Largest distance of two sets that may be one attractor, in units of what the ensemble covers.
        inputs: Input signal of a driven system, the same for all starts.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)` at the value where its step is shortest.

    Returns:
        A `GlobalContinuation` result; its code is `not_converged` if some starts were undecided.

    Raises:
        InputError: For an unknown parameter, values that are not numbers or not allowed, or no starts.

    Reference:
        Datseris, Luiz Rossi & Wagemakers (2023), Framework for global stability analysis of dynamical systems, Chaos
        33, 073151, for seeding from value to value; the race, the matching and the errors are our own.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp
        >>> wells = ds.flow(lambda t, y, p: p["r"] * y - y**3, [0.5], parameters={"r": 1.0}, names="x")
        >>> line = ds.Box(jnp.array([-2.0]), jnp.array([2.0]))
        >>> found = global_continuation(wells, "p.r", [-1.0, -0.5, 0.5, 1.0], region=line, starts=200)
        >>> found.present.sum(axis=1).tolist()
        [1, 1, 2, 2]
    """
    levels = np.atleast_1d(np.asarray(values, float))
    if levels.ndim != 1 or starts < 1:
        raise InputError(
            f"`values` must be numbers in one row and `starts` at least 1, got the shape {levels.shape} and {starts}."
        )
    free = _free(system, parameter, levels)
    key = key if key is not None else jax.random.key(0)
    finder = finder if finder is not None else Recurrences()
    of_stage, of_starts, of_finder = jax.random.split(key, 3)
    family, box, source = _family(system, free, levels, region=region, inputs=inputs, key=of_stage, solver=solver)
    random = drawn(box, of_starts, starts, family.stage.variables)
    identities, numbers, steps = Identities(), np.zeros(0, int), 0
    before: tuple[KnownAttractor, ...] = ()
    rows: list[_Row] = []
    for n, value in enumerate(levels):
        found, seeded = _found(finder, family.at(float(value)), before, random, jax.random.fold_in(of_finder, n))
        sets = tuple(a.points for a in found.known)
        fates = np.zeros((len(identities.sets), len(sets)))
        for i, seen in zip(numbers, seeded, strict=True):
            fates[i] = [np.mean(seen == j) for j in range(len(sets))]
        identities, numbers = identities.followed(sets, fates, furthest=furthest)
        rows.append(_Row(found.known, found.labels, numbers))
        before, steps = found.known, steps + found.steps
    lost = np.array([np.sum(row.labels == -1) for row in rows])
    unsure = np.array([np.mean(row.labels == -2) for row in rows])
    return GlobalContinuation(
        parameter_name=free.name,
        parameter_unit=free.unit(system),
        names=tuple(v.name for v in family.stage.variables),
        discrete=family.stage.iterated or family.stage.unit > 1,
        starts=starts,
        result=RESULTS.successful if not unsure.any() else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            parameter=parameter,
            finder=type(finder).__name__,
            region=source,
            furthest=furthest,
            solver_steps=steps,
            seed=seed_of(key),
        ),
        values=levels,
        unbounded=lost / starts,
        unbounded_stderr=share_error(lost, starts),
        undecided=unsure,
        **_tables(rows, len(identities.sets), family.stage, starts),
    )


class _Row(NamedTuple):
    """What was found at one value: the attractors, the labels of the random starts, the identities."""

    known: tuple[KnownAttractor, ...]
    labels: np.ndarray
    numbers: np.ndarray


class _Family(eqx.Module):
    """One system for every value of its parameter, looked at through the same lens at the same step.

    Attributes:
        stage: The stage at one value.
        system: The system.
        free: Its parameter.
        inputs: Its input.
        solver: Its solver; of forced flows at the step of the stage.
        key: Random key of its noise.
    """

    stage: Stage
    system: AbstractSystem
    free: FreeParameter
    inputs: Any
    solver: Any
    key: Key

    def at(self, value: float) -> Stage:
        """The stage at a value of the parameter."""
        there, inputs = changed(self.system, self.free, self.inputs, value)
        solver, period = self.solver, there.forcing_period()
        if self.stage.unit > 1 and period is not None:
            if solver is None and round(float(period)) != self.stage.unit:
                raise InputError(
                    f"`{self.free.name}` changes the period of the forcing of a map. Vary another parameter."
                )
            if solver is not None:
                solver = eqx.tree_at(lambda s: s.dt, solver, jnp.asarray(float(period) / self.stage.unit))
        stepped = as_map(there, None, inputs=inputs, key=self.key, solver=solver)
        return eqx.tree_at(lambda s: s.stepped, self.stage, stepped)


def changed(system: AbstractSystem, free: FreeParameter, inputs: Any, value: float) -> tuple[AbstractSystem, Any]:
    """The system and its input with the parameter at `value`."""
    if free.field is not None:
        return free.at(system, None, value)[0], inputs
    return system, Constant(free.at(system, default_input(system), value)[1])


def _free(system: AbstractSystem, parameter: str, levels: np.ndarray) -> FreeParameter:
    """The parameter, after its values were checked."""
    free = free_parameter(system, parameter, default_input(system))
    if not np.all(np.isfinite(levels)):
        raise InputError(f"The values of `{parameter}` must be finite numbers, got {levels}.")
    if np.ptp(levels) > 0:
        checked_range(system, free, float(levels.min()), float(levels.max()))
    return free


def _family(
    system: AbstractSystem,
    free: FreeParameter,
    levels: np.ndarray,
    *,
    region: Box | None,
    inputs: Any,
    key: Key,
    solver: Any,
) -> tuple[_Family, Box, str]:
    """The family, the box of starts and where that comes from."""
    of_box, of_stage, of_noise = jax.random.split(key, 3)
    box, source = start_region(system, region, inputs=inputs, key=of_box)
    looks = [float(levels.min() + share * np.ptp(levels)) for share in _LOOK]
    some = [changed(system, free, inputs, value) for value in looks]
    if solver is None and kind(system) not in ("map", "random map"):
        solver = fixed_solver(min((there for there, _ in some), key=lambda there: float(step_for(there))))
    middle, input_ = some[len(some) // 2]
    stage, _, _ = prepared(middle, box, inputs=input_, key=of_stage, solver=solver)
    if stage.unit > 1:
        solver = stage.stepped.solver
    return _Family(stage, system, free, inputs, solver, of_noise), box, source


def _found(
    finder: AbstractFinder, stage: Stage, before: tuple[KnownAttractor, ...], random: np.ndarray, key: Key
) -> tuple[Assigned, list[np.ndarray]]:
    """Where the random starts lead, and for each attractor of the value before, where states on it lead."""
    seeds = [a.states[:: max(1, len(a.states) // _SEEDS)][:_SEEDS] if a.moving else a.states[:1] for a in before]
    ends = np.cumsum([len(s) for s in seeds], dtype=int)
    of_seeds, of_rest = jax.random.split(key)
    first = finder.assigned(stage, np.concatenate([*seeds, random[:_EXPLORERS]]), key=of_seeds)
    rest = finder.assigned(stage, random[_EXPLORERS:], first.known, key=of_rest) if len(random) > _EXPLORERS else None
    seeded = np.split(first.labels, ends) if len(ends) else [first.labels]
    if rest is None:
        return Assigned(seeded[-1], first.times, first.known, first.steps), seeded[:-1]
    labels = np.concatenate([seeded[-1], rest.labels])
    return Assigned(labels, first.times, rest.known, first.steps + rest.steps), seeded[:-1]


def _tables(rows: list[_Row], count: int, stage: Stage, starts: int) -> dict[str, np.ndarray]:
    """Shares, errors, presence, motion and states by value and attractor."""
    size = (len(rows), count)
    counts, present, moving = np.zeros(size, int), np.zeros(size, bool), np.zeros(size, bool)
    points = np.full((*size, _POINTS, len(stage.variables)), np.nan)
    for n, row in enumerate(rows):
        states = states_of(row.known, stage, count=_POINTS)
        for j, i in enumerate(row.numbers):
            counts[n, i], present[n, i] = np.sum(row.labels == j), True
            moving[n, i], points[n, i] = row.known[j].moving, states[j]
    return {
        "shares": counts / starts,
        "stderr": share_error(counts, starts),
        "present": present,
        "moving": moving,
        "points": points,
    }
