"""Chaos in recordings: separation of neighbours, the 0-1 test, surrogates."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.chaos import ExponentFromData, SurrogateTest, ZeroOne
from ._style import ACCENT, INK, MUTED, PALE, WARM, Array, label, measured, new_figure, note, rate_unit, root, styled

_DASHED = (0, (4, 3))
#: Names of the two statistics of a surrogate test, in their order.
_STATISTICS = ("time-reversal asymmetry", "prediction error")


@styled
def divergence(result: ExponentFromData, *, time_unit: str = "1", axes: Any = None) -> Figure:
    """The mean log distance of neighbours over time, with the line whose slope is the exponent.

    The band is two standard errors wide on either side; the dashed level is that of unrelated points.

    Args:
        result: From `exponent_from_data`.
        time_unit: The unit of time of the series, for the labels.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no neighbours were found, so that there is no curve.
    """
    if not np.isfinite(result.divergence).all():
        raise InputError(f"There is no curve to draw: {result.reason}.")
    figure = new_figure(3.0) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    t, s, e = result.times, result.divergence, result.divergence_stderr
    panel.fill_between(t, s - 2 * e, s + 2 * e, color=PALE, alpha=0.55, lw=0, label="± 2 standard errors")
    panel.plot(t, s, color=ACCENT)
    if np.isfinite(result.saturation):
        panel.axhline(result.saturation, color=MUTED, lw=0.8, ls=_DASHED, label="unrelated points")
    if np.isfinite(result.exponent):
        inside = (t >= result.fit_start - 1e-9) & (t <= result.fit_stop + 1e-9)
        centre, level = float(t[inside].mean()), float(s[inside].mean())
        ends = np.array([result.fit_start, result.fit_stop])
        line = level + result.exponent * (ends - centre)
        style = "-" if result.converged else _DASHED
        panel.plot(ends, line, color=WARM, lw=2, ls=style, label="fit" if result.converged else "best slope, no line")
        text = f"slope {measured(result.exponent, result.stderr)}"
        panel.set_title(label(text, rate_unit(time_unit)))
    panel.set_xlabel(label("time since they were neighbours", time_unit))
    panel.set_ylabel("log distance (nats)")
    panel.legend(loc="lower right")
    return figure


@styled
def strengths(result: ZeroOne, *, axes: Any = None) -> Figure:
    """K of the 0-1 test at every frequency, with the median and a band of two standard errors.

    Args:
        result: From `zero_one`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(2.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    panel.axhspan(result.k - 2 * result.stderr, result.k + 2 * result.stderr, color=PALE, alpha=0.5, lw=0)
    panel.axhline(result.k, color=ACCENT, lw=1)
    panel.plot(result.frequencies, result.strengths, ".", color=ACCENT, ms=4, mew=0)
    for level, text in ((0.0, "regular"), (1.0, "chaos or noise")):
        panel.axhline(level, color=MUTED, lw=0.7, ls=_DASHED)
        panel.annotate(text, (1.0, level), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                       va="center", fontsize=8, color=MUTED)  # fmt: skip
    low = min(-0.25, float(result.strengths.min()) - 0.05)
    panel.set_ylim(low, max(1.15, float(result.strengths.max()) + 0.05))
    panel.set_xlabel("frequency c (rad per sample)")
    panel.set_ylabel("strength K(c)")
    panel.set_title(f"median K = {measured(result.k, result.stderr)}")
    return figure


@styled
def surrogates(result: SurrogateTest, *, axes: Any = None) -> Figure:
    """Both statistics of the data against their distributions over the surrogates.

    Args:
        result: From `surrogate_test`.
        axes: Draw the prediction error into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _histogram(axes, result, 1)
        return root(axes)
    figure = new_figure(2.7)
    panels: Array = figure.subplots(1, 2)
    for k, panel in enumerate(panels):
        _histogram(panel, result, k)
    panels[0].set_ylabel("surrogates")
    return figure


def _histogram(axes: Axes, result: SurrogateTest, k: int) -> None:
    values, data = result.surrogates[:, k], float(result.data[k])
    axes.hist(values, bins=max(8, round(2 * len(values) ** 0.5)), color=PALE, edgecolor="white", lw=0.5)
    axes.axvline(data, color=WARM, lw=2)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, 1.3 * top)
    low, high = min(float(values.min()), data), max(float(values.max()), data)
    axes.set_xlim(low - 0.12 * (high - low), high + 0.12 * (high - low))
    right = data > 0.5 * (low + high)
    axes.annotate(
        "data", (data, 1.25 * top), (-5 if right else 5, 0), textcoords="offset points", va="top",
        ha="right" if right else "left", fontsize=8, color=INK,
    )  # fmt: skip
    axes.set_xlabel(_STATISTICS[k])
    note(axes, f"p = {result.pvalues[k]:.3g}", x=0.015 if right else 0.985, ha="left" if right else "right")
