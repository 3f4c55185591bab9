"""Rates and irregularity of spike trains, each with its error, for all trains at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains

Array = NDArray[np.float64]

#: Intervals shorter than this share of the mean one of their train are those of bursts, where no length is given.
_BURST = 0.25

#: Entries of the array of times that are worked on at once, so that what is made of them stays in the cache.
_BLOCK = 100_000


class Estimate(NamedTuple):
    """A number and its standard error, or arrays of both."""

    value: Any
    stderr: Any


class FiringStatistics(AbstractResult):
    """Rates and irregularity of every train; NaN where a train has too few spikes to tell.

    A Poisson process has a CV, CV2, LV and LvR of 1 (CV2 and LV of a train with slowly varying rate too), a clock 0.

    Attributes:
        counts: Spikes in the window.
        rates: Spikes per unit of time.
        rates_stderr: Their errors, those of a renewal process of the same irregularity.
        cv: Standard deviation of the intervals over their mean; needs two intervals.
        cv_stderr: Its error, by leaving out one interval at a time; infinite for fewer than four.
        cv2: Mean of 2 abs(y - x) / (x + y) over neighbouring intervals x, y.
        cv2_stderr: Its error; the covariance of neighbouring terms is included, where it is positive.
        lv: Mean of 3 (y - x)^2 / (x + y)^2.
        lv_stderr: Its error, alike.
        lvr: LV with the refractory time R taken out: mean of 3 (1 - 4 x y / (x + y)^2) (1 + 4 R / (x + y)).
        lvr_stderr: Its error, alike.
        burst_index: Share of spikes with an interval before or after them that is short; 0.39 for a Poisson train where
            short means a quarter of the mean.
        burst_index_stderr: Its binomial error.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    counts: NDArray[np.int64] = output("train", doc="Spikes in the window")
    rates: Array = output("train", unit="1 / time unit", doc="Rate")
    rates_stderr: Array = output("train", unit="1 / time unit", doc="Standard error of the rate")
    cv: Array = output("train", doc="Coefficient of variation of the intervals")
    cv_stderr: Array = output("train", doc="Standard error of cv")
    cv2: Array = output("train", doc="Local coefficient of variation")
    cv2_stderr: Array = output("train", doc="Standard error of cv2")
    lv: Array = output("train", doc="Local variation")
    lv_stderr: Array = output("train", doc="Standard error of lv")
    lvr: Array = output("train", doc="Local variation with the refractory time taken out")
    lvr_stderr: Array = output("train", doc="Standard error of lvr")
    burst_index: Array = output("train", doc="Share of spikes next to a short interval")
    burst_index_stderr: Array = output("train", doc="Standard error of burst_index")

    def summary(self) -> str:
        """Medians over the trains that have enough spikes."""
        unit = self.settings["time_unit"]
        known = np.isfinite(self.cv)
        text = (
            f"{len(self.counts)} trains from {self.settings['start']:g} to {self.settings['stop']:g} {unit}: "
            f"{self.rates.mean():.4g} spikes per {unit} on average"
        )
        if not known.any():
            return f"{text}; too few spikes to tell how regular they are."
        short = self.counts.size - int(known.sum())
        left = f" ({short} with fewer than three spikes left out)" if short else ""
        return (
            f"{text}, median CV {np.median(self.cv[known]):.3g}, CV2 {np.median(self.cv2[known]):.3g} and LV "
            f"{np.median(self.lv[known]):.3g}{left}."
        )


