"""Basins of attraction: every start in the colour of its attractor, and the shares as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .._errors import InputError
from ..analysis.basins import Basins, BasinShares
from ._style import ACCENT, CYCLE, INK, MUTED, WIDTH, label, new_figure, root, styled

#: Colours of attractors: they differ in lightness too. More of them are spread over a map of colours.
_COLOURS = (ACCENT, "#e3a857", "#7fb5a0", "#8b4573", "#c7ccd2", "#b3432b", "#3f7d3a", "#f0dc8c")
#: Where starts diverge, and where that could not be decided.
_LOST, _UNSURE = "#ffffff", "#000000"
#: Slow starts are drawn this much darker at most.
_SHADE = 0.45


def _palette(count: int) -> np.ndarray:
    """Colours of the attractors, then those of undecided and diverging starts, which have labels -2 and -1."""
    from matplotlib import colormaps

    some = [to_rgb(c) for c in _COLOURS[:count]]
    if count > len(_COLOURS):
        some = [tuple(c[:3]) for c in colormaps["turbo"](np.linspace(0.05, 0.95, count))]
    return np.array([*some, to_rgb(_UNSURE), to_rgb(_LOST)])


@styled
def basin_map(result: Basins, *, at: int | None = None, shades: bool = True, axes: Any = None) -> Figure:
    """The basins as a picture: colour says where a start leads, darkness how long it takes.

    Starts that diverge are white, undecided ones black. Rings mark the attractors, seen along the other components. Of
    a grid with three components that vary, a plane is shown.

    Args:
        result: From `basins`.
        at: Number of the plane along the third component; None takes the middle.
        shades: Whether slow starts are darker.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If more than three components vary.
    """
    grid: Any = result.grid
    if len(grid.axes) > 3:
        raise InputError(f"Basins on a grid of {len(grid.axes)} components have no picture. Hold all but three fixed.")
    image: Any = result.image
    times: Any = result.times.reshape(grid.shape)
    plane = ""
    if image.ndim == 3:
        at = grid.shape[2] // 2 if at is None else at
        image, times = image[:, :, at], times[:, :, at]
        plane = f"{result.names[grid.axes[2]]} = {grid.ticks(2)[at]:.4g}"
    if image.ndim == 1:
        image, times = image[:, None], times[:, None]
    figure = new_figure(0.78 * WIDTH, 0.92 * WIDTH) if axes is None else root(axes)
    axes = figure.subplots() if axes is None else axes
    palette = _palette(len(result))
    picture = palette[image]
    if shades and np.any(image >= 0):
        picture = picture * _brightness(image, times)[..., None]
    first = grid.axes[0]
    second = grid.axes[1] if len(grid.axes) > 1 else None
    ends = (grid.low[second], grid.high[second]) if second is not None else (0.0, 1.0)
    axes.imshow(
        picture.transpose(1, 0, 2),
        origin="lower",
        extent=(grid.low[first], grid.high[first], *ends),
        aspect="auto",
        interpolation="nearest",
    )
    _mark(axes, result, palette, first, second)
    axes.set_xlabel(label(result.names[first]))
    axes.set_ylabel(label(result.names[second]) if second is not None else "")
    if plane:
        axes.set_title(plane)
    figure.legend(handles=_handles(result, palette), loc="outside lower center", ncols=3)
    return figure


def _brightness(image: np.ndarray, times: np.ndarray) -> np.ndarray:
    """1 for the fastest starts, less for slow ones, on a logarithmic scale between the quantiles 5 and 99 %."""
    own = np.log(times[image >= 0] + 1e-12)
    low, high = np.quantile(own, [0.05, 0.99])
    slow = np.clip((np.log(times + 1e-12) - low) / max(high - low, 1e-9), 0, 1)
    return np.where(image >= 0, 1 - _SHADE * slow, 1.0)


def _mark(axes: Axes, result: Basins, palette: np.ndarray, first: int, second: int | None) -> None:
    box = axes.get_xlim(), axes.get_ylim()
    for i, a in enumerate(result.known):
        y = a.states[:, second] if second is not None else np.full(len(a.states), 0.5)
        size = 2.0 if a.moving else 7.0
        axes.plot(
            a.states[:, first], y, "o", ms=size, mfc=palette[i], mec="white" if not a.moving else INK,
            mew=1.2 if not a.moving else 0.3, ls="none", zorder=5,
        )  # fmt: skip
    axes.set_xlim(*box[0])
    axes.set_ylim(*box[1])


def _name(regimes: tuple[str, ...], moving: np.ndarray, i: int) -> str:
    return regimes[i] if regimes else ("moving" if moving[i] else "at rest")


def _handles(result: Basins, palette: np.ndarray) -> list[Patch]:
    handles = [
        Patch(color=palette[i], label=f"{_name(result.regimes, result.moving, i)}: {result.shares[i]:.4f}")
        for i in range(min(len(result), 12))
    ]
    if result.unbounded:
        handles.append(Patch(facecolor=_LOST, edgecolor=MUTED, label=f"diverges: {result.unbounded:.4f}"))
    unsure = float(np.mean(result.labels == -2))
    if unsure:
        handles.append(Patch(color=_UNSURE, label=f"undecided: {unsure:.4f}"))
    return handles


@styled
def share_bars(result: BasinShares, *, axes: Any = None) -> Figure:
    """The shares as bars with their standard errors.

    Args:
        result: From `basin_shares`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    shown = min(len(result), 24)
    names = [f"{i + 1}. {_name(result.regimes, result.moving, i)}" for i in range(shown)]
    values, errors = list(result.shares[:shown]), list(result.stderr[:shown])
    colours: list[Any] = [CYCLE[i % len(CYCLE)] for i in range(shown)]
    if result.unbounded:
        names, values, errors = [*names, "diverges"], [*values, result.unbounded], [*errors, result.unbounded_stderr]
        colours.append("white")
    if result.undecided:
        names, values, errors = [*names, "undecided"], [*values, result.undecided], [*errors, 0.0]
        colours.append(INK)
    figure = new_figure(0.6 + 0.32 * max(len(names), 2)) if axes is None else root(axes)
    axes = figure.subplots() if axes is None else axes
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, xerr=errors, color=colours, edgecolor=MUTED, linewidth=0.6, ecolor=INK, height=0.7)
    axes.set_yticks(places, names)
    axes.set_xlim(0, None)
    axes.set_xlabel(f"share of {result.starts} starts")
    return figure
