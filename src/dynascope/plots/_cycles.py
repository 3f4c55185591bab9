"""Periodic orbits with their multipliers, also those through resets, phase response curves and isochrons."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.cycles import HybridOrbit, Isochrons, PeriodicOrbit, PhaseResponse
from ._style import ACCENT, CYCLE, FAINT, INK, MUTED, WARM, label, new_figure, root, styled, time_label

#: Components drawn at most.
_MOST = 4
#: Colours of phases: they close in a ring.
_RING = LinearSegmentedColormap.from_list("phase", [CYCLE[0], CYCLE[2], CYCLE[1], CYCLE[3], CYCLE[0]])


@styled
def periodic_orbit_figure(result: PeriodicOrbit, *, axes: Any = None) -> Figure:
    """The components along one period, each in its own range, and the multipliers in the complex plane.

    Args:
        result: From `periodic_orbit`.
        axes: Draw only the components into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no orbit was found.
    """
    if not result.states.size:
        raise InputError("There is no orbit to draw: none was found.")
    if axes is not None:
        _components(axes, result)
        return root(axes)
    figure = new_figure(2.9)
    parts: Any = figure.subplots(1, 2, width_ratios=[2.0, 1.0])
    _components(parts[0], result)
    _multipliers(parts[1], result)
    return figure


@styled
def hybrid_orbit_figure(result: HybridOrbit, *, axes: Any = None) -> Figure:
    """The components along one period, one panel each, with the resets, and the multipliers in the complex plane.

    Args:
        result: From `hybrid_orbit`.
        axes: Draw only the first component into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no orbit was found.
    """
    if not result.states.size:
        raise InputError("There is no orbit to draw: none was found.")
    count = 1 if axes is not None else len(result.names[:_MOST])
    figure = new_figure(2.6) if axes is None else root(axes)
    parts: Any = [axes] if axes is not None else list(np.ravel(figure.subplots(1, count + 1)))
    for i, panel in enumerate(parts[:count]):
        for event in np.cumsum(result.intervals):
            panel.axvline(event, color=FAINT, lw=0.8)
        panel.plot(result.times, result.states[:, i], color=CYCLE[i % len(CYCLE)])
        panel.set_xlabel(time_label(result.time_unit))
        panel.set_title(label(result.names[i]))
    if axes is None:
        _multipliers(parts[-1], result)
    return figure


def _components(axes: Axes, result: PeriodicOrbit) -> None:
    s = np.linspace(0.0, 1.0, 1001)
    dense = result.at(s)
    low, high = result.extent
    shown = len(result.names[:_MOST])
    for i, name in enumerate(result.names[:_MOST]):
        span = high[i] - low[i] or 1.0
        values = dense[:, i] if shown == 1 else (dense[:, i] - low[i]) / span
        axes.plot(
            s * result.period, values, color=CYCLE[i % len(CYCLE)], label=f"{name}: {low[i]:.3g} to {high[i]:.3g}"
        )
    axes.set_xlabel(time_label(result.time_unit))
    axes.set_ylabel(result.names[0] if shown == 1 else "share of the range")
    axes.set_title(f"{result.stability}, period {result.period:.6g}")
    axes.margins(y=0.32 if shown > 2 else 0.2)
    axes.legend(loc="upper center", ncols=2)


def _multipliers(axes: Axes, result: PeriodicOrbit | HybridOrbit) -> None:
    angle = np.linspace(0.0, 2 * np.pi, 200)
    axes.fill(np.cos(angle), np.sin(angle), color=FAINT, alpha=0.6, lw=0)
    axes.plot(np.cos(angle), np.sin(angle), color=MUTED, lw=0.7)
    mu = result.multipliers
    far = np.abs(mu) > 3
    for value in mu[~far]:
        axes.plot(value.real, value.imag, "o", color=WARM if abs(value) > 1 + 1e-6 else ACCENT, ms=5)
    axes.set_aspect("equal")
    axes.set_xlabel("real part")
    axes.set_ylabel("imaginary part")
    text = "multipliers" if not far.any() else "multipliers; beyond: " + ", ".join(f"{v.real:.3g}" for v in mu[far][:3])
    axes.set_title(text, color=INK)


@styled
def phase_response_figure(result: PhaseResponse, *, axes: Any = None) -> Figure:
    """The advance by a small kick of each component over the phase of the kick, one panel each.

    Args:
        result: From `phase_response`.
        axes: Draw only the first component into these matplotlib axes instead of a new figure.
    """
    count = 1 if axes is not None else len(result.names[:_MOST])
    figure = new_figure(2.4) if axes is None else root(axes)
    panels = [axes] if axes is not None else list(np.ravel(figure.subplots(1, count)))
    for i, panel in enumerate(panels):
        panel.axhline(0.0, color=MUTED, lw=0.7)
        panel.plot(result.phases, result.response[:, i], color=ACCENT)
        panel.set_xlabel("phase of the kick")
        panel.set_title(label(f"kick of {result.names[i]}"))
    panels[0].set_ylabel(label("advance per unit", result.time_unit))
    return figure


@styled
def isochrons_figure(result: Isochrons, *, axes: Any = None) -> Figure:
    """The curves of equal phase about the cycle, coloured by phase, with the points of the cycle to which they belong.

    Args:
        result: From `isochrons`.
        axes: Draw into these matplotlib axes instead of a new figure.
    """
    axes = axes if axes is not None else new_figure(4.4, 5.6).subplots()
    for phase, sides in zip(result.phases, result.curves, strict=True):
        for branch in sides:
            axes.plot(*branch.T, color=_RING(phase), lw=0.9)
    axes.plot(*result.cycle.T, color=INK, lw=1.6)
    for k, (phase, start) in enumerate(zip(result.phases, result.curves[:, 0, 0], strict=True)):
        axes.plot(*start, "o", color=_RING(phase), mec=INK, mew=0.6, ms=4.5, zorder=3)
        if k % max(len(result.phases) // 4, 1) == 0:
            axes.annotate(
                f"{phase:.2g}", start, xytext=(4, 4), textcoords="offset points", color=INK, fontsize=8, zorder=4,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
            )  # fmt: skip
    axes.set_xlim(result.low[0], result.high[0])
    axes.set_ylim(result.low[1], result.high[1])
    axes.set_xlabel(label(result.names[0], result.units[0]))
    axes.set_ylabel(label(result.names[1], result.units[1]))
    axes.set_title("States of equal phase, with their point of the cycle")
    return root(axes)
