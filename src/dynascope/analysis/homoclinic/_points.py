"""Points of a curve of homoclinic orbits: how they are found, and what is kept of them."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import InputError
from ..bifurcation import length
from ..cycles._gauss import phases_of
from ..cycles._solved import referred
from ._connections import Connections, newton
from ._kind import eigenvalues
from ._solved import points_of, renewed

Array = NDArray[np.float64]

#: Newton steps of one point at most, and the length of the last one above which it was not found.
_NEWTON, _FOUND = 10, 1e-7


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
        converged: Whether Newton's method found it.
        newton: Number of its steps.
        tangent: Unit tangent.
        jacobians: At both equilibria, in scaled units.
        apart: Distances of both ends from their equilibria.
        slopes: Derivative of the path with respect to the phase.
    """

    z: Any
    converged: Any
    newton: Any
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


@compiled
def _look(problem: Connections, guess: Any, border: Any, along: Any) -> Found:
    z, _, step, count = newton(problem, guess, border[None], steps=_NEWTON)
    unit = jnp.zeros((z.size, 1)).at[-1, 0].set(1.0)
    tangent = problem.solve(z, (problem.weights() * along)[None], unit)[:, 0]
    tangent = tangent / length(problem, tangent)
    slopes = problem.equations.slopes_of(problem.path(z))
    return Found(z, step < _FOUND, count, tangent, problem.jacobians(z), problem.apart(z), slopes)


def looked(problem: Connections, guess: Array, border: Array, along: Array) -> Found:
    """The point in the plane through `guess` across `border`; its tangent makes an acute angle with `along`."""
    return jax.device_get(_look(problem, jnp.asarray(guess), jnp.asarray(border), jnp.asarray(along)))


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
        times=float(outer.free[0]) * phases_of(problem.equations.mesh, problem.equations.shape[1]),
        states=points * scale,
    )


def timed(problem: Connections, z: Array, jacobians: tuple[Array, Array], distance: float) -> Connections:
    """The equations at held time, with phase and projections of the orbit `z` with these Jacobians."""
    fresh = renewed(problem, jacobians, distance)
    equations = referred(fresh.equations, fresh.path(jnp.asarray(z)))
    return Connections(equations, fresh.ends, fresh.width, True)
