"""Curves of homoclinic orbits followed point by point on a mesh that moves with them, and what happens on them."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ..._errors import InputError
from ..bifurcation import ENDS, length
from ..codimension_two._walk import BOUND
from ..cycles import Collocation
from ..cycles._gauss import equidistributed, phases_of
from ..cycles._solved import referred
from ._connections import Connections, Outer, newton
from ._kind import eigenvalues
from ._solved import first_posed, mesh_of, on_mesh, points_of, posed, renewed
from ._start import Path, lengthened

Array = NDArray[np.float64]

#: Points between two moves of the mesh, and Newton steps of one point at most.
_STRETCH, _NEWTON = 4, 10
#: First and smallest step.
_FIRST, _SMALLEST = 5e-3, 1e-6
#: By how much the distances of the ends may leave their target before the orbit is made longer.
_LOOSE = 5.0
#: Tests smaller than this on both sides change their sign by rounding.
_ROUNDING = 1e-8
#: A test of which this share is left at its zero has jumped over it.
_ZERO = 1e-3
#: An orbit of this size, in units of the first one, has shrunk to a point.
_SHRUNK = 5e-3

#: Ends farther apart from the equilibrium than this share of the size of the orbit say nothing any more.
_OPEN = 0.1

LONG = (
    "An eigenvalue approaches zero: within a time of {:.4g} the orbit no longer comes near its equilibrium. Raise "
    "`longest` of `HomoclinicContinuation` to follow it farther."
)
SMALL = "The orbit shrank onto its equilibrium, at a Bogdanov-Takens point."


class HomoclinicContinuation(eqx.Module):
    """How curves of homoclinic orbits are followed.

    Args:
        intervals: Intervals of the mesh.
        degree: Degree of the polynomials.
        distance: Distance from the equilibrium at which orbits are cut off, as a share of their size.
        longest: Longest time between the ends, in units of that of the first orbit; where an eigenvalue goes to zero,
            the ends stay farther away instead.
        max_points: Points of a curve at most.
        largest: Largest step, as a share of the ranges of the parameters and of the size of the orbit.
        angle: Angle between successive tangents, in radians, that is aimed at.
    """

    intervals: int = eqx.field(static=True, default=60)
    degree: int = eqx.field(static=True, default=4)
    distance: float = eqx.field(static=True, default=1e-4)
    longest: float = eqx.field(static=True, default=10.0)
    max_points: int = eqx.field(static=True, default=200)
    largest: float = eqx.field(static=True, default=0.04)
    angle: float = eqx.field(static=True, default=0.15)

    def __check_init__(self) -> None:
        if self.intervals < 10 or not 2 <= self.degree <= 8 or not 0 < self.distance < 0.1 or self.longest < 1:
            raise InputError(
                "`HomoclinicContinuation` needs at least 10 `intervals`, a `degree` of 2 to 8, a `distance` between 0 "
                f"and 0.1 and `longest` of at least 1, got {self.intervals}, {self.degree}, {self.distance} and "
                f"{self.longest}."
            )


@dataclasses.dataclass(frozen=True)
class Window:
    """Where curves are followed: ranges and names of both parameters, longest time, size of the first orbit, scale."""

    low: Array
    high: Array
    names: tuple[str, str]
    longest: float
    size: float
    scale: Array


class Found(NamedTuple):
    """A point of a curve.

    Attributes:
        z: The point.
        step: Length of the last Newton step.
        tangent: Unit tangent.
        jacobians: At both equilibria, in scaled units.
        apart: Distances of both ends from their equilibria.
        slopes: Derivative of the path with respect to the phase.
    """

    z: Any
    step: Any
    tangent: Any
    jacobians: Any
    apart: Any
    slopes: Any


class Row(NamedTuple):
    """What is kept of a point; `special` is the number of the crossing there, else -1."""

    parameters: Array
    duration: float
    apart: Array
    rest: Array
    values: NDArray[np.complex128]
    quantity: float
    times: Array
    states: Array
    special: int = -1


class Crossing(NamedTuple):
    """A special point of a curve, with the error that the mesh leaves."""

    type: str
    row: Row
    error: Array


class Walked(NamedTuple):
    """A curve as it was followed one way; crossings lie among its rows."""

    rows: list[Row]
    crossings: list[Crossing]
    end: str


@eqx.filter_jit
def _look(problem: Connections, guess: Any, border: Any, along: Any) -> Found:
    z, _, step = newton(problem, guess, border[None], steps=_NEWTON)
    unit = jnp.zeros((z.size, 1)).at[-1, 0].set(1.0)
    tangent = problem.solve(z, (problem.weights() * along)[None], unit)[:, 0]
    tangent = tangent / length(problem, tangent)
    slopes = problem.equations.slopes_of(problem.path(z))
    return Found(z, step, tangent, problem.jacobians(z), problem.apart(z), slopes)


@eqx.filter_jit
def _weights(problem: Connections) -> Any:
    return problem.weights()


def looked(problem: Connections, guess: Array, border: Array, along: Array) -> Found:
    """The point in the plane through `guess` across `border`; its tangent makes an acute angle with `along`."""
    return jax.device_get(_look(problem, jnp.asarray(guess), jnp.asarray(border), jnp.asarray(along)))


def sound(found: Found) -> bool:
    """Whether a point was found there."""
    return bool(found.step < 1e-7 and np.all(np.isfinite(found.z)) and np.all(np.isfinite(found.tangent)))


def weights_of(problem: Connections) -> Array:
    """The weights of the metric."""
    return np.asarray(_weights(problem))


def row_of(problem: Connections, found: Found) -> Row:
    """What is kept of a point."""
    scale, outer = np.asarray(problem.equations.rule.scale), problem.outer(found.z)
    points = points_of(problem, found.z)
    values, unstable = eigenvalues(found.jacobians[0]), problem.ends[0].basis.shape[1]
    return Row(
        parameters=np.asarray(found.z[-2:], float),
        duration=float(outer.free[0]),
        apart=np.asarray(found.apart),
        rest=np.asarray(outer.left) * scale,
        values=values,
        quantity=float(values[unstable - 1].real + values[unstable].real),
        times=float(outer.free[0]) * phases_of(mesh_of(problem), problem.equations.shape[1]),
        states=points * scale,
    )


def tests_of(problem: Connections, found: Found) -> dict[str, float]:
    """Test functions of special points by the name of what they show; their signs change there."""
    unstable = problem.ends[0].basis.shape[1]
    values = eigenvalues(found.jacobians[0])
    out, into = values[:unstable][::-1], values[unstable:]  # the leading ones first
    tests = {"neutral": float(out[0].real + into[0].real)}
    tests["zero unstable"], tests["zero stable"] = float(out[0].real), float(into[0].real)
    for name, side in (("double unstable eigenvalue", out), ("double stable eigenvalue", into)):
        if len(side) > 1:
            tests[name] = float(((side[0] - side[1]) ** 2).real)
    outer, d = problem.outer(found.z), problem.equations.shape[2]
    start = found.z[:d]
    gaps = start - outer.left, start + outer.jump - outer.right
    for name, side, gap in (("unstable", out, gaps[0]), ("stable", into, gaps[1])):
        if len(side) > 1 and abs(side[0].imag) == 0 and abs((side[1] - side[0]).real) > 0:
            # At held time this passes through zero smoothly.
            part = _along_leading(found.jacobians[0], side[0].real, np.asarray(gap))
            tests[f"orbit flip, {name}"] = part / float(problem.ends[0].distance)
    return tests


def _along_leading(jacobian: Array, value: float, gap: Array) -> float:
    """The part of a gap along the leading eigenvector, which is oriented by its own largest component."""
    d = len(gap)
    right = np.linalg.svd(jacobian - value * np.eye(d))[2][-1]
    left = np.linalg.svd(jacobian.T - value * np.eye(d))[2][-1]
    right = right * np.sign(right[int(np.argmax(np.abs(right)))])
    return float(left @ gap / (left @ right))


def walk(problem: Connections, found: Found, sign: float, method: HomoclinicContinuation, window: Window) -> Walked:
    """The curve from a point of it on, along its tangent (`sign` 1) or against it (-1)."""
    here = found._replace(tangent=sign * found.tangent)
    rows, crossings, step = [row_of(problem, here)], [], _FIRST
    end = _outward(here, window)
    while not end:
        problem, here = _tended(problem, here, method, window, move=len(rows) % _STRETCH == 0)
        after, step, landing = _advanced(problem, here, step, method, window)
        if after is None:
            end = ENDS[ENDS.stuck].replace("the curve ends", "it ends")
            break
        for crossing in _between(problem, here, after):
            rows.append(crossing.row._replace(special=len(crossings)))
            crossings.append(crossing)
            if crossing.type in _LAST:
                return Walked(rows, crossings, _LAST[crossing.type])
        rows.append(row_of(problem, after))
        here, end = after, _ended(rows, landing, method, window)
    return Walked(rows, crossings, end)


#: Special points at which a curve ends.
_LAST = {
    "saddle-node": "The equilibrium becomes a saddle-node: the curve goes on as that of its fold.",
    "shilnikov-hopf": "The equilibrium has a Hopf bifurcation, at a Shilnikov-Hopf point.",
}


def _outward(here: Found, window: Window) -> str:
    """That a curve begins on an end of the ranges and leads out of them, in a sentence; nothing if it does not."""
    for i, name in enumerate(window.names):
        p, slope, width = here.z[i - 2], here.tangent[i - 2], window.high[i] - window.low[i]
        if (slope > 0 and p > window.high[i] - 1e-9 * width) or (slope < 0 and p < window.low[i] + 1e-9 * width):
            return BOUND.format(name)
    return ""


def _advanced(
    problem: Connections, here: Found, step: float, method: HomoclinicContinuation, window: Window
) -> tuple[Found | None, float, str]:
    """The next point, the step to try after it, and the name of the parameter at whose end it lies."""
    weights = weights_of(problem)
    while step >= _SMALLEST:
        size, border, guess, landing = step, weights * here.tangent, here.z + step * here.tangent, ""
        for i in (0, 1):
            reached = min(max(guess[i - 2], window.low[i]), window.high[i])
            if reached != guess[i - 2]:
                size, landing = (reached - here.z[i - 2]) / here.tangent[i - 2], window.names[i]
                guess = here.z + size * here.tangent
                guess[i - 2] = reached
                border = np.zeros_like(guess)
                border[i - 2] = 1 / float(problem.width[i])
        after = looked(problem, guess, border, here.tangent)
        angle = math.acos(min(1.0, max(-1.0, float(np.sum(weights * after.tangent * here.tangent)))))
        off = math.sqrt(float(np.sum(weights * (after.z - guess) ** 2)))
        good = sound(after) and angle <= 3 * method.angle and off <= 3 * method.angle * size
        inside = np.all(after.z[-2:] >= window.low) and np.all(after.z[-2:] <= window.high)
        if good and inside:
            factor = min(max(method.angle / max(angle, 1e-12), 0.5), 2.0)
            return after, min(step * factor, method.largest), landing
        step *= 0.4
    return None, step, ""


def _size(problem: Connections, z: Array) -> float:
    """The largest distance of the path from the equilibrium."""
    points, outer = points_of(problem, z), problem.outer(z)
    return float(np.max(np.linalg.norm(points - np.asarray(outer.left), axis=1)))


def _tended(
    problem: Connections, here: Found, method: HomoclinicContinuation, window: Window, *, move: bool
) -> tuple[Connections, Found]:
    """The point with projections and phase of its own, on a mesh that fits it, and with ends near the equilibrium."""
    distance = method.distance * _size(problem, here.z)
    fresh, z, along = problem, here.z, here.tangent
    longer = _longer(problem, here, distance, window)
    if longer is not None:
        fresh, z, along = longer
    elif move:
        new = equidistributed(mesh_of(fresh), here.slopes, method.intervals)
        _, along = on_mesh(fresh, along, new)
        fresh, z = on_mesh(fresh, z, new)
    fresh = timed(fresh, z, here.jacobians, distance)
    there = looked(fresh, z, weights_of(fresh) * along, along)
    return (fresh, there) if sound(there) else (timed(problem, here.z, here.jacobians, distance), here)


def _longer(
    problem: Connections, here: Found, distance: float, window: Window
) -> tuple[Connections, Array, Array] | None:
    """The orbit and the tangent with linear tails to `distance` from the equilibrium; None where none are needed.

    Orbits that would take too long stay as they are: their eigenvalues are near to zero.
    """
    outer, d = problem.outer(here.z), problem.equations.shape[2]
    start = here.z[:d]
    gaps = start - outer.left, start + outer.jump - outer.right
    far = max(float(end.apart(jnp.asarray(gap))) for end, gap in zip(problem.ends, gaps, strict=True))
    if far < _LOOSE * distance or min(map(_slowest, here.jacobians)) <= 0:
        return None
    fresh, degree = renewed(problem, here.jacobians, distance), problem.equations.shape[1]
    phases = phases_of(mesh_of(problem), degree)
    left, right = np.asarray(outer.left), np.asarray(outer.right)
    path = Path(float(outer.free[0]) * phases, points_of(problem, here.z), left, right)
    longer = lengthened(path, (here.jacobians[0], here.jacobians[1]), fresh.ends)
    if longer.times[-1] > window.longest:
        return None
    rule, count = problem.equations.rule, problem.equations.shape[0]
    posed_, z = first_posed(rule, longer, here.z[-2:], fresh.ends, Collocation(count, degree, max_intervals=2 * count))
    posed_ = Connections(posed_.equations, fresh.ends, problem.width)
    # The tangent of the tails is taken to be that of the old ends: it only has to point forward.
    before = int(np.argmin(np.linalg.norm(longer.states - path.states[0], axis=1)))
    old = (longer.times[before] + path.times) / longer.times[-1]
    along = points_of(problem, here.tangent)
    at = phases_of(mesh_of(posed_), degree)
    points = np.stack([np.interp(at, old, column) for column in along.T], axis=1)
    outer = problem.outer(here.tangent)
    jump = Outer(points[-1] - points[0], outer.left, outer.right, outer.free)
    _, tangent = posed(rule, mesh_of(posed_), points, jump, fresh.ends, problem.width)
    return posed_, z, tangent


def _slowest(jacobian: Array) -> float:
    return float(np.min(np.abs(eigenvalues(jacobian).real)))


def timed(problem: Connections, z: Array, jacobians: tuple[Array, Array], distance: float) -> Connections:
    """The equations at held time, with phase and projections of the orbit `z` with these Jacobians."""
    fresh = renewed(problem, jacobians, distance)
    equations = referred(fresh.equations, fresh.path(jnp.asarray(z)))
    return Connections(equations, fresh.ends, fresh.width, True)


def _between(problem: Connections, before: Found, after: Found) -> list[Crossing]:
    """The special points between two points of the curve, in their order."""
    one, other = tests_of(problem, before), tests_of(problem, after)
    # In units of the largest eigenvalue; what is zero all along the curve changes its sign by rounding.
    large = _ROUNDING * float(problem.ends[0].rate)
    both = [name for name in one if name in other and max(abs(one[name]), abs(other[name])) > large]
    made = [_located(problem, before, after, name) for name in both if one[name] * other[name] < 0]
    return [crossing for _, crossing in sorted((m for m in made if m is not None), key=lambda m: m[0])]


def _located(problem: Connections, before: Found, after: Found, name: str) -> tuple[float, Crossing] | None:
    """The zero of a test between two points: its place between them, and what it is; None where it jumps."""
    chord, border = after.z - before.z, weights_of(problem) * before.tangent

    @functools.cache
    def at(share: float) -> Found:
        found = looked(problem, before.z + share * chord, border, before.tangent)
        if not sound(found):
            raise ArithmeticError(share)
        return found

    def value(share: float) -> float:
        tests = tests_of(problem, at(share))
        if name not in tests:
            raise ArithmeticError(share)
        return tests[name]

    try:
        ends = value(0.0), value(1.0)
        if ends[0] * ends[1] >= 0:
            return None
        share = float(optimize.brentq(value, 0.0, 1.0, xtol=1e-10))  # type: ignore[arg-type]
        here = at(share)
        if abs(value(share)) > _ZERO * max(map(abs, ends)):
            return None
    except ArithmeticError:
        return None
    return share, Crossing(_named(name, problem, here), row_of(problem, here), _doubt(problem, here))


def _doubt(problem: Connections, here: Found) -> Array:
    """By how much the curve moves where the mesh is twice as fine."""
    mesh = mesh_of(problem)
    fine = np.sort(np.concatenate([mesh, 0.5 * (mesh[1:] + mesh[:-1])]))
    there, z = on_mesh(problem, here.z, fine)
    there = timed(there, z, here.jacobians, float(problem.ends[0].distance))
    _, along = on_mesh(problem, here.tangent, fine)
    border = np.zeros_like(along)
    border[-2:] = weights_of(there)[-2:] * along[-2:]
    found = looked(there, z, border, along)
    if not sound(found):
        return np.full(2, np.inf)
    # Along the curve the place is as uncertain as across it.
    off = float(np.linalg.norm((found.z - z)[-2:] / np.asarray(problem.width)))
    return (2 * off + 1e-12) * np.asarray(problem.width)


def _named(test: str, problem: Connections, here: Found) -> str:
    """What the zero of a test is, by the eigenvalues there."""
    unstable = problem.ends[0].basis.shape[1]
    values = eigenvalues(here.jacobians[0])
    out, into = values[unstable - 1], values[unstable]
    if test == "neutral":
        return "neutral " + ("saddle", "saddle-focus", "focus-focus")[int(out.imag != 0) + int(into.imag != 0)]
    if test.startswith("zero"):
        turning = (out if test.endswith("unstable") else into).imag != 0
        return "shilnikov-hopf" if turning else "saddle-node"
    return test


def _ended(rows: list[Row], landing: str, method: HomoclinicContinuation, window: Window) -> str:
    """Why the curve ends here, in a sentence; nothing if it goes on."""
    last = rows[-1]
    if landing:
        return BOUND.format(landing)
    size = float(np.max(np.linalg.norm((last.states - last.rest) / window.scale, axis=1)))
    if size < _SHRUNK * window.size:
        return SMALL
    if np.max(last.apart) > _OPEN * size:
        return LONG.format(last.duration)
    if _closed(rows, window):
        return ENDS[ENDS.closed].replace("branch", "curve")
    return (
        ENDS[ENDS.full].replace("branch", "curve").replace("PseudoArclength", "HomoclinicContinuation")
        if len(rows) >= method.max_points
        else ""
    )


def _closed(rows: list[Row], window: Window) -> bool:
    """Whether the curve is back at its first point."""
    if len(rows) < 10:
        return False
    first, second, before, last = (
        (rows[i].parameters - window.low) / (window.high - window.low) for i in (0, 1, -2, -1)
    )
    step, start = last - before, second - first
    passed = (first - before) @ step >= 0 >= (first - last) @ step
    near = np.linalg.norm(first - last) <= np.linalg.norm(step)
    return bool(passed and near and step @ start > 0.5 * np.linalg.norm(step) * np.linalg.norm(start))
