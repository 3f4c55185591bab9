"""How spikes of one train lie around those of another: correlograms and the tiling coefficient."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains
from ._binning import binned
from ._merging import at, merged, over_pairs, with_room

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class Correlogram(AbstractResult):
    """How many spikes of a train follow those of another at each lag.

    Attributes:
        lags: Middles of the bins; positive where the second train comes later.
        counts: Pairs of spikes at each lag, for each pair of trains.
        expected: What independent trains of these rates would have.
        expected_stderr: Standard deviation of that for Poisson trains.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    lags: Array = output("lag", unit="time unit", doc="Lag")
    counts: Array = output("pair", "lag", doc="Pairs of spikes")
    expected: Array = output("pair", "lag", doc="Pairs expected of independent trains")
    expected_stderr: Array = output("pair", "lag", doc="Standard deviation of the pairs of independent Poisson trains")

    def summary(self) -> str:
        """Where the mean correlogram is farthest from chance."""
        error = np.sqrt(np.sum(self.expected_stderr**2, axis=0))
        z = np.sum(self.counts - self.expected, axis=0) / np.where(error > 0, error, 1.0)
        k = int(np.argmax(np.abs(z)))
        more = "more" if z[k] > 0 else "fewer"
        return (
            f"Correlogram of {len(self.counts)} pairs: farthest from chance at a lag of {self.lags[k]:.4g} "
            f"{self.settings['time_unit']}, with {more} pairs of spikes by {abs(z[k]):.3g} standard errors."
        )


def correlogram(
    trains: SpikeTrains,
    *,
    bin: float,
    longest: float,
    pairs: NDArray[np.int64] | None = None,
) -> Correlogram:
    """Auto- and cross-correlograms: sum over bins t of n_i(t) n_j(t + lag), n the counts in bins.

    Lags are whole numbers of bins up to `longest` on both sides. Autocorrelograms leave the pair of a spike with itself
    out. What is expected falls off with the lag as the overlap of the windows does.

    Args:
        trains: The spike trains.
        bin: Length of a bin.
        longest: Longest lag.
        pairs: Trains to compare, shape `(pair, 2)`; None gives the autocorrelogram of every train.

    Returns:
        A `Correlogram`.

    Raises:
        InputError: If the lag exceeds the window, or pairs are not positions of trains.

    Reference:
        Perkel, Gerstein & Moore (1967), Neuronal spike trains and stochastic point processes II, Biophys. J. 7,
        419-440.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> two = as_spike_trains([[1.0, 5.0], [2.0, 6.0]], start=0.0, stop=10.0)
        >>> correlogram(two, bin=1.0, longest=1.0, pairs=np.array([[0, 1]])).counts.tolist()
        [[0.0, 0.0, 2.0]]
    """
    check_spike_trains(trains, "correlogram")
    counts = binned(trains, bin=bin).astype(float)
    reach = math.floor(longest / bin + 1e-8) if math.isfinite(longest) else -1
    size = counts.shape[1]
    if not 0 <= reach < size:
        raise InputError(f"`longest` must lie between 0 and the window of {trains.duration:g}, got {longest}.")
    chosen = np.stack([np.arange(len(trains))] * 2, axis=1) if pairs is None else np.atleast_2d(np.asarray(pairs, int))
    if chosen.ndim != 2 or chosen.shape[1] != 2 or chosen.min() < 0 or chosen.max() >= len(trains):
        raise InputError(f"`pairs` must be positions of the {len(trains)} trains, shape (pair, 2).")
    first, second = counts[chosen[:, 0]], counts[chosen[:, 1]]
    found = np.empty((len(chosen), 2 * reach + 1))
    for k, lag in enumerate(range(-reach, reach + 1)):
        early, late = first[:, max(0, -lag) : size - max(0, lag)], second[:, max(0, lag) : size + min(0, lag)]
        found[:, k] = np.einsum("ij,ij->i", early, late)
    same = chosen[:, 0] == chosen[:, 1]
    found[same, reach] -= first[same].sum(axis=1)
    lags = np.arange(-reach, reach + 1)
    totals = first.sum(axis=1) * second.sum(axis=1) - np.where(same, first.sum(axis=1), 0.0)
    expected = np.maximum(totals, 0.0)[:, None] * (size - np.abs(lags)) / size**2
    return Correlogram(
        result=RESULTS.successful,
        settings=provenance(bin=bin, longest=longest, start=trains.start, stop=trains.stop, time_unit=trains.time_unit),
        lags=np.asarray(bin * lags, float),
        counts=found,
        expected=expected,
        expected_stderr=np.sqrt(expected),
    )


def spike_time_tiling(trains: SpikeTrains, *, width: float) -> Array:
    """The spike time tiling coefficient of all pairs: correlation that does not depend on rates.

    STTC = ((P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A)) / 2, with P_A the share of spikes of A within
    `width` of one of B and T_A the share of the window within `width` of a spike of A. 1 on the diagonal and where both
    trains tile everything; NaN for a train without spikes. elephant adds a relative tolerance of 1e-5 of the absolute
    time to the width; here the width is exact.

    Args:
        trains: The spike trains.
        width: Half-width of a tile, positive.

    Returns:
        Coefficients from -1 to 1, shape `(train, train)`.

    Raises:
        InputError: If the width is not positive.

    Reference:
        Cutts & Eglen (2014), Detecting pairwise correlations in spike trains, J. Neurosci. 34, 14288-14303.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[2.0, 8.0], [2.1, 8.1]], start=0.0, stop=10.0)
        >>> float(spike_time_tiling(pair, width=0.5)[0, 1])
        1.0
    """
    check_spike_trains(trains, "spike_time_tiling")
    if not width > 0:
        raise InputError(f"`width` must be positive, got {width}.")
    times, counts = with_room(trains.times), trains.counts
    real = np.isfinite(times)
    low = np.maximum(np.where(real, times, trains.stop) - width, trains.start)
    high = np.minimum(np.where(real, times, trains.stop) + width, trains.stop)
    # Tiles overlap only with their neighbours: each counts from where the one before it ends.
    low[:, 1:] = np.maximum(low[:, 1:], high[:, :-1])
    covered = np.sum(np.where(real, high - low, 0.0), axis=1) / trains.duration

    def measure(i: Indices, j: Indices) -> Array:
        both = merged(times[i], times[j])
        shares = []
        for mine, other, rows in ((both.of_first, both.before[1], j), (~both.of_first, both.before[0], i)):
            use = mine & np.isfinite(both.times)
            here = np.where(use, both.times, 0.0)
            previous = np.where(use & (other > 0), at(times[rows], other - 1), -np.inf)
            following = np.where(use & (other < counts[rows][:, None]), at(times[rows], other), np.inf)
            near = use & (np.minimum(here - previous, following - here) <= width)
            shares.append(near.sum(axis=1) / np.maximum(use.sum(axis=1), 1))
        (a, b), ta, tb = shares, covered[i], covered[j]
        terms = []
        for share, tile in ((a, tb), (b, ta)):
            full = share * tile >= 1.0
            terms.append(np.where(full, 1.0, (share - tile) / np.where(full, 1.0, 1.0 - share * tile)))
        silent = (counts[i] == 0) | (counts[j] == 0)
        return np.where(silent, np.nan, 0.5 * (terms[0] + terms[1]))

    matrix = over_pairs(trains, measure)
    np.fill_diagonal(matrix, np.where(counts > 0, 1.0, np.nan))
    return matrix
