"""What the caller wants from a file, and how to find it among several arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._errors import InputError
from ..series._samples import Samples, listed, seconds_of, standard_time_unit, time_name
from ..series._tables import several_arrays

_INTERVALS = ("dt", "sampling_interval", "sample_interval", "sampling_period", "delta_t")
_RATES = ("fs", "sfreq", "srate", "sampling_rate", "sample_rate", "samplingrate", "samplerate", "sampling_frequency")
_LABELS = ("names", "channels", "channel_names", "ch_names", "labels")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The part of the arguments of `read_recording` that its readers need."""

    variable: str | None = None
    time: str | None = None
    dt: float | None = None
    transpose: bool | None = None


def pick(arrays: Mapping[str, Any], wanted: Wanted, *, where: str) -> Samples:
    """The samples that `wanted` means among named arrays.

    Time axes, sampling rates and channel names are recognised by their names and taken along; what is left must be
    one array, or be chosen.

    Args:
        arrays: Arrays, or anything with `shape` and `dtype` that loads by `[...]`, by name (parts of a path separated
            by `/`).
        wanted: What the caller asked for.
        where: The file, for messages.

    Raises:
        InputError: If nothing or more than one thing fits, or a name is unknown.
    """
    numeric = {k: v for k, v in arrays.items() if np.dtype(v.dtype).kind in "iufcbmM" and _size(v) > 1}
    axes = {k: v for k, v in numeric.items() if _is_vector(v) and (k == wanted.time or time_name(_last(k))[0])}
    if wanted.time is not None:
        wanted_time = _found(wanted.time, numeric, where)
        axes = {wanted_time: numeric[wanted_time]}
    series = {k: v for k, v in numeric.items() if k not in axes and np.dtype(v.dtype).kind not in "mM"}
    if wanted.variable is not None:
        chosen = _names(wanted.variable, numeric, where)
    elif len(series) > 1:
        raise several_arrays({k: tuple(v.shape) for k, v in series.items()}, f"`{where}`")
    else:
        chosen = list(series)
    if not chosen:
        what = f"only a time axis {listed(list(axes))}" if axes else "no array of numbers"
        others = [f"{k} ({v.dtype})" for k, v in arrays.items() if k not in axes]
        raise InputError(
            f"`{where}` holds {what}{f', besides {listed(others)}' if others else ''}. Save the samples as an array of "
            "shape (time, channel)."
        )
    values = _joined([numeric[name] for name in chosen], chosen)
    notes = [f"the samples are the variable {listed(chosen)}"] if len(arrays) > 1 else []
    count = values.shape[-1] if wanted.transpose else values.shape[0]
    near = [k for k, v in axes.items() if _size(v) == count]
    near = [k for k in near if _folder(k) == _folder(chosen[0])] or near
    if wanted.time is not None and not near:
        raise InputError(
            f"The time axis `{wanted.time}` of `{where}` has {_size(axes[next(iter(axes))])} entries, but there are "
            f"{count} samples of {listed(chosen)}. Choose another `time`, or pass `dt`."
        )
    times, unit = None, None
    if near:
        times, dates = seconds_of(np.asarray(axes[near[0]][...]).ravel())
        unit = "s" if dates else time_name(_last(near[0]))[1]
        notes += [f"`{near[0]}` is the time axis", *([dates] if dates else [])]
    dt, told = _interval(arrays, _folder(chosen[0])) if times is None and wanted.dt is None else (None, None)
    names = tuple(_last(c) for c in chosen) if len(chosen) > 1 else _labels(arrays, values.ndim)
    return Samples(
        values, times, dt, names=names, time_unit=standard_time_unit(unit), notes=(*notes, *([told] if told else []))
    )


def _interval(arrays: Mapping[str, Any], folder: str) -> tuple[float | None, str | None]:
    """A sampling interval that the file states as a single number, and the note about it."""
    for name, value in arrays.items():
        if _size(value) != 1 or np.dtype(value.dtype).kind not in "iuf" or _folder(name) not in (folder, ""):
            continue
        number = float(np.asarray(value[...]).ravel()[0])
        word = _last(name).lower()
        if word in _INTERVALS:
            return number, f"`{name}` = {number:g} is the sampling interval"
        if word in _RATES and number > 0:
            return 1.0 / number, f"`{name}` = {number:g} is the sampling rate"
    return None, None


def _labels(arrays: Mapping[str, Any], ndim: int) -> tuple[str, ...] | None:
    """Channel names that the file holds as an array of text."""
    for name, value in arrays.items():
        if ndim == 2 and _last(name).lower() in _LABELS and _is_vector(value):
            entries = np.asarray(value[...]).ravel().tolist()
            if all(isinstance(e, str | bytes) for e in entries):
                return tuple(e.decode() if isinstance(e, bytes) else e.strip() for e in entries)
    return None


def _joined(parts: list[Any], names: list[str]) -> Any:
    """One array, or several vectors side by side."""
    if len(parts) == 1:
        return np.asarray(parts[0][...])
    lengths = {_size(p) for p in parts if _is_vector(p)}
    if len(lengths) != 1 or not all(_is_vector(p) for p in parts):
        shapes = "; ".join(f"`{n}` {tuple(p.shape)}" for n, p in zip(names, parts, strict=True))
        raise InputError(f"Only vectors of one length can be channels of one recording, got {shapes}. Choose fewer.")
    return np.stack([np.asarray(p[...]).ravel() for p in parts], axis=1)


def _names(variable: str, arrays: Mapping[str, Any], where: str) -> list[str]:
    exact = [k for k in arrays if variable in (k, _last(k))]
    parts = [variable] if exact else [v.strip() for v in variable.split(",")]
    return [_found(v, arrays, where) for v in parts]


def _found(name: str, arrays: Mapping[str, Any], where: str) -> str:
    """The full name of the array called `name`."""
    if name in arrays:
        return name
    matches = [k for k in arrays if _last(k) == name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(f"`{name}` could be {listed(matches)} of `{where}`. Give the full name.")
    shown = "; ".join(f"`{k}` {tuple(v.shape)}" for k, v in list(arrays.items())[:20]) or "nothing"
    raise InputError(f"There is no array of numbers `{name}` in `{where}`. There is: {shown}.")


def _size(array: Any) -> int:
    return int(np.prod(array.shape))


def _is_vector(array: Any) -> bool:
    return len(array.shape) >= 1 and max(array.shape) == _size(array)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
