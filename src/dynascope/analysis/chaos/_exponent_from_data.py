"""The largest Lyapunov exponent of a recording: how fast do neighbours separate?"""

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._neighbours import neighbours
from .._series import Array, checked_interval, spread_indices
from ..geometry import Embedding, embedding

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

_FLOOR = 1e-10
_BLOCKS = 20


class AbstractDivergence(eqx.Module):
    """A way to follow how neighbours separate.

    A subclass implements `curves` and declares `bias`, the relative error of the method itself on systems whose
    exponent is known; choosing the linear region, the slope and its error then work without further code.
    """

    bias: AbstractVar[float]

    @abstractmethod
    def curves(self, embedded: Embedding, *, horizon: int) -> Array:
        """Mean log distance after 0 to `horizon` samples for each reference point, in the order of time.

        Returns:
            (reference, horizon + 1), in nats; only references that have neighbours.
        """


class Rosenstein(AbstractDivergence):
    """Log distance to the single nearest neighbour.

    Attributes:
        references: number of reference points.
        candidates: number of points among which neighbours are sought.
        bias: relative error from finite distances, added to the standard error (5 % on Lorenz with 100,000 samples).

    Reference: Rosenstein, Collins and De Luca (1993), A practical method for calculating largest Lyapunov exponents
    from small data sets.
    """

    references: int = 3000
    candidates: int = 50_000
    bias: float = 0.05

    def curves(self, embedded: Embedding, *, horizon: int) -> Array:
        points = embedded.points[: embedded.points.shape[0] - horizon]
        chosen = spread_indices(points.shape[0], at_most=self.references)
        _, which = neighbours(points, chosen, count=1, theiler=embedded.theiler, at_most=self.candidates)
        valid = which[:, 0] >= 0
        i, j = chosen[valid], which[valid, 0]
        out, newest = np.empty((i.size, horizon + 1)), _newest(embedded)
        for k in range(horizon + 1):
            out[:, k] = np.linalg.norm(newest[i + k] - newest[j + k], axis=1)
        return np.log(np.maximum(out, _FLOOR))


class Kantz(AbstractDivergence):
    """Log of the mean distance to all neighbours in a ball.

    Attributes:
        radius: of the ball, as a fraction of the root-mean-square size of the attractor; None takes the radius at which
            half of the reference points have `least` neighbours.
        references: number of reference points.
        least: fewest neighbours that a reference point needs.
        most: neighbours followed at most, spread over those found.
        bias: relative error from finite distances, added to the standard error.

    Reference: Kantz (1994), A robust method to estimate the maximal Lyapunov exponent of a time series.
    """

    radius: float | None = None
    references: int = 1500
    least: int = 5
    most: int = 30
    bias: float = 0.15

    def __check_init__(self):
        if self.radius is not None and not 0 < self.radius < 1:
            raise InputError(f"`radius` must lie between 0 and 1; got {self.radius}.")

    def curves(self, embedded: Embedding, *, horizon: int) -> Array:
        points = embedded.points[: embedded.points.shape[0] - horizon]
        chosen = spread_indices(points.shape[0], at_most=self.references)
        if self.radius is None:
            far, _ = neighbours(points, chosen[::5], count=self.least, theiler=embedded.theiler)
            radius = float(np.median(far[:, -1]))
            if not np.isfinite(radius):
                return np.empty((0, horizon + 1))
        else:
            radius = self.radius * float(np.sqrt(points.var(axis=0).sum()))
        # A hair more than zero, so that a periodic series, which repeats itself exactly, has neighbours at all.
        found = KDTree(points).query_ball_point(points[chosen], radius + _FLOOR)
        rows, steps = [], np.arange(horizon + 1)
        newest = _newest(embedded)
        for i, ball in zip(chosen, found, strict=True):
            near = np.asarray(ball)
            near = near[np.abs(near - i) > embedded.theiler]
            if near.size < self.least:
                continue
            near = near[spread_indices(near.size, at_most=self.most)]
            apart = newest[near[:, None] + steps] - newest[i + steps]
            rows.append(np.log(np.maximum(np.linalg.norm(apart, axis=2).mean(axis=0), _FLOOR)))
        return np.array(rows).reshape(len(rows), horizon + 1)


