"""The time axis of a recording: is it even, what is its interval, and how to make it even."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._errors import InputError

#: Largest deviation from an even grid, in intervals, that counts as even.
_TOLERANCE = 0.01
#: Resampling may not lengthen a recording by more than this factor.
_LONGER = 100


class Grid(NamedTuple):
    """The even grid nearest to some time stamps."""

    dt: float
    even: bool
    #: Largest deviation from the grid, in intervals.
    jitter: float
    shortest: float
    median: float
    longest: float


def time_stamps(times: Any, *, count: int, source: str) -> Any:
    """Time stamps as increasing numbers, one per sample.

    Raises:
        InputError: If their number is wrong, one is missing, or they do not increase.
    """
    stamps = np.asarray(times)
    if stamps.ndim != 1 or len(stamps) != count:
        raise InputError(
            f"The time axis of {source} has shape {stamps.shape}, but there are {count} samples. "
            "Give one time per sample, or leave the time axis out and pass `dt`."
        )
    if stamps.dtype.kind not in "iuf":
        raise InputError(
            f"The time axis of {source} is of type `{stamps.dtype}`. Give numbers or dates, or pass `dt` "
            "(command line: `--dt`)."
        )
    if stamps.dtype.kind != "f":
        stamps = stamps.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(stamps))
    if bad.size:
        raise InputError(
            f"The time axis of {source} has {bad.size} missing values, the first at row {bad[0]}. "
            "Remove those rows, or leave the time axis out and pass `dt`."
        )
    back = np.flatnonzero(np.diff(stamps.astype(np.float64)) <= 0)
    if back.size:
        i = int(back[0])
        raise InputError(
            f"The time axis of {source} does not increase: row {i + 1} is at {stamps[i + 1]:g} after {stamps[i]:g} "
            f"({back.size} such rows). Sort the rows and remove repeated ones, or split the file where time restarts."
        )
    return stamps


def grid_of(stamps: Any) -> Grid:
    """The even grid through the first and last of increasing `stamps`, and how far they are from it."""
    resolution = _resolution(stamps)
    t = stamps.astype(np.float64)
    t = t - t[0]
    steps = np.diff(t)
    dt = float(t[-1]) / len(steps)
    deviation = float(np.abs(t - dt * np.arange(len(t))).max())
    # Stamps that were rounded on writing (0.006, 0.013, ... for 160 Hz) are even as far as one can tell: half a unit
    # of the last place for the stamp, half for the ends of the grid. More than a quarter of an interval is never
    # taken for rounding, or a lost sample could hide.
    allowed = max(_TOLERANCE * dt, min(1.01 * resolution, 0.25 * dt))
    return Grid(
        dt=dt,
        even=deviation <= allowed,
        jitter=deviation / dt,
        shortest=float(steps.min()),
        median=float(np.median(steps)),
        longest=float(steps.max()),
    )


def _resolution(stamps: Any) -> float:
    """The step in which `stamps` were written down: of their float type, or the last decimal that they use."""
    spacing = float(np.spacing(np.abs(stamps).max()))
    t = stamps.astype(np.float64)
    for decimals in range(10):
        scaled = t * 10.0**decimals
        rounding = max(1e-5, 2 * spacing * 10.0**decimals)
        if rounding > 0.05:
            break
        if np.abs(scaled - np.rint(scaled)).max() < rounding:
            return max(10.0**-decimals, spacing)
    return spacing


def resampled(times: Any, values: Any, *, dt: float, source: str) -> tuple[Any, Any]:
    """`values` on an even grid of interval `dt` from the first time on, by linear interpolation.

    Raises:
        InputError: If `dt` is so short that the recording would become more than 100 times longer, or so long
            that fewer than two samples remain.
    """
    # The last grid point may fall a rounding error behind the last stamp.
    count = int(np.floor((times[-1] - times[0]) / dt + 1e-9)) + 1
    if count > _LONGER * len(times) or count < 2:
        raise InputError(
            f"Resampling {source} to an interval of {dt:g} would give {count} samples from {len(times)}. "
            f"Choose `dt` near the median interval {np.median(np.diff(times)):g}."
        )
    grid = times[0] + dt * np.arange(count)
    return grid, np.stack([np.interp(grid, times, column) for column in values.T], axis=1)
