"""Phase portraits: a trajectory in the space of its states, in variables or in the principal plane of the activity."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .._errors import InputError
from ..analysis._series import decorrelation_lag
from ..series import Recording, Trajectory
from ._series import PANELS, Shown, shown, unwound
from ._style import ACCENT, INK, MUTED, Array, counted, label, new_figure, root, styled

#: Most points of a line, which are the last ones so that it stays smooth, and most dots of a map.
_LINE, _DOTS = 12_000, 6_000


class Projection(eqx.Module):
    r"""From states to what is drawn: $z = A^T (y - m) / s$.

    Attributes:
        mean: $m$, shape `(d,)`.
        scale: $s$, shape `(d,)`.
        axes: $A$, shape `(d, k)`: unit vectors of variables, or principal axes.
        names: One per coordinate, with its unit or its share of the variance.
        turns: Frequencies 2 pi / period of angles that wind, whose cosines stand for them in $y$; else 0; shape `(d,)`.
    """

    mean: Array
    scale: Array
    axes: Array
    names: tuple[str, ...]
    turns: Array | None = None

    def __call__(self, states: Any) -> Array:
        """The coordinates `(n, k)` of states `(n, d)`."""
        return self.drawn(unwound(np.asarray(states, dtype=float), self.turns))

    def drawn(self, values: Array) -> Array:
        """The coordinates `(n, k)` of values `(n, d)` in which cosines stand for winding angles already."""
        return (values - self.mean) / self.scale @ self.axes


def projection(
    series: Trajectory | Recording, *, variables: tuple[str, ...] | None = None, dimensions: int = 3
) -> Projection:
    """The coordinates in which a portrait of `series` is drawn.

    Up to six variables: the first `dimensions` of them. More: the principal axes of the activity, of standardised
    variables if their units differ.

    Args:
        series: A `Trajectory` or a `Recording`.
        variables: Names to use instead.
        dimensions: Number of coordinates at most.

    Raises:
        InputError: If a name is unknown.
    """
    data = shown(series)
    d = data.values.shape[1]
    if variables is not None or d <= PANELS:
        wanted = data.names[:dimensions] if variables is None else variables
        unknown = [v for v in wanted if v not in data.names]
        if unknown:
            raise InputError(f"There is no variable `{', '.join(unknown)}`. There are: {', '.join(data.names[:20])}.")
        index = [data.names.index(v) for v in wanted]
        labels = tuple(data.label(i) for i in index)
        return Projection(np.zeros(d), np.ones(d), np.eye(d)[:, index], labels, data.turns)
    spread = data.values.std(axis=0)
    scale = np.ones(d) if len(set(data.units)) == 1 else np.where(spread > 0, spread, 1.0)
    mean = data.values.mean(axis=0)
    _, size, basis = np.linalg.svd((data.values - mean) / scale, full_matrices=False)
    share = size**2 / max(float((size**2).sum()), 1e-300)
    kept = basis[:dimensions]
    # The sign of a principal axis is arbitrary; its largest weight is made positive, so that figures repeat.
    kept = kept * np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(axis=1)])[:, None]
    labels = tuple(f"PC {i + 1} ({100 * s:.0f} %)" for i, s in enumerate(share[:dimensions]))
    return Projection(mean, scale, kept.T, labels, data.turns)


@styled
def phase_portrait(
    series: Trajectory | Recording, *, variables: tuple[str, ...] | None = None, axes: Any = None
) -> Figure:
    """The path of the state: in the plane for two variables, in space with its three shadows for more.

    More than six variables are projected on the principal axes of the activity. A single variable of a flow is drawn
    against its own past (one decorrelation time ago), of a map against its next value. Maps are dots.

    Args:
        series: A `Trajectory` or a `Recording`.
        variables: Names of two or three variables to use; None chooses.
        axes: Draw the first two coordinates into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If a name is unknown or there is nothing to draw.
    """
    if axes is not None:
        plane(axes, series, variables)
        return root(axes)
    three = _coordinates(series, variables)[0].shape[1] >= 3
    figure = new_figure(4.3) if three else new_figure(4.2, 5.0)
    draw_portrait(figure, series, variables)
    return figure


def draw_portrait(
    figure: Figure | SubFigure,
    series: Trajectory | Recording,
    variables: tuple[str, ...] | None = None,
    *,
    shadows: bool = True,
) -> None:
    """The panels of `phase_portrait`, into a figure or a part of one."""
    points, labels, discrete = _coordinates(series, variables)
    if points.shape[1] < 3:
        draw_path(figure.subplots(), points, labels, discrete)
        return
    if not shadows:
        _space(figure.add_subplot(projection="3d"), points, labels, discrete)
        return
    grid = figure.add_gridspec(3, 2, width_ratios=[2.1, 1])
    space: Any = figure.add_subplot(grid[:, 0], projection="3d")
    _space(space, points, labels, discrete)
    for row, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        panel = figure.add_subplot(grid[row, 1])
        draw_path(panel, points[:, [i, j]], (labels[i], labels[j]), discrete, remark=False)


def plane(axes: Axes, series: Trajectory | Recording, variables: tuple[str, ...] | None = None) -> None:
    """The path in the first two coordinates."""
    points, labels, discrete = _coordinates(series, variables)
    draw_path(axes, points[:, :2], labels[:2], discrete)


def _coordinates(
    series: Trajectory | Recording, variables: tuple[str, ...] | None
) -> tuple[Array, tuple[str, ...], bool]:
    data = shown(series)
    if data.values.shape[1] == 1 or (variables is not None and len(variables) == 1):
        return _against_itself(data, 0 if variables is None else data.names.index(variables[0]))
    chosen = projection(series, variables=variables)
    return chosen.drawn(data.values), chosen.names, data.discrete


def _against_itself(data: Shown, k: int) -> tuple[Array, tuple[str, ...], bool]:
    """One variable against its past: Takens' picture of what cannot be seen."""
    x, name = data.values[:, k], data.called(k)
    if data.discrete:
        return np.stack([x[:-1], x[1:]], axis=1), (f"{name}[n]", f"{name}[n+1]"), True
    still = np.ptp(x) <= 1e-13 * max(float(np.abs(x).max()), 1e-300)
    lag = 1 if still or len(x) < 8 else max(1, decorrelation_lag(x[:, None]))
    delay = float(data.ts[lag] - data.ts[0])
    unit = "" if data.time_unit in ("1", "") else f" {data.time_unit}"
    labels = (label(f"{name}(t − {delay:.3g}{unit})", data.units[k]), label(f"{name}(t)", data.units[k]))
    return np.stack([x[:-lag], x[lag:]], axis=1), labels, False


