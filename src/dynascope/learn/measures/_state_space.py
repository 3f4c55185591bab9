"""How far the distribution of one orbit in state space is from that of another: four definitions, each by its name."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ._paired import paired

#: Distances computed at once.
_AT_ONCE = 2_000_000


class AbstractStateSpaceDivergence(eqx.Module):
    """A definition of the state-space divergence D_stsp; those in the literature are not comparable."""

    @property
    @abstractmethod
    def definition(self) -> str:
        """The definition in one line, for tables: what is estimated, on what, with which constants."""

    @abstractmethod
    def __call__(self, generated: Any, truth: Any) -> float:
        """KL(truth || generated) in nats.

        Args:
            generated: Orbit of the model, shape `(time, channel)`; infinite where the model diverged.
            truth: The data, shape `(time, channel)`, in the same units: standardised by the training data.

        Returns:
            The divergence; NaN where the generated orbit is not finite or never comes where the data are, which is a
            failure of the model and never to be left out of an average.
        """


class GTFBins(AbstractStateSpaceDivergence):
    r"""Histograms as in generalized teacher forcing: bins over the range of the data and a margin.

    $D = \sum_k p_k \ln (p_k / q_k)$ over `bins` cells per axis of the box $[\min - m \sigma, \max + m \sigma]$ of the
    data, with $p_k = (n_k + a) / (\sum n + a K)$, K the number of all cells and a the smoothing. What lies outside the
    box is not counted. The value of a perfect model is not 0: it depends on the length and the time covered; compare
    with another stretch of the data.

    Args:
        bins: Cells along each axis.
        margin: m, in standard deviations of the data.
        smoothing: a, counts added to every cell.

    Reference:
        Hess, Monfared, Brenner & Durstewitz (2023), Generalized teacher forcing for learning chaotic dynamics, ICML.
    """

    bins: int = eqx.field(static=True, default=30)
    margin: float = eqx.field(static=True, default=0.1)
    smoothing: float = eqx.field(static=True, default=1e-5)

    def __check_init__(self) -> None:
        _check(self.bins, self.smoothing)

    @property
    def definition(self) -> str:
        """Bins, margin and smoothing."""
        return f"GTF bins ({self.bins} per axis, margin {self.margin:g} sd, smoothing {self.smoothing:g})"

    def __call__(self, generated: Any, truth: Any) -> float:
        made, true = paired(generated, truth)
        spread = self.margin * true.std(axis=0)
        low, high = true.min(axis=0) - spread, true.max(axis=0) + spread
        cells = [_cells(x, low, high, bins=self.bins, first=0) for x in (true, made)]
        return _divergence(cells, _cell_count(self.bins, true.shape[1]), self.smoothing) if _sound(made) else np.nan


class ALRNNBins(AbstractStateSpaceDivergence):
    r"""Histograms as in the code of the almost-linear RNN: no margin, and the first bin of each axis is left out.

    As `GTFBins`, but over the box $[\min, \max]$ of the data exactly; points in the first bin of any axis, and those at
    the very maximum, are not counted.

    Args:
        bins: Cells along each axis.
        smoothing: Counts added to every cell.

    Reference:
        Brenner, Hemmer, Monfared & Durstewitz (2024), Almost-linear RNNs yield highly interpretable symbolic codes in
        dynamical systems reconstruction, NeurIPS.
    """

    bins: int = eqx.field(static=True, default=30)
    smoothing: float = eqx.field(static=True, default=1e-5)

    def __check_init__(self) -> None:
        _check(self.bins, self.smoothing)

    @property
    def definition(self) -> str:
        """Bins and smoothing."""
        return f"AL-RNN bins ({self.bins} per axis, no margin, first bins left out, smoothing {self.smoothing:g})"

    def __call__(self, generated: Any, truth: Any) -> float:
        made, true = paired(generated, truth)
        low, high = true.min(axis=0), true.max(axis=0)
        cells = [_cells(x, low, high, bins=self.bins, first=1) for x in (true, made)]
        return _divergence(cells, _cell_count(self.bins, true.shape[1]), self.smoothing) if _sound(made) else np.nan


class Mixture(AbstractStateSpaceDivergence):
    r"""Mixtures of one Gaussian on every point, for more channels than bins can serve.

    $p(x) = \frac1T \sum_t N(x; x_t, s^2 I)$ of the data and q likewise of the generated orbit; $D$ is the mean of
    $\ln p - \ln q$ over draws from p. Densities are summed as logarithms, so that no draw is lost where q underflows:
    the published code leaves such draws out, which hides failures, and is smaller there.

    Args:
        variance: s^2, in the units of the data squared. 1 on standardised data is very coarse.
        points: Points of each series that are used, the first ones.
        draws: Number of draws from p.
        seed: Seed of the draws.

    Reference:
        Koppe, Toutounji, Kirsch, Lis & Durstewitz (2019), Identifying nonlinear dynamical systems via generative
        recurrent neural networks with applications to fMRI, PLoS Computational Biology 15, e1007263.
    """

    variance: float = eqx.field(static=True, default=1.0)
    points: int = eqx.field(static=True, default=10_000)
    draws: int = eqx.field(static=True, default=1000)
    seed: int = eqx.field(static=True, default=0)

    @property
    def definition(self) -> str:
        """Variance, points and draws."""
        return f"Gaussian mixture (variance {self.variance:g}, {self.points} points, {self.draws} draws)"

    def __call__(self, generated: Any, truth: Any) -> float:
        made, true = (x[: self.points] for x in paired(generated, truth))
        if not _sound(made):
            return np.nan
        generator = np.random.default_rng(self.seed)
        centres = true[generator.integers(len(true), size=self.draws)]
        drawn = centres + np.sqrt(self.variance) * generator.standard_normal(centres.shape)
        return float(np.mean(_log_density(drawn, true, self.variance) - _log_density(drawn, made, self.variance)))


def default_divergence(channels: int) -> AbstractStateSpaceDivergence:
    """Bins for up to five channels, as in the paper on generalized teacher forcing, and the mixture for more."""
    return GTFBins() if channels < 6 else Mixture()


def _check(bins: int, smoothing: float) -> None:
    if bins < 2 or not smoothing > 0:
        raise InputError(f"`bins` must be 2 at least and `smoothing` above 0, got {bins} and {smoothing}.")


def _sound(made: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(made).all())


def _cell_count(bins: int, channels: int) -> float:
    if channels * np.log2(bins) > 62:
        raise InputError(
            f"{bins} bins along each of {channels} axes are more cells than can be counted. Use `Mixture()`, or fewer "
            "channels."
        )
    return float(bins) ** channels


def _cells(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], *, bins: int, first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the cells that are visited, in order, and how often each is."""
    width = np.where(high > low, high - low, 1.0)
    with np.errstate(invalid="ignore", over="ignore"):
        place = np.floor(bins * (x - low) / width)
    inside = np.all((place >= first) & (place < bins), axis=1)
    code = np.zeros(int(inside.sum()), np.int64)
    for column in place[inside].astype(np.int64).T:
        code = code * bins + column
    visited, counts = np.unique(code, return_counts=True)
    return visited, counts


