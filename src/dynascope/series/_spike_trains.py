"""Spike trains: the times of events of many units, always with the window in which they were watched."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._errors import InputError
from ._samples import listed

if TYPE_CHECKING:
    import xarray as xr


def _frozen(values: Any) -> Any:
    """A read-only copy in double precision: spike trains are a value."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


class SpikeTrains(eqx.Module):
    """Times of spikes t_ik of units i, all watched from `start` to `stop`.

    Use `as_spike_trains` to make one from lists of times. Every statistic of `dynascope.analysis.spikes` refers to the
    window, both ends included: a train without spikes in a long window says much, in no window nothing.

    Args:
        times: Increasing times in every row, shape `(train, capacity)`; infinity after the last spike of a row.
        start: Begin of the window.
        stop: End of the window.
        time_unit: Unit of all times.
        names: One name per train; empty names them `unit 0`, `unit 1`, ...
        source: Where the spikes come from.
        notes: What was concluded and changed on the way in, one sentence each.

    Raises:
        InputError: If times do not increase, lie outside of the window, or names do not fit.
    """

    times: NDArray[np.float64] = eqx.field(converter=_frozen)
    start: float = eqx.field(static=True, kw_only=True)
    stop: float = eqx.field(static=True, kw_only=True)
    time_unit: str = eqx.field(static=True, default="s", kw_only=True)
    names: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)
    source: str = eqx.field(static=True, default="array", kw_only=True)
    notes: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)

    def __post_init__(self):
        if not self.names:
            self.names = tuple(f"unit {i}" for i in range(np.shape(self.times)[0] if np.ndim(self.times) else 0))

    def __check_init__(self):
        if self.times.ndim != 2 or not len(self.times):
            raise InputError(f"`times` must have the shape (train, capacity), got {self.times.shape}.")
        if not (np.isfinite(self.start) and np.isfinite(self.stop) and self.start < self.stop):
            raise InputError(f"The window must be finite with `start` before `stop`, got {self.start} to {self.stop}.")
        if len(self.names) != len(self.times) or len(set(self.names)) < len(self.names):
            raise InputError(f"Give each of the {len(self.times)} trains a name of its own, got {listed(self.names)}.")
        before, after = self.times[:, :-1], self.times[:, 1:]
        # Written so that NaN fails.
        if not np.all((before < after) | (np.isposinf(before) & np.isposinf(after))):
            raise InputError("Times must increase in every train. Sort them, and drop or jitter equal ones.")
        spikes = self.times[~np.isposinf(self.times)]
        if not np.all((spikes >= self.start) & (spikes <= self.stop)):
            raise InputError(
                f"Spikes lie outside of the window from {self.start:g} to {self.stop:g} {self.time_unit}. Give the "
                "window in which they were recorded, or cut them with `as_spike_trains(..., cut=True)`."
            )

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of spikes of each train, shape `(train,)`."""
        return np.isfinite(self.times).sum(axis=1)

    @property
    def duration(self) -> float:
        """Length of the window."""
        return self.stop - self.start

    def __len__(self) -> int:
        return len(self.times)

    def train(self, i: int) -> NDArray[np.float64]:
        """The times of train `i`, without padding."""
        return self.times[i, np.isfinite(self.times[i])]

    def pooled(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """All spikes in the order of their times, and the train of each."""
        unit, _ = np.nonzero(np.isfinite(self.times))
        spikes = self.times[np.isfinite(self.times)]
        order = np.argsort(spikes, kind="stable")
        return spikes[order], unit[order]

    def select(self, units: Sequence[int] | NDArray[np.int64]) -> Self:
        """The trains at these positions, in that order."""
        rows = np.asarray(units, int)
        times = self.times[rows]
        capacity = int(np.isfinite(times).sum(axis=1).max(initial=0))
        return dataclasses.replace(self, times=times[:, :capacity], names=tuple(self.names[int(r)] for r in rows))

    def between(self, start: float, stop: float) -> Self:
        """The spikes with start <= t <= stop, watched in that shorter window.

        Raises:
            InputError: If it does not lie in the present window.
        """
        if not self.start <= start < stop <= self.stop:
            raise InputError(
                f"The window from {start:g} to {stop:g} does not lie within {self.start:g} to {self.stop:g}."
            )
        inside = (self.times >= start) & (self.times <= stop)
        return dataclasses.replace(self, times=padded(self.times, inside), start=float(start), stop=float(stop))

    def to_xarray(self) -> xr.Dataset:
        """All spikes in the order of their times as `time` and `train`, with the window as attributes."""
        import xarray as xr

        times, units = self.pooled()
        return xr.Dataset(
            {"time": ("spike", times, {"units": self.time_unit}), "train": ("spike", units)},
            {"name": ("name", list(self.names))},
            {
                "start": self.start,
                "stop": self.stop,
                "time_unit": self.time_unit,
                "source": self.source,
                "notes": "\n".join(self.notes),
            },
        )

    def summary(self) -> str:
        """How many units fired how many spikes in which window."""
        total = int(self.counts.sum())
        text = (
            f"{self.source}: {len(self)} train{'s' if len(self) > 1 else ''} with {total} spikes from {self.start:g} "
            f"to {self.stop:g} {self.time_unit}, {total / len(self) / self.duration:.4g} per train and "
            f"{self.time_unit}."
        )
        return text + "".join(f" {note[0].upper()}{note[1:]}." for note in self.notes)


def padded(times: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The kept entries of each row moved to its front, infinity after them."""
    counts = keep.sum(axis=1)
    out = np.full((len(times), int(counts.max(initial=0))), np.inf)
    out[np.arange(out.shape[1]) < counts[:, None]] = times[keep]
    return out


