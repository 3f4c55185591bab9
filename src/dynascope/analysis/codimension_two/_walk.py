"""Curves of critical states followed both ways, with the points of codimension two on them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..bifurcation import ENDS, Bounds, PseudoArclength, correct, follow
from ._curve_problems import Curve, PairCurve
from ._measured import OF_COEFFICIENTS, Measured, measured

#: Why a curve ends where one of its parameters reaches the end of its range.
BOUND = "The curve reached an end of the range of `{}`."
#: Tests that are smaller than this on both sides change their sign by rounding.
_ROUNDING = 1e-7
#: Relative width of the last interval of the search for a zero of a test.
_TOL = 1e-12

_follow = compiled(follow)


@compiled
def _corrected(problem: Curve, guess: Any, border: Any, method: PseudoArclength) -> tuple[Any, Any]:
    z, converged, _ = correct(problem, guess, border, method)
    return z, converged


def corrected(
    problem: Curve, guess: np.ndarray, border: np.ndarray, method: PseudoArclength
) -> tuple[np.ndarray, bool]:
    """The point of the curve in the plane through `guess` that `border` is normal to, and whether it was found."""
    z, converged = _corrected(problem, jnp.asarray(guess), jnp.asarray(border), method)
    return np.asarray(z), bool(converged)


@compiled
def _matrix(problem: Curve, z: Any) -> Any:
    return jax.jacfwd(problem.residual)(z)


@dataclasses.dataclass(frozen=True)
class Crossing:
    """A point of codimension two on a curve: what it is, where, and between which points of the curve."""

    type: str
    z: np.ndarray
    error: np.ndarray
    after: int


@dataclasses.dataclass(frozen=True)
class Walked:
    """A curve as it was followed: points z, why it ends, and what happens on it, in its order."""

    z: np.ndarray
    ends: tuple[str, str]
    crossings: tuple[Crossing, ...]


def tangent(problem: Curve, z: np.ndarray) -> np.ndarray | None:
    """The unit tangent of the curve at z; None where there is no one direction."""
    units = 1 / np.sqrt(np.asarray(problem.weights()))
    matrix = np.asarray(_matrix(problem, jnp.asarray(z))) * units
    if not np.all(np.isfinite(matrix)):
        return None
    size = np.linalg.norm(matrix, axis=1, keepdims=True)
    _, s, vh = np.linalg.svd(matrix / np.where(size > 0, size, 1.0))
    return vh[-1] * units if s[-1] > 1e-9 * s[0] else None


def walked(problem: Curve, z: np.ndarray, bounds: Bounds, method: PseudoArclength) -> Walked | None:
    """The curve through z, both ways; None where there is none."""
    along = tangent(problem, z)
    if along is None:
        return None
    forth, end = _half(problem, z, along, bounds, method)
    if not len(forth):
        return None
    if end == ENDS[ENDS.closed]:
        points, ends = forth, (end, end)
    else:
        back, begin = _half(problem, z, -along, bounds, method)
        points, ends = np.concatenate([back[:0:-1], forth]), (begin, end)
    if len(points) < 2:
        return None
    return Walked(points, ends, _crossings(problem, points, method))


def _half(
    problem: Curve, z: np.ndarray, along: np.ndarray, bounds: Bounds, method: PseudoArclength
) -> tuple[np.ndarray, str]:
    path = _follow(problem, jnp.asarray(z), jnp.asarray(along), method, bounds=bounds)
    if path.end == ENDS.no_start:
        return np.zeros((0, z.size)), ENDS[path.end]
    points, free = np.array(path.points)[: int(path.count)], problem.plane.free
    if path.end == ENDS.bound:
        return points, BOUND.format(free[1].name)
    p, last = points[-1, -2], len(points) - 1
    if path.end == ENDS.left and not bounds.low[-2] <= p <= bounds.high[-2] and last > 0:
        return _cut(problem, points, bounds, method), BOUND.format(free[0].name)
    return points, ENDS[path.end].replace("branch", "curve")


def _cut(problem: Curve, points: np.ndarray, bounds: Bounds, method: PseudoArclength) -> np.ndarray:
    """The points with the last one, beyond the range of the first parameter, moved back to its end."""
    from scipy.optimize import brentq

    a, b = points[-2:]
    end = float(bounds.low[-2] if b[-2] < bounds.low[-2] else bounds.high[-2])
    border = np.asarray(problem.weights()) * (b - a)
    lost: list[float] = []

    def off(share: float) -> float:
        point, converged = corrected(problem, a + share * (b - a), border, method)
        if not converged:
            lost.append(share)
        return float(point[-2]) - end

    if off(0.0) * off(1.0) > 0:
        return points[:-1]
    share: Any = brentq(off, 0.0, 1.0, xtol=_TOL, rtol=4 * np.finfo(float).eps)
    points[-1], converged = corrected(problem, a + share * (b - a), border, method)
    points[-1, -2] = end
    return points[:-1] if lost or not converged else points


def _crossings(problem: Curve, z: np.ndarray, method: PseudoArclength) -> tuple[Crossing, ...]:
    """All points of codimension two, in the order of the curve."""
    known = measured(problem, z)
    found: list[tuple[float, Crossing]] = []
    for name, values in known.tests.items():
        for i in np.flatnonzero(_changes(values, known.sizes.get(name, np.ones(1)))):
            made = _located(problem, z, int(i), name, known, method)
            if made is not None and _is_one(problem, made[1]):
                found.append((i + made[0], made[1]))
    return tuple(crossing for _, crossing in sorted(found, key=lambda f: f[0]))


def _changes(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Whether the sign changes from each point to the next, by more than rounding."""
    before, after = values[:-1], values[1:]
    large = np.maximum(np.abs(before), np.abs(after)) > _ROUNDING * np.median(sizes)
    with np.errstate(invalid="ignore"):
        return large & ((before * after < 0) | ((after == 0) & (before != 0)))


