"""Where branches of cycles begin: at Hopf points, period doublings, branch points and known orbits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..cycles._collocation import CollocationEquations
from ..cycles._gauss import phases_of
from ..cycles._orbit import PeriodicOrbit
from ..cycles._rule import Rule
from ..cycles._solved import posed
from ._cycle_problem import Cycles, eigenfunction
from ._cycle_special import CycleFound
from ._cycle_walk import CycleContinuation

#: Size of the first cycle of a new branch, as a share of the window of states (of the cycle it comes from).
_AMPLITUDE, _APART = 5e-3, 1e-2

Start = tuple[CollocationEquations, Any, Any]


def at_hopf(
    rule: Rule, state: Any, parameter: float, frequency: float, vector: Any, method: CycleContinuation
) -> Start:
    """Equations, first cycle and direction at a Hopf point.

    Args:
        rule: The flow with its free parameter, in units of the window.
        state: Flattened equilibrium.
        parameter: Value of the parameter.
        frequency: Imaginary part of the critical eigenvalues.
        vector: Critical eigenvector.
        method: Gives the mesh.
    """
    return wave_at(rule, state, np.array([2 * np.pi / frequency, parameter]), vector, method, _AMPLITUDE)


def wave_at(rule: Rule, state: Any, free: Any, vector: Any, method: CycleContinuation, amplitude: float) -> Start:
    """Equations, a cycle of the given amplitude in the plane of the complex `vector`, and the direction of its growth.

    `free` are the period and the parameters.
    """
    mesh = np.linspace(0.0, 1.0, method.intervals + 1)
    scale, d = np.asarray(rule.scale), np.size(state)
    q = np.asarray(vector) / scale
    q = q / np.linalg.norm(q)
    angle = 2 * np.pi * phases_of(mesh, method.degree)
    wave = np.real(np.exp(1j * angle)[:, None] * q)
    rest = np.asarray(state) / scale
    equations, z = posed(rule, mesh, rest + amplitude * wave, np.zeros(d), free, method.degree)
    grid = jnp.asarray(wave[:-1]).reshape(method.intervals, method.degree + 1, d)
    return equations, z, jnp.concatenate([jnp.ravel(grid[:, 0]), jnp.ravel(grid[:, 1:]), jnp.zeros(len(free))])


def at_orbit(rule: Rule, orbit: PeriodicOrbit, parameter: float, method: CycleContinuation) -> tuple[Any, Any]:
    """Equations and z of a known orbit at the present value of the parameter."""
    count = max(method.intervals, 1)
    old = orbit.mesh
    mesh = np.interp(np.linspace(0, len(old) - 1, count + 1), np.arange(len(old)), old)
    points = orbit.at(phases_of(mesh, method.degree)) / np.asarray(rule.scale)
    points[-1] = points[0] + orbit.winding / np.asarray(rule.scale)
    winding = orbit.winding / np.asarray(rule.scale)
    return posed(rule, mesh, points, winding, np.array([orbit.period, parameter]), method.degree)


def at_doubling(found: CycleFound) -> Start:
    """Equations, first cycle and direction of the branch of twice the period."""
    equations, z = found.equations, jnp.asarray(found.z)
    unknowns = equations.unpacked(z)
    wave = _eigenfunction(equations, z, -1.0)
    both = [jnp.concatenate([a, a + shift]) for a, shift in _twice(unknowns, equations.winding)]
    wide = jnp.concatenate([wave.nodes, -wave.nodes]), jnp.concatenate([wave.stages, -wave.stages])
    rule = equations.rule
    multiple = None if rule.multiple is None else 2 * rule.multiple
    rule = Rule(rule.system, rule.signal, rule.template, rule.scale, rule.parameter, multiple, rule.forcing)
    size = _APART * jnp.max(jnp.ptp(unknowns.nodes, axis=0))
    free = unknowns.free.at[0].multiply(2) if multiple is None else unknowns.free
    doubled = CollocationEquations(
        rule,
        jnp.tile(0.5 * equations.widths, 2),
        2 * equations.winding,
        both[1],
        jnp.tile(2 * equations.slopes, (2, 1, 1)),
        2 * equations.pace,
    )
    direction = jnp.concatenate([jnp.ravel(wide[0]), jnp.ravel(wide[1]), jnp.zeros(free.size)])
    start = jnp.concatenate([jnp.ravel(both[0]), jnp.ravel(both[1]), free]) + size * direction
    return doubled, start, direction


def at_crossing(found: CycleFound, width: Any) -> Start:
    """Equations, first cycle and direction of the other branch at a branch point of cycles."""
    problem = Cycles(found.equations, width)
    direction = _other(problem, jnp.asarray(found.z), jnp.asarray(found.tangent))
    unknowns = found.equations.unpacked(direction)
    size = _APART * jnp.max(jnp.ptp(found.equations.unpacked(found.z).nodes, axis=0))
    direction = direction / jnp.max(jnp.abs(unknowns.nodes))
    return found.equations, found.z + size * direction, direction


def _twice(unknowns: Any, winding: Any) -> list[tuple[Any, Any]]:
    return [(unknowns.nodes, winding), (unknowns.stages, winding)]


@compiled
def _eigenfunction(equations: CollocationEquations, z: Any, sign: float) -> Any:
    count, _, d = equations.shape
    seed = jax.random.normal(jax.random.key(0), (2, count, d))
    return eigenfunction(equations, z, sign, seed)


@compiled
def _other(problem: Cycles, z: Any, tangent: Any) -> Any:
    """The null vector of the bordered Jacobian at a branch point, by inverse iteration."""
    border = problem.weights() * tangent
    x = jax.random.normal(jax.random.key(0), z.shape)
    for _ in range(3):
        x = problem.bordered_solve(z, border, x.at[-1].set(0.0) / jnp.max(jnp.abs(x)))
    return x / jnp.max(jnp.abs(x))
