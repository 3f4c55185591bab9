"""Symbolic codes: the orbit coloured by region, and the graph of which region follows which."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.symbols import SymbolicCode
from ._style import CYCLE, FAINT, INK, MUTED, SEQUENTIAL, WARM, new_figure, root, styled

#: Regions drawn as a graph; more are a matrix.
_NODES = 12
#: Transitions rarer than this are not drawn.
_LEAST = 1e-3
#: Transitions rarer than this have no number beside them.
_SAID = 0.02
#: Points of the orbit drawn at most.
_POINTS = 6000


@styled
def symbols_figure(result: SymbolicCode, *, axes: Any = None) -> Figure:
    """The orbit in its first two components, coloured by region, and the graph of transitions.

    Nodes are as large as the share of steps in their region and filled where it holds a fixed point of the map; arrows
    are as wide as the transition is probable. More than twelve regions are drawn as a matrix of probabilities.

    Args:
        result: From `symbolic_code`.
        axes: Draw only the graph or matrix into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the orbit visited no region that is not rare.
    """
    if not len(result):
        raise InputError("There is no region to draw: every one is rare. Give a smaller `least` to `symbolic_code`.")
    draw = _graph if len(result) <= _NODES else _matrix
    if axes is not None:
        draw(axes, result)
        return root(axes)
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1.0])
    _orbit(left, result)
    draw(right, result)
    return figure


def _colour(region: int, count: int) -> Any:
    if count <= len(CYCLE):
        return CYCLE[region]
    from matplotlib import colormaps

    return colormaps[SEQUENTIAL](region / max(count - 1, 1))


def _orbit(panel: Axes, result: SymbolicCode) -> None:
    states, symbols = result.states[:_POINTS], result.symbols[:_POINTS]
    flat = states.shape[1] == 1
    x, y = (states[:-1, 0], states[1:, 0]) if flat else (states[:, 0], states[:, 1])
    symbols = symbols[: len(x)]
    for region in range(len(result)):
        mine = symbols == region
        panel.plot(x[mine], y[mine], ".", ms=2.2, mew=0, color=_colour(region, len(result)), rasterized=True)
    rare = symbols < 0
    panel.plot(x[rare], y[rare], ".", ms=2.2, mew=0, color=MUTED, rasterized=True)
    inside = result.real & np.isfinite(result.fixed_points[:, 0])
    for point in result.fixed_points[inside]:
        panel.plot(point[0], point[0] if flat else point[1], "o", ms=6, mfc="none", mec=INK, mew=1.2)
    name = result.names[0]
    panel.set_xlabel(f"{name}[n]" if flat else name)
    panel.set_ylabel(f"{name}[n+1]" if flat else result.names[1])
    panel.set_title("orbit by region, ○ fixed points")


def _graph(panel: Axes, result: SymbolicCode) -> None:
    count = len(result)
    angle = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1) if count > 1 else np.zeros((1, 2))
    for i in range(count):
        for j in range(count):
            chance = result.transitions[i, j]
            if i != j and chance >= _LEAST:
                _arrow(panel, places[i], places[j], chance)
    for i, (x, y) in enumerate(places):
        size = 18 + 30 * float(np.sqrt(result.shares[i]))
        colour = _colour(i, count)
        panel.plot(x, y, "o", ms=size, mfc=colour if result.real[i] else "white", mec=colour, mew=2.0, zorder=3)
        text = f"{i}\n{result.shares[i]:.0%}" if result.shares[i] >= 0.01 else f"{i}"
        panel.text(x, y, text, ha="center", va="center", fontsize=8, color="white" if result.real[i] else INK, zorder=4)
        out = places[i] * [1.4, 1.55] if count > 1 else np.array([0.0, 0.6])
        ha = "center" if abs(out[0]) < 0.3 else "left" if out[0] > 0 else "right"
        stays = f"stays {result.transitions[i, i]:.2f}"
        panel.text(out[0], out[1], stays, ha=ha, va="center", fontsize=7.5, color=MUTED)
    panel.set_xlim(-2.1, 2.1)
    panel.set_ylim(-1.75, 1.75)
    panel.set_aspect("equal")
    panel.set_axis_off()
    k = result.sampled
    if k:
        panel.set_title(f"topological entropy ≤ {result.topological_entropy[k - 1]:.3g} nats/step")


def _arrow(panel: Axes, start: Any, end: Any, chance: float) -> None:
    along = {"arrowstyle": "-|>", "connectionstyle": "arc3,rad=0.18", "shrinkA": 17, "shrinkB": 17}
    panel.annotate(
        "", xy=end, xytext=start, arrowprops={**along, "lw": 0.8 + 3 * np.sqrt(chance), "color": FAINT}, zorder=1
    )
    if chance < _SAID:
        return
    side = np.array([end[1] - start[1], start[0] - end[0]])
    # On the arc, a curve of second order, before its middle, where arcs cross.
    bend, at = (np.asarray(start) + end) / 2 + 0.18 * side, 0.38
    middle = (1 - at) ** 2 * np.asarray(start) + 2 * at * (1 - at) * bend + at**2 * np.asarray(end)
    behind = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
    text = f"{chance:.2g}"
    panel.text(middle[0], middle[1], text, fontsize=7.5, color=WARM, ha="center", va="center", bbox=behind, zorder=2)


def _matrix(panel: Axes, result: SymbolicCode) -> None:
    with np.errstate(divide="ignore"):
        shown = np.log10(np.where(result.transitions > 0, result.transitions, np.nan))
    image = panel.imshow(shown, cmap=SEQUENTIAL, aspect="equal", interpolation="nearest", vmin=-3, vmax=0)
    root(panel).colorbar(image, ax=panel, label="probability, powers of ten", shrink=0.85)
    panel.set_xlabel("next region")
    panel.set_ylabel("region")
    panel.set_title(f"{len(result)} regions, {result.rare_share:.0%} of the steps in rare ones")
