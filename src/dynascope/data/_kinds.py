"""What a file is, judged by its name alone."""

import enum
from pathlib import Path

#: Suffixes of recordings, with what they are; `read_recording` has a reader for each.
RECORDINGS = {
    ".npy": "NumPy array",
    ".npz": "NumPy archive",
    ".csv": "table of text",
    ".tsv": "table of text",
    ".txt": "table of text",
    ".mat": "MATLAB file",
    ".h5": "HDF5 file",
    ".hdf5": "HDF5 file",
    ".nc": "NetCDF file",
    ".nc4": "NetCDF file",
    ".zarr": "Zarr store",
    ".nwb": "NWB file",
}

#: Suffixes that neo reads and that belong to electrophysiology alone.
# fmt: off
NEO = frozenset(
    {
        ".abf", ".axgd", ".axgx", ".brw", ".ccf", ".cfs", ".continuous", ".edf", ".edr", ".ibw", ".mcd", ".ncs",
        ".nev", ".nex", ".nix", ".ns1", ".ns2", ".ns3", ".ns4", ".ns5", ".ns6", ".oebin", ".openephys", ".pl2",
        ".plx", ".pxp", ".rhd", ".rhs", ".sev", ".smr", ".smrx", ".tbk", ".tev", ".trc", ".tsq", ".vhdr", ".wcp",
    }
)
# fmt: on

#: Suffixes of trained networks.
NETWORKS = frozenset({".pt", ".pth", ".safetensors", ".bin", ".ckpt"})


class FileKind(enum.StrEnum):
    """What a target of the command line is."""

    RECORDING = "recording"
    NETWORK = "network"
    PYTHON = "python file"
    UNKNOWN = "unknown"


def sniff(path: str | Path) -> FileKind:
    """What `path` is by its suffix: a recording, a trained network, a Python file, or unknown.

    The file need not exist and is not opened. `"file.py:Class"` counts as a Python file; a name without a suffix,
    such as that of a built-in system, is unknown.
    """
    name = Path(path).name.lower()
    suffix = Path(name).suffix
    if suffix in RECORDINGS or suffix in NEO:
        return FileKind.RECORDING
    if suffix in NETWORKS:
        return FileKind.NETWORK
    if suffix == ".py" or suffix.startswith(".py:"):
        return FileKind.PYTHON
    return FileKind.UNKNOWN
