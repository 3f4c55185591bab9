"""What else is true of a motion: attributes from a settled series, each by a stated rule."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._verdict import Evidence
from ..rhythm import spectrum
from ..spikes import bursts

Array = NDArray[Any]

#: An oscillation smaller than this share of the range does not count.
_SEEN = 2e-3
#: Large oscillations are at least this many times the small ones; so many of each must be seen.
_MODES, _EACH = 3.0, 3
#: A spike rises by this share of the range; in a pause between bursts the series covers at most that.
_SPIKE, _PAUSE = 0.3, 0.2
#: Intervals of two kinds without a gap: ratio of their means, and share of all in the middle third between them.
_KINDS, _BETWEEN = 2.5, 0.1
#: Laminar: so many iterates later (at most), a value comes back to within this share of the range, for this many turns
#: in a row; between laminar phases it does not by at least the last share.
_PERIODS, _BACK, _TURNS, _BROKEN = 12, 0.03, 10, 0.3
#: Share of the time in laminar phases, and number of them.
_LAMINAR, _PHASES = 0.3, 3
#: Lines of a torus: power of a line that counts, highest order of a combination, tolerance in standard errors.
_POWER, _ORDER, _ERRORS = 1e-4, 12, 4.0


class Sign(NamedTuple):
    """An attribute and what speaks for it."""

    attribute: str
    evidence: Evidence


class Extrema(NamedTuple):
    """Maxima of a series: their samples, values and how far each rises above the minimum before it."""

    at: NDArray[np.int64]
    values: Array
    rises: Array


def extrema(x: Array) -> Extrema:
    """The maxima of a series that rise by more than 0.2 % of its range, with ups and downs below that left out."""
    least = _SEEN * float(np.ptp(x))
    turns = np.flatnonzero(np.diff(np.sign(np.diff(x))) != 0) + 1
    kept: list[int] = []
    for i in turns:
        # Of two neighbours that differ by less than what counts, the more extreme one was kept before.
        if not kept or abs(x[i] - x[kept[-1]]) > least:
            if len(kept) > 1 and (x[i] - x[kept[-1]]) * (x[kept[-1]] - x[kept[-2]]) > 0:
                kept[-1] = int(i)
            else:
                kept.append(int(i))
        elif len(kept) > 1 and (x[i] - x[kept[-1]]) * (x[kept[-1]] - x[kept[-2]]) > 0:
            kept[-1] = int(i)
    peaks = [(a, b) for a, b in pairwise(kept) if x[b] > x[a]]
    at = np.array([b for _, b in peaks], np.int64)
    return Extrema(at, x[at], np.array([x[b] - x[a] for a, b in peaks]))


def mixed_mode(x: Array) -> Sign | None:
    """`mixed-mode`: large oscillations among small ones, with nothing in between.

    The rises of the maxima fall into two groups, the smallest large one at least three times the largest small one, and
    small ones lie between large ones again and again.
    """
    rises = extrema(x).rises[1:]
    if len(rises) < 2 * _EACH:
        return None
    logs = np.sort(np.log(rises))
    gap = int(np.argmax(np.diff(logs)))
    if np.diff(logs)[gap] < np.log(_MODES):
        return None
    large = rises > np.exp(0.5 * (logs[gap] + logs[gap + 1]))
    places = np.flatnonzero(large)
    between = np.diff(places) - 1
    if len(places) < _EACH + 1 or np.sum(between > 0) < _EACH or not rises[large].min() > _SPIKE * np.ptp(x):
        return None
    small = float(between.mean())
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[-1], places])) > 1))
    big = float(runs.mean()) if len(runs) else 1.0
    meaning = f"Mixed modes: {small:.3g} small oscillations for each large one, and nothing in between."
    if big > 1:
        meaning = f"Mixed modes: {small * big:.3g} small oscillations, then {big:.3g} large ones, nothing in between."
    return Sign("mixed-mode", Evidence("small oscillations per large one", small, _error(between), meaning))


def bursting(t: Array, x: Array) -> Sign | None:
    """`bursting`: spikes in groups, with pauses in which the series is nearly quiet.

    Spikes are maxima that rise by 30 % of the range. They come in bursts by the rule of `spikes.bursts`, or, as those
    of chaotic bursting, their intervals are of two kinds with few between. In the middle half of each pause the series
    covers at most 20 % of its range.
    """
    peaks = extrema(x)
    spikes = peaks.at[peaks.rises > _SPIKE * np.ptp(x)]
    if len(spikes) < 6:
        return None
    found, intervals = bursts(t[spikes]), np.diff(t[spikes])
    threshold = found.threshold if found.bursting else _two_kinds(intervals)
    pauses = np.flatnonzero(intervals > threshold)
    if not len(pauses):
        return None
    for i in pauses:
        begin, end = spikes[i], spikes[i + 1]
        quiet = x[begin + (end - begin) // 4 : end - (end - begin) // 4]
        if np.ptp(quiet) > _PAUSE * np.ptp(x):
            return None
    sizes = np.diff(pauses).astype(float)
    if not len(sizes) or sizes.mean() < 2 - 1e-9:
        return None
    between = float(intervals[pauses].mean())
    meaning = f"Spikes come in bursts of {sizes.mean():.3g}, with pauses of {between:.3g} between them."
    return Sign("bursting", Evidence("spikes per burst", float(sizes.mean()), _error(sizes), meaning))


def _two_kinds(intervals: Array) -> float:
    """The interval between two kinds of intervals that are not quite apart; NaN if they are of one kind.

    The logarithms are split where the variance within both groups is least (Otsu, 1979). They are two kinds if the
    geometric means differ by a factor of 2.5, and at most a tenth of all lies in the middle third between them.
    """
    logs = np.sort(np.log(intervals))
    count = np.arange(1, len(logs))
    low = np.cumsum(logs)[:-1] / count
    high = (logs.sum() - np.cumsum(logs)[:-1]) / (len(logs) - count)
    best = int(np.argmax(count * (len(logs) - count) * (high - low) ** 2))
    apart = float(high[best] - low[best])
    middle = np.abs(logs - 0.5 * (low[best] + high[best])) < apart / 6
    if apart < np.log(_KINDS) or np.mean(middle) > _BETWEEN:
        return float("nan")
    return float(np.exp(0.5 * (logs[best] + logs[best + 1])))


def intermittent(states: Array) -> Sign | None:
    """`intermittent`: chaos that again and again looks periodic for long.

    Args:
        states: Iterates of a map, or of successive maxima, shape `(n, d)`.

    Of some period up to 12, iterates come back to within 3 % of the range for at least ten turns in a row, for 30 % of
    all time in at least three such phases, and between them they are off by 30 % of the range.
    """
    span = np.ptp(states, axis=0)
    scaled = states / np.where(span > 0, span, 1.0)
    best: Sign | None = None
    most = _LAMINAR
    for period in range(1, _PERIODS + 1):
        off = np.abs(scaled[period:] - scaled[:-period]).max(axis=1)
        close = np.concatenate([[False], off < _BACK, [False]])
        edges = np.flatnonzero(np.diff(close.astype(int)))
        begins, ends = edges[::2], edges[1::2]
        long = ends - begins >= _TURNS * period
        begins, ends = begins[long], ends[long]
        if len(begins) < _PHASES:
            continue
        broken = [off[e:b].max(initial=0.0) > _BROKEN for e, b in zip(ends[:-1], begins[1:], strict=True)]
        share = float(np.sum(ends - begins)) / len(off)
        if share > most and np.mean(broken) > 0.5:
            most = share
            lengths = (ends - begins).astype(float)
            meaning = (
                f"For {share:.0%} of the time the motion nearly repeats every {period} steps, in {len(begins)} phases "
                f"of {lengths.mean():.3g} steps on average, between which it is irregular."
            )
            mean = float(lengths.mean())
            best = Sign("intermittent", Evidence("length of regular phases", mean, _error(lengths), meaning))
    return best


def frequencies(x: Array, dt: float, unit: str) -> Sign | None:
    """`quasiperiodic` with the frequencies on which all strong lines of the spectrum are built.

    The strongest line is the first; each further one is the strongest that is no combination of those before with whole
    numbers up to 12, within four standard errors.
    """
    lines = spectrum(x, dt=dt)
    order = np.argsort(-lines.peak_powers)
    strong = [i for i in order if lines.peak_powers[i] >= _POWER]
    bases: list[tuple[float, float]] = []
    for i in strong:
        f, error = float(lines.peaks[i]), float(lines.peak_errors[i])
        if not _combined(f, error, bases) and len(bases) < 3:
            bases.append((f, error))
    if len(bases) < 2:
        return None
    text = ", ".join(f"{f:.5g}" for f, _ in bases)
    meaning = f"All strong lines of the spectrum are combinations of {len(bases)} frequencies."
    return Sign("quasiperiodic", Evidence(f"frequencies (1/{unit})", text, None, meaning))


def _combined(f: float, error: float, bases: list[tuple[float, float]]) -> bool:
    """Whether `f` is a sum of whole multiples of the frequencies of `bases`."""
    if not bases:
        return False
    steps = np.arange(-_ORDER, _ORDER + 1)
    grids = np.meshgrid(*[steps] * len(bases), indexing="ij")
    small = sum(np.abs(g) for g in grids) <= _ORDER
    value = sum(g * b for g, (b, _) in zip(grids, bases, strict=True))
    spread = np.sqrt(sum((g * e) ** 2 for g, (_, e) in zip(grids, bases, strict=True)) + error**2)
    return bool(np.any(small & (np.abs(value - f) <= _ERRORS * spread)))


def _error(values: Array) -> float | None:
    """Standard error of a mean, if there is one."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
