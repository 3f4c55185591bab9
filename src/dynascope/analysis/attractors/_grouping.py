"""Which runs are on one attractor."""

from __future__ import annotations

import numpy as np

from ._known import KnownAttractor

#: Places of rest closer than this, in units of the ensemble, are one.
_SAME_PLACE = 1e-4
#: Points of one attractor are apart by at most this many times its own spacing, for this share of them.
_SPACINGS, _SHARE = 4.0, 0.9


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


def group_of(points: np.ndarray, known: tuple[KnownAttractor, ...]) -> int:
    """Index of the known attractor that a place `(k,)` or a run of points `(point, k)` is on; -1 if none.

    A run is on a moving attractor if nearly all of its points are as near to that one's points as those are to one
    another: the spacing of its own points is the size of its cells.
    """
    if points.ndim == 1:
        for i, a in enumerate(known):
            if not a.moving and np.max(np.abs(points - a.points[0])) < _SAME_PLACE:
                return i
        return -1
    from scipy.spatial import KDTree

    best, least = -1, np.inf
    for i, a in enumerate(known):
        if not a.moving:
            continue
        tree = KDTree(a.points[1::2])
        own = np.quantile(tree.query(a.points[::2])[0], _SHARE)
        gap = np.quantile(tree.query(points)[0], _SHARE)
        ratio = gap / (_SPACINGS * own + _SAME_PLACE * max(float(np.ptp(a.points, axis=0).max()), 1e-3))
        if ratio < min(least, 1.0):
            best, least = i, ratio
    return best
