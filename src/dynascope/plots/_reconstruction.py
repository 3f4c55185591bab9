"""A reconstruction beside the data: both orbits, both spectra, and every score between its floor and standing still."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..learn.fitting import Fit
from ._style import ACCENT, FAINT, INK, MUTED, WARM, new_figure, root, styled

#: Samples of each orbit that are drawn.
_SHOWN = 4000


@styled
def reconstruction_figure(result: Fit, *, channels: tuple[str, str] | None = None, axes: Any = None) -> Figure:
    """The test stretch and a free run of the system learned, their spectra, and the scores.

    Args:
        result: From `learn.fit`.
        channels: The two channels to show; the first and the last if not given. A single one is shown against itself
            one sample later.
        axes: Draw only both orbits, one over the other, into these matplotlib axes instead of a new figure.
    """
    names = result.system.names
    shown = (names[0], names[-1]) if channels is None else channels
    places = [names.index(name) for name in shown]
    data, model = (_pair(x, places) for x in (result.truth, result.generated))
    if axes is not None:
        _orbit(axes, data, shown, INK)
        _orbit(axes, model, shown, WARM)
        return root(axes)
    figure = new_figure(2.9, 9.6)
    panels: Any = figure.subplots(1, 4, width_ratios=[1.0, 1.0, 1.1, 0.9])
    for panel, values, title, colour in zip(panels, (data, model), ("data", "model"), (INK, WARM), strict=False):
        _orbit(panel, values, shown, colour)
        panel.set_title(f"{title}: {result.label.split(',')[0]}" if title == "model" else title)
    limits = panels[0].get_xlim(), panels[0].get_ylim()
    panels[1].set(xlim=limits[0], ylim=limits[1])
    _spectra(panels[2], result, places[0])
    _scores(panels[3], result)
    return figure


def _pair(values: Any, places: list[int]) -> np.ndarray:
    table = np.asarray(values)[:_SHOWN]
    one = places[0] == places[1]
    return np.stack([table[:-1, places[0]], table[1:, places[1]]] if one else [table[:, i] for i in places], axis=1)


def _orbit(panel: Axes, values: np.ndarray, names: tuple[str, str], colour: str) -> None:
    panel.plot(values[:, 0], values[:, 1], color=colour, lw=0.4)
    panel.set(xlabel=names[0], ylabel=names[1] if names[1] != names[0] else f"{names[0]}, next")


def _spectra(panel: Axes, result: Fit, place: int) -> None:
    dt = result.system.dt
    for values, colour, name in ((result.truth, INK, "data"), (result.generated, WARM, "model")):
        x = np.asarray(values)[:, place]
        if not np.isfinite(x).all():
            continue
        power = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(len(x)))) ** 2
        width = max(1, len(power) // 150)
        count = len(power) // width
        means = power[: count * width].reshape(count, width).mean(axis=1)
        rate = np.fft.rfftfreq(len(x), dt)[: count * width].reshape(count, width).mean(axis=1)
        panel.semilogy(rate, np.maximum(means, 1e-300), color=colour, lw=1.0, label=name)
    unit = "" if result.system.clock in ("1", "step") else f" (1/{result.system.clock})"
    panel.set(xlabel=f"frequency{unit}", title=f"power of {result.system.names[place]}")
    panel.legend()


def _scores(panel: Axes, result: Fit) -> None:
    """Where each score lies between its floor (0) and standing still (1)."""
    found = np.minimum(np.where(np.isfinite(result.fidelity.excess), result.fidelity.excess, 1.25), 1.25)
    rows = np.arange(len(found))[::-1]
    panel.hlines(rows, 0, 1, color=FAINT, lw=5)
    panel.plot(found, rows, "o", color=ACCENT, ms=7)
    names = result.fidelity.names
    for row, name, value in zip(rows, names, result.fidelity.values, strict=True):
        said = f"{value:.3g}" if np.isfinite(value) else "diverged"
        panel.annotate(f"{name} = {said}", (0, row), xytext=(0, 8), textcoords="offset points", color=INK)
    panel.set(
        yticks=[], xticks=[0, 1], xticklabels=["floor", "still"], xlim=(-0.15, 1.35), ylim=(-0.6, len(found) - 0.3)
    )
    panel.spines["left"].set_visible(False)
    panel.set_title(result.fidelity.grade, color=MUTED)
