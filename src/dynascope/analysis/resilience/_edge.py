"""The state on the boundary between two basins to which the boundary itself is attracted."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder
from ..basins import Fates, fates

#: Points between two states at each cut, and the distance (in units of the region) below which they are one.
_CUTS, _TOGETHER = 16, 1e-9
#: Distance at which the two are brought together again, and most times that it is done.
_APART, _TIMES = 1e-4, 200
#: Looks while the two drift apart, and the change of the edge state within which it has settled.
_LOOKS, _SETTLED = 64, 1e-6


class EdgeState(AbstractResult):
    """Where a trajectory that is kept on the boundary between two basins goes.

    Attributes:
        state: The flattened state on the boundary at the end.
        norm: Its Euclidean norm.
        error: How far it moved within the last stretch: nil for an equilibrium, its extent for what keeps moving.
        path: The states at the times at which the two sides were brought together.
        gaps: How far apart the two sides were then.
        at_rest: Whether the edge state is an equilibrium.
        sides: Indices of the attractors on either side.
    """

    norm: float
    error: float
    at_rest: bool
    sides: tuple[int, int] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    state: np.ndarray = output("component", doc="state on the boundary")
    path: np.ndarray = output("cut", "component", doc="states on the boundary on the way there")
    gaps: np.ndarray = output("cut", doc="distance of the two sides")

    def summary(self) -> str:
        """Where it is and whether it rests."""
        kind = "at rest" if self.at_rest else "moving"
        return f"Edge state {kind}, of norm {self.norm:.6g} (moved by {self.error:.1g} at the end)."


def edge_state(
    system: AbstractSystem,
    one: State,
    other: State,
    *,
    region: Box | None = None,
    finder: AbstractFinder | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> EdgeState:
    """Track the boundary between two basins to the saddle, or whatever else attracts on it.

    The line between the two states is cut until they are a billionth of the region apart, on either side of the
    boundary. Both run until they are a ten-thousandth apart, and are brought together again. So they shadow a
    trajectory on the boundary, which ends on the edge state: the mountain pass between the attractors.

    Args:
        system: Any system.
        one: A state of one basin.
        other: A state of another one.
        region: Box of starts in which attractors are looked for.
        finder: How to find attractors; None takes `Recurrences()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Raises:
        InputError: If both states are in one basin.

    Reference:
        Skufca, Yorke & Eckhardt (2006), Edge of chaos in a parallel shear flow, Physical Review Letters 96, 174101.
    """
    key = key if key is not None else jax.random.key(0)
    ends = fates(system, region=region, finder=finder, inputs=inputs, key=key, solver=solver)
    pair = np.stack([np.asarray(ravel_pytree(y)[0], float) for y in (one, other)])
    labels, ends = ends.of(pair)
    if labels[0] == labels[1]:
        raise InputError(f"Both states lead to attractor {int(labels[0]) + 1}. Give states of two different basins.")
    stage, sides = ends.stage, (int(labels[0]), int(labels[1]))
    size = np.where(stage.extent > 0, stage.extent, 1.0)
    path, gaps, moved = [], [], np.inf
    for _ in range(_TIMES):
        pair, ends = _together(ends, pair, sides[0], size)
        path.append(pair.mean(axis=0))
        gaps.append(float(np.max(np.abs(pair[0] - pair[1]) / size)))
        pair, moved = _apart(stage, pair, size)
        if moved < _SETTLED:
            break
    rest = bool(moved < _SETTLED)
    return EdgeState(
        norm=float(np.linalg.norm(path[-1])),
        error=float(moved),
        at_rest=rest,
        sides=sides,
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            region=ends.source,
            cuts=len(path),
            seed=seed_of(key),
        ),
        state=path[-1],
        path=np.array(path),
        gaps=np.array(gaps),
    )


def _together(ends: Fates, pair: np.ndarray, label: int, size: np.ndarray) -> tuple[np.ndarray, Fates]:
    """Two states on either side of the boundary, close together, between the two given ones."""
    near, far = pair
    while np.max(np.abs(far - near) / size) > _TOGETHER:
        shares = np.arange(1, _CUTS) / _CUTS
        between = near + shares[:, None] * (far - near)
        labels, ends = ends.of(between)
        # The first point that does not lead where the near side leads; an undecided one is on the boundary itself.
        beyond = np.append(np.flatnonzero(labels != label), len(shares))[0]
        states = np.concatenate([near[None], between, far[None]])
        before = (near, far)
        near, far = states[beyond], states[beyond + 1]
        if np.array_equal(near, before[0]) and np.array_equal(far, before[1]):
            break
    return np.stack([near, far]), ends


def _apart(stage: Any, pair: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, float]:
    """The two states when they have come apart, and by how much the boundary moved in the last stretch of that."""
    carries, states, chunk, step = stage.carries(pair), [pair], 8, 0
    while len(states) < _LOOKS:
        carries, _ = stage.run(carries, step, np.array([chunk]))
        step += chunk * stage.unit
        states.append(stage.presents(carries))
        gap = np.max(np.abs(states[-1][0] - states[-1][1]) / size)
        if not gap < _APART:
            break
        chunk = min(2 * chunk, 64)
    # The gap makes the middle uncertain by its own size, so the motion is judged where the two are still close.
    close = [s.mean(axis=0) for s in states if np.max(np.abs(s[0] - s[1]) / size) < 1e-6]
    track = np.array(close if len(close) > 1 else [s.mean(axis=0) for s in states[:2]])
    return states[-1], float(np.max(np.ptp(track, axis=0) / size))
