"""Three kinds of file that hold named arrays and one header of text: NetCDF, NumPy archives, safetensors."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._errors import InputError

#: The name under which the header is kept.
HEADER = "dynascope"
#: HDF5 keeps attributes of up to 64 kB; longer headers become a variable.
_LONGEST = 60_000


class Labels(NamedTuple):
    """How one array appears in a NetCDF file.

    Args:
        names: The name of the variable, or one per column of an array whose first axis is time.
        dims: Names of the dimensions.
        attributes: Unit and meaning, one dictionary per name.
    """

    names: tuple[str, ...]
    dims: tuple[str, ...]
    attributes: tuple[dict[str, str], ...]


def write_netcdf(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    header: dict[str, Any],
    labels: Mapping[str, Labels],
    extra: Mapping[str, Any],
) -> None:
    """Write arrays as labelled variables, with `extra` coordinates for readers who know nothing of the header."""
    import xarray as xr

    variables: dict[str, Any] = {}
    for name, array in arrays.items():
        label = labels.get(name) or Labels((name,), tuple(f"{name}_{i}" for i in range(array.ndim)), ({},))
        if len(label.dims) == 1 and array.ndim != 1:
            columns = array.reshape(array.shape[0], len(label.names))
            parts = [(n, columns[:, j], a) for j, (n, a) in enumerate(zip(label.names, label.attributes, strict=True))]
        else:
            parts = [(label.names[0], array, label.attributes[0])]
        for part, values, attributes in parts:
            for ending, real in _real_parts(values):
                variables[part + ending] = (label.dims, real, attributes)
    text = json.dumps(header, allow_nan=False)
    attributes = {"class": header["class"].partition(":")[2], "version": header["version"]}
    if len(text.encode()) <= _LONGEST:
        attributes[HEADER] = text
    else:
        variables[HEADER] = ((HEADER,), np.frombuffer(text.encode(), np.uint8))
    dataset = xr.Dataset(variables, dict(extra), attributes)
    dataset = dataset.set_coords([n for n in ("time",) if n in dataset.variables])
    # xarray would mark NaN as missing and choose types: the numbers go in as they are.
    encoding = {str(name): {"_FillValue": None} for name, v in dataset.variables.items() if v.dtype.kind in "fiu"}
    _replacing(path, lambda part: dataset.to_netcdf(part, engine="h5netcdf", encoding=encoding))


def read_netcdf(path: Path) -> tuple[dict[str, Any], Callable[[Labels, str, list[int]], np.ndarray]]:
    """The header, and a function from the labels, type and shape of an array to the array."""
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as opened:
        dataset = opened.load()
    if HEADER in dataset.variables:
        text = dataset[HEADER].values.tobytes().decode()
    else:
        text = str(dataset.attrs.get(HEADER, ""))

    def array(label: Labels, dtype: str, shape: list[int]) -> np.ndarray:
        kind = np.dtype(dtype)
        columns = []
        for part in label.names:
            if kind.kind == "c":
                # Written by parts: a sum with `1j` would change signs of zeros and spread NaN.
                whole = np.empty(dataset[f"{part}_real"].shape, kind)
                whole.real, whole.imag = dataset[f"{part}_real"].values, dataset[f"{part}_imag"].values
            else:
                whole = dataset[part].values.astype(kind)
            columns.append(whole)
        joined = np.stack(columns, axis=1) if len(columns) > 1 else columns[0]
        return joined.reshape(shape)

    return _parsed(text, path), array


def write_npz(path: Path, arrays: Mapping[str, np.ndarray], header: dict[str, Any]) -> None:
    """Write a NumPy archive with the header as one text."""
    text = np.array(json.dumps(header, allow_nan=False))

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez_compressed(file, **{**arrays, HEADER: text})  # pyright: ignore[reportArgumentType]

    _replacing(path, write)


def read_npz(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of a NumPy archive; pickled objects are refused."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return _parsed(str(arrays.pop(HEADER, "")), path), arrays


def write_safetensors(path: Path, arrays: Mapping[str, np.ndarray], header: dict[str, Any]) -> None:
    """Write tensors with the header as metadata; complex numbers become pairs of real ones."""
    from safetensors.numpy import save_file

    tensors = {name: _paired(array).copy(order="C") for name, array in arrays.items()}
    metadata = {HEADER: json.dumps(header, allow_nan=False)}
    _replacing(path, lambda part: save_file(tensors, str(part), metadata))


def read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the tensors of a safetensors file."""
    from safetensors.numpy import load_file

    return _parsed(safetensors_header(path), path), load_file(str(path))


def safetensors_header(path: Path) -> str:
    """The header that Dynascope wrote into a safetensors file, or `""` if another program made it."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(path.stat().st_size, 100_000_000):
            return ""
        try:
            found = json.loads(file.read(length))
        except ValueError:
            return ""
    metadata = found.get("__metadata__") if isinstance(found, dict) else None
    return str(metadata.get(HEADER, "")) if isinstance(metadata, dict) else ""


def unpaired(array: np.ndarray, dtype: str, shape: list[int]) -> np.ndarray:
    """Undo the pairing of complex numbers and check type and shape against the header."""
    kind = np.dtype(dtype)
    if kind.kind == "c" and array.dtype.kind == "f" and array.shape[-1:] == (2,):
        array = np.ascontiguousarray(array).view(kind)[..., 0]
    if array.dtype != kind or list(array.shape) != shape:
        raise InputError(
            f"An array of the file has the type {array.dtype} and shape {array.shape}, but its header says {dtype} and "
            f"{tuple(shape)}. The file was changed after it was saved."
        )
    return array


#: What the libraries behind the containers raise on a damaged file.
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile)


def _real_parts(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    if values.dtype.kind == "c":
        return [("_real", np.real(values)), ("_imag", np.imag(values))]
    return [("", values.astype(np.uint8) if values.dtype.kind == "b" else values)]


def _paired(array: np.ndarray) -> np.ndarray:
    return np.stack([np.real(array), np.imag(array)], axis=-1) if array.dtype.kind == "c" else array


def _parsed(text: str, path: Path) -> dict[str, Any]:
    if not text:
        raise InputError(
            f"`{path.name}` was not saved by Dynascope. Read data with `read_recording` and networks of other programs "
            "with `read_network`."
        )
    try:
        header = json.loads(text)
        missing = {"class", "value", "version"} - set(header)
    except (ValueError, TypeError) as error:
        raise InputError(f"The header of `{path.name}` is damaged: {error}. Save it again.") from error
    if missing:
        raise InputError(f"The header of `{path.name}` lacks {', '.join(sorted(missing))}. Save it again.")
    return header


def _replacing(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside `path` and move the finished file into its place: an interrupt leaves no half of a file."""
    if not path.parent.is_dir():
        raise InputError(f"There is no folder `{path.parent}` to save `{path.name}` in. Make it first.")
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"`{path}` cannot be written: {error}. Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
