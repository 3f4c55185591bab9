"""Branches of orbits through resets of a diagram: from runs at some values of the parameter, and their doublings."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ...systems import AbstractHybrid, Constant
from ..cycles import HybridOrbit, hybrid_orbit
from ..cycles._passages import Passages
from ..cycles._pieces import course
from ._agreement import AGREEMENTS, agreement_of, pieces
from ._branches import Array, Branch, SpecialPoint
from ._diagram import BifurcationDiagram, with_branches
from ._equilibria import Equilibria
from ._hybrid_branch import both_ways, one_branch
from ._hybrid_walk import HALVED, LONG, HybridContinuation, HybridWalk, Point, Track, doubled, walked

#: Events in a period that are followed at most, and where a multiplier is so large that doublings are left out.
_EVENTS, _WILD = 16, 30.0
#: Branches of orbits through resets at most.
_MOST = 24
#: So near, as a share of the window and of the states, is an equilibrium at which the period becomes infinite.
_BESIDE, _NEAR = 0.02, 0.1
#: So near to a period doubling, in the same units, does a branch lead back to it.
_JOINED = 0.1
#: Said of the end of a branch that is a special point.
_BORN = "The branch begins here."


def with_spikes(
    diagram: BifurcationDiagram, problem: Equilibria, values: Array, *, method: HybridContinuation, doublings: int
) -> BifurcationDiagram:
    """The diagram with the orbits through resets on which runs settle at some values of the parameter.

    Args:
        diagram: The equilibria, and the cycles between resets.
        problem: The system with its free parameter.
        values: Where the parameter is for the runs.
        method: How orbits are followed.
        doublings: Generations of doubled orbits that are followed.
    """
    gathered = _Gathered(diagram, problem, method, doublings)
    for value in values:
        gathered.look(float(value))
    return gathered.result()


class _Doubling(NamedTuple):
    """A period doubling whose doubled orbit waits to be followed."""

    point: Point
    passages: Passages
    number: int
    generation: int


@dataclasses.dataclass
class _Gathered:
    """Branches of orbits as they are found, numbered behind those of the diagram.

    `sources` holds the period doublings, `reached` those whose doubled orbits are known, and `loose` the branches that
    have led back to a doubling which was not known then: branch, side, last point.
    """

    diagram: BifurcationDiagram
    problem: Equilibria
    method: HybridContinuation
    doublings: int
    branches: list[Branch] = dataclasses.field(default_factory=list)
    points: list[SpecialPoint] = dataclasses.field(default_factory=list)
    events: list[int] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    sources: dict[int, _Doubling] = dataclasses.field(default_factory=dict)
    reached: set[int] = dataclasses.field(default_factory=set)
    loose: list[tuple[int, int, Point]] = dataclasses.field(default_factory=list)

    @property
    def system(self) -> AbstractHybrid:
        system: Any = self.problem.frozen.system
        return system

    def result(self) -> BifurcationDiagram:
        """The diagram with what was found."""
        found = with_branches(self.diagram, self.branches, self.points, self.notes)
        counts = [0] * len(self.diagram.kinds) + self.events
        return dataclasses.replace(found, settings={**found.settings, "events": counts})

    def look(self, value: float) -> None:
        """Follow the orbit on which a run settles at `value`, unless a branch holds it already."""
        frozen = self.problem.frozen
        moved, u = self.problem.free.at(self.system, frozen.u, value)
        system: Any = moved
        inputs = None if u is None else Constant(u)
        orbit = hybrid_orbit(system, inputs=inputs, throw=False)
        if not orbit.successful or self._known(orbit, value):
            return
        if len(orbit.intervals) > _EVENTS or len(self.branches) >= _MOST:
            self._note(f"An orbit with {len(orbit.intervals)} events in a period was left out.")
            return
        shortest = min((float(b.period.min()) for b in self.branches), default=np.inf)
        back, forth = both_ways(
            system, orbit, self.problem.free, value, self.diagram.window, inputs=inputs, method=self.method,
            shortest=shortest * len(orbit.intervals),
        )  # fmt: skip
        waiting = self._kept(back, forth, -1, 0)
        while waiting:
            one = waiting.pop(0)
            if len(self.branches) >= _MOST:
                self._note(f"More than {_MOST} branches of orbits through resets: the rest was left out.")
                return
            if one.number not in self.reached:
                waiting += self._doubled(one)

    def _note(self, text: str) -> None:
        self.notes += [text] if text not in self.notes else []

    def _known(self, orbit: HybridOrbit, value: float) -> bool:
        """Whether a branch with as many events holds the orbit."""
        same = [b for b, n in zip(self.branches, self.events, strict=True) if n == len(orbit.intervals)]
        extent = orbit.states.min(axis=0), orbit.states.max(axis=0)
        width, window = np.asarray(self.problem.scale), float(self.problem.width)
        word = agreement_of(same, value, extent, behaviour="periodic", source=-1, width=width, window=window)
        return AGREEMENTS[word] == "agrees"

    def _doubled(self, one: _Doubling) -> list[_Doubling]:
        """Follow the doubled orbit that is born at a period doubling."""
        begin = doubled(one.point, one.passages, self.diagram.window)
        if begin is None:
            self._note(f"The doubled orbit at {one.point.value:.6g} could not be followed.")
            return []
        track, first = begin
        forth = walked(track, first, method=self.method)
        return self._kept(_twice(one.point, track), forth, one.number, one.generation)

    def _kept(self, back: HybridWalk, forth: HybridWalk, origin: int, generation: int) -> list[_Doubling]:
        """Write down a branch; return the doublings on it."""
        number, offset = len(self.diagram.kinds) + len(self.branches), len(self.diagram.types) + len(self.points)
        branch, special = one_branch(back, forth, number=number, offset=offset, origin=origin)
        found = []
        for walk in (back, forth):
            places = {walk.points[i].value: walk.points[i] for i, kind in walk.special.items() if "doubling" in kind}
            for i, point in enumerate(special):
                at = places.get(point.parameter)
                if at is None or point.type != "period doubling":
                    continue
                one = _Doubling(at, walk.passages, offset + i, generation + 1)
                self.sources[offset + i] = one
                self._met(one)
                wild = np.max(np.abs(np.delete(at.multipliers, np.argmin(np.abs(at.multipliers - 1))))) > _WILD
                if generation < self.doublings and 2 * at.events <= _EVENTS and not wild:
                    found.append(one)
        for side, walk in enumerate((back, forth)):
            if walk.end == LONG:
                branch, more = self._endless(branch, walk, side, number, offset + len(special))
                special = [*special, more]
            if walk.end == HALVED:
                branch = self._halved(branch, walk, side)
        self.branches.append(branch)
        self.points += special
        self.events.append(forth.points[0].events)
        return found

    def _halved(self, branch: Branch, walk: HybridWalk, side: int) -> Branch:
        """The branch up to the period doubling to which it has led back."""
        last = walk.points[-1]
        near = [i for i, s in self.sources.items() if i != branch.origin and self._joins(s.point, last)]
        if not near:
            self.loose.append((len(self.branches), side, last))
            return branch
        self.reached.update(near)
        return _lengthened(branch, side, _as_row(self.sources[near[0]].point, 2), -1)

    def _met(self, one: _Doubling) -> None:
        """Join to a period doubling the branch that has led back to it."""
        for index, side, last in self.loose:
            if self._joins(one.point, last):
                self.reached.add(one.number)
                branch = _lengthened(self.branches[index], side, _as_row(one.point, 2), -1)
                origin = one.number if branch.origin < 0 else branch.origin
                self.branches[index] = dataclasses.replace(branch, origin=origin)

    def _joins(self, point: Point, last: Point) -> bool:
        """Whether a branch that ends at `last` leads to the period doubling at `point`."""
        if 2 * point.events != last.events:
            return False
        scale = np.asarray(self.problem.scale)
        apart = np.max(np.maximum(np.abs(last.low - point.low), np.abs(last.high - point.high)) / scale)
        return max(float(apart), abs(point.value - last.value) / float(self.problem.width)) < _JOINED

    def _endless(
        self, branch: Branch, walk: HybridWalk, side: int, number: int, place: int
    ) -> tuple[Branch, SpecialPoint]:
        """The branch up to where its period is infinite, and that point."""
        last = walk.points[-1]
        kind, parameter, error, state = self._limit(walk)
        row = {"parameter": parameter, "states": last.starts[0], "low": last.low, "high": last.high}
        row |= {"period": np.inf, "eigenvalues": last.multipliers}
        point = SpecialPoint(
            type=kind, branch=number, parameter=parameter, error=error, state=state, eigenvalues=last.multipliers,
            period=np.inf, coefficient=np.nan, criticality="",
        )  # fmt: skip
        return _lengthened(branch, side, row, place), point

    def _limit(self, walk: HybridWalk) -> tuple[str, float, float, Array]:
        """What makes the period infinite: its type, where, the error of that, and the state where the orbit lingers."""
        last, before = walk.points[-1], walk.points[-2]
        slow = _slowest(walk.passages, last)
        scale, window = np.asarray(self.problem.scale), float(self.problem.width)
        rest = [b for b in self.diagram.branches if b.kind == "equilibrium"]
        beside = [p for p in pieces(rest, last.value, 0.0) if np.max(np.abs(p.state - slow) / scale) < _NEAR]
        if not beside:
            ahead = [
                p
                for p in self.diagram.points
                if p.type in ("fold", "boundary equilibrium")
                and abs(p.parameter - last.value) < _BESIDE * window
                and np.max(np.abs(p.state - slow) / scale) < _NEAR
            ]
            if ahead:
                point = min(ahead, key=lambda p: abs(p.parameter - last.value))
                kind = "fold on an invariant circle" if point.type == "fold" else "infinite period"
                return kind, point.parameter, point.error, point.state
        kind = "homoclinic" if beside else "infinite period"
        return kind, last.value, abs(last.value - before.value), slow


def _slowest(passages: Passages, point: Point) -> Array:
    """The state of the orbit at which it moves slowest."""
    nodes = np.asarray(course(passages, point.starts, point.times, point.value).nodes)
    flat = nodes.reshape(-1, nodes.shape[-1])
    pace = [np.asarray(passages.velocity(jnp.asarray(y), point.value)) / np.asarray(passages.scale) for y in flat]
    return flat[int(np.argmin(np.linalg.norm(pace, axis=1)))]


def _as_row(point: Point, times: int) -> dict[str, Any]:
    """A point as a row of a branch whose period is so many times its own."""
    return {
        "parameter": point.value,
        "states": point.starts[0],
        "low": point.low,
        "high": point.high,
        "period": times * point.times.sum(),
        "eigenvalues": np.asarray(point.multipliers) ** times,
    }


def _lengthened(branch: Branch, side: int, row: dict[str, Any], special: int) -> Branch:
    """The branch with one more row at its first (0) or last (1) end."""
    end = 0 if side == 0 else len(branch)
    rows = row | {"special": special, "unstable": branch.unstable[-side]}
    columns = {name: np.insert(getattr(branch, name), end, value, axis=0) for name, value in rows.items()}
    return dataclasses.replace(branch, **columns)


def _twice(point: Point, track: Track) -> HybridWalk:
    """A period doubling as the way back of the branch that is born there."""
    seen = point._replace(
        starts=np.tile(point.starts, (2, 1)),
        times=np.tile(point.times, 2),
        begins=np.concatenate([point.begins, point.begins + len(point.times)]),
        multipliers=point.multipliers**2,
    )
    return HybridWalk([seen, seen], {}, {}, _BORN, track.passages)
