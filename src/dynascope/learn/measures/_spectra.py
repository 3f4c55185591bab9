"""How far the power spectra of two series are apart."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ._paired import paired


class AbstractSpectralDistance(eqx.Module):
    """A definition of the distance D_H of power spectra, between 0 (equal) and 1 (no common frequency)."""

    @property
    @abstractmethod
    def definition(self) -> str:
        """The definition in one line, for tables."""

    @abstractmethod
    def channels(self, generated: Any, truth: Any) -> NDArray[np.float64]:
        """The distance of each channel; 1 where the generated one is not finite or stands still."""

    def __call__(self, generated: Any, truth: Any) -> float:
        """The mean of the distance over channels.

        Args:
            generated: Orbit of the model, shape `(time, channel)`.
            truth: The data, of the same shape.
        """
        return float(np.mean(self.channels(generated, truth)))


class SmoothedSpectra(AbstractSpectralDistance):
    r"""Hellinger distance of smoothed power spectra, as in generalized teacher forcing.

    Every channel is standardised by itself; $f = |\mathrm{rfft}|^2$ is smoothed with a Gaussian of `smoothing`
    frequency bins (four deviations wide, reflected at the ends) and normalised to the sum 1;
    $H = \sqrt{1 - \sum_\omega \sqrt{f_\omega g_\omega}}$. A bin is 1/(T dt) wide, so the value depends on the length,
    and both series need the same.

    Args:
        smoothing: Standard deviation of the Gaussian, in frequency bins; 0 for none.

    Reference:
        Mikhaeil, Monfared & Durstewitz (2022), On the difficulty of learning chaotic dynamics with RNNs, NeurIPS;
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing, ICML.
    """

    smoothing: float = eqx.field(static=True, default=20.0)

    @property
    def definition(self) -> str:
        """The smoothing."""
        return f"Hellinger distance of power spectra (smoothed over {self.smoothing:g} frequency bins)"

    def channels(self, generated: Any, truth: Any) -> NDArray[np.float64]:
        made, true = paired(generated, truth, equal_length=True)
        smooth = self.smoothing
        return np.array([_hellinger(*(_power(c, smooth) for c in pair)) for pair in zip(made.T, true.T, strict=True)])


class FirstFrequencies(AbstractSpectralDistance):
    r"""Hellinger distance of the lowest Fourier powers of the raw series, without smoothing, as in the dysts package.

    $f = |\mathrm{rfft}|^2$ at the first `count` frequencies, zero frequency (the mean) included, normalised to the sum
    1. It depends on the units' zero, and says nothing of higher frequencies.

    Args:
        count: Number of frequencies.

    Reference:
        Gilpin (2023), Model scale versus domain knowledge in statistical forecasting of chaotic systems, Physical
        Review Research 5, 043252.
    """

    count: int = eqx.field(static=True, default=100)

    @property
    def definition(self) -> str:
        """The number of frequencies."""
        return f"Hellinger distance of the first {self.count} Fourier powers (raw series, not smoothed)"

    def channels(self, generated: Any, truth: Any) -> NDArray[np.float64]:
        made, true = paired(generated, truth, equal_length=True)
        powers = [np.abs(np.fft.rfft(x, axis=0)[: self.count]).T ** 2 for x in (made, true)]
        return np.array([_hellinger(_normalised(f), _normalised(g)) for f, g in zip(*powers, strict=True)])


def _power(x: NDArray[np.float64], smoothing: float) -> NDArray[np.float64] | None:
    """The smoothed power of one channel with sum 1; None where there is none."""
    from scipy.ndimage import gaussian_filter1d

    if not np.isfinite(x).all() or np.ptp(x) <= 1e-12 * max(1.0, np.abs(x).max()):
        return None
    power = np.abs(np.fft.rfft((x - x.mean()) / x.std())) ** 2
    if smoothing:
        power = np.maximum(gaussian_filter1d(power, smoothing, mode="reflect", truncate=4.0), 0.0)
    return _normalised(power)


def _normalised(power: NDArray[np.float64]) -> NDArray[np.float64] | None:
    total = power.sum()
    return power / total if np.isfinite(total) and total > 0 else None


def _hellinger(f: NDArray[np.float64] | None, g: NDArray[np.float64] | None) -> float:
    if f is None or g is None:
        return 1.0
    return float(np.sqrt(max(0.0, 1.0 - np.sum(np.sqrt(f * g)))))
