"""Pictures of the plane: nullclines and arrows, manifolds of saddles, cycles of maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.map_cycles import MapCycles
from ..analysis.phase_plane import InvariantManifold, PhasePlane
from ..series import Trajectory
from ._fixed_points import markers
from ._style import ACCENT, CYCLE, FAINT, MUTED, WARM, label, new_figure, root, styled


def _axes(axes: Any, *, height: float = 4.4, width: float = 5.6) -> Axes:
    return axes if axes is not None else new_figure(height, width).subplots()


@styled
def plane(result: PhasePlane, *, trajectory: Trajectory | None = None, axes: Any = None) -> Figure:
    """Nullclines, directions, separatrices and fixed points.

    Args:
        result: From `phase_plane`.
        trajectory: Of the same system, drawn on top.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    axes = _axes(axes)
    size = result.high - result.low
    # Arrows show directions on the page: velocities in units of the box, all of one length.
    arrows = result.velocities / size
    arrows = arrows / np.maximum(np.linalg.norm(arrows, axis=1, keepdims=True), 1e-300)
    axes.quiver(
        *result.grid.T, *(arrows * size / size.max()).T, color=FAINT, angles="xy", pivot="mid", width=2.2e-3, scale=36,
        scale_units="width", zorder=0,
    )  # fmt: skip
    axes.plot(*result.first.T, color=ACCENT, label=f"{result.names[0]} stands still")
    axes.plot(*result.second.T, color=WARM, label=f"{result.names[1]} stands still")
    for i, branch in enumerate(result.separatrices):
        axes.plot(*branch.T, color=MUTED, ls="--", label="separatrix" if i == 0 else None)
    if trajectory is not None:
        axes.plot(*np.asarray(trajectory.flat).T, color=CYCLE[3], lw=0.9, label="trajectory")
    if len(result.fixed):
        markers(axes, result.fixed, result.fixed.states)
    axes.set_xlim(result.low[0], result.high[0])
    axes.set_ylim(result.low[1], result.high[1])
    axes.set_xlabel(label(result.names[0], result.units[0]))
    axes.set_ylabel(label(result.names[1], result.units[1]))
    figure = root(axes)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def manifold(result: InvariantManifold, *, axes: Any = None) -> Figure:
    """Both branches in the plane of the first two variables."""
    if len(result.names) < 2:
        raise InputError("A manifold in one dimension is the whole line: there is nothing to draw.")
    axes = _axes(axes)
    name = "stable" if result.stable else "unstable"
    for branch, colour, which in zip(result.branches, (ACCENT, WARM), ("one", "other"), strict=True):
        axes.plot(branch[:, 0], branch[:, 1], color=colour, lw=0.7, label=f"{name} manifold, {which} branch")
    axes.plot(*result.point[:2], "D", color="white", mec="k", ms=5, label="fixed point")
    axes.set_xlabel(label(result.names[0]))
    axes.set_ylabel(label(result.names[1]))
    axes.legend(loc="best")
    return root(axes)


@styled
def cycles_of_map(result: MapCycles, *, axes: Any = None) -> Figure:
    """The points of all cycles, coloured by period; of maps with one variable each point against its image."""
    if not len(result):
        raise InputError("There is no cycle to draw: none was found.")
    axes = _axes(axes)
    for k, p in enumerate(sorted(set(result.periods.tolist()))):
        rows = result.points[result.periods == p][:, :p]
        if rows.shape[2] == 1:
            x, y = rows[..., 0].ravel(), np.roll(rows[..., 0], -1, axis=1).ravel()
        else:
            x, y = rows[..., 0].ravel(), rows[..., 1].ravel()
        axes.plot(x, y, ".", ms=max(9 - 0.7 * p, 2.5), color=CYCLE[k % len(CYCLE)], zorder=50 - p, label=f"{p}")
    one = len(result.names) == 1
    axes.set_xlabel(f"{result.names[0]}[n]" if one else label(result.names[0]))
    axes.set_ylabel(f"{result.names[0]}[n+1]" if one else label(result.names[1]))
    axes.legend(title="period", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return root(axes)
