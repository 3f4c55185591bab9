"""Firing patterns: the potential over the stimulus."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.spikes import FiringPattern
from ._style import ACCENT, INK, MUTED, WARM, Array, envelope, label, new_figure, root, styled, time_label

#: Heights of the stimulus and of the gap above it, as shares of the height of the potential.
_STIMULUS, _GAP = 0.16, 0.1


@styled
def firing(result: FiringPattern, *, time_unit: str = "ms", axes: Axes | None = None) -> Figure:
    """The potential of a neuron with its spikes, over the stimulus, under the name of the pattern.

    Args:
        result: From `firing_pattern`; without a potential its spikes are drawn as lines.
        time_unit: The unit of time, for the label.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    figure = new_figure(2.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    low, high = _potential(panel, result)
    _stimulus(panel, result, low, high)
    panel.set_title(result.pattern)
    panel.set_xlabel(time_label(time_unit))
    panel.set_ylabel(label("potential", "mV") if np.isfinite(result.potential).any() else "spikes")
    panel.set_xlim(float(result.times[0]), float(result.times[-1]))
    return figure


@styled
def firing_grid(results: Mapping[str, FiringPattern], *, columns: int = 4, time_unit: str = "ms") -> Figure:
    """Many firing patterns in small panels, each with a bar that tells its time scale.

    Args:
        results: Results of `firing_pattern` by the title of their panel.
        columns: Panels in a row.
        time_unit: The unit of time, for the bars.

    Raises:
        InputError: If there are no results, or `columns` is not positive.
    """
    if not results or columns < 1:
        raise InputError(f"`firing_grid` needs results and at least one column, got {len(results)} and {columns}.")
    rows = math.ceil(len(results) / columns)
    figure = new_figure(1.35 * rows, 2.4 * columns)
    panels: Any = figure.subplots(rows, columns, squeeze=False)
    for panel in panels.flat[len(results) :]:
        panel.remove()
    for panel, (title, result) in zip(panels.flat, results.items(), strict=False):
        low, high = _potential(panel, result)
        _stimulus(panel, result, low, high)
        _bar(panel, result, time_unit)
        panel.set_title(title, color=INK)
        panel.set_axis_off()
    return figure


def _potential(panel: Axes, result: FiringPattern) -> tuple[float, float]:
    """The potential, with every spike drawn to one height although samples miss their peaks; its range."""
    events = result.event_times
    if not np.isfinite(result.potential).any():
        panel.vlines(events, 0.0, 1.0, color=ACCENT, lw=0.9)
        panel.set_yticks([])
        return 0.0, 1.0
    ts, v = envelope(result.times, result.potential, bins=2000)
    low, high = float(v.min()), float(v.max())
    if events.size:
        panel.vlines(events, np.interp(events, result.times, result.potential), high, color=ACCENT, lw=0.7)
    panel.plot(ts, v, color=ACCENT, lw=0.9)
    return low, high


def _stimulus(panel: Axes, result: FiringPattern, low: float, high: float) -> None:
    """The stimulus in a strip below the potential, scaled to it."""
    u = result.stimulus
    height = high - low if high > low else 1.0
    span = float(np.ptp(u))
    share: Array = (u - u.min()) / span if span > 0 else np.zeros_like(u)
    panel.plot(result.times, low - height * (_GAP + _STIMULUS * (1 - share)), color=WARM, lw=0.9)


def _bar(panel: Axes, result: FiringPattern, time_unit: str) -> None:
    """A bar of a round length, about a fifth of the record, at the lower right."""
    span = float(np.ptp(result.times))
    power = 10.0 ** math.floor(math.log10(0.2 * span))
    length = max((m * power for m in (1, 2, 5, 10) if m * power <= 0.25 * span), default=power)
    right = float(result.times[-1])
    across = panel.get_xaxis_transform()
    panel.plot([right - length, right], [-0.04, -0.04], color=MUTED, lw=1.4, transform=across, clip_on=False)
    panel.text(
        right, -0.08, label(f"{length:g}", "") + f" {time_unit}", ha="right", va="top", fontsize=7, color=MUTED,
        transform=across,
    )  # fmt: skip
