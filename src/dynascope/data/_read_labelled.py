"""Files of labelled arrays: NetCDF and Zarr."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..series._samples import Samples
from ..series._tables import samples_of_xarray
from ._extras import optional
from ._wanted import Wanted, pick


def read_netcdf(path: Path, wanted: Wanted) -> Samples:
    """Samples of a NetCDF file, version 4 (which is HDF5) or 3."""
    import xarray as xr

    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    # Dates stay numbers in their own unit: `days since 2000-01-01` is an interval in days.
    with xr.open_dataset(path, engine="scipy" if classic else "h5netcdf", decode_times=False) as dataset:
        return samples_of_xarray(dataset.load(), variable=wanted.variable, time=wanted.time)


def read_zarr(path: Path, wanted: Wanted) -> Samples:
    """Samples of a Zarr store: one array, a group of arrays, or a dataset that xarray wrote."""
    zarr = optional("zarr", extra="zarr", why="Reading `.zarr`")
    store = zarr.open(str(path), mode="r")
    if isinstance(store, zarr.Array):
        return pick({path.stem: store}, wanted, where=path.name)
    arrays = {name: member for name, member in store.members(max_depth=None) if isinstance(member, zarr.Array)}
    if not all(_has_dimensions(array) for array in arrays.values()) or not arrays:
        return pick(arrays, wanted, where=path.name)
    import xarray as xr

    with xr.open_zarr(path, consolidated=False, decode_times=False) as dataset:
        # A folder has no order of its own: x2 comes before x10.
        order = sorted((str(name) for name in dataset.data_vars), key=_natural)
        return samples_of_xarray(dataset[order].load(), variable=wanted.variable, time=wanted.time)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorting key under which numbers in names count as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _has_dimensions(array: Any) -> bool:
    """Whether `array` carries the names of its dimensions, as of Zarr 2 (an attribute) or 3 (metadata)."""
    if "_ARRAY_DIMENSIONS" in array.attrs:
        return True
    return array.metadata.zarr_format == 3 and array.metadata.dimension_names is not None
