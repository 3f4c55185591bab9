"""Recordings: evenly sampled channels of numbers, checked once at the door."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

import equinox as eqx
import numpy as np
from jaxtyping import Float64

from .._errors import InputError
from ._samples import listed

if TYPE_CHECKING:
    import xarray as xr


def _frozen(values: Any) -> Any:
    """A read-only copy in double precision: a recording is a value."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


class Recording(eqx.Module):
    """Channels sampled together at even intervals: x_j(t0 + i dt), i = 0 ... n-1.

    Use `as_recording` or `dynascope.data.read_recording` to make one: they find the time axis and check the data.

    Args:
        values: Samples, shape `(time, channel)`, finite.
        dt: Sampling interval in `time_unit`.
        time_unit: Unit of `dt` and `t0`.
        t0: Time of the first sample.
        names: One name per channel; empty names them `x0`, `x1`, ... (`x` if there is one).
        units: One unit per channel; empty means `"1"`.
        source: Where the numbers come from: a file name or a description.
        notes: What was concluded and changed on the way in, one sentence each.

    Raises:
        InputError: If the values are not finite or not of two dimensions, `dt` is not positive, or the names do not
            fit.
    """

    values: Float64[np.ndarray, "time channel"] = eqx.field(converter=_frozen)
    dt: float = eqx.field(static=True, kw_only=True)
    time_unit: str = eqx.field(static=True, default="s", kw_only=True)
    t0: float = eqx.field(static=True, default=0.0, kw_only=True)
    names: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)
    units: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)
    source: str = eqx.field(static=True, default="array", kw_only=True)
    notes: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)

    def __post_init__(self):
        # The converter of `values` runs after this method.
        shape = np.shape(self.values)
        if len(shape) != 2 or not shape[1]:
            raise InputError(f"`values` must have the shape (time, channel), got {shape}. Use `as_recording`.")
        count = shape[1]
        if not self.names:
            self.names = numbered(count)
        if not self.units:
            self.units = ("1",) * count

    def __check_init__(self):
        count = self.values.shape[1]
        check_interval(self.dt)
        if not np.isfinite(self.values).all():
            raise InputError("`values` must be finite. Use `as_recording`, which deals with missing values.")
        if len(self.names) != count or len(self.units) != count:
            raise InputError(
                f"There are {count} channels, but {len(self.names)} names and {len(self.units)} units. Give one each."
            )
        if len(set(self.names)) < count:
            repeated = sorted({n for n in self.names if self.names.count(n) > 1})
            raise InputError(f"Channel names must differ, but {listed(repeated)} occurs more than once. Rename it.")

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples and number of channels."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def ts(self) -> Float64[np.ndarray, " time"]:
        """Times of the samples, in `time_unit`."""
        return self.t0 + self.dt * np.arange(len(self.values))

    @property
    def duration(self) -> float:
        """Time from the first to the last sample, (n - 1) dt."""
        return self.dt * (len(self.values) - 1)

    @property
    def sampling_rate(self) -> float:
        """Samples per `time_unit`, 1 / dt."""
        return 1.0 / self.dt

    def channel(self, name: str) -> Float64[np.ndarray, " time"]:
        """The samples of one channel."""
        return self.values[:, self._position(name)]

    def select(self, *names: str) -> Self:
        """The recording of some channels, in the order given."""
        if not names:
            raise InputError(f"Give at least one channel. There is: {listed(self.names)}.")
        columns = [self._position(name) for name in names]
        return dataclasses.replace(
            self, values=self.values[:, columns], names=names, units=tuple(self.units[j] for j in columns)
        )

    def between(self, start: float | None = None, stop: float | None = None) -> Self:
        """The part with start <= t < stop; None leaves that end open.

        Raises:
            InputError: If fewer than two samples lie there.
        """
        first = 0 if start is None else max(0, self._first_from(start))
        last = len(self.values) if stop is None else min(len(self.values), self._first_from(stop))
        if last - first < 2:
            raise InputError(
                f"Fewer than two samples lie in {start} <= t < {stop}; the recording covers {self.t0:g} to "
                f"{self.t0 + self.duration:g} {self.time_unit}. Choose a longer interval inside it."
            )
        return dataclasses.replace(self, values=self.values[first:last], t0=self.t0 + first * self.dt)

    def standardised(self, *, like: Recording | None = None) -> Self:
        """Every channel shifted and scaled to mean 0 and standard deviation 1: (x - mean) / sd.

        Args:
            like: The recording whose mean and standard deviation are used (a training part, for its test part); None
                uses this one.

        Raises:
            InputError: If a channel is constant or the channels differ.
        """
        reference = self if like is None else like
        if reference.names != self.names:
            raise InputError(
                f"`like` has the channels {listed(reference.names)}, this recording has {listed(self.names)}. "
                "Give a recording of the same channels."
            )
        still = is_constant(reference.values)
        if still.any():
            which = listed([n for n, s in zip(reference.names, still, strict=True) if s])
            raise InputError(f"Constant channels cannot be standardised: {which}. Leave them out with `select`.")
        mean, deviation = reference.values.mean(axis=0), reference.values.std(axis=0)
        whose = "its own mean and standard deviation" if like is None else f"those of {like.source}"
        return dataclasses.replace(
            self,
            values=(self.values - mean) / deviation,
            units=("1",) * len(self.names),
            notes=(*self.notes, f"standardised by {whose}"),
        )

    def to_xarray(self) -> xr.Dataset:
        """The samples as variable `values` with the coordinates `time`, `channel` and `unit` (of each channel)."""
        import xarray as xr

        coordinates = {
            "time": ("time", self.ts, {"units": self.time_unit}),
            "channel": ("channel", list(self.names)),
            "unit": ("channel", list(self.units)),
        }
        attributes = {"dt": self.dt, "time_unit": self.time_unit, "source": self.source, "notes": "\n".join(self.notes)}
        return xr.Dataset({"values": (("time", "channel"), self.values)}, coordinates, attributes)

    def summary(self) -> str:
        """What was recorded, how long and how often, and what was done to it on the way in."""
        count, channels = self.shape
        names = listed(self.names, limit=6)
        text = (
            f"{self.source}: {count} samples of {channels} channel{'s' if channels > 1 else ''} ({names}), one every "
            f"{self.dt:g} {self.time_unit}, from {self.t0:g} to {self.t0 + self.duration:g} {self.time_unit}."
        )
        return text + "".join(f" {note[0].upper()}{note[1:]}." for note in self.notes)

    def _position(self, name: str) -> int:
        if name not in self.names:
            raise InputError(f"There is no channel `{name}`. There is: {listed(self.names)}.")
        return self.names.index(name)

    def _first_from(self, t: float) -> int:
        # A time that lies on a sample up to rounding means that sample.
        return int(np.ceil((t - self.t0) / self.dt - 1e-9))


def check_interval(dt: Any) -> None:
    """Raise unless `dt` is a positive finite number."""
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not (np.isfinite(dt) and dt > 0):
        raise InputError(f"The sampling interval `dt` must be a positive number, got {dt!r}. Give e.g. `dt=0.004`.")


def numbered(count: int) -> tuple[str, ...]:
    """The names of unnamed channels: `x` for one, else `x0`, `x1`, ..."""
    return ("x",) if count == 1 else tuple(f"x{j}" for j in range(count))


def is_constant(values: Any) -> Any:
    """Whether each column never changes by more than its own rounding error."""
    return np.ptp(values, axis=0) <= 1e-13 * np.abs(values).max(axis=0)
