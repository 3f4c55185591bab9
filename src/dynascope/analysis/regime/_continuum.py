"""Continuous attractors: fixed points that fill a line, a ring or a surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path

from ...systems import Variable
from .._topology import unrolled
from .._verdict import Evidence, Verdict
from ..attractors import Attractors
from ..stability import FixedPoints

#: Fewest places of rest that may be a continuum.
_FEWEST = 8
#: An eigenvalue this close to neutral, relative to the largest, is a direction along the continuum.
_NEUTRAL = 1e-3
#: The gap at which a chain around a ring is cut is at most this many times its longest link.
_WIDEST_GAP = 3.0


def continuum(found: Attractors, points: FixedPoints | None, variables: Sequence[Variable]) -> Verdict | None:
    """The verdict `line attractor`, `ring attractor` or `slow manifold` if most starts rest on a continuum, else None.

    The signs: many places of rest, of which almost every start found its own; and at almost all fixed points near them
    an eigenvalue that is neutral. One neutral direction makes a line, or a ring if the chain of neighbours closes; more
    make a slow manifold.
    """
    resting = np.flatnonzero(~found.moving)
    if points is None or resting.size < _FEWEST or resting.size < 0.25 * found.starts:
        return None
    neutral = _neutral_directions(points)
    if not neutral.size or np.mean(neutral > 0) < 0.9:
        return None
    many = Evidence(
        "places of rest", float(resting.size), None, f"In so many different places do {found.starts} starts rest."
    )
    along = float(np.median(neutral))
    flat = Evidence(
        "neutral eigenvalues", along, None, "At the fixed points, motion along so many directions meets no force."
    )
    if along > 1:
        return Verdict("slow manifold", 0.7, (many, flat))
    closed = _closes(unrolled(found.states[resting], variables))
    shape = Evidence(
        "chain of neighbours",
        "closed" if closed else "open",
        None,
        "The places of rest form a ring." if closed else "The places of rest form a line with two ends.",
    )
    return Verdict("ring attractor" if closed else "line attractor", 0.8, (many, flat, shape))


def _neutral_directions(points: FixedPoints) -> np.ndarray:
    values = points.eigenvalues
    if not len(values):
        return np.zeros(0, int)
    growth = np.abs(np.abs(values) - 1) if points.discrete else np.abs(np.real(values))
    size = np.ones((len(values), 1)) if points.discrete else np.max(np.abs(values), axis=1, keepdims=True)
    return np.sum(growth <= _NEUTRAL * size, axis=1)


def _closes(places: np.ndarray) -> bool:
    """Whether the places lie on a ring: whether the two ends of their chain are close to each other.

    The chain is the longest path through the tree of least total length that joins all places. On a ring it is all of
    the ring but its widest gap, on a line it is the line, whose ends are as far apart as the chain is long.
    """
    tree = minimum_spanning_tree(np.linalg.norm(places[:, None] - places[None], axis=-1))
    along = shortest_path(tree, directed=False)
    one, other = np.unravel_index(int(np.argmax(along)), along.shape)
    gap = float(np.linalg.norm(places[one] - places[other]))
    return gap <= min(_WIDEST_GAP * float(tree.max()), 0.5 * float(along[one, other]))
