"""What a function returned, as named arrays with dimensions and units; and how those of many points are stacked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._errors import RESULTS, InputError
from .._results import AbstractResult

#: What became of a point. Zero means that it was not computed.
COMPUTED, RAISED, TIME_LIMIT, NOT_FINITE, UNSUCCESSFUL, LEFT_OUT = 1, 2, 3, 4, 5, -1
MEANINGS = {
    LEFT_OUT: "left_out",
    0: "missing",
    COMPUTED: "computed",
    RAISED: "raised",
    TIME_LIMIT: "time_limit",
    NOT_FINITE: "not_finite",
    UNSUCCESSFUL: "unsuccessful",
}
#: Bytes kept of a text, such as the message of an error.
TEXT_BYTES = 240


@dataclasses.dataclass(frozen=True)
class Kind:
    """What one output is.

    Args:
        dims: Names of its own dimensions.
        unit: Physical unit.
        doc: What it means.
        text: Whether it is text, stored as bytes.
    """

    dims: tuple[str, ...] = ()
    unit: str = "1"
    doc: str = ""
    text: bool = False


@dataclasses.dataclass(frozen=True)
class Block:
    """The outcome of one unit of work.

    Args:
        unit: Its number.
        slots: Which places of the unit were computed.
        arrays: Outputs by name, the slots along the first axis.
        kinds: What each output is.
        status: What became of each slot.
        errors: The message of each slot that failed, else an empty text.
        machine: Digest of the kind of machine that computed it.
    """

    unit: int
    slots: np.ndarray
    arrays: dict[str, np.ndarray]
    kinds: dict[str, Kind]
    status: np.ndarray
    errors: list[str]
    machine: str = ""


def flattened(result: Any) -> tuple[dict[str, Any], dict[str, Kind], bool]:
    """The outputs of one point by name, what they are, and whether a code of `RESULTS` says that they can be trusted.

    A result of ours gives its `output` fields and its numbers; anything else its leaves, named by their path.
    """
    if isinstance(result, AbstractResult):
        return _of_result(result)
    arrays: dict[str, Any] = {}
    kinds: dict[str, Kind] = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(result)[0]:
        name = ".".join(_steps(path)) or "value"
        _put(arrays, kinds, name, leaf, Kind(tuple(f"{name}_dim{i}" for i in range(np.ndim(leaf)))))
    if not arrays:
        raise InputError(f"The function of a sweep must return numbers, arrays or a tree of them, got {result!r}.")
    return arrays, kinds, False


def _of_result(result: AbstractResult) -> tuple[dict[str, Any], dict[str, Kind], bool]:
    arrays: dict[str, Any] = {}
    kinds: dict[str, Kind] = {}
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        if "dims" in field.metadata:
            notes = field.metadata
            _put(arrays, kinds, field.name, value, Kind(tuple(notes["dims"]), notes["unit"], notes["doc"]))
        elif isinstance(value, bool | int | float | str):
            _put(arrays, kinds, field.name, value, Kind())
    return arrays, kinds, True


def _steps(path: Sequence[Any]) -> Iterator[str]:
    for entry in path:
        for attribute in ("key", "name", "idx"):
            if attribute in dir(entry):
                yield str(getattr(entry, attribute))
                break


def _put(arrays: dict[str, Any], kinds: dict[str, Kind], name: str, value: Any, kind: Kind) -> None:
    if name in ("status", "error") or "/" in name:
        raise InputError(f"An output of a sweep may not be called `{name}`. Give it another name.")
    if isinstance(value, str):
        arrays[name], kinds[name] = as_bytes(value), Kind((), kind.unit, kind.doc, text=True)
        return
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise InputError(f"The output `{name}` is a random key, which is no number. Leave it out.")
    array = value if isinstance(value, jax.Array) else np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise InputError(f"The output `{name}` of a sweep must be a number or text, got type {array.dtype}.")
    if array.dtype.kind == "c":
        arrays[f"{name}_real"], arrays[f"{name}_imag"] = jnp.real(array), jnp.imag(array)
        kinds[f"{name}_real"] = kinds[f"{name}_imag"] = kind
    else:
        arrays[name], kinds[name] = array, kind


def short(text: str) -> str:
    """`text`, cut off after `TEXT_BYTES` bytes of UTF-8."""
    return text.encode("utf-8")[:TEXT_BYTES].decode("utf-8", "ignore")


def as_bytes(text: str) -> np.ndarray:
    """`text` as `TEXT_BYTES` bytes of UTF-8, cut off or filled with zeros."""
    return np.frombuffer(short(text).encode("utf-8").ljust(TEXT_BYTES, b"\0"), np.uint8)


def as_text(array: np.ndarray) -> np.ndarray:
    """The texts of an array of bytes, whose last axis is that of the characters."""
    rows = array.reshape(-1, array.shape[-1])
    texts = [bytes(row).rstrip(b"\0").decode("utf-8") for row in rows]
    return np.asarray(texts, dtype=str).reshape(array.shape[:-1])


def filler(dtype: Any) -> Any:
    """What stands where there is no number: NaN, -1, or zero and false for types that have neither."""
    kind = np.dtype(dtype).kind
    return np.dtype(dtype).type({"f": np.nan, "c": np.nan, "i": -1}.get(kind, 0))


def padded(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`array` in the corner of an array of at least its `shape`, the rest filled."""
    if array.shape == shape:
        return array
    if len(array.shape) != len(shape):
        raise InputError(f"An output has {len(array.shape)} dimension(s) at one point and {len(shape)} at another.")
    out = np.full(shape, filler(array.dtype), array.dtype)
    out[tuple(slice(0, n) for n in array.shape)] = array
    return out


def stacked(points: Sequence[dict[str, Any] | None]) -> dict[str, np.ndarray]:
    """The outputs of several points along a new first axis; lengths that differ are filled up, None is filler."""
    arrays: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(n for point in points if point is not None for n in point):
        found = {i: np.asarray(point[name]) for i, point in enumerate(points) if point is not None and name in point}
        first = next(iter(found.values()))
        dtype = np.result_type(*(a.dtype for a in found.values()))
        if any(a.ndim != first.ndim for a in found.values()):
            raise InputError(f"The output `{name}` has not the same number of dimensions at all points.")
        shape = tuple(max(sizes) for sizes in zip(*(a.shape for a in found.values()), strict=True))
        out = np.full((len(points), *shape), filler(dtype), dtype)
        for i, array in found.items():
            out[i] = padded(array.astype(dtype), shape)
        arrays[name] = out
    return arrays


def not_finite(arrays: dict[str, np.ndarray], count: int) -> np.ndarray:
    """Which of `count` points have a NaN among their outputs."""
    bad = np.zeros(count, bool)
    for array in arrays.values():
        if array.dtype.kind == "f":
            bad |= np.isnan(array.reshape(count, -1)).any(axis=1)
    return bad


def unsuccessful(result: Any) -> str:
    """The sentence of a result of ours that was not successful, else an empty text."""
    if isinstance(result, AbstractResult) and not result.successful:
        return str(RESULTS[result.result])
    return ""
