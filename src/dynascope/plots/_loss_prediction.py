"""What Lyapunov spectra tell of the loss of trained networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..learn import LossPrediction
from ._style import ACCENT, INK, MUTED, SEQUENTIAL, new_figure, note, root, styled


@styled
def loss_prediction_figure(result: LossPrediction, *, axes: Any = None, target: str = "log10 loss") -> Figure:
    """The plane of the code coloured by the target, and predictions across folds against the truth.

    Args:
        result: From `loss_prediction`.
        axes: Draw the predictions into these matplotlib axes instead of a new figure.
        target: Name of what was predicted.
    """
    if axes is not None:
        _predictions(axes, result, target)
        return root(axes)
    figure = new_figure(3.3)
    plane, right = figure.subplots(1, 2, width_ratios=(1.12, 1.0))
    new = result.held_out
    low, high = result.targets.min(), result.targets.max()
    style: Any = {"cmap": SEQUENTIAL, "vmin": low, "vmax": high}
    x, y = result.plane.T
    dots = plane.scatter(x[~new], y[~new], c=result.targets[~new], s=14, lw=0, **style)
    plane.scatter(
        x[new], y[new], c=result.targets[new], s=26, edgecolors=INK, lw=0.8, label="not seen in the fit", **style
    )
    plane.set(xlabel="first component of the code", ylabel="second component")
    plane.legend(loc="best")
    figure.colorbar(dots, ax=plane, label=target)
    _predictions(right, result, target)
    return figure


def _predictions(axes: Axes, result: LossPrediction, target: str) -> None:
    predicted = result.predicted[0].mean(axis=0)
    ends = [min(predicted.min(), result.targets.min()), max(predicted.max(), result.targets.max())]
    axes.plot(ends, ends, color=MUTED, lw=0.8)
    spread = np.ptp(result.predicted[0], axis=0) / 2
    axes.errorbar(result.targets, predicted, spread, fmt="o", ms=3, color=ACCENT, elinewidth=0.5, alpha=0.7)
    axes.set(xlabel=f"true {target}", ylabel=f"predicted {target}")
    value, low, high = (a[0] for a in (result.correlation, result.correlation_low, result.correlation_high))
    note(axes, f"rank correlation {value:.2f} ({low:.2f} to {high:.2f})", x=0.03, ha="left")
