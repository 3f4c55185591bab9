"""How a population fires: asynchronous or synchronous, regular or irregular, in bursts, or not at all."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains
from .._verdict import Evidence, Verdict
from ._bursts import bursts
from ._firing import FiringStatistics, firing_statistics

Array = NDArray[np.float64]

#: Fewer spikes per train are silence.
SILENT = 1.0
#: Trains of fewer spikes say nothing about regularity.
ENOUGH = 10
#: Trains keep time from this coherence on: halfway between chance (0) and a clock (1). Gamma processes reach it at
#: shape 14 (CV 0.27, LV 0.10), clocks with jittered ticks at a jitter of 0.15 periods.
REGULAR = 0.5
#: A population is synchronous from this depth of its rate on: that of a sinusoid which falls to nil in every cycle. A
#: rate that varies less can be a steady one with noise about it, as that of every finite network is; one that varies
#: more cannot, because rates are not negative.
SYNCHRONOUS = 1.0
#: And by how many standard deviations the variance of its rate must exceed that of shifted trains.
BEYOND = 5.0
#: Share of trains that burst.
BURSTING = 0.5
#: Lengths of bins in which synchrony is looked for, as shares of the mean interval.
_BINS = (0.05, 0.1, 0.2, 0.4)
_SHIFTS = 60
#: Most trains that are looked at for bursts, and most spikes that are looked at for synchrony.
_MOST, _SPIKES = 400, 200_000


class FiringRegime(AbstractResult):
    """How a population fires.

    Attributes:
        verdict: One of `silent`, `bursting`, `asynchronous irregular`, `asynchronous regular`, `synchronous irregular`,
            `synchronous regular` and `undecided`, with its evidence.
        statistics: Rates and irregularity of every train.
        irregularity: Median local variation of the trains with ten spikes at least.
        irregularity_stderr: Its error by bootstrap over the trains (of the one train for a single one).
        coherence: Median of how well these trains keep time: 1 for a clock, 0 for Poisson spikes.
        coherence_stderr: Its error by bootstrap over the trains; infinite for a single one.
        synchrony: Depth of the modulation of the rate of the population: that of a sinusoid with the variance that the
            rate has beyond that of shifted trains. Volleys are deeper than 1.
        synchrony_stderr: Its error.
        bin: Length of the bins in which this was found.
        burst_share: Share of trains that burst.
        depths: Synchrony for every length of bins.
        bins: These lengths.
    """

    verdict: Verdict
    statistics: FiringStatistics
    irregularity: float
    irregularity_stderr: float
    coherence: float
    coherence_stderr: float
    synchrony: float
    synchrony_stderr: float
    bin: float
    burst_share: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    bins: Array = output("bin", unit="time unit", doc="Lengths of bins")
    depths: Array = output("bin", doc="Depth of the modulation of the rate of the population beyond chance")

    def summary(self) -> str:
        """The verdict and its evidence."""
        return self.verdict.summary()


class _Synchrony(NamedTuple):
    """Depth of the modulation of the population, its error, by how many deviations it is beyond chance, and where."""

    depth: float
    error: float
    beyond: float
    bin: float
    bins: Array
    depths: Array


class _Regularity(NamedTuple):
    """Medians over the trains, each with its error."""

    variation: float
    variation_error: float
    coherence: float
    coherence_error: float


_NO_SYNCHRONY = _Synchrony(math.nan, math.nan, math.nan, math.nan, np.zeros(0), np.zeros(0))
_NO_REGULARITY = _Regularity(math.nan, math.nan, math.nan, math.nan)


def firing_regime(trains: SpikeTrains, *, seed: int = 0) -> FiringRegime:
    """Say how a population fires, by these rules in this order.

    1. `silent`: fewer than one spike per train in the window.
    2. `undecided`: fewer than half of the trains that fire have ten spikes.
    3. `bursting`: at least half of them fire in bursts, as `bursts` finds them.
    4. Regular where the trains keep time: where the mean of cos(2 pi (y - x) / (x + y)) over neighbouring intervals
       x, y, in the median over the trains, is at least 1/2; else irregular. That is the coherence of the middle one
       of three spikes with the clock that the outer two set. It is 1 for a clock and 0 for Poisson spikes, whatever
       their rate; slow changes of the rate do not matter.
    5. Synchronous where the rate of the population is modulated to a depth of 1 at least, that of a sinusoid which
       falls to nil; else asynchronous. The depth is that of a sinusoid of the same variance, after the variance is
       taken off that trains have which are shifted around the window at random and so are independent, in the bins
       (1/20 to 2/5 of the mean interval) where it is largest. It does not depend on how many trains are seen, and
       neurons that take part in few cycles of a common rhythm have the depth of the rhythm. The variance must exceed
       that of shifted trains by five of their standard deviations. A single train has no synchrony: `undecided`.

    Args:
        trains: The spike trains.
        seed: Of the random shifts and of the bootstrap.

    Returns:
        A `FiringRegime`.

    Reference:
        Brunel (2000), Dynamics of networks of sparsely connected excitatory and inhibitory spiking neurons, J. Comput.
        Neurosci. 8, 183-208 (the words); Shinomoto, Shima & Tanji (2003), Neural Computation 15, 2823-2842 (the ratio
        of intervals); Brunel & Hakim (1999), Neural Computation 11, 1621-1671 (rhythms of the rate).

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> rng = np.random.default_rng(0)
        >>> trains = as_spike_trains(rng.uniform(0.0, 10.0, (20, 100)), start=0.0, stop=10.0)
        >>> firing_regime(trains).verdict.regime
        'asynchronous irregular'
    """
    check_spike_trains(trains, "firing_regime")
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
    if mean < SILENT:
        verdict = Verdict("silent", 0.95 if mean < 0.5 * SILENT else 0.7, (rate,))
        return _result(verdict, found, _NO_REGULARITY, _NO_SYNCHRONY, math.nan, trains, seed)
    if able.size < 0.5 * firing:
        few = Evidence("trains with ten spikes", float(able.size), None, "Too few spikes to tell how they fire.")
        verdict = Verdict("undecided", 0.0, (few, rate))
        return _result(verdict, found, _NO_REGULARITY, _NO_SYNCHRONY, math.nan, trains, seed)
    regularity = _regularity(trains.select(able), found.lv[able], found.lv_stderr[able], generator)
    share = float(np.mean([bursts(trains.train(int(k))).bursting for k in _some(able, _MOST, generator)]))
    chosen = _some(able, max(2, int(_SPIKES / trains.counts[able].mean())), generator)
    together = _synchrony(trains.select(chosen), generator) if chosen.size > 1 else _NO_SYNCHRONY
    verdict = _decided(regularity, together, share, rate)
    return _result(verdict, found, regularity, together, share, trains, seed)


def _decided(regularity: _Regularity, together: _Synchrony, share: float, rate: Evidence) -> Verdict:
    word = "regular" if regularity.coherence >= REGULAR else "irregular"
    clock = Evidence(
        "coherence of the intervals",
        regularity.coherence,
        regularity.coherence_error,
        f"Trains {'keep' if word == 'regular' else 'do not keep'} time: in the median the coherence of neighbouring "
        f"intervals is {'at least' if word == 'regular' else 'below'} {REGULAR:g} (a clock has 1, Poisson 0).",
    )
    varied = Evidence(
        "median local variation",
        regularity.variation,
        regularity.variation_error,
        f"Their local variation is {regularity.variation:.2g}, where a clock has 0 and Poisson spikes have 1.",
    )
    burst = Evidence("share of trains in bursts", share, None, f"{share:.0%} of the trains fire in bursts.")
    if math.isnan(together.depth):
        alone = Evidence("synchrony", None, None, "A single train has no synchrony.")
        if share >= BURSTING:
            return Verdict("bursting", 0.9, (burst, clock, varied, rate))
        return Verdict("undecided", 0.0, (alone, clock, varied, burst, rate), (word,))
    common = together.depth >= SYNCHRONOUS and together.beyond >= BEYOND
    kind = "synchronous" if common else "asynchronous"
    synchrony = Evidence(
        "depth of the population rate",
        together.depth,
        together.error,
        f"The population is {kind}: beyond chance its rate varies as much as with a sinusoid of that depth, in bins of "
        f"{together.bin:.3g} (synchronous from {SYNCHRONOUS:g} on).",
    )
    if share >= BURSTING:
        return Verdict("bursting", _sure(share - 0.4, 0.2), (burst, synchrony, clock, varied, rate), (kind,))
    error = regularity.coherence_error if math.isfinite(regularity.coherence_error) else 0.0
    confidence = min(
        _sure(abs(regularity.coherence - REGULAR), max(error, 0.05)),
        _sure(abs(together.depth - SYNCHRONOUS), max(together.error, 0.1)),
    )
    return Verdict(f"{kind} {word}", confidence, (synchrony, clock, varied, burst, rate))


def _sure(distance: float, error: float) -> float:
    """From a guess at the border to nearly certain at three errors from it."""
    return 0.5 + 0.48 * min(1.0, distance / (3.0 * error))


def _some(units: NDArray[np.int64], most: int, generator: np.random.Generator) -> NDArray[np.int64]:
    return units if units.size <= most else np.sort(generator.choice(units, most, replace=False))


def _regularity(trains: SpikeTrains, lv: Array, lv_stderr: Array, generator: np.random.Generator) -> _Regularity:
    coherence = interval_coherence(trains)
    if lv.size == 1:
        return _Regularity(float(lv[0]), float(lv_stderr[0]), float(coherence[0]), math.inf)
    drawn = generator.integers(0, lv.size, (200, lv.size))
    errors = [float(np.median(values[drawn], axis=1).std(ddof=1)) for values in (lv, coherence)]
    return _Regularity(float(np.median(lv)), errors[0], float(np.median(coherence)), errors[1])


def interval_coherence(trains: SpikeTrains) -> Array:
    """How well each train keeps time: the mean of cos(2 pi (y - x) / (x + y)) over neighbouring intervals x, y.

    Poisson spikes have 0: the middle one of three lies anywhere between the outer two. A clock has 1, gamma processes
    of shape k have Gamma(k + 1/2) J_(k-1/2)(2 pi) / pi^(k-1/2) with the Bessel function J, slightly negative below k =
    3.5. NaN with fewer than three spikes.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> two = as_spike_trains([[1.0, 2.0, 3.0], [1.0, 1.5, 3.0]], start=0.0, stop=4.0)
        >>> interval_coherence(two).round(12).tolist()
        [1.0, -1.0]
    """
    check_spike_trains(trains, "interval_coherence")
    real = np.isfinite(trains.times)
    gaps = np.diff(np.where(real, trains.times, 0.0), axis=1)
    inside = real[:, 2:]
    x, y = gaps[:, :-1], gaps[:, 1:]
    terms = np.where(inside, np.cos(2 * np.pi * (y - x) / np.where(inside, x + y, 1.0)), 0.0)
    count = inside.sum(axis=1)
    return np.where(count > 0, terms.sum(axis=1) / np.maximum(count, 1), np.nan)


def _synchrony(trains: SpikeTrains, generator: np.random.Generator) -> _Synchrony:
    """The depth of the modulation of the population, in the bins where it is largest."""
    times, units = trains.pooled()
    interval = trains.duration * len(trains) / times.size
    grid = _grid(times)
    wanted = [b * interval for b in _BINS]
    # A coarser grid is no clock of the recording but one of the spikes.
    grid = grid if grid <= wanted[-1] else 0.0
    if grid > 0:
        wanted = [max(1, round(b / grid)) * grid for b in wanted]
    bins = np.array(sorted({b for b in wanted if b < trains.duration / 20}))
    found = np.array([_depth(times - trains.start, units, float(b), grid, trains, generator) for b in bins])
    if not bins.size:
        return _NO_SYNCHRONY
    # Where a bin holds few spikes chance alone makes depth: what is beyond it counts first.
    certain = found[:, 2] >= BEYOND
    best = int(np.argmax(np.where(certain, found[:, 0] + 1e6, found[:, 0])))
    depth, error, beyond = (float(value) for value in found[best])
    return _Synchrony(depth, error, beyond, float(bins[best]), bins, found[:, 0])


def _grid(times: Array) -> float:
    """The step of times that lie on a grid, 0 where they do not: bins must then be whole steps."""
    apart = np.diff(np.unique(times))
    if apart.size < 2:
        return 0.0
    step = float(np.median(np.sort(apart)[: max(1, apart.size // 100)]))
    beside = np.abs(apart / step - np.round(apart / step))
    return step if np.all(beside < 0.01) else 0.0


def _depth(
    times: Array, units: NDArray[np.int64], bin: float, grid: float, trains: SpikeTrains, generator: np.random.Generator
) -> tuple[float, float, float]:
    """Depth of the modulation of the counts of all trains, its error, and deviations beyond shifted trains."""
    size = int(trains.duration / bin + 1e-9)
    # Half a step off the grid, so that rounding puts no spike on an edge.
    place = (times + 0.5 * grid) / bin
    kept = place < size
    place, units = place[kept], units[kept]
    step = grid / bin if grid > 0 else 0.0
    shifted = np.zeros(_SHIFTS)
    for k in range(_SHIFTS):
        shifts = generator.uniform(0, size, len(trains))
        shifts = np.round(shifts / step) * step if step > 0 else shifts
        moved = np.floor((place + shifts[units]) % size).astype(int)
        shifted[k] = np.bincount(np.minimum(moved, size - 1), minlength=size).var()
    counts = np.bincount(np.floor(place).astype(int), minlength=size)
    mean = counts.mean()
    excess = (counts.var() - shifted.mean()) / mean**2
    # Of the excess: chance of the shifted trains, and that of the variance of so many bins.
    spread = math.hypot(shifted.std(ddof=1), counts.var() * math.sqrt(2.0 / size)) / mean**2
    depth = math.sqrt(2.0 * max(excess, 0.0))
    error = spread / max(depth, math.sqrt(spread), 1e-300)
    return depth, error, excess * mean**2 / max(shifted.std(ddof=1), 1e-300)


def _result(
    verdict: Verdict,
    statistics: FiringStatistics,
    regularity: _Regularity,
    together: _Synchrony,
    share: float,
    trains: SpikeTrains,
    seed: int,
) -> FiringRegime:
    return FiringRegime(
        verdict=verdict,
        statistics=statistics,
        irregularity=regularity.variation,
        irregularity_stderr=regularity.variation_error,
        coherence=regularity.coherence,
        coherence_stderr=regularity.coherence_error,
        synchrony=together.depth,
        synchrony_stderr=together.error,
        bin=together.bin,
        burst_share=share,
        result=RESULTS.successful if verdict.regime != "undecided" else RESULTS.not_converged,
        settings=provenance(
            trains=len(trains), start=trains.start, stop=trains.stop, time_unit=trains.time_unit, seed=seed
        ),
        bins=together.bins,
        depths=together.depths,
    )
