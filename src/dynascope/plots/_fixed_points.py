"""Fixed points: where they lie, and the eigenvalues that decide on their stability."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.stability import FixedPoints
from ..series import Recording, Trajectory
from ._portrait import projection, thinned
from ._series import PANELS, shown
from ._style import ACCENT, CYCLE, FAINT, INK, MUTED, WARM, Array, label, new_figure, root, styled

#: Marker and filling by what happens nearby: as in textbooks, full is stable, half full a saddle, empty unstable.
_LOOKS = {"stable": ("o", "full"), "saddle": ("D", "left"), "unstable": ("o", "none"), "neutral": ("s", "bottom")}


def look(unstable: int, size: int, name: str) -> str:
    """Which of the four markers a fixed point gets."""
    if "neutral" in name:
        return "neutral"
    return "stable" if unstable == 0 else "unstable" if unstable == size else "saddle"


@styled
def equilibria(
    result: FixedPoints,
    *,
    trajectory: Trajectory | Recording | None = None,
    variables: tuple[str, ...] | None = None,
    axes: Any = None,
) -> Figure:
    """The fixed points in the plane of the first two variables (of many: the principal plane), and their eigenvalues.

    Full markers are stable, half full ones saddles, empty ones unstable, squares neutral. On the right the shaded part
    of the complex plane is where eigenvalues are stable: the left half for flows, the unit disc for maps.

    Args:
        result: From `fixed_points`.
        trajectory: Drawn behind the points; it also decides the principal plane.
        variables: Two names to use instead.
        axes: Draw only the points into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no fixed point, or a name is unknown.
    """
    if not len(result):
        raise InputError("There is no fixed point to draw: none was found. Take more `starts` or a larger `region`.")
    if axes is not None:
        _places(axes, result, trajectory, variables)
        return root(axes)
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _places(left, result, trajectory, variables)
    _eigenvalues(right, result)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4))
    return figure


def _groups(result: FixedPoints) -> list[tuple[str, Array, str]]:
    """Name, members and colour of each kind of stability, in the order of the result."""
    names = list(dict.fromkeys(result.stability))
    members = [np.flatnonzero([s == name for s in result.stability]) for name in names]
    colours = [WARM, CYCLE[3], CYCLE[2], INK, ACCENT]
    return [(name, m, colours[i % len(colours)]) for i, (name, m) in enumerate(zip(names, members, strict=True))]


def _marker(result: FixedPoints, i: int, colour: str) -> dict[str, Any]:
    kind, filling = _LOOKS[look(int(result.unstable_dimension[i]), result.eigenvalues.shape[1], result.stability[i])]
    return {
        "marker": kind, "fillstyle": filling, "color": colour, "mec": colour, "mew": 1.3, "ms": 7,
        "markerfacecoloralt": "white", "ls": "none", "zorder": 6,
    }  # fmt: skip


def _places(
    axes: Axes, result: FixedPoints, run: Trajectory | Recording | None, variables: tuple[str, ...] | None
) -> None:
    points, path, labels, discrete = _plane(result, run, variables)
    if path is not None:
        some, _ = thinned(path, discrete)
        style: dict[str, Any] = {"marker": ".", "ls": "none", "ms": 2, "mew": 0} if discrete else {"lw": 0.6}
        axes.plot(some[:, 0], some[:, 1], color=ACCENT, alpha=0.45, **style)
    if len(result.speeds):
        slow, _, _, _ = _plane(result, run, variables, result.slow_points)
        axes.plot(slow[:, 0], slow[:, 1], ".", ms=3, color=MUTED, label=f"slow points ({len(slow)})")
    markers(axes, result, points)
    axes.margins(0.08)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])


def markers(axes: Axes, result: FixedPoints, places: Array) -> None:
    """Fixed points at `places` in the plane, one marker and colour for each kind of stability."""
    for name, members, colour in _groups(result):
        text = name if len(members) == 1 else f"{name} ({len(members)})"
        axes.plot(places[members, 0], places[members, 1], label=text, **_marker(result, int(members[0]), colour))


def _plane(
    result: FixedPoints,
    run: Trajectory | Recording | None,
    variables: tuple[str, ...] | None,
    places: Array | None = None,
) -> tuple[Array, Array | None, tuple[str, ...], bool]:
    """Points (or other places) and path in two coordinates; one variable of a map is drawn against its next value."""
    fixed, d = result.states, result.states.shape[1]
    states = fixed if places is None else places
    if run is not None:
        data = shown(run)
        if data.values.shape[1] != d:
            raise InputError(f"`trajectory` has {data.values.shape[1]} variables, the fixed points have {d}.")
        if d == 1:
            x, name = data.values[:, 0], data.names[0]
            labels = (f"{name}[n]", f"{name}[n+1]") if data.discrete else (f"{name}", f"{name}, one sample later")
            return np.repeat(states, 2, axis=1), np.stack([x[:-1], x[1:]], axis=1), labels, data.discrete
        chosen = projection(run, variables=variables, dimensions=2)
        return chosen(states), chosen.drawn(data.values), chosen.names, data.discrete
    if d == 1:
        return np.repeat(states, 2, axis=1), None, (label(result.names[0]), label(result.names[0])), result.discrete
    if variables is None and d > PANELS and len(fixed) > 2:
        _, _, basis = np.linalg.svd(fixed - fixed.mean(axis=0), full_matrices=False)
        labels = ("PC 1 of the fixed points", "PC 2 of the fixed points")
        return (states - fixed.mean(axis=0)) @ basis[:2].T, None, labels, result.discrete
    names = result.names[:2] if variables is None else variables
    unknown = [n for n in names if n not in result.names]
    if unknown or len(names) != 2:
        raise InputError(f"`variables` must be two of {', '.join(result.names[:20])}; got {names}.")
    return states[:, [result.names.index(n) for n in names]], None, (label(names[0]), label(names[1])), result.discrete


def _eigenvalues(axes: Axes, result: FixedPoints) -> None:
    values: Any = result.eigenvalues
    if result.discrete:
        angle = np.linspace(0, 2 * np.pi, 181)
        axes.fill(np.cos(angle), np.sin(angle), color="#eef1f4", zorder=0)
        axes.plot(np.cos(angle), np.sin(angle), color=MUTED, lw=0.8)
    else:
        axes.axvline(0.0, color=MUTED, lw=0.8)
    axes.axhline(0.0, color=FAINT, lw=0.7, zorder=0)
    for _, members, colour in _groups(result):
        for i in members:
            style: dict[str, Any] = _marker(result, int(i), colour) | {"ms": 5}
            axes.plot(values[i].real, values[i].imag, **style)
    axes.margins(0.12)
    if result.discrete:
        axes.set_aspect("equal", adjustable="datalim")
    else:
        low, high = axes.get_xlim()
        high = max(high, 0.08 * abs(low))
        axes.axvspan(low, 0.0, color="#eef1f4", lw=0, zorder=0)
        axes.set_xlim(low, high)
    axes.set_xlabel("real part of the eigenvalues")
    axes.set_ylabel("imaginary part")