def _divergence(cells: list[Any], count: float, smoothing: float) -> float:
    """KL of the smoothed histograms; cells that neither series visits are summed in one term."""
    (true_cells, true_counts), (made_cells, made_counts) = cells
    if not made_counts.size or not true_counts.size:
        return np.nan
    seen = np.union1d(true_cells, made_cells)
    n = np.zeros((2, seen.size))
    n[0, np.searchsorted(seen, true_cells)] = true_counts
    n[1, np.searchsorted(seen, made_cells)] = made_counts
    total = n.sum(axis=1, keepdims=True) + smoothing * count
    p, q = (n + smoothing) / total
    empty_p, empty_q = smoothing / total[:, 0]
    return float(np.sum(p * np.log(p / q)) + (count - seen.size) * empty_p * np.log(empty_p / empty_q))


def _log_density(at: NDArray[np.float64], centres: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Logarithm of the mixture's density at the points `at`, up to a constant that two mixtures share."""
    size = max(1, _AT_ONCE // len(centres))
    squares = np.sum(centres**2, axis=1)
    found = []
    for start in range(0, len(at), size):
        part = at[start : start + size]
        exponent = -0.5 * (np.sum(part**2, axis=1)[:, None] + squares - 2 * part @ centres.T) / variance
        top = exponent.max(axis=1)
        found.append(top + np.log(np.mean(np.exp(exponent - top[:, None]), axis=1)))
    return np.concatenate(found)
