"""The correlation dimension: how the number of neighbours grows with the radius."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._series import Array, channels, checked_interval, spread_indices, standardised, theiler_window
from ._embedding import choose_delay, principal_components

_BLOCKS = 10
# Radii: the binary exponent of a single-precision number and its first two fraction bits, four radii an octave. Reading
# the bits of a distance is several times faster than taking its logarithm.
_PER_OCTAVE, _SHIFT = 4, 21
_LOWEST, _OCTAVES = -20, 26


class CorrelationDimension(AbstractResult):
    """D2 with its error, and the correlation sums it was read from."""

    value: float
    stderr: float
    radius_start: float
    radius_stop: float
    theiler: int
    converged: bool
    reason: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    radii: NDArray[np.float64] = output("radius", unit="standard deviations", doc="Upper edges of the radii")
    sums: NDArray[np.float64] = output("dimension", "radius", doc="Correlation sum C(m, r)")
    slopes: NDArray[np.float64] = output("dimension", "radius", doc="Local slope d ln C / d ln r")
    dimensions: NDArray[np.int64] = output("dimension", doc="Embedding dimension m")
    estimates: NDArray[np.float64] = output("dimension", doc="D2 in each embedding dimension; NaN without a plateau")
    errors: NDArray[np.float64] = output("dimension", doc="Its standard error")

    def summary(self) -> str:
        """D2, its error and whether the plateau holds as the embedding dimension grows."""
        if not self.converged:
            return f"No correlation dimension: {self.reason}."
        return (
            f"Correlation dimension {self.value:.3f} +- {self.stderr:.3f}, plateau of the local slopes for radii from "
            f"{self.radius_start:.3g} to {self.radius_stop:.3g} standard deviations ({self.reason})."
        )


class _Plateau(eqx.Module):
    value: float
    stderr: float
    start: int
    stop: int
    noisy: bool


def correlation_dimension(
    x: ArrayLike,
    *,
    dt: float = 1.0,
    delay: int | None = None,
    max_dimension: int = 8,
    theiler: int | None = None,
    pairs: int = 20_000_000,
) -> CorrelationDimension:
    r"""Correlation dimension $D_2 = \lim_{r \to 0} d \ln C(r) / d \ln r$ of Grassberger and Procaccia.

    $C(m, r)$ is the share of pairs of delayed vectors of dimension m, more than the Theiler window apart in time, that
    are closer than r in the maximum norm. Its local slope is taken over one octave. The scaling region is the longest
    stretch of radii, at least two octaves, in which the local slope stays within 10 % (if there is none, 20 %) of its
    mean, with at least 200 pairs below it and C < 0.2 above it. D2 has converged if three dimensions in a row that have
    a plateau agree within 10 % or two standard errors, and D2 is well below m (at most 0.75 m); noise fills every m.
    A slope that rises by more than 30 % below the plateau is measurement noise, and not converged.

    Args:
        x: (time,) or (time, channel); of several channels, the leading principal components (95 % of the variance, at
            most four) are delayed together, and m counts coordinates.
        dt: sampling interval; it only goes into the settings.
        delay: samples; None takes the first minimum of the mutual information.
        max_dimension: the largest number of delayed copies.
        theiler: samples; None takes three times the window of `embedding`, as correlations in time hurt this most.
        pairs: at most so many pairs: all points are targets, fewer are references.

    Returns:
        A `CorrelationDimension`. The error joins the jackknife over ten blocks of references in time (sampling), the
        spread of the local slope over the plateau, and the spread over the embedding dimensions.

    Raises:
        InputError: fewer than 200 samples, not finite or constant.

    Reference: Grassberger and Procaccia (1983), Measuring the strangeness of strange attractors; Theiler (1986),
    Spurious dimension from correlation algorithms applied to limited time-series data.
    """
    table = standardised(channels(x, least=200))
    if max_dimension < 3:
        raise InputError(f"`max_dimension` must be at least 3 to see convergence; got {max_dimension}.")
    scores = principal_components(table, explained=0.95, at_most=4)[0]
    lag = choose_delay(scores[:, 0])[0] if delay is None else delay
    window = min(3 * theiler_window(scores), table.shape[0] // 10) if theiler is None else theiler
    copies = max(3, min(max_dimension, 1 + (table.shape[0] // 2) // lag))
    counts = _pair_counts(scores, delay=lag, copies=copies, theiler=window, pairs=pairs)
    dimensions = scores.shape[1] * np.arange(1, copies + 1)
    radii = _edges()
    plateaus = [_plateau(per_block, radii) for per_block in counts]
    total = counts.sum(axis=1)
    sums = np.cumsum(total, axis=1) / total.sum(axis=1, keepdims=True)
    found = [k for k, plateau in enumerate(plateaus) if plateau is not None]
    value, stderr, converged, reason = _converged(plateaus, dimensions)
    shown = plateaus[found[-1]] if found else None
    return CorrelationDimension(
        radii=radii,
        sums=sums,
        slopes=np.array([_local_slopes(row, radii) for row in sums]),
        dimensions=dimensions,
        estimates=np.array([np.nan if p is None else p.value for p in plateaus]),
        errors=np.array([np.nan if p is None else p.stderr for p in plateaus]),
        value=value,
        stderr=stderr,
        radius_start=float(radii[shown.start]) if shown else float("nan"),
        radius_stop=float(radii[shown.stop]) if shown else float("nan"),
        theiler=int(window),
        converged=converged,
        reason=reason,
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=provenance(dt=checked_interval(dt), delay=lag, max_dimension=copies, theiler=window, pairs=pairs),
    )


def _edges() -> Array:
    step = np.arange(_OCTAVES * _PER_OCTAVE)
    return 2.0 ** (_LOWEST + step // _PER_OCTAVE) * (1 + (step % _PER_OCTAVE + 1) / _PER_OCTAVE)


def _pair_counts(x: Array, *, delay: int, copies: int, theiler: int, pairs: int) -> NDArray[np.int64]:
    """Numbers of pairs (copies, block, radius) whose distance falls into each bin of radii.

    The maximum norm of m + 1 copies is the larger of that of m copies and the newest difference, so that one
    pass serves all dimensions.
    """
    count = x.shape[0] - (copies - 1) * delay
    series = x.astype(np.float32)
    chosen = spread_indices(count, at_most=max(50, min(count, pairs // count)))
    out = np.zeros((copies, _BLOCKS, _OCTAVES * _PER_OCTAVE), dtype=np.int64)
    size = out.shape[2]
    offset = (_LOWEST + 127) * _PER_OCTAVE
    every = np.arange(count)
    for block, members in enumerate(np.array_split(chosen, _BLOCKS)):
        # Some 4 MB at a time stay in the cache of the processor.
        for rows in np.array_split(members, max(1, members.size * count // 1_000_000)):
            far = np.abs(every - rows[:, None]) > theiler
            distance = np.zeros((rows.size, count), dtype=np.float32)
            for m in range(copies):
                for channel in range(x.shape[1]):
                    moved = series[m * delay : m * delay + count, channel]
                    np.maximum(distance, np.abs(moved - moved[rows, None]), out=distance)
                code = (distance.view(np.int32) >> _SHIFT) - offset
                code = np.clip(code, 0, size - 1)[far]
                out[m, block] += np.bincount(code, minlength=size)
    return out


def _local_slopes(sums: Array, radii: Array) -> Array:
    """Slope d ln C / d ln r across one octave around each radius; NaN where there are no pairs."""
    half = _PER_OCTAVE // 2
    slopes = np.full(sums.size, np.nan)
    with np.errstate(divide="ignore"):
        level = np.where(sums > 0, np.log(np.maximum(sums, 1e-300)), np.nan)
    slopes[half:-half] = (level[2 * half :] - level[: -2 * half]) / np.log(radii[2 * half :] / radii[: -2 * half])
    return slopes


def _plateau(per_block: NDArray[np.int64], radii: Array) -> _Plateau | None:
    """The scaling region of one embedding dimension by the stated rule; None if there is none."""
    cumulative = np.cumsum(per_block.sum(axis=0))
    sums = cumulative / max(cumulative[-1], 1)
    slopes = _local_slopes(sums, radii)
    half = _PER_OCTAVE // 2
    # The window of a local slope reaches half an octave below its radius: there must be pairs there.
    low = np.concatenate([np.zeros(half, dtype=cumulative.dtype), cumulative[:-half]])
    usable = np.flatnonzero((low >= 200) & (sums < 0.2) & np.isfinite(slopes))
    if usable.size < 2 * _PER_OCTAVE:
        return None
    first, last = int(usable[0]), int(usable[-1])
    for tolerance in (0.1, 0.2):
        best: tuple[int, float, int, int] | None = None
        for start in range(first, last + 1):
            for stop in range(start + 2 * _PER_OCTAVE - 1, last + 1):
                part = slopes[start : stop + 1]
                mean = float(part.mean())
                # A slope of zero is a set of a few repeated points, which has no scaling to read.
                if mean < 0.05 or np.max(np.abs(part - mean)) > tolerance * mean:
                    break
                rank = (stop - start, -float(part.std()) / mean, start, stop)
                best = rank if best is None or rank > best else best
        if best is not None:
            return _slope_with_error(per_block, radii, best[2], best[3], slopes, slopes[first : best[2]])
    return None


def _slope_with_error(
    per_block: NDArray[np.int64], radii: Array, start: int, stop: int, slopes: Array, below: Array
) -> _Plateau:
    def slope(counts: Array) -> float:
        level = np.log(np.cumsum(counts)[start : stop + 1])
        return float(np.polyfit(np.log(radii[start : stop + 1]), level, 1)[0])

    total = per_block.sum(axis=0)
    left_out = np.array([slope(total - block) for block in per_block])
    sampling = math.sqrt((_BLOCKS - 1) * float(np.var(left_out)))
    part = slopes[start : stop + 1]
    # Neighbouring local slopes share an octave; one independent value per octave is left.
    octaves = (stop - start + 1) / _PER_OCTAVE
    # Below its own size measurement noise fills every dimension, and the slope rises.
    noisy = below.size >= _PER_OCTAVE and float(below.mean()) > 1.3 * float(part.mean())
    stderr = math.hypot(sampling, float(part.std(ddof=1)) / math.sqrt(octaves))
    return _Plateau(slope(total), stderr, start, stop, noisy)


def _converged(plateaus: list[_Plateau | None], dimensions: NDArray[np.int64]) -> tuple[float, float, bool, str]:
    """Value, error, flag and reason from the plateaus of growing embedding dimension."""
    found = [(int(m), p) for m, p in zip(dimensions, plateaus, strict=True) if p is not None]
    if len(found) < 3:
        return float("nan"), float("nan"), False, "no plateau of the local slopes in three embedding dimensions"
    best: tuple[float, float, str] | None = None
    for k in range(len(found) - 2):
        three = found[k : k + 3]
        values = np.array([p.value for _, p in three])
        errors = np.array([p.stderr for _, p in three])
        mean = float(np.average(values, weights=1 / np.maximum(errors, 1e-6) ** 2))
        spread = float(np.std(values, ddof=1))
        flat = np.ptp(values) <= max(0.1 * mean, 2 * float(errors.mean()))
        # In the smallest of the three dimensions the set must not fill the space, or it is cut by it.
        if flat and mean <= 0.75 * three[1][0]:
            if all(p.noisy for _, p in three):
                error = math.hypot(spread, float(errors.min()))
                return mean, error, False, f"measurement noise bends the plateau (about {mean:.2f} above the noise)"
            reason = f"embedding dimensions {three[0][0]} to {three[2][0]} agree"
            # Small dimensions have the most pairs at small radii, so the first three that agree are the best.
            best = (mean, math.hypot(spread, float(errors.min())), reason)
            break
    if best is None:
        value, error = found[-1][1].value, found[-1][1].stderr
        return value, error, False, f"the slope grows with the embedding dimension ({value:.1f} at m = {found[-1][0]})"
    return best[0], best[1], True, best[2]
