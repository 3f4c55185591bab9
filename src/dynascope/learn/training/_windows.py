"""Data as one array of standardised rows, and where windows of it may begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from ..._errors import InputError

#: Standardised data have entries of unit size: larger means and spreads are most likely a mistake.
_LARGE = 20.0


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
    """

    rows: np.ndarray
    known: np.ndarray | None
    starts: np.ndarray
    tail: tuple[int, int]


def prepared(data: Any, windows: Windows, dtype: Any) -> Prepared:
    """Trials one after another, short ones filled up with missing rows.

    Args:
        data: An array `(T, N)` or a sequence of such arrays; NaN where data miss.
        windows: Their length counts.
        dtype: Type of the rows.

    Raises:
        InputError: If the data are of another shape, infinite, too short, or clearly not standardised.
    """
    trials = _trials(data)
    length, longest = windows.length, max(map(len, trials))
    if longest < length:
        raise InputError(
            f"Windows of {length} points do not fit into data of {longest} points. Give `Windows(length=...)` with a "
            "smaller length, or more data."
        )
    end = sum(max(len(trial), length) for trial in trials[:-1]) + len(trials[-1])
    tail = end - min(length, len(trials[-1])), end
    rows, starts, first = [], [], 0
    for trial in trials:
        short = max(length - len(trial), 0)
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
    return Prepared(dense, None if known.all() else known.astype(dtype), whole.astype(np.int32), tail)


def _trials(data: Any) -> list[np.ndarray]:
    listed = list(data) if isinstance(data, Sequence) and not isinstance(data, np.ndarray) else [data]
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
        if abs(column.mean()) > _LARGE or column.std() > _LARGE or column.std() < 1 / _LARGE:
            raise InputError(
                f"Channel {channel} has mean {column.mean():.3g} and standard deviation {column.std():.3g}: training "
                "takes standardised data. Subtract the mean and divide by the standard deviation of the training part."
            )
    return trials
