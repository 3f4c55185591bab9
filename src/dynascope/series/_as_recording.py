"""The door through which data become a `Recording`: every check, and every change only when asked for."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .._errors import InputError
from ._mending import AbstractMending
from ._recording import Recording, check_interval, is_constant, numbered
from ._samples import Samples, listed, seconds_of
from ._sampling import grid_of, resampled, time_stamps
from ._tables import samples_of_pandas, samples_of_xarray

#: Fewest samples that a recording may have unless the caller allows less.
SHORTEST = 100


def as_recording(
    data: Any,
    *,
    dt: float | None = None,
    times: Any = None,
    names: tuple[str, ...] | list[str] | None = None,
    units: tuple[str, ...] | list[str] | None = None,
    time_unit: str | None = None,
    transpose: bool | None = None,
    missing: AbstractMending | None = None,
    drop_constant: bool = False,
    resample: bool = False,
    shortest: int = SHORTEST,
    source: str = "array",
) -> Recording:
    """Make a `Recording` from an array, a pandas or xarray object, with every check; nothing is mended unasked.

    Args:
        data: Array of shape `(time,)` or `(time, channel)`, or a DataFrame, Series, DataArray or Dataset. Whatever
            the arguments below leave open is taken from it.
        dt: Sampling interval. Given together with a time axis it wins, and the notes say so.
        times: Time stamps, one per sample, in place of `dt`.
        names: Channel names.
        units: Units of the channels.
        time_unit: Unit of `dt` and `times`; seconds if nothing tells.
        transpose: True if the file has channels first; False if it is right although there are more channels than
            samples; None checks.
        missing: What to do about NaN and infinite values: `Interpolate()`, `DropRows()`, `LongestStretch()`.
        drop_constant: Leave constant channels out.
        resample: Bring unevenly sampled data onto an even grid (of the median interval, or of `dt` if given) by
            linear interpolation.
        shortest: Fewest samples to accept.
        source: What to call the data in messages.

    Raises:
        InputError: If anything about the data is wrong; the message says what and how to go on.
    """
    found = _samples(data, dt)
    values, notes = _matrix(found, transpose, source), list(found.notes)
    names = _labels(names, found.names, "names", values.shape[1], source)
    units = _labels(units, found.units, "units", values.shape[1], source)
    draft = _Draft(values, names or numbered(values.shape[1]), units or ("1",) * values.shape[1], source, notes)
    unit = time_unit or found.time_unit or "s"
    interval, stamps = _time_axis(draft, found, times=times, dt=dt, resample=resample, unit=unit)
    stamps, values = _finite(draft, stamps, missing)
    if resample:
        stamps, values = _evened(stamps, values, dt, draft)
        interval = float(stamps[1] - stamps[0])
    draft = _varying(dataclasses.replace(draft, values=values), drop_constant)
    if len(draft.values) < shortest:
        raise InputError(
            f"{source} has {len(draft.values)} samples, fewer than the {shortest} that the analyses need. Record for "
            f"longer or sample faster, or accept less with `shortest={len(draft.values)}`."
        )
    return Recording(
        draft.values,
        dt=interval,
        time_unit=unit,
        t0=float(stamps[0]),
        names=draft.names,
        units=draft.units,
        source=source,
        notes=tuple(draft.notes),
    )


@dataclasses.dataclass(frozen=True)
class _Draft:
    """A recording on its way through the checks."""

    values: Any
    names: tuple[str, ...]
    units: tuple[str, ...]
    source: str
    notes: list[str]


def _samples(data: Any, dt: float | None) -> Samples:
    """`data` as `Samples`, whatever it is."""
    # pandas and xarray are recognised by name, so that arrays never wait for their import.
    origin = type(data).__module__.partition(".")[0]
    if isinstance(data, Samples):
        return data
    if isinstance(data, Recording):
        return Samples(data.values, None, data.dt, data.t0, data.names, data.units, data.time_unit, True, data.notes)
    if origin == "pandas":
        return samples_of_pandas(data, dt=dt)
    if origin == "xarray":
        return samples_of_xarray(data)
    return Samples(data)


def _matrix(found: Samples, transpose: bool | None, source: str) -> Any:
    """The values as a (time, channel) array in double precision; missing values are still in it."""
    array = _real_array(found.values, source)
    if array.ndim not in (1, 2):
        raise InputError(
            f"A recording has the shape (time,) or (time, channel), but {source} has {array.ndim} dimensions: "
            f"{array.shape}. Choose one trial or one slice, for instance `values[0]`, and save that."
        )
    if array.ndim == 1:
        array = array[:, None]
    if transpose:
        array = array.T
    count, channels = array.shape
    if not array.size:
        raise InputError(f"{source} is empty: its shape is {array.shape}. Give a recording with samples in it.")
    if channels > count and transpose is None and not found.time_leads:
        raise InputError(
            f"{source} has {count} samples of {channels} channels: its time axis seems to be the second one. Pass "
            "`transpose=True` (command line: `--transpose`), or `transpose=False` if there really are more channels "
            "than samples."
        )
    if channels > count and transpose:
        raise InputError(
            f"Transposed, {source} has {count} samples of {channels} channels. Time is its first axis already: leave "
            "`transpose` out."
        )
    return array


def _real_array(values: Any, source: str) -> Any:
    """`values` as an array of real numbers."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "iuf":
        # `asarray` would bring the numbers under the mask to light.
        values = np.where(np.ma.getmaskarray(values), np.nan, values.data)
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{source} cannot be read as an array of numbers: {error}. Give rows of equal length."
        ) from error
    if array.dtype.kind == "c":
        raise InputError(
            f"{source} holds complex numbers (`{array.dtype}`). Save the part that was measured: `values.real`, or "
            "`abs(values)` for an amplitude."
        )
    if array.dtype.kind not in "iuf":
        raise InputError(
            f"{source} holds no numbers: its type is `{array.dtype}`. Save it as an array of numbers, for instance "
            "with `values.astype(float)`."
        )
    return array.astype(np.float64)


