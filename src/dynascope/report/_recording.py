"""From a recording to a report."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .._errors import ComputationFailed, InputError
from ..analysis.geometry import Recurrence, recurrence
from ..analysis.regime import RegimeFromData, regime_from_data
from ..analysis.rhythm import Period, period
from ..series import Recording
from ..solve import Progress
from ._pages import recording_page
from ._reconstruction import chapter, reconstructed
from ._report import Report
from ._sentences import describe_recording, short_name

#: Seconds of the search for a system that moves like the recording: a report should not take minutes unasked.
BUDGET = 10.0


def report_recording(
    recording: Recording,
    *,
    target: str | None = None,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    origin: str | None = None,
    progress: bool = False,
    budget: float = BUDGET,
) -> Report:
    """Say what kind of dynamics made this recording, with every picture and number that supports it.

    A system is learned from it as well (`learn.fit`), judged, and asked for its regime, exponents and fixed points; the
    report says when it is too poor to be believed. The verdict of the report rests on the data alone.

    Args:
        recording: What was recorded.
        target: Name to show; None takes the recording's source.
        seed: Seed of surrogates and bootstrap.
        notes: What was assumed on the way in, shown after the recording's own notes.
        origin: Lines of Python that make `recording`, for the page.
        progress: Show progress on standard error.
        budget: Seconds of the search for a system that moves alike; 0 leaves the reconstruction out. The analyses of
            the system found come on top.

    Returns:
        A `Report`; `save(folder)` writes page and numbers.

    Raises:
        InputError: If `budget` is negative or not finite.
    """
    if not (np.isfinite(budget) and budget >= 0):
        raise InputError(f"`budget` must be a number of seconds, or 0 for no reconstruction, got {budget}.")
    started = time.perf_counter()
    target = target if target is not None else recording.source
    notes = (*recording.notes, *notes)
    with Progress(3, f"report on {target}", show=progress) as bar:
        regime = regime_from_data(recording.values, dt=recording.dt, seed=seed)
        bar.advance(1)
        found: dict[str, Any] = {
            "recording": recording,
            "embedding": regime.embedding,
            "spectrum": regime.spectrum,
            "exponent": regime.exponent,
            "zero_one": regime.zero_one,
            "dimension": regime.dimension,
            "surrogates": regime.surrogates,
            "recurrence": _recurrence(regime),
            "period": _period(recording, regime),
        }
        bar.advance(1)
        learned = None
        if budget:
            learned = reconstructed(recording, budget=budget, seed=seed, say=bar.say, observed=short_name(target))
            found |= learned.results()
        results = {name: value for name, value in found.items() if value is not None}
        bar.advance(1)
    sentence = describe_recording(short_name(target), regime)
    if learned is not None:
        notes = (learned.sentence(), *notes)
    settings = {k: v for k, v in regime.settings.items() if k != "versions"} | {
        "source": recording.source,
        "seed": seed,
        "budget": budget,
    }
    lines = origin if origin is not None else f"recording = ds.read_recording({target!r}, dt={recording.dt!r})"
    page = recording_page(
        recording,
        sentence=sentence,
        regime=regime,
        results=results,
        settings=settings,
        origin=lines,
        notes=notes,
        target=target,
        further=[] if learned is None else chapter(learned, origin=lines, seed=seed),
    )
    return Report(
        page,
        kind="recording",
        dimension=recording.values.shape[1],
        verdict=regime.verdict,
        results=results,
        seconds=time.perf_counter() - started,
        reconstruction=None if learned is None else learned.to_json(),
    )


def _recurrence(regime: RegimeFromData) -> Recurrence | None:
    """Recurrence quantification in the embedding of the verdict; None where there is none."""
    if regime.embedding is None:
        return None
    try:
        return recurrence(regime.embedding)
    except InputError:
        return None


def _period(recording: Recording, regime: RegimeFromData) -> Period | None:
    """Return times of the most variable channel, where the verdict is a rhythm."""
    if regime.verdict.regime not in ("limit cycle", "torus"):
        return None
    column = int(np.argmax(recording.values.std(axis=0)))
    try:
        return period(recording.values[:, column], dt=recording.dt)
    except (InputError, ComputationFailed):
        return None
