"""Collocation on a mesh that adapts itself, with the error of the period from a second mesh."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ...systems import Variable
from ._collocation import CollocationEquations, newton
from ._gauss import bisected, equidistributed, evaluated, phases_of
from ._guess import Guess
from ._rule import Rule, velocities

Array = NDArray[np.float64]


class Collocation(eqx.Module):
    """Orthogonal collocation: piecewise polynomials that satisfy the equation at Gauss points.

    The mesh is moved until every interval has the same share of the error, then all intervals are halved, which gives
    the error of the period, until that is below `tol` or there are `max_intervals`.

    Args:
        intervals: Intervals of the first mesh.
        degree: Degree of the polynomials; the period is accurate to order `2 degree`.
        tol: Largest estimated error of the period, relative to it.
        max_intervals: Intervals of the last mesh at most.
        moves: How often the first mesh is moved.
    """

    intervals: int = eqx.field(static=True, default=30)
    degree: int = eqx.field(static=True, default=4)
    tol: float = eqx.field(static=True, default=1e-9)
    max_intervals: int = eqx.field(static=True, default=480)
    moves: int = eqx.field(static=True, default=3)

    def __check_init__(self) -> None:
        if self.intervals < 2 or not 2 <= self.degree <= 8 or self.max_intervals < 2 * self.intervals:
            raise InputError(
                "`Collocation` needs at least 2 `intervals`, a `degree` of 2 to 8 and `max_intervals` of at least "
                f"twice `intervals`, got {self.intervals}, {self.degree} and {self.max_intervals}."
            )


class Solved(NamedTuple):
    """A scaled orbit on a mesh, what is known of its error, and the pair that holds its multipliers."""

    mesh: Array
    nodes: Array
    stages: Array
    winding: Array
    period: float
    period_error: float
    residual: float
    once_around: Any
    code: Any
    settings: dict[str, Any]

    @property
    def phases(self) -> Array:
        """Phases of `points`."""
        return phases_of(self.mesh, self.stages.shape[1])

    @property
    def points(self) -> Array:
        """Scaled states at the starts of the intervals, their Gauss points, and the end."""
        flat = np.concatenate([self.nodes[:, None], self.stages], axis=1).reshape(-1, self.nodes.shape[1])
        return np.concatenate([flat, self.nodes[:1] + self.winding])

    def at(self, s: Array) -> Array:
        """Scaled states at the phases `s` in [0, 1]."""
        return evaluated(self.mesh, self.nodes, self.stages, s)


def collocated(rule: Rule, guess: Guess, method: Collocation, variables: tuple[Variable, ...]) -> Solved:
    """The orbit near `guess` by collocation."""
    scale = np.asarray(rule.scale)
    mesh = mesh_of_guess(rule, guess, method, variables, jnp.zeros(()))
    states, winding = guess.at(phases_of(mesh, method.degree), variables)
    equations, z = posed(rule, mesh, states / scale, winding / scale, np.array([guess.period, 0.0]), method.degree)
    z, residual, step = newton(equations, z)
    moves = 0
    while moves < method.moves and np.isfinite(residual) and float(step) < 1e-6:
        new = equidistributed(mesh, np.asarray(equations.slopes_of(z)), method.intervals)
        shift = np.max(np.abs(new - mesh))
        equations, z = moved(equations, z, mesh, new)
        mesh, moves = new, moves + 1
        z, residual, step = newton(equations, z)
        if shift < 0.1 / method.intervals:
            break
    period, error = _period(equations, z), np.inf
    while len(mesh) - 1 < method.max_intervals and error > method.tol * period and float(step) < 1e-6:
        fine = bisected(mesh)
        equations, z = moved(equations, z, mesh, fine)
        mesh = fine
        z, residual, step = newton(equations, z)
        # Halved intervals change the error by 2^(2 degree) in theory; half of that exponent is on the safe side.
        rounding = 1e-15 * len(mesh) + float(step)
        error = abs(_period(equations, z) - period) / 2**method.degree + rounding * period
        period = _period(equations, z)
    return solved_from(equations, z, mesh, residual, step, error=error, settings={"used_intervals": len(mesh) - 1})


def posed(
    rule: Rule, mesh: Array, points: Array, winding: Array, free: Array, degree: int
) -> tuple[CollocationEquations, Any]:
    """Equations on `mesh` with the phase of the curve through `points`, and the vector z of that curve.

    `points` are scaled states at `phases_of(mesh, degree)`; `free` is the period and the parameter.
    """
    grid = points[:-1].reshape(len(mesh) - 1, degree + 1, -1)
    equations = CollocationEquations(rule, np.diff(mesh), winding, grid[:, 1:], grid[:, 1:], np.ones(()))
    kept = free if rule.multiple is None else free[-1:]
    z = np.concatenate([grid[:, 0].ravel(), grid[:, 1:].ravel(), kept])
    return referred(equations, z), z


def referred(equations: CollocationEquations, z: Any) -> CollocationEquations:
    """The same equations with the phase of the cycle `z`."""
    return CollocationEquations(equations.rule, *_own(equations, z))


@compiled
def _own(equations: CollocationEquations, z: Any) -> tuple[Any, ...]:
    """All of the equations of the cycle `z` but the rule, on the device."""
    unknowns = equations.unpacked(z)
    period = equations.rule.period(unknowns.free)
    return equations.widths, equations.winding, unknowns.stages, equations.slopes_of(z), period


def moved(equations: CollocationEquations, z: Any, mesh: Array, new: Array) -> tuple[CollocationEquations, Any]:
    """The equations and the cycle on another mesh."""
    unknowns = equations.unpacked(z)
    degree = equations.shape[1]
    points = evaluated(mesh, np.asarray(unknowns.nodes), np.asarray(unknowns.stages), phases_of(new, degree))
    points[-1] = points[0] + np.asarray(equations.winding)
    free = np.asarray(unknowns.free)
    return posed(equations.rule, new, points, np.asarray(equations.winding), free, degree)


def solved_from(
    equations: CollocationEquations, z: Any, mesh: Array, residual: Any, step: Any, *, error: float, settings: Any
) -> Solved:
    """What is known of the orbit `z`."""
    unknowns = equations.unpacked(z)
    good = bool(np.isfinite(residual)) and float(step) < 1e-8
    code = RESULTS.successful if good else RESULTS.not_converged
    code = code if bool(np.all(np.isfinite(np.asarray(z)))) else RESULTS.nonfinite
    return Solved(
        mesh=mesh,
        nodes=np.asarray(unknowns.nodes),
        stages=np.asarray(unknowns.stages),
        winding=np.asarray(equations.winding),
        period=_period(equations, z),
        period_error=float(error),
        residual=float(residual),
        once_around=_once_around(equations, z),
        code=code,
        settings=settings,
    )


@compiled
def _once_around(equations: CollocationEquations, z: Any) -> Any:
    return equations.once_around(z)


def _period(equations: CollocationEquations, z: Any) -> float:
    return float(equations.rule.period(equations.unpacked(z).free))


def mesh_of_guess(rule: Rule, guess: Guess, method: Collocation, variables: tuple[Variable, ...], value: Any) -> Array:
    """A mesh for the guessed curve, from the velocity along it with the free parameter at `value`."""
    mesh = np.linspace(0.0, 1.0, method.intervals + 1)
    for _ in range(4):
        phases = phases_of(mesh, method.degree)
        states, _ = guess.at(phases, variables)
        rows = np.arange(phases.size - 1).reshape(-1, method.degree + 1)[:, 1:]
        slopes = velocities(
            rule, guess.period * phases[rows.ravel()], states[rows.ravel()] / np.asarray(rule.scale), value
        )
        slopes = guess.period * np.asarray(slopes).reshape(*rows.shape, -1)
        if not np.all(np.isfinite(slopes)):
            return np.linspace(0.0, 1.0, method.intervals + 1)
        mesh = equidistributed(mesh, slopes, method.intervals)
    return mesh
