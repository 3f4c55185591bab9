"""A branch of cycles, followed point by point on a mesh that moves with it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ..cycles._collocation import CollocationEquations, parts
from ..cycles._gauss import equidistributed, evaluated, gauss
from ..cycles._multipliers import multipliers
from ..cycles._solved import referred
from ._cycle_problem import Cycles, Here, looked
from ._cycle_special import CycleFound, OnMesh, between, on_mesh, sound, weights_of
from ._follow import ENDS

Array = NDArray[np.float64]

#: Points between two moves of the mesh.
_STRETCH = 8
#: Multipliers this near to the unit circle are not counted as unstable.
_BAND = 1e-6
#: A trivial multiplier further from 1 than this says that the mesh no longer resolves the cycle.
_LOST = 1e-2
#: An error this much below what is asked for says that half the intervals, with an error 2^8 times larger, will do.
_SPARE = 1e-3
#: Growth of the period from which on a branch whose mesh no longer resolves it is said to approach infinity.
_GROWN = 3.0
#: Phases at which two halves of a cycle are compared, and cosine below which their difference has turned round.
_PHASES, _OPPOSITE = np.arange(64) / 64, -0.8
#: First and smallest step.
_FIRST, _SMALLEST = 5e-3, 1e-6
#: A test nearer to zero than this is looked at with all care, lest its sign be wrong.
_NEAR = 1e-5


#: Said of the end of a branch that leads back to another one.
SHRUNK = "The cycle shrank onto an equilibrium at a Hopf point."
HALVED = "The two halves of the cycle became one, at a period doubling of a cycle of half its period."


class CycleContinuation(eqx.Module):
    """How branches of cycles are followed: collocation on a moving mesh, pseudo-arclength steps.

    Args:
        intervals: Intervals of the first mesh; powers of 2 are the cheapest.
        degree: Degree of the polynomials.
        max_intervals: Intervals are halved, up to so many, where the trivial multiplier is off by `tol`, and merged
            again where it is off by far less.
        tol: Largest distance of the trivial multiplier from 1.
        max_points: Points of a branch at most.
        longest: A period longer than this many times that at the start ends the branch.
        largest: Largest step, as a share of the window.
        angle: Angle between successive tangents that is aimed at, in radians.
        doublings: How many period doublings (or branch points) in succession are followed.
    """

    intervals: int = eqx.field(static=True, default=32)
    degree: int = eqx.field(static=True, default=4)
    max_intervals: int = eqx.field(static=True, default=256)
    tol: float = eqx.field(static=True, default=1e-5)
    max_points: int = eqx.field(static=True, default=250)
    longest: float = eqx.field(static=True, default=20.0)
    largest: float = eqx.field(static=True, default=0.05)
    angle: float = eqx.field(static=True, default=0.15)
    doublings: int = eqx.field(static=True, default=1)

    def __check_init__(self) -> None:
        if self.intervals < 4 or not 2 <= self.degree <= 8 or self.max_points < 2 or not self.longest > 1:
            raise InputError(
                "`CycleContinuation` needs at least 4 `intervals`, a `degree` of 2 to 8, at least 2 `max_points` and "
                f"`longest` above 1, got {self.intervals}, {self.degree}, {self.max_points} and {self.longest}."
            )


class CycleRow(NamedTuple):
    """One cycle of a branch: what is kept of it. `special` is the number of the special point there, else -1."""

    parameter: float
    period: float
    start: Array
    low: Array
    high: Array
    multipliers: Any
    trivial_error: float
    special: int


class CycleWalk(NamedTuple):
    """A branch of cycles as it was followed; special points lie among its rows.

    Attributes:
        rows: One for each point.
        found: Special points.
        end: Why it ends.
        equations: Equations of the last cycle.
        z: The last cycle.
        missed: What changed its sign but could not be located.
    """

    rows: list[CycleRow]
    found: list[CycleFound]
    end: str
    equations: CollocationEquations
    z: Any
    missed: list[str]

    def column(self, name: str) -> Any:
        """One field of all rows as an array."""
        return np.array([getattr(row, name) for row in self.rows])

    @property
    def unstable(self) -> NDArray[np.int64]:
        """How many multipliers of each row lie outside the unit circle, the trivial one apart."""
        if not self.rows:
            return np.zeros(0, np.int64)
        mu, size = self.column("multipliers"), np.abs(self.column("multipliers"))
        if self.equations.rule.multiple is None and mu.size:
            size[np.arange(len(mu)), np.argmin(np.abs(mu - 1), axis=1)] = 0.0
        return np.sum(size > 1 + _BAND, axis=1).astype(np.int64)


class _Window(NamedTuple):
    low: float
    high: float
    longest: float

    @property
    def width(self) -> float:
        return self.high - self.low


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
        z: A cycle near the branch; Newton's method brings it onto it, in the plane across `direction`.
        direction: A vector like `z`.
        method: How it is followed.
        low: Least value of the parameter.
        high: Greatest value.
        longest: Longest period; None takes `method.longest` times that of `z`.
    """
    problem = Cycles(referred(equations, z), jnp.asarray(high - low))
    forced = equations.rule.multiple is not None
    top = math.inf if forced else method.longest * float(problem.equations.pace) if longest is None else longest
    window, weights = _Window(low, high, top), weights_of(problem)
    border = weights * np.asarray(direction)
    here = looked(problem, z, border / math.sqrt(float(np.sum(border * direction))), direction)
    if not sound(here):
        return CycleWalk([], [], ENDS[ENDS.no_start], problem.equations, z, [])
    missed: list[str] = []
    rows, found, step, landing, bend = [_row(problem, here)], [], _FIRST, False, np.zeros_like(here.z)
    size = np.full(rows[0].low.size, 1e-300)
    while True:
        if len(rows) % _STRETCH == 0 or rows[-1].trivial_error > method.tol:
            fresh = _remeshed(problem, here, method, rows[-1])
            if fresh is not None:
                (problem, here, weights), rows[-1] = fresh
                bend = np.zeros_like(here.z)
        size = np.maximum(size, rows[-1].high - rows[-1].low)
        end = _ended(rows, size, window, method, landing=landing)
        if end:
            break
        # The mesh is judged by errors that are smaller than those of a point passed by.
        passing = (len(rows) + 1) % _STRETCH > 0
        after, step, landing = _advanced(_Place(problem, here, weights, bend), step, method, window, passing=passing)
        if after is None:
            end = ENDS[ENDS.stuck]
            break
        turned, halved = _compared(problem.equations, here.z, after.z)
        if turned or halved:
            end = SHRUNK if turned else HALVED
            break
        for one, there in between(problem, here, after, missed):
            special, row = _fitting(problem, one, there, method)
            rows.append(row._replace(special=len(found)))
            found.append(special)
        rows.append(_row(problem, after))
        bend = (after.tangent - here.tangent) / math.sqrt(float(np.sum(weights * (after.z - here.z) ** 2)))
        here = after
    return CycleWalk(rows, found, end, problem.equations, here.z, missed)


