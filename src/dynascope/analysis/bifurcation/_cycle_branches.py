"""Branches of cycles of a diagram: from its Hopf points, their period doublings and branch points, or a known orbit."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._results import provenance
from ...systems import AbstractSystem, Constant, driving, kind, state_variables
from .._precision import require_64_bit
from ..cycles._find import rule_of
from ..cycles._gauss import lagrange_rows
from ..cycles._guess import Guess, forcing_of
from ..cycles._orbit import PeriodicOrbit
from ..cycles._rule import Rule
from ._branches import Branch, SpecialPoint
from ._cycle_forms import cycle_form
from ._cycle_problem import extent
from ._cycle_special import CycleFound
from ._cycle_starts import at_crossing, at_doubling, at_hopf, at_orbit
from ._cycle_walk import HALVED, SHRUNK, CycleContinuation, CycleRow, CycleWalk, walk
from ._diagram import BifurcationDiagram, tables, with_branches
from ._equilibria import Equilibria
from ._follow import ENDS
from ._free import checked_range, free_parameter
from ._normal_forms import forms_at

#: How special points of cycles are called in a diagram.
_CALLED = {"fold": "fold of cycles", "branch point": "branch point of cycles"}
#: A branch of cycles that shrinks to a point this near to a Hopf point, in the metric, ends there.
_NEAR = 0.1
#: Where a multiplier is larger than this, branches off a branch of cycles are not followed.
_WILD = 30.0
#: Said of the end of a branch that is a special point.
_BORN = "The branch begins here."
#: Branch points this near to each other, as a share of the window and of the period, are one.
_SAME = 1e-5
#: Branches of cycles at most.
_MOST = 32


class _Waiting(NamedTuple):
    """A branch to be followed: where it starts, the special point it comes from, its first row and its generation."""

    start: Any
    origin: int
    first: CycleRow | None
    generation: int
    both: bool


def with_cycles(
    diagram: BifurcationDiagram, problem: Equilibria, method: CycleContinuation, window: tuple[float, float]
) -> BifurcationDiagram:
    """The diagram of a flow's equilibria together with the cycles born at its Hopf points."""
    signal = None if problem.frozen.u is None else Constant(problem.frozen.u)
    scale, template = problem.scale, problem.frozen.template
    rule = Rule(problem.frozen.system, signal, template, scale, problem.free, None)
    places = {i: p for i, p in enumerate(diagram.points) if p.type == "hopf"}
    gathered = _Gathered(diagram, method, window, rule)
    with one_blas_thread():
        for number, point in places.items():
            if number in gathered.reached:
                continue
            vector, frequency = _critical(problem, point)
            start = at_hopf(rule, point.state, point.parameter, frequency, vector, method)
            gathered.follow([_Waiting(start, number, _of_hopf(point, frequency), 0, False)], places)
    return gathered.result()