def _labels(given: Any, found: Any, what: str, count: int, source: str) -> tuple[str, ...] | None:
    """Channel names or units, those of the caller first; None if there are none."""
    if given is None and found is None:
        return None
    labels = tuple(str(v) for v in (found if given is None else given))
    if len(labels) != count:
        raise InputError(
            f"There are {len(labels)} {what} for {count} channels in {source}. Give one for each channel, in order."
        )
    return labels


def _time_axis(
    draft: _Draft, found: Samples, *, times: Any, dt: float | None, resample: bool, unit: str
) -> tuple[float, Any]:
    """Sampling interval and time of every sample."""
    stamps = found.times if times is None else times
    count, source, notes = len(draft.values), draft.source, draft.notes
    if dt is not None:
        check_interval(dt)
    if stamps is None:
        if resample:
            raise InputError(f"Resampling needs the time of every sample, but {source} has no time axis. Give `times`.")
        interval = found.dt if dt is None else dt
        if interval is None:
            raise InputError(
                f"The sampling interval of {source} is not known: nothing in it is a time axis. Pass `dt`, the time "
                f"between two samples in {'seconds' if unit == 's' else unit} (command line: `--dt 0.004`)."
            )
        check_interval(interval)
        return float(interval), (found.t0 or 0.0) + float(interval) * np.arange(count)
    if times is not None:
        stamps, dates = seconds_of(times)
        notes.extend([dates] if dates else [])
    if count < 2:
        raise InputError(f"{source} has a single sample. Record for longer.")
    stamps = time_stamps(stamps, count=count, source=source)
    grid = grid_of(stamps)
    stamps = stamps.astype(np.float64)
    if resample:
        return grid.dt, stamps
    if dt is not None:
        if abs(dt - grid.dt) > 1e-3 * grid.dt or not grid.even:
            notes.append(f"`dt` = {dt:g} was given and the time axis (mean interval {grid.dt:g}) ignored")
        return float(dt), float(stamps[0]) + float(dt) * np.arange(count)
    if not grid.even:
        raise InputError(
            f"The samples of {source} are not evenly spaced: intervals lie between {grid.shortest:g} and "
            f"{grid.longest:g} {unit} (median {grid.median:g}), up to {grid.jitter:.2g} intervals off an even grid. "
            "Pass `resample=True` (command line: `--resample`) to interpolate linearly onto the median interval, or "
            "`dt` to ignore the time stamps."
        )
    return grid.dt, float(stamps[0]) + grid.dt * np.arange(count)


