"""Special points between two points of a branch of cycles: located, and with the error that the mesh leaves."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ..._compile import compiled
from ..cycles._collocation import CollocationEquations, parts
from ..cycles._gauss import evaluated, lagrange, phases_of
from ..cycles._multipliers import multipliers
from ..cycles._solved import posed
from ._cycle_problem import CYCLE_TESTS, Cycles, Here, looked
from ._problem import AbstractProblem

Array = NDArray[np.float64]

#: A test function that is not this near to zero where it changed its sign has jumped over it; one smaller than the
#: second is zero to rounding.
_ZERO, _NOTHING = 1e-3, 2e-16
#: Places from which a branch point is interpolated, as shares of the step, and how near it must be known for that.
_AROUND, _NEARBY = 0.04 * np.array([-2.0, -1.0, 1.0, 2.0]), 0.02
#: A fold so near to a branch point, as a share of the step, is none.
_BESIDE = 0.01
#: Distance of the places from which the doubt about a special point is told, as a share of the step.
_ASIDE = 0.05
#: Ratio of neighbouring widths on the mesh that is worse on purpose.
_UNEVEN = 2.0


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


@compiled
def _compiled_weights(problem: AbstractProblem) -> Any:
    return problem.weights()


@compiled
def _once_around(problem: Cycles, z: Any) -> Any:
    return problem.equations.once_around(z)


def weights_of(problem: AbstractProblem) -> Array:
    """Weights of the metric, on the host."""
    return np.asarray(_compiled_weights(problem))


def sound(here: Here) -> bool:
    """Whether a cycle was found there."""
    finite = np.all(np.isfinite(here.tangent)) and np.all(np.isfinite(here.z))
    return bool(here.converged) and bool(finite)


class OnMesh(NamedTuple):
    """A cycle, its equations, and the weights of their metric."""

    problem: Cycles
    here: Here
    weights: Array


def on_mesh(problem: Cycles, here: Here, new: Array) -> OnMesh | None:
    """The same cycle on another mesh with ends `new`; None if it is not found there."""
    equations, (_, degree, d) = problem.equations, problem.equations.shape
    cycle, along = parts(here.z, equations.shape), parts(here.tangent, equations.shape)
    nodes = np.concatenate([cycle.nodes, along.nodes], axis=-1)
    stages = np.concatenate([cycle.stages, along.stages], axis=-1)
    points = evaluated(equations.mesh, nodes, stages, phases_of(new, degree))
    fresh, z = posed(equations.rule, new, points[:, :d], np.asarray(equations.winding), cycle.free, degree)
    grid = points[:-1, d:].reshape(len(new) - 1, degree + 1, d)
    direction = np.concatenate([grid[:, 0].ravel(), grid[:, 1:].ravel(), along.free])
    renewed = Cycles(fresh, problem.width)
    weights = weights_of(renewed)
    there = looked(renewed, z, weights * direction, direction, passing=True)
    return OnMesh(renewed, there, weights) if sound(there) else None


class _Step:
    """A step of a branch with a test that changes its sign on the way; cycles that were found are kept."""

    def __init__(self, problem: Cycles, before: Here, after: Here, which: int) -> None:
        self.problem, self.before, self.which = problem, before, which
        self.chord, self.border = after.z - before.z, weights_of(problem) * before.tangent
        # Derivatives by the share of the step at both ends of a cubic curve along the branch.
        reach = float(self.border @ self.chord)
        self.ends = reach * before.tangent, reach / float(self.border @ after.tangent) * after.tangent
        self.at = functools.cache(self._at)

    def _at(self, share: float) -> Here:
        """The cycle in the plane across the first tangent at a share of the step."""
        first, last = (end - self.chord for end in self.ends)
        bow = share * (1 - share) * ((1 - share) * first - share * last)
        return looked(self.problem, self.before.z + share * self.chord + bow, self.border, self.before.tangent)

    def value(self, share: float) -> float:
        """The test there."""
        here = self.at(share)
        if not sound(here):
            raise ArithmeticError(share)
        return float(here.tests[self.which])


def between(problem: Cycles, before: Here, after: Here, missed: list[str]) -> list[tuple[CycleFound, Here]]:
    """The special points between two points of the branch, in their order.

    Args:
        problem: The equations of both.
        before: A point of the branch.
        after: The next one.
        missed: Receives a sentence on each that could not be located.
    """
    inside: list[tuple[float, CycleFound, Here]] = []
    changed = np.flatnonzero(np.asarray(before.tests) * np.asarray(after.tests) < 0)
    # Where branches cross, the parameter turns back on some of them; that is no fold.
    for which in sorted(changed, key=lambda i: CYCLE_TESTS[i] != "branch point"):
        step, kind = _Step(problem, before, after, int(which)), CYCLE_TESTS[which]
        crossed = [at for at, one, _ in inside if one.type == "branch point"]
        try:
            first, last = step.value(0.0), step.value(1.0)
            if abs(first) <= _NOTHING or not first * last < 0:  # nor where multipliers are lost, and the test is none
                continue
            share, here = _crossing(step) if kind == "branch point" else _zero(step)
        except (ArithmeticError, ValueError):  # a cycle between the two, or the test there, could not be found
            if kind == "fold" and crossed:
                continue
            where = f"{float(before.z[-1]):.6g} and {float(after.z[-1]):.6g}"
            missed.append(f"The {kind} of cycles between {where} could not be located.")
            continue
        one = _special(step, share, here)
        if one is not None and not (kind == "fold" and any(abs(at - share) < _BESIDE for at in crossed)):
            inside.append((share, one, here))
    return [(one, here) for _, one, here in sorted(inside, key=lambda entry: entry[0])]


def _zero(step: _Step) -> tuple[float, Here]:
    """Where the test vanishes."""

    def value(share: float) -> float:
        test = step.value(share)
        return test if abs(test) > _NOTHING else 0.0

    share: Any = optimize.brentq(value, 0.0, 1.0, xtol=1e-12)
    return float(share), step.at(float(share))


def _crossing(step: _Step) -> tuple[float, Here]:
    """Where two branches cross.

    There the equations are singular and Newton's method fails; but cycles beside the place are found, and all that is
    looked at is smooth along the branch. So it is interpolated between two cycles on each side.
    """

    def value(share: float) -> float:
        try:
            return step.value(share)
        except ArithmeticError:
            return 0.0  # it fails at the crossing itself

    rough = float(optimize.brentq(value, 0.0, 1.0, xtol=_NEARBY, rtol=1e-3))  # type: ignore[arg-type]
    places = rough + _AROUND
    values = np.array([step.value(float(s)) for s in places])
    inside = places[0], places[-1]
    if values[0] * values[-1] > 0:
        raise ArithmeticError(rough)
    share = float(optimize.brentq(lambda s: lagrange(places, np.array([s]))[0] @ values, *inside, xtol=1e-14))  # type: ignore[arg-type]
    near = lagrange(places, np.array([share]))[0]
    cycles = [step.at(float(s)) for s in places]
    here: Any = jax.tree.map(lambda *x: np.tensordot(near, np.stack(x), 1), *cycles)
    tangent = here.tangent / math.sqrt(float(np.sum(weights_of(step.problem) * here.tangent**2)))
    pair = jax.device_get(_once_around(step.problem, jnp.asarray(here.z)))
    return share, here._replace(converged=np.asarray(True), newton=np.asarray(0), tangent=tangent, pair=pair)


def _special(step: _Step, share: float, here: Here) -> CycleFound | None:
    """The special point that was located, unless nothing happens there."""
    kind, equations = CYCLE_TESTS[step.which], step.problem.equations
    mu = multipliers(here.pair)
    if not sound(here) or abs(float(here.tests[step.which])) > _ZERO or not mu.size:
        return None
    if kind == "neimark-sacker":
        # Two real multipliers with product 1 change nothing.
        turning = mu[np.abs(mu.imag) > 1e-6]
        if not turning.size or np.min(np.abs(np.abs(turning) - 1)) > 1e-4:
            return None
    period, doubt = float(here.period), _doubt(step, share)
    return CycleFound(kind, float(here.z[-1]), doubt, period, mu, equations, here.z, here.tangent)


def _doubt(step: _Step, share: float) -> float:
    """The error of the parameter at a special point that the mesh leaves.

    The point is located once more on a mesh of as many intervals that are in turn twice as wide as the next one, which
    makes the error several times larger: the difference bounds it. On both meshes the test is taken as straight between
    two places beside the point; what that neglects is the same on both.
    """
    reach, mesh = abs(float(step.chord[-1])), step.problem.equations.mesh
    aside = [step.at(share - _ASIDE), step.at(share + _ASIDE)]
    other = [on_mesh(step.problem, here, uneven(mesh)) for here in aside]
    if not all(sound(here) for here in aside) or any(found is None for found in other):
        return reach
    places = [_straight(aside, step.which), _straight([found.here for found in other if found], step.which)]
    gap = abs(places[1] - places[0])
    return gap + 1e-11 * reach if math.isfinite(gap) else reach


def _straight(ends: list[Here], which: int) -> float:
    """The parameter where the test would vanish if it were straight between two cycles."""
    (p, q), (a, b) = [float(h.z[-1]) for h in ends], [float(h.tests[which]) for h in ends]
    return p - a * (q - p) / (b - a) if a != b else math.nan


def uneven(mesh: Array) -> Array:
    """A mesh of as many intervals, in pairs of unequal width."""
    new = mesh.copy()
    last = len(mesh) - 1 - (len(mesh) - 1) % 2
    new[1:last:2] = mesh[0:last:2] + _UNEVEN / (1 + _UNEVEN) * (mesh[2 : last + 1 : 2] - mesh[0:last:2])
    return new
