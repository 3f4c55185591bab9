"""Networks of spiking neurons: who fired when, the rates of the populations, and who is joined to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .._errors import InputError
from ..models.spiking import ConductanceReceptor, Group, NoisySpikingNetwork, SpikingNetwork
from ..solve import SpikingRun
from ._style import ACCENT, CYCLE, MUTED, WARM, Array, label, new_figure, root, styled, time_label

#: Most neurons whose spikes are drawn, and most dots.
_ROWS, _DOTS = 400, 25_000
#: Networks of at most so many neurons are drawn synapse by synapse, larger ones in so many blocks.
_SINGLE, _BLOCKS = 300, 150
_SIGNED = LinearSegmentedColormap.from_list("signed", [WARM, "white", ACCENT])


@styled
def network_raster(
    run: SpikingRun, *, window: tuple[float, float] | None = None, bin: float | None = None, axes: Axes | None = None
) -> Figure:
    """Every spike as a dot, one colour per population, over the rate of each population.

    Of more than 400 neurons evenly spaced ones are drawn, of each population in proportion to its size but at least
    20; the rates are those of all.

    Args:
        run: From `simulate`.
        window: Begin and end of the part to draw, ms; None draws all, or as much from its end as has 25,000 dots.
        bin: Length of the bins of the rates, ms; None takes a 200th of the window.
        axes: Draw the dots alone into these matplotlib axes.

    Raises:
        InputError: If the window does not lie in the run.
    """
    chosen = _chosen(run)
    times = (run.steps + 1) * run.dt
    seen = np.isin(run.units, np.concatenate(chosen))
    if window is None:
        late = times[seen]
        window = (float(late[-_DOTS]) if late.size > _DOTS else run.start, run.stop)
    low, high = window
    if not run.start <= low < high <= run.stop + 1e-9:
        raise InputError(
            f"`window` must lie in the run, from {run.start:g} to {run.stop:g} ms; got {low:g} to {high:g}."
        )
    figure = new_figure(4.2) if axes is None else root(axes)
    panels: Any = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1]) if axes is None else (axes, None)
    inside = seen & (times >= low) & (times <= high)
    _dots(panels[0], run, chosen, times[inside], run.units[inside])
    panels[0].set_xlim(low, high)
    if panels[1] is None:
        panels[0].set_xlabel(time_label("ms"))
        return figure
    width = max(run.dt, round((high - low) / 200 / run.dt) * run.dt) if bin is None else bin
    for k, (name, _) in enumerate(run.populations):
        begins, rates = run.rate(name, bin=width)
        shown = (begins >= low - width) & (begins < high)
        panels[1].stairs(
            rates[shown], np.append(begins[shown], begins[shown][-1] + width), color=CYCLE[k % len(CYCLE)], lw=0.9,
            label=name,
        )  # fmt: skip
    panels[1].set_ylim(bottom=0.0)
    panels[1].set_ylabel(label("rate", "Hz"))
    panels[1].set_xlabel(time_label("ms"))
    if len(run.populations) > 1:
        panels[1].legend(loc="upper right", ncols=min(4, len(run.populations)))
    return figure


def _chosen(run: SpikingRun) -> list[Array]:
    """Units of each population to be drawn."""
    total = sum(size for _, size in run.populations)
    found, at = [], 0
    for _, size in run.populations:
        count = size if total <= _ROWS else min(size, max(20, round(_ROWS * size / total)))
        found.append(at + np.unique(np.linspace(0, size - 1, count).astype(int)))
        at += size
    return found


def _dots(panel: Axes, run: SpikingRun, chosen: list[Array], times: Array, units: Array) -> None:
    size = float(np.clip(90 / np.sqrt(max(times.size, 1)), 1.0, 3.5))
    place, middles = 0, []
    for k, mine in enumerate(chosen):
        own = np.isin(units, mine)
        at = place + np.searchsorted(mine, units[own])
        panel.plot(times[own], at, ".", color=CYCLE[k % len(CYCLE)], ms=size, mew=0)
        if k:
            panel.axhline(place - 0.5, color=MUTED, lw=0.5)
        middles.append(place + 0.5 * (mine.size - 1))
        place += mine.size
    panel.set_ylim(-0.7, place - 0.3)
    panel.set_yticks(middles, [f"{name}\n({size})" for name, size in run.populations])
    panel.tick_params(axis="y", length=0)


@styled
def connectivity(network: SpikingNetwork | NoisySpikingNetwork, *, axes: Axes | None = None) -> Figure:
    """The weights of all synapses, from column to row, and how many inputs neurons get from each population.

    Blue is what excites and orange what inhibits: conductances by their reversal potential against rest. Weights are
    shares of the largest one, because receptors differ in their units. A network of more than 300 neurons is drawn in
    blocks, each with its mean weight over all pairs.

    Args:
        network: A network; projections that learn are drawn with the weights that they start from.
        axes: Draw the weights alone into these matplotlib axes.

    Raises:
        InputError: If there are no synapses.
    """
    source, target, weight = _synapses(network)
    if not source.size:
        raise InputError("The network has no synapses to draw. Give it projections.")
    n = network.size
    blocks = n if n <= _SINGLE else _BLOCKS
    edges = np.linspace(0, n, blocks + 1)
    summed, _, _ = np.histogram2d(target, source, bins=(edges, edges), weights=weight)
    pairs = np.histogram(np.arange(n), edges)[0]
    matrix = summed / (pairs[:, None] * pairs)
    figure = new_figure(3.2) if axes is None else root(axes)
    panels: Any = figure.subplots(1, 2, width_ratios=[1.1, 1.0]) if axes is None else (axes, None)
    top = float(np.abs(matrix).max())
    image = panels[0].imshow(
        matrix / top, cmap=_SIGNED, vmin=-1, vmax=1, extent=(0, n, n, 0), interpolation="nearest", aspect="equal"
    )
    _borders(panels[0], network)
    if panels[1] is None:
        return figure
    figure.colorbar(image, ax=panels[0], shrink=0.8, label="weight / largest")
    _inputs(panels[1], network, source, target)
    return figure


def _borders(panel: Axes, network: Any) -> None:
    at = np.cumsum([0, *(size for _, size in network.populations)])
    for edge in at[1:-1]:
        panel.axhline(float(edge), color=MUTED, lw=0.5)
        panel.axvline(float(edge), color=MUTED, lw=0.5)
    middles = 0.5 * (at[:-1] + at[1:])
    names = [name for name, _ in network.populations]
    panel.set_xticks(middles, names)
    panel.set_yticks(middles, names)
    panel.tick_params(length=0)
    panel.set_xlabel("from")
    panel.set_ylabel("to")


def _inputs(panel: Axes, network: Any, source: Array, target: Array) -> None:
    """Distribution of the number of inputs of a neuron, from each population that sends any."""
    at = 0
    for k, (name, size) in enumerate(network.populations):
        mine = target[(source >= at) & (source < at + size)]
        at += size
        if not mine.size:
            continue
        counts = np.bincount(mine, minlength=network.size)
        low, high = int(counts.min()), int(counts.max())
        step = max(1, -(-(high - low) // 40))
        edges = np.arange(low, high + step + 1, step) - 0.5
        shares = np.histogram(counts, edges)[0] / network.size
        panel.stairs(shares, edges, color=CYCLE[k % len(CYCLE)], label=f"from {name}", fill=True, alpha=0.6)
    panel.set_xlabel("inputs of a neuron")
    panel.set_ylabel("share of the neurons")
    panel.set_ylim(bottom=0.0)
    panel.legend(loc="best")


def _synapses(network: Any) -> tuple[Array, Array, Array]:
    """Source, target and signed weight of every synapse."""
    neuron, factor = _slots(network.groups)
    tables = [(network.synapses, 0), *((one.synapses, one.pre[0]) for one in network.learning)]
    source = np.concatenate([np.asarray(t.sources()) + first for t, first in tables])
    slots = np.concatenate([np.asarray(t.slots) for t, _ in tables])
    weight = np.concatenate([np.broadcast_to(np.asarray(t.weights, float), (t.count,)) for t, _ in tables])
    return source, neuron[slots], weight * factor[slots]


def _slots(groups: tuple[Group, ...]) -> tuple[Array, Array]:
    """For every place where spikes arrive its neuron, and what a weight there is multiplied by."""
    neurons, factors, at = [np.zeros(0, int)], [np.zeros(0)], 0
    for group in groups:
        for receptor in group.cells.receptors:
            sign = 1.0
            if isinstance(receptor, ConductanceReceptor):
                sign = 1.0 if np.mean(receptor.E) >= np.mean(group.cells.rest()[0]) else -1.0
            neurons.append(at + np.arange(group.size))
            factors.append(np.broadcast_to(sign * np.asarray(receptor.gain, float), (group.size,)))
        at += group.size
    return np.concatenate(neurons), np.concatenate(factors)
