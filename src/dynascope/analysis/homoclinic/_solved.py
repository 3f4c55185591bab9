"""A connecting orbit on a mesh that adapts itself, with the errors that the mesh and the cut ends leave."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from ..._compile import compiled
from ..cycles import Collocation
from ..cycles._collocation import CollocationEquations
from ..cycles._gauss import bisected, equidistributed, evaluated, phases_of
from ..cycles._rule import Rule, velocities
from ._connections import Connections, Outer, newton
from ._ending import Ending, ending
from ._start import Path, lengthened

Array = NDArray[np.float64]

#: A last Newton step longer than this says that no orbit was found.
_FOUND = 1e-7
#: Share of the distance to the equilibria at which the orbit is cut off again, to see what that changes.
_CLOSER = 0.1


class Solved(NamedTuple):
    """An orbit that was solved for.

    Attributes:
        problem: Its equations.
        z: Its unknowns.
        residual: Largest mismatch.
        step: Length of the last Newton step.
        slopes: Derivative of the path with respect to the phase at the Gauss points.
        jacobians: At both equilibria, in scaled units.
        apart: Distances of the ends from them.
        rows: Planes in which it was looked for, as many as there are parameters beyond the first.
    """

    problem: Connections
    z: Array
    residual: float
    step: float
    slopes: Array
    jacobians: tuple[Array, Array]
    apart: Array
    rows: Array

    @property
    def found(self) -> bool:
        """Whether Newton's method converged."""
        return bool(np.isfinite(self.residual) and self.step < _FOUND and np.all(np.isfinite(self.z)))

    @property
    def outer(self) -> Outer:
        """Time, parameters and equilibria."""
        return self.problem.outer(self.z)

    @property
    def value(self) -> Array:
        """The free parameters."""
        return np.asarray(self.outer.free[1:])

    @property
    def mesh(self) -> Array:
        """Ends of the intervals, from 0 to 1."""
        return self.problem.equations.mesh

    @property
    def points(self) -> Array:
        """Scaled states at `phases_of(mesh, degree)`."""
        return points_of(self.problem, self.z)


def points_of(problem: Connections, z: Any) -> Array:
    """The scaled path of `z` at the starts of the intervals, their Gauss points, and the end."""
    count, degree, d = problem.equations.shape
    z = np.asarray(z)
    nodes = z[: count * d].reshape(count, 1, d)
    stages = z[count * d : problem.path_size].reshape(count, degree, d)
    flat = np.concatenate([nodes, stages], axis=1).reshape(-1, d)
    return np.concatenate([flat, flat[:1] + z[problem.path_size : problem.path_size + d]])


def posed(
    rule: Rule, mesh: Array, points: Array, outer: Outer, ends: tuple[Ending, Ending], width: Any
) -> tuple[Connections, Array]:
    """The equations on `mesh`, and the vector z of the path through `points` at `phases_of(mesh, degree)`."""
    count, d = len(mesh) - 1, points.shape[1]
    grid = np.asarray(points)[:-1].reshape(count, -1, d)
    stages = jnp.asarray(grid[:, 1:])
    pace = jnp.asarray(float(outer.free[0]))
    equations = CollocationEquations(
        rule, jnp.asarray(np.diff(mesh)), jnp.zeros(d), stages, jnp.ones_like(stages), pace
    )
    problem = Connections(equations, ends, jnp.asarray(width, float))
    rest = [points[-1] - points[0], outer.left, outer.right, outer.free]
    z = np.concatenate([grid[:, 0].ravel(), grid[:, 1:].ravel(), *(np.asarray(r, float) for r in rest)])
    return problem, z


def first_posed(
    rule: Rule, path: Path, value: Array, ends: tuple[Ending, Ending], method: Collocation
) -> tuple[Connections, Array]:
    """The problem of a path, on a mesh that fits it."""
    total = float(path.times[-1])
    curve = PchipInterpolator(path.times / total, path.states)
    mesh = np.linspace(0.0, 1.0, method.intervals + 1)
    held = jnp.asarray(value if value.size > 1 else value[0])
    for _ in range(4):
        phases = phases_of(mesh, method.degree)[:-1].reshape(method.intervals, -1)[:, 1:]
        slopes = total * np.asarray(velocities(rule, np.zeros(phases.size), curve(phases.ravel()), held))
        mesh = equidistributed(mesh, slopes.reshape(*phases.shape, -1), method.intervals)
    points = curve(phases_of(mesh, method.degree))
    outer = Outer(points[-1] - points[0], path.left, path.right, np.concatenate([[total], value]))
    problem, z = posed(rule, mesh, points, outer, ends, np.ones(value.size))
    return eqx.tree_at(lambda p: p.width, problem, _width(problem, jnp.asarray(z))), z


