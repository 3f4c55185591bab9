"""Stable and unstable manifolds of saddles, where they are curves."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._errors import RESULTS, ComputationFailed, InputError
from ..._results import AbstractResult, output, provenance
from ..._types import Input, State, Time
from ...solve import Tsit5, trajectory
from ...systems import AbstractFlow, AbstractMap, AbstractSystem, kind, state_variables
from .._precision import require_64_bit
from ..stability._frozen import Frozen, frozen_at

#: How far from the saddle the curve starts, relative to the length asked for.
_START = 1e-7
#: Points of which one generation of a map's manifold may consist.
_MOST = 200_000


class InvariantManifold(AbstractResult):
    """Both branches of a one-dimensional stable or unstable manifold of a fixed point.

    Attributes:
        branches: Points along each branch, from the fixed point on; NaN beyond its end.
        lengths: Arclength of each branch; shorter than asked for where it runs into another fixed point.
        gaps: Largest distance of neighbouring points on each branch.
        point: The fixed point.
        eigenvalue: Eigenvalue of the direction in which the manifold leaves it.
        stable: Whether it is the stable manifold.
        names: Names of the components.
    """

    stable: bool
    eigenvalue: float
    names: tuple[str, ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    branches: np.ndarray = output("branch", "along", "component", doc="points along each branch")
    lengths: np.ndarray = output("branch", doc="arclength of each branch")
    gaps: np.ndarray = output("branch", doc="largest distance of neighbouring points")
    point: np.ndarray = output("component", doc="the fixed point")

    def summary(self) -> str:
        """Which manifold it is, how long and how finely resolved."""
        name = "stable" if self.stable else "unstable"
        return (
            f"The {name} manifold of {np.array2string(self.point, precision=4)} (eigenvalue {self.eigenvalue:.5g}): "
            f"branches of length {self.lengths[0]:.4g} and {self.lengths[1]:.4g}, no gap beyond {self.gaps.max():.2g}."
        )


def invariant_manifold(
    system: AbstractSystem,
    point: Any,
    *,
    stable: bool = False,
    length: float = 10.0,
    spacing: float | None = None,
    inputs: Any = None,
    t: float = 0.0,
) -> InvariantManifold:
    """The stable or unstable manifold of a saddle of a flow or map, where it is a curve.

    Of a flow it is the orbit that leaves the saddle along the eigenvector (backward in time for the stable one),
    followed by arclength. Of a map it is the images of a short piece of the eigenvector between a point and its image:
    wherever two neighbouring images lie further apart than `spacing`, the piece gets a point between them.

    Args:
        system: A flow or a map, at frozen time and input.
        point: The fixed point, a flattened state.
        stable: Take the stable manifold (flows only; of a map pass its inverse).
        length: Arclength of each branch.
        spacing: Largest distance of neighbouring points; None takes a thousandth of `length`.
        inputs: Constant input or signal, frozen at time `t`.
        t: Time at which a driven system is frozen.

    Returns:
        An `InvariantManifold`.

    Raises:
        InputError: If the system is neither flow nor map, `point` is no fixed point, there is not exactly one real
            eigenvalue of the kind asked for, or the stable manifold of a map is asked for.
        ComputationFailed: If a branch of a map needs too many points.

    Reference:
        Hobson (1993), An efficient method for computing invariant manifolds of planar maps, Journal of Computational
        Physics 104, 14-22.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.phase_plane import invariant_manifold
        >>> pendulum = ds.flow(lambda t, y, p: jnp.stack([y[1], jnp.sin(y[0])]), [0.1, 0.0])
        >>> curve = invariant_manifold(pendulum, [0.0, 0.0], length=2.0)
        >>> bool(abs(curve.branches[0, -1, 1]) > 1)
        True
    """
    require_64_bit("Following a manifold")
    if kind(system) not in ("flow", "map"):
        raise InputError(f"Manifolds are followed for flows and maps; `{type(system).__name__}` is a {kind(system)}.")
    if stable and kind(system) == "map":
        raise InputError(
            "The stable manifold of a map needs its inverse: ask for the unstable manifold of the inverse map."
        )
    if not length > 0 or (spacing is not None and not spacing > 0):
        raise InputError(f"`length` and `spacing` must be positive, got {length} and {spacing}.")
    spacing = spacing if spacing is not None else 1e-3 * length
    frozen = frozen_at(system, inputs, t)
    point = np.asarray(point, float).ravel()
    eigenvalue, direction = _direction(frozen, point, stable)
    follow = _along_flow if kind(system) == "flow" else _along_map
    branches = [
        follow(frozen, point, sign * direction, eigenvalue=eigenvalue, length=length, spacing=spacing)
        for sign in (1.0, -1.0)
    ]
    most = max(map(len, branches))
    filled = np.full((2, most, point.size), np.nan)
    for row, branch in zip(filled, branches, strict=True):
        row[: len(branch)] = branch
    steps = [np.linalg.norm(np.diff(branch, axis=0), axis=1) for branch in branches]
    return InvariantManifold(
        stable=stable,
        eigenvalue=eigenvalue,
        names=tuple(v.name for v in state_variables(system)),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__, stable=stable, length=length, spacing=spacing, t=t),
        branches=filled,
        lengths=np.array([s.sum() for s in steps]),
        gaps=np.array([s.max(initial=0.0) for s in steps]),
        point=point,
    )


def _direction(frozen: Frozen, point: np.ndarray, stable: bool) -> tuple[float, np.ndarray]:
    """The one eigenvalue of the kind asked for, and its eigenvector of length 1."""
    flat = jnp.asarray(point)
    jacobian = np.asarray(jax.jacfwd(frozen.residual)(flat))
    residual = float(np.max(np.abs(np.asarray(frozen.residual(flat)))))
    if residual > 1e-8 * (1 + np.max(np.abs(jacobian)) * (1 + np.max(np.abs(point)))):
        raise InputError(f"`point` is no fixed point: its residual is {residual:.2e}. Take one from `fixed_points`.")
    discrete = isinstance(frozen.system, AbstractMap)
    values, vectors = np.linalg.eig(jacobian + np.eye(point.size) if discrete else jacobian)
    growth = np.abs(values) - 1 if discrete else np.real(values)
    chosen = np.flatnonzero(growth < 0 if stable else growth > 0)
    if len(chosen) != 1:
        raise InputError(
            f"The {'stable' if stable else 'unstable'} manifold of this point has dimension {len(chosen)}; only curves "
            "(dimension 1) are followed."
        )
    vector = np.real(vectors[:, chosen[0]])
    # The sign of an eigenvector is chance: the first branch goes where its largest component is positive.
    vector = vector * np.sign(vector[np.argmax(np.abs(vector))])
    return float(np.real(values[chosen[0]])), vector / np.linalg.norm(vector)


class _ByArclength(AbstractFlow):
    """dy/ds = +-f/|f|: the orbit of a flow by its arclength; it comes to rest at fixed points."""

    frozen: Frozen
    sign: Any
    slow: Any

    def initial_state(self) -> State:
        return jnp.zeros_like(jnp.ravel(self.sign) * self.slow)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        velocity = self.sign * self.frozen.residual(y)
        return velocity / jnp.sqrt(jnp.sum(velocity**2) + self.slow**2)


def _along_flow(
    frozen: Frozen, point: np.ndarray, direction: np.ndarray, *, eigenvalue: float, length: float, spacing: float
) -> np.ndarray:
    begin = point + _START * length * direction
    # Half of the speed at which the orbit starts: slower than that, it has arrived at another fixed point.
    slow = 0.5 * abs(eigenvalue) * _START * length
    curve = _ByArclength(frozen, jnp.asarray(np.sign(eigenvalue)) * jnp.ones(point.size), jnp.asarray(slow))
    ts = np.linspace(0.0, length, int(np.ceil(length / spacing)) + 1)
    run = trajectory(curve, jnp.asarray(begin), ts, solver=Tsit5(rtol=1e-10, atol=1e-12 * length), throw=False)
    states = np.asarray(run.flat)
    states = states[np.all(np.isfinite(states), axis=1)]
    moved = np.linalg.norm(np.diff(states, axis=0), axis=1)
    still = np.flatnonzero(moved < 1e-3 * spacing)
    end = int(still[still > 2][0]) + 1 if np.any(still > 2) else len(states)
    return np.concatenate([point[None], states[:end]])


@compiled
def _images(frozen: Frozen, starts: Any, count: Any) -> Any:
    def step(i: Any, y: Any) -> Any:
        del i
        return frozen.residual(y) + y

    return jax.vmap(lambda y: jax.lax.fori_loop(0, count, step, y))(starts)


def _along_map(
    frozen: Frozen, point: np.ndarray, direction: np.ndarray, *, eigenvalue: float, length: float, spacing: float
) -> np.ndarray:
    # Under a negative eigenvalue the branches change places at every step: their second iterate keeps them.
    steps = 2 if eigenvalue < 0 else 1
    growth = abs(eigenvalue) ** steps
    begin = _START * length

    def at(shares: np.ndarray, generation: int) -> np.ndarray:
        starts = point + begin * growth ** shares[:, None] * direction
        # Numbers of starts are rounded up to powers of two, so that few programs are compiled.
        width = 1 << int(np.ceil(np.log2(max(len(starts), 16))))
        padded = np.concatenate([starts, np.repeat(starts[-1:], width - len(starts), axis=0)])
        return np.asarray(_images(frozen, jnp.asarray(padded), steps * generation))[: len(starts)]

    curve, total, generation = [point[None]], 0.0, 0
    while total < length:
        shares = np.linspace(0.0, 1.0, 9)
        places = at(shares, generation)
        while True:
            far = np.flatnonzero(np.linalg.norm(np.diff(places, axis=0), axis=1) > spacing)
            if not len(far):
                break
            between = (shares[far] + shares[far + 1]) / 2
            if len(shares) + len(between) > _MOST or not np.all(np.isfinite(places)):
                raise ComputationFailed(
                    f"A branch of the manifold needs more than {_MOST} points in one generation, or runs to infinity. "
                    "Ask for less `length` or wider `spacing`."
                )
            shares = np.insert(shares, far + 1, between)
            places = np.insert(places, far + 1, at(between, generation), axis=0)
        reached = total + np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))
        keep = int(np.searchsorted(reached, length)) + 2
        curve.append(places[: min(keep, len(places))])
        total = float(reached[-1])
        generation += 1
    return np.concatenate(curve)
