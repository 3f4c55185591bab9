"""Attractors by features of the late motion, and clusters of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import InputError
from ..._random import generator_of
from ._finder import AbstractFinder, Assigned
from ._known import DIVERGED, FAR, UNDECIDED, KnownAttractor
from ._stage import Stage
from ._windows import strides

#: Starts run at once, and states kept of each attractor.
_BLOCK, _KEPT = 1024, 64


def moments(points: np.ndarray) -> np.ndarray:
    """Mean, deviation, least and greatest value of each watched coordinate of a run, shape `(look, k)`."""
    return np.concatenate([points.mean(axis=0), points.std(axis=0), points.min(axis=0), points.max(axis=0)])


class Features(AbstractFinder):
    """Attractors as clusters of what runs look like in the end.

    Every start runs for a transient and is then looked at at irregular times. Features of these looks that are within
    `distance` of one another, directly or through others, are of one cluster; a cluster of at least `fewest` starts
    is an attractor. It works where states do not recur, as under noise or drive, but all starts take the full time.

    Args:
        transient: Solver steps (maps: iterations) before the looks.
        duration: Solver steps during the looks.
        features: Function from looks, shape `(look, k)` in units of the ensemble, to a vector.
        distance: Largest distance of neighbours in a cluster.
        fewest: Smallest cluster; starts in smaller ones are undecided.
        looks: Number of looks.

    Raises:
        InputError: If a length is not positive.

    Reference:
        Stender & Hoffmann (2022), bSTAB: an open-source software for computing the basin stability of multi-stable
        dynamical systems, Nonlinear Dynamics 107, 1451-1468; clusters as in Ester, Kriegel, Sander & Xu (1996), KDD
        96, 226-231.
    """

    transient: int = eqx.field(static=True, default=20_000)
    duration: int = eqx.field(static=True, default=20_000)
    features: Callable[[np.ndarray], np.ndarray] = eqx.field(static=True, default=moments)
    distance: float = eqx.field(static=True, default=0.1)
    fewest: int = eqx.field(static=True, default=3)
    looks: int = eqx.field(static=True, default=512)

    def __check_init__(self) -> None:
        if min(self.transient, self.duration, self.looks, self.fewest) < 1 or not self.distance > 0:
            raise InputError("`Features` needs a positive transient, duration, number of looks, size and distance.")

    def assigned(
        self, stage: Stage, starts: np.ndarray, known: tuple[KnownAttractor, ...] = (), *, key: Any
    ) -> Assigned:
        rng = generator_of(key)
        unit = stage.unit * stage.stepped.work
        first = max(1, self.transient // unit)
        walk = strides(max(self.duration // unit, self.looks), self.looks, rng)
        labels, windows, carries = np.full(len(starts), UNDECIDED, np.int32), [], []
        for i in range(0, len(starts), _BLOCK):
            at, _ = stage.run(stage.carries(starts[i : i + _BLOCK]), 0, np.array([first]))
            at, seen = stage.run(at, first * stage.unit, walk)
            windows.append(seen)
            carries.append(jax.tree.map(np.asarray, at))
        seen = np.concatenate(windows)
        ends = jax.tree.map(lambda *leaves: np.concatenate(leaves), *carries)
        with np.errstate(invalid="ignore"):
            lost = ~np.all(np.abs(seen) < FAR, axis=(1, 2))
        labels[lost] = DIVERGED
        fine = np.flatnonzero(~lost)
        rows = [self.features(seen[i]) for i in fine]
        old = [self.features(a.points) for a in known]
        count = len(old)
        for cluster in _clusters(np.array([*old, *rows]), self.distance, count, self.fewest):
            mine = [fine[m - count] for m in cluster if m >= count]
            before = [m for m in cluster if m < count]
            if not before:
                known = (*known, self._one(stage, seen[mine[0]], ends, mine))
                before = [len(known) - 1]
            labels[mine] = before[0]
        span = first + int(walk.sum())
        return Assigned(labels, np.full(len(starts), span * stage.step_time), known, span * len(starts) * unit)

    def _one(self, stage: Stage, points: np.ndarray, ends: Any, mine: list[int]) -> KnownAttractor:
        spread = float(np.ptp(points, axis=0).max())
        some = jax.tree.map(lambda leaf: leaf[np.asarray(mine[:_KEPT])], ends)
        return KnownAttractor(
            points=points,
            states=stage.presents(some),
            carry=jax.tree.map(lambda leaf: leaf[0], some),
            moving=spread > 1e-5,
            radius=0.0,
            spread=spread,
        )


def _clusters(rows: np.ndarray, distance: float, old: int, fewest: int) -> list[list[int]]:
    """Indices of rows that hang together; small clusters are left out unless one of the first `old` rows is in them."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    if not len(rows):
        return []
    pairs = KDTree(rows).query_pairs(distance, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows), len(rows)))
    count, member = connected_components(graph, directed=False)
    found = [np.flatnonzero(member == n).tolist() for n in range(count)]
    return [c for c in found if len(c) >= fewest or min(c) < old]