def firing_statistics(
    trains: SpikeTrains, *, refractory: float = 0.0, burst_interval: float | None = None
) -> FiringStatistics:
    """Rates and irregularity of all trains in their window.

    The intervals from the edges of the window to the first and from the last spike are not used. Fewer than three
    spikes say nothing about irregularity and give NaN, as in elephant; an empty train has the rate 0 with the error of
    one spike.

    Args:
        trains: The spike trains.
        refractory: R of LvR, in the unit of time.
        burst_interval: Longest interval within a burst; None takes a quarter of the mean interval of each train.

    Returns:
        A `FiringStatistics`.

    Raises:
        InputError: If a length of time is negative.

    Reference:
        Holt, Softky, Koch & Douglas (1996), J. Neurophysiol. 75, 1806-1814 (CV2); Shinomoto, Shima & Tanji (2003),
        Neural Computation 15, 2823-2842 (LV); Shinomoto et al. (2009), PLoS Comput. Biol. 5, e1000433 (LvR); Harris,
        Hirase, Leinekugel, Henze & Buzsaki (2001), Neuron 32, 141-149 (spikes in bursts).

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> clock = as_spike_trains([np.arange(0.5, 10.0)], start=0.0, stop=10.0)
        >>> found = firing_statistics(clock)
        >>> found.rates.tolist(), found.cv.tolist(), found.lv.tolist()
        ([1.0], [0.0], [0.0])
    """
    check_spike_trains(trains, "firing_statistics")
    if refractory < 0 or (burst_interval is not None and burst_interval < 0):
        raise InputError(f"Lengths of time must not be negative, got {refractory} and {burst_interval}.")
    counts = trains.counts
    rows = max(1, _BLOCK // trains.times.shape[1]) if counts.any() else len(trains)
    blocks = [
        _irregularity(trains.times[i : i + rows], counts[i : i + rows], refractory, burst_interval)
        for i in range(0, len(trains), rows)
    ]
    numbers = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    cv = numbers["cv"]
    spread = np.where(np.isfinite(cv), cv, 1.0)
    return FiringStatistics(
        result=RESULTS.successful,
        settings=provenance(
            start=trains.start,
            stop=trains.stop,
            time_unit=trains.time_unit,
            refractory=refractory,
            burst_interval=burst_interval,
        ),
        counts=counts,
        rates=counts / trains.duration,
        rates_stderr=spread * np.sqrt(np.maximum(counts, 1)) / trains.duration,
        **numbers,
    )


def intervals(trains: SpikeTrains) -> Array:
    """Intervals between the spikes of each train, shape `(train, capacity - 1)`, infinity after the last one.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> intervals(as_spike_trains([[1.0, 2.0, 4.0], [3.0]], start=0.0, stop=5.0)).tolist()
        [[1.0, 2.0], [inf, inf]]
    """
    check_spike_trains(trains, "intervals")
    real = np.isfinite(trains.times)
    gaps = np.diff(np.where(real, trains.times, 0.0), axis=1)
    return np.where(real[:, 1:], gaps, np.inf)


def fano_factor(counts: ArrayLike, *, axis: int = -1) -> Estimate:
    """Variance over mean of counts of spikes: 1 for a Poisson process, less for a regular one.

    Args:
        counts: Spikes in windows of one length, or in trials: `trains.counts`, or `binned(trains, bin=...)`.
        axis: Along which they are compared.

    Returns:
        The factor (with the variance of the sample, divided by n, as elephant has it) and its error for counts that are
        about Gaussian, F sqrt(2 / (n - 1)); NaN where there are no spikes, an infinite error for a single count.

    Reference:
        Fano (1947), Physical Review 72, 26-29; Eden & Kramer (2010), J. Neurosci. Methods 190, 149-152 (the error).

    Example:
        >>> fano_factor([2, 4, 6]).value.item()
        0.6666666666666666
    """
    values = np.asarray(counts, float)
    mean = values.mean(axis=axis)
    factor = np.where(mean > 0, values.var(axis=axis) / np.where(mean > 0, mean, 1.0), np.nan)
    n = values.shape[axis]
    return Estimate(factor, factor * np.sqrt(2.0 / (n - 1)) if n > 1 else np.full_like(factor, np.inf))


def _irregularity(
    times: Array, counts: NDArray[np.int64], refractory: float, burst_interval: float | None
) -> dict[str, Array]:
    """All numbers about the intervals of some trains."""
    n = np.maximum(counts - 1, 0)
    inside = np.arange(times.shape[1])[1:] <= n[:, None]
    gaps = np.subtract(times[:, 1:], times[:, :-1], out=np.zeros(inside.shape), where=inside)
    pairs = inside[:, 1:]
    total = np.where(pairs, gaps[:, 1:] + gaps[:, :-1], 1.0)
    contrast = gaps[:, 1:] - gaps[:, :-1]
    contrast *= pairs
    contrast /= total
    squares = contrast**2
    # 1 - 4 x y / (x + y)^2 is the square of the contrast, so that LvR without a refractory time is LV.
    estimates = {
        "cv": _variation(gaps, inside, n),
        "cv2": _mean(2.0 * np.abs(contrast), pairs, n - 1),
        "lv": _mean(3.0 * squares, pairs, n - 1),
        "lvr": _mean(3.0 * squares * (1.0 + 4.0 * refractory / total), pairs, n - 1),
        "burst_index": _in_bursts(gaps, inside, counts, burst_interval),
    }
    return {
        name: number
        for key, (value, error) in estimates.items()
        for name, number in ((key, value), (f"{key}_stderr", error))
    }


def _variation(gaps: Array, inside: NDArray[np.bool_], n: NDArray[np.int64]) -> tuple[Array, Array]:
    """CV of the first `n` entries of each row (the others are nought), and its jackknife error."""
    size = np.maximum(n, 1)[:, None]
    mean = gaps.sum(axis=1, keepdims=True) / size
    # About the mean, so that a clock has no spread but that of rounding.
    apart = gaps - mean
    apart *= inside
    squares = np.vecdot(apart, apart)[:, None]
    enough = n > 1
    cv = np.where(enough, (np.sqrt(squares / size) / np.where(mean > 0, mean, 1.0))[:, 0], np.nan)
    fewer = np.maximum(size - 1, 1)
    left = squares / fewer - apart**2 * (size / fewer**2)
    np.sqrt(np.maximum(left, 0.0, out=left), out=left)
    left_mean = mean - apart / fewer
    np.divide(left, left_mean, out=left, where=left_mean > 0)
    left *= inside
    left -= left.sum(axis=1, keepdims=True) / size
    left *= inside
    error = np.sqrt((size[:, 0] - 1) / size[:, 0] * np.vecdot(left, left))
    return cv, np.where(n > 3, error, np.where(enough, np.inf, np.nan))


def _mean(terms: Array, inside: NDArray[np.bool_], n: NDArray[np.int64]) -> tuple[Array, Array]:
    """Mean of the `n` terms inside, and its error with the covariance of neighbours; NaN where there are none."""
    size = np.maximum(n, 1)
    mean = terms.sum(axis=1) / size
    apart = terms - mean[:, None]
    apart *= inside
    fewer = np.maximum(size - 1, 1)
    variance = np.vecdot(apart, apart) / fewer
    together = np.vecdot(apart[:, 1:], apart[:, :-1]) / fewer
    error = np.sqrt((variance + 2.0 * np.maximum(together, 0.0)) / size)
    return np.where(n > 0, mean, np.nan), np.where(n > 2, error, np.where(n > 0, np.inf, np.nan))


def _in_bursts(
    gaps: Array, inside: NDArray[np.bool_], counts: NDArray[np.int64], longest: float | None
) -> tuple[Array, Array]:
    n = np.maximum(counts - 1, 1)
    limit = _BURST * gaps.sum(axis=1) / n if longest is None else np.full(len(counts), float(longest))
    short = inside & (gaps <= limit[:, None])
    near = np.zeros((len(counts), gaps.shape[1] + 1), bool)
    near[:, :-1] |= short
    near[:, 1:] |= short
    share = np.count_nonzero(near, axis=1) / np.maximum(counts, 1)
    error = np.sqrt(share * (1 - share) / np.maximum(counts, 1))
    return np.where(counts > 2, share, np.nan), np.where(counts > 2, error, np.nan)
