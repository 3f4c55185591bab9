"""Tangent vectors: finite-time exponents, covariant vectors, alignment, expansion and predictability."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import InputError
from ..analysis.tangent import (
    Alignment,
    CovariantVectors,
    ExpansionEntropy,
    FiniteTimeExponents,
    Predictability,
)
from ._style import (
    ACCENT,
    CYCLE,
    MUTED,
    PALE,
    WARM,
    Array,
    label,
    measured,
    new_figure,
    note,
    plain_powers,
    root,
    styled,
    subscript,
)

_DASHED = (0, (4, 3))
#: Most curves and panels of one figure.
_CURVES, _PANELS = 6, 3
_HALF_PI = 0.5 * np.pi


def _time(name: str, unit: str) -> str:
    bare = unit.split("/", 1)[-1]
    return f"{name} (steps)" if bare == "step" else label(name, "1" if bare == "time" else bare)


@styled
def finite_time(result: FiniteTimeExponents, *, axes: Any = None) -> Figure:
    """Histograms of the exponents over windows, and how their variance shrinks with the length of the window.

    The curve over a histogram is the normal distribution of the same mean and variance. The line on the right is the
    limit for long windows, which removes the leading correction and so may lie off the points.

    Args:
        result: From `finite_time_exponents`.
        axes: Draw the histogram of the first exponent into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If every orbit diverged, so that there is nothing to draw.
    """
    finite = [i for i in range(result.values.shape[1]) if np.isfinite(result.values[:, i]).all()]
    if not finite:
        raise InputError("No exponent is finite in all windows, so there is nothing to draw. See `result.summary()`.")
    if axes is not None:
        _distribution(axes, result, finite[0])
        return root(axes)
    shown = finite[:_PANELS]
    figure = new_figure(2.2 * len(shown) + 0.4)
    panels: Array = figure.subplots(len(shown), 2, squeeze=False, width_ratios=[1.3, 1])
    for row, i in enumerate(shown):
        _distribution(panels[row, 0], result, i)
        _shrinking(panels[row, 1], result, i)
    panels[0, 0].set_title(f"exponents over {len(result.values)} windows of {result.window:g}")
    panels[0, 1].set_title("variance × length, ± 2 standard errors")
    panels[-1, 0].set_xlabel(label("exponent", result.unit))
    panels[-1, 1].set_xlabel(_time("length of a window", result.unit))
    return figure


def _distribution(axes: Axes, result: FiniteTimeExponents, i: int) -> None:
    values = result.values[:, i]
    spread = float(values.max() - values.min())
    if spread <= 1e-9 * max(1.0, abs(float(result.mean[i]))):
        axes.axvline(float(result.mean[i]), color=ACCENT, lw=2)
        axes.set_yticks([])
        note(axes, f"always {result.mean[i]:.6g}")
    else:
        axes.hist(
            values, bins=min(60, max(10, round(len(values) ** 0.5))), density=True, color=PALE, ec="white", lw=0.4
        )
        sigma = float(np.sqrt(result.variance[i]))
        x = np.linspace(values.min() - 0.05 * spread, values.max() + 0.05 * spread, 300)
        normal = np.exp(-0.5 * ((x - result.mean[i]) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        axes.plot(x, normal, color=ACCENT)
        axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
        note(
            axes,
            f"{measured(float(result.mean[i]), float(result.stderr[i]))}\n{result.share(i)} positive",
        )
        if x[0] < 0 < x[-1]:
            axes.axvline(0.0, color=MUTED, lw=0.8, ls=_DASHED)
    axes.set_ylabel(f"density of λ{subscript(i + 1)}")


def _shrinking(axes: Axes, result: FiniteTimeExponents, i: int) -> None:
    value, error = result.scaled_variance[:, i], result.scaled_variance_stderr[:, i]
    axes.errorbar(result.lengths, value, yerr=2 * error, fmt="o", color=ACCENT, ms=4, capsize=2.5, lw=1)
    text = f"diffusion {measured(float(result.diffusion[i]), float(result.diffusion_stderr[i]))}"
    axes.axhline(float(result.diffusion[i]), color=WARM, lw=1)
    note(axes, text if result.level[i] else f"{text}, not level")
    axes.set_xscale("log")
    plain_powers(axes.xaxis)
    axes.set_ylim(min(0.0, 1.2 * float(result.diffusion[i])), 1.35 * max(float((value + 2 * error).max()), 1e-30))


@styled
def covariant(result: CovariantVectors, *, axes: Any = None) -> Figure:
    """Exponents of the covariant vectors, and the distribution of the angles between their subspaces.

    An open circle is the exponent of the forward factorisation; it agrees. A distribution that reaches the left edge
    means tangencies.

    Args:
        result: From `covariant_vectors`.
        axes: Draw the distribution of angles into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If there is no pair of subspaces, so that there is no angle.
    """
    if not result.pairs:
        raise InputError("All exponents have one sign, so there is no angle between subspaces to draw.")
    if axes is not None:
        _angles(axes, result)
        return root(axes)
    figure = new_figure(2.9)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.6])
    number = np.arange(1, len(result.exponents) + 1)
    left.axhline(0.0, color=MUTED, lw=0.7, ls=_DASHED)
    left.plot(number, result.backward_exponents, "o", mfc="none", mec=WARM, ms=8, label="forward")
    left.errorbar(
        number,
        result.exponents,
        yerr=2 * result.stderr,
        fmt=".",
        color=ACCENT,
        ms=5,
        capsize=2.5,
        lw=1,
        label="covariant",
    )
    left.set_xlim(0.4, len(number) + 0.6)
    if len(number) <= 8:
        left.set_xticks(number)
    left.set_xlabel("number of the exponent")
    left.set_title(label("exponents", result.unit))
    left.legend(loc="lower left")
    _angles(right, result)
    return figure


def _angles(axes: Axes, result: CovariantVectors) -> None:
    bins = np.linspace(0.0, _HALF_PI, 91)
    for i, (name, colour) in enumerate(zip(result.pairs, CYCLE, strict=False)):
        density, _ = np.histogram(result.angles[:, i], bins=bins, density=True)
        text = f"{name}, smallest {result.smallest_angle[i]:.2g}"
        axes.stairs(density, bins, color=colour, lw=1.2, label=text)
        axes.stairs(density, bins, color=colour, alpha=0.15, fill=True)
    axes.set_xlim(0.0, _HALF_PI)
    axes.set_xticks([0.0, 0.5 * _HALF_PI, _HALF_PI], ["0", "π/4", "π/2"])
    axes.set_ylim(0.0, 1.2 * axes.get_ylim()[1])
    axes.set_xlabel("smallest angle between the subspaces")
    axes.set_title("density of angles")
    axes.legend(loc="best")


@styled
def aligning(result: Alignment, *, axes: Any = None) -> Figure:
    """The alignment indices against time: straight on the left for chaos, straight or level on the right for tori.

    Args:
        result: From `alignment`.
        axes: Draw the indices against time into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the orbit was lost at once.
    """
    if not len(result.times):
        raise InputError("The orbit was lost before the first moment, so there is nothing to draw.")
    if axes is not None:
        _indices(axes, result)
        axes.set_xlabel(_time("time", result.unit))
        return root(axes)
    figure = new_figure(2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    right.set_xscale("log")
    _indices(left, result)
    _indices(right, result)
    plain_powers(right.xaxis)
    left.set_ylabel("logarithm of GALI (nats)")
    left.set_title("over time" + (": dashed what the exponents predict" if result.chaotic else ""))
    right.set_title("over the logarithm of time")
    for panel in (left, right):
        panel.set_xlabel(_time("time", result.unit))
    right.legend(loc="lower left")
    return figure


def _indices(axes: Axes, result: Alignment) -> None:
    order = min(_CURVES, len(result.orders))
    for i in range(order):
        law = result.laws[i]
        detail = f"power {result.powers[i]:.2g}" if law == "power law" else law
        text = f"GALI{subscript(int(result.orders[i]))}: {detail}"
        axes.plot(result.times, result.log_gali[:, i], color=CYCLE[i], label=text)
        if law == "exponential" and axes.get_xscale() == "linear":
            end = result.times[-1]
            predicted = result.log_gali[-1, i] + result.expected_rates[i] * (end - result.times)
            later = result.times > 0.5 * end
            axes.plot(result.times[later], predicted[later], color=MUTED, lw=2.5, ls=_DASHED, zorder=0)


@styled
def expansion(result: ExpansionEntropy, *, axes: Any = None) -> Figure:
    """The mean growth of volumes against time, with the line whose slope is the entropy.

    Args:
        result: From `expansion_entropy`.
        axes: Draw the growth into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _growth(axes, result)
        return root(axes)
    figure = new_figure(2.8)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    _growth(left, result)
    right.plot(result.times, result.staying, ".-", color=ACCENT, ms=4)
    positive = result.staying[result.staying > 0]
    if positive.size and positive.min() < 0.1:
        right.set_yscale("log")
    else:
        right.set_ylim(0.0, 1.05)
    right.set_title("share of starts still inside")
    right.set_xlabel(_time("time", result.unit))
    return figure


