"""Weight files of other libraries, opened without running any code that they carry."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError

_TORCH = (".pt", ".pth", ".bin", ".ckpt")
_SAFETENSORS = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(jnp.bfloat16),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
SAVE_LINE = '`torch.save(model.state_dict(), "model.pt")`'


def load_weights(path: str | Path) -> dict[str, Any]:
    """All tensors of a PyTorch or safetensors file by dotted name; nested dictionaries add their keys to the names.

    Args:
        path: A file ending in `.pt`, `.pth`, `.bin`, `.ckpt` (PyTorch) or `.safetensors`.

    Returns:
        Tensors as they are stored: torch tensors from PyTorch files, NumPy arrays from safetensors.

    Raises:
        InputError: If the file is missing, empty, damaged, of another kind, or holds objects that could only be
            opened by running code.
    """
    path = Path(path)
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"The network file `{path}` {problem}. Check the path.")
    if path.suffix.lower() not in (*_TORCH, ".safetensors"):
        raise InputError(
            f"`{path}` does not look like a network: its name ends in {path.suffix or 'nothing'!r}. Dynascope reads "
            f"PyTorch files ({', '.join(_TORCH)}) and `.safetensors`."
        )
    if path.stat().st_size == 0:
        raise InputError(f"`{path}` is empty (0 bytes). Save the network again.")
    return _load_safetensors(path) if path.suffix.lower() == ".safetensors" else _load_torch(path)


def as_float(key: str, tensor: Any) -> jax.Array:
    """A tensor of torch, NumPy or JAX as a double-precision array.

    Raises:
        InputError: If it is no dense array of real numbers, or holds values that are not finite.
    """
    if type(tensor).__module__.partition(".")[0] == "torch":
        if tensor.is_quantized or tensor.is_sparse or tensor.is_complex() or not tensor.is_floating_point():
            raise InputError(f"`{key}` is of type {tensor.dtype}; dense tensors of real floating numbers are needed.")
        array = tensor.detach().cpu().double().numpy()
    else:
        array = np.asarray(tensor)
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise InputError(f"`{key}` is of type {array.dtype}; real floating numbers are needed.")
        array = array.astype(np.float64)
    bad = int(np.sum(~np.isfinite(array)))
    if bad:
        raise InputError(
            f"`{key}` holds {bad} value(s) of {array.size} that are NaN or infinite: the training diverged. "
            "Use a checkpoint from before that."
        )
    return jnp.asarray(array)


def import_torch(what: str) -> Any:
    """The module torch.

    Raises:
        InputError: If it is not installed; the message says how to install it or do without.
    """
    try:
        import torch
    except ImportError as error:
        raise InputError(
            f"PyTorch is needed for {what}, but is not installed. Run `pip install 'dynascope[torch]'`, or save the "
            "network as `.safetensors`, which needs no PyTorch here."
        ) from error
    return torch


def _load_torch(path: Path) -> dict[str, Any]:
    torch = import_torch(f"`{path}`")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an old pickle protocol; the content decides below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file may raise anything
        raise InputError(_why_torch_refused(path, str(error))) from error
    if isinstance(content, torch.Tensor) or not isinstance(content, Mapping):
        raise InputError(
            f"`{path}` holds a {type(content).__name__}, not a dictionary of weights. Save the network with "
            f"{SAVE_LINE}."
        )
    return {key: value for key, value in _flattened(content, "") if isinstance(value, torch.Tensor)}


def _why_torch_refused(path: Path, message: str) -> str:
    named = re.search(r"GLOBAL (\S+)", message)
    if named:
        return (
            f"`{path}` holds a pickled object of class `{named[1]}`, which could only be opened by running code from "
            f"the file. Save the weights alone, {SAVE_LINE}, or pass the live module to `from_torch`."
        )
    if "TorchScript" in message:
        return (
            f"`{path}` is a TorchScript archive, not a state_dict. Load it in PyTorch (`torch.jit.load`) and save its "
            f"weights with {SAVE_LINE}."
        )
    return (
        f"`{path}` cannot be read as a PyTorch file: it is damaged, cut off or of another kind. "
        f"Save the network again with {SAVE_LINE}."
    )


def _flattened(content: Mapping[Any, Any], prefix: str) -> list[tuple[str, Any]]:
    """Entries by dotted name. Keys that are no text are passed over: they hold the state of optimisers."""
    entries: list[tuple[str, Any]] = []
    for key, value in content.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, Mapping):
            entries += _flattened(value, f"{prefix}{key}.")
        else:
            entries.append((prefix + key, value))
    return entries


def _load_safetensors(path: Path) -> dict[str, np.ndarray]:
    import safetensors

    try:
        stored = safetensors.deserialize(path.read_bytes())
    except safetensors.SafetensorError as error:
        raise InputError(
            f"`{path}` is not a valid safetensors file ({error}). Save it again with "
            '`safetensors.torch.save_file(model.state_dict(), "model.safetensors")`.'
        ) from error
    # Types without a counterpart here (8-bit floats) stay raw bytes: `as_float` refuses them where they are needed.
    return {
        key: np.frombuffer(entry["data"], _SAFETENSORS[entry["dtype"]]).reshape(entry["shape"])
        if entry["dtype"] in _SAFETENSORS
        else np.frombuffer(entry["data"], np.uint8)
        for key, entry in stored
    }
