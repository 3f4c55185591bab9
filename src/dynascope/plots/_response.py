"""Response: who acts on whom beside the weights, and networks that learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..analysis.response import EffectiveConnectivity, LearningCourse
from ._style import ACCENT, INK, MUTED, PALE, SEQUENTIAL, WARM, label, new_figure, root, styled


@styled
def effective_matrix(result: EffectiveConnectivity, *, axes: Any = None) -> Figure:
    """Sizes of the weights, gains where they agree with them least, and the agreement over frequency.

    Args:
        result: From `effective_connectivity`.
        axes: Draw the gains alone into these matplotlib axes.
    """
    least = int(np.argmin(result.agreement))
    if axes is not None:
        axes.imshow(result.gains[least], cmap=SEQUENTIAL)
        return root(axes)
    figure = new_figure(2.7)
    one, two, three = figure.subplots(1, 3, width_ratios=[1.0, 1.0, 1.3])
    panels = (
        (one, np.abs(result.weights), "size of the weight"),
        (two, result.gains[least], f"gain at {result.frequencies[least]:.2f} rad/step"),
    )
    for panel, values, title in panels:
        image = panel.imshow(values, cmap=SEQUENTIAL, vmin=0)
        figure.colorbar(image, ax=panel, shrink=0.75)
        panel.set_title(title)
        panel.set_xlabel("from unit")
        panel.set_ylabel("to unit")
    error = 2 * result.agreement_stderr
    three.axhline(0.0, color=MUTED, lw=0.7)
    three.fill_between(
        result.frequencies, result.agreement - error, result.agreement + error, color=PALE, alpha=0.7, lw=0
    )
    three.plot(result.frequencies, result.agreement, color=ACCENT)
    three.set_ylim(min(-0.3, float(np.min(result.agreement - error))), 1.0)
    three.set_title("rank correlation of both")
    three.set_xlabel(label("frequency", "rad/step"))
    return figure


@styled
def learning_curve(result: LearningCourse, *, axes: Any = None) -> Figure:
    """The largest exponent and the response over the epochs of learning.

    Args:
        result: From `learning_course`.
        axes: Draw the exponents alone into these matplotlib axes.
    """
    figure = new_figure(2.8) if axes is None else root(axes)
    left, right = figure.subplots(1, 2) if axes is None else (axes, None)
    _points(left, result.epochs, result.exponents, (result.exponents_stderr, ACCENT))
    left.axhline(0.0, color=MUTED, lw=0.7)
    left.set_xlabel("epochs of learning")
    left.set_ylabel(label("largest exponent", "nats/step"))
    if right is not None:
        _points(right, result.epochs, result.responses, (result.responses_stderr, WARM))
        right.set_xlabel("epochs of learning")
        right.set_ylabel("response to the pattern")
        right.set_ylim(0, None)
    for panel in (left, right):
        if panel is not None and np.isfinite(result.crossing):
            panel.axvline(result.crossing, color=INK, lw=0.7, ls=(0, (4, 3)))
    return figure


def _points(panel: Any, x: np.ndarray, y: np.ndarray, how: tuple[np.ndarray, str]) -> None:
    error, colour = how
    panel.errorbar(x, y, yerr=2 * error, fmt="o-", ms=3, lw=1, color=colour, capsize=1.5, elinewidth=0.7)
