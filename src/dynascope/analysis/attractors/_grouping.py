"""Which runs are on one attractor."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._known import KnownAttractor

#: Places of rest closer than this, in units of the ensemble, are one.
_SAME_PLACE = 1e-4
#: Points of one attractor are apart by at most this many times its own spacing, for this share of them.
_SPACINGS, _SHARE = 4.0, 0.9
#: Points of an attractor that tell its spacing.
_COMPARED = 1024


def groups(places: np.ndarray) -> list[list[int]]:
    """Indices of places that are one, in order of appearance."""
    found: list[list[int]] = []
    for i, place in enumerate(places):
        for g in found:
            if np.max(np.abs(place - places[g[0]])) < _SAME_PLACE:
                g.append(i)
                break
        else:
            found.append([i])
    return found


class Clouds(NamedTuple):
    """The moving ones of some known attractors, ready to be compared with many runs.

    Attributes:
        known: All that is known.
        moving: Index of each moving one, a tree of its points, and how far from it points may lie.
    """

    known: tuple[KnownAttractor, ...]
    moving: tuple[tuple[int, Any, float], ...]

    @classmethod
    def of(cls, known: tuple[KnownAttractor, ...]) -> Clouds:
        """The clouds of `known`."""
        from scipy.spatial import KDTree

        moving = []
        for i, a in enumerate(known):
            if a.moving:
                tree = KDTree(a.points[1::2])
                own = np.quantile(tree.query(a.points[: 2 * _COMPARED : 2])[0], _SHARE)
                reach = _SPACINGS * own + _SAME_PLACE * max(float(np.ptp(a.points, axis=0).max()), 1e-3)
                moving.append((i, tree, float(reach)))
        return cls(known, tuple(moving))

    def group_of(self, points: np.ndarray) -> int:
        """Index of the attractor that a place `(k,)` or a run of points `(point, k)` is on; -1 if none.

        A run is on a moving attractor if nearly all of its points are as near to that one's points as those are to one
        another: the spacing of its own points is the size of its cells.
        """
        if points.ndim == 1:
            for i, a in enumerate(self.known):
                if not a.moving and np.max(np.abs(points - a.points[0])) < _SAME_PLACE:
                    return i
            return -1
        best, least = -1, 1.0
        for i, tree, reach in self.moving:
            ratio = float(np.quantile(tree.query(points)[0], _SHARE)) / reach
            if ratio < least:
                best, least = i, ratio
        return best


def group_of(points: np.ndarray, known: tuple[KnownAttractor, ...]) -> int:
    """Index of the known attractor that `points` are on; see `Clouds.group_of`."""
    return (Clouds.of(known) if points.ndim > 1 else Clouds(known, ())).group_of(points)