def _growth(axes: Axes, result: ExpansionEntropy) -> None:
    seen = np.isfinite(result.log_growth) & np.isfinite(result.log_growth_stderr)
    axes.errorbar(
        result.times[seen], result.log_growth[seen], yerr=2 * result.log_growth_stderr[seen], fmt="o", color=PALE,
        mec=PALE, ms=3.5, lw=1, capsize=2,
    )  # fmt: skip
    used = result.used.astype(bool)
    if used.any():
        t, y = result.times[used], result.log_growth[used]
        axes.plot(t, y, "o", color=ACCENT, ms=3.5, zorder=3)
        axes.plot(t, y.mean() + result.entropy * (t - t.mean()), color=WARM, lw=1.6)
        axes.set_title(label(f"slope {measured(result.entropy, result.stderr)}", result.unit))
    axes.set_xlabel(_time("time", result.unit))
    axes.set_ylabel("log mean growth (nats)")


@styled
def cross_distances(result: Predictability, *, axes: Any = None) -> Figure:
    """The distance of pairs over time, and their final distance against the initial one.

    Args:
        result: From `predictability`.
        axes: Draw the distances over time into these matplotlib axes instead of a new figure.
    """
    if axes is not None:
        _distances(axes, result)
        return root(axes)
    figure = new_figure(2.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1], sharey=True)
    _distances(left, result)
    left.set_title(f"{result.kind}: correlation {measured(result.correlation, result.correlation_stderr)}")
    right.errorbar(
        result.distances, result.final, yerr=2 * result.final_stderr, fmt="o", color=WARM, ms=4.5, capsize=2.5, lw=1
    )
    right.axhline(1.0, color=MUTED, lw=0.8, ls=_DASHED)
    right.set_xscale("log")
    plain_powers(right.xaxis)
    right.margins(x=0.15)
    right.set_xlabel("initial distance")
    right.set_title(f"scaling {measured(result.scaling, result.scaling_stderr)}")
    return figure


def _distances(axes: Axes, result: Predictability) -> None:
    for i, delta in enumerate(result.distances):
        axes.plot(result.times, result.growth[:, i], color=CYCLE[i % len(CYCLE)], label=f"from {delta:.0e}")
    axes.axhline(1.0, color=MUTED, lw=0.8, ls=_DASHED)
    if np.isfinite(result.prediction_time) and result.prediction_time < result.times[-1]:
        axes.axvline(result.prediction_time, color=MUTED, lw=0.8, ls=_DASHED)
    axes.set_yscale("log")
    plain_powers(axes.yaxis)
    axes.set_xlabel("time")
    axes.set_ylabel("distance / unrelated")
    axes.legend(loc="lower right")
