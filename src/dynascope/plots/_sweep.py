"""Sweeps: a line over one parameter, a map or phase diagram over two, small multiples over three, dots of samples."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from .._errors import InputError
from ._style import ACCENT, CYCLE, FAINT, MUTED, PALE, SEQUENTIAL, label, new_figure, root, styled

#: The map for values on both sides of zero, most panels of small multiples, and most words of a phase diagram.
_DIVERGING, _PANELS, _WORDS = "RdBu_r", 16, 12
#: What is not an output.
_OTHER = ("status", "error")


@styled
def sweep_figure(
    result: Any, *, axes: Any = None, variable: str | None = None, component: int = 0, title: str | None = None
) -> Figure:
    """A sweep: a line, a map, small multiples, or the dots of a sample; words are drawn as a phase diagram.

    Repeats with several seeds are averaged; a line shows two standard errors of their mean.

    Args:
        result: The dataset that `sweep` returned.
        axes: Draw one panel into these matplotlib axes instead of a new figure.
        variable: Which output; None takes the first.
        component: Which entry of an output with dimensions of its own, such as the number of an exponent from 0 on.
        title: Title of the figure; None names output and entry.

    Raises:
        InputError: If this is no sweep, there is no such output, or it varies along more than three dimensions.
    """
    if result.attrs.get("dynascope") != "sweep":
        raise InputError("There is a figure of a dataset only if it comes from `sweep`.")
    values = _chosen(result, variable, component)
    name = title if title is not None else str(values.attrs["title"])
    long = [str(d) for d in values.dims if values.sizes[d] > 1]
    if "seed" in long:
        long.remove("seed")
    values = values.squeeze([d for d in values.dims if values.sizes[d] == 1 and d in values.dims], drop=False)
    samples = [d for d in long if d not in result.coords]
    if samples:
        return _panelled(result, values, [d for d in long if d not in samples[:1]], axes, name, sample=samples[0])
    if not long:
        raise InputError("The sweep has one point, so there is nothing to draw: print the dataset.")
    if len(long) > 3:
        raise InputError(f"The sweep varies along {', '.join(long)}, more than three. Choose with `dataset.isel(...)`.")
    apart = min(long, key=lambda d: (_numeric(values[d]), values.sizes[d])) if len(long) == 3 else None
    return _panelled(result, values, [] if apart is None else [apart], axes, name)


def _chosen(result: Any, variable: str | None, component: int) -> Any:
    grid = {str(d) for d in result["status"].dims}
    names = [str(n) for n in result.data_vars if n not in _OTHER]
    if variable is None:
        varied = [n for n in names if result[n].dtype.kind in "fiU"]
        variable = next(iter(sorted(varied, key=lambda n: result[n].dtype.kind != "f")), names[0])
    if variable not in names:
        raise InputError(f"The sweep has no output `{variable}`. It has: {', '.join(names)}.")
    values, told = result[variable], variable
    for own in [d for d in values.dims if str(d) not in grid]:
        if not 0 <= component < values.sizes[own]:
            raise InputError(f"`component` must lie from 0 to {values.sizes[own] - 1}, got {component}.")
        values = values.isel({own: component})
        told = f"{told} {component + 1}" if result[variable].sizes[own] > 1 else told
    return values.assign_attrs({**result[variable].attrs, "title": told})


def _panelled(result: Any, values: Any, apart: list[str], axes: Any, name: str, *, sample: str | None = None) -> Figure:
    """One panel, or one for each value along the dimension `apart`."""
    text = values.dtype.kind in "UO"
    scale = _words(values) if text else _scale(values)
    if not apart or axes is not None:
        if apart:
            raise InputError(f"`axes` is for one panel, but the sweep varies along `{apart[0]}` too. Choose one value.")
        figure = new_figure(3.4, 5.6) if axes is None else root(axes)
        panel = figure.subplots() if axes is None else axes
        _panel(figure, panel, result, values, scale, sample=sample, legend=True)
        panel.set_title(name)
        return figure
    (dim,) = apart
    count = values.sizes[dim]
    if count > _PANELS:
        raise InputError(f"`{dim}` has {count} values, more than {_PANELS} panels. Choose with `dataset.isel(...)`.")
    columns = min(4, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    figure = new_figure(0.6 + 2.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for i, panel in enumerate(panels.flat):
        if i >= count:
            panel.set_visible(False)
            continue
        _panel(figure, panel, result, values.isel({dim: i}), scale, sample=sample, legend=False)
        where = values[dim].values[i]
        panel.set_title(f"{dim} = {where if isinstance(where, str) else f'{where:g}'}")
        panel.label_outer()
    _legend(figure, list(panels.flat), scale, name)
    return figure


def _scale(values: Any) -> Any:
    """How numbers become colours: around zero if they lie on both sides of it."""
    finite = values.values[np.isfinite(values.values.astype(float))]
    if not finite.size:
        raise InputError("No value is finite, so there is nothing to draw. See `status` and `error`.")
    low, high = (float(q) for q in np.quantile(finite, [0.005, 0.995]))
    if low < 0 < high:
        return mpl.colormaps[_DIVERGING], TwoSlopeNorm(0.0, low, high)
    return mpl.colormaps[SEQUENTIAL], Normalize(low, high)


def _words(values: Any) -> Any:
    found = sorted({str(v) for v in values.values.ravel()} - {""})
    if not found:
        raise InputError("No point has a word, so there is nothing to draw. See `status` and `error`.")
    if len(found) > _WORDS:
        raise InputError(f"The output has {len(found)} different words, too many for a figure.")
    pale = mpl.colormaps["Pastel2"]
    colours = [CYCLE[i] if i < len(CYCLE) else pale(i - len(CYCLE)) for i in range(len(found))]
    return found, colours


def _panel(
    figure: Figure, panel: Axes, result: Any, values: Any, scale: Any, *, sample: str | None, legend: bool
) -> None:
    if sample is not None:
        _dots(panel, result, values, scale, sample)
    else:
        dims = [str(d) for d in values.dims if d != "seed"]
        if len(dims) == 1:
            _line(panel, values, dims[0], scale)
            return
        _map(panel, values, dims, scale)
    if legend:
        _legend(figure, [panel], scale, "")


def _legend(figure: Figure, panels: list[Axes], scale: Any, name: str) -> None:
    first, second = scale
    if isinstance(first, list):
        patches = [Patch(color=c, label=w) for w, c in zip(first, second, strict=True)]
        figure.legend(handles=patches, loc="outside right upper", title=name or None)
    elif any(p.collections for p in panels):
        drawn = ScalarMappable(second, first)
        figure.colorbar(drawn, ax=panels, label=name, extend="both", ticks=_both_sides(second))
    elif name:
        figure.supylabel(name, fontsize=9)


def _both_sides(norm: Any) -> Any:
    """Ticks below and above zero, each side in its own measure; None where there is one side."""
    if not isinstance(norm, TwoSlopeNorm):
        return None
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    sides = [MaxNLocator(3).tick_values(*ends) for ends in ((low, 0.0), (0.0, high))]
    ticks = np.unique(np.concatenate(sides))
    return ticks[(ticks >= low) & (ticks <= high)]


def _line(panel: Axes, values: Any, dim: str, scale: Any) -> None:
    where = _positions(values[dim])
    if isinstance(scale[0], list):
        words, colours = scale
        once = values.isel(seed=0) if "seed" in values.dims else values
        for i, (word, colour) in enumerate(zip(words, colours, strict=True)):
            here = where[once.values == word]
            panel.plot(here, np.full(len(here), i), "s", ms=3, color=colour)
        panel.set_yticks(range(len(words)), words)
    else:
        mean, error = _averaged(values)
        if error is not None:
            panel.fill_between(where, mean - 2 * error, mean + 2 * error, color=PALE, alpha=0.55, lw=0)
        panel.plot(where, mean, color=ACCENT, marker="." if len(where) < 60 else "", ms=3)
        if np.nanmin(mean) < 0 < np.nanmax(mean):
            panel.axhline(0.0, color=MUTED, lw=0.7, ls=(0, (4, 3)))
        panel.set_ylabel(label("", str(values.attrs.get("units", "1"))).strip(" ()"))
    _named(panel.set_xlabel, values[dim])
    _ticks(panel, values[dim], "x")


def _averaged(values: Any) -> tuple[np.ndarray, np.ndarray | None]:
    if "seed" not in values.dims:
        return values.values.astype(float), None
    count = values.notnull().sum("seed").values
    mean = values.mean("seed").values
    error = values.std("seed", ddof=1).values / np.sqrt(np.maximum(count, 1)) if values.sizes["seed"] > 1 else None
    return mean, error


def _map(panel: Axes, values: Any, dims: list[str], scale: Any) -> None:
    across, up = dims
    x, y = _positions(values[across]), _positions(values[up])
    if isinstance(scale[0], list):
        words, colours = scale
        once = values.isel(seed=0) if "seed" in values.dims else values
        numbers = np.full(once.shape, np.nan)
        for i, word in enumerate(words):
            numbers[once.values == word] = i
        table, norm = ListedColormap(colours), BoundaryNorm(np.arange(len(words) + 1) - 0.5, len(words))
    else:
        (table, norm), (numbers, _) = scale, _averaged(values)
    panel.set_facecolor(FAINT)  # points without a number, apart from those near zero
    panel.pcolormesh(x, y, numbers.T, cmap=table, norm=norm, shading="nearest", rasterized=True)
    _named(panel.set_xlabel, values[across])
    _named(panel.set_ylabel, values[up])
    _ticks(panel, values[across], "x")
    _ticks(panel, values[up], "y")


def _dots(panel: Axes, result: Any, values: Any, scale: Any, sample: str) -> None:
    swept = [str(n) for n, c in result.coords.items() if c.dims == (sample,) and c.dtype.kind in "biuf"]
    if not swept:
        raise InputError(f"Nothing numeric varies along `{sample}`, so there is nothing to draw.")
    numbers, _ = (values.values, None) if isinstance(scale[0], list) else _averaged(values)
    if numbers.ndim > 1:
        numbers = numbers[:, 0]
    x = result[swept[0]].values
    if isinstance(scale[0], list):
        colours = dict(zip(*scale, strict=True))
        marks: dict[str, Any] = {"c": [colours.get(str(n), "white") for n in numbers]}
    else:
        marks = {"c": numbers, "cmap": scale[0], "norm": scale[1]}
    if len(swept) > 1:
        panel.scatter(x, result[swept[1]].values, s=9, linewidths=0, **marks)
        _named(panel.set_ylabel, result[swept[1]])
    else:
        panel.scatter(x, numbers, s=9, linewidths=0, **marks)
    _named(panel.set_xlabel, result[swept[0]])


def _numeric(coordinate: Any) -> bool:
    return coordinate.dtype.kind in "iuf"


def _positions(coordinate: Any) -> np.ndarray:
    return coordinate.values if _numeric(coordinate) else np.arange(coordinate.size)


def _named(put: Any, coordinate: Any) -> None:
    put(label(str(coordinate.name), str(coordinate.attrs.get("units", "1"))))


def _ticks(panel: Axes, coordinate: Any, axis: str) -> None:
    """Words at the ticks, or a logarithmic axis where the values grow by a factor."""
    if not _numeric(coordinate):
        words = [str(v) for v in coordinate.values]
        (panel.set_xticks if axis == "x" else panel.set_yticks)(range(len(words)), words)
        return
    values = coordinate.values.astype(float)
    if len(values) > 3 and np.all(values > 0):
        steps = np.diff(np.log(values))
        if values[-1] / values[0] >= 10 and np.ptp(steps) < 1e-6 * abs(steps[0]):
            (panel.set_xscale if axis == "x" else panel.set_yscale)("log")
