"""The shape of a set of places of rest: isolated, or filling a line, a ring or a surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree, shortest_path
from scipy.spatial import KDTree

from ...systems import Variable
from .._topology import unrolled

#: Fewest places of rest that may be a continuum.
FEWEST = 8
#: An eigenvalue this close to neutral, relative to the largest, is a direction along the continuum.
_NEUTRAL = 1e-3
#: Along a continuum that drifts: relative to the mean over the eigenvalues, which one fast direction hardly moves.
_NEARLY_NEUTRAL = 0.02
#: The gap at which a chain around a ring is cut is at most this many times its longest link.
_WIDEST_GAP = 3.0
#: A continuum is at least this long, in units of the region.
_SHORTEST = 0.2
#: Neighbours from which the local dimension is taken, and the least share of the widest direction that counts.
_NEIGHBOURS, _THIN = 6, 0.25
#: Places of which the shape is judged.
_JUDGED = 400


class Continuum(NamedTuple):
    """Attributes: `shape`, one of `line`, `ring` or `slow manifold`, and its `dimension`."""

    shape: str
    dimension: int


def neutral_directions(eigenvalues: np.ndarray, *, discrete: bool, drifts: bool = False) -> np.ndarray:
    """How many eigenvalues of each row are neutral; nearly neutral if the continuum `drifts`."""
    values = eigenvalues
    if not len(values):
        return np.zeros(0, int)
    growth = np.abs(np.abs(values) - 1) if discrete else np.abs(np.real(values))
    if drifts:
        return np.sum(growth <= _NEARLY_NEUTRAL * growth.mean(axis=1, keepdims=True), axis=1)
    size = np.ones((len(values), 1)) if discrete else np.max(np.abs(values), axis=1, keepdims=True)
    return np.sum(growth <= _NEUTRAL * size, axis=1)


def chain_closes(places: np.ndarray) -> bool:
    """Whether the places lie on a ring: whether the two ends of their chain are close to each other.

    The chain is the longest path through the tree of least total length that joins all places. On a ring it is all of
    the ring but its widest gap, on a line it is the line, whose ends are as far apart as the chain is long.
    """
    tree = minimum_spanning_tree(np.linalg.norm(places[:, None] - places[None], axis=-1))
    along = shortest_path(tree, directed=False)
    one, other = np.unravel_index(int(np.argmax(along)), along.shape)
    gap = float(np.linalg.norm(places[one] - places[other]))
    return gap <= min(_WIDEST_GAP * float(tree.max()), 0.5 * float(along[one, other]))


def local_dimension(places: np.ndarray) -> float:
    """Median over the places of the number of directions in which their nearest neighbours spread."""
    neighbours = min(_NEIGHBOURS, len(places) - 1)
    near = np.asarray(KDTree(places).query(places, k=neighbours + 1)[1])
    spread = np.linalg.svd(places[near[:, 1:]] - places[:, None], compute_uv=False)
    return float(np.median(np.sum(spread > _THIN * spread[:, :1], axis=1)))


def continuum_of(
    places: np.ndarray,
    eigenvalues: np.ndarray,
    *,
    scale: np.ndarray,
    variables: Sequence[Variable],
    discrete: bool,
    drifts: bool,
) -> Continuum | None:
    """The continuum that `places` with those eigenvalues fill, or None if they do not.

    The signs: they spread over a good part of the region; at almost all of them at least one eigenvalue is neutral;
    and neighbours spread in no more directions than there are neutral ones. One neutral direction makes a line, or a
    ring if the chain of neighbours closes; more make a slow manifold.

    Args:
        places: States of rest (or of the slowest motion).
        eigenvalues: One row for each place.
        scale: Width of the region for each component.
        variables: Of the flattened state.
        discrete: Whether time advances in steps.
        drifts: Whether the places are only nearly at rest, so that eigenvalues are only nearly neutral.
    """
    if len(places) < FEWEST:
        return None
    some = np.unique(np.linspace(0, len(places) - 1, min(len(places), _JUDGED)).astype(int))
    places, eigenvalues = places[some], eigenvalues[some]
    neutral = neutral_directions(eigenvalues, discrete=discrete, drifts=drifts)
    if np.mean(neutral > 0) < 0.9:
        return None
    spread = unrolled(places, variables)
    if np.max(np.ptp(places, axis=0) / scale) < _SHORTEST:
        return None
    dimension = round(float(np.median(neutral)))
    if dimension > 1 or local_dimension(spread) > 1:
        return Continuum("slow manifold", max(dimension, 2))
    return Continuum("ring" if chain_closes(spread) else "line", 1)
