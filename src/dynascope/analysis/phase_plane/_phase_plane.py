"""The phase plane of a flow with two variables: where each stands still, and what that says."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import InputError
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box, dimension, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from ..stability import FixedPoints, Newton, fixed_points
from ..stability._frozen import Frozen, frozen_at
from ._manifold import invariant_manifold

#: Arrows of the picture along each axis.
_ARROWS = 24
#: Halvings that bring a crossing of an edge down to the accuracy of the numbers.
_HALVINGS = 60


class PhasePlane(AbstractResult):
    """Nullclines, fixed points, velocities and separatrices in a box of the plane.

    Attributes:
        first: Points along the curves on which the first variable stands still; NaN parts the curves.
        second: The same for the second variable.
        errors: Largest velocity component left on each of the two nullclines.
        fixed: The fixed points.
        separatrices: Stable manifolds of the saddles, branch by branch, NaN beyond their ends.
        grid: Places of the arrows.
        velocities: Velocities there.
        low: Lower corner of the box.
        high: Upper corner of the box.
    """

    fixed: FixedPoints
    names: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    first: np.ndarray = output("along_first", "component", doc="nullcline of the first variable")
    second: np.ndarray = output("along_second", "component", doc="nullcline of the second variable")
    errors: np.ndarray = output("nullcline", doc="largest velocity left on the nullclines")
    separatrices: np.ndarray = output("branch", "along", "component", doc="stable manifolds of the saddles")
    grid: np.ndarray = output("place", "component", doc="places of the arrows")
    velocities: np.ndarray = output("place", "component", doc="velocities at the arrows")
    low: np.ndarray = output("component", doc="lower corner")
    high: np.ndarray = output("component", doc="upper corner")

    def summary(self) -> str:
        """What lies in the plane and how exact it is."""
        parts = sum(int(np.sum(np.all(np.isnan(c), axis=1))) for c in (self.first, self.second))
        return f"{parts} nullcline curve(s), exact to {self.errors.max():.1e} in the velocity. {self.fixed.summary()}"


def phase_plane(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    inputs: Any = None,
    t: float = 0.0,
    resolution: int = 200,
    key: Key | None = None,
) -> PhasePlane:
    """The phase plane of a flow with two variables.

    The sign of each velocity component is taken on a grid; where it changes along an edge of the grid, halving finds
    the crossing to the accuracy of the numbers, and crossings of neighbouring edges are joined to curves.

    Args:
        system: A flow with two variables, at frozen time and input.
        region: Box to look at; None takes the system's own, else the box of a pilot run, enlarged.
        inputs: Constant input or signal, frozen at time `t`.
        t: Time at which a driven system is frozen.
        resolution: Cells of the grid along each axis: curves closer than a cell are not told apart.
        key: Random key of the search for fixed points; None takes seed 0.

    Returns:
        A `PhasePlane`; `ds.plot` draws it.

    Raises:
        InputError: If the system is no flow of two variables or `resolution` is below 2.

    Example:
        >>> import dynascope as ds
        >>> plane = ds.phase_plane(ds.build("fitzhugh-nagumo", I=0.0), resolution=50)
        >>> len(plane.fixed)
        1
    """
    require_64_bit("The phase plane")
    if kind(system) not in ("flow", "hybrid") or dimension(system) != 2:
        raise InputError(
            f"A phase plane needs a flow with two variables; `{type(system).__name__}` is a {kind(system)} with "
            f"{dimension(system)}. Freeze the others first, or look at a projection: `ds.plot(trajectory)`."
        )
    if resolution < 2:
        raise InputError(f"`resolution` must be at least 2, got {resolution}.")
    key = key if key is not None else jax.random.key(0)
    frozen = frozen_at(system, inputs, t)
    box, source = start_region(system, region, inputs=inputs, key=key)
    low, high = (np.asarray(ravel_pytree(corner)[0], float) for corner in (box.low, box.high))
    points = fixed_points(system, region=box, inputs=inputs, t=t, key=key, method=Newton(starts=128))
    curves = [_nullcline(frozen, low, high, component=i, resolution=resolution) for i in (0, 1)]
    left = [np.abs(_velocities(frozen, c[np.isfinite(c[:, 0])])[:, i]).max(initial=0.0) for i, c in enumerate(curves)]
    axes = [np.linspace(a, b, _ARROWS) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    variables = state_variables(system)
    return PhasePlane(
        fixed=points,
        names=tuple(v.name for v in variables),
        units=tuple(v.unit for v in variables),
        result=points.result,
        settings=provenance(system=type(system).__name__, region=source, resolution=resolution, t=t),
        first=curves[0],
        second=curves[1],
        errors=np.array(left),
        separatrices=_separatrices(frozen, points, low, high, inputs=inputs),
        grid=grid,
        velocities=_velocities(frozen, grid),
        low=low,
        high=high,
    )


def _separatrices(frozen: Frozen, points: FixedPoints, low: np.ndarray, high: np.ndarray, *, inputs: Any) -> np.ndarray:
    """Stable manifolds of the saddles, scaled so that both axes count alike, cut where they leave the box."""
    saddles = [p for p, n in zip(points.states, points.stability, strict=True) if n == "saddle"]
    if kind(frozen.system) != "flow" or not saddles:
        return np.zeros((0, 1, 2))
    length = 3.0 * float(np.linalg.norm(high - low))
    branches = []
    for saddle in saddles:
        curve = invariant_manifold(frozen.system, saddle, stable=True, length=length, inputs=inputs, t=float(frozen.t))
        for branch in curve.branches:
            outside = np.flatnonzero(~np.all((branch >= low) & (branch <= high), axis=1))
            branches.append(branch[: outside[0]] if len(outside) else branch)
    most = max(map(len, branches))
    filled = np.full((len(branches), most, 2), np.nan)
    for row, branch in zip(filled, branches, strict=True):
        row[: len(branch)] = branch
    return filled


def _velocities(frozen: Frozen, places: np.ndarray) -> np.ndarray:
    return np.asarray(_fields(frozen, jnp.asarray(places))) if len(places) else np.zeros((0, 2))


@compiled
def _fields(frozen: Frozen, places: Any) -> Any:
    return jax.vmap(frozen.residual)(places)


@compiled
def _halved(frozen: Frozen, one: Any, other: Any, above: Any, component: Any) -> Any:
    """The places between `one`, where the velocity component is `above` zero or not, and `other`, where it is not.

    The sign at `one` is given: on a zero, rounding may give another one here than on the grid.
    """

    def between(a: Any, b: Any, sign: Any) -> Any:

        def halve(i: Any, ends: Any) -> Any:
            del i
            a, b = ends
            middle = (a + b) / 2
            same = (frozen.residual(middle)[component] > 0) == sign
            return jnp.where(same, middle, a), jnp.where(same, b, middle)

        a, b = jax.lax.fori_loop(0, _HALVINGS, halve, (a, b))
        return (a + b) / 2

    return jax.vmap(between)(one, other, above)


def _nullcline(frozen: Frozen, low: np.ndarray, high: np.ndarray, *, component: int, resolution: int) -> np.ndarray:
    """Curves of zero velocity component in the box, one after another with a row of NaN after each."""
    n = resolution
    x, y = (np.linspace(a, b, n + 1) for a, b in zip(low, high, strict=True))
    nodes = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    values = _velocities(frozen, nodes.reshape(-1, 2))[:, component].reshape(n + 1, n + 1)
    up = values > 0
    # Edges from a node to its right neighbour carry numbers below (n + 1)^2, those to the upper one numbers above.
    across = np.argwhere(up[:-1] != up[1:])
    along = np.argwhere(up[:, :-1] != up[:, 1:])
    one = np.concatenate([nodes[tuple(across.T)], nodes[tuple(along.T)]])
    other = np.concatenate([nodes[tuple((across + np.array([1, 0])).T)], nodes[tuple((along + np.array([0, 1])).T)]])
    if not len(one):
        return np.zeros((0, 2))
    above = np.concatenate([up[tuple(across.T)], up[tuple(along.T)]])
    crossings = np.asarray(_halved(frozen, jnp.asarray(one), jnp.asarray(other), jnp.asarray(above), component))
    number = {("across", i, j): k for k, (i, j) in enumerate(across)}
    number |= {("along", i, j): k + len(across) for k, (i, j) in enumerate(along)}
    return _joined(crossings, number, n)


def _joined(crossings: np.ndarray, number: dict[Any, int], n: int) -> np.ndarray:
    """Crossings chained cell by cell into curves."""
    neighbours: list[list[int]] = [[] for _ in crossings]
    cells = {(i, j - s) if side == "across" else (i - s, j) for side, i, j in number for s in (0, 1)}
    for i, j in cells:
        if not (0 <= i < n and 0 <= j < n):
            continue
        # In the order around the cell; where all four edges are crossed, neighbours around the cell are joined.
        edges = [("across", i, j), ("along", i + 1, j), ("across", i, j + 1), ("along", i, j)]
        met = [number[e] for e in edges if e in number]
        for a, b in zip(met[::2], met[1::2], strict=True):
            neighbours[a].append(b)
            neighbours[b].append(a)
    curves, used = [], np.zeros(len(crossings), bool)
    # Open curves begin at their ends; what is left then is closed.
    for start in sorted(range(len(crossings)), key=lambda k: len(neighbours[k])):
        if used[start]:
            continue
        chain, here = [start], start
        used[start] = True
        while True:
            onward = [k for k in neighbours[here] if not used[k]]
            if not onward:
                break
            here = onward[0]
            used[here] = True
            chain.append(here)
        if len(chain) > 2 and start in neighbours[here]:
            chain.append(start)
        curves += [crossings[chain], np.full((1, 2), np.nan)]
    return np.concatenate(curves)
