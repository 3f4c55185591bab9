"""What to do about missing values: explicit choices, none of them a default."""

from __future__ import annotations

from abc import abstractmethod
from types import MappingProxyType
from typing import Any

import equinox as eqx
import numpy as np

from .._errors import InputError


class AbstractMending(eqx.Module):
    """A way to deal with values that are missing (NaN or infinite)."""

    @abstractmethod
    def mend(self, times: Any, values: Any, names: tuple[str, ...]) -> tuple[Any, Any, str]:
        """Remove the missing values.

        Args:
            times: Increasing times, shape `(time,)`.
            values: Samples with missing values, shape `(time, channel)`.
            names: Channel names, for messages.

        Returns:
            The times and values that remain, all of them finite, and a sentence that says what was done.

        Raises:
            InputError: If too little is left.
        """


class Interpolate(AbstractMending):
    """Bridge gaps by straight lines in time, channel by channel; rows before the first and after the last are cut.

    Args:
        longest_gap: Longest gap, in samples, that may be bridged; None bridges any.
    """

    longest_gap: int | None = eqx.field(default=None, static=True)

    def mend(self, times: Any, values: Any, names: tuple[str, ...]) -> tuple[Any, Any, str]:
        good = np.isfinite(values)
        _require_some(good.any(axis=0), names)
        # Outside its first and last measured sample a channel cannot be interpolated, only guessed: cut there.
        first = int(good.argmax(axis=0).max())
        last = len(good) - int(good[::-1].argmax(axis=0).max())
        if last - first < 2:
            raise InputError(
                f"The channels are never measured at the same time: rows {first} to {last} are what they share. "
                "Choose fewer channels."
            )
        times, good, mended = times[first:last], good[first:last], values[first:last].copy()
        longest = 0
        for j, name in enumerate(names):
            gap = _longest_run(~good[:, j])
            if self.longest_gap is not None and gap > self.longest_gap:
                raise InputError(
                    f"Channel `{name}` misses {gap} values in a row, more than `longest_gap={self.longest_gap}`. "
                    "Raise `longest_gap`, or use `LongestStretch()`."
                )
            longest = max(longest, gap)
            mended[:, j] = np.interp(times, times[good[:, j]], mended[good[:, j], j])
        cut = len(values) - len(mended)
        return (
            times,
            mended,
            (
                f"interpolated {int((~good).sum())} missing values (longest gap {longest} samples)"
                + (f" and cut {cut} rows at the ends" if cut else "")
            ),
        )


class DropRows(AbstractMending):
    """Leave out every row with a missing value and join what remains.

    Each join inside the record is a jump in time that delay embeddings and spectra take for motion; prefer
    `LongestStretch` or `Interpolate` where there are more than a few.
    """

    def mend(self, times: Any, values: Any, names: tuple[str, ...]) -> tuple[Any, Any, str]:
        del names
        kept = np.isfinite(values).all(axis=1)
        joins = int((np.diff(np.flatnonzero(kept)) > 1).sum())
        _require_rows(int(kept.sum()), len(kept))
        return (
            times[kept],
            values[kept],
            (f"dropped {int((~kept).sum())} rows with missing values, at {joins} places inside the record"),
        )


class LongestStretch(AbstractMending):
    """Keep the longest stretch of rows in which nothing is missing."""

    def mend(self, times: Any, values: Any, names: tuple[str, ...]) -> tuple[Any, Any, str]:
        del names
        kept = np.isfinite(values).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
        starts, stops = edges[::2], edges[1::2]
        _require_rows(int(kept.sum()), len(kept))
        best = int((stops - starts).argmax())
        start, stop = int(starts[best]), int(stops[best])
        return (
            times[start:stop],
            values[start:stop],
            (f"kept rows {start} to {stop - 1}, the longest of {len(starts)} stretches without missing values"),
        )


#: The choices by the names that the command line uses.
MENDINGS = MappingProxyType({"interpolate": Interpolate(), "drop": DropRows(), "longest": LongestStretch()})


def _longest_run(mask: Any) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _require_some(measured: Any, names: tuple[str, ...]) -> None:
    if not measured.all():
        empty = ", ".join(f"`{n}`" for n, ok in zip(names, measured, strict=True) if not ok)
        raise InputError(f"Nothing was measured in channel {empty}: all of its values are missing. Leave it out.")


def _require_rows(count: int, total: int) -> None:
    if count < 2:
        raise InputError(
            f"Only {count} of {total} rows have a value in every channel. Use `Interpolate()` "
            "(command line: `--missing interpolate`), or choose fewer channels."
        )
