"""A window of looks at a run: does it rest, does it recur, or is it still on its way?"""

from __future__ import annotations

import equinox as eqx
import numpy as np

from ._known import FAR

#: What a window shows.
ON_ITS_WAY, REST, MOVING = 0, 1, 2
#: A window that fits into this, in units of the ensemble, is at rest.
_STILL = 1e-6
#: Every other look must fall into cells that the rest visits, for the grid to be coarse enough.
_COVERED = 0.85
#: Share of either half that must lie in the cells of the other, of what the halves' own looks would give.
_MUTUAL = 0.85
#: Between quarters, excursions that shrink or grow steadily by more than this in all are no recurrence.
_STEADY = 0.05


class Judged(eqx.Module):
    """What each window shows.

    Attributes:
        kinds: On its way, at rest or recurrent.
        diverged: Whether a look was infinite or far.
        spreads: Largest excursion of a coordinate.
    """

    kinds: np.ndarray
    diverged: np.ndarray
    spreads: np.ndarray


def strides(length: int, looks: int, rng: np.random.Generator) -> np.ndarray:
    """Irregular intervals between looks, so that no period is missed because it divides them; `length` in all or so."""
    mean = max(1, length // looks)
    return rng.integers(1, 2 * mean, looks, endpoint=False) if mean > 1 else rng.integers(1, 3, looks)


def judge(seen: np.ndarray) -> Judged:
    """Judge windows of watched coordinates, shape `(start, look, k)`."""
    with np.errstate(invalid="ignore"):
        diverged = ~np.all(np.abs(seen) < FAR, axis=(1, 2))
    clean = np.where(diverged[:, None, None], 0.0, seen)
    spreads = np.ptp(clean, axis=1).max(axis=1)
    kinds = np.zeros(len(seen), int)
    for i in np.flatnonzero(~diverged):
        if spreads[i] < _STILL:
            kinds[i] = REST
        elif recurs(clean[i]):
            kinds[i] = MOVING
    return Judged(kinds, diverged, spreads)


def recurs(points: np.ndarray) -> bool:
    """Whether either half of a run, shape `(look, k)`, visits the cells of the other without a trend in its size."""
    quarters = np.array([np.ptp(q, axis=0) for q in np.array_split(points, 4)])
    whole = np.ptp(points, axis=0)
    wide = whole > 1e-3 * whole.max()
    sizes = (quarters[:, wide] / whole[wide]).mean(axis=1)
    # A quarter may miss a rare burst, so only a steady trend counts: of all quarters, or from half to half by a half.
    trend = np.diff(sizes)
    if (np.all(trend < 0) or np.all(trend > 0)) and abs(sizes[-1] - sizes[0]) > _STEADY:
        return False
    low = points.min(axis=0)
    for cells in (64, 32, 16, 8, 4):
        number = _cells(points, low, whole.max() / cells)
        first, second = np.array_split(number, 2)
        own = [np.mean(np.isin(h[::2], h[1::2])) for h in (first, second)]
        if min(own) < _COVERED:
            continue
        mutual = min(np.mean(np.isin(first, second)), np.mean(np.isin(second, first)))
        return bool(mutual > _MUTUAL * min(own))
    return False


def _cells(points: np.ndarray, low: np.ndarray, size: float) -> np.ndarray:
    """A number for the cell of each point."""
    _, number = np.unique(np.floor((points - low) / size).astype(np.int64), axis=0, return_inverse=True)
    return number.ravel()
