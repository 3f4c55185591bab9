"""Two spike trains in one order of time: what pairwise measures share, for many pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...series import SpikeTrains

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Entries of the largest array that one batch of pairs may make.
_ENTRIES = 1_000_000


class Merged(NamedTuple):
    """Spikes of the trains a and b of every pair in the order of time; of equal ones that of a comes first.

    Attributes:
        times: Shape `(pair, n)`; infinity after the last spike.
        of_first: Whether a spike is one of a.
        before: Spikes of a and of b among the entries up to and including this one, shape `(2, pair, n)`.
    """

    times: Array
    of_first: NDArray[np.bool_]
    before: Indices


def merged(first: Array, second: Array) -> Merged:
    """Merge rows of two padded arrays of times."""
    times = np.concatenate([first, second], axis=1)
    order = np.argsort(times, axis=1, kind="stable")
    of_first = order < first.shape[1]
    times = np.take_along_axis(times, order, axis=1)
    real = np.isfinite(times)
    before = np.stack([np.cumsum(of_first & real, axis=1), np.cumsum(~of_first & real, axis=1)])
    return Merged(times, of_first, before)


def at(rows: Array, index: Indices) -> Array:
    """`rows[i, index[i, k]]`, indices clipped to the row."""
    return np.take_along_axis(rows, np.clip(index, 0, rows.shape[1] - 1), axis=1)


def with_room(times: Array) -> Array:
    """Padded times with at least two columns, so that first and second spikes can always be asked for."""
    missing = max(0, 2 - times.shape[1])
    return np.pad(times, ((0, 0), (0, missing)), constant_values=np.inf)


def over_pairs(trains: SpikeTrains, measure: Callable[[Indices, Indices], Array]) -> Array:
    """Symmetric matrix of `measure(i, j)` over all pairs with i < j, zero on the diagonal, in batches of bounded size.

    `measure` may return several numbers a pair, shape `(k, pair)`; then the result has the shape `(k, train, train)`.
    """
    n = len(trains)
    i, j = np.triu_indices(n, 1)
    parts = [measure(i[part], j[part]) for part in _batches(i.size, trains.times.shape[1])]
    values = np.concatenate(parts, axis=-1) if parts else np.zeros(0)
    out = np.zeros((*values.shape[:-1], n, n))
    out[..., i, j] = values
    out[..., j, i] = values
    return out


def _batches(pairs: int, capacity: int) -> Iterator[slice]:
    size = max(1, _ENTRIES // (2 * capacity + 4))
    return (slice(k, k + size) for k in range(0, pairs, size))
