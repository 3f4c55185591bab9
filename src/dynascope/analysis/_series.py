"""What every analysis of plain arrays does first: check the array, and find its correlation time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from .._errors import InputError

Array = NDArray[np.float64]


def channels(x: ArrayLike, *, least: int, name: str = "x") -> Array:
    """`x` as a finite float64 array (time, channel).

    Args:
        x: an array (time,) or (time, channel).
        least: the fewest samples that the caller can work with.
        name: how error messages call the array.

    Raises:
        InputError: wrong shape, complex or missing values, fewer than `least` samples.
    """
    array = np.asarray(x)
    if array.ndim not in (1, 2) or array.size == 0:
        raise InputError(f"`{name}` must have the shape (time,) or (time, channel); got {array.shape}.")
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_) or np.iscomplexobj(array):
        raise InputError(f"`{name}` must hold real numbers; got the type {array.dtype}.")
    table = np.array(array, dtype=np.float64).reshape(array.shape[0], -1)
    bad = int(np.count_nonzero(~np.isfinite(table)))
    if bad:
        raise InputError(f"`{name}` holds {bad} values that are not finite. Interpolate or drop them first.")
    if table.shape[0] < least:
        raise InputError(f"`{name}` has {table.shape[0]} samples (time comes first); at least {least} are needed.")
    return table


def standardised(x: Array, *, name: str = "x") -> Array:
    """Each channel with mean 0 and variance 1.

    Raises:
        InputError: a channel is constant.
    """
    spread = x.std(axis=0)
    # Rounding leaves a constant channel with a spread of some 1e-16 of its level, never exactly zero.
    flat = np.flatnonzero(spread <= 1e-13 * np.abs(x).max(axis=0))
    if flat.size:
        raise InputError(f"`{name}` is constant in channel {', '.join(map(str, flat[:8]))}. Leave such channels out.")
    return (x - x.mean(axis=0)) / spread


def checked_interval(dt: float) -> float:
    """`dt` as a float.

    Raises:
        InputError: not a positive finite number.
    """
    if not (np.isfinite(dt) and dt > 0):
        raise InputError(f"`dt` must be a positive number; got {dt}.")
    return float(dt)


def autocorrelation(x: Array, *, max_lag: int) -> Array:
    r"""Autocorrelation $\rho(k)$ for the lags 0 to `max_lag`, averaged over channels with their variance as weight."""
    centred = x - x.mean(axis=0)
    length = fft.next_fast_len(x.shape[0] + max_lag + 1, real=True)
    power = np.abs(np.asarray(fft.rfft(centred, length, axis=0))) ** 2
    covariance = np.asarray(fft.irfft(power.sum(axis=1), length))[: max_lag + 1]
    return covariance / covariance[0]


def decorrelation_lag(x: Array) -> int:
    """The first lag at which the autocorrelation has fallen below 1/e; a quarter of the series if it never does."""
    longest = x.shape[0] // 4
    below = np.flatnonzero(autocorrelation(x, max_lag=longest) < np.exp(-1.0))
    return int(below[0]) if below.size else longest


def theiler_window(x: Array) -> int:
    """How many samples apart two points must be to count as neighbours in space rather than in time.

    The larger of one period of the median frequency (half of the power lies below it; robust against measurement
    noise, unlike the mean frequency) and twice the decorrelation lag; at most a tenth of the series (Theiler, 1986).
    """
    period = median_period(x)
    return int(np.clip(np.ceil(max(period, 2 * decorrelation_lag(x))), 1, max(x.shape[0] // 10, 1)))


def median_period(x: Array) -> float:
    """Samples in one period of the median frequency."""
    power = (np.abs(np.asarray(fft.rfft(x - x.mean(axis=0), axis=0))) ** 2).sum(axis=1)
    power[0] = 0.0
    return x.shape[0] / max(int(np.searchsorted(np.cumsum(power), 0.5 * power.sum())), 1)


def spread_indices(count: int, *, at_most: int) -> NDArray[np.int64]:
    """At most `at_most` indices spread evenly over `range(count)`: a subsample that covers the whole series."""
    if count <= at_most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, at_most).astype(np.int64))
