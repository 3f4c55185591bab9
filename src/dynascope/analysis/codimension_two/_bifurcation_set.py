"""Curves of bifurcations in two parameters: through one point, or all of them by one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import provenance
from ..._types import Key
from ...systems import AbstractSystem, Box, is_discrete, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from ..bifurcation import (
    Bounds,
    CycleContinuation,
    FreeParameter,
    PseudoArclength,
    SpecialPoint,
    bifurcations,
    free_parameter,
)
from ..bifurcation._bifurcations import check_kind
from ..bifurcation._free import checked_range
from ..stability._frozen import Frozen, frozen_at
from ._cycle_curve_search import FAMILIES, CycleSearch, CycleStart
from ._doubled_folds import GENERALISED
from ._plane import RestPlane
from ._points import CodimensionTwoPoint
from ._result import BifurcationSet, tables
from ._search import Search, Start, search

#: How far beyond the region of states curves are followed, in its widths.
_REACH = 10.0
#: How curves are followed.
_METHOD = PseudoArclength(max_points=800, largest=0.02)
#: How curves of cycles are followed.
_CYCLES = CycleContinuation(doublings=0)

Ranges = Mapping[str, tuple[float, float]]


def bifurcation_curve(
    system: AbstractSystem,
    point: SpecialPoint | CodimensionTwoPoint,
    ranges: Ranges,
    *,
    region: Box | None = None,
    inputs: Any = None,
    key: Key | None = None,
    method: PseudoArclength | None = None,
    cycles: CycleContinuation = _CYCLES,
    iterates: int = 1,
) -> BifurcationSet:
    """The curve of bifurcations in two parameters through one point of a one-parameter diagram, both ways.

    Args:
        system: The system, with the second parameter at the value it has at the point.
        point: A fold, Hopf point, fold of cycles, period doubling or Neimark-Sacker point of `bifurcations` over the
            first parameter; or of a bifurcation set a generalised Hopf point, where a curve of folds of cycles begins,
            or a zero-Hopf or double Hopf point, where those of Neimark-Sacker points do; of maps a generalised period
            doubling, where that of folds of the doubled cycle begins.
        ranges: Names of both parameters with their least and greatest values: `{"I": (0, 200), "V3": (-20, 40)}`.
        region: Box of states; None takes the system's own, else that of pilot runs.
        inputs: Constant input.
        key: Random key of the pilot runs; None takes seed 0.
        method: `PseudoArclength(...)`.
        cycles: How curves of bifurcations of a flow's cycles are followed.
        iterates: Steps after which the state returns, for points on cycles of maps.

    Returns:
        A `BifurcationSet` with this curve (cut where it becomes one of neutral saddles) and the points on it.

    Raises:
        InputError: For a system without fixed points, unknown parameters, ranges that are empty or not allowed, or a
            point of another type.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, chapters 8 to 10.

    Example:
        >>> import dynascope as ds
        >>> neuron = ds.build("fitzhugh-nagumo")
        >>> hopf = ds.bifurcations(neuron, "I", 0.0, 2.0, cycles=None).points[0]
        >>> found = bifurcation_curve(neuron, hopf, {"I": (0.0, 2.0), "b": (0.2, 5.0)})
        >>> sorted(set(found.kinds))
        ['hopf', 'neutral saddle']
    """
    made = _Made(system, ranges, region, inputs, key, method)
    plane = made.plane.repeated(iterates)
    value = float(made.plane.free[1].of(system, made.plane.frozen.u))
    settings = {"iterates": iterates, "type": point.type}
    if isinstance(point, CodimensionTwoPoint) and made.plane.discrete and point.type == GENERALISED:
        found = made.search([])
        found.points.append(point)
        begun = found.doubled(plane, np.append(point.state, point.parameters), 0)
        with one_blas_thread():
            search(found, begun, most=1, switching=False)
        return made.result(found, settings)
    if isinstance(point, CodimensionTwoPoint) or (not made.plane.discrete and point.type in FAMILIES):
        found = made.search([])
        cycle_search = CycleSearch(found, made.plane, cycles)
        starts = _of_cycles(cycle_search, point, value)
        cycle_search.follow(starts, most=len(starts), switching=False)
        return made.result(found, settings)
    search_ = made.search([point])
    start = search_.start(plane, point, np.array([point.parameter, value]))
    if start is None:
        raise _no_curve(point)
    with one_blas_thread():
        search(search_, [start], most=1, switching=False)
    return made.result(search_, settings)


def _of_cycles(found: CycleSearch, point: SpecialPoint | CodimensionTwoPoint, value: float) -> list[CycleStart]:
    """Where the curves of cycles through a point begin; one of codimension two is entered as one of the set."""
    if isinstance(point, CodimensionTwoPoint):
        starts = [] if found.plane.discrete else found.at_point_of_rest(point, 0)
        if not starts:
            raise _no_curve(point)
        found.found.points.append(point)
        return starts
    start = found.at_point(point, np.array([point.parameter, value]))
    if start is None:
        raise InputError(
            f"No cycle goes through the {point.type} at {point.parameter:.6g} with the second parameter at {value:g}. "
            "Give the system with its second parameter at the value of the diagram, and its parameters first in "
            "`ranges`."
        )
    return [start]


def _no_curve(point: SpecialPoint | CodimensionTwoPoint) -> InputError:
    return InputError(
        "A curve of bifurcations goes through a fold, Hopf point, fold of cycles, period doubling, Neimark-Sacker, "
        "generalised Hopf, double Hopf point, a zero-Hopf point that has tori, or (maps) a generalised period "
        "doubling; got a "
        f"{point.type}. Give another point of the diagram."
    )


def bifurcation_set(
    system: AbstractSystem,
    ranges: Ranges,
    *,
    region: Box | None = None,
    inputs: Any = None,
    key: Key | None = None,
    method: PseudoArclength | None = None,
    cycles: CycleContinuation | None = None,
    lines: int = 5,
    doublings: int = 0,
    max_curves: int = 64,
) -> BifurcationSet:
    r"""The bifurcation set of a flow or a map in the plane of two parameters: all curves, and where they meet.

    One-parameter diagrams along `lines` lines in each direction give points of folds and Hopf points (maps: folds,
    period doublings and Neimark-Sacker points). The curve through each is followed once, both ways, to the ends of the
    ranges or until it closes, on systems augmented by the condition that makes it critical, in which cusps and
    Bogdanov-Takens points are ordinary points. On curves of folds are detected cusps, Bogdanov-Takens and zero-Hopf
    points; on curves of Hopf points Bogdanov-Takens, zero-Hopf, double Hopf and generalised Hopf (Bautin) points; for
    maps cusps, generalised period doublings, Chenciner points, the strong resonances 1:1 to 1:4, fold-flips, and
    meetings with Neimark-Sacker curves. Each is located to rounding along its curve, and from each the curve that
    meets it there is followed too; from a generalised period doubling that of folds of the doubled cycle. Beyond a
    Bogdanov-Takens point (maps: beyond 1:1 and 1:2) a curve of Hopf points goes on as one of neutral saddles, and is
    called so.

    With `cycles` the branches of cycles of flows are followed along the lines, too, and curves of their folds, period
    doublings and Neimark-Sacker points through what happens on them; those that begin at generalised Hopf, zero-Hopf
    and double Hopf points also from there. On them are detected cusps of cycles, the resonances 1:1 to 1:4, fold-flips
    and meetings with Neimark-Sacker curves, which are followed too. It takes several times as long.

    A closed curve that crosses none of the lines and meets no other one is missed.

    Args:
        system: A flow or a map without noise; of a hybrid system the flow between events is meant.
        ranges: Names of both parameters with their least and greatest values: `{"I": (0, 200), "V3": (-20, 40)}`.
        region: Box of states in which fixed points are looked for; None takes the system's own, else that of pilot
            runs.
        inputs: Constant input.
        key: Random key of the starts; None takes seed 0.
        method: `PseudoArclength(...)`.
        cycles: How cycles of flows are followed, `CycleContinuation(...)`; None leaves their bifurcations out.
        lines: Number of lines in each direction.
        doublings: Generations of doubled cycles of maps whose curves are followed too.
        max_curves: Largest number of curves.

    Returns:
        A `BifurcationSet`.

    Raises:
        InputError: For a system without fixed points (noisy, periodically forced, with delays), unknown parameters, or
            ranges that are empty or not allowed.

    Reference:
        Kuznetsov (2004), Elements of applied bifurcation theory, 3rd edition, Springer, chapters 8 to 10.

    Example:
        >>> import dynascope as ds
        >>> found = bifurcation_set(ds.build("henon"), {"a": (-0.5, 1.0), "b": (-0.5, 0.5)})
        >>> sorted(set(found.kinds)), found.types
        (['fold', 'period doubling'], ())
    """
    if lines < 1:
        raise InputError(f"`lines` must be at least 1, got {lines}.")
    made = _Made(system, ranges, region, inputs, key, method)
    cycles = None if made.plane.discrete else cycles
    with one_blas_thread():
        born = made.on_lines(lines, doublings, cycles)
        found = made.search([point for point, *_ in born])
        starts: list[Start] = []
        for point, place, iterates, on_cycle in born:
            start = None if on_cycle else found.start(made.plane.repeated(iterates), point, place)
            starts += [] if start is None else [start]
        search(found, starts, most=max_curves, switching=True)
    if cycles is not None:
        own = CycleSearch(found, made.plane, cycles)
        points = list(enumerate(found.points))
        own.follow([s for i, p in points for s in own.at_point_of_rest(p, i)], most=max_curves, switching=True)
        for point, place, _, on_cycle in born:
            start_there = own.at_point(point, place) if on_cycle and point.type in FAMILIES else None
            own.follow([] if start_there is None else [start_there], most=max_curves, switching=True)
    settings = {"lines": lines, "doublings": doublings, "max_curves": max_curves, "cycles": cycles is not None}
    return made.result(found, settings)


class _Made:
    """What both functions make of their arguments."""

    def __init__(self, system: Any, ranges: Ranges, region: Any, inputs: Any, key: Any, method: Any) -> None:
        require_64_bit("A curve of bifurcations")
        check_kind(system)
        if len(ranges) != 2:
            raise InputError(
                f"`ranges` must name two parameters with their ranges, such as {{'I': (0, 200), 'V3': (-20, 40)}}; got "
                f"{len(ranges)}."
            )
        self.system, self.inputs = system, inputs
        self.key = key if key is not None else jax.random.key(0)
        self.method = _METHOD if method is None else method
        frozen = frozen_at(system, inputs, 0.0)
        names = list(ranges)
        free = tuple(free_parameter(system, name, frozen.u) for name in names)
        self.window = tuple(_range(system, f, ranges[f.name]) for f in free)
        self.box, self.source = _region(system, region, frozen, free, self.window, self.key)
        self.corner, self.opposite = (ravel_pytree(c)[0] for c in (self.box.low, self.box.high))
        low, high = (jnp.asarray([w[i] for w in self.window]) for i in (0, 1))
        scale = jnp.maximum(self.opposite - self.corner, 1e-9)
        self.plane = RestPlane(frozen, (free[0], free[1]), scale, low, high, is_discrete(system))

    def on_lines(
        self, lines: int, doublings: int, cycles: CycleContinuation | None
    ) -> list[tuple[SpecialPoint, np.ndarray, int, bool]]:
        """Special points on lines in both directions.

        Each comes with both parameters, the steps of its cycle (maps), and whether it lies on a cycle of a flow.
        """
        found = []
        for which in (0, 1):
            other = self.plane.free[1 - which]
            low, high = self.window[1 - which]
            # Lines that are not evenly spaced do not all meet symmetric points.
            for share in (np.arange(lines) + 0.5 + 0.13 * np.cos(np.arange(lines))) / lines:
                value = low + float(share) * (high - low)
                there, u = other.at(self.system, self.plane.frozen.u, jnp.asarray(value))
                diagram = bifurcations(
                    there,
                    self.plane.free[which].name,
                    *self.window[which],
                    region=self.box,
                    inputs=u if self.plane.frozen.u is not None else None,
                    key=self.key,
                    doublings=doublings,
                    cycles=cycles,
                )
                for point in diagram.points:
                    on_cycle = diagram.kinds[point.branch] == "cycle" and not self.plane.discrete
                    period = diagram.branches[point.branch].period[0]
                    iterates = int(period) if np.isfinite(period) and not on_cycle else 1
                    place = (point.parameter, value) if which == 0 else (value, point.parameter)
                    found.append((point, np.array(place), iterates, on_cycle))
        return found

    def search(self, points: list[SpecialPoint]) -> Search:
        """An empty search: its bounds, and the unit of frequencies, that of the fastest eigenvalue."""
        reach = _REACH * self.plane.scale
        bounds = Bounds(
            jnp.concatenate([self.corner - reach, self.plane.low]),
            jnp.concatenate([self.opposite + reach, self.plane.high]),
        )
        rate = 1.0 if self.plane.discrete else max((float(np.max(np.abs(p.eigenvalues))) for p in points), default=1.0)
        return Search(bounds, rate, self.method)

    def result(self, found: Search, settings: dict[str, Any]) -> BifurcationSet:
        """What was found as a result."""
        free, variables = self.plane.free, state_variables(self.system)
        notes = (
            ("Equilibria of the flow between events; resets are left out.",) if kind(self.system) == "hybrid" else ()
        )
        return BifurcationSet(
            parameter_names=(free[0].name, free[1].name),
            parameter_units=(free[0].unit(self.system), free[1].unit(self.system)),
            window=(self.window[0], self.window[1]),
            names=tuple(v.name for v in variables),
            time_unit=self.system.time_unit,
            discrete=is_discrete(self.system),
            notes=(*notes, *found.notes),
            result=RESULTS.successful,
            settings=provenance(
                system=type(self.system).__name__,
                ranges={f.name: list(w) for f, w in zip(free, self.window, strict=True)},
                method={name: getattr(self.method, name) for name in self.method.__dataclass_fields__},
                region=self.source,
                seed=seed_of(self.key),
                **settings,
            ),
            **tables(found.curves, found.points, len(variables)),
        )


def _range(system: AbstractSystem, free: FreeParameter, given: Any) -> tuple[float, float]:
    try:
        low, high = given
    except (TypeError, ValueError) as error:
        raise InputError(f"The range of `{free.name}` must be two numbers, got {given!r}.") from error
    return checked_range(system, free, low, high)


def _region(
    system: AbstractSystem, region: Box | None, frozen: Frozen, free: Any, window: Any, key: Any
) -> tuple[Box, str]:
    """The box of states that holds those of the system as it is and at the corners of the ranges."""
    boxes, sources = [], []
    for corner in (None, *((p, q) for p in window[0] for q in window[1])):
        there, u = system, frozen.u
        for parameter, value in zip(free, corner or (), strict=corner is not None):
            there, u = parameter.at(there, u, jnp.asarray(value))
        box, source = start_region(there, region, inputs=u, key=key)
        boxes.append(box)
        sources.append(source)
    low = jax.tree.map(lambda *leaves: jnp.min(jnp.stack(leaves), axis=0), *(b.low for b in boxes))
    high = jax.tree.map(lambda *leaves: jnp.max(jnp.stack(leaves), axis=0), *(b.high for b in boxes))
    return Box(low, high), ", ".join(dict.fromkeys(sources))
