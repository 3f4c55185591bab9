"""The numbers of one train of spikes on which the rules of firing patterns rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Smallest ratio of a pause between bursts to the longest interval within one.
PAUSE = 3.0
#: Intervals below this share of the settled one belong to a burst at the onset.
ONSET = 1 / 3
#: Intervals below this share of the settled one are still lengthening.
SETTLED = 0.9
#: Repeats of a sequence of intervals agree to this share of the mean.
REPEAT = 0.05


class Train(NamedTuple):
    """Spikes in a window, and what follows from their times.

    Attributes:
        latency: From the begin of the window to the first spike.
        silence: From the last spike to the end of the window.
        gaps: Intervals between spikes.
        groups: Sizes of the bursts; one for each spike where there are none.
        pauses: Intervals between bursts.
        settled: Mean of the last quarter of the intervals.
        at_onset: Leading intervals that are shorter than a third of the settled one.
        lengthening: Leading intervals that are shorter than nine tenths of the settled one.
    """

    latency: float
    silence: float
    gaps: Array
    groups: tuple[int, ...]
    pauses: Array
    settled: float
    at_onset: int
    lengthening: int

    @property
    def spikes(self) -> int:
        """Number of spikes."""
        return self.gaps.size + 1

    @property
    def late(self) -> Array:
        """The intervals after those that lengthen; at least the last quarter."""
        return self.gaps[min(self.lengthening, self.gaps.size - max(1, self.gaps.size // 4)) :]


def train(events: Array, *, start: float, stop: float) -> Train:
    """The numbers of `events`, at least one, that all lie between `start` and `stop`."""
    gaps = np.diff(events)
    groups, pauses = _grouped(gaps)
    settled = float(gaps[-max(1, gaps.size // 4) :].mean()) if gaps.size else math.nan
    return Train(
        latency=float(events[0] - start),
        silence=float(stop - events[-1]),
        gaps=gaps,
        groups=groups,
        pauses=pauses,
        settled=settled,
        at_onset=_leading(gaps < ONSET * settled),
        lengthening=_leading(gaps < SETTLED * settled),
    )


def _leading(holds: NDArray[np.bool_]) -> int:
    """How many entries are true before the first false one."""
    return int(np.argmin(holds)) if not holds.all() else holds.size


def _grouped(gaps: Array) -> tuple[tuple[int, ...], Array]:
    """Sizes of bursts and the pauses between them; the widest step of the sorted intervals tells them apart."""
    single = (1,) * (gaps.size + 1)
    if gaps.size < 2:
        return single, gaps
    ordered = np.sort(gaps)
    ratios = ordered[1:] / ordered[:-1]
    widest = int(np.argmax(ratios))
    if ratios[widest] < PAUSE:
        return single, gaps
    pause = gaps > ordered[widest]
    edges = np.concatenate([[0], 1 + np.flatnonzero(pause), [gaps.size + 1]])
    return tuple(int(n) for n in np.diff(edges)), gaps[pause]


def variation(gaps: Array) -> float:
    """Coefficient of variation of intervals; not a number for fewer than two."""
    return float(gaps.std(ddof=1) / gaps.mean()) if gaps.size > 1 else math.nan


def adaptation(gaps: Array) -> float:
    """Mean of (next - this) / (next + this) over the intervals: positive where they lengthen."""
    return float(np.mean(np.diff(gaps) / (gaps[1:] + gaps[:-1]))) if gaps.size > 1 else math.nan


def jackknife(number: Callable[[Array], float], gaps: Array) -> float:
    """Standard error of `number(gaps)` from leaving out one interval at a time; infinite for fewer than four."""
    if gaps.size < 4:
        return math.inf
    left = np.array([number(np.delete(gaps, k)) for k in range(gaps.size)])
    return float(np.sqrt((gaps.size - 1) * left.var()))


def cycle(gaps: Array) -> int | None:
    """The fewest intervals after which their sequence repeats, seen at least three times over; None if it does not."""
    tolerance = REPEAT * gaps.mean()
    for lag in range(1, gaps.size // 3 + 1):
        if np.max(np.abs(gaps[lag:] - gaps[:-lag])) < tolerance:
            return lag
    return None


def missing_spikes(events: Array) -> float:
    """Spikes that a class 1 neuron on a ramp would have fired before the first of `events`, at least four.

    At a saddle-node on a cycle the squared rate grows from zero in proportion to the current beyond threshold. The line
    through the squared rates of the first three intervals tells when that would have been; the integral of the rate
    from there to the first spike is returned, infinity where the squared rate does not rise.
    """
    gaps = np.diff(events)[:3]
    middle = 0.5 * (events[1:4] + events[:3])
    slope, offset = np.polyfit(middle - events[0], 1 / gaps**2, 1)
    # A rise below a hundredth of the squared rate over the three intervals is none.
    if slope * (middle[-1] - middle[0]) <= 0.01 / gaps[0] ** 2:
        return math.inf
    return float(2 / 3 * math.sqrt(slope) * max(offset / slope, 0.0) ** 1.5)
