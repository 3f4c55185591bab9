"""Return maps: from one maximum of a flow to the next, and the staircase of a map in one variable."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .._errors import InputError
from ..series import Recording, Trajectory
from ..systems import AbstractMap, default_input, dimension
from ._series import Shown, shown
from ._style import ACCENT, INK, MUTED, PALE, Array, label, new_figure, padded, root, styled

#: Fewest maxima that make a picture, and most variables among which one is chosen.
_FEWEST, _TRIED = 4, 12


def successive_maxima(x: Any) -> NDArray[np.float64]:
    """Heights of the local maxima of a series, each from the parabola through the three samples around it.

    A maximum counts if the series has risen to it by at least 2 % of its range since the minimum before and falls as
    much after it, so that measurement noise makes none.

    Args:
        x: Samples, shape `(time,)`.
    """
    from scipy.signal import find_peaks

    series = np.asarray(x, dtype=float)
    spread = float(np.ptp(series)) if series.size else 0.0
    if spread <= 1e-12 * float(np.abs(series).max(initial=1e-300)):
        return np.empty(0)
    at, _ = find_peaks(series, prominence=0.02 * spread)
    left, centre, right = series[at - 1], series[at], series[at + 1]
    bend = left - 2 * centre + right
    return centre - (right - left) ** 2 / (8 * np.where(bend < 0, bend, -np.inf))


@styled
def return_map(series: Trajectory | Recording, *, variable: str | None = None, axes: Any = None) -> Figure:
    """Each maximum of one variable of a flow against the one before: Lorenz's picture.

    A curve means that one number decides the next one (low-dimensional chaos), a few points a cycle, a closed ring a
    torus, a cloud high-dimensional chaos or noise.

    Args:
        series: A `Trajectory` of a flow, or a `Recording`.
        variable: Whose maxima; None takes the variable whose maxima follow each other most like a function.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the variable is unknown or no variable has at least four maxima.

    Reference:
        Lorenz (1963), Deterministic nonperiodic flow, Journal of the Atmospheric Sciences 20, 130-141.
    """
    data = shown(series)
    k, maxima = _chosen(data, variable)
    figure = new_figure(4.2, 4.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    # A cycle gives one point; the limits keep its rounding errors from filling the picture.
    limits = padded(float(maxima.min()), float(maxima.max()), least=0.1 * float(np.ptp(data.values[:, k])))
    panel.plot(limits, limits, color=MUTED, lw=0.7, ls=(0, (4, 3)))
    together = np.ptp(maxima) < 0.1 * (limits[1] - limits[0])
    size = 9 if together else 3.5 if len(maxima) > 80 else 6
    panel.plot(maxima[:-1], maxima[1:], ".", color=ACCENT, ms=size, mew=0)
    panel.set(xlim=limits, ylim=limits, aspect="equal")
    name, unit = data.called(k), data.units[k]
    panel.set_xlabel(label(f"maximum of {name}", unit))
    panel.set_ylabel(label(f"next maximum of {name}", unit))
    panel.set_title(f"{len(maxima)} maxima")
    return figure


def _chosen(data: Shown, variable: str | None) -> tuple[int, NDArray[np.float64]]:
    if variable is not None and variable not in data.names:
        raise InputError(f"There is no variable `{variable}`. There are: {', '.join(data.names[:20])}.")
    order = np.argsort(-data.values.std(axis=0), kind="stable")[:_TRIED]
    tried = [data.names.index(variable)] if variable is not None else sorted(order.tolist())
    found = [(k, successive_maxima(data.values[:, k])) for k in tried]
    found = [(k, m) for k, m in found if len(m) >= _FEWEST]
    if not found:
        raise InputError(
            "There are fewer than four maxima, so there is no return map. Take a longer run, or a variable that "
            "oscillates."
        )
    ranges = np.ptp(data.values, axis=0)
    # Maxima of a cycle are equal up to rounding, which must not decide: then it is the first variable.
    return min(found, key=lambda item: 0.0 if np.ptp(item[1]) < 0.01 * ranges[item[0]] else _roughness(item[1]))


def _roughness(maxima: Array) -> float:
    """How far the next maximum jumps between neighbours on the axis, over its variance: 0 a curve, 1 a cloud."""
    later = maxima[1:][np.argsort(maxima[:-1], kind="stable")]
    return float(np.mean(np.diff(later) ** 2) / max(2 * float(later.var()), 1e-300))


@styled
def cobweb(system: AbstractMap, run: Trajectory, *, steps: int = 60, axes: Any = None) -> Figure:
    """The graph of a map in one variable, the diagonal, and the staircase of its last steps.

    Args:
        system: An autonomous map with one state variable.
        run: A trajectory of it.
        steps: Steps of the staircase.
        axes: Draw into these matplotlib axes instead of a new figure.

    Raises:
        InputError: If the system is not a map in one variable.
    """
    if not isinstance(system, AbstractMap) or dimension(system) != 1:
        raise InputError(
            f"A cobweb needs a map with one state variable, got `{type(system).__name__}`. Use `phase_portrait`."
        )
    data = shown(run)
    x = data.values[:, 0]
    figure = new_figure(4.2, 4.6) if axes is None else root(axes)
    panel: Axes = figure.subplots() if axes is None else axes
    limits = padded(float(x.min()), float(x.max()), by=0.05, least=1e-6)
    grid = np.linspace(*limits, 801)
    template, u = system.initial_state(), default_input(system)
    tree = jax.tree.structure(template)
    shape, kind = jnp.shape(jax.tree.leaves(template)[0]), jax.tree.leaves(template)[0].dtype

    def rule(value: Any) -> Any:
        y = jax.tree.unflatten(tree, [jnp.reshape(value, shape)])
        return jnp.reshape(jax.tree.leaves(system.step(jnp.zeros((), int), y, u))[0], ())

    image = np.asarray(jax.vmap(rule)(jnp.asarray(grid, kind)))
    last = x[-(steps + 1) :]
    corners = np.repeat(last, 2)
    panel.plot(limits, limits, color=MUTED, lw=0.7, ls=(0, (4, 3)))
    panel.plot(corners[:-1], np.concatenate([corners[:1], corners[2:]]), color=PALE, lw=0.7)
    panel.plot(grid, image, color=ACCENT, lw=1.5)
    panel.plot(last[-1], last[-1], "o", color=INK, ms=3.5, mec="white", mew=0.6)
    panel.set(xlim=limits, ylim=padded(min(limits[0], float(x.min())), limits[1], by=0.0), aspect="equal")
    panel.set_xlabel(label(f"{data.called(0)}[n]", data.units[0]))
    panel.set_ylabel(label(f"{data.called(0)}[n+1]", data.units[0]))
    panel.set_title(f"last {len(last) - 1} steps")
    return figure
