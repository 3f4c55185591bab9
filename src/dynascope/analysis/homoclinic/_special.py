"""Special points on curves of homoclinic orbits, and what a curve tends to where it ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bifurcation._cycle_special import weights_of
from ..codimension_two._cycle_curve_walk import sound, zero_of
from ..cycles._gauss import bisected
from ._connections import Connections
from ._kind import eigenvalues
from ._points import Crossing, Found, Row, Window, looked, row_of, timed
from ._solved import on_mesh

Array = NDArray[np.float64]

#: Tests smaller than this on both sides change their sign by rounding.
_ROUNDING = 1e-8
#: What has shrunk to this share of its largest value along a curve tends to zero.
_VANISHING = 0.1
#: Orbits whose ends are farther away from the equilibrium than this share of their size are not extrapolated from.
_NEAR = 0.01
#: From one of them to the next, what vanishes changes by this factor at least.
_APART = 1.5

#: Special points at which a curve ends, and what is said of them.
LAST = {
    "bogdanov-takens": "The orbit shrank onto its equilibrium, at a Bogdanov-Takens point.",
    "saddle-node": "The equilibrium becomes a saddle-node, where the curve goes on as that of its folds.",
    "shilnikov-hopf": "The equilibrium has a Hopf bifurcation, at a Shilnikov-Hopf point.",
}


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


def between(problem: Connections, before: Found, after: Found) -> list[Crossing]:
    """The special points between two points of the curve, in their order."""
    one, other = tests_of(problem, before), tests_of(problem, after)
    # In units of the largest eigenvalue; what is zero all along the curve changes its sign by rounding.
    large = _ROUNDING * float(problem.ends[0].rate)
    both = [name for name in one if name in other and max(abs(one[name]), abs(other[name])) > large]
    made = [_located(problem, before, after, name) for name in both if one[name] * other[name] < 0]
    return [crossing for _, crossing in sorted((m for m in made if m is not None), key=lambda m: m[0])]


def _located(problem: Connections, before: Found, after: Found, name: str) -> tuple[float, Crossing] | None:
    """The zero of a test between two points: its place between them, and what it is; None where it jumps."""

    def test(found: Found) -> float:
        tests = tests_of(problem, found)
        if name not in tests:
            raise ArithmeticError(name)
        return tests[name]

    try:
        zero = zero_of(problem, before, after, look=looked, test=test)
    except ArithmeticError:
        return None
    if zero is None:
        return None
    share, at = zero
    here = at(share)
    return share, Crossing(_named(name, problem, here), row_of(problem, here), _doubt(problem, here))


def _doubt(problem: Connections, here: Found) -> Array:
    """By how much the curve moves where the mesh is twice as fine."""
    fine = bisected(problem.equations.mesh)
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


def limit_of(rows: list[Row], window: Window) -> Crossing | None:
    """The point to which a curve tends: where the size of the orbit, or the slowest eigenvalue, would be zero.

    None if neither shrinks. The parameters are extrapolated as polynomials in what shrinks; what leaving
    out the first or the last point changes is their error.
    """
    sizes = np.array([np.max(np.linalg.norm((r.states - r.rest) / window.scale, axis=1)) for r in rows])
    slowest = [r.values[int(np.argmin(np.abs(r.values.real)))] for r in rows]
    rates = np.array([abs(v.real) for v in slowest])
    kind = "shilnikov-hopf" if slowest[-1].imag != 0 else "saddle-node"
    for name, shrinks in (("bogdanov-takens", sizes), (kind, rates)):
        if shrinks[-1] > _VANISHING * shrinks.max():
            continue
        good = [i for i, r in enumerate(rows) if np.max(r.apart) < _NEAR * sizes[i]]
        chosen = good[-1:]
        for i in reversed(good):
            if shrinks[i] > _APART * shrinks[chosen[0]] and len(chosen) < 4:
                chosen = [i, *chosen]
        if len(chosen) < 3:
            return None
        x, p = shrinks[chosen], np.array([rows[i].parameters for i in chosen])
        found = _at_zero(x, p)
        error = sum(np.abs(found - _at_zero(x[part], p[part])) for part in (slice(1, None), slice(None, -1)))
        return Crossing(name, rows[-1]._replace(parameters=found), np.asarray(error))
    return None


def _at_zero(x: Array, p: Array) -> Array:
    """The value at zero of the polynomial through points with abscissae `x` and values `p`, `(point, parameter)`."""
    weights = [np.prod([b / (b - a) for j, b in enumerate(x) if j != i]) for i, a in enumerate(x)]
    return np.asarray(weights) @ p
