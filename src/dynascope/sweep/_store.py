"""The Zarr store of a sweep: chunked by unit, locked, and readable at any moment."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from .._errors import ComputationFailed, InputError
from ._collect import AbstractCollection
from ._grid import Points
from ._identity import user_and_host
from ._outputs import NOT_FINITE, TEXT_BYTES, Block, Kind, as_bytes, as_text, filler, padded

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

_MANIFEST = "dynascope_sweep"
#: Name of the dimension of all points in a store, of the bytes of a text, and of the group of the grid's axes.
_POINT, _BYTE, _AXES = "point", "byte", "axes"
#: Points per chunk of the swept values.
_COLUMN = 65536


class ZarrStore(AbstractCollection):
    """A Zarr v3 group on disk, chunked by unit; one process writes at a time.

    All points lie along one dimension, `point`, in the order of the grid; the swept values are arrays of that length,
    so that xarray opens the store as it is. The manifest is an attribute of the group. A unit is finished when the
    chunk of `status` is there, which is written last and in one stroke.

    Args:
        path: Folder of the store; it need not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock: int | None = None
        self._group: Any = None
        self.manifest: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._acquire()
        try:
            self._open()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._release()

    def reading(self) -> Self:
        """This store, opened without the right to write and without a lock.

        Raises:
            InputError: If there is no store of a sweep.
        """
        import zarr

        self.manifest = manifest_of(self.path)
        self._group = zarr.open_group(self.path, mode="r", zarr_format=3)
        if "error" not in self._group:
            raise InputError(f"The sweep in `{self.path}` was stopped before it began. Call `sweep` again.")
        return self

    def _acquire(self) -> None:
        """Lock the folder itself: the lock ends with the process, however that ends, and leaves nothing behind."""
        if fcntl is None:
            raise InputError("A store of a sweep needs a system with POSIX locks. Leave `store` out.")
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"`{self.path}` is a file, but a sweep is stored in a folder. Give another name.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The store `{self.path}` cannot be made: {error}. Give another path.") from error
        handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise InputError(
                f"Another sweep is writing to `{self.path}`, and two may not. Wait until it has finished, or give "
                f"another `store`. This is {user_and_host()}."
            ) from error
        self._lock = handle

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self) -> None:
        import zarr

        foreign = [entry.name for entry in self.path.iterdir() if entry.name != "zarr.json"]
        if not (self.path / "zarr.json").exists():
            # Killed before the first word was written, a store is an empty folder, or holds parts of that word.
            if any(not name.endswith(".partial") for name in foreign):
                raise InputError(f"`{self.path}` is a folder with other things in it. Give another `store`.")
            return
        for rest in self.path.rglob("*.partial"):
            with contextlib.suppress(OSError):
                rest.unlink()
        self._group = zarr.open_group(self.path, mode="r+", zarr_format=3)
        manifest = self._group.attrs.get(_MANIFEST)
        if manifest is None:
            raise InputError(f"`{self.path}` is a Zarr group, but not the store of a sweep. Give another `store`.")
        self.manifest = dict(manifest)  # type: ignore[arg-type]

    def begin(self, manifest: dict[str, Any], points: Points, batch: int, labels: dict[str, tuple[str, str]]) -> None:
        """Write the manifest and the swept values of a new sweep.

        Args:
            manifest: What the sweep is.
            points: Its points.
            batch: Points per unit.
            labels: Unit and meaning of each swept name.
        """
        import zarr

        with self._writing():
            # The attribute comes with the group in one stroke: either there is a sweep or there is none.
            self._group = zarr.open_group(self.path, mode="a", zarr_format=3, attributes={_MANIFEST: manifest})
            self.manifest = manifest
            axes = self._group.require_group(_AXES)
            for name, (dim, values) in points.coordinates.items():
                _column(axes, name, values, notes={"dim": dim}, label=labels[name])
            for name, values in points.values(np.arange(len(points))).items():
                _column(self._group, name, values, notes={"dim": _POINT}, label=labels[name])
            _column(
                self._group, "position", points.flat(np.arange(len(points))), notes={"dim": _POINT}, label=("1", "")
            )
            # Last of all: a store that has this array has all of the above.
            self._fields(len(points), batch)

    def _fields(self, count: int, batch: int) -> None:
        chunk = min(batch, count)
        text = (count, TEXT_BYTES)
        _array(self._group, "status", np.empty((count,), np.int8), chunk=chunk, fill=0, dims=(_POINT,))
        _array(self._group, "error", np.empty(text, np.uint8), chunk=chunk, fill=0, dims=(_POINT, _BYTE))

    def extend(self, machine: dict[str, Any]) -> None:
        """Note in the manifest that another kind of machine goes on with the sweep."""
        manifest = dict(self.manifest or {})
        manifest["machines"] = [*manifest.get("machines", []), machine]
        with self._writing():
            self._group.attrs.update({_MANIFEST: manifest})
        self.manifest = manifest

    def complete(self, points: Points, batch: int, labels: dict[str, tuple[str, str]]) -> None:
        """Make the arrays that a process killed at its beginning did not come to."""
        if "error" not in self._group:
            self.begin(dict(self.manifest or {}), points, batch, labels)

    def write(self, block: Block, positions: np.ndarray) -> None:
        with self._writing():
            count = self._group["status"].shape[0]
            chunk = self._group["status"].chunks[0]
            for name, array in block.arrays.items():
                self._put(name, array, positions, kind=block.kinds[name], count=count, chunk=chunk)
            if any(block.errors):
                self._group["error"].oindex[positions] = np.stack([as_bytes(text) for text in block.errors])
            elif self._failed(positions):
                self._group["error"].oindex[positions] = np.zeros((len(positions), TEXT_BYTES), np.uint8)
            self._set("status", positions, block.status)

    def _failed(self, positions: np.ndarray) -> bool:
        return bool(np.any(self._group["status"].oindex[positions] != 0))

    def _put(self, name: str, array: np.ndarray, positions: np.ndarray, *, kind: Kind, count: int, chunk: int) -> None:
        if name not in self._group:
            like = np.broadcast_to(array[:1], (count, *array.shape[1:]))
            dims = (_POINT, _BYTE) if kind.text else (_POINT, *kind.dims)
            notes = {"units": kind.unit, "long_name": kind.doc, "role": "text" if kind.text else "output"}
            _array(self._group, name, like, chunk=chunk, fill=filler(array.dtype), dims=dims, notes=notes)
        stored = self._group[name]
        shape = tuple(max(pair) for pair in zip(array.shape[1:], stored.shape[1:], strict=True))
        if shape != stored.shape[1:]:
            stored.resize((count, *shape))
        self._set(name, positions, padded(array, (len(array), *shape)))

    def _set(self, name: str, positions: np.ndarray, values: np.ndarray) -> None:
        first, last = int(positions[0]), int(positions[-1])
        if last - first + 1 == len(positions):
            self._group[name][first : last + 1] = values
        else:
            self._group[name].oindex[positions] = values

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ComputationFailed(
                f"The store `{self.path}` cannot be written: {error}. What was finished is kept; make room and call "
                "again to go on."
            ) from error

    @property
    def finished(self) -> bool:
        """Whether every point was computed."""
        return "status" in self._group and bool(np.all(self.status() != 0))

    def status(self) -> np.ndarray:
        return np.asarray(self._group["status"][...])

    def outputs(self) -> tuple[dict[str, np.ndarray], dict[str, Kind]]:
        arrays: dict[str, np.ndarray] = {}
        kinds: dict[str, Kind] = {}
        for name in sorted(self._group.array_keys()):
            stored = self._group[name]
            role = stored.attrs.get("role")
            if role not in ("output", "text"):
                continue
            arrays[name] = np.asarray(stored[...])
            dims = tuple(stored.metadata.dimension_names or ())[1:]
            text = role == "text"
            unit, doc = str(stored.attrs["units"]), str(stored.attrs["long_name"])
            kinds[name] = Kind(() if text else dims, unit, doc, text)
        return arrays, kinds

    def errors(self) -> np.ndarray:
        status = self.status()
        failed = np.flatnonzero((status > 1) & (status != NOT_FINITE))
        texts = np.full(self._group["status"].shape[0], "", dtype=object)
        if len(failed):
            texts[failed] = as_text(np.asarray(self._group["error"].oindex[failed])).astype(object)
        return texts