class ExponentFromData(AbstractResult):
    """The largest exponent of a recording, with the curve that it is the slope of."""

    exponent: float
    stderr: float
    fit_start: float
    fit_stop: float
    saturation: float
    grows: bool
    converged: bool
    reason: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: NDArray[np.float64] = output("time", unit="time unit", doc="Time since the neighbours were found")
    divergence: NDArray[np.float64] = output("time", unit="nats", doc="Mean log distance of neighbours")
    divergence_stderr: NDArray[np.float64] = output("time", unit="nats", doc="Its standard error")

    def summary(self) -> str:
        """The exponent, its error, and whether there is a line to take the slope of."""
        if not self.converged:
            return f"No exponent: {self.reason}. (Best slope {self.exponent:.4g} +- {self.stderr:.2g} nats/time unit.)"
        return (
            f"Largest exponent {self.exponent:.4g} +- {self.stderr:.2g} nats per time unit, fitted from "
            f"{self.fit_start:.4g} to {self.fit_stop:.4g} ({self.reason})."
        )


def exponent_from_data(
    x: ArrayLike | Embedding,
    *,
    dt: float = 1.0,
    method: AbstractDivergence | None = None,
    horizon: float | None = None,
    seed: int = 0,
    **unfolding: Any,
) -> ExponentFromData:
    r"""Largest Lyapunov exponent of a recording, in nats per time unit.

    $S(t) = \langle \ln |x_i(t) - x_j(t)| \rangle$ over pairs of neighbours grows as $\lambda t$ until it saturates at
    the size of the attractor. The line is the window in which S (averaged over one turn, four delays) rises most
    while the slopes of its two halves agree within 15 % and S never falls back below its middle later, rising at
    least 1.5 nats and ending 1.5 nats below saturation; failing that, within 25 %, 0.7 and 1 nat. If S stays more
    than a nat below saturation and hardly rises, neighbours do not separate and the slope of all of it is the answer.
    Anything else (noise: S jumps and saturates; measurement noise: S jumps before it rises, so that the slope is
    biased) is reported as not converged.

    Args:
        x: (time,) or (time, channel), or an `Embedding`.
        dt: sampling interval, in time units (ignored for an `Embedding`, which has its own).
        method: `Rosenstein()` (default) or `Kantz()`.
        horizon: how long neighbours are followed, in time units; None takes twenty turns (sixty steps of a map), at
            most a fifth of the series.
        seed: of the bootstrap.
        **unfolding: `delay`, `dimension`, `theiler`, ... of `embedding`.

    Returns:
        An `ExponentFromData`. The standard error adds a bootstrap over 20 blocks of reference points in time (sampling)
        and the spread of the slope over all windows that pass the rule and rise half as much
        (choice of the line), and the relative bias of the method.

    Raises:
        InputError: the series is too short, not finite, or constant.
    """
    interval = checked_interval(x.dt if isinstance(x, Embedding) else dt)
    embedded = x if isinstance(x, Embedding) else embedding(x, dt=dt, **unfolding)
    count = embedded.points.shape[0]
    # The first minimum of the mutual information is about a quarter of the turning time of a flow.
    period = 4 * embedded.delay if embedded.delay > 1 else 1
    steps = int(np.clip(20 * max(period, 3) if horizon is None else horizon / interval, 10, max(count // 5, 10)))
    steps = min(steps, 4000)
    kind = Rosenstein() if method is None else method
    rows = kind.curves(embedded, horizon=steps)
    if rows.shape[0] < 2 * _BLOCKS:
        return _nothing(rows, steps, interval, f"only {rows.shape[0]} points have neighbours close enough")
    blocks = np.stack([block.mean(axis=0) for block in np.array_split(rows, _BLOCKS)])
    curve = blocks.mean(axis=0)
    scale = _saturation(_newest(embedded))
    line = _line(curve, saturation=scale, period=period)
    start, stop = line.start, line.stop
    slope = _slope(curve, start, stop)
    draws = np.random.default_rng(seed).integers(0, _BLOCKS, (200, _BLOCKS))
    sampled = [_slope(blocks[draw].mean(axis=0), start, stop) for draw in draws]
    systematic = kind.bias * abs(slope) if line.grows else 0.0
    stderr = math.hypot(float(np.std(sampled, ddof=1)), line.choice, systematic)
    return ExponentFromData(
        times=np.arange(steps + 1.0) * interval,
        divergence=curve,
        divergence_stderr=blocks.std(axis=0, ddof=1) / math.sqrt(_BLOCKS),
        exponent=slope / interval,
        stderr=stderr / interval,
        fit_start=start * interval,
        fit_stop=stop * interval,
        saturation=scale,
        grows=line.grows,
        converged=line.converged,
        reason=line.reason,
        result=RESULTS.successful if line.converged else RESULTS.not_converged,
        settings=provenance(
            method=repr(kind),
            horizon=steps * interval,
            delay=embedded.delay,
            dimension=embedded.dimension,
            components=embedded.components,
            theiler=embedded.theiler,
            dt=interval,
            seed=seed,
        ),
    )


def _nothing(rows: Array, steps: int, dt: float, reason: str) -> ExponentFromData:
    curve = rows.mean(axis=0) if rows.size else np.full(steps + 1, np.nan)
    return ExponentFromData(
        times=np.arange(steps + 1.0) * dt,
        divergence=curve,
        divergence_stderr=np.full(steps + 1, np.nan),
        exponent=float("nan"),
        stderr=float("nan"),
        fit_start=0.0,
        fit_stop=0.0,
        saturation=float("nan"),
        grows=False,
        converged=False,
        reason=reason,
        result=RESULTS.not_converged,
        settings=provenance(dt=dt),
    )


def _newest(embedded: Embedding) -> Array:
    """The newest copy of every component: its distance is the one that the past of a neighbour cannot fix."""
    return embedded.points[:, -embedded.components :]


def _saturation(points: Array) -> float:
    """Mean log distance of two points that have nothing to do with each other."""
    chosen = points[spread_indices(points.shape[0], at_most=2000)]
    apart = np.linalg.norm(chosen - np.roll(chosen, chosen.shape[0] // 3, axis=0), axis=1)
    return float(np.mean(np.log(np.maximum(apart, _FLOOR))))


class _Line(eqx.Module):
    start: int
    stop: int
    choice: float
    converged: bool
    reason: str
    grows: bool


def _slopes(curve: Array, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Array:
    """Least-squares slopes of `curve` over the windows start..stop (inclusive), by running sums."""
    k = np.arange(curve.size)
    level = np.concatenate([[0.0], np.cumsum(curve - curve.mean())])
    moment = np.concatenate([[0.0], np.cumsum((curve - curve.mean()) * k)])
    count = stop - start + 1.0
    covariance = moment[stop + 1] - moment[start] - 0.5 * (start + stop) * (level[stop + 1] - level[start])
    return covariance / np.maximum(count * (count**2 - 1) / 12, 0.5)


def _slope(curve: Array, start: int, stop: int) -> float:
    return float(_slopes(curve, np.array([start]), np.array([stop]))[0])


def _line(curve: Array, *, saturation: float, period: int) -> _Line:
    """The stated rule of `exponent_from_data`: where the line is, is it one, how much does its place matter?"""
    # Averaging over one period removes the ripple of the orbit, which is no growth.
    smooth = np.convolve(curve, np.full(period, 1 / period), mode="valid") if 1 < period < curve.size // 3 else curve
    half = (curve.size - smooth.size) // 2
    level = max(saturation, float(np.mean(curve[-max(curve.size // 10, 1) :])))
    shortest = max(period, 3)
    lowest_after = np.minimum.accumulate(smooth[::-1])[::-1]
    for margin, tolerance, least in ((1.5, 0.15, 1.5), (1.0, 0.25, 0.7)):
        above = np.flatnonzero(smooth > level - margin)
        last = int(above[0]) if above.size else smooth.size - 1
        grid = spread_indices(last + 1, at_most=80)
        start, stop = (part.ravel() for part in np.meshgrid(grid, grid, indexing="ij"))
        start, stop = start[stop - start >= shortest], stop[stop - start >= shortest]
        slope, middle = _slopes(smooth, start, stop), (start + stop) // 2
        bend = np.abs(_slopes(smooth, start, middle) - _slopes(smooth, middle, stop))
        # Growth that is undone later is the ripple of a slow orbit: S must stay above the middle of the line,
        # which must start in the first half, where there is a later to see.
        lasting = (lowest_after[stop] >= 0.5 * (smooth[start] + smooth[stop])) & (start <= smooth.size // 2)
        rise = np.where((bend <= tolerance * slope) & lasting, slope * (stop - start), 0.0)
        if rise.size and rise.max() >= least:
            best = int(np.argmax(rise))
            a, b = int(start[best]) + half, int(stop[best]) + half
            accepted = slope[rise >= 0.5 * rise[best]]
            choice = max(float(np.std(accepted)), 0.5 * float(bend[best]))
            jump = float(curve[1] - curve[0] - slope[best])
            if jump > 0.25:
                reason = f"measurement noise hides small distances: neighbours part by {jump:.1f} nats at once"
                return _Line(a, b, choice, False, reason, True)
            return _Line(a, b, choice, True, f"a line over {rise[best]:.1f} nats", True)
    start = min(period, curve.size // 4)
    growth = abs(_slope(curve, start, curve.size - 1) * (curve.size - start))
    if growth < 0.3 and float(np.mean(curve)) < saturation - 1.0:
        return _Line(start, curve.size - 1, 0.0, True, "neighbours stay neighbours", False)
    stop = min(max(int(np.argmax(curve > level - 1.0)), start + 3), curve.size - 1)
    return _Line(min(start, stop - 2), stop, 0.0, False, "the distances of neighbours do not grow along a line", False)
