"""The period of a series: the time between returns to a level."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._series import Array, channels, checked_interval


class Period(AbstractResult):
    """Return times to a level and their mean: the period, if they do not vary."""

    period: float
    stderr: float
    variation: float
    level: float
    converged: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    crossings: NDArray[np.float64] = output("return", unit="time unit", doc="Times of the upward crossings")
    intervals: NDArray[np.float64] = output("interval", unit="time unit", doc="Times between them")

    def summary(self) -> str:
        """The period, its error, and how regular it is."""
        if not self.converged:
            return f"No period: {self.crossings.size} returns to the level {self.level:.4g}, at least 4 are needed."
        return (
            f"Return time {self.period:.6g} +- {self.stderr:.2g} time units over {self.intervals.size} returns, "
            f"coefficient of variation {self.variation:.3g}."
        )


def period(x: ArrayLike, *, dt: float = 1.0, level: float | None = None, band: float = 0.1, every: int = 1) -> Period:
    """Mean time between upward crossings of a level, each located between the samples.

    A crossing counts only after the series has been below the level by `band` of its range (hysteresis), so that
    noise at the level does not make crossings; it is located by a straight line between the two samples around it.
    The mean uses the first and the last crossing, hence its error falls as 1/n for a clean rhythm.

    Args:
        x: (time,); of several channels the one with the largest range is used.
        dt: sampling interval, in time units.
        level: None takes the middle between the 5 % and the 95 % quantile.
        band: of the hysteresis, as a fraction of that range.
        every: count every so-manieth crossing, for rhythms with several crossings in a period.

    Returns:
        A `Period`: mean, standard error (scatter of the intervals, with a floor of the location error), coefficient of
        variation. It converged if there are at least four returns.

    Raises:
        InputError: too short, not finite or constant.
    """
    table, interval = channels(x, least=8), checked_interval(dt)
    if not 0 <= band < 0.5 or every < 1:
        raise InputError(f"`band` must lie in [0, 0.5) and `every` be at least 1; got {band} and {every}.")
    series = table[:, int(np.argmax(np.ptp(table, axis=0)))]
    low, high = np.quantile(series, [0.05, 0.95])
    if high <= low:
        low, high = series.min(), series.max()
    if high <= low:
        raise InputError("`x` is constant: it has no period.")
    middle = 0.5 * (low + high) if level is None else float(level)
    times = _upward(series, middle, band * (high - low))[::every] * interval
    gaps = np.diff(times)
    enough = gaps.size >= 3
    mean = float(gaps.mean()) if gaps.size else float("nan")
    scatter = float(gaps.std(ddof=1)) if enough else float("nan")
    # Intervals between neighbouring crossings share one crossing: location errors cancel in the sum, except at the
    # ends.
    ends = _location_error(series) * interval * math.sqrt(2) / max(gaps.size, 1)
    stderr = math.hypot(_mean_error(gaps), ends) if enough else float("nan")
    return Period(
        crossings=times,
        intervals=gaps,
        period=mean,
        stderr=stderr,
        variation=scatter / mean if enough else float("nan"),
        level=float(middle),
        converged=bool(enough),
        result=RESULTS.successful if enough else RESULTS.not_converged,
        settings=provenance(dt=interval, level=level, band=band, every=every),
    )


def _upward(x: Array, level: float, margin: float) -> Array:
    """Times, in samples, of the upward crossings that follow a stay below `level - margin`."""
    state = np.zeros(x.size, dtype=np.int8)
    state[x < level - margin], state[x >= level] = -1, 1
    known = np.flatnonzero(state)
    change = np.flatnonzero((state[known[:-1]] == -1) & (state[known[1:]] == 1))
    after = known[change + 1]
    before = after - 1
    step = np.maximum(x[after] - x[before], 1e-300)
    return before + np.clip((level - x[before]) / step, 0.0, 1.0)


def _mean_error(gaps: Array) -> float:
    """Standard error of the mean interval from the means of up to ten blocks, which sees drifts and correlations."""
    blocks = min(10, gaps.size)
    means = np.array([part.mean() for part in np.array_split(gaps, blocks)])
    return float(means.std(ddof=1) / math.sqrt(blocks))


def _location_error(x: Array) -> float:
    """Error of a crossing located by a straight line, in samples: curvature over eight slopes, at the steep samples."""
    slope = np.abs(np.diff(x))
    bend = np.abs(np.diff(x, n=2))
    steep = slope[:-1] >= np.quantile(slope, 0.5)
    return float(np.median(bend[steep] / np.maximum(slope[:-1][steep], 1e-300)) / 8)