def check_spike_trains(trains: Any, what: str) -> None:
    """Check that `trains` know the window in which they were watched.

    Raises:
        InputError: If they are plain arrays; `what` names what needs them.
    """
    if not isinstance(trains, SpikeTrains):
        raise InputError(
            f"`{what}` needs `SpikeTrains`, which know the window in which they were watched, got "
            f"`{type(trains).__name__}`. Make them with `as_spike_trains(times, start=..., stop=...)`, one array of "
            "times per unit."
        )


def as_spike_trains(
    trains: Sequence[ArrayLike] | Mapping[str, ArrayLike] | NDArray[np.float64],
    *,
    start: float,
    stop: float,
    time_unit: str = "s",
    cut: bool = False,
    names: Sequence[str] = (),
    source: str = "array",
    notes: Sequence[str] = (),
) -> SpikeTrains:
    """Spike trains from one array of times per unit, of any lengths.

    Args:
        trains: One array of times per unit, in any order; a mapping gives names too.
        start: Begin of the window in which they were watched.
        stop: Its end.
        time_unit: Unit of all times.
        cut: Leave spikes outside of the window out, instead of refusing them.
        names: One name per train.
        source: Where the spikes come from.
        notes: What was concluded on the way in.

    Returns:
        The trains, each sorted.

    Raises:
        InputError: If a time is not a number, occurs twice in one train, or lies outside of the window.

    Example:
        >>> trains = as_spike_trains([[0.3, 0.1], []], start=0.0, stop=1.0)
        >>> trains.counts.tolist(), trains.train(0).tolist()
        ([2, 0], [0.1, 0.3])
    """
    if isinstance(trains, Mapping):
        names, trains = tuple(trains), tuple(trains.values())
    rows = [np.asarray(row, float).ravel() for row in trains]
    if any(np.isnan(row).any() for row in rows):
        raise InputError("Spike times must be numbers, but there are NaN among them. Leave them out.")
    if cut:
        rows = [row[(row >= start) & (row <= stop)] for row in rows]
    elif any(np.isinf(row).any() for row in rows):
        raise InputError("Spike times must be finite. Leave infinite ones out, or set `cut`.")
    times = np.full((len(rows), max((row.size for row in rows), default=0)), np.inf)
    for i, row in enumerate(rows):
        times[i, : row.size] = np.sort(row)
    return SpikeTrains(
        times,
        start=float(start),
        stop=float(stop),
        time_unit=time_unit,
        names=tuple(names),
        source=source,
        notes=tuple(notes),
    )
