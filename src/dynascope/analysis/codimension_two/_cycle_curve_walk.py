"""Curves of critical cycles followed point by point on a mesh that moves with them, and what happens on them."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ..._compile import compiled
from ..bifurcation import ENDS, CycleContinuation
from ..bifurcation._cycle_special import uneven, weights_of
from ..bifurcation._cycle_walk import came_back, inside_out
from ..cycles._collocation import CollocationEquations
from ..cycles._gauss import equidistributed
from ..cycles._multipliers import multipliers
from ..cycles._solved import moved, referred
from ._cycle_curve import FOLDS, TORI, CycleCurve, Found, Vectors, look_at
from ._walk import BOUND

Array = NDArray[np.float64]

#: Points between two moves of the mesh, first and smallest step.
_STRETCH, _FIRST, _SMALLEST = 6, 4e-3, 1e-6
#: A trivial multiplier further from 1 than this says that the mesh no longer resolves the cycle.
_LOST = 1e-2
#: Growth of the period from which on a curve whose mesh no longer resolves the cycles is said to approach infinity.
_GROWN = 3.0
#: A test of which this share is left at its zero has jumped over it.
_ZERO = 1e-3
#: Distance of the places from which the doubt about a special point is told, as a share of the step.
_ASIDE = 0.05
#: A point of codimension two this near to the first point, as a share of the first step, is where the curve begins.
_AT_START = 1e-3
#: Cosines of the angle of the pair at resonances.
_RESONANCES = {"resonance 1:1": 1.0, "resonance 1:2": -1.0, "resonance 1:3": -0.5, "resonance 1:4": 0.0}

SHRUNK = "The cycles shrank onto an equilibrium, at a generalised Hopf point."
VANISHED = "The cycles shrank onto an equilibrium."
REAL = "The pair becomes real, at a {} point."
LONG = "The period grew to {:.4g}: the cycles approach a homoclinic orbit, or another one of infinite period."
COARSE = "The mesh no longer resolves the cycles. Raise `max_intervals` of `CycleContinuation`."


class CurveRow(NamedTuple):
    """One point of a curve: what is kept of it. `special` is the number of the crossing there, else -1."""

    parameters: Array
    period: float
    start: Array
    low: Array
    high: Array
    multipliers: Any
    error: float
    kappa: float
    special: int = -1


class CycleCrossing(NamedTuple):
    """A point of codimension two, with the cycle itself, from which other curves start."""

    type: str
    error: Array
    row: CurveRow
    equations: CollocationEquations
    z: Array


class CycleCurveWalk(NamedTuple):
    """A curve as it was followed one way; crossings lie among its rows."""

    rows: list[CurveRow]
    crossings: list[CycleCrossing]
    end: str


@dataclasses.dataclass(frozen=True)
class Window:
    """Where curves are followed: ranges of both parameters with their names, and the longest period."""

    low: Array
    high: Array
    names: tuple[str, str]
    longest: float

    @property
    def width(self) -> Any:
        return jnp.asarray(self.high - self.low)


@compiled
def _vectors(problem: CycleCurve, z: Any) -> Any:
    return problem.vectors(z)[:2]


def posed_curve(equations: CollocationEquations, z: Any, family: str, width: Any) -> CycleCurve:
    """The problem of a family at the cycle z, bordered by its own null vectors, which are found by iteration."""
    count, _, d = equations.shape
    c = 2 if family == TORI else 1
    generator = np.random.default_rng(0)
    seeds = [Vectors(generator.normal(size=(c, count, d * c)), generator.normal(size=(c, c))) for _ in range(2)]
    problem = CycleCurve(referred(equations, jnp.asarray(z)), width, _unit(seeds[0]), _unit(seeds[1]), family)
    for _ in range(3):
        right, left = _vectors(problem, jnp.asarray(z))
        problem = bordered(problem, right, left)
    return problem


def bordered(problem: CycleCurve, right: Vectors, left: Vectors) -> CycleCurve:
    """The problem bordered by other vectors."""
    return CycleCurve(problem.equations, problem.width, _unit(right), _unit(left), problem.family)


def _unit(vectors: Vectors) -> Vectors:
    """The vectors made orthonormal, each on the side on which it was."""
    flat = np.concatenate([np.asarray(vectors.nodes).reshape(len(vectors.free), -1), vectors.free], axis=1)
    q, r = np.linalg.qr(flat.T)
    flat = (q * np.where(np.diag(r) < 0, -1.0, 1.0)).T
    inner = flat.shape[1] - np.shape(vectors.free)[1]
    return Vectors(jnp.asarray(flat[:, :inner].reshape(np.shape(vectors.nodes))), jnp.asarray(flat[:, inner:]))


def looked(problem: CycleCurve, guess: Array, border: Array, along: Array) -> Found:
    """`look_at`, with all that it gives on the host."""
    found = look_at(problem, jnp.asarray(guess), jnp.asarray(border), jnp.asarray(along))
    return jax.device_get(found)


def sound(found: Any) -> bool:
    """Whether a point was found there."""
    return bool(found.converged) and bool(np.all(np.isfinite(found.z)) and np.all(np.isfinite(found.tangent)))


def row_of(problem: CycleCurve, found: Found) -> CurveRow:
    """What is kept of a point."""
    unknowns, scale = problem.equations.unpacked(found.z), np.asarray(problem.equations.rule.scale)
    mu = multipliers(found.pair)
    mu = mu if mu.size == scale.size else np.full(scale.size, np.nan, complex)
    # At a fold the trivial multiplier is double, and what the mesh does to it shows in the mean of the two.
    count = 2 if problem.family == FOLDS else 1
    near = mu[np.argsort(np.abs(mu - 1))[:count]]
    return CurveRow(
        parameters=np.asarray(found.z[-2:], float),
        period=float(unknowns.free[0]),
        start=np.asarray(unknowns.nodes[0]) * scale,
        low=np.asarray(found.low),
        high=np.asarray(found.high),
        multipliers=mu,
        error=float(abs(np.mean(near) - 1)),
        kappa=float(found.z[-3]) if problem.family == TORI else math.nan,
    )


def tests_of(problem: CycleCurve, found: Found) -> dict[str, float]:
    """Test functions of points of codimension two by the name of what they show.

    Elementary symmetric functions of numbers a = (mu - 1) / s, b = (mu + 1) / s, s^2 = 1 + abs(mu)^2, which have no
    poles and are as accurate as the monodromy matrix where multipliers meet.
    """
    mu = multipliers(found.pair)
    size = np.sqrt(1 + np.abs(np.where(np.isinf(mu), 0.0, mu)) ** 2)
    a, b = (np.where(np.isinf(mu), 1.0, (np.where(np.isinf(mu), 0.0, mu) + sign) / size) for sign in (-1, 1))
    at_one, at_minus = _symmetric(a, b), _symmetric(b, a)
    if problem.family == FOLDS:
        return {"cusp of cycles": float(found.bend), "resonance 1:1": at_one[2], "fold-flip": at_minus[0]}
    if problem.family != TORI:
        return {"resonance 1:2": at_minus[1], "fold-flip": at_one[1]}
    kappa = float(found.z[-3])
    beside = {"fold-neimark-sacker": at_one[1], "flip-neimark-sacker": at_minus[0]} if mu.size > 3 else {}
    # Beyond kappa = 1 and -1 the pair itself changes these signs.
    signs = {"fold-neimark-sacker": np.sign(1 - kappa), "flip-neimark-sacker": np.sign(1 + kappa)}
    return {name: kappa - value for name, value in _RESONANCES.items()} | {n: v * signs[n] for n, v in beside.items()}


def _symmetric(a: Array, b: Array) -> Array:
    """Coefficients of 1, t and t^2 in the product of all a_i + t b_i."""
    whole = np.zeros(3, complex)
    whole[0] = 1.0
    for x, y in zip(a, b, strict=True):
        whole = x * whole + y * np.concatenate([[0.0], whole[:-1]])
    return np.real(whole)


def walk_curve(
    problem: CycleCurve, found: Found, sign: float, method: CycleContinuation, window: Window
) -> CycleCurveWalk:
    """The curve from a point of it on, along its tangent (`sign` 1) or against it (-1)."""
    here = found._replace(tangent=sign * found.tangent)
    rows, crossings, step = [row_of(problem, here)], [], _FIRST
    end = outward(here, window)
    while not end:
        if len(rows) % _STRETCH == 0 or rows[-1].error > method.tol:
            problem, here = _remeshed(problem, here, method, rows[-1].error)
        problem = bordered(problem, here.right, here.left)
        after, step, landing = advanced(problem, here, step, method, window=window)
        if after is None:
            end = ENDS[ENDS.stuck].replace("the curve ends", "it ends")
            break
        if inside_out(problem.equations, here.z, after.z):
            end = SHRUNK if problem.family == FOLDS else VANISHED
            break
        for share, crossing in _between(problem, here, after):
            if len(rows) == 1 and share < _AT_START:
                continue
            rows.append(crossing.row._replace(special=len(crossings)))
            crossings.append(crossing)
            if crossing.type in ("resonance 1:1", "resonance 1:2") and problem.family == TORI:
                return CycleCurveWalk(rows, crossings, REAL.format(crossing.type))
        rows.append(row_of(problem, after))
        if problem.family == TORI and abs(rows[-1].kappa) > 1:
            return CycleCurveWalk(rows[:-1], crossings, REAL.format("resonance"))
        here, end = after, _ended(rows, window, method, landing)
    return CycleCurveWalk(rows, crossings, end)


def outward(here: Any, window: Any) -> str:
    """That a curve begins on an end of the ranges and leads out of them, in a sentence; nothing if it does not."""
    for i, name in enumerate(window.names):
        p, slope, width = here.z[i - 2], here.tangent[i - 2], window.high[i] - window.low[i]
        if (slope > 0 and p > window.high[i] - 1e-9 * width) or (slope < 0 and p < window.low[i] + 1e-9 * width):
            return BOUND.format(name)
    return ""


def advanced(
    problem: Any, here: Any, step: float, method: Any, *, window: Any, look: Callable[..., Any] = looked
) -> tuple[Any, float, str]:
    """The next point, the step to try after it, and the name of the parameter at whose end it lies.

    `look` finds the points of curves of another kind.
    """
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
        after = look(problem, guess, border, here.tangent)
        angle = math.acos(min(1.0, max(-1.0, float(np.sum(weights * after.tangent * here.tangent)))))
        off = math.sqrt(float(np.sum(weights * (after.z - guess) ** 2)))
        good = sound(after) and angle <= 3 * method.angle and off <= 3 * method.angle * size
        inside = np.all(after.z[-2:] >= window.low) and np.all(after.z[-2:] <= window.high)
        if good and inside:
            newton = int(after.newton)
            by_newton = 2.0 if newton <= 3 else 1.2 if newton == 4 else 0.7
            factor = min(max(min(method.angle / max(angle, 1e-12), by_newton), 0.5), 2.0)
            return after, min(step * factor, method.largest), landing
        step *= 0.4
    return None, step, ""


def _remeshed(problem: CycleCurve, here: Found, method: CycleContinuation, error: float) -> tuple[CycleCurve, Found]:
    """The point on a mesh that fits it, with twice the intervals if its error asks for it; as it is if that fails."""
    count = problem.equations.shape[0]
    if error > method.tol:
        if 2 * count > method.max_intervals:
            return problem, here
        count *= 2
    return on_mesh(problem, here, equidistributed(problem.equations.mesh, np.asarray(here.slopes), count))


def on_mesh(problem: CycleCurve, here: Found, new: Array) -> tuple[CycleCurve, Found]:
    """The same point on another mesh with ends `new`, as it is if it is not found there."""
    equations, mesh = problem.equations, problem.equations.mesh
    fresh, z = moved(equations, here.z, mesh, new)
    # The tangent is a curve like the cycle itself, but closed.
    loose = eqx.tree_at(lambda e: e.winding, equations, jnp.zeros_like(equations.winding))
    _, along = moved(loose, here.tangent, mesh, new)
    vectors = [Vectors(_interpolated(v.nodes, mesh, new), v.free) for v in (here.right, here.left)]
    renewed = CycleCurve(fresh, problem.width, _unit(vectors[0]), _unit(vectors[1]), problem.family)
    renewed = bordered(renewed, *_vectors(renewed, z))
    there = looked(renewed, np.asarray(z), weights_of(renewed) * np.asarray(along), np.asarray(along))
    return (renewed, there) if sound(there) else (problem, here)


def _interpolated(nodes: Any, mesh: Array, new: Array) -> Array:
    """Values at the starts of the intervals on another mesh."""
    flat = np.asarray(nodes)
    rows = [[np.interp(new[:-1], mesh[:-1], flat[m, :, i]) for i in range(flat.shape[2])] for m in range(len(flat))]
    return np.moveaxis(np.array(rows), 1, -1)


def _between(problem: CycleCurve, before: Found, after: Found) -> list[tuple[float, CycleCrossing]]:
    """The points of codimension two between two points of the curve, in their order."""
    one, other = tests_of(problem, before), tests_of(problem, after)
    made = [_located(problem, before, after, name) for name in one if one[name] * other[name] < 0]
    return sorted((m for m in made if m is not None), key=lambda m: m[0])


def zero_of(
    problem: Any, before: Any, after: Any, *, look: Callable[..., Any], test: Callable[[Any], float]
) -> tuple[float, Callable[[float], Any]] | None:
    """The zero of a test between two points, as a share of the way, and how points at other shares are found.

    None where there is no zero, or where the test jumps over it.

    Raises:
        ArithmeticError: If a point on the way cannot be found.
    """
    chord, border = after.z - before.z, weights_of(problem) * before.tangent

    @functools.cache
    def at(share: float) -> Any:
        found = look(problem, before.z + share * chord, border, before.tangent)
        if not sound(found):
            raise ArithmeticError(share)
        return found

    def value(share: float) -> float:
        return test(at(share))

    ends = value(0.0), value(1.0)
    if ends[0] * ends[1] >= 0:
        return None
    share = float(optimize.brentq(value, 0.0, 1.0, xtol=1e-12))  # type: ignore[arg-type]
    return None if abs(value(share)) > _ZERO * max(map(abs, ends)) else (share, at)


def _located(problem: CycleCurve, before: Found, after: Found, name: str) -> tuple[float, CycleCrossing] | None:
    """The zero of a test between two points: its place between them, and what it is; None where it jumps."""
    try:
        zero = zero_of(problem, before, after, look=looked, test=lambda found: tests_of(problem, found)[name])
        if zero is None:
            return None
        share, at = zero
        here = at(share)
        row = row_of(problem, here)
        if "-neimark" in name and abs(row.kappa) > 1 - 1e-6:
            return None
        aside = [at(share - _ASIDE), at(share + _ASIDE)]
        error = _doubt(problem, aside, name, np.abs(after.z - before.z)[-2:])
    except ArithmeticError:
        return None
    return share, CycleCrossing(name, error, row, problem.equations, here.z)


def _doubt(problem: CycleCurve, aside: list[Found], name: str, reach: Array) -> Array:
    """The error that the mesh leaves: the point once more on a mesh that is worse on purpose, as of special points."""
    other = [on_mesh(problem, found, uneven(problem.equations.mesh)) for found in aside]
    if any(there is problem for there, _ in other):
        return reach
    first = _straight([problem] * 2, aside, name)
    gap = np.abs(_straight([p for p, _ in other], [f for _, f in other], name) - first)
    return np.where(np.isfinite(gap), gap, reach) + 1e-11 * reach


def _straight(problems: list[CycleCurve], ends: list[Found], name: str) -> Array:
    """The parameters where the test would vanish if it were straight between two points."""
    a, b = (tests_of(p, f)[name] for p, f in zip(problems, ends, strict=True))
    p, q = (f.z[-2:] for f in ends)
    return p - a * (q - p) / (b - a) if a != b else np.full(2, np.nan)


def _ended(rows: list[CurveRow], window: Window, method: CycleContinuation, landing: str) -> str:
    """Why the curve ends here, in a sentence; nothing if it goes on."""
    last = rows[-1]
    lost = last.error > _LOST or not math.isfinite(last.error)
    grown = last.period > _GROWN * min(row.period for row in rows)
    if last.period >= window.longest or (lost and grown):
        return LONG.format(last.period)
    if lost:
        return COARSE
    if landing:
        return BOUND.format(landing)
    if _closed(rows, window):
        return ENDS[ENDS.closed].replace("branch", "curve")
    return ENDS[ENDS.full].replace("branch", "curve") if len(rows) >= method.max_points else ""


def _closed(rows: list[CurveRow], window: Window) -> bool:
    """Whether the curve is back at its first point."""
    if len(rows) < 10:
        return False
    size = np.maximum(np.max([r.high - r.low for r in rows], axis=0), 1e-300)
    return came_back(*(place_of(rows[i], window, size) for i in (0, 1, -2, -1)))


def place_of(row: CurveRow, window: Window, size: Array) -> Array:
    """Where a cycle is: its parameters, its period and its extent, as shares of their windows."""
    at = (row.parameters - window.low) / (window.high - window.low)
    return np.concatenate([at, [math.log(row.period)], row.low / size, row.high / size])