def cycle_branch(
    system: AbstractSystem,
    parameter: str,
    low: float,
    high: float,
    *,
    orbit: PeriodicOrbit,
    inputs: Any = None,
    method: CycleContinuation | None = None,
) -> BifurcationDiagram:
    """The branch of cycles through a known orbit, both ways, with all that branches off it.

    For cycles that are born at no Hopf point in reach, and for forced flows, whose cycles keep the period of the drive.
    Folds, period doublings, Neimark-Sacker points and branch points are detected and located; at period doublings and
    branch points the new branches are followed too.

    Args:
        system: The flow, with the parameter at the value of the orbit.
        parameter: Name of the parameter, as in `bifurcations`.
        low: Least value of the parameter.
        high: Greatest value.
        orbit: From `periodic_orbit`.
        inputs: Input signal under which the orbit was found.
        method: `CycleContinuation(...)`.

    Returns:
        A `BifurcationDiagram` that holds only cycles.

    Raises:
        InputError: If the system is no flow, the orbit was not found, or the parameter or its range do not fit.

    Reference:
        Doedel, Keller and Kernevez (1991), Numerical analysis and control of bifurcation problems II, International
        Journal of Bifurcation and Chaos 1, 745-772.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.cycles import periodic_orbit
        >>> roessler = ds.build("roessler", a=0.2, b=0.2, c=2.0)
        >>> diagram = cycle_branch(roessler, "c", 2.0, 3.0, orbit=periodic_orbit(roessler))
        >>> [(p.type, round(p.parameter, 4)) for p in diagram.points]
        [('period doubling', 2.8324)]
    """
    require_64_bit("The continuation of cycles")
    method = CycleContinuation() if method is None else method
    if kind(system) != "flow" or not orbit.successful:
        raise InputError(
            f"`cycle_branch` needs a flow and an orbit that was found; `{type(system).__name__}` is a {kind(system)}, "
            f"and the orbit {'was found' if orbit.successful else 'was not'}."
        )
    signal = driving(system, inputs)
    free = free_parameter(system, parameter, signal.value if isinstance(signal, Constant) else None)
    low, high = checked_range(system, free, low, high)
    here = float(free.of(system, signal.value if isinstance(signal, Constant) else None))
    if not low <= here <= high:
        raise InputError(
            f"`{parameter}` is {here:g}, where the orbit was found; the range {low:g} to {high:g} misses it."
        )
    names = tuple(v.name for v in state_variables(system))
    settings = {name: getattr(method, name) for name in method.__dataclass_fields__}
    empty = BifurcationDiagram(
        parameter_name=free.name,
        parameter_unit=free.unit(system),
        window=(low, high),
        names=names,
        time_unit=system.time_unit,
        discrete=False,
        notes=(),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__, parameter=parameter, low=low, high=high, cycles=settings),
        **tables([], [], len(names)),
    )
    guess = Guess(orbit.times / orbit.period, orbit.states, orbit.period, "orbit")
    forcing = forcing_of(system, inputs, orbit.period)
    multiple = None if forcing is None else round(orbit.period / forcing)
    rule = rule_of(system, signal, guess, forcing=forcing, multiple=multiple, parameter=free)
    gathered = _Gathered(empty, method, (low, high), rule)
    with one_blas_thread():
        equations, z = at_orbit(rule, orbit, here, method)
        along = jnp.zeros_like(z).at[-1].set(1.0)
        gathered.follow([_Waiting((equations, z, along), -1, None, 0, True)], {})
    return gathered.result()


