"""The one way from a file to a `Recording`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .._errors import InputError
from ..series import AbstractMending, Recording, as_recording
from ..series._as_recording import SHORTEST
from ..series._samples import Samples, listed
from ._kinds import NEO, RECORDINGS, FileKind, sniff
from ._read_arrays import read_hdf5, read_mat, read_npy, read_npz
from ._read_labelled import read_netcdf, read_zarr
from ._read_neuro import read_neo, read_nwb
from ._read_text import read_text
from ._wanted import Wanted

_Reader = Callable[[Path, Wanted], Samples]

_READERS: dict[str, _Reader] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
    ".mat": read_mat,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".nc": read_netcdf,
    ".nc4": read_netcdf,
    ".zarr": read_zarr,
    ".nwb": read_nwb,
    **dict.fromkeys(NEO, read_neo),
}

#: What the libraries behind the readers raise on a damaged or mislabelled file.
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile)


def read_recording(
    path: str | Path,
    *,
    dt: float | None = None,
    variable: str | None = None,
    time: str | None = None,
    time_unit: str | None = None,
    names: Sequence[str] | None = None,
    transpose: bool | None = None,
    missing: AbstractMending | None = None,
    drop_constant: bool = False,
    resample: bool = False,
    shortest: int = SHORTEST,
) -> Recording:
    """Read a recording and check it; the suffix of the file says how.

    Formats: `.npy`, `.npz`, `.csv`, `.tsv`, `.txt`, `.mat`, `.h5`, `.hdf5`, `.nc`, `.zarr` (extra `zarr`), `.nwb` and
    the formats of neo (extra `neuro`). Nothing in a file is ever executed.

    Args:
        path: The file (for Zarr, the folder).
        dt: Sampling interval; needed where the file has no time axis and states no rate.
        variable: Which array, column or signal; several columns or vectors separated by commas.
        time: Which array or column is the time axis, where its name does not say so.
        time_unit: Unit of `dt` or of the time axis; seconds if the file does not say.
        names: Channel names, where the file has none.
        transpose: True if the file has channels first; False if it is right as it is; None checks.
        missing: What to do about NaN and infinite values; see `as_recording`.
        drop_constant: Leave constant channels out.
        resample: Bring unevenly sampled data onto an even grid by linear interpolation.
        shortest: Fewest samples to accept.

    Returns:
        The recording; its `notes` say what was concluded and changed.

    Raises:
        InputError: If the file cannot be read or the data are not fit; the message says what to do.

    Example:
        >>> import numpy as np, tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "wave.npy"
        >>> np.save(file, np.sin(0.1 * np.arange(500)))
        >>> read_recording(file, dt=0.004).shape
        (500, 1)
    """
    path = Path(path)
    reader = _reader(path)
    try:
        found = reader(path, Wanted(variable, time, dt, transpose))
    except InputError:
        raise
    except _DAMAGED as error:
        what = RECORDINGS.get(path.suffix.lower(), "recording")
        raise InputError(
            f"`{path.name}` cannot be read as a {what}: {_sentence(error)} Check that the file is complete and that "
            "its suffix tells its format."
        ) from error
    return as_recording(
        found,
        dt=dt,
        time_unit=time_unit,
        names=None if names is None else tuple(names),
        transpose=transpose,
        missing=missing,
        drop_constant=drop_constant,
        resample=resample,
        shortest=shortest,
        source=path.name,
    )


def _reader(path: Path) -> _Reader:
    """The reader for the suffix of an existing file."""
    suffix = path.suffix.lower()
    if suffix in (".pkl", ".pickle"):
        raise InputError(
            f"`{path.name}` is a pickle, and loading a pickle runs whatever code is in it. Save the array with "
            f"`numpy.save` instead; these can be read: {listed(list(RECORDINGS))}."
        )
    if suffix not in _READERS:
        kind = sniff(path)
        seems = f" It looks like a {kind.value}, not like a recording." if kind is not FileKind.UNKNOWN else ""
        raise InputError(
            f"`{path.name}` has the suffix `{suffix or 'none'}`, for which there is no reader.{seems} These can be "
            f"read: {listed([*RECORDINGS, *sorted(NEO)], limit=100)}."
        )
    if not path.exists():
        raise InputError(f"There is no file `{path}`. Check the path.")
    if path.is_dir() and suffix not in (".zarr", ".openephys"):
        raise InputError(f"`{path}` is a folder. Give the path of a file in it.")
    return _READERS[suffix]


def _sentence(error: Exception) -> str:
    """The message of a foreign error as one short sentence."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    return text if text.endswith(".") else f"{text}."
