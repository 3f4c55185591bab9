"""Synchrony: master stability functions, modes of networks, drive and response; spectra of recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.chaos import SpectrumFromData
from ..analysis.synchrony import ConditionalExponents, MasterStability, TransversalExponents
from ._style import ACCENT, INK, MUTED, PALE, WARM, label, measured, new_figure, note, padded, root, styled

_DASHED = (0, (4, 3))


@styled
def master_curve(result: MasterStability, *, axes: Any = None) -> Figure:
    """The master stability function: intervals of stability shaded, zeros marked; complex couplings as dots.

    The band is two standard errors wide on either side. Of complex couplings the sign is shown, in the plane.

    Args:
        result: From `master_stability`.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the orbit diverged, so that there is nothing to draw.
    """
    if not np.isfinite(result.exponents).any():
        raise InputError("The orbit diverged, so there is nothing to draw.")
    figure = new_figure(3.0) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    if np.iscomplexobj(result.alphas):
        return _plane(panel, result)
    x, y, e = result.alphas, result.exponents, result.stderr
    for n, (low, high) in enumerate(result.intervals):
        panel.axvspan(low, high, color=PALE, alpha=0.3, lw=0, label="stable" if n == 0 else None)
    panel.axhline(0.0, color=MUTED, lw=0.7, ls=_DASHED)
    panel.fill_between(x, y - 2 * e, y + 2 * e, color=PALE, alpha=0.7, lw=0, label="± 2 standard errors")
    panel.plot(x, y, color=ACCENT)
    for place, error in zip(result.crossings, result.crossings_stderr, strict=True):
        panel.errorbar([place], [0.0], xerr=[2 * error], fmt="o", color=WARM, ms=5, capsize=2.5, lw=1)
        panel.annotate(
            measured(float(place), float(error)),
            (place, 0.0),
            (6, 7),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    panel.set_xlim(float(x[0]), float(x[-1]))
    low, high = padded(float(y.min()), float(y.max()), by=0.1)
    panel.set_ylim(low, high)
    panel.set_xlabel("coupling α")
    panel.set_ylabel(label("largest exponent", result.unit))
    panel.legend(loc="best")
    return figure


def _plane(panel: Axes, result: MasterStability) -> Figure:
    sure = 2 * result.stderr
    groups = (
        (result.exponents < -sure, ACCENT, "stable"),
        (np.abs(result.exponents) <= sure, MUTED, "undecided"),
        (result.exponents > sure, WARM, "unstable"),
    )
    for chosen, colour, name in groups:
        if chosen.any():
            panel.plot(
                np.real(result.alphas[chosen]), np.imag(result.alphas[chosen]), "o", ms=4, color=colour, label=name
            )
    panel.set_xlabel("Re α")
    panel.set_ylabel("Im α")
    panel.legend(loc="best")
    return root(panel)


@styled
def modes(result: TransversalExponents, *, axes: Any = None) -> Figure:
    """Exponents of each transverse mode over the real part of its eigenvalue, with those along synchrony at zero.

    Args:
        result: From `transversal_exponents`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(3.0) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    panel.axhline(0.0, color=MUTED, lw=0.7, ls=_DASHED)
    place = np.real(result.eigenvalues)
    for i in range(result.exponents.shape[1]):
        panel.errorbar(
            place, result.exponents[:, i], yerr=2 * result.stderr[:, i], fmt="o", color=ACCENT, ms=4.5, capsize=2.5,
            lw=1, label="modes of the network" if i == 0 else None,
        )  # fmt: skip
    panel.errorbar(
        np.zeros(len(result.along)), result.along, yerr=2 * result.along_stderr, fmt="D", color=WARM, ms=4.5,
        capsize=2.5, lw=1, label="one unit",
    )  # fmt: skip
    panel.set_xlabel("eigenvalue of the Laplacian (real part)")
    panel.set_ylabel(label("exponents", result.unit))
    word = "stable" if result.stable else "unstable" if result.unstable else "undecided"
    panel.set_title(f"synchrony {word} at strength {result.strength:g}")
    panel.legend(loc="best")
    return figure


@styled
def copies(result: ConditionalExponents, *, axes: Any = None) -> Figure:
    """The distance of copies of the response over time, with the slope of the largest conditional exponent.

    Args:
        result: From `conditional_exponents`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(3.0) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    # Copies that have become one to the last bit have no distance left to draw.
    t, d = result.times, np.where(result.distances > 0, result.distances, np.nan)
    panel.plot(t, np.log10(d), color=ACCENT, label="largest distance of a copy")
    slope = float(result.exponents[0])
    if np.isfinite(slope) and np.isfinite(d[0]):
        line = np.log10(d[0]) + slope * (t - t[0]) / np.log(10)
        inside = (line > np.log10(np.nanmin(d)) - 0.5) & (line < np.log10(np.nanmax(d)) + 0.5)
        name = f"slope {measured(slope, float(result.stderr[0]))}"
        panel.plot(t[inside], line[inside], color=WARM, ls=_DASHED, label=name)
    panel.set_xlabel("time since the copies started")
    panel.set_ylabel("log₁₀ of the relative distance")
    panel.set_title(result.verdict)
    panel.legend(loc="best")
    return figure


@styled
def data_spectrum(result: SpectrumFromData, *, axes: Any = None) -> Figure:
    """Exponents of a recording, open where reversed time does not confirm them, with those of larger neighbourhoods.

    Args:
        result: From `spectrum_from_data`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(3.0, 4.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    number = np.arange(1, len(result.exponents) + 1)
    panel.axhline(0.0, color=MUTED, lw=0.7, ls=_DASHED)
    for n, row in enumerate(result.by_size[1:]):
        panel.plot(
            number + 0.12 * (n + 1), row, "_", color=MUTED, ms=8, label="larger neighbourhoods" if n == 0 else None
        )
    for chosen, face, name in ((result.confirmed, ACCENT, "confirmed"), (~result.confirmed, "white", "not confirmed")):
        if chosen.any():
            panel.errorbar(
                number[chosen], result.exponents[chosen], yerr=2 * result.stderr[chosen], fmt="o", color=ACCENT,
                mfc=face, ms=5, capsize=2.5, lw=1, label=name,
            )  # fmt: skip
    panel.set_xticks(number)
    panel.set_xlim(0.5, len(number) + 0.6)
    panel.set_xlabel("number of the exponent")
    panel.set_ylabel("exponents (nats per time unit)")
    if not result.converged:
        note(panel, "not converged")
    panel.legend(loc="lower left")
    return figure