@dataclasses.dataclass
class _Gathered:
    """Branches of cycles and their special points as they are found, numbered behind those of the diagram.

    `sources` holds the cycle at each special point, `reached` the Hopf points at which branches have ended.
    """

    diagram: BifurcationDiagram
    method: CycleContinuation
    window: tuple[float, float]
    rule: Rule
    branches: list[Branch] = dataclasses.field(default_factory=list)
    points: list[SpecialPoint] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    sources: dict[int, CycleFound] = dataclasses.field(default_factory=dict)
    reached: set[int] = dataclasses.field(default_factory=set)

    def result(self) -> BifurcationDiagram:
        """The diagram with what was found."""
        return with_branches(self.diagram, self.branches, self.points, self.notes)

    def follow(self, waiting: list[_Waiting], hopfs: dict[int, SpecialPoint]) -> None:
        """Follow what waits, and what branches off it."""
        while waiting:
            if len(self.branches) >= _MOST:
                self._note(f"More than {_MOST} branches of cycles: the rest was left out.")
                return
            one = waiting.pop(0)
            if one.origin in self.reached and one.generation:
                continue  # a branch that has been followed ends there
            forth = self._walk(one, 1.0)
            back = self._walk(one, -1.0) if one.both and forth.end != ENDS[ENDS.closed] else None
            if len(forth.rows) < 2 and (back is None or len(back.rows) < 2):
                where = "the known orbit" if one.origin < 0 else f"special point {one.origin}"
                self._note(f"The branch of cycles at {where} could not be followed: {forth.end}")
                continue
            waiting += self._kept(one, forth, back, hopfs)

    def _note(self, text: str) -> None:
        self.notes += [text] if text not in self.notes else []

    def _walk(self, one: _Waiting, sign: float) -> CycleWalk:
        equations, z, along = one.start
        if sign < 0 and one.origin >= 0:  # the other side of the special point
            z = 2 * self.sources[one.origin].z - z
        low, high = self.window
        return walk(equations, z, sign * along, self.method, low=low, high=high)

    def _kept(
        self, one: _Waiting, forth: CycleWalk, back: CycleWalk | None, hopfs: dict[int, SpecialPoint]
    ) -> list[_Waiting]:
        """Write down a branch; return what starts at its special points."""
        number, offset = len(self.diagram.kinds) + len(self.branches), len(self.diagram.types) + len(self.points)
        walks = [forth] if back is None else [back, forth]
        rows, unstable, found = [], [], []
        for i, part in enumerate(walks):
            own = [r._replace(special=r.special + len(found) if r.special >= 0 else -1) for r in part.rows]
            count = part.unstable.tolist()
            if i == 0 and back is not None:
                own, count = own[::-1], count[::-1]
                own, count = (own[:-1], count[:-1]) if one.origin < 0 else (own, count)
            rows += own
            unstable += count
            found += part.found
            for text in part.missed:
                self._note(text)
        ends = [_BORN if back is None else back.end, forth.end]
        if one.first is not None and back is None:
            rows, unstable = [one.first, *rows], [unstable[0], *unstable]
        if ends[1] in (SHRUNK, HALVED):
            last = self._hopf_reached(rows[-1], hopfs) if ends[1] == SHRUNK else self._doubling_reached(rows[-1])
            rows, unstable = [*rows, *([last] if last else [])], [*unstable, *([unstable[-1]] if last else [])]
        numbers, found = self._numbered(found)
        special = np.array([numbers[r.special] if r.special >= 0 else -1 for r in rows], np.int64)
        self.branches.append(_branch(rows, np.array(unstable, np.int64), special, (ends[0], ends[1]), one.origin))
        self.points += [_point(f, number) for f in found]
        self.sources.update({offset + i: f for i, f in enumerate(found)})
        return [w for i, f in enumerate(found) if (w := self._born(f, offset + i, one.generation)) is not None]

    def _numbered(self, found: list[CycleFound]) -> tuple[list[int], list[CycleFound]]:
        """The number of each special point, and those that are new: branch points belong to two branches."""
        numbers, new = [], []
        offset = len(self.diagram.types) + len(self.points)
        for one in found:
            known = [i for i, other in self.sources.items() if self._crosses(one, other)]
            numbers.append(known[0] if known else offset + len(new))
            self.reached.update(known)
            new += [] if known else [one]
        return numbers, new

    def _crosses(self, one: CycleFound, other: CycleFound) -> bool:
        """Whether two branch points of different branches are the same cycle."""
        near = abs(one.parameter - other.parameter) < _SAME * (self.window[1] - self.window[0])
        near = near and abs(one.period - other.period) < _SAME * other.period
        if one.type != "branch point" or other.type != "branch point" or not near:
            return False
        gaps = [np.abs(a - b) for a, b in zip(_extent(one), _extent(other), strict=True)]
        return float(np.max(gaps)) < 1e-2 * float(np.max(_extent(one)[1] - _extent(one)[0]))

    def _born(self, found: CycleFound, number: int, generation: int) -> _Waiting | None:
        """The branch that starts at a special point; none where a further multiplier is far outside the circle."""
        branches_off = found.type in ("period doubling", "branch point")
        if branches_off and np.max(np.abs(found.multipliers)) > _WILD:
            self._note(f"What branches off the cycle at {found.parameter:.6g} is far from stable and was left out.")
            return None
        if found.type == "period doubling" and generation < self.method.doublings:
            return _Waiting(at_doubling(found), number, self._doubled(found), generation + 1, False)
        if found.type == "branch point" and generation < self.method.doublings:
            width = jnp.asarray(self.window[1] - self.window[0])
            return _Waiting(at_crossing(found, width), number, None, generation + 1, True)
        return None

    def _hopf_reached(self, row: CycleRow, hopfs: dict[int, SpecialPoint]) -> CycleRow | None:
        """The Hopf point on which a branch ends, as a row."""
        scale, width = np.asarray(self.rule.scale), self.window[1] - self.window[0]

        def gap(point: SpecialPoint) -> float:
            off = np.max(np.abs(0.5 * (row.low + row.high) - point.state) / scale)
            return max(float(off), abs(row.parameter - point.parameter) / width)

        near = sorted((gap(p), i) for i, p in hopfs.items() if i not in self.reached)
        if not near or near[0][0] > _NEAR:
            return None
        number = near[0][1]
        self.reached.add(number)
        return _of_hopf(hopfs[number], 2 * math.pi / hopfs[number].period)

    def _doubling_reached(self, row: CycleRow) -> CycleRow | None:
        """The period doubling on which a branch of twice the period ends, as a row of that branch."""
        scale, width = np.asarray(self.rule.scale), self.window[1] - self.window[0]

        def gap(found: CycleFound) -> float:
            low, high = _extent(found)
            off = np.max(np.maximum(np.abs(row.low / scale - low), np.abs(row.high / scale - high)))
            return max(float(off), abs(row.parameter - found.parameter) / width, abs(row.period / found.period - 2))

        near = sorted((gap(f), i) for i, f in self.sources.items() if f.type == "period doubling")
        if not near or near[0][0] > _NEAR:
            return None
        number = near[0][1]
        self.reached.add(number)
        return self._doubled(self.sources[number])

    def _doubled(self, found: CycleFound) -> CycleRow:
        """A period doubling as the first cycle of the branch that is born there."""
        low, high = (np.asarray(self.rule.scale) * side for side in _extent(found))
        mu = np.asarray(found.multipliers) ** 2
        return CycleRow(found.parameter, 2 * found.period, _state(found), low, high, mu, 0.0, -1)


