"""Rhythms: the power spectrum and the intervals between returns."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.rhythm import Period, Spectrum
from ._style import ACCENT, PALE, WARM, label, measured, new_figure, note, padded, per_unit, plain_powers, root, styled


@styled
def power_spectrum(result: Spectrum, *, time_unit: str = "1", axes: Any = None) -> Figure:
    """Power spectral density with its confidence band; triangles mark the three strongest lines
    that hold at least a thousandth of the variance.

    The axis ends where 99 % of the power is reached, and half of that again (and never before the marked lines).

    Args:
        result: From `spectrum`.
        time_unit: The unit of time of the series, for the labels.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(2.9) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    f, power = result.frequencies[1:], result.power[1:]
    total = np.cumsum(power)
    last = f[min(int(np.searchsorted(total, 0.99 * total[-1])), f.size - 1)]
    # Below a thousandth of the variance, a line is no rhythm that anybody would see in the series.
    strong = np.flatnonzero(result.peak_powers >= 1e-3)[:3]
    peaks, errors = result.peaks[strong], result.peak_errors[strong]
    right = min(max(1.5 * last, 1.15 * float(peaks.max(initial=0.0))), float(f[-1]))
    inside = f <= right
    level = float(result.settings.get("confidence", 0.95))
    panel.fill_between(
        f[inside], result.lower[1:][inside], result.upper[1:][inside], color=PALE, alpha=0.55, lw=0,
        label=f"{100 * level:g} % confidence",
    )  # fmt: skip
    panel.plot(f[inside], power[inside], color=ACCENT, lw=1.1)
    panel.set_yscale("log")
    plain_powers(panel.yaxis)
    top = float(result.upper[1:][inside].max())
    bottom = max(float(result.lower[1:][inside].min()), 1e-12 * top)
    panel.set_ylim(bottom / 1.5, top * 6)
    panel.set_xlim(0.0, right)
    unit = per_unit(time_unit)
    labelled: list[float] = []
    for place, error in zip(peaks, errors, strict=True):
        height = float(np.interp(place, f, result.upper[1:]))
        panel.plot(place, height * 1.7, "v", color=WARM, ms=5)
        if any(abs(place - other) < 0.07 * right for other in labelled):
            continue
        labelled.append(float(place))
        panel.annotate(
            _rounded(place, error), (place, height * 1.7), (0, 5), textcoords="offset points", ha="center", fontsize=8
        )
    panel.set_xlabel(label("frequency", unit))
    panel.set_ylabel("power density")
    panel.legend(loc="upper right")
    return figure


def _rounded(value: float, error: float) -> str:
    """The digits that the error leaves, at most six."""
    if not error > 0:
        return f"{value:.4g}"
    digits = int(np.clip(np.floor(np.log10(abs(value))) - np.floor(np.log10(error)) + 1, 2, 6)) if value else 2
    return f"{value:.{digits}g}"


@styled
def return_times(result: Period, *, time_unit: str = "1", axes: Any = None) -> Figure:
    """Every return time in order, with the mean and a band of two standard errors.

    Args:
        result: From `period`.
        time_unit: The unit of time of the series, for the labels.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there are no returns.
    """
    if not result.intervals.size:
        raise InputError("The series never returns to its level, so there are no return times to draw.")
    figure = new_figure(2.4) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    if np.isfinite(result.stderr):
        band = (result.period - 2 * result.stderr, result.period + 2 * result.stderr)
        panel.axhspan(*band, color=PALE, alpha=0.45, lw=0)
    panel.axhline(result.period, color=ACCENT, lw=0.8)
    panel.plot(np.arange(1, result.intervals.size + 1), result.intervals, ".", color=ACCENT, ms=4, mew=0)
    low, high = float(result.intervals.min()), float(result.intervals.max())
    panel.set_ylim(*padded(low, high, by=0.15, least=0.02 * result.period))
    panel.set_xlabel("number of the return")
    panel.set_ylabel(label("return time", time_unit))
    unit = "" if time_unit in ("", "1") else f" {time_unit}"
    note(panel, f"mean {measured(result.period, result.stderr)}{unit}")
    return figure
