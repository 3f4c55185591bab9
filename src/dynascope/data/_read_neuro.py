"""Files of electrophysiology: NWB, and whatever neo reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .._errors import InputError
from ..series._samples import Samples, listed, standard_time_unit
from ..series._tables import several_arrays
from ._extras import optional
from ._wanted import Wanted


def read_nwb(path: Path, wanted: Wanted) -> Samples:
    """Samples of one time series of an NWB file, in its own unit (`data * conversion + offset`)."""
    pynwb = optional("pynwb", extra="neuro", why="Reading `.nwb`")
    _no_time(wanted, path)
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        found = {
            item.name if item.parent is None else f"{item.parent.name}/{item.name}": item
            for item in file.read().objects.values()
            if isinstance(item, pynwb.TimeSeries) and np.ndim(item.data) and item.data.dtype.kind in "iuf"
        }
        series = _one(found, wanted.variable, {k: tuple(v.data.shape) for k, v in found.items()}, path)
        values = np.asarray(series.data[...]) * series.conversion + series.offset
        if series.rate is not None:
            timing: dict[str, Any] = {"dt": 1.0 / series.rate, "t0": float(series.starting_time or 0.0)}
        else:
            timing = {"times": np.asarray(series.timestamps[...])}
        electrical = isinstance(series, pynwb.ecephys.ElectricalSeries)
        labels = _electrodes(series) if electrical and values.ndim == 2 else None
        if electrical and series.channel_conversion is not None:
            values = values * np.asarray(series.channel_conversion[...])
        count = values.shape[1] if values.ndim == 2 else 1
        return Samples(
            values,
            names=labels,
            units=(str(series.unit),) * count,
            time_unit="s",
            time_leads=True,
            notes=(f"the samples are the time series `{series.name}`",),
            **timing,
        )


def _electrodes(series: Any) -> tuple[str, ...]:
    """Names of the channels of an electrical series: the numbers of their electrodes."""
    table = series.electrodes.table
    return tuple(f"electrode {table.id[int(row)]}" for row in series.electrodes.data[...])


def read_neo(path: Path, wanted: Wanted) -> Samples:
    """Samples of one analog signal of a file that neo can read."""
    optional("neo", extra="neuro", why=f"Reading `{path.suffix}`")
    io = optional("neo.io", extra="neuro", why=f"Reading `{path.suffix}`")
    _no_time(wanted, path)
    try:
        blocks = io.get_io(str(path)).read()
    # A reader of a foreign format may fail in any way on a damaged file.
    except Exception as error:
        raise InputError(f"neo cannot read `{path.name}`: {error}. Check that the file is complete.") from error
    found = {
        f"block{b}/segment{s}/{signal.name or f'signal{i}'}": signal
        for b, block in enumerate(blocks)
        for s, segment in enumerate(block.segments)
        for i, signal in enumerate([*segment.analogsignals, *segment.irregularlysampledsignals])
    }
    signal = _one(found, wanted.variable, {k: tuple(v.shape) for k, v in found.items()}, path)
    times = signal.times
    unit = standard_time_unit(str(times.dimensionality))
    if unit is None:
        times, unit = times.rescale("s"), "s"
    count = signal.shape[1]
    labels = signal.array_annotations.get("channel_names")
    return Samples(
        np.asarray(signal.magnitude),
        times=np.asarray(times.magnitude),
        names=tuple(str(n) for n in labels) if labels is not None and len(labels) == count else None,
        units=(str(signal.dimensionality),) * count,
        time_unit=unit,
        time_leads=True,
        notes=(f"read by neo from the signal `{signal.name}`",),
    )


def _one(found: dict[str, Any], variable: str | None, shapes: dict[str, tuple[int, ...]], path: Path) -> Any:
    """The one series that is meant."""
    if not found:
        raise InputError(
            f"`{path.name}` holds no continuous signal. Spike times alone cannot be analysed as a recording: bin "
            "them into rates first."
        )
    if variable is None:
        if len(found) > 1:
            raise several_arrays(shapes, f"`{path.name}`")
        return next(iter(found.values()))
    matches = [k for k in found if variable in (k, k.rpartition("/")[2])]
    if len(matches) != 1:
        problem = f"could be {listed(matches)}" if matches else f"is not in it. There is: {listed(list(found))}"
        raise InputError(f"The signal `{variable}` of `{path.name}` {problem}. Give a full name.")
    return found[matches[0]]


def _no_time(wanted: Wanted, path: Path) -> None:
    if wanted.time is not None:
        raise InputError(f"Signals of `{path.name}` carry their own time axis. Leave out `time`.")
