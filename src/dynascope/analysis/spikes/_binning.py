"""Spikes in bins, and rates that vary in time."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...series import SpikeTrains, check_spike_trains

Array = NDArray[np.float64]


class RateCurve(AbstractResult):
    """Rates over time.

    Attributes:
        times: Middles of the bins.
        rates: Rate of every train.
        rates_stderr: Its error for Poisson spikes: that of the sum of the weights of the kernel.
        mean: Mean over the trains.
        mean_stderr: Its error from the spread between the trains; infinite for one.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: Array = output("time", unit="time unit", doc="Middles of the bins")
    rates: Array = output("train", "time", unit="1 / time unit", doc="Rate")
    rates_stderr: Array = output("train", "time", unit="1 / time unit", doc="Standard error of the rate")
    mean: Array = output("time", unit="1 / time unit", doc="Mean rate of the trains")
    mean_stderr: Array = output("time", unit="1 / time unit", doc="Standard error of the mean rate")

    def summary(self) -> str:
        """Range of the mean rate over time."""
        low, high = int(np.argmin(self.mean)), int(np.argmax(self.mean))
        return (
            f"The mean rate of {len(self.rates)} trains goes from {self.mean[low]:.4g} +- {self.mean_stderr[low]:.1g} "
            f"at {self.times[low]:.4g} to {self.mean[high]:.4g} +- {self.mean_stderr[high]:.1g} at "
            f"{self.times[high]:.4g} {self.settings['time_unit']}."
        )


class AbstractSmoothing(eqx.Module):
    """A kernel that turns spikes into rates.

    Write `extent()`, how far it reaches, and `weights(lags)`, its values (integral one) at times after a spike.
    """

    @abstractmethod
    def extent(self) -> float:
        """The longest time at which it is not negligible, before or after a spike."""

    @abstractmethod
    def weights(self, lags: Array) -> Array:
        """Values at `lags`, per unit of time."""


class Gaussian(AbstractSmoothing):
    """A Gaussian of standard deviation `sigma`, cut off at five of them."""

    sigma: float

    def extent(self) -> float:
        return 5.0 * self.sigma

    def weights(self, lags: Array) -> Array:
        return np.exp(-0.5 * (lags / self.sigma) ** 2) / (self.sigma * math.sqrt(2 * math.pi))


class Causal(AbstractSmoothing):
    """An exponential of time constant `tau` after the spike and nothing before it, cut off at twelve of them."""

    tau: float

    def extent(self) -> float:
        return 12.0 * self.tau

    def weights(self, lags: Array) -> Array:
        return np.where(lags >= 0, np.exp(-np.maximum(lags, 0.0) / self.tau) / self.tau, 0.0)


def binned(trains: SpikeTrains, *, bin: float) -> NDArray[np.int64]:
    """Spikes of every train in bins of one length, from the begin of the window on.

    Bins are half open. Only whole bins count: what is left at the end of the window is left out, but a spike at the
    very end of the last whole bin, if that is the end of the window, belongs to it.

    Args:
        trains: The spike trains.
        bin: Length of a bin.

    Returns:
        Counts, shape `(train, bin)`.

    Raises:
        InputError: If the bin is not positive or longer than the window.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> binned(as_spike_trains([[0.1, 0.2, 1.0], [2.0]], start=0.0, stop=2.0), bin=1.0).tolist()
        [[2, 1], [0, 1]]
    """
    count = whole_bins(trains, bin)
    real = np.isfinite(trains.times)
    # The tolerance keeps a spike that lies on an edge up to rounding from falling into the bin before.
    position = ((trains.times[real] - trains.start) / bin + 1e-8).astype(np.int64)
    if abs(count * bin - trains.duration) <= 1e-8 * bin:
        position[position == count] = count - 1
    kept = position < count
    position += np.repeat(count * np.arange(len(trains)), real.sum(axis=1))
    if not kept.all():
        position = position[kept]
    return np.bincount(position, minlength=len(trains) * count).reshape(len(trains), count)


def whole_bins(trains: SpikeTrains, bin: float) -> int:
    """How many whole bins fit into the window."""
    check_spike_trains(trains, "binned")
    if not (bin > 0 and math.isfinite(bin)):
        raise InputError(f"`bin` must be positive, got {bin}.")
    count = math.floor(trains.duration / bin + 1e-8)
    if count < 1:
        raise InputError(f"The bin of {bin:g} is longer than the window of {trains.duration:g}. Choose a shorter one.")
    return count


def rate_curve(trains: SpikeTrains, *, bin: float, smoothing: AbstractSmoothing | None = None) -> RateCurve:
    """Rates over time: counts in bins over their length, or spikes smoothed by a kernel.

    Smoothed rates fall off toward both ends of the window, where the kernel reaches beyond it.

    Args:
        trains: The spike trains.
        bin: Length of the bins; with a kernel much shorter than it.
        smoothing: The kernel, `Gaussian(sigma)` or `Causal(tau)`; None takes plain bins.

    Returns:
        A `RateCurve`.

    Raises:
        InputError: If the bin is not positive or longer than the window, or the kernel is shorter than a bin.

    Example:
        >>> from dynascope.series import as_spike_trains
        >>> curve = rate_curve(as_spike_trains([[0.1, 0.2, 1.5]], start=0.0, stop=2.0), bin=1.0)
        >>> curve.rates.tolist()
        [[2.0, 1.0]]
    """
    check_spike_trains(trains, "rate_curve")
    if smoothing is not None and not isinstance(smoothing, AbstractSmoothing):
        raise InputError(f"`smoothing` must be `Gaussian(sigma)` or `Causal(tau)`, got {smoothing!r}.")
    counts = binned(trains, bin=bin).astype(float)
    times = trains.start + bin * (0.5 + np.arange(counts.shape[1]))
    if smoothing is None:
        rates, spread = counts / bin, np.sqrt(np.maximum(counts, 1.0)) / bin
    else:
        extent = smoothing.extent()
        half = math.ceil(extent / bin) if extent > 0 else 0
        if half < 2:
            raise InputError(f"The kernel reaches over {extent:g}, less than two bins of {bin:g}. Use shorter bins.")
        weights = smoothing.weights(np.linspace(-extent, extent, 2 * half + 1))
        rates, variance = _convolved(counts, weights, weights**2)
        spread = np.sqrt(variance)
    n = len(trains)
    return RateCurve(
        result=RESULTS.successful,
        settings=provenance(
            bin=bin, smoothing=repr(smoothing), start=trains.start, stop=trains.stop, time_unit=trains.time_unit
        ),
        times=times,
        rates=rates,
        rates_stderr=spread,
        mean=rates.mean(axis=0),
        mean_stderr=rates.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full(times.size, np.inf),
    )


def _convolved(counts: Array, *kernels: Array) -> tuple[Array, ...]:
    """Rows convolved with each kernel around its middle; rounding of the transform may not make rates negative."""
    size = counts.shape[1]
    half = kernels[0].size // 2
    # What wraps around the end falls into the first half of a kernel, which is not read.
    length = fft.next_fast_len(half + max(size, half + 1), real=True)
    spectrum = np.asarray(fft.rfft(counts, length, axis=1))
    made = [np.asarray(fft.irfft(spectrum * fft.rfft(kernel, length), length, axis=1)) for kernel in kernels]
    return tuple(np.maximum(full[:, half : half + size], 0.0) for full in made)