def _finite(draft: _Draft, stamps: Any, missing: AbstractMending | None) -> tuple[Any, Any]:
    """Times and values without missing ones, mended as asked."""
    if missing is not None and not isinstance(missing, AbstractMending):
        raise InputError(f"`missing` must be `Interpolate()`, `DropRows()` or `LongestStretch()`, got {missing!r}.")
    bad = ~np.isfinite(draft.values)
    if not bad.any():
        return stamps, draft.values
    if missing is not None:
        stamps, values, note = missing.mend(stamps, draft.values, draft.names)
        infinite = int(np.isinf(draft.values).sum())
        draft.notes.append(note + (f"; {infinite} of them were infinite" if infinite else ""))
        return stamps, values
    columns = np.flatnonzero(bad.any(axis=0))
    described = [_described(draft.values[:, j], draft.names[j]) for j in columns[:8]]
    more = f"; and {len(columns) - 8} more channels" if len(columns) > 8 else ""
    raise InputError(
        f"{draft.source} has values that are not numbers: {'; '.join(described)}{more}. Choose with `missing` (command "
        "line: `--missing`): `Interpolate()` (`interpolate`) for short gaps, `LongestStretch()` (`longest`) to keep "
        "the longest part without gaps, or `DropRows()` (`drop`) to leave those rows out and join the rest."
    )


def _described(column: Any, name: str) -> str:
    kinds = [("NaN", np.isnan(column)), ("infinite", np.isinf(column))]
    parts = [f"{int(k.sum())} {word} (first at row {int(np.flatnonzero(k)[0])})" for word, k in kinds if k.any()]
    return f"channel `{name}`: {' and '.join(parts)}"


def _evened(stamps: Any, values: Any, dt: float | None, draft: _Draft) -> tuple[Any, Any]:
    """Times and values on an even grid, by linear interpolation."""
    grid = grid_of(stamps)
    if dt is None and grid.even:
        draft.notes.append("the samples were evenly spaced already and nothing was resampled")
        return float(stamps[0]) + grid.dt * np.arange(len(values)), values
    interval = grid.median if dt is None else float(dt)
    draft.notes.append(
        f"resampled linearly onto an interval of {interval:g}; the original ones lay between {grid.shortest:g} and "
        f"{grid.longest:g}"
    )
    return resampled(stamps, values, dt=interval, source=draft.source)


def _varying(draft: _Draft, drop_constant: bool) -> _Draft:
    """The channels that vary."""
    still = is_constant(draft.values)
    if not still.any():
        return draft
    which = listed([name for name, s in zip(draft.names, still, strict=True) if s])
    if still.all():
        raise InputError(
            f"Every channel of {draft.source} is constant: {which}. There is nothing to analyse; check the file."
        )
    if not drop_constant:
        raise InputError(
            f"{draft.source} has constant channels: {which}. They carry no dynamics: pass `drop_constant=True` "
            "(command line: `--drop-constant`) to leave them out."
        )
    kept = np.flatnonzero(~still)
    return _Draft(
        draft.values[:, kept],
        tuple(draft.names[j] for j in kept),
        tuple(draft.units[j] for j in kept),
        draft.source,
        [*draft.notes, f"left out the constant channels {which}"],
    )
