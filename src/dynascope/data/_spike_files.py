"""The one way from a file to `SpikeTrains`."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import InputError
from ..series import SpikeTrains, as_spike_trains
from ..series._samples import listed, standard_time_unit
from ._extras import optional
from ._kinds import NEO

_TIMES, _UNITS = "spike_times", "spike_units"
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


def read_spike_trains(
    path: str | Path, *, start: float | None = None, stop: float | None = None, time_unit: str | None = None
) -> SpikeTrains:
    """Read spike trains; the suffix of the file says how.

    A `.npz` holds one vector of times per unit, named `unit...`, or all times as `spike_times` with the number of the
    unit of each as `spike_units`; `start`, `stop` and `time_unit` may be among its arrays. From `.nwb` come the units,
    from the formats of neo (extra `neuro`) the spike trains of the first segment.

    Args:
        path: The file.
        start: Begin of the window; None takes what the file says, else 0 (or the first spike, where that is earlier).
        stop: End of the window; None takes what the file says, else the last spike, which a note then says.
        time_unit: Unit of the times; None takes what the file says, else seconds.

    Returns:
        The trains; spikes outside of a window that was given are left out, and so are spikes of one unit at one time
        but the first, which a note then says.

    Raises:
        InputError: If the file holds no spike trains or cannot be read.

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "two.npz"
        >>> np.savez(file, unit_a=[0.1, 0.4], unit_b=[0.2], stop=1.0)
        >>> read_spike_trains(file).counts.tolist()
        [2, 1]
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no file `{path}`. Check the path.")
    try:
        rows, known = _read(path)
    except InputError:
        raise
    except _DAMAGED as error:
        text = " ".join(str(error).split())[:300]
        raise InputError(f"`{path.name}` cannot be read as spike trains: {text}. Check the file.") from error
    if not rows:
        raise InputError(f"`{path.name}` holds no spike trains. For continuous signals use `read_recording`.")
    given = start is not None or stop is not None
    times = np.concatenate([np.asarray(row, float).ravel() for row in rows.values()])
    notes = []
    rows, twice = _distinct(rows)
    if twice:
        notes.append(f"{twice} spikes at the same time as another one of their unit were left out")
    if start is None:
        start = float(known["start"]) if "start" in known else min(0.0, float(times.min(initial=0.0)))
    if stop is None:
        if "stop" not in known:
            notes.append("the window ends at the last spike, because the file does not say when the recording ended")
        stop = float(known["stop"]) if "stop" in known else float(times.max(initial=0.0))
    return as_spike_trains(
        rows,
        start=start,
        stop=stop,
        time_unit=time_unit or str(known.get("time_unit", "s")),
        cut=given,
        source=path.name,
        notes=notes,
    )


def _distinct(rows: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The times of each unit, each once, and how many that leaves out: clocks of recordings are coarse."""
    flat = {name: np.asarray(row, float).ravel() for name, row in rows.items()}
    once = {name: np.unique(row) for name, row in flat.items()}
    return once, sum(flat[name].size - once[name].size for name in flat)


def holds_spike_trains(path: str | Path) -> bool:
    """Whether a file holds spike trains and no continuous signal."""
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return _is_spikes(archive.files)
        if suffix == ".nwb":
            return _nwb_has_only_units(path)
        if suffix in NEO:
            segments = _segments(path)
            signals = any(len(s.analogsignals) or len(s.irregularlysampledsignals) for s in segments)
            return not signals and any(len(s.spiketrains) for s in segments)
    # A damaged file is no spike train; the reader of recordings says what is wrong with it.
    except (*_DAMAGED, InputError):
        return False
    return False


def _is_spikes(names: list[str]) -> bool:
    return _TIMES in names or any(name.startswith("unit") for name in names if name not in ("units", "unit"))


def _read(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Times by unit, and what the file says of the window."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _from_npz(path)
    if suffix == ".nwb":
        return _from_nwb(path)
    if suffix in NEO:
        return _from_neo(path)
    raise InputError(
        f"Spike trains are read from `.npz`, `.nwb` and {listed(sorted(NEO))}, not from `{suffix or path.name}`."
    )


def _from_npz(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    known = {k: arrays[k].item() for k in ("start", "stop", "time_unit") if k in arrays and arrays[k].size == 1}
    if _TIMES in arrays:
        times = np.asarray(arrays[_TIMES], float).ravel()
        units = np.asarray(arrays.get(_UNITS, np.zeros(times.size, int))).ravel()
        if units.shape != times.shape:
            raise InputError(f"`{_TIMES}` and `{_UNITS}` must have one length, got {times.size} and {units.size}.")
        return {f"unit {u}": times[units == u] for u in np.unique(units)}, known
    return {k: v for k, v in arrays.items() if k.startswith("unit") and k not in ("units", "unit")}, known


def _from_nwb(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    pynwb = optional("pynwb", extra="neuro", why="Reading `.nwb`")
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        table = file.read().units
        if table is None or "spike_times" not in table.colnames:
            return {}, {}
        rows = {f"unit {int(table.id[k])}": np.asarray(table["spike_times"][k]) for k in range(len(table.id))}
        known: dict[str, Any] = {"time_unit": "s"}
        if "obs_intervals" in table.colnames:
            seen = np.concatenate([np.asarray(table["obs_intervals"][k]) for k in range(len(table.id))])
            known |= {"start": float(seen.min()), "stop": float(seen.max())}
        return rows, known


def _nwb_has_only_units(path: Path) -> bool:
    pynwb = optional("pynwb", extra="neuro", why="Reading `.nwb`")
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        content = file.read()
        signals = any(isinstance(item, pynwb.TimeSeries) and np.ndim(item.data) for item in content.objects.values())
        return not signals and content.units is not None and "spike_times" in content.units.colnames


def _segments(path: Path) -> list[Any]:
    io = optional("neo.io", extra="neuro", why=f"Reading `{path.suffix}`")
    try:
        blocks = io.get_io(str(path)).read()
    # A reader of a foreign format may fail in any way on a damaged file.
    except Exception as error:
        raise InputError(f"neo cannot read `{path.name}`: {error}. Check that the file is complete.") from error
    return [segment for block in blocks for segment in block.segments]


def _from_neo(path: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    found = [segment.spiketrains for segment in _segments(path) if len(segment.spiketrains)]
    if not found:
        return {}, {}
    trains = list(found[0])
    unit = standard_time_unit(str(trains[0].times.dimensionality)) or "s"
    rows = {
        f"unit {k}": np.asarray(train.times.rescale(trains[0].times.units).magnitude) for k, train in enumerate(trains)
    }
    ends = [(float(t.t_start.rescale(t.times.units)), float(t.t_stop.rescale(t.times.units))) for t in trains]
    return rows, {"time_unit": unit, "start": min(e[0] for e in ends), "stop": max(e[1] for e in ends)}
