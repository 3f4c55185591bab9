"""Bifurcation diagrams as textbooks print them: stable solid, unstable dashed, special points marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._errors import InputError
from ..analysis.bifurcation import BifurcationDiagram, Branch, OrbitDiagram
from ._style import ACCENT, INK, MUTED, WARM, Array, label, new_figure, root, styled

#: Marker and short name of each type of special point; types that are not listed get a plain dot and no name.
_MARKS = {
    "fold": ("s", "F"),
    "branch point": ("D", "BP"),
    "hopf": ("o", "H"),
    "period doubling": ("^", "PD"),
    "neimark-sacker": ("v", "NS"),
    "fold of cycles": ("s", "LPC"),
    "branch point of cycles": ("D", "BPC"),
    "boundary equilibrium": ("X", "BE"),
    "grazing": ("P", "G"),
    "fold on an invariant circle": ("*", "SNIC"),
    "homoclinic": ("*", "HC"),
    "infinite period": ("*", "T→∞"),
}
#: From so many values of the parameter on, orbits are drawn as single pixels.
_DENSE = 100
#: What the behaviour of an orbit that becomes infinite is numbered.
_UNBOUNDED = 4
#: From so many special points on they are marked without their values.
_MANY = 12


@styled
def bifurcation_diagram(
    result: BifurcationDiagram, *, variable: str | None = None, orbits: OrbitDiagram | None = None, axes: Any = None
) -> Figure:
    """One component of every branch over the parameter; of cycles its least and its greatest value.

    Lines are solid where stable and dashed where not. Special points carry the value of the parameter, where there is
    room. Below, where there are cycles of a flow, their period; of orbits through resets, the rate of resets.

    Args:
        result: From `bifurcations`.
        variable: Name of the component; None takes the first.
        orbits: Where orbits settle, from `orbit_diagram`: dots, beneath the branches where there are many.
        axes: Draw only the diagram into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no branch, or no component of that name.
    """
    if not result.kinds:
        advice = " ".join(result.notes).rstrip(".") or "Take a larger `region`"
        raise InputError(f"There is no branch to draw: no equilibrium was found. {advice}.")
    name = result.names[0] if variable is None else variable
    if name not in result.names:
        raise InputError(f"`variable` must be one of {', '.join(result.names[:20])}; got {name!r}.")
    which = result.names.index(name)
    if axes is not None:
        _dots(axes, orbits, which)
        _branches(axes, result, which)
        return root(axes)
    periods = [b for b in result.branches if b.kind == "cycle"] if not result.discrete else []
    figure = new_figure(5.2 if periods else 3.8)
    parts: Any = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1]) if periods else [figure.subplots()]
    _dots(parts[0], orbits, which)
    _branches(parts[0], result, which)
    if periods:
        _periods(parts[1], result)
        parts[0].set_xlabel("")
        parts[1].set_xlabel(label(result.parameter_name, result.parameter_unit))
    figure.legend(handles=_legend(result, orbits), loc="outside lower center", ncols=4)
    return figure


@styled
def orbit_figure(result: OrbitDiagram, *, variable: str | None = None, axes: Any = None) -> Figure:
    """One component of the states on which orbits settle: at the maxima of the watched one, of maps at every step.

    Args:
        result: From `orbit_diagram`.
        variable: Name of the component; None takes the watched one.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no component of that name.
    """
    name = result.variable if variable is None else variable
    if name not in result.names:
        raise InputError(f"`variable` must be one of {', '.join(result.names[:20])}; got {name!r}.")
    ax = new_figure(3.8).subplots() if axes is None else axes
    _dots(ax, result, result.names.index(name), colour=INK)
    ax.set_xlim(*result.window)
    ax.set_xlabel(label(result.parameter_name, result.parameter_unit))
    at = "" if result.discrete else f" at maxima of {result.variable}" if name != result.variable else ", maxima"
    ax.set_ylabel(f"{label(name)}{at}")
    return root(ax)


def _periods(axes: Axes, result: BifurcationDiagram) -> None:
    """The period of each branch of cycles; where there are orbits through resets, how often they are reset."""
    branches, events = result.branches, result.settings.get("events", [])
    if not any(events):
        for branch in branches:
            if branch.kind == "cycle":
                _line(axes, branch, branch.period)
        axes.set_ylabel(label("period", result.time_unit))
        return
    unit, per = ("Hz", 1000.0) if result.time_unit == "ms" else ("", 1.0)
    for branch, count in zip(branches, events, strict=True):
        if count:
            _line(axes, branch, per * count / branch.period)
    axes.set_ylabel(label("rate of resets", unit))


def _dots(axes: Axes, orbits: OrbitDiagram | None, which: int, colour: str = MUTED) -> None:
    """States on which orbits settle; where they rest or repeat without a maximum, their greatest value."""
    if orbits is None:
        return
    values = orbits.points[:, :, which]
    heights = np.where(orbits.count[:, None] > 0, values, np.nan)
    heights = np.concatenate([heights, np.where(orbits.count > 0, np.nan, orbits.high[:, which])[:, None]], axis=1)
    heights = np.where((orbits.behaviour == _UNBOUNDED)[:, None], np.nan, heights)
    at = np.broadcast_to(orbits.parameter[:, None], heights.shape)
    # Many orbits are a texture beneath the branches; a few would be lost there.
    dense = _is_dense(orbits)
    look: Any = {"marker": ",", "zorder": 1} if dense else {"marker": "o", "ms": 3.5, "mew": 0, "zorder": 4}
    dots = np.stack([at.ravel(), heights.ravel()], axis=1)
    if not dense:
        # Smooth dots drawn many times in one place become squares.
        dots = dots[np.isfinite(dots[:, 1])]
        size = np.max(np.abs(dots), axis=0, initial=1e-300)
        dots = dots[np.unique(np.round(dots / size, 4), axis=0, return_index=True)[1]]
    axes.plot(*dots.T, ls="none", color=colour, rasterized=True, **look)


def _is_dense(orbits: OrbitDiagram) -> bool:
    return len(np.unique(orbits.parameter)) >= _DENSE


def _branches(axes: Axes, result: BifurcationDiagram, which: int) -> None:
    for branch in result.branches:
        _line(axes, branch, branch.high[:, which])
        if branch.kind == "cycle":
            _line(axes, branch, branch.low[:, which])
    axes.margins(0.03, 0.08)
    texts: list[tuple[float, float, str]] = []
    for i, point in enumerate(result.points):
        on = [(b, j) for b in result.branches for j in np.flatnonzero(b.special == i)]
        heights = {float(side[j, which]) for b, j in on for side in (b.low, b.high)} or {float(point.state[which])}
        shape, short = _MARKS.get(point.type, (".", ""))
        open_ = point.criticality.startswith("subcritical")
        for height in heights:
            axes.plot(point.parameter, height, shape, color=INK, mfc="white" if open_ else INK, mew=1.0, ms=5, zorder=5)
        value = f" {point.parameter:.5g}" if len(result.types) < _MANY else ""
        texts.append((point.parameter, max(heights), f"{short}{value}"))
    axes.set_xlim(*result.window)
    _named(axes, texts)
    axes.set_xlabel(label(result.parameter_name, result.parameter_unit))
    axes.set_ylabel(label(result.names[which]))


def _named(axes: Axes, texts: list[tuple[float, float, str]]) -> None:
    """Names beside the points, except where one would cover another."""
    taken: list[Array] = []
    left, right = np.array([axes.get_xlim(), axes.get_ylim()]).T
    for x, y, text in texts:
        at = (np.array([x, y]) - left) / (right - left)
        if any(np.all(np.abs(at - other) < (0.12, 0.05)) for other in taken):
            continue
        taken.append(at)
        axes.annotate(
            text, (x, y), xytext=(5, 5), textcoords="offset points", fontsize=7.5, color=INK, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.8},
        )  # fmt: skip


def _line(axes: Axes, branch: Branch, values: Array) -> None:
    """A branch in stretches of one stability; a special point between two of them belongs to both."""
    stable = _stable(branch)
    turns = np.flatnonzero(np.diff(stable.astype(int))) + 1
    colour = WARM if branch.kind == "cycle" else ACCENT
    for begin, end in zip([0, *turns], [*turns, len(stable)], strict=True):
        if end > begin:
            part = slice(begin, end + 1)
            axes.plot(branch.parameter[part], values[part], color=colour, **_look(bool(stable[begin])))


def _stable(branch: Branch) -> Array:
    """Whether each piece between two points is stable, as its ordinary end says; special points are on the brink."""
    count = branch.unstable
    left, right = count[:-1], count[1:]
    plain_left, plain_right = branch.special[:-1] < 0, branch.special[1:] < 0
    return np.where(plain_left, left, np.where(plain_right, right, np.maximum(left, right))) == 0


def _look(stable: bool) -> dict[str, Any]:
    return {"ls": "-", "lw": 1.6} if stable else {"ls": (0, (3.5, 2)), "lw": 1.0}


def _legend(result: BifurcationDiagram, orbits: OrbitDiagram | None) -> list[Line2D]:
    handles = []
    for kind in dict.fromkeys(result.kinds):
        for stable in (True, False):
            colour = WARM if kind == "cycle" else ACCENT
            text = f"{'stable' if stable else 'unstable'} {kind}"
            handles.append(Line2D([], [], color=colour, label=text, **_look(stable)))
    for type_ in dict.fromkeys(result.types):
        shape, short = _MARKS.get(type_, (".", ""))
        names = {"hopf": "Hopf", "neimark-sacker": "Neimark-Sacker"}
        text = f"{short}: {names.get(type_, type_)}" if short else type_
        handles.append(Line2D([], [], ls="none", marker=shape, color=INK, ms=5, label=text))
    if orbits is not None:
        text = "orbits" if orbits.discrete else "orbits: rest, maxima"
        size = 1.5 if _is_dense(orbits) else 3.5
        handles.append(Line2D([], [], ls="none", marker="o", color=MUTED, ms=size, mew=0, label=text))
    return handles
