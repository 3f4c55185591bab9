"""From spike trains to a report."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .. import plots
from ..analysis.rhythm import spectrum
from ..analysis.spikes import FiringRegime, binned, correlations, correlogram, firing_regime
from ..series import SpikeTrains
from ._page import Section, Table, judged
from ._report import Report
from ._sentences import measured, short_name

_IMPORTS = "import dynascope as ds\nimport numpy as np\n"
#: Most pairs of trains in the mean correlogram.
_PAIRS = 300
#: Most trains whose counts are correlated with each other.
_CORRELATED = 100
#: Bins of the spectrum of the population rate: at most so many, and at most so many to a mean interval.
_SAMPLES, _PER_INTERVAL = 20_000, 20


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
    lines = origin if origin is not None else f"trains = ds.read_spike_trains({target!r})"
    head = f"{_IMPORTS}\n{lines}\n"
    raster = Section(
        title="Raster",
        caption="Every spike, the mean rate below, and the rate of each train at the side.",
        figure=plots.svg(plots.raster(trains), name="raster"),
        code=f"{head}figure = ds.plots.raster(trains)\n",
    )
    found, told = statistics_of(trains, regime, head=head, seed=seed)
    results: dict[str, Any] = {"spike_trains": trains, "firing": regime, "statistics": regime.statistics, **found}
    sections = [raster, *told]
    verdict = regime.verdict
    sentence = sentence_of(short_name(target), regime)
    settings = {k: v for k, v in regime.settings.items() if k != "versions"} | {"source": trains.source}
    page = judged(
        target,
        sentence,
        verdict,
        subtitle=f"{len(trains)} spike trains with {int(trains.counts.sum())} spikes from {trains.start:g} to "
        f"{trains.stop:g} {trains.time_unit}. {trains.source}",
        sections=sections,
        notes=notes,
        settings=settings,
    )
    return Report(
        page,
        kind="spike trains",
        dimension=len(trains),
        verdict=verdict,
        results=results,
        seconds=time.perf_counter() - started,
    )


def statistics_of(
    trains: SpikeTrains, regime: FiringRegime, *, head: str, seed: int
) -> tuple[dict[str, Any], list[Section]]:
    """Results and sections on rates, irregularity, correlations and rhythm.

    Args:
        trains: The spike trains.
        regime: What `firing_regime` says of them.
        head: Lines of Python that make `trains`.
        seed: Seed of the pairs.
    """
    results: dict[str, Any] = {}
    generator = np.random.default_rng(seed)
    rows: list[tuple[str, str, str, str]] = []
    known = np.isfinite(regime.bin)
    able = np.flatnonzero(trains.counts > 0)
    if known and able.size > 1 and trains.duration > 3 * 4 * regime.bin:
        chosen = np.sort(generator.permutation(able)[:_CORRELATED])
        found = correlations(trains.select(chosen), bin=4 * regime.bin)
        results["correlations"] = found
        upper = found.matrix[np.triu_indices(chosen.size, 1)]
        low, high = np.quantile(upper[np.isfinite(upper)], [0.05, 0.95]) if np.isfinite(upper).any() else (np.nan,) * 2
        title = f"correlation of counts of pairs, bins of {4 * regime.bin:.3g} {trains.time_unit}"
        rows.append((title, measured(found.mean, found.mean_stderr), f"{low:.3g} to {high:.3g}", str(chosen.size)))
    sections = [_numbers(regime, head, rows)]
    pairs = _pairs(trains, generator)
    if len(pairs) and known and trains.duration > 160 * regime.bin:
        crossed = correlogram(trains, bin=regime.bin, longest=40 * regime.bin, pairs=pairs)
        results["correlogram"] = crossed
        code = f"bin={regime.bin!r}, longest={40 * regime.bin!r}, pairs=np.array({pairs[:1].tolist()!r})"
        sections.append(
            Section(
                title="Cross-correlogram",
                caption=f"How often spikes of two trains follow each other, mean of {len(pairs)} pairs, over chance.",
                figure=plots.svg(plots.correlograms(crossed), name="correlogram"),
                code=f"{head}found = ds.analysis.spikes.correlogram(trains, {code})\n"
                "figure = ds.plots.correlograms(found)\n",
            )
        )
    sections += _rhythm(trains, head, results)
    return results, sections


def _rhythm(trains: SpikeTrains, head: str, results: dict[str, Any]) -> list[Section]:
    """The spectrum of the rate of the population, if there are enough spikes for one."""
    total = int(trains.counts.sum())
    if len(trains) < 2 or total < 256:
        return []
    # Bins are whole milliseconds or tenths of them where that is fine enough, so that they fit grids of simulations.
    wanted = max(trains.duration * len(trains) / total / _PER_INTERVAL, trains.duration / _SAMPLES)
    bin = 10.0 ** np.floor(np.log10(wanted))
    if trains.duration / bin < 128:
        return []
    counts = binned(trains, bin=bin).sum(axis=0)
    if np.ptp(counts) == 0:
        return []
    power = spectrum(counts / (len(trains) * bin), dt=bin)
    results["spectrum"] = power
    code = (
        f"rate = ds.analysis.spikes.binned(trains, bin={bin!r}).sum(axis=0) / {len(trains) * bin!r}\n"
        f"power = ds.analysis.rhythm.spectrum(rate, dt={bin!r})\n"
        f"figure = ds.plots.power_spectrum(power, time_unit={trains.time_unit!r})\n"
    )
    return [
        Section(
            title="Spectrum of the population rate",
            caption=power.summary(),
            figure=plots.svg(plots.power_spectrum(power, time_unit=trains.time_unit), name="rhythm"),
            code=head + code,
        )
    ]


def sentence_of(name: str, regime: FiringRegime) -> str:
    """The verdict on spike trains in one sentence."""
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


def _numbers(regime: FiringRegime, head: str, more: list[tuple[str, str, str, str]]) -> Section:
    statistics = regime.statistics
    rows: list[tuple[str, str, str, str]] = []
    for title, name in (("rate", "rates"), ("CV", "cv"), ("CV2", "cv2"), ("LV", "lv"), ("burst index", "burst_index")):
        values = getattr(statistics, name)
        values = values[np.isfinite(values)]
        if values.size:
            error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else None
            low, high = np.quantile(values, [0.05, 0.95])
            rows.append((title, measured(float(values.mean()), error), f"{low:.3g} to {high:.3g}", str(values.size)))
    table = Table(("statistic", "mean of the trains", "5 % to 95 %", "trains"), (*rows, *more))
    return Section(
        title="Rates and irregularity",
        caption="Local variation over rate, one dot a train: trains that keep time lie below the line, Poisson spikes "
        "at 1.",
        figure=plots.svg(plots.firing_map(regime), name="firing"),
        table=table,
        code=f"{head}found = ds.analysis.spikes.firing_regime(trains)\nfigure = ds.plots.firing_map(found)\n",
    )


def _pairs(trains: SpikeTrains, generator: np.random.Generator) -> np.ndarray:
    """Some pairs of trains that fire, at random."""
    able = np.flatnonzero(trains.counts > 0)
    if able.size < 2:
        return np.zeros((0, 2), int)
    # Of a random few, because the pairs of thousands of trains do not fit into memory.
    able = np.sort(generator.permutation(able)[:_CORRELATED])
    first, second = np.triu_indices(able.size, 1)
    chosen = generator.permutation(first.size)[:_PAIRS]
    return np.stack([able[first[chosen]], able[second[chosen]]], axis=1)