def _critical(problem: Equilibria, point: SpecialPoint) -> tuple[Any, float]:
    """The critical eigenvector of a Hopf point and its frequency."""
    matrix = np.asarray(forms_at(problem, jnp.asarray(np.append(point.state, point.parameter))).A)
    found: Any = np.linalg.eig(matrix)
    values = np.asarray(found[0], complex)
    chosen = int(np.argmin(np.abs(values - 2j * math.pi / point.period)))
    return found[1][:, chosen], 2 * math.pi / point.period


def _of_hopf(point: SpecialPoint, frequency: float) -> CycleRow:
    """The Hopf point as a cycle of no size."""
    period = 2 * math.pi / frequency
    mu = np.exp(np.asarray(point.eigenvalues) * period)
    return CycleRow(point.parameter, period, point.state, point.state, point.state, mu, 0.0, -1)


def _branch(rows: list[CycleRow], unstable: Any, special: Any, ends: tuple[str, str], origin: int) -> Branch:
    return Branch(
        kind="cycle",
        parameter=np.array([r.parameter for r in rows]),
        states=np.array([r.start for r in rows]),
        low=np.array([r.low for r in rows]),
        high=np.array([r.high for r in rows]),
        period=np.array([r.period for r in rows]),
        eigenvalues=np.array([r.multipliers for r in rows], complex),
        unstable=unstable,
        special=special,
        ends=ends,
        origin=origin,
    )


def _state(found: CycleFound) -> Any:
    """The state at phase zero."""
    return np.asarray(found.equations.unpacked(found.z).nodes[0]) * np.asarray(found.equations.rule.scale)


def _extent(found: CycleFound) -> tuple[Any, Any]:
    """Lowest and highest scaled value of each component along the cycle."""
    rows = jnp.asarray(lagrange_rows(found.equations.shape[1], 8))
    low, high = extent(found.equations, jnp.asarray(found.z), rows)
    return np.asarray(low), np.asarray(high)


def _point(found: CycleFound, branch: int) -> SpecialPoint:
    form = cycle_form(found.type, found.equations, found.z, found.multipliers)
    return SpecialPoint(
        type=_CALLED.get(found.type, found.type),
        branch=branch,
        parameter=found.parameter,
        error=found.error,
        state=_state(found),
        eigenvalues=found.multipliers,
        period=found.period,
        coefficient=math.nan if form is None else form.coefficient,
        criticality="" if form is None else form.criticality,
    )