def _array(
    group: Any, name: str, like: np.ndarray, *, chunk: int, fill: Any, dims: tuple[str, ...], notes: Any = None
) -> Any:
    """An empty array of the shape and type of `like`, if it is not there yet."""
    chunks = tuple(max(1, n) for n in (min(chunk, like.shape[0]), *like.shape[1:]))
    if name in group:
        return group[name]
    return group.create_array(
        name,
        shape=like.shape,
        dtype=like.dtype,
        chunks=chunks,
        fill_value=fill,
        dimension_names=dims,
        attributes=notes or {},
    )


def _column(group: Any, name: str, values: np.ndarray, *, notes: dict[str, str], label: tuple[str, str]) -> None:
    """Swept values as an array; text as bytes."""
    text = values.dtype.kind == "U"
    stored = np.stack([as_bytes(str(v)) for v in values]) if text else values
    notes = {**notes, "units": label[0], "long_name": label[1], "role": "swept text" if text else "swept"}
    dims = (notes["dim"], _BYTE) if text else (notes["dim"],)
    _array(group, name, stored, chunk=_COLUMN, fill=0, dims=dims, notes=notes)[...] = stored


def stored_points(path: str | Path) -> tuple[Points, dict[str, tuple[str, str]]]:
    """The points of a stored sweep, with unit and meaning of each swept name."""
    import zarr

    group: Any = zarr.open_group(Path(path), mode="r", zarr_format=3)
    dims = {name: int(size) for name, size in manifest_of(path)["inputs"]["grid"]["dimensions"].items()}
    coordinates: dict[str, tuple[str, np.ndarray]] = {}
    labels: dict[str, tuple[str, str]] = {}
    for name in manifest_of(path)["inputs"]["grid"]["values"]:
        axis = group[_AXES][name]
        values = np.asarray(axis[...])
        coordinates[name] = (axis.attrs["dim"], as_text(values) if axis.attrs["role"] == "swept text" else values)
        labels[name] = (axis.attrs["units"], axis.attrs["long_name"])
    kept = np.asarray(group["position"][...])
    return Points(dims, coordinates, kept if len(kept) < int(np.prod(list(dims.values()))) else None), labels


def manifest_of(path: str | Path) -> dict[str, Any]:
    """The manifest of a stored sweep, without opening its arrays.

    Raises:
        InputError: If there is no store of a sweep at `path`.
    """
    try:
        attributes = json.loads((Path(path) / "zarr.json").read_text("utf-8")).get("attributes", {})
        return attributes[_MANIFEST]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"There is no store of a sweep at `{path}`.") from error
