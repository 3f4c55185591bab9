"""Avalanches of spikes: cascades between silences, and how many spikes one spike makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance

Array = NDArray[np.float64]


class Avalanches(AbstractResult):
    """Stretches of activity between empty bins.

    Attributes:
        sizes: Spikes of each avalanche.
        durations: Bins of each.
        exponent: Exponent a of the size distribution p(s) ~ s^-a from the least size on, by maximum likelihood; 1.5 for
            a critical branching process.
        exponent_stderr: Its standard error from the curvature of the likelihood.
        least: The least size that was used.
    """

    exponent: float
    exponent_stderr: float
    least: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    sizes: NDArray[np.int64] = output("avalanche", doc="Spikes of each avalanche")
    durations: NDArray[np.int64] = output("avalanche", unit="bins", doc="Length of each avalanche")

    def summary(self) -> str:
        """Number of avalanches, mean size and the exponent."""
        if not self.sizes.size:
            return "No avalanches: no silence, or no activity, on both sides of which to cut."
        return (
            f"{self.sizes.size} avalanches of {self.sizes.mean():.3g} spikes and {self.durations.mean():.3g} bins on "
            f"average; sizes from {self.least} on fall with exponent {self.exponent:.3g} +- {self.exponent_stderr:.1g}."
        )


def avalanches(activity: ArrayLike, *, least: int = 1) -> Avalanches:
    """Cut the activity of a population at its silences; what touches the edges of the record is left out.

    Args:
        activity: Spikes of all units in each bin: `binned(trains, bin=...).sum(axis=0)`.
        least: Least size that the exponent of the sizes is fitted to.

    Returns:
        An `Avalanches`; code `not_converged` with fewer than ten avalanches of that size, or of one size only.

    Raises:
        InputError: If the activity is not one row of counts.

    Reference:
        Beggs & Plenz (2003), Neuronal avalanches in neocortical circuits, J. Neurosci. 23, 11167-11177; Clauset,
        Shalizi & Newman (2009), Power-law distributions in empirical data, SIAM Review 51, 661-703.

    Example:
        >>> found = avalanches([0, 2, 1, 0, 0, 4, 0, 3])
        >>> found.sizes.tolist(), found.durations.tolist()
        ([3, 4], [2, 1])
    """
    counts = _activity(activity)
    if least < 1:
        raise InputError(f"`least` must be at least 1, got {least}.")
    silent = np.flatnonzero(counts == 0)
    lengths = np.diff(silent) - 1
    totals = np.concatenate([[0], np.cumsum(counts)])
    sizes = np.diff(totals[silent])
    active = lengths > 0
    sizes, lengths = sizes[active], lengths[active]
    used = sizes[sizes >= least]
    exponent, error = _power_law(used, least)
    return Avalanches(
        exponent=exponent,
        exponent_stderr=error,
        least=least,
        result=RESULTS.successful if math.isfinite(error) else RESULTS.not_converged,
        settings=provenance(bins=counts.size, least=least),
        sizes=sizes.astype(np.int64),
        durations=lengths.astype(np.int64),
    )


class BranchingRatio(AbstractResult):
    """How many spikes one spike makes in the next bin.

    Attributes:
        ratio: Estimate m; 1 is critical.
        ratio_stderr: Its standard error by blocks of the record.
        naive: Regression of the next bin on this one, which is too small where only a part of the units is seen.
        slopes: Regression slope at every lag: b m^k, with b = 1 where all units are seen.
        slopes_stderr: Their errors by blocks.
    """

    ratio: float
    ratio_stderr: float
    naive: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    slopes: Array = output("lag", doc="Regression slope of the activity on that some bins before")
    slopes_stderr: Array = output("lag", doc="Standard error of the slope")

    def summary(self) -> str:
        """The ratio and its error, and what one step alone would say."""
        return f"Branching ratio {self.ratio:.4g} +- {self.ratio_stderr:.1g} (from one step alone {self.naive:.4g})."


def branching_ratio(activity: ArrayLike, *, lags: int = 20, blocks: int = 10) -> BranchingRatio:
    """The branching ratio from regressions at several lags, right even where few of the units are seen.

    E[A(t + k) | A(t)] = r_k A(t) + const with r_k = b m^k, so that m follows from how the slopes decay.

    Args:
        activity: Spikes of all units in each bin.
        lags: Longest lag, in bins; several times -1 / log m where that is known.
        blocks: Parts of the record whose scatter tells the error.

    Returns:
        A `BranchingRatio`; code `not_converged` where the activity is not positively correlated.

    Raises:
        InputError: If the record is shorter than ten times `lags` in every block.

    Reference:
        Wilting & Priesemann (2018), Inferring collective dynamical states from widely unobserved systems, Nature
        Communications 9, 2325.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = [10]
        >>> for _ in range(20000):
        ...     a.append(rng.poisson(0.8 * a[-1] + 2.0))
        >>> abs(branching_ratio(a).ratio - 0.8) < 0.03
        True
    """
    counts = _activity(activity).astype(float)
    if lags < 2 or blocks < 3 or counts.size < 10 * lags * blocks:
        raise InputError(
            f"{counts.size} bins are too few for {lags} lags in {blocks} blocks (ten times their product). Use fewer."
        )
    slopes = _slopes(counts, lags)
    parts = np.array([_slopes(part, lags) for part in np.array_split(counts, blocks)])
    errors = parts.std(axis=0, ddof=1) / math.sqrt(blocks)
    ratio = _decay(slopes, errors)
    # Leaving out one block at a time: a decay fitted to one block alone would be biased.
    left = np.array([_decay((parts.sum(axis=0) - part) / (blocks - 1), errors) for part in parts])
    error = math.sqrt((blocks - 1) / blocks * float(np.sum((left - left.mean()) ** 2)))
    converged = math.isfinite(ratio) and math.isfinite(error) and slopes[0] > 2 * errors[0]
    return BranchingRatio(
        ratio=ratio,
        ratio_stderr=error if converged else math.inf,
        naive=float(slopes[0]),
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(bins=counts.size, lags=lags, blocks=blocks),
        slopes=slopes,
        slopes_stderr=errors,
    )


def _activity(activity: ArrayLike) -> Array:
    counts = np.asarray(activity)
    if counts.ndim != 1 or counts.size < 3 or not np.all(counts >= 0):
        raise InputError(f"`activity` must be one row of counts of spikes, got the shape {counts.shape}.")
    return counts


def _slopes(counts: Array, lags: int) -> Array:
    slopes = np.zeros(lags)
    for k in range(1, lags + 1):
        early, late = counts[:-k] - counts[:-k].mean(), counts[k:] - counts[k:].mean()
        power = float(early @ early)
        slopes[k - 1] = early @ late / power if power > 0 else 0.0
    return slopes


def _decay(slopes: Array, errors: Array) -> float:
    """M of the weighted least squares fit of b m^k, the strength b eliminated."""
    k = np.arange(1, slopes.size + 1)
    weight = 1.0 / np.maximum(errors, 1e-12) ** 2

    def loss(m: float) -> float:
        shape = m**k
        scale = np.sum(weight * shape * slopes) / np.sum(weight * shape**2)
        return float(np.sum(weight * (slopes - scale * shape) ** 2))

    grid = np.linspace(0.01, 1.1, 219)
    best = int(np.argmin([loss(m) for m in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    return _least_of(loss, low, high)


def _power_law(sizes: NDArray[np.int64], least: int) -> tuple[float, float]:
    """Exponent of a discrete power law from `least` on, and its error."""
    if sizes.size < 10 or np.all(sizes == sizes[0]):
        return math.nan, math.inf
    logs = float(np.mean(np.log(sizes)))

    def loss(a: float) -> float:
        return float(np.log(special.zeta(a, least)) + a * logs)

    a = _least_of(loss, 1.0001, 20.0)
    step = 1e-3 * (a - 1)
    curvature = (loss(a + step) - 2 * loss(a) + loss(a - step)) / step**2
    return a, 1.0 / math.sqrt(sizes.size * curvature) if curvature > 0 else math.inf


def _least_of(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one variable is least between two ends."""
    found: Any = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return float(found.x)