def _located(
    problem: Curve, z: np.ndarray, i: int, name: str, known: Measured, method: PseudoArclength
) -> tuple[float, Crossing] | None:
    """The zero of a test between two points: its place between them, and what it is."""
    from scipy.optimize import brentq

    a, b = z[i], z[i + 1]
    weights = np.asarray(problem.weights())
    border = weights * (b - a) / np.sqrt(np.sum(weights * (b - a) ** 2))
    lost: list[float] = []

    def at(share: float) -> np.ndarray:
        point, converged = corrected(problem, a + share * (b - a), border, method)
        if not converged:
            lost.append(share)
        return point

    def test(share: float) -> float:
        of_forms = name in OF_COEFFICIENTS
        here = measured(problem, at(share)[None], known.vector[i], coefficients=of_forms)
        value = float(here.tests[name][0])
        return value if np.isfinite(value) else 0.0

    ends = test(0.0), test(1.0)
    if ends[0] * ends[1] > 0 or lost:
        return None
    share: Any = brentq(test, 0.0, 1.0, xtol=_TOL, rtol=4 * np.finfo(float).eps)
    here = at(share)
    # A change of sign through a pole is no zero.
    if lost or abs(test(share)) > 1e-3 * max(abs(ends[0]), abs(ends[1])):
        return None
    error = 2 * _TOL * np.abs(b - a)[-2:] + 8 * np.finfo(float).eps * np.abs(here[-2:])
    return share, Crossing(name, here, error, i)


def _is_one(problem: Curve, crossing: Crossing) -> bool:
    """Whether the zero of the test is what its name says: pairs must be complex ones, not two real eigenvalues."""
    discrete = problem.plane.discrete
    if isinstance(problem, PairCurve):
        kappa = crossing.z[-3]
        turns = abs(kappa) < 1 - 1e-9 if discrete else kappa > 1e-9
        if crossing.type.startswith(("zero-", "fold-", "flip-", "double")) and not turns:
            return False
    if crossing.type in ("zero-hopf", "fold-neimark-sacker", "flip-neimark-sacker") and not isinstance(
        problem, PairCurve
    ):
        return _turning(measured(problem, crossing.z[None], coefficients=False).rest[0], discrete)
    if crossing.type.startswith("double"):
        return _turning(measured(problem, crossing.z[None], coefficients=False).rest[0], discrete)
    return True


def _turning(values: np.ndarray, discrete: bool) -> bool:
    """Whether the critical pair among the values is complex."""
    return other_pair(values, discrete).imag > 1e-7 * np.max(np.abs(values))


def other_pair(values: np.ndarray, discrete: bool) -> complex:
    """The eigenvalue, of positive imaginary part, of the pair nearest to being critical."""
    i, j = np.triu_indices(len(values), 1)
    a, b = values[i], values[j]
    best = int(np.argmin(np.abs(a * b - 1) if discrete else np.abs(a + b)))
    return complex(a[best].real, abs(a[best].imag))
