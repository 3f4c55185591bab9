"""Sequences that drive a network: how they are given, stepped through, and worked off in pieces of bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import InputError
from ..._types import State, Vector
from ...solve import Progress, checked_state
from ...systems import AbstractSystem, kind
from .._differentiable import check_differentiable

#: Bytes that one compiled call may hold.
_MEMORY = 2**27
#: Most sequences of one call, so that an interrupt from the keyboard is heard.
_AT_ONCE = 64


class Sequences(NamedTuple):
    """Input sequences of one length, the shorter ones padded with their last sample; `lengths` are the true ones."""

    values: np.ndarray
    lengths: np.ndarray


class Driven(NamedTuple):
    """A map under its input on flattened states.

    Attributes:
        start: The state at the beginning of every sequence.
        step: `step(n, y, u) -> y`.
        unravel: From the flat state to the state that the model sees.
    """

    start: Vector
    step: Callable[[Any, Any, Any], Any]
    unravel: Callable[[Any], State]


def check_map(system: AbstractSystem, what: str) -> None:
    """Check that `system` is a map with a tangent, one step per sample of its input.

    Raises:
        InputError: If it is not; the message says what to do.
    """
    name = type(system).__name__
    if kind(system) != "map":
        raise InputError(
            f"`{what}` steps a map once per sample of its input, but `{name}` is a {kind(system)}. Give its time-T "
            "map, `time_t_map(system, T)`, or use `lyapunov_spectrum(system, inputs=...)`."
        )
    check_differentiable(system, what)


def as_sequences(system: AbstractSystem, sequences: Any) -> Sequences:
    """Sequences as one padded array.

    Args:
        system: The network that they drive.
        sequences: Shape `(batch, time, channels)`, or a list of arrays `(time, channels)` of different lengths.

    Raises:
        InputError: If shapes do not fit the system's input, or values are not finite.
    """
    channels = system.input_size() or 0
    ragged = isinstance(sequences, list | tuple)
    parts = [np.asarray(s) for s in sequences] if ragged else [np.asarray(sequences)]
    wanted = 2 if ragged else 3
    for part in parts:
        if part.ndim != wanted or part.shape[-1] != channels or 0 in part.shape[:-1]:
            hint = " Write `sequences[..., None]` for one channel." if part.ndim == wanted - 1 else ""
            raise InputError(
                f"`sequences` must have shape (batch, time, {channels}), or be a list of arrays (time, {channels}), "
                f"since `{type(system).__name__}` takes {channels} input channel(s); got shape {part.shape}.{hint}"
            )
        if not np.all(np.isfinite(part)):
            raise InputError("`sequences` holds values that are NaN or infinite. Remove or repair those sequences.")
    if not parts:
        raise InputError("`sequences` is empty. Give at least one sequence.")
    if not ragged:
        return Sequences(parts[0], np.full(len(parts[0]), parts[0].shape[1]))
    lengths = np.array([len(part) for part in parts])
    longest = int(lengths.max())
    values = np.stack([np.pad(p, ((0, longest - len(p)), (0, 0)), mode="edge") for p in parts])
    return Sequences(values, lengths)


def flattened(system: AbstractSystem, y0: State) -> Driven:
    """`system` as a map of flat states, from `y0` or its own initial state."""
    start, unravel = ravel_pytree(system.initial_state() if y0 is None else checked_state(system, y0))
    takes = bool(system.input_size())

    def step(n: Any, y: Any, u: Any) -> Any:
        return ravel_pytree(system.step(n, unravel(y), u if takes else None))[0]  # type: ignore[attr-defined]

    return Driven(start, step, unravel)


def in_pieces(
    call: Callable[..., Any], arrays: tuple[np.ndarray, ...], *, bytes_each: float, label: str, progress: bool
) -> tuple[Any, bool]:
    """`call(*arrays)` on pieces along the first axis, joined, and whether all of it was done.

    All pieces have one size (the last is filled up with repetitions), so that one program is compiled. An interrupt
    from the keyboard ends the work and keeps the pieces that are done, if there are any.
    """
    count = len(arrays[0])
    most = int(np.clip(_MEMORY / max(bytes_each, 1.0), 1, _AT_ONCE))
    pieces = -(-count // most)
    size = -(-count // pieces)
    done: list[Any] = []
    with Progress(count, label, show=progress) as bar, one_blas_thread():
        try:
            for first in range(0, count, size):
                rows = np.minimum(np.arange(first, first + size), count - 1)
                found = jax.device_get(call(*(jnp.asarray(a[rows]) for a in arrays)))
                real = min(size, count - first)
                done.append(jax.tree.map(lambda a, n=real: a[:n], found))
                bar.advance(real)
        except KeyboardInterrupt:
            if not done:
                raise
    return jax.tree.map(lambda *parts: np.concatenate(parts), *done), len(done) == pieces


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis and its standard error from the spread; infinite for a single sequence.

    A mean of -inf (some sequence lost the direction altogether) is exact: its error is zero.
    """
    mean = values.mean(axis=0)
    known = np.isfinite(mean)
    error = np.where(known, np.inf if len(values) < 2 else 0.0, 0.0)
    if len(values) > 1:
        error[known] = values[:, known].std(axis=0, ddof=1) / np.sqrt(len(values))
    return mean, error