def _last(like: Array, value: float) -> Array:
    """Zeros with `value` at the end."""
    out = np.zeros_like(like)
    out[-1] = value
    return out


def _row(problem: Cycles, here: Here) -> CycleRow:
    mu, d = multipliers(here.pair), here.start.size
    mu = mu if mu.size == d else np.full(d, np.nan, complex)
    error = 0.0 if problem.equations.rule.multiple is not None else float(np.min(np.abs(mu - 1)))
    return CycleRow(
        parameter=float(here.z[-1]),
        period=float(here.period),
        start=here.start,
        low=here.low,
        high=here.high,
        multipliers=mu,
        trivial_error=error,
        special=-1,
    )


class _Place(NamedTuple):
    """Where a branch has come to, with the weights of its metric and the derivative of its tangent by arclength."""

    problem: Cycles
    here: Here
    weights: Array
    bend: Array


def _advanced(
    place: _Place, step: float, method: CycleContinuation, window: _Window, *, passing: bool
) -> tuple[Here | None, float, bool]:
    """The next point, the step to try after it, and whether it lies on an end of the window."""
    problem, here, weights, bend = place
    p, slope = float(here.z[-1]), float(here.tangent[-1])
    while step >= _SMALLEST:
        target = min(max(p + step * slope, window.low), window.high)
        landing = target != p + step * slope
        size = (target - p) / slope if landing else step
        straight, border = here.z + size * here.tangent, weights * here.tangent
        guess = straight + 0.5 * size**2 * bend
        if landing:
            guess[-1], border = target, _last(border, 1 / window.width)
        after = looked(problem, guess, border, here.tangent, passing=passing)
        if passing and np.min(np.abs(after.tests[1:])) < _NEAR:
            after = looked(problem, after.z, border, here.tangent)._replace(newton=after.newton)
        angle = math.acos(min(1.0, max(-1.0, float(np.sum(weights * after.tangent * here.tangent)))))
        off = math.sqrt(float(np.sum(weights * (after.z - straight) ** 2)))
        good = sound(after) and angle <= 3 * method.angle and off <= 3 * method.angle * size
        if good and window.low <= float(after.z[-1]) <= window.high:
            newton = int(after.newton)
            by_newton = 2.0 if newton <= 3 else 1.2 if newton == 4 else 0.7
            factor = min(max(min(method.angle / max(angle, 1e-12), by_newton), 0.5), 2.0)
            return after, min(step * factor, method.largest), landing
        step *= 0.4
    return None, step, False


def _compared(equations: CollocationEquations, before: Any, after: Any) -> tuple[bool, bool]:
    """Whether the cycle came back inside out between two points of the branch, and whether its halves were exchanged.

    Once it has shrunk to a point it comes back turned by half; once its two halves have met, exchanged.
    """
    one, other = _differences(equations, before, after)
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return inside_out(equations, before, after), bool(np.sum(one * other) < _OPPOSITE * size)


