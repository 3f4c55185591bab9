"""From recordings to what a model is trained, chosen and judged on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import NDArray

from ..._errors import InputError
from ...analysis.geometry import embed, embedding
from ...series import AbstractMending, Recording, as_recording
from ._standardisation import Standardisation

Stretches = tuple[NDArray[np.float64], ...]

#: Fewest samples of a part of a trial, and of all training data.
_LEAST_PART, _LEAST = 20, 100


class SplitAtGaps(eqx.Module):
    """Deal with missing values by cutting: the stretches without any become trials of their own.

    Args:
        shortest: Stretches of fewer samples are left out.
    """

    shortest: int = eqx.field(static=True, default=100)


class Delayed(eqx.Module):
    """Unfold the channels into delayed copies, so that a state can be seen in them.

    Args:
        delay: Samples between copies; None chooses by mutual information over the training data.
        dimension: Copies of each channel; None chooses by Cao's criterion.

    Reference:
        Takens (1981), Detecting strange attractors in turbulence; Sauer, Yorke & Casdagli (1991), Embedology.
    """

    delay: int | None = eqx.field(static=True, default=None)
    dimension: int | None = eqx.field(static=True, default=None)


class Prepared(eqx.Module):
    """Data ready for learning: standardised by the training data, split in time.

    Args:
        train: Training stretches, shape `(time, channel)` each, of any lengths.
        validation: What follows each of them in time, to choose a model on.
        test: What follows that, to judge the chosen model on; nothing else may look at it.
        standard: How the units of the data become standard units.
        dt: Sampling interval.
        time_unit: Its unit.
        names: Names of the channels.
        units: Their units.
        source: Where the data come from.
        notes: What was done to them, one sentence each.
    """

    train: Stretches
    validation: Stretches
    test: Stretches
    standard: Standardisation
    dt: float = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)
    source: str = eqx.field(static=True, default="array")
    notes: tuple[str, ...] = eqx.field(static=True, default=())

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.names)

    def summary(self) -> str:
        """How much there is of what."""
        sizes = [sum(len(x) for x in part) for part in (self.train, self.validation, self.test)]
        every = f"{self.dt:g}" if self.time_unit == "1" else f"{self.dt:g} {self.time_unit}"
        text = (
            f"{self.source}: {sizes[0]} samples to train on in {len(self.train)} stretch(es), {sizes[1]} to choose on, "
            f"{sizes[2]} to judge on; {self.channels} channel(s), one sample every {every}."
        )
        return "\n".join([text, *(f"- {note}" for note in self.notes)])


def prepare(
    data: Any,
    *,
    dt: float | None = None,
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15),
    missing: AbstractMending | SplitAtGaps | None = None,
    detrend: int | None = None,
    delayed: Delayed | None = None,
    time_unit: str | None = None,
    source: str = "the recording",
) -> Prepared:
    """Check recordings, split them in time, and standardise them by the training part alone.

    Every trial is split in the same shares: first what is trained on, then what a model is chosen on, then what it is
    judged on. A trend is fitted to the training part, and removed from all. Nothing of the later parts enters the
    standardisation, the trend or the delays.

    Args:
        data: A `Recording`, an array of shape `(time, channel)` with `dt`, or a list of such: trials of any lengths.
        dt: Sampling interval of arrays.
        shares: Shares of training, validation and test.
        missing: What to do about missing values; None refuses them.
        detrend: Order of the polynomial in time that is removed: 0 or 1; None removes nothing.
        delayed: Unfold the channels by delays; None takes them as the state they are.
        time_unit: Unit of `dt`; seconds if nothing tells.
        source: What to call the data in messages.

    Raises:
        InputError: If the data are too short, constant, not finite, of wrong orientation, or do not belong together.

    Example:
        >>> import numpy as np
        >>> ready = prepare(np.sin(0.1 * np.arange(1000)), dt=0.1)
        >>> [len(part[0]) for part in (ready.train, ready.validation, ready.test)]
        [700, 150, 150]
    """
    recordings = _recordings(data, dt=dt, missing=missing, time_unit=time_unit, source=source)
    first = recordings[0]
    _check_alike(recordings)
    _check_shares(shares)
    notes = list(dict.fromkeys(note for r in recordings for note in r.notes))
    parts = [_parts(r, shares) for r in recordings]
    if detrend is not None:
        parts = [_detrended(p, detrend) for p in parts]
        notes.append(f"removed the polynomial of order {detrend} in time that fits the training part")
    names, units = first.names, first.units
    if delayed is not None:
        parts, names, units, note = _unfolded(parts, delayed, first)
        notes.append(note)
    standard = Standardisation.of([p[0] for p in parts], names=names)
    total = sum(len(p[0]) for p in parts)
    if total < _LEAST:
        raise InputError(
            f"{source} leaves {total} samples to train on, fewer than {_LEAST}. Record for longer, or sample faster."
        )
    train, validation, test = (tuple(standard(p[i]) for p in parts) for i in range(3))
    return Prepared(
        train, validation, test, standard, first.dt, first.time_unit, names, units, first.source, tuple(notes)
    )


def _recordings(data: Any, *, dt: float | None, missing: Any, time_unit: str | None, source: str) -> list[Recording]:
    """Every trial as a checked recording."""
    kinds = Recording | np.ndarray | jax.Array
    several = isinstance(data, list | tuple) and all(isinstance(x, kinds) and x.shape for x in data)
    trials = list(data) if several else [data]
    if not trials:
        raise InputError("`data` is an empty list. Give a recording, or a list of them.")
    found: list[Recording] = []
    for i, trial in enumerate(trials):
        name = source if len(trials) == 1 else f"trial {i} of {source}"
        if isinstance(trial, Recording):
            found.append(trial)
            continue
        if isinstance(missing, SplitAtGaps):
            for piece in _stretches(trial, missing, name):
                found.append(_checked(piece, dt, None, time_unit, name))
            continue
        found.append(_checked(trial, dt, missing, time_unit, name))
    return found


def _checked(trial: Any, dt: float | None, missing: Any, time_unit: str | None, name: str) -> Recording:
    return as_recording(trial, dt=dt, missing=missing, time_unit=time_unit, source=name, shortest=3 * _LEAST_PART)


def _stretches(trial: Any, missing: SplitAtGaps, name: str) -> list[NDArray[np.float64]]:
    """The stretches of a table between rows with missing values."""
    table = np.asarray(trial, float)
    table = table[:, None] if table.ndim == 1 else table
    kept = np.isfinite(table).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    pieces = [table[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= missing.shortest]
    if not pieces:
        raise InputError(
            f"No stretch of {name} without missing values has {missing.shortest} samples. Lower `shortest` of "
            "`SplitAtGaps`, or bridge short gaps with `Interpolate()`."
        )
    return pieces


def _check_alike(recordings: Sequence[Recording]) -> None:
    first = recordings[0]
    for i, other in enumerate(recordings):
        if other.shape[1] != first.shape[1] or abs(other.dt - first.dt) > 1e-6 * first.dt:
            raise InputError(
                f"Trial {i} has {other.shape[1]} channels every {other.dt:g}, the first has {first.shape[1]} every "
                f"{first.dt:g}. Give trials of the same channels and sampling interval."
            )


def _check_shares(shares: tuple[float, float, float]) -> None:
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise InputError(f"`shares` must be three positive numbers with the sum 1, got {shares}.")


def _parts(recording: Recording, shares: tuple[float, float, float]) -> Stretches:
    count = len(recording.values)
    ends = np.round(np.cumsum(shares) * count).astype(int)
    parts = np.split(recording.values, ends[:2])
    if min(len(p) for p in parts) < _LEAST_PART:
        raise InputError(
            f"{recording.source} has {count} samples, of which one part would get {min(len(p) for p in parts)}: fewer "
            f"than {_LEAST_PART}. Record for longer, or choose other `shares`."
        )
    return tuple(parts)


def _detrended(parts: Stretches, order: int) -> Stretches:
    if order not in (0, 1):
        raise InputError(f"`detrend` must be 0 or 1, got {order}: higher orders run away beyond the training part.")
    lengths = [len(p) for p in parts]
    t = np.arange(sum(lengths)) / lengths[0]
    powers = t[:, None] ** np.arange(order + 1)
    trend = powers @ np.linalg.lstsq(powers[: lengths[0]], parts[0], rcond=None)[0]
    return tuple(p - x for p, x in zip(parts, np.split(trend, np.cumsum(lengths)[:2]), strict=True))


def _unfolded(
    parts: list[Stretches], delayed: Delayed, like: Recording
) -> tuple[list[Stretches], tuple[str, ...], tuple[str, ...], str]:
    delay, copies = delayed.delay, delayed.dimension
    if delay is None or copies is None:
        found = embedding(max((p[0] for p in parts), key=len), delay=delay, dimension=copies)
        delay, copies = found.delay, found.dimension
    unfolded = [tuple(embed(x, delay=delay, dimension=copies) for x in p) for p in parts]
    if min(len(x) for p in unfolded for x in p) < _LEAST_PART:
        raise InputError(
            f"{copies} copies at delay {delay} leave fewer than {_LEAST_PART} samples in one part. Use a smaller delay "
            "or dimension, or record for longer."
        )
    back = [(copies - 1 - k) * delay for k in range(copies)]
    names = tuple(f"{n}(t-{b})" if b else n for b in back for n in like.names)
    note = f"unfolded into {copies} copies at a delay of {delay} samples ({delay * like.dt:.4g} {like.time_unit})"
    return unfolded, names, like.units * copies, note
