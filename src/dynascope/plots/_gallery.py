"""The catalogue as a wall of pictures: each system on its attractor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis._topology import wrapped
from ..models import Catalogue, Certificate, build, certificate
from ..series import Trajectory
from ..solve import RK4, fixed_solver, trajectory
from ..systems import Variable, is_discrete, kind, state_variables
from ._style import ACCENT, INK, MUTED, Array, new_figure, styled

#: Length of an orbit in units of its time scale, its points, and the iterates of a map.
_TURNS, _POINTS, _ITERATES = 60, 8_000, 4_000
#: Height of one picture, in inches, and letters of a name that fit over it.
_HEIGHT, _LETTERS = 1.35, 20


@styled
def gallery(systems: Catalogue, *, axes: Any = None, columns: int = 6) -> Figure:
    """A picture of each system of `systems` that has a certificate, at its standard parameters.

    Flows are drawn in their first two variables or, from dimension three on, along the two principal axes of their
    motion; maps of one dimension as the next value over the present one; delay flows over their delayed value; one
    variable alone over time.

    Args:
        systems: Of `catalogue()`.
        axes: Not supported: the figure has many panels.
        columns: Pictures per row.

    Raises:
        InputError: If nothing in `systems` has a certificate, or `axes` is given.
    """
    if axes is not None:
        raise InputError("The gallery fills a figure of its own. Leave `axes` out.")
    known = [(entry, row) for entry in systems if (row := certificate(entry["name"])) is not None]
    if not known:
        raise InputError("No system of this catalogue has a certificate to draw. `ds.catalogue()` holds all systems.")
    rows = math.ceil(len(known) / columns)
    figure = new_figure(_HEIGHT * rows)
    panels: Any = figure.subplots(rows, columns, squeeze=False)
    for panel in panels.flat[len(known) :]:
        panel.set_axis_off()
    for panel, (entry, row) in zip(panels.flat, known, strict=False):
        _draw(panel, entry, row)
    return figure


def _draw(axes: Axes, entry: dict[str, Any], row: Certificate) -> None:
    system = build(entry["name"])
    axes.set_title(entry["name"], fontsize=min(6.5, 6.5 * _LETTERS / len(entry["name"])), color=INK, pad=2)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    if kind(system) == "delay flow":
        points = _delayed(system, row)
    else:
        run = _orbit(system, row)
        points = _plane(run, state_variables(system), discrete=is_discrete(system))
    if is_discrete(system):
        few = row.regime in ("periodic", "fixed point")
        axes.plot(points[:, 0], points[:, 1], ".", color=ACCENT, markersize=3.0 if few else 0.8, markeredgewidth=0)
    else:
        axes.plot(points[:, 0], points[:, 1], color=ACCENT, linewidth=0.25)
    if row.regime == "fixed point":
        axes.plot(points[-1, 0], points[-1, 1], "o", color=MUTED, markersize=3)
    doubt = ", undecided" if row.undecided and row.regime != "undecided" else ""
    axes.set_xlabel(row.regime + doubt, fontsize=5.5, color=MUTED)


def _orbit(system: Any, row: Certificate) -> Trajectory:
    """The orbit from the certified start: a map's iterates, or a flow over many of its time scales."""
    unravel = ravel_pytree(system.initial_state())[1]
    y0, key = unravel(jnp.asarray(row.start)), jax.random.key(0)
    if is_discrete(system):
        return trajectory(system, y0, np.arange(_ITERATES), key=key, throw=False)
    solver = RK4(row.step) if kind(system) == "flow" else fixed_solver(system)
    span = _TURNS * (row.time_scale or 1000 * row.step)
    return trajectory(system, y0, np.linspace(0.0, span, _POINTS), solver=solver, key=key, throw=False)


def _delayed(system: Any, row: Certificate) -> Array:
    """The first variable over its value one delay ago."""
    span = float(system.longest_delay())
    steps = max(8, round(span / (span / 100)))
    turns = _TURNS * (row.time_scale or span)
    ts = np.arange(0.0, turns + 2 * span, span / steps)
    values = np.asarray(trajectory(system, np.asarray(row.start), ts, throw=False).ys)[:, 0]
    values = values[len(values) // 5 :]
    return np.stack([values[:-steps], values[steps:]], axis=1)


def _plane(run: Trajectory, variables: Sequence[Variable], *, discrete: bool) -> Array:
    """The orbit in two coordinates; phases only where nothing else is left, wrapped."""
    values = np.concatenate([np.asarray(leaf).reshape(len(run.ts), -1) for leaf in jax.tree.leaves(run.ys)], axis=1)
    values = wrapped(values, variables)
    straight = [i for i, v in enumerate(variables) if v.topology != "circle"]
    if len(straight) >= 2:
        values = values[:, straight]
    if values.shape[1] == 1 and discrete:
        return np.stack([values[:-1, 0], values[1:, 0]], axis=1)
    if values.shape[1] == 1:
        return np.stack([np.asarray(run.ts), values[:, 0]], axis=1)
    if values.shape[1] == 2:
        return values
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    axes = np.linalg.svd(centred / np.where(spread > 0, spread, 1.0), full_matrices=False)[2][:2]
    return centred / np.where(spread > 0, spread, 1.0) @ axes.T
