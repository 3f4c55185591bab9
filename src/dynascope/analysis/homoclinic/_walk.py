"""Curves of homoclinic orbits followed point by point on a mesh that moves with them."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..bifurcation import ENDS
from ..bifurcation._cycle_special import weights_of
from ..bifurcation._cycle_walk import came_back
from ..codimension_two._cycle_curve_walk import advanced, outward, sound
from ..codimension_two._walk import BOUND
from ..cycles import Collocation
from ..cycles._gauss import equidistributed, phases_of
from ._connections import Connections, Outer
from ._kind import eigenvalues
from ._points import (
    Found,
    HomoclinicContinuation,
    Row,
    Walked,
    Window,
    looked,
    row_of,
    timed,
)
from ._solved import first_posed, on_mesh, points_of, posed, stretched
from ._special import LAST, between, limit_of

Array = NDArray[np.float64]

#: Points between two moves of the mesh.
_STRETCH = 4
#: First step.
_FIRST = 5e-3
#: By how much the distances of the ends may leave their target before the orbit is made longer.
_LOOSE = 5.0
#: An orbit of this size, in units of the first one, has shrunk to a point.
_SHRUNK = 5e-3
#: Ends farther apart from the equilibrium than this share of the size of the orbit say nothing any more.
_OPEN = 0.1

LONG = (
    "An eigenvalue approaches zero: the orbit no longer comes near its equilibrium. Raise `longest` of "
    "`HomoclinicContinuation` to follow it farther."
)
SMALL = "The orbit shrank onto its equilibrium."
STUCK = ENDS[ENDS.stuck].replace("the curve ends", "it ends")


def walk(problem: Connections, found: Found, sign: float, method: HomoclinicContinuation, window: Window) -> Walked:
    """The curve from a point of it on, along its tangent (`sign` 1) or against it (-1)."""
    here = found._replace(tangent=sign * found.tangent)
    rows, crossings, step = [row_of(problem, here)], [], _FIRST
    end = outward(here, window)
    while not end:
        problem, here = _tended(problem, here, method, window, move=len(rows) % _STRETCH == 0)
        after, step, landing = advanced(problem, here, step, method, window=window, look=looked)
        if after is None:
            end = STUCK
            break
        for crossing in between(problem, here, after):
            rows.append(crossing.row._replace(special=len(crossings)))
            crossings.append(crossing)
            if crossing.type in LAST:
                return Walked(rows, crossings, LAST[crossing.type])
        rows.append(row_of(problem, after))
        here, end = after, _ended(rows, landing, method, window)
    limit = limit_of(rows, window) if end in (STUCK, SMALL, LONG) else None
    if limit is not None:
        crossings.append(limit)
        end = LAST[limit.type]
    return Walked(rows, crossings, end)


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
        new = equidistributed(fresh.equations.mesh, here.slopes, method.intervals)
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
    path, longer, ends = stretched(problem, here.z, (here.jacobians[0], here.jacobians[1]), distance)
    if longer.times[-1] > window.longest:
        return None
    rule, (count, degree, _) = problem.equations.rule, problem.equations.shape
    posed_, z = first_posed(rule, longer, here.z[-2:], ends, Collocation(count, degree, max_intervals=2 * count))
    posed_ = Connections(posed_.equations, ends, problem.width)
    # The tangent of the tails is taken to be that of the old ends: it only has to point forward.
    before = int(np.argmin(np.linalg.norm(longer.states - path.states[0], axis=1)))
    old = (longer.times[before] + path.times) / longer.times[-1]
    along = points_of(problem, here.tangent)
    at = phases_of(posed_.equations.mesh, degree)
    points = np.stack([np.interp(at, old, column) for column in along.T], axis=1)
    outer = problem.outer(here.tangent)
    jump = Outer(points[-1] - points[0], outer.left, outer.right, outer.free)
    _, tangent = posed(rule, posed_.equations.mesh, points, jump, ends, problem.width)
    return posed_, z, tangent


def _slowest(jacobian: Array) -> float:
    return float(np.min(np.abs(eigenvalues(jacobian).real)))


def _ended(rows: list[Row], landing: str, method: HomoclinicContinuation, window: Window) -> str:
    """Why the curve ends here, in a sentence; nothing if it goes on."""
    last = rows[-1]
    if landing:
        return BOUND.format(landing)
    size = float(np.max(np.linalg.norm((last.states - last.rest) / window.scale, axis=1)))
    if size < _SHRUNK * window.size:
        return SMALL
    if np.max(last.apart) > _OPEN * size:
        return LONG
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
    return came_back(*((rows[i].parameters - window.low) / (window.high - window.low) for i in (0, 1, -2, -1)))