@compiled
def _width(problem: Connections, z: Any) -> Any:
    """Changes of the parameters that would change the velocities along the path by their own size."""
    rule, free = problem.equations.rule, problem.outer(z).free
    xs = problem.equations.unpacked(problem.path(z)).stages.reshape(-1, problem.equations.shape[2])

    def speeds(p: Any) -> Any:
        return jax.vmap(lambda x: rule.velocity(0.0, x, rule.value(p)))(xs)

    f, by = speeds(free), jax.jacfwd(speeds)(free)[..., 1:]
    return jnp.sqrt(jnp.sum(f**2) / jnp.maximum(jnp.sum(by**2, axis=(0, 1)), 1e-300))


def solved(problem: Connections, z: Array, rows: Array | None = None) -> Solved:
    """The orbit near `z`, in the plane through it across `rows` if more than one parameter is free."""
    rows = np.zeros((0, z.size)) if rows is None else rows
    found = jax.device_get(_solved(problem, jnp.asarray(z), jnp.asarray(rows)))
    z, residual, step, slopes, jacobians, apart = found
    return Solved(problem, z, float(residual), float(step), slopes, jacobians, apart, rows)


@compiled
def _solved(problem: Connections, z: Any, rows: Any) -> Any:
    z, residual, step, _ = newton(problem, z, rows)
    slopes = problem.equations.slopes_of(problem.path(z))
    return z, residual, step, slopes, problem.jacobians(z), problem.apart(z)


def on_mesh(problem: Connections, z: Array, new: Array) -> tuple[Connections, Array]:
    """The same path on another mesh."""
    equations, mesh = problem.equations, problem.equations.mesh
    unknowns = equations.unpacked(problem.path(jnp.asarray(z)))
    points = evaluated(
        mesh, np.asarray(unknowns.nodes), np.asarray(unknowns.stages), phases_of(new, equations.shape[1])
    )
    outer = problem.outer(z)
    points[-1] = points[0] + np.asarray(outer.jump)
    return posed(equations.rule, new, points, outer, problem.ends, problem.width)


def renewed(problem: Connections, jacobians: tuple[Array, Array], distance: float) -> Connections:
    """The same equations with projections that belong to other Jacobians, and ends at another distance."""
    unstable = problem.ends[0].basis.shape[1], problem.ends[1].rows.shape[0]
    ends = tuple(
        ending(a, n, arrives=bool(i), distance=distance)
        for i, (a, n) in enumerate(zip(jacobians, unstable, strict=True))
    )
    return eqx.tree_at(lambda p: p.ends, problem, ends)


def stretched(
    problem: Connections, z: Array, jacobians: tuple[Array, Array], distance: float
) -> tuple[Path, Path, tuple[Ending, Ending]]:
    """The path of `z`, the same with linear tails to `distance` from its equilibria, and the conditions at its ends."""
    ends, outer = renewed(problem, jacobians, distance).ends, problem.outer(z)
    times = float(outer.free[0]) * phases_of(problem.equations.mesh, problem.equations.shape[1])
    path = Path(times, points_of(problem, z), np.asarray(outer.left), np.asarray(outer.right))
    return path, lengthened(path, jacobians, ends), ends


def adapted(first: Solved, method: Collocation) -> Solved:
    """The orbit on a mesh on which all intervals have the same share of the error."""
    now, count = first, len(first.mesh) - 1
    for _ in range(method.moves):
        if not now.found:
            break
        mesh = now.mesh
        new = equidistributed(mesh, now.slopes, count)
        now = solved(*on_mesh(now.problem, now.z, new), now.rows)
        if np.max(np.abs(new - mesh)) < 0.1 / count:
            break
    return now


def refined(now: Solved, method: Collocation) -> tuple[Solved, Array]:
    """The orbit on a finer mesh, until the parameter does not change by more than `tol`; with the error of that."""
    degree, error = now.problem.equations.shape[1], np.full(now.value.size, np.inf)
    width = np.asarray(now.problem.width)
    while now.found and len(now.mesh) - 1 < method.max_intervals and np.any(error > method.tol * width):
        mesh = now.mesh
        fine = bisected(mesh)
        after = solved(*on_mesh(now.problem, now.z, fine))
        # Halved intervals change the error by 2^(2 degree) in theory; half of that exponent is on the safe side.
        error = np.abs(after.value - now.value) / 2**degree + (1e-15 * len(mesh) + after.step) * width
        now = after
    return now, error


def closer(now: Solved, method: Collocation) -> tuple[Solved, Array]:
    """The orbit with its ends nearer to the equilibria, and by how much that changes the parameter."""
    problem = now.problem
    _, longer, ends = stretched(problem, now.z, now.jacobians, _CLOSER * float(problem.ends[0].distance))
    start, z = first_posed(problem.equations.rule, longer, now.value, ends, _same_mesh(now, method))
    after = adapted(solved(eqx.tree_at(lambda p: p.width, start, problem.width), z), method)
    return after, np.abs(after.value - now.value)


def _same_mesh(now: Solved, method: Collocation) -> Collocation:
    """The method with as many intervals as the orbit has."""
    count = len(now.mesh) - 1
    return Collocation(count, method.degree, method.tol, max(2 * count, method.max_intervals), method.moves)
