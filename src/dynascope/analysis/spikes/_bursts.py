"""Bursts: spikes that come in groups with pauses between them."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance

Array = NDArray[np.float64]

#: Smallest ratio between the shortest pause and the longest interval within a burst.
_GAP = 2.0
#: Least share of the intervals that lie within bursts; fewer are chance coincidences of an irregular train.
_SHARE = 0.1
#: Where no stretch is empty: fewest intervals, how much less dense they must be in the valley than at the two peaks
#: (Pasquale et al. 2010), and which shares of them must lie within bursts and between them. Of 500 trains each of
#: 40 to 600 intervals of one kind (exponential, gamma, log-normal, Wald, uniform) it finds a valley in 2 at most.
_MANY, _VOID, _WITHIN, _BETWEEN = 30, 0.7, 0.5, 0.05
#: Least width of the smoothing, in units of the logarithm, and cells of the histogram in it.
_FINEST, _CELLS = 0.02, 8


class Bursts(AbstractResult):
    """Groups of spikes.

    Attributes:
        bursting: Whether bursts have two spikes or more on average and pauses are more than twice the intervals within.
        threshold: Interval that separates spikes of one burst from a pause; not a number where intervals are of one
            kind.
        spikes_per_burst: Mean number of spikes of the whole bursts; 1 where intervals are of one kind.
        spikes_per_burst_stderr: Its standard error.
        within: Mean interval within bursts; not a number where there are none.
        between: Mean pause, from the last spike of a burst to the first of the next; of all intervals where they are of
            one kind.
        sizes: Spikes of each burst; the first and the last may be cut off by the ends of the train.
        starts: Time of the first spike of each burst.
    """

    bursting: bool
    threshold: float
    spikes_per_burst: float
    spikes_per_burst_stderr: float
    within: float
    between: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    sizes: NDArray[np.int64] = output("burst", doc="Spikes of each burst")
    starts: Array = output("burst", unit="time unit", doc="Time of the first spike of each burst")

    def summary(self) -> str:
        """Spikes per burst and the two kinds of intervals, or that there is only one kind."""
        if not math.isfinite(self.threshold):
            return "No bursts: the intervals between spikes are of one kind."
        kind = "Bursts" if self.bursting else "Hardly bursts"
        return (
            f"{kind} of {self.spikes_per_burst:.3g} +- {self.spikes_per_burst_stderr:.1g} spikes: intervals of "
            f"{self.within:.4g} within, pauses of {self.between:.4g}."
        )


def bursts(event_times: ArrayLike) -> Bursts:
    """Group spikes into bursts, where the logarithms of the intervals fall into two groups.

    The threshold lies in the widest empty stretch of the sorted log intervals. It counts if its ends differ by a
    factor of two at least, at least two pauses lie above it and at least a tenth of the intervals below: a Poisson
    train has such a stretch only by chance, at its shortest intervals, a regular or adapting train has none at all.
    Recorded bursts leave no stretch empty. Then the threshold is the deepest valley between two peaks of the smoothed
    density of the log intervals, with most of them below it, if there the density is less than 0.3 times the geometric
    mean of those at the peaks (a void parameter above 0.7; for 30 intervals or more).

    Args:
        event_times: Increasing times, shape `(event,)`.

    Returns:
        A `Bursts`; code `not_converged` with fewer than five spikes, which say nothing.

    Raises:
        InputError: If the times are not finite and increasing.

    Reference:
        Selinger, Kulagina, O'Shaughnessy, Ma & Pancrazio (2007), Methods for characterizing interspike intervals and
        identifying bursts in neuronal activity, Journal of Neuroscience Methods 162, 64-71; Pasquale, Martinoia &
        Chiappalone (2010), A self-adapting approach for the detection of bursts and network bursts in neuronal
        cultures, Journal of Computational Neuroscience 29, 213-229 (void parameter).
    """
    times = np.asarray(event_times, float)
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise InputError("`event_times` must be a one-dimensional array of finite, increasing times.")
    gaps = np.diff(times)
    threshold = _threshold(gaps)
    if math.isnan(threshold) and gaps.size >= _MANY:
        threshold = _valley(np.sort(np.log(gaps)))
    settings = provenance(events=int(times.size), gap=_GAP, share=_SHARE, void=_VOID)
    code = RESULTS.successful if times.size >= 5 else RESULTS.not_converged
    pause = gaps >= threshold if math.isfinite(threshold) else np.ones(gaps.size, bool)
    first = np.concatenate([[0], 1 + np.flatnonzero(pause)]).astype(np.int64) if times.size else np.zeros(0, np.int64)
    sizes = np.diff(np.append(first, times.size))
    whole = sizes[1:-1] if sizes.size > 2 else sizes
    mean = float(whole.mean()) if whole.size else math.nan
    error = float(whole.std(ddof=1) / math.sqrt(whole.size)) if whole.size > 1 else math.inf
    within = float(gaps[~pause].mean()) if np.any(~pause) else math.nan
    between = float(gaps[pause].mean()) if np.any(pause) else math.nan
    return Bursts(
        bursting=bool(math.isfinite(threshold) and mean >= 2 and between > 2 * within),
        threshold=threshold,
        spikes_per_burst=mean,
        spikes_per_burst_stderr=error,
        within=within,
        between=between,
        result=code,
        settings=settings,
        sizes=sizes,
        starts=times[first],
    )


def _threshold(gaps: Array) -> float:
    """Geometric middle of the widest empty stretch of the intervals, NaN if there is none that counts."""
    if gaps.size < 4:
        return math.nan
    logs = np.sort(np.log(gaps))
    steps = np.diff(logs)
    below = np.arange(1, gaps.size)
    allowed = (below >= max(2, _SHARE * gaps.size)) & (gaps.size - below >= 2)
    steps = np.where(allowed, steps, 0.0)
    i = int(np.argmax(steps))
    return math.exp(0.5 * (logs[i] + logs[i + 1])) if steps[i] >= math.log(_GAP) else math.nan


def _valley(logs: Array) -> float:
    """Interval at the deepest valley of the density of the sorted log intervals, NaN if there is none that counts."""
    low, high = np.percentile(logs, [25, 75])
    width = max(0.9 * min(float(logs.std()), (high - low) / 1.34) * logs.size**-0.2, _FINEST)
    edges = np.arange(logs[0] - 4 * width, logs[-1] + 4 * width, width / _CELLS)
    density = gaussian_filter1d(np.histogram(logs, edges)[0].astype(float), _CELLS, mode="constant")
    peaks = np.sqrt(np.maximum.accumulate(density) * np.maximum.accumulate(density[::-1])[::-1])
    middles = 0.5 * (edges[1:] + edges[:-1])
    below = np.searchsorted(logs, middles)
    above = logs.size - below
    counts = (below >= _WITHIN * logs.size) & (above >= max(5, _BETWEEN * logs.size))
    void = np.where(counts, 1 - density / peaks, 0.0)
    i = int(np.argmax(void))
    return math.exp(middles[i]) if void[i] >= _VOID else math.nan
