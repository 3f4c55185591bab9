"""The shape of an attractor: unfolding, correlation dimension, recurrence."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis.geometry import CorrelationDimension, Embedding, Recurrence
from ._portrait import draw_path
from ._style import (
    ACCENT,
    CYCLE,
    INK,
    MUTED,
    PALE,
    SEQUENTIAL,
    WARM,
    label,
    measured,
    new_figure,
    note,
    plain_powers,
    root,
    styled,
)

#: Points along one side of a recurrence plot.
_SIDE = 600
_DASHED = (0, (4, 3))


@styled
def unfolding(result: Embedding, *, axes: Any = None) -> Figure:
    """How a recording was unfolded: mutual information with the delay, criteria of the dimension, and the points.

    Args:
        result: From `embedding`.
        axes: Draw the unfolded points into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _points(axes, result)
        return root(axes)
    figure = new_figure(3.9)
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.15])
    information, criteria = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    longest = min(result.lags.size, max(6 * result.delay, 20))
    information.plot(result.lags[:longest], result.information[:longest], color=ACCENT)
    error = 0.0 if not np.isfinite(result.delay_stderr) else 2 * result.delay_stderr
    information.axvspan(result.delay - error, result.delay + error, color=PALE, alpha=0.45, lw=0)
    information.axvline(result.delay, color=WARM, lw=1)
    information.set_xlim(0, longest + 1)
    information.set_xlabel("lag (samples)")
    information.set_ylabel("information (nats)")
    note(information, f"delay {result.delay} ± {result.delay_stderr:.1g}")
    criteria.plot(result.dimensions, result.e1, "o-", color=ACCENT, label="E1 (Cao)")
    criteria.plot(result.dimensions, result.e2, "s--", color=CYCLE[2], label="E2 (Cao)")
    criteria.plot(result.dimensions, result.false_neighbours, "^:", color=CYCLE[3], label="false neighbours")
    criteria.axvline(result.dimension, color=WARM, lw=1)
    criteria.axhline(1.0, color=MUTED, lw=0.7, ls=_DASHED)
    criteria.set_xlabel("dimension")
    criteria.set_ylabel("criterion")
    criteria.legend(loc="center right")
    _points(figure.add_subplot(grid[:, 1]), result)
    return figure


def _points(axes: Axes, result: Embedding) -> None:
    points = result.points
    steps = f" + {result.delay}" if result.dimension > 1 else ""
    if points.shape[1] == 1:
        draw_path(axes, np.stack([points[:-1, 0], points[1:, 0]], axis=1), ("x[i]", "x[i + 1]"), result.delay == 1)
    else:
        first, second = ("x[i]", f"x[i{steps}]") if result.components == 1 else ("component 1", "component 2")
        draw_path(axes, points[:, :2], (first, second), result.delay == 1 and result.components == 1)
    axes.set_title("unfolded points (standardised)")


@styled
def dimension_slopes(result: CorrelationDimension, *, axes: Any = None) -> Figure:
    """Correlation sums and their local slopes for every embedding dimension, with the scaling region and its value.

    A dimension is there where the slopes of several embedding dimensions lie on one plateau; the band is the value with
    two standard errors.

    Args:
        result: From `correlation_dimension`.
        axes: Draw the local slopes into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _slopes(axes, result)
        return root(axes)
    figure = new_figure(3.1)
    sums, slopes = figure.subplots(1, 2, sharex=True)
    for m, row, colour in zip(result.dimensions, result.sums, _shades(len(result.dimensions)), strict=True):
        seen = row > 0
        sums.plot(result.radii[seen], row[seen], color=colour, label=f"{m}")
    sums.set_yscale("log")
    plain_powers(sums.yaxis)
    sums.set_xlabel("radius (standard deviations)")
    sums.set_ylabel("correlation sum C(r)")
    _slopes(slopes, result)
    sums.legend(title="dimension m", ncols=2, loc="lower right", title_fontsize=8)
    return figure


def _shades(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps[SEQUENTIAL](x) for x in np.linspace(0.85, 0.0, count)]


def _slopes(axes: Axes, result: CorrelationDimension) -> None:
    for row, colour in zip(result.slopes, _shades(len(result.dimensions)), strict=True):
        axes.plot(result.radii, row, color=colour, lw=1)
    axes.set_xscale("log")
    plain_powers(axes.xaxis)
    seen = result.radii[(result.sums > 0).any(axis=0) & (result.sums < 1).any(axis=0)]
    axes.set_xlim(float(seen[0]), float(seen[-1]))
    if np.isfinite(result.radius_start):
        axes.axvspan(result.radius_start, result.radius_stop, color="#eef1f4", lw=0, zorder=0)
    if np.isfinite(result.value):
        axes.axhspan(result.value - 2 * result.stderr, result.value + 2 * result.stderr, color=WARM, alpha=0.2, lw=0)
        axes.axhline(result.value, color=WARM, lw=1, ls="-" if result.converged else _DASHED)
        axes.set_ylim(0.0, 2.5 * result.value)
        trust = "" if result.converged else " (not converged)"
        note(axes, f"{measured(result.value, result.stderr)}{trust}")
    else:
        axes.set_ylim(0.0, float(result.dimensions[-1]))
        note(axes, "no plateau")
    axes.set_xlabel("radius (standard deviations)")
    axes.set_ylabel("local slope")


@styled
def recurrence_plot(result: Recurrence, *, embedding: Embedding | None = None, axes: Any = None) -> Figure:
    """The recurrence plot of the first stretch, and the measures with bars of two standard errors.

    Args:
        result: From `recurrence`.
        embedding: The unfolded series that the result was made from; without it only the measures are drawn.
        axes: Draw the plot (without `embedding`: the measures) into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _shares(axes, result) if embedding is None else _matrix(axes, result, embedding)
        return root(axes)
    if embedding is None:
        figure = new_figure(2.6)
        shares, lengths = figure.subplots(1, 2)
    else:
        figure = new_figure(4.0)
        grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1])
        _matrix(figure.add_subplot(grid[:, 0]), result, embedding)
        shares, lengths = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    _shares(shares, result)
    _bars(lengths, result, ("mean diagonal", "longest diagonal", "trapping time"))
    lengths.set_xlabel("length (samples)")
    lengths.set_xlim(left=0.0)
    return figure


def _shares(axes: Axes, result: Recurrence) -> None:
    _bars(axes, result, ("recurrence rate", "determinism", "laminarity"))
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("share of recurrences (rate: of all pairs)")


def _bars(axes: Axes, result: Recurrence, names: tuple[str, ...]) -> None:
    index = [result.measures.index(name) for name in names]
    place = np.arange(len(names))
    axes.errorbar(
        result.values[index], place, xerr=2 * result.errors[index], fmt="o", color=ACCENT, ms=4.5, capsize=2.5, lw=1
    )
    axes.set_yticks(place, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)


def _matrix(axes: Axes, result: Recurrence, embedding: Embedding) -> None:
    points = embedding.points[:_SIDE]
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    extent = (0.0, len(points) * embedding.dt, 0.0, len(points) * embedding.dt)
    axes.imshow(
        apart <= result.threshold, origin="lower", extent=extent, cmap="Greys", interpolation="nearest", vmax=1.15
    )
    axes.set_xlabel("time")
    axes.set_ylabel("time of return")
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    axes.set_title(label(f"pairs closer than {result.threshold:.3g} standard deviations"), color=INK)
