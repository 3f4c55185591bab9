"""What a reader finds in a file before any check, and what the names of its columns tell."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import InputError

_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    "us": ("us", "usec", "microsecond", "microseconds"),
    "ns": ("ns", "nanosecond", "nanoseconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "year": ("yr", "yrs", "year", "years"),
    "1": ("1",),
    "step": ("step", "steps", "iteration", "iterations"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_TIME_WORDS = ("t", "time", "times", "timestamp", "timestamps", "time_stamp", "date", "datetime", "elapsed")
#: Names of a column that merely counts the rows.
COUNTERS = ("", "index", "sample", "samples", "frame", "row", "unnamed: 0")


@dataclasses.dataclass(frozen=True)
class Samples:
    """Numbers as they were found, with whatever the file tells about them; `as_recording` checks them.

    Args:
        values: Anything that becomes an array of shape `(time,)` or `(time, channel)`.
        times: Time stamps, one per sample, or None.
        dt: Sampling interval where the file states one.
        t0: Time of the first sample where the file states it.
        names: Channel names.
        units: Units of the channels.
        time_unit: Unit of `times`, `dt` and `t0`.
        time_leads: Whether the format itself says that the first axis is time.
        notes: What was concluded on the way, one sentence each.
    """

    values: Any
    times: Any = None
    dt: float | None = None
    t0: float | None = None
    names: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    time_unit: str | None = None
    time_leads: bool = False
    notes: tuple[str, ...] = ()


def standard_time_unit(text: str | None) -> str | None:
    """The short form of a unit of time (`"milliseconds"` is `"ms"`), or None if it is not one."""
    words = (text or "").strip().lower().replace("µ", "u").replace("μ", "u").split()
    return _UNIT_OF.get(words[0]) if words else None


def split_label(label: str) -> tuple[str, str | None]:
    """Name and unit of a column label such as `"V (mV)"` or `"V [mV]"`; the unit is None where not given."""
    match = re.fullmatch(r"\s*(.*?)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]\s*", label)
    if match and match[1]:
        return match[1], match[2] or None
    return label.strip(), None


def time_name(label: str) -> tuple[bool, str | None]:
    """Whether `label` names a time axis, and the unit that it gives: `"time_ms"` gives `(True, "ms")`."""
    name, unit = split_label(label)
    word = name.lower()
    if word in _TIME_WORDS:
        return True, standard_time_unit(unit)
    if len(word) > 2 and word in _UNIT_OF:
        return True, _UNIT_OF[word]
    stem, _, tail = word.rpartition("_")
    if stem in _TIME_WORDS and tail in _UNIT_OF:
        return True, _UNIT_OF[tail]
    return False, None


def listed(names: Sequence[str], *, limit: int = 12) -> str:
    """`names` in backticks with commas between them, shortened after `limit`."""
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def seconds_of(stamps: Any) -> tuple[Any, str | None]:
    """Numbers of `stamps`, and a note where dates were turned into seconds since the first one."""
    array = np.asarray(stamps)
    if array.dtype.kind == "M":
        if np.isnat(array).any():
            raise InputError(
                f"The time axis misses a date at row {int(np.flatnonzero(np.isnat(array))[0])}. "
                "Fill it in, or remove that row."
            )
        start = np.datetime_as_string(array[0], unit="auto") if array.size else "none"
        return (array - array[:1]) / np.timedelta64(1, "s"), f"dates became seconds since {start}"
    if array.dtype.kind == "m":
        return array / np.timedelta64(1, "s"), "time differences became seconds"
    return array, None
