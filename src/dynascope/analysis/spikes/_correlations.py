"""Correlations of spike counts, and what chance would make of them: surrogate trains."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains
from ._binning import binned

Array = NDArray[np.float64]


class AbstractSpikeSurrogate(eqx.Module):
    """A way to make trains that keep some of their statistics and lose the correlations.

    Write `drawn(trains, generator)`, one set of surrogate trains in the same window.
    """

    @abstractmethod
    def drawn(self, trains: SpikeTrains, generator: np.random.Generator) -> SpikeTrains:
        """Surrogate trains of the same number of spikes each."""


class Dither(AbstractSpikeSurrogate):
    """Each spike moved by a uniform random time of up to `width` either way; reflected at the edges of the window.

    Keeps counts and rates that vary more slowly than `width`, destroys finer timing.
    """

    width: float

    def __check_init__(self) -> None:
        if not (self.width > 0 and math.isfinite(self.width)):
            raise InputError(f"`width` of `Dither` must be positive, got {self.width}.")

    def drawn(self, trains: SpikeTrains, generator: np.random.Generator) -> SpikeTrains:
        times = trains.times
        moved = times + generator.uniform(-self.width, self.width, times.shape)
        moved = np.where(moved < trains.start, 2 * trains.start - moved, moved)
        moved = np.where(np.isfinite(times) & (moved > trains.stop), 2 * trains.stop - moved, moved)
        return _resorted(trains, np.where(np.isfinite(times), moved, np.inf))


class ShuffleIntervals(AbstractSpikeSurrogate):
    """The intervals of every train in random order, the time to the first spike included.

    Keeps counts and intervals of each train, destroys their order and all common timing.
    """

    def drawn(self, trains: SpikeTrains, generator: np.random.Generator) -> SpikeTrains:
        real = np.isfinite(trains.times)
        gaps = np.diff(np.where(real, trains.times, 0.0), axis=1, prepend=trains.start)
        keys = np.where(real, generator.random(real.shape), np.inf)
        shuffled = np.take_along_axis(np.where(real, gaps, 0.0), np.argsort(keys, axis=1), axis=1)
        times = np.minimum(trains.start + np.cumsum(shuffled, axis=1), trains.stop)
        return _resorted(trains, np.where(real, times, np.inf))


class UniformTimes(AbstractSpikeSurrogate):
    """As many spikes of each train, uniformly in the window: a Poisson process of the same count."""

    def drawn(self, trains: SpikeTrains, generator: np.random.Generator) -> SpikeTrains:
        times = generator.uniform(trains.start, trains.stop, trains.times.shape)
        return _resorted(trains, np.where(np.isfinite(trains.times), times, np.inf))


class Correlations(AbstractResult):
    """Correlation coefficients of spike counts in bins.

    Attributes:
        matrix: Coefficients; NaN for a train whose counts are all equal.
        bins: Number of bins.
        mean: Mean of all pairs.
        mean_stderr: Its error, by leaving out one train at a time.
        chance: Mean of the matrix over surrogates; NaN without them.
        zscore: (matrix - chance) over the standard deviation of the surrogates; NaN without them.
        pvalue: Two-sided share of surrogates whose coefficient is at least as far from chance; NaN without them.
    """

    bins: int
    mean: float
    mean_stderr: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    matrix: Array = output("train", "other", doc="Correlation coefficients")
    chance: Array = output("train", "other", doc="Mean coefficient of surrogates")
    zscore: Array = output("train", "other", doc="Distance from chance in standard deviations of the surrogates")
    pvalue: Array = output("train", "other", doc="Two-sided p-value against the surrogates")

    @property
    def stderr(self) -> Array:
        """Standard errors of `matrix` for independent bins, (1 - r^2) / sqrt(bins - 1); made when asked for."""
        return (1.0 - np.minimum(self.matrix**2, 1.0)) / math.sqrt(self.bins - 1)

    def summary(self) -> str:
        """The mean coefficient, and how many pairs are beyond chance."""
        text = f"Mean correlation {self.mean:.4g} +- {self.mean_stderr:.1g} in bins of {self.settings['bin']:g}"
        upper = self.pvalue[np.triu_indices(len(self.matrix), 1)]
        if not np.isfinite(upper).any():
            return text + "."
        beyond = int(np.sum(upper < 0.05))
        return f"{text}; {beyond} of {upper.size} pairs beyond chance at 5 % ({self.settings['surrogate']})."


def correlations(
    trains: SpikeTrains,
    *,
    bin: float,
    surrogate: AbstractSpikeSurrogate | None = None,
    count: int = 99,
    seed: int = 0,
) -> Correlations:
    """Pearson's correlation of the counts of all pairs of trains, and against surrogates.

    Args:
        trains: The spike trains, at least two.
        bin: Length of the bins in which spikes are counted.
        surrogate: How to make trains without the correlation; None compares with nothing.
        count: Number of surrogates.
        seed: Of the surrogates.

    Returns:
        A `Correlations`.

    Raises:
        InputError: If there are fewer than two trains, three bins or two surrogates, or a surrogate of another kind.

    Reference:
        Grün (2009), Data-driven significance estimation for precise spike correlation, J. Neurophysiol. 101,
        1126-1140.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> pair = as_spike_trains([[0.5, 2.5], [1.5, 3.5]], start=0.0, stop=4.0)
        >>> round(float(correlations(pair, bin=1.0).matrix[0, 1]), 12)
        -1.0
    """
    check_spike_trains(trains, "correlations")
    if surrogate is not None and not isinstance(surrogate, AbstractSpikeSurrogate):
        raise InputError(
            f"`surrogate` must be `Dither(width)`, `ShuffleIntervals()` or `UniformTimes()`, got {surrogate!r}."
        )
    if count < 2:
        raise InputError(f"`count` of surrogates must be at least 2, got {count}.")
    counts = binned(trains, bin=bin)
    n, size = counts.shape
    if n < 2 or size < 3:
        raise InputError(f"Correlations need two trains and three bins at least, got {n} and {size}.")
    units = _units(counts)
    matrix = units @ units.T
    # Without surrogates one number stands for all, as many trains make large matrices.
    chance = spread = beyond = np.broadcast_to(np.nan, (n, n))
    if surrogate is not None:
        generator = np.random.default_rng(seed)
        others = (_units(binned(surrogate.drawn(trains, generator), bin=bin)) for _ in range(count))
        drawn = np.stack([other @ other.T for other in others])
        chance, spread = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
        # Trains of few spikes have few possible coefficients: equal ones must stay so beside rounding.
        far = np.abs(drawn - chance) >= np.abs(matrix - chance) - 1e-12
        beyond = np.where(np.isfinite(matrix), (1 + far.sum(axis=0)) / (count + 1), np.nan)
    mean, error = _pair_mean(units)
    return Correlations(
        bins=size,
        mean=mean,
        mean_stderr=error,
        result=RESULTS.successful,
        settings=provenance(
            bin=bin,
            surrogate=repr(surrogate),
            count=count,
            seed=seed,
            start=trains.start,
            stop=trains.stop,
            time_unit=trains.time_unit,
        ),
        matrix=matrix,
        chance=chance,
        zscore=chance if surrogate is None else _zscores(matrix - chance, spread),
        pvalue=beyond,
    )


def _units(counts: NDArray[np.int64]) -> Array:
    """Counts of each train less their mean, as a vector of length one; NaN where all are equal."""
    apart = counts - counts.mean(axis=1, keepdims=True)
    size = np.sqrt(np.vecdot(apart, apart))[:, None]
    return np.divide(apart, size, out=np.full(apart.shape, np.nan), where=size > 0)


def _zscores(apart: Array, spread: Array) -> Array:
    return np.where(spread > 0, apart / np.where(spread > 0, spread, 1.0), np.nan)


def _pair_mean(units: Array) -> tuple[float, float]:
    """Mean coefficient of all pairs of trains that have one, and its jackknife error over trains."""
    inner = units[np.isfinite(units[:, 0])]
    n = len(inner)
    if n < 2:
        return math.nan, math.nan
    # The sum of a row of coefficients without its diagonal, through the sum of all unit vectors.
    rows = inner @ inner.sum(axis=0) - 1.0
    total = rows.sum()
    if n < 3:
        return float(total / 2), math.inf
    left = (total - 2 * rows) / ((n - 1) * (n - 2))
    error = math.sqrt((n - 1) / n * float(np.sum((left - left.mean()) ** 2)))
    return float(total / (n * (n - 1))), error


def _resorted(trains: SpikeTrains, times: Array) -> SpikeTrains:
    """The trains with other times; equal ones moved apart by the least step, as trains must increase."""
    times = np.sort(times, axis=1)
    for _ in range(times.shape[1]):
        same = np.isfinite(times[:, 1:]) & (times[:, 1:] <= times[:, :-1])
        if not same.any():
            break
        times[:, :-1] = np.where(same, np.nextafter(times[:, :-1], -np.inf), times[:, :-1])
    return SpikeTrains(
        np.maximum(times, trains.start),
        start=trains.start,
        stop=trains.stop,
        time_unit=trains.time_unit,
        names=trains.names,
        source=trains.source,
        notes=trains.notes,
    )
