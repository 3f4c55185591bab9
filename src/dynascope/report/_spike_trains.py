"""From spike trains to a report."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .. import plots
from .._results import provenance
from ..analysis.spikes import FiringRegime, correlogram, firing_regime
from ..series import SpikeTrains
from ._page import Page, Section, Table
from ._report import Report
from ._sentences import measured, short_name

_IMPORTS = "import dynascope as ds\nimport numpy as np\n"
#: Most pairs of trains in the mean correlogram.
_PAIRS = 300


def report_spike_trains(
    trains: SpikeTrains,
    *,
    target: str | None = None,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    origin: str | None = None,
) -> Report:
    """Say how a population fires, with every picture and number that supports it.

    Args:
        trains: The spike trains.
        target: Name to show; None takes where they come from.
        seed: Seed of surrogates and bootstrap.
        notes: What was assumed on the way in, shown after the notes of the trains.
        origin: Lines of Python that make `trains`, for the page.

    Returns:
        A `Report`; `save(folder)` writes page and numbers.
    """
    started = time.perf_counter()
    target = target if target is not None else trains.source
    notes = (*trains.notes, *notes)
    regime = firing_regime(trains, seed=seed)
    results: dict[str, Any] = {"spike_trains": trains, "firing": regime, "statistics": regime.statistics}
    lines = origin if origin is not None else f"trains = ds.read_spike_trains({target!r})"
    head = f"{_IMPORTS}\n{lines}\n"
    sections = [
        Section(
            title="Raster",
            caption="Every spike, the mean rate below, and the rate of each train at the side.",
            figure=plots.svg(plots.raster(trains), name="raster"),
            code=f"{head}figure = ds.plots.raster(trains)\n",
        ),
        _numbers(regime, head),
    ]
    pairs = _pairs(trains, seed)
    if len(pairs) and np.isfinite(regime.bin):
        found = correlogram(trains, bin=regime.bin, longest=40 * regime.bin, pairs=pairs)
        results["correlogram"] = found
        code = f"bin={regime.bin!r}, longest={40 * regime.bin!r}, pairs=np.array({pairs[:1].tolist()!r})"
        sections.append(
            Section(
                title="Cross-correlogram",
                caption=f"How often spikes of two trains follow each other, mean of {len(pairs)} pairs, over chance.",
                figure=plots.svg(plots.correlograms(found), name="correlogram"),
                code=f"{head}found = ds.analysis.spikes.correlogram(trains, {code})\n"
                "figure = ds.plots.correlograms(found)\n",
            )
        )
    verdict = regime.verdict
    sentence = _sentence(short_name(target), regime)
    settings = {k: v for k, v in regime.settings.items() if k != "versions"} | {"source": trains.source}
    page = Page(
        target,
        sentence,
        subtitle=f"{len(trains)} spike trains with {int(trains.counts.sum())} spikes from {trains.start:g} to "
        f"{trains.stop:g} {trains.time_unit}. {trains.source}",
        confidence=verdict.confidence,
        evidence=verdict.evidence,
        sections=tuple(sections),
        notes=notes,
        settings=settings,
        versions=provenance()["versions"],
    )
    return Report(
        target=target,
        kind="spike trains",
        dimension=len(trains),
        sentence=sentence,
        verdict=verdict,
        results=results,
        attractors=(),
        seconds=time.perf_counter() - started,
        settings=settings,
        versions=provenance()["versions"],
        notes=notes,
        page=page,
    )


def _sentence(name: str, regime: FiringRegime) -> str:
    rate = f"{regime.statistics.rates.mean():.3g} spikes per {regime.settings['time_unit']}"
    match regime.verdict.regime:
        case "silent":
            return f"{name} is silent: fewer than one spike per train."
        case "undecided":
            return (
                f"How {name} fires cannot be decided: {regime.verdict.evidence[0].meaning[0].lower()}"
                + (regime.verdict.evidence[0].meaning[1:])
            )
        case "bursting":
            kind = f" ({regime.verdict.attributes[0]})" if regime.verdict.attributes else ""
            return f"{name} fires in bursts{kind}, {rate} and train on average."
        case word:
            return f"{name} fires {word.replace('ous ', 'ously and ')}ly, {rate} and train on average."


def _numbers(regime: FiringRegime, head: str) -> Section:
    statistics = regime.statistics
    rows = []
    for title, name in (("rate", "rates"), ("CV", "cv"), ("CV2", "cv2"), ("LV", "lv"), ("burst index", "burst_index")):
        values = getattr(statistics, name)
        values = values[np.isfinite(values)]
        if values.size:
            error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else None
            low, high = np.quantile(values, [0.05, 0.95])
            rows.append((title, measured(float(values.mean()), error), f"{low:.3g} to {high:.3g}", str(values.size)))
    table = Table(("statistic", "mean of the trains", "5 % to 95 %", "trains"), tuple(rows))
    return Section(
        title="Rates and irregularity",
        caption="Local variation over rate, one dot a train: below the line intervals are regular, Poisson spikes lie "
        "at 1.",
        figure=plots.svg(plots.firing_map(regime), name="firing"),
        table=table,
        code=f"{head}found = ds.analysis.spikes.firing_regime(trains)\nfigure = ds.plots.firing_map(found)\n",
    )


def _pairs(trains: SpikeTrains, seed: int) -> np.ndarray:
    """Some pairs of trains that fire, at random."""
    able = np.flatnonzero(trains.counts > 0)
    if able.size < 2:
        return np.zeros((0, 2), int)
    first, second = np.triu_indices(able.size, 1)
    chosen = np.random.default_rng(seed).permutation(first.size)[:_PAIRS]
    return np.stack([able[first[chosen]], able[second[chosen]]], axis=1)
