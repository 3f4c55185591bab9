"""The power spectrum: which rhythms, how sharp, and how much is left between them."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, special

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._series import Array, channels, checked_interval


class Spectrum(AbstractResult):
    """Power spectral density with its confidence interval, its peaks and two numbers that tell lines from a band."""

    flatness: float
    line_fraction: float
    line_fraction_stderr: float
    converged: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    frequencies: NDArray[np.float64] = output("frequency", unit="1 / time unit", doc="Frequency")
    power: NDArray[np.float64] = output("frequency", doc="Power spectral density, mean over channels")
    lower: NDArray[np.float64] = output("frequency", doc="Lower end of the confidence interval")
    upper: NDArray[np.float64] = output("frequency", doc="Upper end of the confidence interval")
    peaks: NDArray[np.float64] = output("peak", unit="1 / time unit", doc="Frequencies of the peaks, strongest first")
    peak_errors: NDArray[np.float64] = output("peak", unit="1 / time unit", doc="Their standard errors")
    peak_powers: NDArray[np.float64] = output("peak", doc="Share of the variance within each peak")

    def summary(self) -> str:
        """The strongest peaks, the share of power in lines, the flatness."""
        if self.peaks.size:
            pairs = zip(self.peaks[:3], self.peak_errors[:3], strict=True)
            first = "peaks at " + ", ".join(f"{f:.4g} +- {e:.1g}" for f, e in pairs)
        else:
            first = "no peak above the background"
        return (
            f"Spectrum: {first}; {100 * self.line_fraction:.0f} +- {100 * self.line_fraction_stderr:.0f}% of the power "
            f"in lines, flatness {self.flatness:.3f}."
        )


def spectrum(
    x: ArrayLike, *, dt: float = 1.0, tapers: int = 5, segments: int = 8, confidence: float = 0.95, most_peaks: int = 20
) -> Spectrum:
    r"""Power spectral density by the averages of Welch over segments and of Thomson over tapers.

    The density is that of half-overlapping segments, each the mean over `tapers` sine tapers; its confidence interval
    is that of a $\chi^2$ with 2 `tapers` times the number of independent segments degrees of freedom. Peaks and lines
    are read from the spectrum of the whole series with a Hann window, where they are sharpest: a line is a peak at
    least ten times as high as the median of its neighbourhood, and takes the bins of the window's main lobe. Flatness
    is the geometric over the arithmetic mean of the density: 1 for white noise, near 0 for lines.

    Args:
        x: (time,) or (time, channel), at least 64 samples.
        dt: sampling interval, in time units.
        tapers: sine tapers.
        segments: independent segments; a series shorter than 64 samples a segment gets fewer.
        confidence: of the interval.
        most_peaks: at most so many peaks are returned.

    Returns:
        A `Spectrum`. It converged if the share of power in lines is the same in both halves of the series within 0.1.

    Raises:
        InputError: too short, not finite, or constant.

    Reference: Welch (1967), The use of fast Fourier transform for the estimation of power spectra; Riedel and Sidorenko
    (1995), Minimum bias multiple taper spectral estimation.
    """
    table, interval = channels(x, least=64), checked_interval(dt)
    if np.ptp(table, axis=0).max() == 0:
        raise InputError("`x` is constant: it has no spectrum.")
    if tapers < 1 or segments < 1 or not 0 < confidence < 1:
        raise InputError("`tapers` and `segments` must be at least 1, and `confidence` between 0 and 1.")
    from scipy import signal  # slow to load: only where it is needed

    parts = int(np.clip(table.shape[0] // 64, 1, segments))
    size = table.shape[0] // parts
    shapes = _sine_tapers(size, tapers)
    density = np.zeros(size // 2 + 1)
    frequencies = np.zeros(density.size)
    for shape in shapes:
        frequencies, each = signal.welch(
            table, fs=1 / interval, window=shape, nperseg=size, noverlap=size // 2, axis=0, detrend="constant"
        )
        density += each.mean(axis=1) / tapers
    freedom = 2 * tapers * parts
    low, high = 2 * special.gammaincinv(freedom / 2, [0.5 + confidence / 2, 0.5 - confidence / 2])
    places, errors, shares = lines(table, dt=interval)
    order = np.argsort(shares)[::-1][:most_peaks]
    halves = [float(lines(half, dt=interval)[2].sum()) for half in np.array_split(table, 2)]
    inside = density[1:-1]
    spread = 0.5 * abs(halves[0] - halves[1])
    converged = abs(halves[0] - halves[1]) < 0.1
    return Spectrum(
        frequencies=frequencies,
        power=density,
        lower=density * freedom / low,
        upper=density * freedom / high,
        peaks=places[order],
        peak_errors=errors[order],
        peak_powers=shares[order],
        flatness=float(np.exp(np.mean(np.log(np.maximum(inside, 1e-300)))) / np.mean(inside)),
        line_fraction=float(shares.sum()),
        line_fraction_stderr=float(spread),
        converged=bool(converged),
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(dt=interval, tapers=tapers, segments=parts, confidence=confidence, most_peaks=most_peaks),
    )


def _sine_tapers(size: int, count: int) -> Array:
    step = np.arange(1, size + 1) / (size + 1)
    return np.sin(np.pi * np.arange(1, count + 1)[:, None] * step) * np.sqrt(2 / (size + 1))


def lines(x: Array, *, dt: float) -> tuple[Array, Array, Array]:
    """Frequencies, their standard errors, and shares of the variance of the spectral lines of (time, channel).

    A peak of the Hann spectrum of the whole series is a line if it stands ten times above the median of the 50 bins
    around it. Its place comes from the amplitudes of the two highest bins (exact for a pure sine), its error from
    the ratio of line to background (the bound of Cramer and Rao), at least 1 % of a bin.
    """
    count = x.shape[0]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)
    amplitude = np.asarray(fft.rfft((x - x.mean(axis=0)) * window[:, None], axis=0))
    power = (np.abs(amplitude) ** 2).sum(axis=1)
    power[0] = 0.0
    # The window spreads a line over five bins; a median over fifty of them sees the background.
    width = min(51, 2 * (power.size // 4) + 1)
    background = np.maximum(_running_median(power, width), 1e-28 * power.max())
    # Beyond the Nyquist frequency the spectrum is its own mirror image.
    mirrored = np.append(power, power[-1] if count % 2 else power[-2])
    centre = power[1:]
    found = 1 + np.flatnonzero((centre >= power[:-1]) & (centre >= mirrored[2:]) & (centre > 10 * background[1:]))
    # The factor 10 exceeds the largest of many exponential variables only with the help of its neighbours.
    found = found[power[found - 1] + power[found] + mirrored[found + 1] > 30 * background[found]]
    owner = np.full(power.size, -1)
    for k in found[np.argsort(power[found])]:
        owner[max(k - 2, 0) : k + 3] = k
    total = max(float(power.sum()), 1e-300)
    places, errors, shares = [], [], []
    for k in found:
        inside = np.flatnonzero(owner == k)
        if not inside.size:
            continue
        excess = np.maximum(power[inside] - background[inside], 0.0)
        right = mirrored[k + 1] > power[k - 1]
        ratio = np.sqrt(max(mirrored[k + 1], power[k - 1]) / power[k])
        shift = 0.0 if k == power.size - 1 else (2 * ratio - 1) / (1 + ratio) * (1 if right else -1)
        places.append((k + shift) / (count * dt))
        noise = np.sqrt(background[k] / power[k])
        errors.append(max(0.01, float(noise)) / (count * dt))
        shares.append(float(excess.sum()) / total)
    return np.array(places), np.array(errors), np.array(shares)


def _running_median(power: Array, width: int) -> Array:
    """Median over `width` bins; on long spectra at every eighth bin, with straight lines between."""
    half = width // 2
    padded = np.pad(power, half, mode="reflect")
    every = max(1, power.size // 4096)
    at = np.unique(np.append(np.arange(0, power.size, every), power.size - 1))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, width)[at], axis=1)
    return np.interp(np.arange(power.size), at, medians)
