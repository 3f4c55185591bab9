"""What a sweep found as one labelled dataset, in the shape of its grid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .._param import parameters
from ..systems import AbstractSystem
from ._collect import AbstractCollection
from ._grid import SEED, Points
from ._outputs import LEFT_OUT, MEANINGS, NOT_FINITE, as_text, filler

if TYPE_CHECKING:
    import xarray as xr


def labels_of(system: Any, points: Points) -> dict[str, tuple[str, str]]:
    """Unit and meaning of each swept name, as far as the system says them."""
    known = parameters(system) if isinstance(system, AbstractSystem) else {}
    notes = {name: (known[name][1]["unit"], known[name][1]["doc"]) for name in points.coordinates if name in known}
    return {SEED: ("1", "seed of the random keys")} | {
        name: notes.get(name, ("1", "")) for name in points.coordinates if name != SEED
    }


def dataset(
    collection: AbstractCollection, points: Points, *, labels: dict[str, tuple[str, str]], manifest: dict[str, Any]
) -> xr.Dataset:
    """The outputs in the shape of the grid, with coordinates, units, status and the settings that made them."""
    import xarray as xr

    dims = tuple(points.dims)
    shape = tuple(points.dims.values())

    def gridded(array: np.ndarray, fill: Any) -> np.ndarray:
        if points.kept is not None:
            whole = np.full((points.size, *array.shape[1:]), fill, array.dtype)
            whole[points.kept] = array
            array = whole
        return array.reshape(*shape, *array.shape[1:])

    variables: dict[str, Any] = {}
    arrays, kinds = collection.outputs()
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        kind = kinds[name]
        values = as_text(array) if kind.text else array
        own = tuple(_distinct(dim, n, sizes, dims) for dim, n in zip(kind.dims, values.shape[1:], strict=True))
        notes = {"units": kind.unit, "long_name": kind.doc} if not kind.text else {}
        variables[name] = ((*dims, *own), gridded(values, "" if kind.text else filler(values.dtype)), notes)
    status = collection.status()
    notes = {"flag_values": list(MEANINGS), "flag_meanings": " ".join(MEANINGS.values())}
    variables["status"] = (dims, gridded(status, LEFT_OUT), {"long_name": "what became of the point", **notes})
    if np.any(status > 1):
        errors = collection.errors()
        errors[status == NOT_FINITE] = "An output is not a number."
        variables["error"] = (dims, gridded(errors, ""), {"long_name": "why the point failed"})
    coordinates = {
        name: (dim, values, {"units": labels[name][0], "long_name": labels[name][1]})
        for name, (dim, values) in points.coordinates.items()
    }
    counts = {meaning: int(np.sum(status == code)) for code, meaning in MEANINGS.items() if code >= 0}
    attributes = {
        "dynascope": "sweep",
        "function": _name(manifest["inputs"]["function"]),
        "system": _name(manifest["inputs"]["system"]),
        "execution": manifest["execution"],
        "points": len(points),
        **{n: c for n, c in counts.items() if c},
        "settings": json.dumps(manifest),
    }
    return xr.Dataset(variables, coordinates, attributes)


def _distinct(dim: str, size: int, sizes: dict[str, int], taken: tuple[str, ...]) -> str:
    """The name of a dimension, with its size where another of that name has another size."""
    if dim in taken or sizes.setdefault(dim, size) != size:
        return f"{dim}_{size}"
    return dim


def _name(description: Any) -> str:
    """The short name of what a manifest describes."""
    while isinstance(description, dict):
        entry = next((description[k] for k in ("function", "class", "name", "method") if k in description), None)
        if entry is None:
            return "unknown"
        description = entry
    return str(description).rpartition(":")[2]
