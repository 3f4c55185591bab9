"""Series over time: trajectories with their events, and recordings."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .._errors import InputError
from ..analysis._series import median_period
from ..series import Events, Recording, Trajectory
from ._style import (
    ACCENT,
    FAINT,
    INK,
    PALE,
    SEQUENTIAL,
    Array,
    envelope,
    label,
    new_figure,
    padded,
    root,
    styled,
    time_label,
)

#: Most variables that get a panel of their own.
PANELS = 6
#: Turns of the typical rhythm that the close-up shows, and steps of a map.
_TURNS, _STEPS = 12, 120
#: Most dots of a map, and most columns of an activity image.
_DOTS, _COLUMNS = 3000, 1200


class Shown(eqx.Module):
    """What a figure of series needs to know, whatever it came from.

    Where an angle winds round its circle, angles are shown by their cosines: `turns` are their frequencies 2 pi /
    period, and 0 for what is shown as it is.
    """

    ts: Array
    values: Array
    names: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str
    discrete: bool
    events: Events | None = None
    turns: Array | None = None

    def called(self, k: int) -> str:
        """What is shown of variable `k`: itself, or its cosine."""
        return f"cos {self.names[k]}" if self.turns is not None and self.turns[k] > 0 else self.names[k]

    def label(self, k: int) -> str:
        """Name and unit of what is shown of variable `k`."""
        return label(self.called(k), self.units[k])


def shown(series: Trajectory | Recording) -> Shown:
    """Times, values (time, variable) and labels of a trajectory or a recording; padding of a failed run is left out."""
    if isinstance(series, Recording):
        return Shown(series.ts, np.asarray(series.values), series.names, series.units, series.time_unit, False)
    count = int(series.count)
    ts, values = np.asarray(series.ts)[:count], np.asarray(series.flat, dtype=float)[:count]
    if count < 2:
        raise InputError(f"The trajectory holds {count} time points; a figure needs at least 2. Run it longer.")
    names = series.names or tuple(f"y{i}" for i in range(values.shape[1]))
    units = series.units or ("1",) * values.shape[1]
    turns = series.winding()
    units = tuple("1" if turn else unit for turn, unit in zip(turns, units, strict=True))
    discrete = series.time_unit == "step"
    return Shown(ts, unwound(values, turns), names, units, series.time_unit, discrete, series.events, turns)


def unwound(states: Array, turns: Array | None) -> Array:
    """States `(n, d)` with cosines in the place of winding angles."""
    if turns is None or not np.any(turns):
        return states
    return np.where(turns > 0, np.cos(turns * states), states)


def standard(values: Array) -> Array:
    """Each column with mean 0 and standard deviation 1; constant columns become 0."""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


@styled
def time_series(
    series: Trajectory | Recording, *, variables: tuple[str, ...] | None = None, axes: Any = None
) -> Figure:
    """Every variable over time, with a close-up of the end of long runs, and the events of hybrid systems as ticks.

    Up to six variables have a panel each. Of more, the figure shows an image of all and the three that vary most.
    Long series are thinned to the lowest and highest sample of each stretch.

    Args:
        series: A `Trajectory` or a `Recording`.
        variables: Names of those to show; None chooses.
        axes: Draw the first of `variables` into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If a name is unknown or there is nothing to draw.
    """
    data = shown(series)
    if axes is not None:
        _panel(axes, data, _columns(data, variables)[0], slice(None))
        axes.set_xlabel(time_label(data.time_unit))
        return root(axes)
    rows = len(_heights(data, variables))
    figure = new_figure(max(1.9, 0.55 + sum(_heights(data, variables)) * (1.0 if rows > 2 else 1.25)))
    draw_series(figure, data, variables)
    return figure


def draw_series(
    figure: Figure | SubFigure, data: Shown, variables: tuple[str, ...] | None, *, narrow: bool = False
) -> None:
    """All panels of `time_series`, into a figure or a part of one; in a narrow one only the close-up of a map."""
    chosen = _columns(data, variables)
    heights = _heights(data, variables)
    part = closeup_window(data)
    both = part is not None and not narrow
    windows = [slice(None), part] if both else [part if part is not None and data.discrete else slice(None)]
    columns = len(windows)
    grid = figure.subplots(len(heights), columns, squeeze=False, sharex="col", gridspec_kw={"height_ratios": heights})
    for j, window in enumerate(windows):
        row = 0
        if _spikes(data):
            draw_events(grid[0, j], data, window)
            row = 1
        if _crowded(data, variables):
            _image(figure, grid[row, j], data, window, bar=j == columns - 1)
            row += 1
        for k in chosen:
            _panel(grid[row, j], data, k, window, named=j == 0)
            row += 1
        grid[-1, j].set_xlabel(time_label(data.time_unit))
    if both:
        grid[0, 0].set_title("whole run")
        grid[0, 1].set_title("close-up of its end")
        for axes in grid[:, 0]:
            axes.axvspan(data.ts[part][0], data.ts[-1], color=FAINT, alpha=0.6, lw=0, zorder=0)
    figure.align_ylabels(grid[:, 0].tolist())


def _heights(data: Shown, variables: tuple[str, ...] | None) -> list[float]:
    surfaces = len(np.unique(np.asarray(data.events.surfaces)[: int(data.events.count)])) if data.events else 0
    events = [min(0.35 + 0.02 * surfaces, 1.6)] if _spikes(data) else []
    image = [1.6] if _crowded(data, variables) else []
    return events + image + [0.85] * len(_columns(data, variables))


def _spikes(data: Shown) -> bool:
    return data.events is not None and int(data.events.count) > 0


def _crowded(data: Shown, variables: tuple[str, ...] | None) -> bool:
    return variables is None and data.values.shape[1] > PANELS


def _columns(data: Shown, variables: tuple[str, ...] | None) -> list[int]:
    if variables is not None:
        unknown = [v for v in variables if v not in data.names]
        if unknown or not variables:
            raise InputError(f"There is no variable `{', '.join(unknown)}`. There are: {', '.join(data.names[:20])}.")
        return [data.names.index(v) for v in variables]
    if data.values.shape[1] <= PANELS:
        return list(range(data.values.shape[1]))
    return sorted(np.argsort(-data.values.std(axis=0), kind="stable")[:3].tolist())


def closeup_window(data: Shown) -> slice | None:
    """The last dozen turns of the typical rhythm (of a map, 120 steps), or None where that is most of the run."""
    count = len(data.ts)
    if data.discrete:
        size = _STEPS
    else:
        # The fastest of the variables sets the scale: a spike must be seen as a spike.
        second = data.values[count // 2 :]
        moving = np.flatnonzero(np.ptp(second, axis=0) > 1e-9 * np.abs(second).max(axis=0, initial=0.0))
        if not moving.size or len(second) < 32:
            return None
        size = int(_TURNS * min(median_period(second[:, [k]]) for k in moving[:50]))
        size = max(size, 60)
    return slice(count - size, count) if size < count // 4 else None


def _panel(axes: Axes, data: Shown, k: int, window: slice, *, named: bool = True) -> None:
    """One variable over time: a line, or dots for a map."""
    ts, x = data.ts[window], data.values[window, k]
    if data.discrete:
        every = max(1, math.ceil(len(ts) / _DOTS))
        if len(ts) <= 4 * _STEPS:
            axes.plot(ts, x, color=PALE, lw=0.6)
        axes.plot(ts[::every], x[::every], ".", color=ACCENT, ms=4 if len(ts) <= 4 * _STEPS else 2, mew=0)
    else:
        axes.plot(*envelope(ts, x), color=ACCENT, lw=0.9)
    axes.set_ylim(*padded(float(data.values[:, k].min()), float(data.values[:, k].max())))
    axes.margins(x=0.0)
    if named:
        axes.set_ylabel(data.label(k), rotation=0, ha="right", va="center")
    else:
        axes.tick_params(labelleft=False)


def draw_events(axes: Axes, data: Shown, window: slice) -> None:
    """Events as ticks, one row per surface."""
    events = data.events
    if events is None:
        return
    ts = data.ts[window]
    times = np.asarray(events.times)[: int(events.count)]
    rows = np.asarray(events.surfaces)[: int(events.count)]
    inside = (times >= ts[0]) & (times <= ts[-1])
    which = np.unique(rows)
    axes.vlines(times[inside], rows[inside] - 0.4, rows[inside] + 0.4, color=INK, lw=0.8 if which.size < 20 else 0.6)
    axes.set_ylim(which.min() - 0.6, which.max() + 0.6)
    axes.set_xlim(ts[0], ts[-1])
    axes.set_yticks([] if which.size == 1 else [int(which.min()), int(which.max())])
    axes.set_ylabel("events", rotation=0, ha="right", va="center")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(bottom=False, left=False)


def _image(figure: Figure | SubFigure, axes: Axes, data: Shown, window: slice, *, bar: bool) -> None:
    """All variables over time as an image; long runs are thinned evenly."""
    ts, values = data.ts[window], data.values[window]
    every = max(1, math.ceil(len(ts) / _COLUMNS))
    same = len(set(data.units)) == 1
    table = data.values if same else standard(data.values)
    low, high = np.quantile(table, [0.005, 0.995])
    part = table[window][::every]
    half = 0.5 * (ts[-1] - ts[0]) / max(len(part) - 1, 1)
    extent = (float(ts[0] - half), float(ts[-1] + half), values.shape[1] - 0.5, -0.5)
    drawn = axes.imshow(
        part.T, aspect="auto", extent=extent, cmap=SEQUENTIAL, interpolation="nearest", vmin=low, vmax=high
    )
    axes.set_yticks([0, values.shape[1] - 1], [label(data.called(0)), label(data.called(values.shape[1] - 1))])
    axes.tick_params(labelleft=axes.get_subplotspec() is None or axes.get_subplotspec().is_first_col())  # type: ignore[union-attr]
    if bar:
        wound = data.turns is not None and bool(np.all(data.turns > 0))
        text = "standardised" if not same else "cosine" if wound else label("value", data.units[0])
        figure.colorbar(drawn, ax=axes, label=text, fraction=0.05, pad=0.02, aspect=14).outline.set_visible(False)  # type: ignore[union-attr]
