"""One way to save and to load: results, trajectories, recordings and systems."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from .._errors import InputError
from .._param import parameters, settings
from .._results import AbstractResult
from ..series import Recording, Trajectory
from ..systems import AbstractSystem
from ._containers import (
    DAMAGED,
    Labels,
    read_netcdf,
    read_npz,
    read_safetensors,
    safetensors_header,
    unpaired,
    write_netcdf,
    write_npz,
    write_safetensors,
)
from ._encoding import decode, encode
from ._python_file import load_module

#: States of up to this many components get one variable each in NetCDF files, larger ones a common one.
_COLUMNS = 64


def save(value: Any, path: str | Path) -> Path:
    """Save a result, a trajectory, a recording or a system; `load` gives it back bit for bit.

    Results, trajectories and recordings go into one NetCDF file (`.nc`, with names and units, which xarray opens too)
    or one NumPy archive (`.npz`), and series also into a table (`.csv`, which `read_recording` reads). Systems go into
    `.safetensors`: the parameters as tensors, the class, settings and units in its header.

    Args:
        value: What to save.
        path: The file; its suffix says the format. An existing file is replaced.

    Returns:
        The path.

    Raises:
        InputError: If the suffix does not fit the value, or a part of it is code (a function, a system made by an
            operation such as `noisy`).

    Example:
        >>> import dynascope as ds, tempfile
        >>> file = save(ds.build("lorenz", rho=20.0), tempfile.mkdtemp() + "/mine.safetensors")
        >>> float(load(file).rho)
        20.0
    """
    path = Path(path)
    suffix = path.suffix.lower()
    allowed = _suffixes(value)
    if suffix not in allowed:
        raise InputError(
            f"A {_kind_of(value)} is saved as {' or '.join(f'`{s}`' for s in allowed)}, but `{path.name}` ends in "
            f"`{suffix or 'nothing'}`. Change the suffix."
        )
    if suffix == ".csv":
        _write_csv(value, path)
        return path
    arrays: dict[str, np.ndarray] = {}
    described = encode(value, "", arrays)
    header = {"version": importlib.metadata.version("dynascope"), "class": described["class"], "value": described}
    if isinstance(value, AbstractSystem):
        units = {name: said["unit"] for name, (_, said) in parameters(value).items()}
        header |= {"settings": {k: v for k, v in settings(value).items() if _plain(v)}, "units": units}
        write_safetensors(path, arrays, header)
    elif suffix == ".npz":
        write_npz(path, arrays, header)
    else:
        labels, extra = _labels(value, arrays)
        header["labels"] = {name: [list(label.names), list(label.dims)] for name, label in labels.items()}
        write_netcdf(path, arrays, header, labels, extra)
    return path


def load(path: str | Path, *, source: str | Path | None = None) -> Any:
    """Load what `save` has written. Nothing in the file is run, and only classes of Dynascope are built.

    Args:
        path: A `.nc`, `.npz` or `.safetensors` file.
        source: The Python file of a class of your own, as `file.py` or `file.py:Class`; it is imported, which runs it.

    Raises:
        InputError: If the file is missing, damaged, not of this kind, or holds a class that is not known.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".nc", ".npz", ".safetensors"):
        raise InputError(
            f"`{path.name}` ends in `{suffix or 'nothing'}`; `save` writes `.nc`, `.npz` and `.safetensors`. Read "
            "other data with `read_recording`."
        )
    if not path.is_file():
        raise InputError(f"There is no file `{path}`. Check the path.")
    own = _own(source)
    try:
        header, arrays = _contents(path, suffix)
        return decode(header["value"], arrays, own)
    except InputError:
        raise
    except DAMAGED as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"`{path.name}` cannot be loaded: {said}. It is damaged or incomplete; save it again."
        ) from error


def is_saved_system(path: str | Path) -> bool:
    """Whether a `.safetensors` file holds a system that `save` has written, rather than bare weights."""
    path = Path(path)
    return path.suffix.lower() == ".safetensors" and path.is_file() and bool(safetensors_header(path))


