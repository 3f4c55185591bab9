"""The portrait that one can turn: the only use of plotly."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from .._errors import InputError
from ._portrait import thinned
from ._style import ACCENT, FAINT, INK, MUTED, WARM


def phase_portrait_3d(
    states: Any, names: Sequence[str], *, dots: bool = False, marks: Any = None, name: str = "portrait"
) -> str:
    """A phase portrait in space that one can turn, as an HTML fragment without its script.

    Put the text of `plotly_source()` into a `<script>` of the page once, before the fragment.

    Args:
        states: Coordinates, shape `(time, 3)`; for other dimensions apply a `projection` first.
        names: Three axis labels.
        dots: Draw dots, as for a map, instead of a line.
        marks: Further points such as fixed points, shape `(n, 3)`, drawn as diamonds.
        name: The end of the id of the element; must differ between the portraits of one page.

    Returns:
        HTML text; equal arguments give equal text.

    Raises:
        InputError: If the states do not have three finite coordinates.
    """
    points = np.asarray(states, dtype=float)
    if points.ndim != 2 or points.shape[1] != 3 or len(names) != 3 or not np.isfinite(points).all():
        raise InputError(
            f"A portrait in space needs finite states of shape (time, 3) and three names; got {points.shape} and "
            f"{len(names)} names. Use `projection(run)(run.flat)`."
        )
    points = thinned(points, dots)[0].astype(np.float32)
    style: dict[str, Any] = {"mode": "lines", "line": {"color": ACCENT, "width": 2}}
    if dots:
        style = {"mode": "markers", "marker": {"color": ACCENT, "size": 1.8}}
    columns = dict(zip("xyz", points.T, strict=True))
    traces = [go.Scatter3d(**columns, **style, hoverinfo="skip", showlegend=False)]
    if marks is not None and len(marks):
        at = dict(zip("xyz", np.asarray(marks, dtype=np.float32).T, strict=True))
        marker = {"color": WARM, "size": 4.5, "symbol": "diamond", "line": {"color": "white", "width": 1}}
        traces.append(go.Scatter3d(**at, mode="markers", marker=marker, hoverinfo="x+y+z", showlegend=False))
    scene: dict[str, Any] = {
        f"{key}axis": {
            "title": {"text": html.escape(text), "font": {"size": 12, "color": INK}},
            "tickfont": {"size": 10, "color": MUTED},
            "gridcolor": FAINT, "backgroundcolor": "white", "zerolinecolor": FAINT, "showspikes": False, "nticks": 5,
        }
        for key, text in zip("xyz", names, strict=True)
    }  # fmt: skip
    scene |= {
        "aspectmode": "cube",
        "camera": {"eye": {"x": 1.3, "y": -1.65, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.16}},
        "dragmode": "orbit",
    }
    layout = {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "height": 460, "paper_bgcolor": "white", "scene": scene,
        "font": {"family": "system-ui, sans-serif"}, "template": "none",
    }  # fmt: skip
    return to_html(
        go.Figure(traces, layout),
        full_html=False,
        include_plotlyjs=False,
        div_id="turning-" + re.sub(r"[^A-Za-z0-9-]+", "-", name),
        config={"displaylogo": False, "displayModeBar": False, "responsive": True, "scrollZoom": False},
    )


def plotly_source() -> str:
    """The script that draws the fragments of `phase_portrait_3d`: 5 MB, to be put into a page once."""
    return get_plotlyjs()
