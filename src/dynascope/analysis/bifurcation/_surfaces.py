"""Branches of a hybrid system cut where they reach a surface, at which a state is reset and rests no more."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ._branches import Array, Branch, SpecialPoint, leading, unstable_count
from ._diagram import BifurcationDiagram, tables
from ._equilibria import Equilibria

REACHED = "The branch reaches a surface: beyond it no state rests, for it would be reset."
TOUCHED = "The cycle reaches a surface: from here on it goes through resets."
BEYOND = "Equilibria beyond a surface, where no orbit gets without a reset, are left out."
#: Newton steps of a point on a surface.
_NEWTON = 12


def cut_at_surfaces(diagram: BifurcationDiagram, problem: Equilibria) -> BifurcationDiagram:
    """The diagram without what lies beyond a surface; where equilibria reach one is a special point.

    A cycle between resets counts as beyond once a corner of its extent is: where guards rise with each component, as
    they do at a threshold, that is where it touches.
    """
    kept: list[Branch] = []
    points, new = list(diagram.points), list[SpecialPoint]()
    whole = True
    for branch in diagram.branches:
        inside = _guards(problem, branch) < 0
        whole = whole and bool(np.all(inside))
        # Rows i to j - 1 are one stretch on this side of all surfaces.
        turns = [0, *(np.flatnonzero(np.diff(inside.astype(int))) + 1).tolist(), len(branch)]
        for i, j in itertools.pairwise(turns):
            if not inside[i]:
                continue
            ends = [branch.ends[0], branch.ends[1]]
            rows = [_row(branch, k) for k in range(i, j)]
            for side, (here, there) in enumerate(((i, i - 1), (j - 1, j))):
                if not 0 <= there < len(branch):
                    continue
                ends[side] = TOUCHED
                if branch.kind == "equilibrium":
                    ends[side] = REACHED
                    found = _boundary(problem, branch, here, there)
                    new.append(_special(problem, found, len(kept)))
                    last = _resting(problem, found, len(points) + len(new) - 1)
                    rows = [last, *rows] if side == 0 else [*rows, last]
            kept.append(_of(branch, rows, (ends[0], ends[1])))
    if whole:
        return diagram
    return _renumbered(diagram, kept, [*points, *new])


class _Row(NamedTuple):
    parameter: Any
    states: Any
    low: Any
    high: Any
    period: Any
    eigenvalues: Any
    unstable: Any
    special: Any


def _row(branch: Branch, i: int) -> _Row:
    return _Row(*(getattr(branch, name)[i] for name in _Row._fields))


def _of(branch: Branch, rows: list[_Row], ends: tuple[str, str]) -> Branch:
    columns = {name: np.array([getattr(r, name) for r in rows]) for name in _Row._fields}
    return Branch(kind=branch.kind, ends=ends, origin=branch.origin, **columns)


def _guards(problem: Equilibria, branch: Branch) -> Array:
    """The greatest entry of the guard at each row: at the equilibrium, or at the corners of the extent of the cycle."""
    sides = np.stack([branch.low, branch.high], axis=1)
    d = sides.shape[2]
    if branch.kind == "equilibrium":
        corners = sides[:, :1]
    else:
        pick = np.array(list(itertools.product((0, 1), repeat=d)) if d <= 6 else [[0] * d, [1] * d])
        corners = np.stack([sides[:, row, np.arange(d)] for row in pick], axis=1)
    found = _guards_at(problem, jnp.asarray(corners), jnp.asarray(branch.parameter))
    return np.asarray(found).max(axis=(1, 2))


@compiled
def _guards_at(problem: Equilibria, states: Any, values: Any) -> Any:
    return jax.vmap(lambda rows, p: jax.vmap(lambda y: guards(problem, y, p))(rows))(states, values)


def guards(problem: Equilibria, y: Any, p: Any) -> Any:
    """All entries of the guard at the flattened state `y` and the value `p` of the parameter."""
    there = problem.at(p)
    state = ravel_pytree(there.template)[1](y)
    system: Any = there.system
    return jnp.atleast_1d(system.guard(there.t, state, there.u))


def _boundary(problem: Equilibria, branch: Branch, here: int, there: int) -> tuple[Array, float]:
    """State and parameter where the equilibrium is on a surface, and the last Newton step of the parameter."""
    near, far = (np.append(branch.states[i], branch.parameter[i]) for i in (here, there))
    sides = [np.asarray(guards(problem, jnp.asarray(z[:-1]), z[-1])) for z in (near, far)]
    crossed = np.flatnonzero((sides[0] < 0) & (sides[1] >= 0))
    share = sides[0][crossed] / (sides[0][crossed] - sides[1][crossed])
    first = int(np.argmin(share))
    z = near + share[first] * (far - near)
    surface, step = int(crossed[first]), np.inf
    for _ in range(_NEWTON):
        left, matrix = _on_surface(problem, jnp.asarray(z), surface)
        change = np.linalg.lstsq(np.asarray(matrix), -np.asarray(left), rcond=None)[0]
        z, step = z + change, abs(float(change[-1]))
        if step < 1e-13 * max(abs(float(z[-1])), 1e-300):
            break
    return z, max(step, 4 * np.finfo(float).eps * abs(float(z[-1])))


@compiled
def _on_surface(problem: Equilibria, z: Any, surface: int) -> Any:
    def equations(z: Any) -> Any:
        return jnp.append(problem.residual(z), guards(problem, z[:-1], z[-1])[surface])

    return equations(z), jax.jacfwd(equations)(z)


def _values(problem: Equilibria, z: Array) -> Any:
    return leading(np.asarray(problem.jacobian(jnp.asarray(z)))[None], discrete=False)[0]


def _special(problem: Equilibria, found: tuple[Array, float], branch: int) -> SpecialPoint:
    z, error = found
    return SpecialPoint(
        type="boundary equilibrium",
        branch=branch,
        parameter=float(z[-1]),
        error=error,
        state=z[:-1],
        eigenvalues=_values(problem, z),
        period=np.nan,
        coefficient=np.nan,
        criticality="",
    )


def _resting(problem: Equilibria, found: tuple[Array, float], number: int) -> _Row:
    y, values = found[0][:-1], _values(problem, found[0])
    return _Row(found[0][-1], y, y, y, np.nan, values, int(unstable_count(values[None], discrete=False)[0]), number)


def _renumbered(diagram: BifurcationDiagram, kept: list[Branch], points: list[SpecialPoint]) -> BifurcationDiagram:
    """The diagram of the branches that are kept, with the special points on them."""
    used = sorted({int(i) for b in kept for i in b.special if i >= 0})
    numbers = {old: i for i, old in enumerate(used)} | {-1: -1}
    branches = [
        dataclasses.replace(
            b, special=np.array([numbers[int(i)] for i in b.special], np.int64), origin=numbers.get(b.origin, -1)
        )
        for b in kept
    ]
    on = {int(i): n for n, b in reversed(list(enumerate(branches))) for i in b.special if i >= 0}
    special = [dataclasses.replace(points[old], branch=on[i]) for i, old in enumerate(used)]
    fields = tables(branches, special, len(diagram.names))
    return dataclasses.replace(diagram, notes=(*diagram.notes, BEYOND), **fields)
