"""Distances between spike trains: how far two units are from firing alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ...series import SpikeTrains, check_spike_trains
from ._merging import at, merged, over_pairs, with_room

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def victor_purpura_distance(trains: SpikeTrains, *, cost: float) -> Array:
    """The least cost of turning one train into another, for all pairs.

    Adding or deleting a spike costs 1, moving it by d costs `cost` d; spikes farther apart than 2 / cost are never
    moved. A train without spikes lies n from one with n; `cost = 0` compares numbers only, infinity gives n_i + n_j
    less twice the spikes that coincide exactly.

    Args:
        trains: The spike trains; the window does not enter.
        cost: q, per unit of time.

    Returns:
        Distances, shape `(train, train)`, zero on the diagonal.

    Raises:
        InputError: If the cost is negative or not a number.

    Reference:
        Victor & Purpura (1996), Nature and precision of temporal coding in visual cortex, J. Neurophysiol. 76,
        1310-1326.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[1.0, 5.0], [1.5]], start=0.0, stop=6.0)
        >>> float(victor_purpura_distance(pair, cost=1.0)[0, 1])
        1.5
    """
    check_spike_trains(trains, "victor_purpura_distance")
    if not cost >= 0:
        raise InputError(f"`cost` must not be negative, got {cost}.")
    times, counts = trains.times, trains.counts
    columns = np.arange(times.shape[1] + 1.0)

    def measure(i: Indices, j: Indices) -> Array:
        # Row by row through the table of edit costs: best[k] is that of the spikes so far to the first k of j.
        best = np.broadcast_to(columns, (i.size, columns.size))
        second = times[j]
        rows = int(counts[i].max(initial=0))
        for k in range(rows):
            with np.errstate(invalid="ignore"):
                move = cost * np.abs(times[i, k, None] - second)
            # Infinity less infinity, or nought times it, lies beyond the ends of both trains and is not used.
            move = np.where(np.isnan(move), 0.0 if math.isinf(cost) else 2.0, move)
            new = best + 1.0
            np.minimum(new[:, 1:], best[:, :-1] + move, out=new[:, 1:])
            new = np.minimum.accumulate(new - columns, axis=1) + columns
            best = np.where((k < counts[i])[:, None], new, best)
        return np.take_along_axis(best, counts[j][:, None], axis=1)[:, 0]

    return over_pairs(trains, measure)


def van_rossum_distance(trains: SpikeTrains, *, time_constant: float) -> Array:
    """The distance of trains smoothed by a causal exponential, for all pairs.

    d^2 = K_ii + K_jj - 2 K_ij with K_ij = sum over spikes of exp(-abs(t_i - t_j) / tau): two trains of one spike each,
    far apart, have the distance sqrt(2), an empty train and one with a single spike 1.

    Args:
        trains: The spike trains; the window does not enter.
        time_constant: tau, positive.

    Returns:
        Distances, shape `(train, train)`, zero on the diagonal.

    Raises:
        InputError: If the time constant is not positive and finite.

    Reference:
        van Rossum (2001), A novel spike distance, Neural Computation 13, 751-763; Houghton & Kreuz (2012), On the
        efficient calculation of van Rossum distances, Network 23, 48-58.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[1.0], [5.0]], start=0.0, stop=6.0)
        >>> round(float(van_rossum_distance(pair, time_constant=0.01)[0, 1]) ** 2, 12)
        2.0
    """
    check_spike_trains(trains, "van_rossum_distance")
    if not (time_constant > 0 and math.isfinite(time_constant)):
        raise InputError(f"`time_constant` must be positive and finite, got {time_constant}.")
    scaled = with_room(trains.times) / time_constant
    real = np.isfinite(scaled)
    # What is left, just after each spike, of all spikes of its train, itself included.
    memory = np.where(real, 1.0, 0.0)
    gaps = np.diff(np.where(real, scaled, 0.0), axis=1)
    for k in range(gaps.shape[1]):
        memory[:, k + 1] = np.where(real[:, k + 1], 1.0 + memory[:, k] * np.exp(-np.abs(gaps[:, k])), 0.0)
    own = np.sum(np.where(real, 2.0 * memory - 1.0, 0.0), axis=1)

    def measure(i: Indices, j: Indices) -> Array:
        both = merged(scaled[i], scaled[j])
        shared = np.zeros(i.size)
        for mine, other, rows in ((both.of_first, both.before[1], j), (~both.of_first, both.before[0], i)):
            last = at(scaled[rows], other - 1)
            use = mine & np.isfinite(both.times) & (other > 0)
            apart = np.where(use, both.times, 0.0) - np.where(use, last, 0.0)
            shared += np.sum(np.where(use, np.exp(-apart) * at(memory[rows], other - 1), 0.0), axis=1)
        return np.sqrt(np.maximum(own[i] + own[j] - 2.0 * shared, 0.0))

    return over_pairs(trains, measure)
