"""Files of named arrays: NumPy, MATLAB and HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import InputError
from ..series._samples import Samples
from ._wanted import Wanted, pick


def read_npy(path: Path, wanted: Wanted) -> Samples:
    """Samples of a `.npy` file."""
    if wanted.variable is not None or wanted.time is not None:
        raise InputError(f"`{path.name}` holds one array without a name. Leave out `variable` and `time`.")
    return Samples(np.load(path, allow_pickle=False))


def read_npz(path: Path, wanted: Wanted) -> Samples:
    """Samples of a `.npz` archive."""
    # Opened here, because NumPy leaves the file open when it is no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return pick(dict(_members(archive)), wanted, where=path.name)


def read_mat(path: Path, wanted: Wanted) -> Samples:
    """Samples of a `.mat` file, of version 7.3 (which is HDF5) or older; fields of structures are `name/field`."""
    import h5py
    import scipy.io

    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            arrays = {name: _matlab_array(data) for name, data in _datasets(file) if _is_matlab_number(data)}
            return pick(arrays, wanted, where=path.name)
    try:
        content = scipy.io.loadmat(path, simplify_cells=True)
    except scipy.io.matlab.MatReadError as error:
        raise InputError(f"`{path.name}` is not a MATLAB file that can be read: {error}. Save it again.") from error
    return pick(dict(_flattened(content, "")), wanted, where=path.name)


def read_hdf5(path: Path, wanted: Wanted) -> Samples:
    """Samples of an HDF5 file; attributes such as `dt` of the file or of the dataset count as arrays of one number."""
    import h5py

    with h5py.File(path, "r") as file:
        arrays: dict[str, Any] = dict(_datasets(file))
        for owner in ["", *arrays]:
            folder = owner.rpartition("/")[0]
            for key, value in file[f"/{owner}"].attrs.items():
                name = f"{folder}/{key}" if folder else str(key)
                if np.asarray(value).dtype.kind in "iufSU" and name not in arrays:
                    arrays[name] = np.asarray(value)
        return pick(arrays, wanted, where=path.name)


def _members(archive: Any) -> Iterator[tuple[str, Any]]:
    """The arrays of an archive; those of Python objects would have to be unpickled and are passed over."""
    for name in archive.files:
        try:
            yield name, archive[name]
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise


def _datasets(group: Any) -> Iterator[tuple[str, Any]]:
    """All datasets of numbers or text below `group`, by path; MATLAB's hidden ones are left out."""
    import h5py

    for key, child in group.items():
        if key.startswith("#"):
            continue
        if isinstance(child, h5py.Group):
            yield from _datasets(child)
        elif isinstance(child, h5py.Dataset) and child.dtype.kind in "iufcbSO":
            if child.dtype.kind == "O" and h5py.check_string_dtype(child.dtype) is None:
                continue
            yield str(child.name).strip("/"), child


def _is_matlab_number(data: Any) -> bool:
    return data.dtype.kind in "iuf" and data.attrs.get("MATLAB_class", b"double") not in (b"char", b"cell", b"logical")


def _matlab_array(data: Any) -> Any:
    # MATLAB stores columns first; HDF5 hands them out transposed. Its vectors have two dimensions.
    array = np.asarray(data[...]).T
    return array.ravel() if array.ndim == 2 and 1 in array.shape else array


def _flattened(content: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """The arrays of numbers in nested dictionaries, by path."""
    for key, value in content.items():
        if str(key).startswith("__"):
            continue
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}/")
        else:
            array = np.asarray(value)
            if array.dtype.kind == "O" and array.size and all(isinstance(v, str) for v in array.flat):
                array = array.astype(str)
            if array.dtype.kind in "iufcbU":
                yield f"{prefix}{key}", array
