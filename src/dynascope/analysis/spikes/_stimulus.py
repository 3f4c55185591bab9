"""A sampled stimulus as what the experimenter did: levels, pulses and ramps."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Changes of slope below this share of the whole range are rounding.
_SLOPE = 1e-6


class Epoch(NamedTuple):
    """One straight piece of a stimulus, from level `first` at `start` to level `last` at `stop`."""

    start: float
    stop: float
    first: float
    last: float

    @property
    def is_ramp(self) -> bool:
        """Whether the level changes along the piece."""
        return self.first != self.last

    @property
    def length(self) -> float:
        """How long it lasts."""
        return self.stop - self.start

    def spikes(self, events: Array) -> Array:
        """The events within it."""
        return events[(events >= self.start) & (events < self.stop)]


class Protocol(NamedTuple):
    """A stimulus by its pieces, relative to its level at the start.

    Attributes:
        up: Pieces above that level, in order.
        down: Pieces below.
        ramps: Rising ramps.
        start: Begin of the record.
        stop: End of the record.
    """

    up: tuple[Epoch, ...]
    down: tuple[Epoch, ...]
    ramps: tuple[Epoch, ...]
    start: float
    stop: float


def protocol(times: Array, stimulus: Array) -> Protocol:
    """The pieces of a stimulus that is straight from jump to jump.

    Runs of samples with one slope are pieces; a run of a single interval is a jump, at its later sample.
    """
    span = float(np.ptp(stimulus))
    slopes = np.diff(stimulus)
    change = np.abs(np.diff(slopes)) > _SLOPE * span
    edges = np.concatenate([[0], 1 + np.flatnonzero(change), [slopes.size]])
    runs = [(i, j) for i, j in itertools.pairwise(edges) if j - i >= 2]
    pieces = []
    for k, (i, j) in enumerate(runs):
        first, last = float(stimulus[i]), float(stimulus[j])
        flat = abs(last - first) <= _SLOPE * span
        stop = runs[k + 1][0] if k + 1 < len(runs) else j
        pieces.append(Epoch(float(times[i]), float(times[stop]), first, first if flat else last))
    base = float(stimulus[0])
    level = [p for p in pieces if not p.is_ramp]
    return Protocol(
        up=tuple(p for p in level if p.first > base + _SLOPE * span),
        down=tuple(p for p in level if p.first < base - _SLOPE * span),
        ramps=tuple(p for p in pieces if p.is_ramp and p.last > p.first),
        start=float(times[0]),
        stop=float(times[-1]),
    )
