"""The Lyapunov spectrum: how the running means settle, and what they settle at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.stability import LyapunovSpectrum
from ._style import (
    ACCENT,
    INK,
    MUTED,
    PALE,
    WARM,
    label,
    measured,
    new_figure,
    note,
    padded,
    plain_powers,
    root,
    styled,
    subscript,
)

#: Most exponents that get a panel of their own.
_PANELS = 3


def _time_unit(unit: str) -> str:
    return unit.split("/", 1)[-1]


@styled
def lyapunov(result: LyapunovSpectrum, *, axes: Any = None) -> Figure:
    """Running means of the exponents with bands of two standard errors, and the spectrum with error bars.

    Each of the first three exponents has a panel with its own scale. The band lies at the final value, its half-width
    is two standard errors; a run has converged once the running mean has entered the band and stays there.

    Args:
        result: From `lyapunov_spectrum`.
        axes: Draw the running means of all exponents into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the run diverged, so that there is nothing to draw.
    """
    finite = [i for i, x in enumerate(result.exponents) if math.isfinite(x)]
    if not finite or not len(result.times):
        raise InputError("The spectrum holds no finite exponent, so there is nothing to draw. See `result.summary()`.")
    if axes is not None:
        for i in finite:
            _running(axes, result, i, WARM if result.exponents[i] > 2 * result.stderr[i] else ACCENT)
        axes.axhline(0.0, color=MUTED, lw=0.7, ls=(0, (4, 3)))
        axes.set_xlabel(_averaged(result))
        axes.set_ylabel(label("running mean", result.unit))
        return root(axes)
    shown = finite[:_PANELS]
    figure = new_figure(max(2.7, 1.15 * len(shown) + 0.5))
    grid = figure.add_gridspec(len(shown), 2, width_ratios=[1.9, 1])
    first: Axes | None = None
    for row, i in enumerate(shown):
        panel = figure.add_subplot(grid[row, 0], sharex=first)
        first = first or panel
        _running(panel, result, i, ACCENT)
        low, high = _limits(result, i)
        panel.set_ylim(low, high)
        if low < 0 < high:
            panel.axhline(0.0, color=MUTED, lw=0.7, ls=(0, (4, 3)))
        panel.set_ylabel(f"λ{subscript(i + 1)}", rotation=0, ha="right", va="center", fontsize=11)
        note(panel, measured(float(result.exponents[i]), float(result.stderr[i])))
        panel.tick_params(labelbottom=row == len(shown) - 1)
    figure.axes[0].set_title(label("running mean, band ± 2 standard errors", result.unit))
    figure.axes[-1].set_xlabel(_averaged(result))
    _bars(figure.add_subplot(grid[:, 1]), result)
    return figure


def _averaged(result: LyapunovSpectrum) -> str:
    unit = _time_unit(result.unit)
    return "steps averaged over" if unit == "step" else label("time averaged over", "1" if unit == "time" else unit)


def _running(axes: Axes, result: LyapunovSpectrum, i: int, colour: str) -> None:
    value, error = float(result.exponents[i]), float(result.stderr[i])
    axes.axhspan(value - 2 * error, value + 2 * error, color=PALE, alpha=0.45, lw=0)
    axes.axhline(value, color=colour, lw=0.6)
    axes.plot(result.times, result.running[:, i], color=colour, lw=1.2)
    axes.set_xscale("log")
    plain_powers(axes.xaxis)
    axes.margins(x=0.0)


def _limits(result: LyapunovSpectrum, i: int) -> tuple[float, float]:
    """All of the second half of the (logarithmic) run and the whole band; the first steps may leave the frame."""
    later = result.running[result.times >= math.sqrt(float(result.times[0] * result.times[-1])), i]
    later = later[np.isfinite(later)]
    value, error = float(result.exponents[i]), float(result.stderr[i])
    low = min(float(later.min(initial=value)), value - 3 * error)
    high = max(float(later.max(initial=value)), value + 3 * error)
    # Digits that no one asked for (a contraction that is constant to rounding) must not fill the frame.
    return padded(low, high, by=0.25, least=1e-3 * abs(value))


def _bars(axes: Axes, result: LyapunovSpectrum) -> None:
    """Exponents against their number, with two standard errors; -inf as an arrow at the bottom."""
    values, errors = np.asarray(result.exponents), np.asarray(result.stderr)
    number = np.arange(1, len(values) + 1)
    finite = np.isfinite(values)
    axes.axhline(0.0, color=MUTED, lw=0.7, ls=(0, (4, 3)))
    positive = finite & (values > 2 * errors)
    for mask, colour, mark in ((finite & ~positive, ACCENT, "o"), (positive, WARM, "D")):
        if mask.any():
            axes.errorbar(
                number[mask], values[mask], yerr=2 * errors[mask], fmt=mark, color=colour, ms=4.5, capsize=2.5, lw=1
            )
    lost = np.flatnonzero(~finite)
    low, high = padded(min(float(values[finite].min()), 0.0), max(float(values[finite].max()), 0.0), by=0.12)
    if lost.size:
        axes.plot(number[lost], np.full(lost.size, low), "v", color=INK, ms=5, clip_on=False)
        axes.text(float(number[lost[0]]), low, "−∞ ", ha="right", va="bottom", fontsize=8)
    axes.set_ylim(low, high)
    axes.set_xlim(0.4, len(values) + 0.6)
    if len(values) <= 8:
        axes.set_xticks(number)
    axes.set_xlabel("number of the exponent")
    axes.set_title(label("spectrum", result.unit))
    if math.isfinite(result.kaplan_yorke) and result.kaplan_yorke > 0:
        text = f"Kaplan-Yorke dimension\n{measured(result.kaplan_yorke, result.kaplan_yorke_stderr)}"
        axes.text(0.06, 0.05, text, transform=axes.transAxes, fontsize=8, va="bottom")
