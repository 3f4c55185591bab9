"""Homoclinic orbits in the phase plane and over time, and their curves in a plane of two parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.homoclinic import ConnectingOrbit, HomoclinicCurve
from ._style import ACCENT, CYCLE, INK, MUTED, WARM, label, new_figure, root, styled, time_label

#: Components drawn at most, and orbits of a curve.
_MOST, _ORBITS = 4, 5
#: Within this share of its size from rest an orbit is not drawn over time.
_REST = 5e-3


@styled
def connecting_orbit_figure(result: ConnectingOrbit, *, axes: Any = None) -> Figure:
    """The orbit in the plane of its first two components with its equilibria, and the components over time.

    Args:
        result: From `homoclinic_orbit`.
        axes: Draw only the plane into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no orbit was found.
    """
    if not result.successful:
        raise InputError("There is no orbit to draw: none was found.")
    dense = result.at(np.unique(np.concatenate([np.linspace(0.0, result.duration, 2001), result.times])))
    if axes is not None:
        _plane(axes, dense, result.equilibria, result.names)
        return root(axes)
    figure = new_figure(3.2)
    parts: Any = figure.subplots(1, 2, width_ratios=[1.0, 1.4])
    _plane(parts[0], dense, result.equilibria, result.names)
    parts[0].set_title(f"{result.parameter_name} = {result.parameter:.8g}")
    _courses(parts[1], result)
    return figure


def _plane(axes: Axes, states: Any, equilibria: Any, names: tuple[str, ...]) -> None:
    if len(names) == 1:
        raise InputError("An orbit on a line has no phase plane. Draw it over time with `axes=None`.")
    axes.plot(states[:, 0], states[:, 1], color=ACCENT)
    axes.plot(equilibria[:, 0], equilibria[:, 1], "o", color=INK, mfc="white", ms=5)
    # An arrow where the orbit is farthest from rest.
    gap = np.linalg.norm((states - equilibria[0]) / np.maximum(np.ptp(states, axis=0), 1e-300), axis=1)
    i = min(int(np.argmax(gap)), len(states) - 2)
    axes.annotate(
        "", states[i + 1, :2], states[i, :2], arrowprops={"arrowstyle": "-|>", "color": ACCENT, "mutation_scale": 12}
    )
    axes.set_xlabel(label(names[0]))
    axes.set_ylabel(label(names[1]))


def _courses(axes: Axes, result: ConnectingOrbit) -> None:
    size = np.maximum(np.ptp(result.states, axis=0), 1e-300)
    gaps = [np.max(np.abs(result.states - rest) / size, axis=1) for rest in result.equilibria]
    away = result.times[np.minimum(*gaps) > _REST]
    margin = 0.1 * float(np.ptp(away))
    times = np.linspace(max(0.0, away[0] - margin), min(result.duration, away[-1] + margin), 2001)
    states, shown = result.at(times), result.names[:_MOST]
    for i, name in enumerate(shown):
        low, high = (0.0 if abs(x) < 1e-6 * size[i] else x for x in (states[:, i].min(), states[:, i].max()))
        values = states[:, i] if len(shown) == 1 else (states[:, i] - low) / ((high - low) or 1.0)
        axes.plot(times, values, color=CYCLE[i % len(CYCLE)], label=f"{name}: {low:.3g} to {high:.3g}")
    axes.set_xlabel(time_label(result.time_unit))
    axes.set_ylabel(result.names[0] if len(shown) == 1 else "share of the range")
    axes.set_title(f"{'homoclinic' if result.homoclinic else 'heteroclinic'}, {result.type}")
    axes.margins(y=0.32 if len(shown) > 2 else 0.2)
    axes.legend(loc="upper center", ncols=2)


@styled
def homoclinic_curve_figure(result: HomoclinicCurve, *, axes: Any = None) -> Figure:
    """The curve in the plane of the parameters with its special points, and some of its orbits.

    It is blue where the saddle quantity is negative and red where it is positive.

    Args:
        result: From `homoclinic_curve`.
        axes: Draw only the plane of the parameters into these matplotlib axes instead of a new figure.
    """
    chosen = np.unique(np.linspace(0, len(result) - 1, _ORBITS).round().astype(int))
    if axes is not None:
        _curve(axes, result, chosen[:0])
        return root(axes)
    figure = new_figure(3.4)
    parts: Any = figure.subplots(1, 2)
    _curve(parts[0], result, chosen)
    for number, i in enumerate(chosen):
        x, y = result.orbits[i, :, 0], result.orbits[i, :, 1]
        parts[1].plot(x, y, color=CYCLE[number % len(CYCLE)], lw=1.0)
        parts[1].plot(*result.equilibria[i, :2], "o", color=CYCLE[number % len(CYCLE)], mfc="white", ms=4)
    parts[1].set_xlabel(label(result.names[0]))
    parts[1].set_ylabel(label(result.names[1]))
    parts[1].set_title("orbits at the marked places")
    return figure


def _curve(axes: Axes, result: HomoclinicCurve, marked: Any) -> None:
    plain = result.special < 0
    # Each piece between two points has the sign of its ordinary end.
    sign = np.where(plain[:-1], result.saddle_quantity[:-1], result.saddle_quantity[1:]) > 0
    turns = np.flatnonzero(sign[1:] != sign[:-1]) + 1
    said: set[bool] = set()
    for begin, end in zip([0, *turns], [*turns, len(sign)], strict=True):
        above = bool(sign[begin])
        name = None if above in said else f"saddle quantity {'above' if above else 'below'} zero"
        said.add(above)
        x, y = result.parameters[begin : end + 1].T
        axes.plot(x, y, color=WARM if above else ACCENT, label=name)
    for number, i in enumerate(marked):
        axes.plot(*result.parameters[i], "o", color=CYCLE[number % len(CYCLE)], ms=4, mfc="white")
    for name, place in zip(result.types, result.special_parameters, strict=True):
        axes.plot(*place, "o", color=INK, ms=4.5, zorder=5)
        axes.annotate(name, place, xytext=(6, 4), textcoords="offset points", fontsize=7.5, color=MUTED)
    axes.set_xlabel(label(result.parameter_names[0], result.parameter_units[0]))
    axes.set_ylabel(label(result.parameter_names[1], result.parameter_units[1]))
    axes.legend(loc="best")
