"""From a recording to points in state space: the delay, the dimension, the delayed vectors."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._neighbours import neighbours
from .._series import (
    Array,
    channels,
    checked_interval,
    decorrelation_lag,
    spread_indices,
    standardised,
    theiler_window,
)


def embed(x: ArrayLike, *, delay: int, dimension: int) -> Array:
    r"""Delayed vectors $(x_i, x_{i+\tau}, \dots, x_{i+(m-1)\tau})$ of one or several channels.

    Args:
        x: (time,) or (time, channel).
        delay: $\tau$, in samples.
        dimension: $m$, the number of delayed copies of each channel; 1 takes the channels as they are.

    Returns:
        (time - (m-1) delay, m * channels); the copies of all channels at one delay stand together.

    Raises:
        InputError: the delay or the dimension is not positive, or the series is too short for them.

    Reference: Takens (1981), Detecting strange attractors in turbulence; Sauer, Yorke and Casdagli (1991) for
    several channels.
    """
    if delay < 1 or dimension < 1:
        raise InputError(f"`delay` and `dimension` must be at least 1; got {delay} and {dimension}.")
    table = channels(x, least=1)
    length = table.shape[0] - (dimension - 1) * delay
    if length < 2:
        raise InputError(
            f"`x` has {table.shape[0]} samples, too few for dimension {dimension} at delay {delay}. "
            "Use a smaller `delay` or `dimension`."
        )
    return np.concatenate([table[k * delay : k * delay + length] for k in range(dimension)], axis=1)


class Embedding(AbstractResult):
    """How a recording was unfolded, and the curves that the choice rests on."""

    delay: int
    delay_stderr: float
    delay_rule: str
    dimension: int
    dimension_stderr: float
    components: int
    explained: float
    theiler: int
    dt: float
    converged: bool
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    points: NDArray[np.float64] = output("time", "coordinate", doc="Delayed vectors of the standardised channels")
    lags: NDArray[np.int64] = output("lag", unit="samples", doc="Lags of the mutual information")
    information: NDArray[np.float64] = output("lag", unit="nats", doc="Average mutual information I(lag)")
    dimensions: NDArray[np.int64] = output("dimension", doc="Dimensions tried")
    e1: NDArray[np.float64] = output("dimension", doc="Cao's E1: near 1 once the attractor is unfolded")
    e2: NDArray[np.float64] = output("dimension", doc="Cao's E2: 1 in every dimension for noise")
    false_neighbours: NDArray[np.float64] = output("dimension", doc="Share of false nearest neighbours")
    weights: NDArray[np.float64] = output("channel", "component", doc="Principal axes of the channels used")

    def summary(self) -> str:
        """Delay, dimension and whether they may be trusted."""
        trust = "converged" if self.converged else "not converged: the two criteria disagree or none is met"
        noise = (
            " E2 stays near 1: the series looks random."
            if not self.converged and np.abs(self.e2 - 1).max() < 0.1
            else ""
        )
        return (
            f"Delay {self.delay} samples ({self.delay * self.dt:.4g} time units; {self.delay_rule}), dimension "
            f"{self.dimension} +- {self.dimension_stderr:.1f} on {self.components} component(s) with "
            f"{100 * self.explained:.0f}% of the variance; {trust}.{noise}"
        )


def mutual_information(x: Array, *, max_lag: int) -> Array:
    r"""Average mutual information $I(\tau)$ in nats for the lags 1 to `max_lag`, on bins of equal population.

    Bins of equal population adapt to the density and make the estimate blind to monotone distortions; the bias
    $(b-1)^2/2N$ of the histogram (Roulston, 1999) is subtracted.
    """
    count = x.shape[0]
    bins = int(np.clip(np.sqrt(count / 20), 4, 32))
    codes = (np.argsort(np.argsort(x, kind="stable"), kind="stable") * bins) // count
    curve = np.empty(max_lag)
    for lag in range(1, max_lag + 1):
        joint = np.bincount(codes[:-lag] * bins + codes[lag:], minlength=bins * bins).reshape(bins, bins) / (
            count - lag
        )
        product = joint.sum(axis=1)[:, None] * joint.sum(axis=0)[None]
        seen = joint > 0
        bias = (bins - 1) ** 2 / (2 * (count - lag))
        curve[lag - 1] = np.sum(joint[seen] * np.log(joint[seen] / product[seen])) - bias
    return curve


def choose_delay(x: Array) -> tuple[int, str, Array]:
    """Delay of one component: the delay in samples, the rule that gave it, and the mutual information.

    1. A series that decorrelates within one sample (a map) gets delay 1.
    2. The first minimum of the mutual information, smoothed over three lags, that is lower than every value within
       a third of the way on either side.
    3. If there is none within four decorrelation lags: the first lag where the autocorrelation falls below 1/e.
    """
    first = decorrelation_lag(x[:, None])
    longest = int(np.clip(4 * first, 10, max(x.shape[0] // 5, 10)))
    curve = mutual_information(x, max_lag=min(longest, x.shape[0] // 2))
    if first <= 1:
        return 1, "the series decorrelates within one sample", curve
    smooth = np.convolve(np.pad(curve, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    for k in range(1, smooth.size - 1):
        half = max(1, k // 3)
        around = smooth[max(k - half, 0) : k + half + 1]
        if smooth[k] <= around.min() and k + half < smooth.size:
            return k + 1, "first minimum of the mutual information", curve
    return first, "autocorrelation below 1/e, as the mutual information has no minimum", curve


def cao(
    x: Array, *, delay: int, max_dimension: int, theiler: int, references: int = 1500
) -> tuple[Array, Array, Array]:
    r"""Cao's E1 and E2 and the share of false nearest neighbours, for 1 to `max_dimension` delayed copies.

    With $a(i, d)$ the growth of the distance to the nearest neighbour when the copy $d+1$ is added (maximum norm),
    $E(d)$ its mean and $E^*(d)$ the mean distance in the new coordinates, $E_1 = E(d+1)/E(d)$, $E_2 = E^*(d+1)/E^*(d)$.
    A neighbour is false if the new coordinates lie more than 10 times the old distance, or 2 standard deviations,
    apart.

    Reference: Cao (1997), Practical method for determining the minimum embedding dimension of a scalar time series;
    Kennel, Brown and Abarbanel (1992), Determining embedding dimension using a geometrical construction.
    """
    growth, spread, false = np.empty(max_dimension + 1), np.empty(max_dimension + 1), np.empty(max_dimension + 1)
    for d in range(1, max_dimension + 2):
        points = embed(x, delay=delay, dimension=d + 1)
        old, new = points[:, : d * x.shape[1]], points[:, d * x.shape[1] :]
        chosen = spread_indices(old.shape[0], at_most=references)
        near, which = neighbours(old, chosen, count=1, theiler=theiler, norm=np.inf)
        # Exact repetitions (a periodic series) have distance zero; the floor keeps them and makes false ones stand out.
        valid = which[:, 0] >= 0
        i, j, near = chosen[valid], which[valid, 0], np.maximum(near[valid, 0], 1e-9)
        if i.size < 10:
            raise InputError(
                f"`x` is too short: only {i.size} points of dimension {d} have a neighbour outside the Theiler window "
                f"of {theiler} samples. Use a longer series, or a smaller `theiler`, `delay` or `max_dimension`."
            )
        added = np.abs(new[i] - new[j])
        growth[d - 1] = np.mean(np.maximum(near, added.max(axis=1)) / near)
        spread[d - 1] = np.mean(added) + 1e-12
        far = np.linalg.norm(new[i] - new[j], axis=1)
        false[d - 1] = np.mean((far > 10 * near) | (far > 2 * np.sqrt(x.shape[1])))
    return growth[1:] / growth[:-1], spread[1:] / spread[:-1], false[:-1]


def _unfolded(e1: Array) -> tuple[int, bool]:
    """The first dimension after which E1 stays near 1, and whether there is one."""
    for d in range(e1.size - 1):
        if e1[d] >= 0.9 and abs(e1[d + 1] - e1[d]) <= 0.1:
            return d + 1, True
    return e1.size, False


def principal_components(x: Array, *, explained: float, at_most: int) -> tuple[Array, Array, float]:
    """Scores (time, component), axes (channel, component) and share of the variance of the leading components."""
    _, values, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    share = np.cumsum(values**2) / np.sum(values**2)
    keep = min(int(np.searchsorted(share, explained - 1e-12)) + 1, at_most, share.size)
    return (x - x.mean(axis=0)) @ axes[:keep].T, axes[:keep].T, float(share[keep - 1])


def embedding(
    x: ArrayLike,
    *,
    dt: float = 1.0,
    delay: int | None = None,
    dimension: int | None = None,
    max_dimension: int = 8,
    components: int | None = None,
    theiler: int | None = None,
) -> Embedding:
    """Unfold a recording: delay by mutual information, dimension by Cao, checked by false nearest neighbours.

    Several channels are standardised and reduced to the principal components that hold 95 % of the variance (at most
    five); every component is then delayed. Channels that are already a full state (three coordinates of a flow,
    coordinates of an embedding) need one copy, and Cao's criterion says so.

    Args:
        x: (time,) or (time, channel), at least 50 samples.
        dt: sampling interval, in time units.
        delay: samples; None chooses.
        dimension: copies of each component; None chooses, at most `max_dimension`.
        max_dimension: the largest number of copies tried.
        components: principal components kept; None keeps 95 % of the variance, at most five.
        theiler: window against neighbours in time, in samples; None chooses.

    Returns:
        An `Embedding`. Its standard errors are those of the choices over the thirds of the series (delay) and the
        distance between the two criteria (dimension); `converged` says that both criteria are met and agree.

    Raises:
        InputError: the series is too short, not finite, or constant.

    Reference: Fraser and Swinney (1986), Independent coordinates for strange attractors from mutual information;
    Cao, Mees and Judd (1998), Dynamics from multivariate time series.
    """
    table = standardised(channels(x, least=50))
    scores, axes, share = principal_components(
        table, explained=0.95 if components is None else 1.0, at_most=5 if components is None else components
    )
    if components is not None and not 1 <= components <= table.shape[1]:
        raise InputError(f"`components` must lie between 1 and {table.shape[1]}; got {components}.")
    chosen, rule, information = choose_delay(scores[:, 0])
    thirds = [choose_delay(part)[0] for part in np.array_split(scores[:, 0], 3)]
    if delay is not None:
        chosen, rule = delay, "given"
    window = theiler_window(scores) if theiler is None else theiler
    # Each dimension tried must leave points enough to have neighbours outside the Theiler window.
    room = (table.shape[0] - 3 * window - 20) // max(chosen, 1) - 1
    copies = int(np.clip(room, 2, max(2, min(max_dimension, 24 // scores.shape[1]))))
    e1, e2, false = cao(scores, delay=chosen, max_dimension=copies, theiler=window)
    by_cao, met = _unfolded(e1)
    low = np.flatnonzero(false < 0.02)
    by_false = int(low[0]) + 1 if low.size else e1.size
    converged = bool(met and low.size and abs(by_cao - by_false) <= 1)
    best = by_cao if dimension is None else dimension
    return Embedding(
        points=embed(scores, delay=chosen, dimension=best),
        lags=np.arange(1, information.size + 1),
        information=information,
        dimensions=np.arange(1, e1.size + 1),
        e1=e1,
        e2=e2,
        false_neighbours=false,
        weights=axes,
        delay=int(chosen),
        delay_stderr=float(np.std(thirds, ddof=1) / np.sqrt(3)),
        delay_rule=rule,
        dimension=int(best),
        dimension_stderr=float(max(abs(by_cao - by_false), 0.0)),
        components=scores.shape[1],
        explained=share,
        theiler=int(window),
        dt=checked_interval(dt),
        converged=converged,
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(
            delay=delay, dimension=dimension, max_dimension=copies, components=components, theiler=theiler, dt=dt
        ),
    )
