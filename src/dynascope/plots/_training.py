"""The history of a training: loss, gradients, pull of the data, scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..learn.training import Training
from ._style import CYCLE, MUTED, new_figure, plain_powers, root, styled

#: Scores that differ by a larger factor are drawn on a logarithmic scale.
_WIDE = 30.0
#: Points of each curve; updates in between are summed up by their median.
_POINTS = 300


@styled
def training_figure(result: Training, *, axes: Any = None) -> Figure:
    """Loss and length of the gradient over updates, the pull of the data, and scores with the models taken.

    Args:
        result: From `learn.training.train`.
        axes: Draw only the loss into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no update was done.
    """
    if not len(result.losses):
        raise InputError("There is nothing to draw: not one update was done.")
    if axes is not None:
        _curves(axes, result.losses, "loss")
        return root(axes)
    scored = bool(result.scores.size)
    figure = new_figure(2.7, 9.6)
    panels: Any = figure.subplots(1, 3 + scored)
    _curves(panels[0], result.losses, "loss")
    _curves(panels[1], result.gradient_norms, "length of the gradient")
    _curves(panels[2], result.strengths, "pull α of the data", log=False)
    panels[2].set_ylim(-0.03, 1.03)
    if scored:
        _scores(panels[3], result)
    return figure


def _curves(panel: Axes, values: np.ndarray, title: str, *, log: bool = True) -> None:
    width = -(-len(values) // _POINTS)
    for run in range(values.shape[1]):
        column = values[:, run].astype(float)
        finite = np.where(np.isfinite(column), column, np.nan)
        parts = [finite[i : i + width] for i in range(0, len(finite), width)]
        middle = [np.nanmedian(part) if np.isfinite(part).any() else np.nan for part in parts]
        at = np.minimum(np.arange(len(parts)) * width + width / 2, len(values))
        panel.plot(at, middle, color=CYCLE[run % len(CYCLE)], lw=1.0)
    if log:
        panel.set_yscale("log")
        plain_powers(panel.yaxis)
    panel.set_xlabel("updates")
    panel.set_title(title)


def _scores(panel: Axes, result: Training) -> None:
    for run in range(result.scores.shape[1]):
        colour, score = CYCLE[run % len(CYCLE)], result.scores[:, run]
        panel.plot(result.scored, np.where(np.isfinite(score), score, np.nan), color=colour, lw=1.0)
        if np.isfinite(score).any():
            taken = int(np.argmin(score))
            panel.plot(result.scored[taken], score[taken], "o", ms=5, mfc="none", mec=colour)
    if not np.isfinite(result.scores).any():
        panel.text(0.5, 0.5, "no finite score", transform=panel.transAxes, ha="center", color=MUTED)
    elif np.all(result.scores > 0) and _spread(result.scores) > _WIDE:
        panel.set_yscale("log")
        plain_powers(panel.yaxis)
    panel.set_xlabel("updates")
    panel.set_title("score, ○ models taken")


def _spread(scores: np.ndarray) -> float:
    finite = scores[np.isfinite(scores)]
    return float(finite.max() / finite.min())