def _contents(path: Path, suffix: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and all arrays it names, with their types and shapes checked."""
    if suffix == ".nc":
        header, array = read_netcdf(path)
        labels = {name: Labels(tuple(names), tuple(dims), ()) for name, (names, dims) in header["labels"].items()}
        wanted = dict(_arrays_of(header["value"]))
        plain = {name: Labels((name,), (), ()) for name in wanted}
        return header, {n: array({**plain, **labels}[n], *said) for n, said in wanted.items()}
    header, stored = read_npz(path) if suffix == ".npz" else read_safetensors(path)
    return header, {n: unpaired(stored[n], *said) for n, said in _arrays_of(header["value"])}


def _arrays_of(spec: Any) -> Iterator[tuple[str, tuple[str, list[int]]]]:
    """Name, type and shape of every array in a description."""
    match spec:
        case list(entries) | {"tuple": list(entries)}:
            parts: Any = entries
        case {"dict": dict(entries)} | {"fields": dict(entries)}:
            parts = entries.values()
        case {"array": str(name), "type": dtype, "shape": shape} | {"key": str(name), "type": dtype, "shape": shape}:
            yield name, (dtype, shape)
            return
        case _:
            return
    for part in parts:
        yield from _arrays_of(part)


def _own(source: str | Path | None) -> ModuleType | None:
    if source is None:
        return None
    file, _, name = str(source).rpartition(":")
    return load_module(file if file.endswith(".py") and name else str(source))


def _suffixes(value: Any) -> tuple[str, ...]:
    match value:
        case AbstractSystem():
            return (".safetensors",)
        case Trajectory() | Recording():
            return (".nc", ".npz", ".csv")
        case AbstractResult():
            return (".nc", ".npz")
    raise InputError(
        f"A {type(value).__name__} cannot be saved. `save` takes results of analyses, trajectories, recordings and "
        "systems."
    )


def _kind_of(value: Any) -> str:
    kinds = {AbstractSystem: "system", Trajectory: "trajectory", Recording: "recording"}
    return next((word for cls, word in kinds.items() if isinstance(value, cls)), "result")


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _labels(value: Any, arrays: dict[str, np.ndarray]) -> tuple[dict[str, Labels], dict[str, Any]]:
    """How the arrays appear to readers that know nothing of the header, and coordinates for them."""
    if isinstance(value, Trajectory):
        return _of_trajectory(value, arrays)
    if isinstance(value, Recording):
        whole = value.to_xarray()
        extra = {str(name): whole.coords[name] for name in whole.coords}
        return {"values": Labels(("values",), ("time", "channel"), ({},))}, extra
    labels = {}
    for field in dataclasses.fields(value):
        if "dims" in field.metadata and field.name in arrays:
            said = {"units": field.metadata["unit"], "long_name": field.metadata["doc"]}
            labels[field.name] = Labels((field.name,), field.metadata["dims"], (said,))
    return labels, {}


def _of_trajectory(run: Trajectory, arrays: dict[str, np.ndarray]) -> tuple[dict[str, Labels], dict[str, Any]]:
    """One variable per component over `time`; large states in one variable over `time` and `component`."""
    labels: dict[str, Labels] = {}
    if "ts" in arrays:
        labels["ts"] = Labels(("time",), ("time",), ({"units": run.time_unit},))
    if run.events is not None:
        labels["events.times"] = Labels(("event_times",), ("event",), ({"units": run.time_unit},))
        labels["events.surfaces"] = Labels(("event_surfaces",), ("event",), ({},))
    leaves = [name for name in arrays if name == "ys" or name.startswith("ys.")]
    sizes = [int(np.prod(arrays[name].shape[1:])) for name in leaves]
    ordered = not isinstance(run.ys, dict) and sum(sizes) == len(run.names) == len({*run.names, "time"}) - 1
    if not ordered or any(name in arrays for name in run.names):
        return labels, {}
    if len(leaves) == 1 and len(run.names) > _COLUMNS and arrays[leaves[0]].ndim == 2:
        unit = {"units": run.units[0]} if len(set(run.units)) == 1 else {}
        return labels | {leaves[0]: Labels(("state",), ("time", "component"), (unit,))}, {
            "component": ("component", list(run.names))
        }
    start = 0
    for name, size in zip(leaves, sizes, strict=True):
        names, units = run.names[start : start + size], run.units[start : start + size]
        if len(run.names) <= _COLUMNS:
            said = tuple({"units": unit} for unit in units)
            labels[name] = Labels(names, ("time",), said)
        start += size
    return labels, {}


def _write_csv(value: Trajectory | Recording, path: Path) -> None:
    """A table with the time first, one column per component, and enough digits to give every number back."""
    if isinstance(value, Trajectory):
        times, columns = np.asarray(value.ts), np.asarray(value.flat)
    else:
        times, columns = value.ts, value.values
    labels = [f"{n} [{u}]" if u != "1" else n for n, u in zip(value.names, value.units, strict=True)]
    unit = value.time_unit
    head = ",".join(["time" if unit in ("1", "step") else f"time [{unit}]", *labels])
    whole = np.issubdtype(times.dtype, np.integer)
    if not path.parent.is_dir():
        raise InputError(f"There is no folder `{path.parent}` to save `{path.name}` in. Make it first.")
    with path.open("w", encoding="utf-8") as file:
        file.write(head + "\n")
        for t, row in zip(times, jax.device_get(columns), strict=True):
            file.write(",".join([str(int(t)) if whole else repr(float(t)), *(repr(float(x)) for x in row)]) + "\n")
