"""Which attractor at one value of a parameter is which at the next."""

from __future__ import annotations

import equinox as eqx
import numpy as np
from scipy.spatial.distance import cdist

#: Points of each set that are compared.
_POINTS = 256


class Identities(eqx.Module):
    """The sets that attractors occupied when they were last seen, numbered in the order of their first appearance.

    Attributes:
        sets: Watched coordinates of points on each, shape `(point, k)`.
        present: Whether each was there at the last value.
    """

    sets: tuple[np.ndarray, ...] = ()
    present: tuple[bool, ...] = ()

    def followed(
        self, sets: tuple[np.ndarray, ...], fates: np.ndarray, *, furthest: float
    ) -> tuple[Identities, np.ndarray]:
        """The identities of `sets` at the next value: pairs of old and new are made from the nearest to the farthest.

        An old attractor that was there at the last value, and whose states lead to the new one, comes before all others
        that were there; an identity that had vanished is taken up again only by what no other one claims.

        Args:
            sets: Points on each attractor at the new value.
            fates: Share of the states on old attractor `i` that lead to new attractor `j`, shape `(old, new)`.
            furthest: Distance beyond which two sets are never one attractor.

        Returns:
            The identities brought up to date, and the number of each of `sets`.
        """
        given = np.full(len(sets), -1)
        taken: set[int] = set()
        gaps = np.array([[set_distance(a, b) for b in sets] for a in self.sets]).reshape(len(self.sets), len(sets))
        there = np.array(self.present, bool)
        leads = there[:, None] & (fates > 0.5)
        for rank in (leads, there[:, None] & ~leads, np.broadcast_to(~there[:, None], gaps.shape)):
            pairs = np.argwhere(rank & (gaps <= furthest))
            for i, j in pairs[np.argsort(gaps[tuple(pairs.T)], kind="stable")]:
                if given[j] < 0 and i not in taken:
                    given[j] = i
                    taken.add(int(i))
        known, present = list(self.sets), [False] * len(self.sets)
        for j in range(len(sets)):
            if given[j] < 0:
                given[j] = len(known)
                known.append(sets[j])
                present.append(True)
            known[given[j]], present[given[j]] = sets[j], True
        return Identities(tuple(known), tuple(present)), given


def set_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance from the points of either set to the nearest of the other, the larger of both.

    Reference:
        Dubuisson & Jain (1994), A modified Hausdorff distance for object matching, ICPR 1, 566-568.
    """
    gaps = cdist(_thinned(a), _thinned(b))
    return float(max(gaps.min(axis=0).mean(), gaps.min(axis=1).mean()))


def _thinned(points: np.ndarray) -> np.ndarray:
    return points[:: max(1, len(points) // _POINTS)]