def thinned(points: Array, discrete: bool) -> tuple[Array, str]:
    """Few enough points to draw, and a remark about what is left out."""
    if discrete and len(points) > _DOTS:
        every = -(-len(points) // _DOTS)
        return points[::every], f"one in {every} of {counted(len(points))} points"
    if not discrete and len(points) > _LINE:
        return points[-_LINE:], f"last {counted(_LINE)} of {counted(len(points))} samples"
    return points, ""


def draw_path(axes: Axes, points: Array, labels: tuple[str, ...], discrete: bool, *, remark: bool = True) -> None:
    """Points `(n, 2)` as a thin line, or as dots for a map; a circle marks where it ends."""
    some, text = thinned(points, discrete)
    if discrete:
        axes.plot(some[:, 0], some[:, 1], ".", color=ACCENT, ms=2.2 if len(some) > 500 else 4, mew=0)
    else:
        axes.plot(some[:, 0], some[:, 1], color=ACCENT, lw=0.6 if len(some) > 1500 else 0.9, alpha=0.85)
        axes.plot(*points[-1], "o", color=INK, ms=3.2, mec="white", mew=0.6, zorder=5)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.margins(0.05)
    if remark and text:
        axes.set_title(text, fontsize=8, color=MUTED, loc="right")


def _space(axes: Any, points: Array, labels: tuple[str, ...], discrete: bool) -> None:
    some, text = thinned(points, discrete)
    if discrete:
        axes.plot(*some[:, :3].T, ".", color=ACCENT, ms=2, mew=0)
    else:
        axes.plot(*some[:, :3].T, color=ACCENT, lw=0.55, alpha=0.9)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        axis._axinfo["grid"].update(color="#e6e9ec", linewidth=0.6)
        axis.set_tick_params(labelsize=7)
        axis.set_major_locator(_few())
    axes.set_xlabel(labels[0], labelpad=1)
    axes.set_ylabel(labels[1], labelpad=1)
    axes.set_zlabel(labels[2], labelpad=1)
    axes.view_init(elev=22, azim=-58)
    axes.set_box_aspect((1, 1, 0.85), zoom=0.9)
    if text:
        axes.set_title(text, fontsize=8, color=MUTED)


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)
