"""Bifurcation sets as textbooks print them: curves in the plane of two parameters, with the points where they meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._errors import InputError
from ..analysis.codimension_two import BifurcationCurve, BifurcationSet
from ._style import ACCENT, CYCLE, INK, MUTED, WARM, Array, label, new_figure, root, styled

#: Colour and name of each kind of curve, and the sign of the coefficient of a subcritical one.
_KINDS = {
    "fold": (ACCENT, "fold", 0),
    "hopf": (WARM, "Hopf", 1),
    "period doubling": (CYCLE[2], "period doubling", -1),
    "neimark-sacker": (CYCLE[3], "Neimark-Sacker", 1),
    "fold of cycles": (CYCLE[5], "fold of cycles", 0),
    "neutral saddle": (MUTED, "neutral saddle", 0),
}
#: Short and full name of each type of special point.
_NAMES = {
    "cusp": ("CP", "cusp"),
    "cusp of cycles": ("CPC", "cusp of cycles"),
    "bogdanov-takens": ("BT", "Bogdanov-Takens"),
    "generalised hopf": ("GH", "generalised Hopf"),
    "zero-hopf": ("ZH", "zero-Hopf"),
    "double hopf": ("HH", "double Hopf"),
    "generalised period doubling": ("GPD", "generalised period doubling"),
    "chenciner": ("CH", "Chenciner"),
    "resonance 1:1": ("R1", "resonance 1:1"),
    "resonance 1:2": ("R2", "resonance 1:2"),
    "resonance 1:3": ("R3", "resonance 1:3"),
    "resonance 1:4": ("R4", "resonance 1:4"),
    "fold-flip": ("FF", "fold-flip"),
    "fold-neimark-sacker": ("FNS", "fold-Neimark-Sacker"),
    "flip-neimark-sacker": ("PDNS", "flip-Neimark-Sacker"),
    "double neimark-sacker": ("NSNS", "double Neimark-Sacker"),
}
_SOLID, _DASHED, _DOTTED = "-", (0, (3.5, 2)), (0, (1, 1.8))


@styled
def bifurcation_set_figure(result: BifurcationSet, *, axes: Any = None) -> Figure:
    """Every curve of bifurcations in the plane of the two parameters, and the points of codimension two.

    Curves of Hopf points, period doublings and Neimark-Sacker points are dashed where they are subcritical, neutral
    saddles dotted. A curve is thick where all other eigenvalues are stable, so that what is stable changes there.

    Args:
        result: From `bifurcation_set` or `bifurcation_curve`.
        axes: Draw only the plane into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no curve.
    """
    if not result.kinds:
        raise InputError("There is no curve to draw: no bifurcation was found. Take wider `ranges` or more `lines`.")
    if axes is not None:
        _plane(axes, result)
        return root(axes)
    figure = new_figure(4.4)
    _plane(figure.subplots(), result)
    figure.legend(handles=_legend(result), loc="outside lower center", ncols=4)
    return figure


def _plane(axes: Axes, result: BifurcationSet) -> None:
    for curve in result.curves:
        _line(axes, curve)
    axes.set_xlim(*result.window[0])
    axes.set_ylim(*result.window[1])
    taken: list[Array] = []
    for point in result.points:
        x, y = point.parameters
        axes.plot(x, y, "o", color=INK, ms=4.5, zorder=5)
        at = (point.parameters - [w[0] for w in result.window]) / [w[1] - w[0] for w in result.window]
        # The side of the point that has the most room.
        offsets = [(6, 5), (-6, 5), (6, -11), (-6, -11)]
        places = [at + np.array(o) / (420.0, 240.0) for o in offsets]
        room = [min((float(np.max(np.abs(p - t) / (0.05, 0.05))) for t in taken), default=9.0) for p in places]
        best = int(np.argmax(np.minimum(room, 1.0)))
        taken += [at, places[best]]
        axes.annotate(
            _NAMES[point.type][0], (x, y), xytext=offsets[best], textcoords="offset points",
            fontsize=7.5, color=INK, zorder=6, ha="left" if offsets[best][0] > 0 else "right",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.6},
        )  # fmt: skip
    axes.set_xlabel(label(result.parameter_names[0], result.parameter_units[0]))
    axes.set_ylabel(label(result.parameter_names[1], result.parameter_units[1]))


def _line(axes: Axes, curve: BifurcationCurve) -> None:
    """A curve in stretches of one look."""
    colour, _, subcritical = _KINDS[curve.kind]
    plain = curve.special < 0
    sign = np.where(plain, np.sign(np.nan_to_num(curve.coefficient)) == subcritical, False) & (subcritical != 0)
    looks = np.stack([sign, curve.unstable == 0], axis=1)
    # Each piece between two points looks as its ordinary end does.
    pieces = np.where(plain[:-1, None], looks[:-1], looks[1:])
    turns = np.flatnonzero(np.any(pieces[1:] != pieces[:-1], axis=1)) + 1
    for begin, end in zip([0, *turns], [*turns, len(pieces)], strict=True):
        style = _DOTTED if curve.kind == "neutral saddle" else _DASHED if pieces[begin, 0] else _SOLID
        width = 1.8 if pieces[begin, 1] and curve.kind != "neutral saddle" else 1.0
        x, y = curve.parameters[begin : end + 1].T
        axes.plot(x, y, color=colour, ls=style, lw=width)


def _legend(result: BifurcationSet) -> list[Line2D]:
    handles = []
    for kind in dict.fromkeys(result.kinds):
        colour, name, subcritical = _KINDS[kind]
        style = _DOTTED if kind == "neutral saddle" else _SOLID
        handles.append(Line2D([], [], color=colour, lw=1.4, ls=style, label=name))
        some = [c.coefficient[c.special < 0] for c in result.curves if c.kind == kind]
        if subcritical and any(np.any(np.sign(np.nan_to_num(x)) == subcritical) for x in some):
            handles.append(Line2D([], [], color=colour, lw=1.4, ls=_DASHED, label=f"{name}, subcritical"))
    for type_ in dict.fromkeys(result.types):
        short, name = _NAMES[type_]
        handles.append(Line2D([], [], ls="none", marker="o", color=INK, ms=4, label=f"{short}: {name}"))
    return handles
