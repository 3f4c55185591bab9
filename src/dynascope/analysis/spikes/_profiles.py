"""Measures of synchrony that need no time scale: ISI-distance, SPIKE-distance and SPIKE-synchronisation."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains
from ._merging import Merged, at, merged, over_pairs, with_room

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class PairwiseSynchrony(AbstractResult):
    """A measure of how alike trains fire, for all pairs.

    Attributes:
        value: Mean over pairs (for SPIKE-synchronisation the share of coincident spikes of all pairs).
        value_stderr: Standard error of it by leaving out one train at a time; infinite for fewer than three trains.
        matrix: The measure of every pair.
        measure: Its name.
    """

    value: float
    value_stderr: float
    measure: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    matrix: Array = output("train", "other", doc="The measure of every pair of trains")

    def summary(self) -> str:
        """The mean over pairs and its error."""
        window = f"from {self.settings['start']:g} to {self.settings['stop']:g}"
        return f"{self.measure}: {self.value:.4g} +- {self.value_stderr:.1g} over {len(self.matrix)} trains {window}."


class _Intervals(NamedTuple):
    """What lies before the first, between and after the last spike; entry k of a row comes before its spike k.

    Attributes:
        times: Spikes; the ends of the window where there are none.
        counts: Their number.
        lengths: Length of the interval, with the correction at the edges.
        ends: Auxiliary spikes before and after the train, shape `(train, 2)`.
    """

    times: Array
    counts: Indices
    lengths: Array
    ends: Array


def _intervals(trains: SpikeTrains) -> _Intervals:
    """Intervals of all trains; at the edges at least as long as the neighbouring one inside, as nobody saw them end."""
    times = with_room(trains.times).copy()
    counts = trains.counts.copy()
    times[counts == 0, :2] = trains.start, trains.stop
    counts[counts == 0] = 2
    rows = np.arange(len(times))
    first, last = times[:, 0], times[rows, counts - 1]
    several = counts > 1
    second = np.where(several, times[:, 1], first)
    penultimate = np.where(several, times[rows, counts - 2], last)
    head = np.maximum(first - trains.start, second - first)
    tail = np.maximum(trains.stop - last, last - penultimate)
    lengths = np.ones((len(times), times.shape[1] + 1))
    inside = np.arange(1, times.shape[1]) < counts[:, None]
    gaps = np.diff(np.where(np.isfinite(times), times, 0.0), axis=1)
    lengths[:, 1:-1] = np.where(inside, gaps, 1.0)
    lengths[:, 0] = head
    lengths[rows, counts] = tail
    return _Intervals(times, counts, lengths, np.stack([first - head, last + tail], axis=1))


def isi_distance(trains: SpikeTrains) -> PairwiseSynchrony:
    """How different the current intervals between spikes are: the time average of abs(x - y) / max(x, y).

    x(t) and y(t) are the intervals of two trains around t. Before the first and after the last spike the interval is
    the time to the edge of the window or the neighbouring interval, whichever is longer; a train without spikes counts
    as one with a spike at each end of the window.

    Args:
        trains: The spike trains, at least two.

    Returns:
        A `PairwiseSynchrony`: 0 for equal rates everywhere, 1 at most.

    Raises:
        InputError: If there are fewer than two trains.

    Reference:
        Kreuz, Haas, Morelli, Abarbanel & Politi (2007), Measuring spike train synchrony, J. Neurosci. Methods 165,
        151-161; edges as in Mulansky & Kreuz (2016), PySpike, SoftwareX 5, 183-189.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([np.arange(0.0, 9.0, 1.0), np.arange(0.0, 9.0, 2.0)], start=0.0, stop=8.0)
        >>> round(isi_distance(pair).value, 12)
        0.5
    """
    check_spike_trains(trains, "isi_distance")
    known = _intervals(trains)

    def measure(i: Indices, j: Indices) -> Array:
        both = merged(known.times[i], known.times[j])
        durations = np.diff(_edges(both, trains), axis=1)
        x, y = _current(known, both, i, j)
        longest = np.maximum(x, y)
        differences = np.abs(x - y) / np.where(longest > 0, longest, 1.0)
        return np.sum(durations * differences, axis=1) / trains.duration

    return _averaged("ISI-distance", over_pairs(_several(trains), measure), trains)


def spike_distance(trains: SpikeTrains) -> PairwiseSynchrony:
    """How far the spikes around every instant are from those of the other train, weighted by the local rate.

    S(t) = (s_1 x_2 + s_2 x_1) / (2 m^2), m = (x_1 + x_2) / 2, averaged over the window: x are the current intervals, s
    the distances of the spikes before and after t to the nearest one of the other train, interpolated between them.
    Edges and empty trains as for `isi_distance`; beyond the edges a train goes on with one auxiliary spike.

    Args:
        trains: The spike trains, at least two.

    Returns:
        A `PairwiseSynchrony`: 0 for identical trains, about 0.3 for independent Poisson trains.

    Raises:
        InputError: If there are fewer than two trains.

    Reference:
        Kreuz, Chicharro, Houghton, Andrzejak & Mormann (2013), Monitoring spike train synchrony, J. Neurophysiol. 109,
        1457-1472; edges as in Mulansky & Kreuz (2016), PySpike, SoftwareX 5, 183-189.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[1.0, 4.0], [1.0, 4.0]], start=0.0, stop=6.0)
        >>> spike_distance(pair).value
        0.0
    """
    check_spike_trains(trains, "spike_distance")
    known = _intervals(trains)

    def measure(i: Indices, j: Indices) -> Array:
        both = merged(known.times[i], known.times[j])
        edges = _edges(both, trains)
        x, y = _current(known, both, i, j)
        s = _apart(known, both, (i, j), edges, trains)
        r = _apart(known, Merged(both.times, ~both.of_first, both.before[::-1]), (j, i), edges, trains)
        whole = np.where(x + y > 0, x + y, 1.0)
        left, right = (2.0 * (s[k] * y + r[k] * x) / whole**2 for k in (0, 1))
        return np.sum(np.diff(edges, axis=1) * 0.5 * (left + right), axis=1) / trains.duration

    return _averaged("SPIKE-distance", over_pairs(_several(trains), measure), trains)


def spike_synchronisation(trains: SpikeTrains, *, longest: float | None = None) -> PairwiseSynchrony:
    """The share of spikes that coincide with one of the other train, within a window that adapts to the local rate.

    Two spikes coincide if they lie closer than half of the shortest of the four intervals next to them; where a train
    has no such interval, half of the window counts. Two trains without spikes are synchronous: 1.

    Args:
        trains: The spike trains, at least two.
        longest: Largest distance of coincident spikes; None sets no bound.

    Returns:
        A `PairwiseSynchrony`: 1 if every spike finds its partner, 0 if none does.

    Raises:
        InputError: If there are fewer than two trains.

    Reference:
        Kreuz, Mulansky & Bozanic (2015), SPIKY: a graphical user interface for monitoring spike train synchrony,
        J. Neurophysiol. 113, 3432-3445.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[1.0, 4.0], [1.1, 2.6]], start=0.0, stop=6.0)
        >>> spike_synchronisation(pair).value
        0.5
    """
    check_spike_trains(trains, "spike_synchronisation")
    times, counts = with_room(trains.times), trains.counts
    bound = trains.duration if longest is None else min(trains.duration, 2.0 * longest)
    gaps = np.full((len(times), times.shape[1] + 1), np.inf)
    inside = np.arange(1, times.shape[1]) < counts[:, None]
    gaps[:, 1:-1] = np.where(inside, np.diff(np.where(np.isfinite(times), times, 0.0), axis=1), np.inf)
    nearest = np.minimum(np.minimum(gaps[:, :-1], gaps[:, 1:]), bound)

    def measure(i: Indices, j: Indices) -> Array:
        both = merged(times[i], times[j])
        mine, others = at(nearest[i], both.before[0] - 1), at(nearest[j], both.before[1] - 1)
        width = 0.5 * np.minimum(mine, others)[:, 1:]
        real = np.isfinite(both.times[:, 1:])
        apart = np.diff(np.where(np.isfinite(both.times), both.times, 0.0), axis=1)
        meets = real & (both.of_first[:, 1:] != both.of_first[:, :-1]) & (apart < width)
        return np.stack([2.0 * meets.sum(axis=1), (counts[i] + counts[j]).astype(float)])

    hits, spikes = over_pairs(_several(trains), measure)
    matrix = np.where(spikes > 0, hits / np.where(spikes > 0, spikes, 1.0), 1.0)
    return _averaged("SPIKE-synchronisation", matrix, trains, weights=spikes)


def _several(trains: SpikeTrains) -> SpikeTrains:
    if len(trains) < 2:
        raise InputError("Synchrony needs at least two trains, got one.")
    return trains


def _edges(both: Merged, trains: SpikeTrains) -> Array:
    """Begins of all segments between merged spikes, from the begin to the end of the window; padding has no length."""
    ends = np.ones((len(both.times), 1))
    return np.concatenate([trains.start * ends, np.minimum(both.times, trains.stop), trains.stop * ends], axis=1)


def _positions(before: Indices) -> Indices:
    """Spikes before each segment."""
    return np.concatenate([np.zeros((len(before), 1), before.dtype), before], axis=1)


def _current(known: _Intervals, both: Merged, i: Indices, j: Indices) -> tuple[Array, Array]:
    """Lengths of the intervals of both trains in each segment."""
    return at(known.lengths[i], _positions(both.before[0])), at(known.lengths[j], _positions(both.before[1]))


def _apart(
    known: _Intervals, both: Merged, pair: tuple[Indices, Indices], edges: Array, trains: SpikeTrains
) -> tuple[Array, Array]:
    """Interpolated distance of the spikes of the first train to the second, at the left and right of each segment."""
    i, j = pair
    mine, times, counts = both.before[0], known.times[i], known.counts[i][:, None]
    # Distance of every spike of the first train to the nearest one of the second, gathered into its row.
    low, high = known.ends[j, 0, None], known.ends[j, 1, None]
    other = both.before[1]
    previous = np.where(other > 0, at(known.times[j], other - 1), low)
    following = np.where(other < known.counts[j][:, None], at(known.times[j], other), high)
    real = both.of_first & np.isfinite(both.times)
    here = np.where(real, both.times, 0.0)
    # The auxiliary spikes lie outside of all others, so that they are nearest only at the ends.
    nearest = np.minimum(np.abs(here - previous), np.abs(following - here))
    gathered = np.zeros_like(times)
    row, column = np.nonzero(real)
    gathered[row, mine[row, column] - 1] = nearest[row, column]
    position = _positions(mine)
    dt_before = at(gathered, np.where(position > 0, position - 1, 0))
    dt_after = at(gathered, np.where(position < counts, position, counts - 1))
    # A single spike at the very begin is compared with the end of the window instead of with itself.
    alone = (counts[:, 0] == 1) & (times[:, 0] == trains.start)
    if alone.any():
        after = known.times[j]
        with np.errstate(invalid="ignore"):
            to_end = np.nanmin(np.where(np.isfinite(after), np.abs(trains.stop - after), np.inf), axis=1)
        to_end = np.minimum(to_end, np.abs(high[:, 0] - trains.stop))
        dt_after = np.where(alone[:, None] & (position > 0), to_end[:, None], dt_after)
    begin = np.where(position > 0, at(times, position - 1), known.ends[i, 0, None])
    end = np.where(position < counts, at(times, position), known.ends[i, 1, None])
    length = np.where(end > begin, end - begin, 1.0)
    left, right = (
        (dt_before * (end - edge) + dt_after * (edge - begin)) / length for edge in (edges[:, :-1], edges[:, 1:])
    )
    return left, right


def _averaged(name: str, matrix: Array, trains: SpikeTrains, weights: Array | None = None) -> PairwiseSynchrony:
    """Mean over pairs, weighted, with its error by leaving out one train at a time."""
    n = len(trains)
    weight = np.ones((n, n)) if weights is None else weights
    weight = weight * (1 - np.eye(n))
    total, mass = float((weight * matrix).sum()), float(weight.sum())
    value = total / mass if mass > 0 else 1.0
    error = np.inf
    if n > 2:
        rows, masses = 2 * (weight * matrix).sum(axis=1), 2 * weight.sum(axis=1)
        left_mass = mass - masses
        left = np.where(left_mass > 0, (total - rows) / np.where(left_mass > 0, left_mass, 1.0), value)
        error = float(np.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2)))
    matrix = matrix.copy()
    np.fill_diagonal(matrix, 1.0 if name == "SPIKE-synchronisation" else 0.0)
    return PairwiseSynchrony(
        value=value,
        value_stderr=error,
        measure=name,
        result=RESULTS.successful,
        settings=provenance(trains=n, start=trains.start, stop=trains.stop, time_unit=trains.time_unit),
        matrix=matrix,
    )
