"""A branch of cycles, followed stretch by stretch on a mesh that moves with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ..cycles._collocation import CollocationEquations
from ..cycles._gauss import equidistributed, evaluated, phases_of
from ..cycles._multipliers import multipliers
from ..cycles._solved import moved, referred
from ._cycle_problem import CYCLE_TESTS, Cycles, looked_at
from ._follow import ENDS, Bounds, Path, PseudoArclength, follow
from ._locate import crossings, locate

Array = NDArray[np.float64]

#: Points of a stretch between two moves of the mesh.
_STRETCH = 12
#: A test function that is not this near to zero where it changed its sign has jumped over it.
_ZERO = 1e-3
#: Multipliers this near to the unit circle are not counted as unstable.
_BAND = 1e-6


class CycleContinuation(eqx.Module):
    """How branches of cycles are followed: collocation with a moving mesh, pseudo-arclength steps.

    Args:
        intervals: Intervals of the first mesh; powers of 2 are the cheapest.
        degree: Degree of the polynomials.
        max_intervals: The mesh is halved, up to so many intervals, when the trivial multiplier is off by `tol`.
        tol: Largest distance of the trivial multiplier from 1.
        max_points: Points of a branch at most.
        longest: A period longer than this many periods at the start ends the branch.
        largest: Largest step, as a share of the window.
        angle: Angle between successive tangents that is aimed at, in radians.
    """

    intervals: int = eqx.field(static=True, default=32)
    degree: int = eqx.field(static=True, default=4)
    max_intervals: int = eqx.field(static=True, default=256)
    tol: float = eqx.field(static=True, default=1e-5)
    max_points: int = eqx.field(static=True, default=400)
    longest: float = eqx.field(static=True, default=30.0)
    largest: float = eqx.field(static=True, default=0.1)
    angle: float = eqx.field(static=True, default=0.2)

    def __check_init__(self) -> None:
        if self.intervals < 4 or not 2 <= self.degree <= 8 or self.max_points < 2 or not self.longest > 1:
            raise InputError(
                "`CycleContinuation` needs at least 4 `intervals`, a `degree` of 2 to 8, at least 2 `max_points` and "
                f"`longest` above 1, got {self.intervals}, {self.degree}, {self.max_points} and {self.longest}."
            )


class CycleFound(NamedTuple):
    """A special point of a branch of cycles, with the cycle itself, from which new branches start."""

    type: str
    parameter: float
    error: float
    period: float
    multipliers: Any
    equations: CollocationEquations
    z: Any
    tangent: Any


class CycleWalk(NamedTuple):
    """A branch of cycles as it was followed; special points lie among its points.

    Attributes:
        parameter: Values of the parameter.
        period: Periods.
        start: Flattened states at phase zero.
        low: Least value of each component.
        high: Greatest value of each component.
        multipliers: Floquet multipliers, the largest first.
        unstable: Number of multipliers outside the unit circle.
        trivial_error: Distance of the trivial multiplier from 1 (zero for forced flows).
        special: Number of the special point at each point, else -1.
        found: Special points.
        end: Why it ends.
        last: Equations and z of its last cycle.
    """

    parameter: Array
    period: Array
    start: Array
    low: Array
    high: Array
    multipliers: Any
    unstable: NDArray[np.int64]
    trivial_error: Array
    special: NDArray[np.int64]
    found: list[CycleFound]
    end: str
    last: tuple[CollocationEquations, Any]


@eqx.filter_jit
def _followed(problem: Cycles, z: Any, direction: Any, steps: PseudoArclength, bounds: Bounds) -> Path:
    return follow(problem, z, direction, steps, bounds=bounds)


@eqx.filter_jit
def _found_at(problem: Cycles, path: Path, index: Any, which: Any, steps: PseudoArclength) -> Any:
    return locate(problem, path, index, which, method=steps, tol=1e-10)


def walk(
    equations: CollocationEquations,
    z: Any,
    direction: Any,
    method: CycleContinuation,
    *,
    low: float,
    high: float,
    longest: float | None = None,
) -> CycleWalk:
    """The branch of cycles through `z` in the direction of the vector `direction`.

    Args:
        equations: Equations on a mesh, with the phase of a cycle near `z`.
        z: A cycle near the branch.
        direction: A vector like `z`, or a number whose sign is that of the change of the parameter.
        method: How it is followed.
        low: Least value of the parameter.
        high: Greatest value.
        longest: Longest period; None takes `method.longest` times that of `z`.
    """
    forced = equations.rule.multiple is not None
    equations = referred(equations, z)
    top = longest if longest is not None else method.longest * float(equations.pace)
    width = jnp.asarray(high - low)
    steps = PseudoArclength(
        max_points=_STRETCH, first=0.01, largest=method.largest, angle=method.angle, tol=1e-9, smallest=1e-7
    )
    rows: list[Any] = []
    found: list[CycleFound] = []
    end = ""
    while not end:
        equations = referred(equations, z)
        bounds = _bounds(z, low, high, None if forced else top)
        path = _followed(Cycles(equations, width), z, direction, steps, bounds)
        count = int(path.count)
        if count < (1 if not rows else 2):
            end = _reason(path.end, rows, equations)
            break
        seen = _looked(equations, path, count)
        through = _passes_through_rest(equations, np.asarray(path.points[:count]))
        if through is not None:
            count, end = through + 1, "The cycle shrank onto an equilibrium at a Hopf point."
        _noted(Cycles(equations, width), path, count, seen, steps, (rows, found))
        z, direction = path.points[count - 1], path.tangents[count - 1]
        if not end and path.end != ENDS.full:
            end = _reason(path.end, rows, equations)
        if not end and (closed := _closed(rows, width)):
            rows, end = rows[: closed + 1], ENDS[ENDS.closed]
        if not end and len(rows) >= method.max_points:
            end = ENDS[ENDS.full]
        if not end:
            equations, z, direction = _remeshed(equations, z, direction, method, seen.error)
    return _gathered(rows, found, end, (equations, z), equations)


@eqx.filter_jit
def _slopes(equations: CollocationEquations, z: Any) -> Any:
    return equations.slopes_of(z)


class _Looked(NamedTuple):
    low: Array
    high: Array
    multipliers: Any
    error: Array


class _Row(NamedTuple):
    parameter: float
    period: float
    start: Array
    low: Array
    high: Array
    multipliers: Any
    error: float
    special: int


def _bounds(z: Any, low: float, high: float, top: float | None) -> Bounds:
    lower, upper = jnp.full_like(z, -jnp.inf).at[-1].set(low), jnp.full_like(z, jnp.inf).at[-1].set(high)
    return Bounds(lower, upper) if top is None else Bounds(lower.at[-2].set(0.0), upper.at[-2].set(top))


def _looked(equations: CollocationEquations, path: Path, count: int) -> _Looked:
    seen = looked_at(equations, path.points)
    scale, forced = np.asarray(equations.rule.scale), equations.rule.multiple is not None
    mu = np.stack(
        [_padded(multipliers((p, q)), scale.size) for p, q in zip(seen.p[:count], seen.q[:count], strict=True)]
    )
    error = np.zeros(count) if forced else np.min(np.abs(mu - 1), axis=1)
    return _Looked(np.asarray(seen.low)[:count] * scale, np.asarray(seen.high)[:count] * scale, mu, error)


def _padded(mu: Any, size: int) -> Any:
    return mu if mu.size == size else np.full(size, np.nan, complex)


def _noted(
    problem: Cycles, path: Path, count: int, seen: _Looked, steps: PseudoArclength, into: tuple[list, list]
) -> None:
    """Rows for the points of a stretch and for what was found between them."""
    rows, found = into
    changes = np.asarray(crossings(path))[: count - 1]
    for i in range(count):
        if i or not rows:
            rows.append(_row(problem.equations, path.points[i], seen, i, -1))
        if i == count - 1:
            break
        here = []
        for which in np.flatnonzero(changes[i]):
            place = _found_at(problem, path, jnp.asarray(i), jnp.asarray(which), steps)
            one = _special(problem, place, int(which))
            if one is not None:
                here.append(
                    (float(jnp.sum(problem.weights() * path.tangents[i] * (place.point - path.points[i]))), one)
                )
        for _, one in sorted(here, key=lambda pair: pair[0]):
            inside = looked_at(problem.equations, one.z[None])
            scale = np.asarray(problem.equations.rule.scale)
            own = _Looked(
                np.asarray(inside.low) * scale,
                np.asarray(inside.high) * scale,
                one.multipliers[None],
                seen.error[i : i + 1],
            )
            rows.append(_row(problem.equations, one.z, own, 0, len(found)))
            found.append(one)


def _row(equations: CollocationEquations, z: Any, seen: _Looked, i: int, special: int) -> _Row:
    unknowns = equations.unpacked(z)
    start = np.asarray(unknowns.nodes[0]) * np.asarray(equations.rule.scale)
    period = float(equations.rule.period(unknowns.free))
    return _Row(
        float(z[-1]), period, start, seen.low[i], seen.high[i], seen.multipliers[i], float(seen.error[i]), special
    )


def _special(problem: Cycles, place: Any, which: int) -> CycleFound | None:
    """The special point that was located, unless nothing happens there."""
    kind, equations = CYCLE_TESTS[which], problem.equations
    inside = looked_at(equations, place.point[None])
    mu = multipliers((inside.p[0], inside.q[0]))
    if not bool(place.converged) or abs(float(place.tests[which])) > _ZERO or not mu.size:
        return None
    if kind == "neimark-sacker":
        # Two real multipliers with product 1 change nothing.
        turning = mu[np.abs(mu.imag) > 1e-6]
        if not turning.size or np.min(np.abs(np.abs(turning) - 1)) > 1e-4:
            return None
    unknowns = equations.unpacked(place.point)
    # The search ends with an interval of the parameter's test; its width in arclength bounds that of the parameter.
    error = float(place.width) * float(problem.width) * max(abs(float(place.tangent[-1] / problem.width)), 1e-6)
    period = float(equations.rule.period(unknowns.free))
    return CycleFound(kind, float(place.point[-1]), error, period, mu, equations, place.point, place.tangent)


def _passes_through_rest(equations: CollocationEquations, points: Array) -> int | None:
    """The point after which the cycle turns inside out, having shrunk to a point between; None if it does not."""
    count, degree, d = equations.shape
    weights = np.asarray(equations.weights())[count * d : count * d * (1 + degree)]
    stages = points[:, count * d : count * d * (1 + degree)].reshape(len(points), -1, d)
    weights = weights.reshape(-1, d)[:, :1]
    centred = stages - np.sum(weights * stages, axis=1, keepdims=True) / np.sum(weights)
    along = np.sum(weights * centred[:-1] * centred[1:], axis=(1, 2))
    flipped = np.flatnonzero(along < 0)
    return int(flipped[0]) if flipped.size else None


def _closed(rows: list[_Row], width: Any) -> int:
    """The row at which a branch is back at its first cycle; 0 if it is not."""
    if len(rows) < 20:
        return 0
    size = np.maximum(np.max([r.high - r.low for r in rows], axis=0), 1e-300)
    curve = np.array([[r.parameter / float(width), np.log(r.period), *(r.low / size), *(r.high / size)] for r in rows])
    gaps, steps = np.linalg.norm(curve - curve[0], axis=1), np.linalg.norm(np.diff(curve, axis=0), axis=1)
    for i in range(10, len(rows) - 1):
        along = (curve[i + 1] - curve[i]) @ (curve[1] - curve[0])
        if gaps[i] <= 0.5 * max(steps[i - 1], steps[i]) and along > 0.5 * steps[i] * steps[0]:
            return i
    return 0


def _remeshed(
    equations: CollocationEquations, z: Any, direction: Any, method: CycleContinuation, error: Array
) -> tuple[CollocationEquations, Any, Any]:
    """The cycle and its tangent on a mesh that fits it; with twice the intervals if the error asks for it."""
    mesh = np.concatenate([[0.0], np.cumsum(np.asarray(equations.widths))])
    mesh = mesh / mesh[-1]
    count, degree, _ = equations.shape
    if np.max(error) > method.tol and 2 * count <= method.max_intervals:
        count = 2 * count
    new = equidistributed(mesh, np.asarray(_slopes(equations, z)), count)
    along = equations.unpacked(direction)
    there = phases_of(new, degree)
    points = evaluated(mesh, np.asarray(along.nodes), np.asarray(along.stages), there)
    equations, z = moved(equations, z, mesh, new)
    grid = jnp.asarray(points[:-1]).reshape(count, degree + 1, -1)
    flat = along._replace(nodes=grid[:, 0], stages=grid[:, 1:])
    return equations, z, equations.packed(flat)


def _reason(end: Any, rows: list[_Row], equations: CollocationEquations) -> str:
    """Why the branch ends, in a sentence."""
    if end == ENDS.left and rows:
        return (
            f"The period grew to {rows[-1].period:.4g} without an end in sight: the cycle approaches a homoclinic "
            "orbit, or another one of infinite period."
        )
    del equations
    return ENDS[end]


def _gathered(
    rows: list[_Row], found: list[CycleFound], end: str, last: Any, equations: CollocationEquations
) -> CycleWalk:
    d = equations.shape[2]
    mu = np.array([r.multipliers for r in rows], complex).reshape(-1, d)
    forced = equations.rule.multiple is not None
    return CycleWalk(
        parameter=np.array([r.parameter for r in rows]),
        period=np.array([r.period for r in rows]),
        start=np.array([r.start for r in rows]).reshape(-1, d),
        low=np.array([r.low for r in rows]).reshape(-1, d),
        high=np.array([r.high for r in rows]).reshape(-1, d),
        multipliers=mu,
        unstable=_outside(mu, forced),
        trivial_error=np.array([r.error for r in rows]),
        special=np.array([r.special for r in rows], np.int64),
        found=found,
        end=end,
        last=last,
    )


def _outside(mu: Any, forced: bool) -> NDArray[np.int64]:
    """How many multipliers of each row lie outside the unit circle, the trivial one apart."""
    size = np.abs(mu)
    if not forced and mu.size:
        size[np.arange(len(mu)), np.argmin(np.abs(mu - 1), axis=1)] = 0.0
    return np.sum(size > 1 + _BAND, axis=1).astype(np.int64)
