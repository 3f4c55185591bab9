"""Data as one array of standardised rows, and where windows of it may begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from ..._errors import InputError
from ._observations import AbstractObservation, GaussianObservation


class Windows(eqx.Module):
    """The pieces of data that one update sees.

    Args:
        length: Points of each window; its first point is where the model starts.
        batch: Windows per update, drawn at random.
        noise: Standard deviation of noise that is added to the data which pull on the state, not to those which it is
            compared with.
    """

    length: int = eqx.field(static=True, default=200)
    batch: int = eqx.field(static=True, default=16)
    noise: float = eqx.field(static=True, default=0.0)

    def __check_init__(self) -> None:
        if self.length < 2 or self.batch < 1 or not self.noise >= 0:
            raise InputError(
                "`Windows` needs a `length` of at least 2, a `batch` of at least 1 and `noise` of at least 0, got "
                f"{self.length}, {self.batch} and {self.noise}."
            )


class Prepared(NamedTuple):
    """Data ready for training.

    Attributes:
        rows: All trials, with zeros where data miss, `(T, N)`.
        known: 1 where a value is known, else 0; None where all are.
        starts: Rows where a window may begin.
        tail: First and last row of the end of the last trial, from which a model is brought to the end of the data.
        inputs: Input of the model at each row, `(T, K)`; None where there is none.
    """

    rows: np.ndarray
    known: np.ndarray | None
    starts: np.ndarray
    tail: tuple[int, int]
    inputs: np.ndarray | None = None


def prepared(
    data: Any, windows: Windows, dtype: Any, *, inputs: Any = None, noise: AbstractObservation | None = None
) -> Prepared:
    """Trials one after another, short ones filled up with missing rows.

    Args:
        data: An array `(T, N)` or a sequence of such arrays; NaN where data miss.
        windows: Their length counts.
        dtype: Type of the rows.
        inputs: Input at each sample, in the form of the data.
        noise: What the data are held to be; None for equal noise.

    Raises:
        InputError: If the data are of another shape, infinite, too short, or clearly not standardised, or the inputs
            do not go with them.
    """
    trials = _trials(data, GaussianObservation() if noise is None else noise)
    driven = None if inputs is None else driving_rows(inputs, [len(trial) for trial in trials])
    length, longest = windows.length, max(map(len, trials))
    if longest < length:
        raise InputError(
            f"Windows of {length} points do not fit into data of {longest} points. Give `Windows(length=...)` with a "
            "smaller length, or more data."
        )
    end = sum(max(len(trial), length) for trial in trials[:-1]) + len(trials[-1])
    tail = end - min(length, len(trials[-1])), end
    rows, starts, heard, first = [], [], [], 0
    for i, trial in enumerate(trials):
        short = max(length - len(trial), 0)
        if driven is not None:
            heard.append(np.pad(driven[i], ((0, short), (0, 0))))
        if short:
            trial = np.concatenate([trial, np.full((short, trial.shape[1]), np.nan)])
        starts.append(first + np.arange(len(trial) - length + 1))
        rows.append(trial)
        first += len(trial)
    joined, begin = np.concatenate(rows), np.concatenate(starts)
    known = np.isfinite(joined)
    whole = begin[known[begin].all(axis=1)]
    if not whole.size:
        raise InputError(
            "Every window begins with a missing value, so no model can start. Fill some gaps, or shorten `length`."
        )
    dense = np.where(known, joined, 0.0).astype(dtype)
    return Prepared(
        dense,
        None if known.all() else known.astype(dtype),
        whole.astype(np.int32),
        tail,
        np.concatenate(heard).astype(dtype) if heard else None,
    )


def driving_rows(inputs: Any, lengths: Sequence[int]) -> list[np.ndarray]:
    """Inputs of each trial, shape `(time, input)`.

    Raises:
        InputError: If there is not one finite row for each sample.
    """
    driven = [np.asarray(trial, float) for trial in _listed(inputs)]
    shapes = [trial.shape for trial in driven]
    if [s[:1] for s in shapes] != [(n,) for n in lengths] or len({s[1:] for s in shapes}) > 1 or len(shapes[0]) != 2:
        raise InputError(
            f"`inputs` must hold one row for each sample of each trial, of which there are {list(lengths)}: arrays "
            f"(time, inputs), got shapes {shapes}. Give one input as `u[:, None]`."
        )
    if not all(np.isfinite(trial).all() for trial in driven):
        raise InputError("`inputs` hold values that are not finite. Inputs must be known at every sample.")
    return driven


def _listed(data: Any) -> list[Any]:
    return list(data) if isinstance(data, Sequence) and not isinstance(data, np.ndarray) else [data]


def _trials(data: Any, noise: AbstractObservation) -> list[np.ndarray]:
    listed = _listed(data)
    trials = [np.asarray(trial, float) for trial in listed]
    shapes = [trial.shape for trial in trials]
    if not trials or any(len(shape) != 2 or min(shape) < 1 for shape in shapes) or len({s[1] for s in shapes}) > 1:
        raise InputError(
            f"Data must be an array (time, channels), or a list of such arrays with equally many channels, got shapes "
            f"{shapes}. Give one channel as `x[:, None]`."
        )
    for i, trial in enumerate(trials):
        which = f" of trial {i}" if len(trials) > 1 else ""
        if len(trial) < trial.shape[1]:
            raise InputError(
                f"The data{which} have {len(trial)} points of {trial.shape[1]} channels: fewer points than channels. "
                "Time must run along the first axis; transpose them if it does not."
            )
        if len(trial) < 3:
            raise InputError(f"The data{which} have {len(trial)} points; training needs at least 3.")
        if np.isinf(trial).any():
            raise InputError(f"The data{which} hold infinite values. Mark missing values by NaN.")
    joined = np.concatenate(trials)
    for channel in range(joined.shape[1]):
        column = joined[:, channel][np.isfinite(joined[:, channel])]
        if not column.size or np.ptp(column) == 0:
            said = "holds no value" if not column.size else f"is constant ({column[0]:.6g})"
            raise InputError(f"Channel {channel} {said}, so there is nothing to learn of it. Leave it out.")
        noise.check(column, channel)
    return trials
