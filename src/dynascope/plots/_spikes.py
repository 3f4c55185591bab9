"""Spike trains: the raster under its rate, and correlograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis.spikes import Correlogram, FiringRegime, binned
from ..series import SpikeTrains
from ._style import ACCENT, INK, MUTED, PALE, WARM, label, new_figure, per_unit, root, styled, time_label

#: Local variation of a gamma process whose intervals have a coherence of one half (shape 14.07).
BORDER = 0.103
#: Most trains and spikes that a raster draws one by one.
_TRAINS, _SPIKES = 200, 20000


@styled
def raster(trains: SpikeTrains, *, bins: int = 120, window: tuple[float, float] | None = None) -> Figure:
    """Every spike as a dot, the mean rate below, and the rate of every train at the side.

    Of more than 200 trains every k-th is drawn, and of more than 20,000 spikes the first part of the window; the rates
    are those of all trains in the window drawn.

    Args:
        trains: The spike trains.
        bins: Bins of the rate.
        window: Part of the window to draw; None draws as much as has at most 20,000 spikes.
    """
    step = -(-len(trains) // _TRAINS)
    rows = np.arange(0, len(trains), step)
    if window is None:
        density = int(trains.select(rows).counts.sum()) / trains.duration
        stop = min(trains.stop, trains.start + _SPIKES / density) if density > 0 else trains.stop
        window = (trains.start, stop)
    shown = trains.between(*window)
    figure = new_figure(4.2)
    grid: Any = figure.subplots(
        2, 2, sharex="col", sharey="row", width_ratios=[5, 1], height_ratios=[3, 1], squeeze=False
    )
    dots, side, rate = grid[0, 0], grid[0, 1], grid[1, 0]
    grid[1, 1].remove()
    times, units = shown.select(rows).pooled()
    dots.plot(times, rows[units], "|", color=INK, ms=max(1.0, min(5.0, 160 / rows.size)), mew=0.6)
    dots.set_ylabel("train")
    dots.set_ylim(-0.7, len(trains) - 0.3)
    side.plot(shown.counts / shown.duration, np.arange(len(trains)), ".", color=ACCENT, ms=3)
    side.set_xlabel(label("rate", per_unit(trains.time_unit)))
    side.tick_params(labelbottom=True)
    side.set_xlim(0.0, 1.15 * max(float((shown.counts / shown.duration).max()), 1e-12))
    width = shown.duration / bins
    counts = binned(shown, bin=width).sum(axis=0) / (len(trains) * width)
    edges = shown.start + width * np.arange(counts.size + 1)
    rate.stairs(counts, edges, fill=True, color=PALE)
    rate.stairs(counts, edges, color=ACCENT, lw=0.9)
    rate.set_ylabel(label("mean rate", per_unit(trains.time_unit)))
    rate.set_xlabel(time_label(trains.time_unit))
    rate.set_xlim(*window)
    rate.set_ylim(bottom=0.0)
    return figure


@styled
def correlograms(result: Correlogram, *, axes: Axes | None = None) -> Figure:
    """Pairs of spikes at each lag over what independent trains would have, mean of all pairs; the band holds 95 %.

    Args:
        result: From `correlogram`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(2.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    found, chance = result.counts.sum(axis=0), result.expected.sum(axis=0)
    error = np.sqrt(np.sum(result.expected_stderr**2, axis=0))
    safe = np.where(chance > 0, chance, 1.0)
    step = float(result.settings["bin"])
    edges = np.append(result.lags - step / 2, result.lags[-1] + step / 2)
    panel.stairs(found / safe, edges, fill=True, color=PALE)
    panel.stairs(found / safe, edges, color=ACCENT, lw=0.9)
    panel.fill_between(
        result.lags, 1 - 1.96 * error / safe, 1 + 1.96 * error / safe, color=WARM, alpha=0.25, lw=0, step="mid"
    )
    panel.axhline(1.0, color=MUTED, lw=0.8)
    panel.set_xlim(edges[0], edges[-1])
    panel.set_ylim(bottom=0.0)
    panel.set_xlabel(label("lag", str(result.settings["time_unit"])))
    panel.set_ylabel("pairs of spikes / chance")
    return figure


@styled
def firing_map(result: FiringRegime, *, axes: Axes | None = None) -> Figure:
    """Local variation of every train over its rate; dotted that of Poisson spikes, full that of gamma processes at the
    border between regular and irregular.

    Args:
        result: From `firing_regime`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(2.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    known = np.isfinite(result.statistics.lv)
    panel.plot(result.statistics.rates[known], result.statistics.lv[known], ".", color=ACCENT, ms=4)
    panel.axhline(1.0, color=MUTED, lw=0.8, ls=":")
    panel.axhline(BORDER, color=WARM, lw=0.8)
    panel.set_xlabel(label("rate", per_unit(str(result.settings["time_unit"]))))
    panel.set_ylabel("local variation LV")
    panel.set_ylim(bottom=0.0)
    panel.set_xlim(left=0.0)
    panel.set_title(result.verdict.regime)
    return figure
