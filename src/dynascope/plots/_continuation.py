"""Attractors over a parameter, and below them the shares of the starts that they attract, stacked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .._errors import InputError
from ..analysis.basins import share_error
from ..analysis.bifurcation import BifurcationDiagram, Branch
from ..analysis.continuation import GlobalContinuation
from ._basins import _LOST, _UNSURE, _palette
from ._bifurcation import _look, _stable
from ._style import FAINT, INK, MUTED, Array, label, new_figure, root, styled

#: Attractors that are named in the legend.
_NAMED = 10
#: Room above and below the attractors, in units of what they cover.
_ROOM = 0.15


@styled
def continuation_figure(
    result: GlobalContinuation,
    *,
    variable: str | None = None,
    diagram: BifurcationDiagram | None = None,
    axes: Any = None,
) -> Figure:
    """One component of states on every attractor over the parameter, and the shares as a stacked area.

    Each attractor keeps its colour. The grey bands along the borders of the areas are standard errors of the shares
    below them added up. White is the share that diverges, black what is undecided. With `diagram`, the branches of
    equilibria and cycles are drawn over the attractors: solid where stable, dashed where not.

    Args:
        result: From `global_continuation`.
        variable: Name of the component; None takes the first.
        diagram: Local branches over the same parameter, from `bifurcations`.
        axes: Draw only the attractors into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no component of that name, or the diagram is one of another parameter.
    """
    name = result.names[0] if variable is None else variable
    if name not in result.names:
        raise InputError(f"`variable` must be one of {', '.join(result.names[:20])}; got {name!r}.")
    if diagram is not None and (diagram.parameter_name, diagram.names) != (result.parameter_name, result.names):
        raise InputError(
            f"`diagram` must be over `{result.parameter_name}` and of the same system, got one over "
            f"`{diagram.parameter_name}`."
        )
    which, palette = result.names.index(name), _palette(len(result))
    if axes is not None:
        _attractors(axes, result, which, palette, diagram)
        axes.set_xlabel(label(result.parameter_name, result.parameter_unit))
        return root(axes)
    figure = new_figure(5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1])
    _attractors(above, result, which, palette, diagram)
    _shares(below, result, palette)
    below.set_xlabel(label(result.parameter_name, result.parameter_unit))
    figure.legend(handles=_handles(result, palette, diagram), loc="outside lower center", ncols=5)
    return figure


def _attractors(
    axes: Axes, result: GlobalContinuation, which: int, palette: Array, diagram: BifurcationDiagram | None
) -> None:
    for i in range(len(result)):
        for moving in (False, True):
            here = result.present[:, i] & (result.moving[:, i] == moving)
            if not here.any():
                continue
            values, states = result.values[here], result.points[here, i, :, which]
            if not moving:
                values, states = values[:, None], states[:, :1]
            values = np.broadcast_to(values if values.ndim > 1 else values[:, None], states.shape)
            axes.plot(
                values.ravel(), states.ravel(), "o", ms=1.6 if moving else 3.2, mew=0, color=palette[i],
                alpha=0.7 if moving else 1.0, zorder=3,
            )  # fmt: skip
    seen = result.points[..., which][np.isfinite(result.points[..., which])]
    room = _ROOM * max(float(np.ptp(seen)), 1e-9) if seen.size else 1.0
    for branch in diagram.branches if diagram is not None else ():
        for side in (branch.high, branch.low)[: 2 if branch.kind == "cycle" else 1]:
            _line(axes, branch, side[:, which])
    axes.set_xlim(result.values.min(), result.values.max())
    if seen.size:  # branches may lead far away from where anything is attracted to
        axes.set_ylim(seen.min() - room, seen.max() + room)
    axes.set_ylabel(label(result.names[which]))


def _line(axes: Axes, branch: Branch, values: Array) -> None:
    """A branch in ink, thin, over the points of the attractors."""
    stable = _stable(branch)
    turns = np.flatnonzero(np.diff(stable.astype(int))) + 1
    for begin, end in zip([0, *turns], [*turns, len(stable)], strict=True):
        if end > begin:
            part = slice(begin, end + 1)
            look = {**_look(bool(stable[begin])), "lw": 0.8}
            axes.plot(branch.parameter[part], values[part], color=INK, zorder=4, **look)


def _shares(axes: Axes, result: GlobalContinuation, palette: Array) -> None:
    order = np.argsort(result.values)
    values, floor = result.values[order], np.zeros(len(order))
    for i in range(len(result)):
        share = result.shares[order, i]
        top = floor + share
        axes.fill_between(values, floor, top, color=palette[i], lw=0)
        error = share_error(np.round(top * result.starts), result.starts)
        rim = np.where((share > 0) & (top < 1 - 0.5 / result.starts), error, 0.0)
        axes.fill_between(values, top - rim, top + rim, color=MUTED, alpha=0.6, lw=0, zorder=3)
        floor = top
    if result.undecided.any():
        axes.fill_between(values, floor, floor + result.undecided[order], color=_UNSURE, lw=0)
    axes.set_facecolor(_LOST)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of starts")
    for side in ("top", "right"):
        axes.spines[side].set(visible=True, color=FAINT)


def _handles(result: GlobalContinuation, palette: Array, diagram: BifurcationDiagram | None) -> list[Any]:
    handles: list[Any] = [Patch(color=palette[i], label=f"attractor {i + 1}") for i in range(min(len(result), _NAMED))]
    if len(result) > _NAMED:
        handles.append(Line2D([], [], ls="none", label=f"and {len(result) - _NAMED} more"))
    if np.any(result.unbounded > 0):
        handles.append(Patch(facecolor=_LOST, edgecolor=MUTED, label="diverges"))
    if np.any(result.undecided > 0):
        handles.append(Patch(color=_UNSURE, label="undecided"))
    if diagram is not None:
        handles += [
            Line2D([], [], color=INK, label=f"{'stable' if s else 'unstable'} branch", **{**_look(s), "lw": 0.8})
            for s in (True, False)
        ]
    return handles
