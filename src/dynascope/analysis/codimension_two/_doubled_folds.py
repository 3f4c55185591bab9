"""Folds of doubled cycles of maps, which begin at generalised period doublings."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..bifurcation import PseudoArclength
from ._curve_problems import Curve, ZeroCurve
from ._forms import CurveForms, critical
from ._plane import RestPlane
from ._walk import Walked, corrected

#: Where the criticality of a period doubling changes.
GENERALISED = "generalised period doubling"
#: Why a curve of folds of doubled cycles ends there.
HALVED = "The two halves of the cycle became one, at a generalised period doubling."
#: Distances from the point, as shares of the region of states, at which the first fold is looked for.
_ASIDE = (0.02, 0.05, 0.01)


@compiled
def _change(plane: RestPlane, points: Any) -> Any:
    n = plane.scale.size
    return jax.vmap(lambda z: plane.change(z[:n], z[n:]))(points)


def first_fold(plane: RestPlane, point: np.ndarray, method: PseudoArclength) -> np.ndarray | None:
    """A fold of the doubled cycle beside a generalised period doubling; None if it is not found.

    The doubled cycles x of x -> -(1 + beta_1) x + beta_2 x^3 + e x^5 have x^2 = s with beta_1 = beta_2 s + e s^2 and
    fold where beta_2 = -2 e s, so that parameters move by the square of the size. At the point itself the curve touches
    that of period doublings and has no one direction: the first fold is solved for at a fixed distance from it.

    Args:
        plane: The plane in which the map is repeated as often as the cycle that doubles asks for.
        point: State and parameters.
        method: How equations are solved.
    """
    twice = plane.repeated(2 * plane.iterates)
    problem = ZeroCurve(twice, jnp.asarray(0.0))
    scale = np.asarray(plane.scale)
    q = critical(CurveForms(plane, point[None]).A, np.array([-1.0]), scale)[0][0]
    along = np.append(q / np.linalg.norm(q / scale), [0.0, 0.0])
    border = np.asarray(problem.weights()) * along
    for size in _ASIDE:
        found, converged = corrected(problem, point + size * along, border, method)
        if converged and np.all(np.isfinite(found)):
            return found
    return None


def cut_at_halves(problem: Curve, curve: Walked) -> tuple[Walked, tuple[bool, bool]]:
    """The curve up to where its cycles become ones of half the period, and at which ends they do.

    Beyond such a point the same cycles come again, begun half a period later; of its stretches between such points the
    longest is kept.
    """
    plane = problem.plane
    if not (plane.discrete and plane.iterates % 2 == 0 and isinstance(problem, ZeroCurve)):
        return curve, (False, False)
    apart = np.asarray(_change(plane.repeated(plane.iterates // 2), jnp.asarray(curve.z))) / np.asarray(plane.scale)
    turned = np.flatnonzero(np.sum(apart[:-1] * apart[1:], axis=1) < 0)
    stops = [-1, *(int(i) for i in turned), len(curve.z) - 1]
    best = int(np.argmax(np.diff(stops)))
    begin, end = stops[best] + 1, stops[best + 1]
    crossings = tuple(dataclasses.replace(c, after=c.after - begin) for c in curve.crossings if begin <= c.after < end)
    ends = (HALVED if begin > 0 else curve.ends[0], HALVED if end < len(curve.z) - 1 else curve.ends[1])
    return Walked(curve.z[begin : end + 1], ends, crossings), (begin > 0, end < len(curve.z) - 1)
