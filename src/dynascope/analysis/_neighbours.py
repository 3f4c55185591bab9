"""Neighbours in space that are not neighbours in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ._series import Array, spread_indices

Indices = NDArray[np.int64]


def neighbours(
    points: Array, references: Indices, *, count: int, theiler: int, norm: float = 2.0, at_most: int = 20_000
) -> tuple[Array, Indices]:
    """The `count` nearest points of each reference that lie more than `theiler` samples away from it.

    The search runs over at most `at_most` candidates spread evenly over the series, so that its cost is bounded.
    Candidates closer in time than the window are skipped by asking the tree for more and more neighbours, which is
    cheap where the flow is not oversampled and exact where it is.

    Args:
        points: (time, dimension).
        references: indices into `points`.
        count: neighbours wanted.
        theiler: the window, in samples.
        norm: the exponent of the Minkowski norm; `np.inf` for the maximum norm.
        at_most: the largest number of candidates.

    Returns:
        distances (reference, count), infinite where there are not enough; and indices into `points`, -1 there.
    """
    candidates = spread_indices(points.shape[0], at_most=at_most)
    tree = KDTree(points[candidates])
    distances = np.full((references.size, count), np.inf)
    indices = np.full((references.size, count), -1, dtype=np.int64)
    pending = np.arange(references.size)
    asked = min(count + 8, candidates.size)
    while pending.size:
        near, which = tree.query(points[references[pending]], k=asked, p=norm)
        near, which = near.reshape(pending.size, asked), candidates[which.reshape(pending.size, asked)]
        allowed = np.abs(which - references[pending, None]) > theiler
        enough = allowed.sum(axis=1) >= count
        if asked == candidates.size:
            enough[:] = True
        order = np.argsort(~allowed[enough], axis=1, kind="stable")[:, :count]
        valid = np.take_along_axis(allowed[enough], order, axis=1)
        done = pending[enough]
        distances[done, : order.shape[1]] = np.where(valid, np.take_along_axis(near[enough], order, axis=1), np.inf)
        indices[done, : order.shape[1]] = np.where(valid, np.take_along_axis(which[enough], order, axis=1), -1)
        pending = pending[~enough]
        asked = min(4 * asked, candidates.size)
    return distances, indices
