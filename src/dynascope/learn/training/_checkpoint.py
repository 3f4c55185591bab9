"""A training on disk, from which it goes on after it was stopped, bit by bit as if it had not been."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..._errors import InputError
from ...data._containers import read_npz, write_npz

#: Version of the file's layout.
_LAYOUT = 1
#: What the header says that the file is.
_CLASS = "checkpoint of a training"


def identity(settings: dict[str, Any], *trees: Any) -> str:
    """What tells one training from another: its settings, and the numbers and structure of what it begins with."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for tree in trees:
        leaves, structure = jax.tree.flatten(tree)
        digest.update(str(structure).encode())
        for leaf in map(np.asarray, leaves):
            digest.update(f"{leaf.dtype}{leaf.shape}".encode())
            digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def written(path: Path, mark: str, state: Any, history: dict[str, np.ndarray]) -> None:
    """Write the state of a training in one piece: a file that was there stays whole until the new one is."""
    leaves = {f"state.{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(state))}
    header = {"class": _CLASS, "version": _LAYOUT, "value": mark}
    write_npz(path, leaves | {f"history.{k}": v for k, v in history.items()}, header)


def read(path: Path, mark: str, state: Any) -> tuple[Any, dict[str, np.ndarray]] | None:
    """State and history from `path` in the structure of `state`; None where there is no file.

    Raises:
        InputError: If the file belongs to another training.
    """
    if not path.exists():
        return None
    header, arrays = read_npz(path)
    if (header["class"], header["version"], header["value"]) != (_CLASS, _LAYOUT, mark):
        raise InputError(
            f"`{path}` is not a checkpoint of this training: its model, data, key or settings differ. Give another "
            "file, or remove this one to begin anew."
        )
    leaves, structure = jax.tree.flatten(state)
    kept = [jax.numpy.asarray(arrays[f"state.{i}"]) for i in range(len(leaves))]
    history = {name.removeprefix("history."): a for name, a in arrays.items() if name.startswith("history.")}
    return jax.tree.unflatten(structure, kept), history
