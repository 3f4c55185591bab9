"""Trained networks: exponents over sequences, gradients over lag, and what happens from layer to layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.learning import DepthExponents, GradientHealth, InputSensitivity, SequenceExponents
from ._style import (
    ACCENT,
    INK,
    MUTED,
    PALE,
    SEQUENTIAL,
    WARM,
    label,
    measured,
    new_figure,
    note,
    padded,
    plain_powers,
    root,
    styled,
    subscript,
)

_DASHED = (0, (4, 3))
_PER_STEP = "nats per step"
#: Most singular values drawn as lines of their own.
_LINES = 64
#: Decades below the largest at which a figure ends.
_DECADES = 16


def _panel(axes: Any, height: float) -> tuple[Figure, Axes]:
    figure = new_figure(height) if axes is None else root(axes)
    return figure, figure.subplots() if axes is None else axes


@styled
def sequence_spectrum(result: SequenceExponents, *, axes: Any = None) -> Figure:
    """The spectrum: a dot for every sequence, the mean with two standard errors on top.

    Args:
        result: From `lyapunov_over_sequences`.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no exponent is finite.
    """
    finite = np.isfinite(result.exponents)
    if not finite.any():
        raise InputError("No exponent is finite, so there is nothing to draw. See `result.summary()`.")
    figure, panel = _panel(axes, 3.0)
    number = np.arange(1, len(result.exponents) + 1)
    for i in np.flatnonzero(finite):
        each = result.per_sequence[:, i]
        panel.plot(np.full(len(each), number[i]), each, "o", ms=2.5, color=PALE, alpha=0.6, mew=0)
    errors = np.where(np.isfinite(result.stderr), 2 * result.stderr, 0.0)
    panel.errorbar(
        number[finite], result.exponents[finite], yerr=errors[finite], fmt="o", ms=3.5, color=ACCENT, capsize=2, lw=1
    )
    panel.axhline(0.0, color=MUTED, lw=0.7, ls=_DASHED)
    lost = np.flatnonzero(~finite)
    if lost.size:
        low = panel.get_ylim()[0]
        panel.plot(number[lost], np.full(lost.size, low), "v", color=INK, ms=4, clip_on=False)
        panel.text(float(number[lost[0]]), low, "−∞ ", ha="right", va="bottom", fontsize=8)
    panel.set_xlabel("number of the exponent")
    panel.set_ylabel(label("finite-time exponent", _PER_STEP))
    panel.set_title(f"{len(result.per_sequence)} sequences, mean ± 2 standard errors")
    note(panel, f"λ{subscript(1)} = {measured(float(result.exponents[0]), float(result.stderr[0]))}")
    return figure


@styled
def gradient_flow(result: GradientHealth, *, axes: Any = None) -> Figure:
    """Singular values over lag on a logarithmic scale, with the gradient, its horizon and exp(exponent x lag).

    A second panel shows in how many directions gradients come back.

    Args:
        result: From `gradient_health`.
        axes: Draw the singular values into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If every singular value is zero.
    """
    logs = np.asarray(result.log_singular_values)
    if not np.isfinite(logs).any():
        raise InputError("Every singular value is zero, so there is nothing to draw. See `result.summary()`.")
    if axes is not None:
        _singular_values(axes, result)
        return root(axes)
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    _singular_values(left, result)
    right.plot(result.lags, result.participation, color=ACCENT, marker="o", ms=3)
    sure = np.where(np.isfinite(result.participation_stderr), result.participation_stderr, 0.0)
    right.fill_between(
        result.lags, result.participation - 2 * sure, result.participation + 2 * sure, color=PALE, alpha=0.55, lw=0
    )
    right.set_xscale("log")
    plain_powers(right.xaxis)
    right.set_ylim(0, 1.05 * max(float(result.participation.max()), 1.0))
    right.set_xlabel("lag (steps)")
    right.set_title(f"directions that come back, of {result.dimension}")
    return figure


def _singular_values(panel: Axes, result: GradientHealth) -> None:
    tens = math.log(10)
    logs = np.asarray(result.log_singular_values) / tens
    count = logs.shape[1]
    shown = np.unique(np.linspace(0, count - 1, min(count, _LINES)).astype(int))
    lags = np.concatenate([[0], result.lags])
    for i in shown[::-1]:
        curve = np.concatenate([[0.0], logs[:, i]])
        panel.plot(lags, np.where(np.isfinite(curve), curve, np.nan), color=PALE, lw=0.8, alpha=0.8)
    panel.plot([], [], color=PALE, lw=0.8, label="singular values")
    norm = result.log_gradient / tens
    sure = np.where(np.isfinite(result.gradient_stderr), result.gradient_stderr, 0.0) / tens
    norm = np.where(np.isfinite(norm), norm, np.nan)
    panel.fill_between(result.steps, norm - 2 * sure, norm + 2 * sure, color=ACCENT, alpha=0.25, lw=0)
    panel.plot(result.steps, norm, color=ACCENT, lw=1.6, label="gradient")
    if math.isfinite(result.largest_exponent):
        line = result.largest_exponent * result.steps / tens
        panel.plot(result.steps, line, color=INK, lw=0.9, ls=_DASHED, label="exp(λ₁ lag)")
    for value, factor in (
        (result.vanishing_horizon, result.settings["vanish"]),
        (result.exploding_horizon, result.settings["explode"]),
    ):
        if math.isfinite(value):
            panel.plot([value], [math.log10(factor)], "D", color=WARM, ms=5, zorder=5)
            # On the side of the curve that it has not yet passed.
            side = "bottom" if factor < 1 else "top"
            panel.text(value, math.log10(factor), f"  {value:.3g} steps", color=WARM, fontsize=8, va=side, ha="left")
    top = float(np.nanmax(np.concatenate([logs[np.isfinite(logs)], norm[np.isfinite(norm)], [0.0]])))
    drawn = np.concatenate([logs[np.isfinite(logs)], norm[np.isfinite(norm)]])
    panel.set_ylim(*padded(max(float(drawn.min()), top - _DECADES), top))
    panel.set_xlim(0, int(result.lags[-1]))
    panel.set_xlabel("lag (steps)")
    panel.set_title("size of gradients, powers of ten")
    panel.legend(loc="lower left", frameon=True, framealpha=0.85, edgecolor="none")


@styled
def through_depth(result: DepthExponents, *, axes: Any = None) -> Figure:
    """Singular values up to each layer on a logarithmic scale, and the gain of each layer.

    Args:
        result: From `depth_exponents`.
        axes: Draw the singular values into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _up_to_layer(axes, result)
        return root(axes)
    figure = new_figure(3.0)
    left, right = figure.subplots(1, 2)
    _up_to_layer(left, result)
    number = np.arange(1, len(result.gain) + 1)
    errors = np.where(np.isfinite(result.gain_stderr), 2 * result.gain_stderr, 0.0)
    right.axhline(1.0, color=MUTED, lw=0.7, ls=_DASHED)
    right.errorbar(number, result.gain, yerr=errors, fmt="o", ms=3, color=ACCENT, capsize=1.5, lw=0.8)
    right.set_ylim(0.0, 1.1 * max(float(np.max(result.gain + errors)), 1.0))
    right.set_xlabel("layer")
    right.set_title("mean squared singular value of each layer")
    return figure


