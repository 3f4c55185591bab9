"""From a network of spiking neurons to a report: run it, and say how it fires."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .. import plots
from .._errors import InputError
from .._param import settings as static_settings
from .._random import seed_of
from .._types import Key, State
from ..analysis import Evidence, Verdict
from ..analysis.spikes import FiringRegime, firing_regime, firing_statistics
from ..models.spiking import NoisySpikingNetwork, SpikingNetwork
from ..solve import Progress, SpikingRun, simulate
from ..systems import AbstractRandomMap, AbstractSpiking, kind
from ._code import input_name, origin_of
from ._page import Section, Table, judged
from ._report import Report
from ._sentences import measured, short_name
from ._spike_trains import sentence_of, statistics_of

#: Left out at the beginning, and length of a piece of the run, ms.
_TRANSIENT, _PIECE = 200.0, 1000.0
#: Pieces are added until those that fire have so many spikes on average, up to so many pieces.
_SPIKES, _PIECES = 25.0, 5


def report_spiking(
    network: AbstractSpiking,
    *,
    target: str | None = None,
    y0: State = None,
    inputs: Any = None,
    key: Key | None = None,
    t1: float | None = None,
    transient: float | None = None,
    notes: tuple[str, ...] = (),
    origin: str | None = None,
    progress: bool = False,
) -> Report:
    """Say how a network of spiking neurons fires, with every picture and number that supports it.

    Args:
        network: A network that `simulate` runs.
        target: Name to show; None takes the class name.
        y0: Initial state; None takes `initial_state()`.
        inputs: Input signal, one channel per population.
        key: Random key of the noise; None takes seed 0.
        t1: Length of the window that is looked at, ms; None takes one second, or up to five until neurons that fire
            have 25 spikes each.
        transient: Left out before it, ms; None takes 200 ms.
        notes: What was assumed on the way in, to be shown.
        origin: Lines of Python that make `system`; None derives them where possible.
        progress: Show progress on standard error.

    Returns:
        A `Report`; `save(folder)` writes page and numbers.

    Raises:
        InputError: For lengths of time that are not positive.
    """
    started = time.perf_counter()
    target = target if target is not None else type(network).__name__
    key = key if key is not None else jax.random.key(0)
    before = _TRANSIENT if transient is None else float(transient)
    if before < 0 or (t1 is not None and not t1 > 0):
        raise InputError(f"`t1` must be positive and `transient` not negative, got {t1} and {transient} ms.")
    with Progress(2, f"report on {target}", show=progress) as bar:
        run = _run(network, before, t1, y0=y0, inputs=inputs, key=key)
        bar.advance(1)
        trains = run.trains(start=before)
        regime = _ended(firing_regime(trains, seed=0), run, before)
        head = _head(network, target, run, before, origin=origin, drive=(y0, inputs, key))
        found, told = statistics_of(trains, regime, head=head, seed=0)
        bar.advance(1)
    results: dict[str, Any] = {"run": run, "firing": regime, "statistics": regime.statistics, **found}
    sections = [_raster(run, head), *told, *_wiring(network, head)]
    sections.insert(1, _populations(run, before, head))
    verdict = regime.verdict
    sentence = _sentence(short_name(target), regime, run)
    seed = seed_of(key)
    settings = {
        "transient_ms": before,
        "window_ms": run.stop - before,
        "step_ms": network.dt,
        "populations": dict(network.populations),
        **({"settings": static_settings(network)} if static_settings(network) else {}),
        "input": input_name(inputs),
        "seed": seed,
    }
    page = judged(
        target,
        sentence,
        verdict,
        subtitle=f"A network of {sum(size for _, size in network.populations)} spiking neurons, watched from "
        f"{before:g} to {run.stop:g} ms.",
        sections=sections,
        notes=notes,
        settings=settings,
    )
    return Report(
        page,
        kind=kind(network),
        dimension=sum(int(np.size(leaf)) for leaf in jax.tree.leaves(network.initial_state())),
        verdict=verdict,
        results=results,
        seconds=time.perf_counter() - started,
    )


def _run(network: AbstractSpiking, before: float, t1: float | None, **given: Any) -> SpikingRun:
    """A run of the length wanted, or one that is prolonged until there are spikes enough."""
    noise = given["key"] if isinstance(network, AbstractRandomMap) else None
    run = simulate(network, before + (t1 or _PIECE), y0=given["y0"], inputs=given["inputs"], key=noise)
    pieces = 1
    while t1 is None and pieces < _PIECES:
        counts = run.trains(start=before).counts
        if not counts.any() or counts[counts > 0].mean() >= _SPIKES:
            break
        more = simulate(network, _PIECE, y0=run.state, inputs=given["inputs"], key=noise, first_step=run.last_step)
        run = _joined(run, more)
        pieces += 1
    return run


def _joined(run: SpikingRun, more: SpikingRun) -> SpikingRun:
    """Both runs as one: `more` continues `run`."""
    whole = (np.concatenate([run.steps, more.steps]), np.concatenate([run.units, more.units]))
    last = eqx.tree_at(lambda r: (r.steps, r.units), more, whole)
    return dataclasses.replace(last, first_step=run.first_step)


def _ended(regime: FiringRegime, run: SpikingRun, before: float) -> FiringRegime:
    """The regime, or `silent` where the activity ended long before the run did."""
    if not run.steps.size or regime.verdict.regime == "silent":
        return regime
    last = (float(run.steps[-1]) + 1.0) * run.dt
    longest = 0.25 * (run.stop - before)
    if run.stop - last < longest:
        return regime
    sign = Evidence("last spike", last, None, f"No neuron fired in the last {run.stop - last:.4g} ms: activity ended.")
    verdict = Verdict("silent", 0.9, (sign, *regime.verdict.evidence))
    return dataclasses.replace(regime, verdict=verdict)


def _sentence(name: str, regime: FiringRegime, run: SpikingRun) -> str:
    if regime.verdict.regime == "silent" and run.steps.size:
        last = (float(run.steps[-1]) + 1.0) * run.dt
        if run.stop - last > 0:
            return f"{name} falls silent: the last spike comes at {last:.4g} of {run.stop:.4g} ms."
    return sentence_of(name, regime)


def _head(
    network: AbstractSpiking, target: str, run: SpikingRun, before: float, *, origin: str | None, drive: Any
) -> str:
    """Lines of Python that make `run` and `trains`."""
    y0, inputs, key = drive
    lines = ["import dynascope as ds", "import jax", "import numpy as np", ""]
    lines.append(origin if origin is not None else origin_of(network, target))
    more = ""
    for name, value, what in (("y0", y0, "initial state"), ("inputs", inputs, "input")):
        if value is not None:
            lines.append(f"# `{name}` is the {what} that the report was given.")
            more += f", {name}={name}"
    if isinstance(network, AbstractRandomMap):
        more += f", key=jax.random.wrap_key_data(np.array({seed_of(key)!r}, np.uint32))"
    lines.append(f"run = ds.solve.simulate(system, {run.stop!r}{more})")
    lines.append(f"trains = run.trains(start={before!r})")
    return "\n".join(lines) + "\n"


def _raster(run: SpikingRun, head: str) -> Section:
    return Section(
        title="Raster",
        caption="Every spike of some neurons of each population, and the rate of all of them below.",
        figure=plots.svg(plots.network_raster(run), name="raster"),
        code=f"{head}figure = ds.plots.network_raster(run)\n",
    )


def _populations(run: SpikingRun, before: float, head: str) -> Section:
    """Rate and irregularity of each population."""
    rows = []
    for name, size in run.populations:
        found = firing_statistics(run.trains(name, start=before))
        row = [name, str(size)]
        for values in (found.rates, found.cv, found.lv):
            kept = values[np.isfinite(values)]
            error = float(kept.std(ddof=1) / np.sqrt(kept.size)) if kept.size > 1 else None
            row.append(measured(float(kept.mean()), error) if kept.size else "too few spikes")
        rows.append(tuple(row))
    return Section(
        title="Populations",
        caption="Means over the neurons of each population, with their standard errors.",
        table=Table(("population", "neurons", "rate, Hz", "CV", "LV"), tuple(rows)),
        code=f"{head}found = ds.analysis.spikes.firing_statistics(trains)\n",
    )


def _wiring(network: AbstractSpiking, head: str) -> list[Section]:
    if not isinstance(network, SpikingNetwork | NoisySpikingNetwork):
        return []
    if not (network.synapses.count or any(one.synapses.count for one in network.learning)):
        return []
    return [
        Section(
            title="Connections",
            caption="Weights from column to row, blue what excites and orange what inhibits, and how many inputs "
            "neurons get.",
            figure=plots.svg(plots.connectivity(network), name="connections"),
            code=f"{head}figure = ds.plots.connectivity(system)\n",
        )
    ]
