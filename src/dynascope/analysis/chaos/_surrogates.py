"""Surrogates: is there more in the series than coloured noise seen through a static curve?"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, special

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._neighbours import neighbours
from .._series import Array, autocorrelation, channels, decorrelation_lag, spread_indices, standardised, theiler_window
from ..geometry import embed
from ..geometry._embedding import principal_components


def iaaft(x: ArrayLike, *, count: int, iterations: int = 50, seed: int = 0) -> Array:
    """Surrogates with the values and the power spectrum of `x`, and random otherwise.

    Alternates between the spectrum and the sorted values of the series; ends with the values, so that these are exact
    and the spectrum is as close as it gets. Of several channels, the phase differences between them are kept
    at every frequency (one common random phase), hence all linear cross-correlations.

    Args:
        x: (time,) or (time, channel).
        count: number of surrogates.
        iterations: at most so many; stops when no ranking changes any more.
        seed: of the first shuffles.

    Returns:
        (surrogate, time, channel).

    Reference: Schreiber and Schmitz (1996), Improved surrogate data for nonlinearity tests; (2000), Surrogate time
    series, for several channels.
    """
    table = channels(x, least=8)
    if count < 1:
        raise InputError(f"`count` must be at least 1; got {count}.")
    generator = np.random.default_rng(seed)
    length = table.shape[0]
    spectrum = np.asarray(fft.rfft(table, axis=0))
    amplitude, phase = np.abs(spectrum), np.angle(spectrum)
    ordered = np.sort(table, axis=0)
    out = np.empty((count, *table.shape))
    for n in range(count):
        current = table[generator.permutation(length)]
        previous = np.zeros(table.shape, dtype=np.int64)
        for _ in range(iterations):
            turned = np.angle(np.asarray(fft.rfft(current, axis=0)))
            # One rotation for all channels, the closest to the phases at hand, keeps the phase differences.
            common = np.angle(np.exp(1j * (turned - phase)).sum(axis=1, keepdims=True))
            shaped = np.asarray(fft.irfft(amplitude * np.exp(1j * (phase + common)), length, axis=0))
            order = np.argsort(shaped, axis=0)
            current = np.empty_like(table)
            np.put_along_axis(current, order, ordered, axis=0)
            if np.array_equal(order, previous):
                break
            previous = order
        out[n] = current
    return out


def gaussianised(x: Array) -> Array:
    """Each channel with its values replaced by the normal quantiles of their ranks: undoes any monotone static curve.

    Heavy tails would make the spectrum of the surrogates miss that of the data, and the test reject wrongly.
    """
    flat = np.flatnonzero(np.ptp(x, axis=0) == 0)
    if flat.size:
        raise InputError(f"`x` is constant in channel {', '.join(map(str, flat[:8]))}. Leave such channels out.")
    ranks = np.stack([_ranks(column) for column in x.T], axis=1) if x.ndim == 2 else _ranks(x)
    return np.asarray(special.ndtri((ranks - 0.5) / x.shape[0]))


def _ranks(x: Array) -> Array:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def matched_ends(x: Array, *, length: int) -> slice:
    """The stretch of at most `length`, at least 0.8 `length` samples whose ends fit in value and in slope.

    The Fourier transform sees a periodic series: a jump between the ends would put power at all frequencies, which the
    surrogates have and the data have not, and that alone would reject the null hypothesis.
    """
    count = x.shape[0]
    length = min(length, count)
    step = np.diff(x, axis=0)
    starts = spread_indices(count - int(0.8 * length), at_most=200)
    best, found = np.inf, slice(0, length)
    for start in starts:
        stops = np.arange(start + int(0.8 * length), min(start + length, count) - 1)
        if not stops.size:
            continue
        jump = ((x[stops + 1] - x[start]) ** 2).sum(axis=1) + ((step[stops] - step[start]) ** 2).sum(axis=1)
        # The last sample is `stops`, and the first sample would come next: x[stops + 1] should look like x[start].
        if jump.min() < best:
            best = float(jump.min())
            found = slice(int(start), int(stops[np.argmin(jump)]) + 1)
    return found


class AbstractStatistic(eqx.Module):
    """A number that differs between the data and linear noise if there is nonlinear dynamics."""

    @abstractmethod
    def value(self, x: Array) -> float:
        """The statistic of (time, channel)."""

    @abstractmethod
    def pvalue(self, data: float, surrogates: Array) -> float:
        """Rank of the data among the surrogates, as a probability."""


class TimeReversal(AbstractStatistic):
    r"""Asymmetry under reversal of time, $\langle d^3 \rangle / \langle d^2 \rangle^{3/2}$, $d = x_{i+\tau} - x_i$.

    The mean over channels of the absolute value for several, so that channels of opposite sign do not cancel. Zero
    for every linear Gaussian process. Two-sided for one channel.
    """

    delay: int = 1

    def value(self, x: Array) -> float:
        apart = x[self.delay :] - x[: -self.delay]
        each = np.mean(apart**3, axis=0) / np.maximum(np.mean(apart**2, axis=0), 1e-300) ** 1.5
        return float(each[0]) if each.size == 1 else float(np.mean(np.abs(each)))

    def pvalue(self, data: float, surrogates: Array) -> float:
        above = (1 + np.count_nonzero(surrogates >= data)) / (surrogates.size + 1)
        below = (1 + np.count_nonzero(surrogates <= data)) / (surrogates.size + 1)
        return float(min(1.0, 2 * min(above, below)))


class PredictionError(AbstractStatistic):
    """Root-mean-square error of prediction by neighbours, in standard deviations; one-sided: dynamics is predictable.

    Each reference point is predicted as the mean of the futures of its nearest neighbours in the delay embedding.

    Reference: Theiler et al. (1992), Testing for nonlinearity in time series; Kantz and Schreiber (2004), chapter 4.
    """

    delay: int = 1
    dimension: int = 3
    horizon: int = 1
    theiler: int = 1
    neighbours: int = 6
    references: int = 700

    def value(self, x: Array) -> float:
        points = embed(x, delay=self.delay, dimension=self.dimension)
        past = points[: points.shape[0] - self.horizon]
        chosen = spread_indices(past.shape[0], at_most=self.references)
        _, which = neighbours(past, chosen, count=self.neighbours, theiler=self.theiler)
        offset = (self.dimension - 1) * self.delay + self.horizon
        weight = (which >= 0)[:, :, None]
        known = weight.sum(axis=1)
        guess = (np.where(weight, x[which + offset], 0.0)).sum(axis=1) / np.maximum(known, 1)
        valid = known[:, 0] > 0
        error = (guess - x[chosen + offset])[valid]
        return float(np.sqrt(np.mean(error**2) / np.mean(x.var(axis=0))))

    def pvalue(self, data: float, surrogates: Array) -> float:
        return float((1 + np.count_nonzero(surrogates <= data)) / (surrogates.size + 1))


class SurrogateTest(AbstractResult):
    """Whether the series differs from linear noise seen through a static curve."""

    pvalue: float
    stderr: float
    reject: bool
    level: float
    spectrum_mismatch: float
    end_mismatch: float
    converged: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    data: NDArray[np.float64] = output("statistic", doc="Statistics of the data: time reversal, prediction error")
    surrogates: NDArray[np.float64] = output("surrogate", "statistic", doc="Statistics of the surrogates")
    pvalues: NDArray[np.float64] = output("statistic", doc="Rank-based p-value of each statistic")
    zscores: NDArray[np.float64] = output("statistic", doc="(data - mean) / standard deviation of the surrogates")

    def summary(self) -> str:
        """Rejected or not, the two p-values, and what was compared."""
        verdict = "more than linear noise" if self.reject else "not distinguishable from linear noise"
        trust = "" if self.converged else " Not converged: the surrogates miss the spectrum or the ends do not match."
        return (
            f"Surrogate test: {verdict} (p = {self.pvalue:.3f}; time reversal {self.pvalues[0]:.3f}, prediction "
            f"{self.pvalues[1]:.3f}, {self.surrogates.shape[0]} surrogates).{trust}"
        )


def surrogate_test(
    x: ArrayLike,
    *,
    count: int = 79,
    level: float = 0.05,
    delay: int | None = None,
    dimension: int | None = None,
    horizon: int | None = None,
    most: int = 3000,
    seed: int = 0,
) -> SurrogateTest:
    """Test the series against linear Gaussian noise seen through a static curve, with IAAFT surrogates.

    Two statistics: time-reversal asymmetry (two-sided) and the error of prediction by neighbours (one-sided). The
    p-value joins both by Bonferroni's rule, twice the smaller.

    Each channel is first made Gaussian by ranks, which undoes a monotone curve and leaves nonlinear dynamics
    nonlinear. A slow series is thinned to about eight samples per decorrelation time, so that the window covers
    enough of it, and a window of at most `most` samples with matching ends is taken. Several channels are reduced to
    the principal components with 95 % of the variance (at most four).

    Args:
        x: (time,) or (time, channel), at least 100 samples.
        count: number of surrogates, at least 39.
        level: the false positive rate at which to reject.
        delay: of the embedding, in thinned samples; None takes the decorrelation lag.
        dimension: of the embedding; None takes 3 for one component, 2 for two, else 1.
        horizon: of the prediction, in thinned samples; None takes the delay.
        most: longest window.
        seed: of the surrogates.

    Returns:
        A `SurrogateTest`. The standard error is that of the combined p-value, from the finite number of surrogates.

    Raises:
        InputError: fewer than 39 surrogates, a series too short or constant.
    """
    if count < 39:
        raise InputError(f"`count` must be at least 39 for a two-sided test at 5 %; got {count}.")
    if not 0 < level < 1:
        raise InputError(f"`level` must lie between 0 and 1; got {level}.")
    table = gaussianised(channels(x, least=100))
    scores = principal_components(table, explained=0.95, at_most=4)[0]
    # Thinning needs room: at least 500 samples stay.
    every = max(1, min(decorrelation_lag(scores) // 8, scores.shape[0] // 500))
    thin = scores[::every]
    window = matched_ends(thin, length=most)
    series = standardised(thin[window])
    lag = decorrelation_lag(series) if delay is None else delay
    lag = max(1, min(lag, series.shape[0] // 20))
    copies = {1: 3, 2: 2}.get(series.shape[1], 1) if dimension is None else dimension
    ahead = lag if horizon is None else horizon
    statistics: tuple[AbstractStatistic, ...] = (
        TimeReversal(delay=lag),
        PredictionError(delay=lag, dimension=copies, horizon=ahead, theiler=theiler_window(series)),
    )
    fakes = iaaft(series, count=count, seed=seed)
    data = np.array([statistic.value(series) for statistic in statistics])
    values = np.array([[statistic.value(fake) for statistic in statistics] for fake in fakes])
    each = np.array([s.pvalue(data[k], values[:, k]) for k, s in enumerate(statistics)])
    pvalue = min(1.0, len(statistics) * float(each.min()))
    mismatch = _mismatch(series, fakes)
    start, stop = window.start, window.stop
    jump = thin[stop] - thin[start] if stop < thin.shape[0] else thin[stop - 1] - thin[start]
    ends = float(np.sqrt(np.mean((jump / thin.std(axis=0)) ** 2)))
    converged = mismatch < 0.1 and ends < 0.5
    return SurrogateTest(
        data=data,
        surrogates=values,
        pvalues=each,
        zscores=(data - values.mean(axis=0)) / np.maximum(values.std(axis=0, ddof=1), 1e-300),
        pvalue=pvalue,
        stderr=float(np.sqrt(pvalue * (1 - pvalue) / count)),
        reject=bool(pvalue <= level),
        level=level,
        spectrum_mismatch=mismatch,
        end_mismatch=ends,
        converged=converged,
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(
            count=count, level=level, every=every, window=[start, stop], delay=lag, dimension=copies, horizon=ahead,
            components=series.shape[1], seed=seed,
        ),
    )  # fmt: skip


def _mismatch(x: Array, fakes: Array) -> float:
    """Largest difference of the autocorrelation between data and surrogates, averaged over the surrogates."""
    longest = min(4 * decorrelation_lag(x), x.shape[0] // 4)
    mean = np.mean([autocorrelation(fake, max_lag=longest) for fake in fakes], axis=0)
    return float(np.max(np.abs(mean - autocorrelation(x, max_lag=longest))))
