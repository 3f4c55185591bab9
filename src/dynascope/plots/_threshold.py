"""Networks of spiking maps over two parameters: death, cycles, no period; and how near they come to the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..analysis.threshold import ThresholdDiagram
from ._style import ACCENT, FAINT, SEQUENTIAL, WARM, label, new_figure, root, styled

_KINDS = ((FAINT, "dies"), (ACCENT, "exact cycle"), (WARM, "no period"))


@styled
def threshold_map(result: ThresholdDiagram, *, axes: Any = None) -> Figure:
    """Which networks die, cycle or show no period, as mixed colours; and the median distance to the threshold.

    Args:
        result: From `threshold_diagram`.
        axes: Draw the first panel alone into these matplotlib axes.
    """
    shares = np.stack([result.dead, result.periodic, result.irregular], axis=-1)
    colours = np.array([to_rgb(colour) for colour, _ in _KINDS])
    if axes is not None:
        _cells(axes, result, shares @ colours)
        return root(axes)
    figure = new_figure(3.3)
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.16])
    _cells(left, result, shares @ colours)
    left.set_title("what becomes of a network")
    figure.legend(handles=[Patch(color=c, label=name) for c, name in _KINDS], loc="outside lower center", ncols=3)
    alive = np.where(result.rates > 0, result.distances, np.nan)
    some = np.isfinite(alive).any(axis=2)
    near = np.full(some.shape, np.nan)
    near[some] = np.log10(np.nanmedian(alive[some], axis=1))
    image = _cells(right, result, near, cmap=SEQUENTIAL)
    right.set_title("distance to the threshold, of those that live")
    figure.colorbar(image, ax=right, label="log₁₀ of the median distance")
    return figure


def _cells(panel: Axes, result: ThresholdDiagram, values: np.ndarray, **options: Any) -> Any:
    image = panel.imshow(values.swapaxes(0, 1), origin="lower", aspect="auto", interpolation="nearest", **options)
    for axis, ticks in ((panel.xaxis, result.first), (panel.yaxis, result.second)):
        every = -(-len(ticks) // 8)
        places = np.arange(0, len(ticks), every)
        axis.set_ticks(places, [f"{ticks[i]:.3g}" for i in places])
    panel.set_xlabel(label(result.names[0]))
    panel.set_ylabel(label(result.names[1]))
    return image