def _up_to_layer(panel: Axes, result: DepthExponents) -> None:
    tens = math.log(10)
    logs = np.asarray(result.log_singular_values) / tens
    layers = np.arange(len(logs) + 1)
    for i in range(min(logs.shape[1], _LINES))[::-1]:
        curve = np.concatenate([[0.0], logs[:, i]])
        panel.plot(layers, np.where(np.isfinite(curve), curve, np.nan), color=PALE, lw=0.8, alpha=0.8)
    rms = np.concatenate([[0.0], 0.5 * result.log_mean_square / tens])
    panel.plot([], [], color=PALE, lw=0.8, label="singular values")
    panel.plot(layers, np.where(np.isfinite(rms), rms, np.nan), color=ACCENT, lw=1.6, label="root mean square")
    finite = logs[np.isfinite(logs)]
    top = max(float(finite.max(initial=0.0)), 0.0)
    panel.set_ylim(*padded(max(float(finite.min(initial=0.0)), top - _DECADES), top, least=1.0))
    panel.set_xlim(0, len(logs))
    panel.set_xlabel("layers passed")
    panel.set_title("size of differences, powers of ten")
    panel.legend(loc="lower left", frameon=True, framealpha=0.85, edgecolor="none")


@styled
def sensitivity_map(result: InputSensitivity, *, axes: Any = None) -> Figure:
    """The exponents in the plane of the inputs, if there are two; else how they are distributed.

    Args:
        result: From `input_sensitivity`.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If no exponent is finite.
    """
    finite = np.isfinite(result.exponents)
    if not finite.any():
        raise InputError("No exponent is finite: the output does not depend on the input, so there is nothing to draw.")
    figure, panel = _panel(axes, 3.4)
    text = label("largest exponent", "nats per layer" if result.settings["depth"] > 1 else "nats")
    if result.points.shape[1] != 2:
        panel.hist(result.exponents[finite], bins=min(40, max(5, int(finite.sum()) // 5)), color=ACCENT)
        panel.set_xlabel(text)
        panel.set_ylabel("inputs")
        return figure
    x, y = result.points[finite].T
    drawn = panel.scatter(x, y, c=result.exponents[finite], s=6, cmap=SEQUENTIAL, linewidths=0)
    figure.colorbar(drawn, ax=panel, label=text)
    panel.set_aspect("equal")
    panel.set_xlabel("first input")
    panel.set_ylabel("second input")
    return figure
