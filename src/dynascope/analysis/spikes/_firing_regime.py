"""How a population fires: asynchronous or synchronous, regular or irregular, in bursts, or not at all."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains
from .._verdict import Evidence, Verdict
from ._binning import binned
from ._bursts import bursts
from ._firing import FiringStatistics, firing_statistics

Array = NDArray[np.float64]

#: Fewer spikes per train are silence.
SILENT = 1.0
#: Trains of fewer spikes say nothing about regularity.
ENOUGH = 10
#: A local variation below this is regular: that of a gamma process of shape 2.5, halfway from a clock to chance.
REGULAR = 0.5
#: Share of the variance of the population that is common, above which it is synchronous.
COMMON = 0.1
#: And by how many standard deviations of shifted trains it must exceed chance.
BEYOND = 4.0
#: Share of trains that burst.
BURSTING = 0.5
#: Lengths of bins in which synchrony is looked for, as shares of the mean interval.
_BINS = (0.05, 0.1, 0.2, 0.4)
_SHIFTS = 40
#: Most trains that are looked at for synchrony and bursts.
_MOST = 400


class FiringRegime(AbstractResult):
    """How a population fires.

    Attributes:
        verdict: One of `silent`, `bursting`, `asynchronous irregular`, `asynchronous regular`, `synchronous irregular`,
            `synchronous regular` and `undecided`, with its evidence.
        statistics: Rates and irregularity of every train.
        irregularity: Median local variation of the trains with ten spikes at least.
        irregularity_stderr: Its error by bootstrap over the trains (of the one train for a single one).
        synchrony: Share of the variance of the counts of all trains that is common, less that of shifted trains.
        synchrony_stderr: Standard deviation of the share of shifted trains.
        bin: Length of the bins in which synchrony is largest.
        burst_share: Share of trains that burst.
        shares: Synchrony for every length of bins.
        bins: These lengths.
    """

    verdict: Verdict
    statistics: FiringStatistics
    irregularity: float
    irregularity_stderr: float
    synchrony: float
    synchrony_stderr: float
    bin: float
    burst_share: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    bins: Array = output("bin", unit="time unit", doc="Lengths of bins")
    shares: Array = output("bin", doc="Common share of the variance beyond chance")

    def summary(self) -> str:
        """The verdict and its evidence."""
        return self.verdict.summary()


class _Synchrony(NamedTuple):
    share: float
    error: float
    bin: float
    bins: Array
    shares: Array


def firing_regime(trains: SpikeTrains, *, seed: int = 0) -> FiringRegime:
    """Say how a population fires, by these rules in this order.

    1. `silent`: fewer than one spike per train in the window.
    2. `undecided`: fewer than half of the trains that fire have ten spikes.
    3. `bursting`: at least half of them fire in bursts, as `bursts` finds them.
    4. Regular where the median local variation LV is below 1/2 (a clock has 0, Poisson 1), else irregular.
    5. Synchronous where the common share of the variance of the counts, (N chi^2 - 1) / (N - 1) with Golomb's
       chi^2 = var(mean count) / mean(var count), exceeds that of trains shifted around the window at random by 0.1 and
       by four of its standard deviations, in the bins (1/20 to 2/5 of the mean interval) where that is most; else
       asynchronous. A single train has no synchrony: `undecided`.

    Args:
        trains: The spike trains.
        seed: Of the random shifts and of the bootstrap.

    Returns:
        A `FiringRegime`.

    Reference:
        Brunel (2000), Dynamics of networks of sparsely connected excitatory and inhibitory spiking neurons, J. Comput.
        Neurosci. 8, 183-208 (the words); Golomb (2007), Neuronal synchrony measures, Scholarpedia 2, 1347 (chi).

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> rng = np.random.default_rng(0)
        >>> trains = as_spike_trains(rng.uniform(0.0, 10.0, (20, 100)), start=0.0, stop=10.0)
        >>> firing_regime(trains).verdict.regime
        'asynchronous irregular'
    """
    generator = np.random.default_rng(seed)
    found = firing_statistics(trains)
    mean = float(trains.counts.mean())
    able = np.flatnonzero(trains.counts >= ENOUGH)
    firing = int(np.sum(trains.counts > 0))
    rate = Evidence(
        "mean rate",
        float(found.rates.mean()),
        float(np.sqrt(np.sum(found.rates_stderr**2)) / len(trains)),
        f"{mean:.3g} spikes per train in {trains.duration:.4g} {trains.time_unit}.",
    )
    nothing = _Synchrony(math.nan, math.nan, math.nan, np.zeros(0), np.zeros(0))
    if mean < SILENT:
        verdict = Verdict("silent", 0.95 if mean < 0.5 * SILENT else 0.7, (rate,))
        return _result(verdict, found, (math.nan, math.nan), nothing, math.nan, trains, seed)
    if able.size < 0.5 * firing:
        few = Evidence("trains with ten spikes", float(able.size), None, "Too few spikes to tell how they fire.")
        return _result(
            Verdict("undecided", 0.0, (few, rate)), found, (math.nan, math.nan), nothing, math.nan, trains, seed
        )
    chosen = able if able.size <= _MOST else np.sort(generator.choice(able, _MOST, replace=False))
    lv = found.lv[able]
    irregularity = float(np.median(lv))
    resampled = np.median(lv[generator.integers(0, lv.size, (200, lv.size))], axis=1)
    error = float(resampled.std(ddof=1)) if lv.size > 1 else float(found.lv_stderr[able[0]])
    share = float(np.mean([bursts(trains.train(int(k))).bursting for k in chosen]))
    together = _synchrony(trains.select(chosen), generator) if chosen.size > 1 else nothing
    verdict = _decided(irregularity, error, together, share, rate)
    return _result(verdict, found, (irregularity, error), together, share, trains, seed)


def _decided(irregularity: float, error: float, together: _Synchrony, share: float, rate: Evidence) -> Verdict:
    irregular = irregularity >= REGULAR
    word = "irregular" if irregular else "regular"
    regular = Evidence(
        "median local variation",
        irregularity,
        error,
        f"Intervals are {word}: LV is {'at least' if irregular else 'below'} {REGULAR:g} (a clock has 0, Poisson 1).",
    )
    burst = Evidence("share of trains in bursts", share, None, f"{share:.0%} of the trains fire in bursts.")
    sure = _sure(abs(irregularity - REGULAR), max(error, 0.05))
    if math.isnan(together.share):
        alone = Evidence("synchrony", None, None, "A single train has no synchrony.")
        if share >= BURSTING:
            return Verdict("bursting", 0.9, (burst, regular, rate))
        return Verdict("undecided", 0.0, (alone, regular, burst, rate), (word,))
    common = together.share >= COMMON and together.share >= BEYOND * together.error
    kind = "synchronous" if common else "asynchronous"
    synchrony = Evidence(
        "common share of the variance",
        together.share,
        together.error,
        f"The population is {kind}: {together.share:.1%} of the variance of its counts in bins of {together.bin:.3g} "
        f"is common beyond chance (synchronous from {COMMON:.0%} on).",
    )
    if share >= BURSTING:
        return Verdict("bursting", _sure(share - 0.4, 0.2), (burst, synchrony, regular, rate), (kind,))
    confidence = min(sure, _sure(abs(together.share - COMMON), max(together.error, 0.02)))
    return Verdict(f"{kind} {word}", confidence, (synchrony, regular, burst, rate))


def _sure(distance: float, error: float) -> float:
    """From a guess at the border to nearly certain at three errors from it."""
    return 0.5 + 0.48 * min(1.0, distance / (3.0 * error))


def _synchrony(trains: SpikeTrains, generator: np.random.Generator) -> _Synchrony:
    """The bins in which the common share of the variance stands out most from that of shifted trains."""
    interval = trains.duration * len(trains) / int(trains.counts.sum())
    bins = np.array([b * interval for b in _BINS if b * interval < trains.duration / 20])
    shares, errors = np.zeros(bins.size), np.zeros(bins.size)
    for k, bin in enumerate(bins):
        counts = binned(trains, bin=float(bin))
        shifted = np.array([_common(_rolled(counts, generator)) for _ in range(_SHIFTS)])
        errors[k] = shifted.std(ddof=1)
        shares[k] = _common(counts) - shifted.mean()
    best = int(np.argmax(shares))
    return _Synchrony(float(shares[best]), float(errors[best]), float(bins[best]), bins, shares)


def _rolled(counts: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    size = counts.shape[1]
    shifts = generator.integers(0, size, len(counts))
    return np.take_along_axis(counts, (np.arange(size) - shifts[:, None]) % size, axis=1)


def _common(counts: NDArray[np.int64]) -> float:
    """Share of the variance of counts that is common to all trains: mean covariance over mean variance."""
    n = len(counts)
    variance = float(counts.var(axis=1).mean())
    if variance == 0:
        return 0.0
    return (n * float(counts.mean(axis=0).var()) / variance - 1.0) / (n - 1)


def _result(
    verdict: Verdict,
    statistics: FiringStatistics,
    irregularity: tuple[float, float],
    together: _Synchrony,
    share: float,
    trains: SpikeTrains,
    seed: int,
) -> FiringRegime:
    return FiringRegime(
        verdict=verdict,
        statistics=statistics,
        irregularity=irregularity[0],
        irregularity_stderr=irregularity[1],
        synchrony=together.share,
        synchrony_stderr=together.error,
        bin=together.bin,
        burst_share=share,
        result=RESULTS.successful if verdict.regime != "undecided" else RESULTS.not_converged,
        settings=provenance(
            trains=len(trains), start=trains.start, stop=trains.stop, time_unit=trains.time_unit, seed=seed
        ),
        bins=together.bins,
        shares=together.shares,
    )