def inside_out(equations: CollocationEquations, before: Any, after: Any) -> bool:
    """Whether the cycle has shrunk to a point between two points of the branch: then it comes back turned by half."""
    weights = np.outer(equations.widths, gauss(equations.shape[1]).weights).ravel()
    one, other = (parts(z, equations.shape).stages.reshape(weights.size, -1) for z in (before, after))
    one, other = one - weights @ one, other - weights @ other
    return bool(np.sum(weights @ (one * other)) < 0)


def _differences(equations: CollocationEquations, *zs: Array) -> list[Array]:
    """Of each cycle, the scaled states of its first half less those of its second."""
    unknowns = [parts(z, equations.shape) for z in zs]
    nodes = np.concatenate([u.nodes for u in unknowns], axis=-1)
    stages = np.concatenate([u.stages for u in unknowns], axis=-1)
    values = evaluated(equations.mesh, nodes, stages, _PHASES).reshape(2, -1, len(zs), len(equations.winding))
    return list(np.moveaxis(values[0] + 0.5 * np.asarray(equations.winding) - values[1], 1, 0))


def _remeshed(problem: Cycles, here: Here, method: CycleContinuation, row: CycleRow) -> tuple[OnMesh, CycleRow] | None:
    """The cycle on a mesh that fits it, with its row; None if that fails or is no better than `row`.

    There are half as many intervals where the error is far below what is asked for, and twice as many where it is above
    although the mesh fits.
    """
    count, error = problem.equations.shape[0], row.trivial_error
    if error < _SPARE * method.tol and count >= 2 * method.intervals:
        return _fitted(problem, here, count // 2, row)
    fresh = _fitted(problem, here, count, row)
    left = math.inf if fresh is None else fresh[1].trivial_error
    if left > method.tol and 2 * count <= method.max_intervals:
        return _fitted(problem, here, 2 * count, row)
    return fresh if left <= max(error, method.tol) else None


def _fitted(problem: Cycles, here: Here, count: int, row: CycleRow) -> tuple[OnMesh, CycleRow] | None:
    """The cycle on a mesh of `count` intervals that fits it, and its new row."""
    fresh = on_mesh(problem, here, equidistributed(problem.equations.mesh, here.slopes, count))
    return None if fresh is None else (fresh, _row(fresh.problem, fresh.here)._replace(special=row.special))


def _fitting(problem: Cycles, found: CycleFound, here: Here, method: CycleContinuation) -> tuple[CycleFound, CycleRow]:
    """A special point and its row, on a mesh of its own where that of the branch no longer resolves it."""
    row = _row(problem, here)
    fresh = _fitted(problem, here, problem.equations.shape[0], row) if row.trivial_error > method.tol else None
    if fresh is None or fresh[1].trivial_error >= row.trivial_error:
        return found, row
    (own, there, _), better = fresh
    special = found._replace(
        period=better.period,
        multipliers=better.multipliers,
        equations=own.equations,
        z=there.z,
        tangent=there.tangent,
    )
    return special, better._replace(parameter=found.parameter)


def _ended(rows: list[CycleRow], size: Array, window: _Window, method: CycleContinuation, *, landing: bool) -> str:
    """Why the branch ends here, in a sentence; nothing if it goes on. `size` is the largest extent so far."""
    last = rows[-1]
    grown = last.period > _GROWN * min(row.period for row in rows)
    lost = last.trivial_error > _LOST
    if last.period >= window.longest or (lost and grown):
        return (
            f"The period grew to {last.period:.4g} without an end in sight: the cycle approaches a homoclinic orbit, "
            "or another one of infinite period."
        )
    if lost:
        return (
            f"The mesh no longer resolves the cycle: its trivial multiplier is off by {last.trivial_error:.1g}. Raise "
            "`max_intervals` of `CycleContinuation`."
        )
    if landing:
        return ENDS[ENDS.bound]
    if _closed(rows, size, window.width):
        return ENDS[ENDS.closed]
    return ENDS[ENDS.full] if len(rows) >= method.max_points else ""


def _closed(rows: list[CycleRow], size: Array, width: float) -> bool:
    """Whether the branch is back at its first cycle."""
    if len(rows) < 10:
        return False

    def place(row: CycleRow) -> Array:
        return np.concatenate([[row.parameter / width, math.log(row.period)], row.low / size, row.high / size])

    return came_back(*(place(rows[i]) for i in (0, 1, -2, -1)))


def came_back(first: Array, second: Array, before: Array, last: Array) -> bool:
    """Whether the step from `before` to `last` passes `first` in the direction in which the curve went to `second`."""
    step, start = last - before, second - first
    passed = (first - before) @ step >= 0 >= (first - last) @ step
    near = np.linalg.norm(first - last) <= np.linalg.norm(step)
    return bool(passed and near and step @ start > 0.5 * np.linalg.norm(step) * np.linalg.norm(start))
