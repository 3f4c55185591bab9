"""Which figures a page shows, each with what one sees in it and the lines that make it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import plots
from .._errors import InputError
from ..analysis.regime import Diagnosis, RegimeFromData
from ..series import Recording, Trajectory
from ..systems import AbstractMap, AbstractSystem, dimension, is_discrete, kind
from ._code import Snippets
from ._page import Page, Section, Table, judged
from ._sentences import measured
from ._tables import exponents_table, fixed_points_table

_IMPORTS = "import dynascope as ds\nimport numpy as np\n"


def system_page(
    system: AbstractSystem,
    *,
    target: str,
    sentence: str,
    diagnosis: Diagnosis,
    results: dict[str, Any],
    settings: dict[str, Any],
    lines: Snippets,
    notes: tuple[str, ...],
) -> Page:
    """The page of a system."""
    sections = [
        *_attractors(diagnosis),
        *_optional(_trajectory, results["trajectory"], lines),
        *_portrait(results, system, lines),
        *_optional(_return_map, system, results, lines),
        *_optional(_power, system, results, lines),
        *_optional(_exponents, results, lines),
        *_optional(_equilibria, results, lines),
    ]
    unit = "" if system.time_unit in ("1", "step") else f", time in {system.time_unit}"
    kinds = {"sde": "noisy flow", "map": "map", "random map": "noisy map", "hybrid": "hybrid system with resets"}
    what, d = kinds.get(kind(system), kind(system)), dimension(system)
    source = f" {system.reference}." if system.reference else ""
    return judged(
        target,
        sentence,
        diagnosis.verdict,
        subtitle=f"A {what} with {d} state variable{'s' if d > 1 else ''}{unit}.{source}",
        sections=sections,
        notes=notes,
        settings=settings,
    )


def _attractors(diagnosis: Diagnosis) -> list[Section]:
    """A table of what coexists; nothing for a single attractor that all starts reach."""
    if len(diagnosis.attractors) < 2 and diagnosis.found.unbounded == 0:
        return []
    rows = [
        (
            a.verdict.regime,
            measured(a.share, a.stderr if a.stderr > 0 else None),
            f"{a.verdict.confidence:.2f}",
            "; ".join(f"{e.sign}: {_short(e.value, e.error)}" for e in a.verdict.evidence),
        )
        for a in diagnosis.attractors
    ]
    if diagnosis.found.unbounded > 0:
        what = (
            "lost at a fixed step" if diagnosis.verdict.regime == "undecided" and not rows else "runs away to infinity"
        )
        rows.append((what, measured(diagnosis.found.unbounded, None), "", ""))
    table = Table(("what", "share of random starts", "confidence", "signs"), tuple(rows))
    return [Section("Attractors", caption=diagnosis.found.summary(), table=table)]


def _short(value: Any, error: Any) -> str:
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else measured(float(value), error)


def _trajectory(run: Trajectory, lines: Snippets) -> Section:
    caption = "The state over time, from the initial state."
    if not run.successful:
        caption += f" {run.summary()}"
    figure = plots.time_series(run)
    code = f"{lines.shown(run.ts)}figure = ds.plots.time_series(run)\n"
    return Section(title="Time series", caption=caption, figure=plots.svg(figure, name="series"), code=code)


def _portrait(results: dict[str, Any], system: AbstractSystem, lines: Snippets) -> list[Section]:
    run: Trajectory = results.get("orbit", results["trajectory"])
    make = lines.long if "orbit" in results else lines.shown
    if isinstance(system, AbstractMap) and dimension(system) == 1:
        try:
            figure = plots.cobweb(system, run)
        except InputError:
            return []
        caption = (
            "The map (curve), the diagonal, and the staircase of the last steps: where the curve meets the diagonal, "
            "nothing moves."
        )
        code = f"{make(run.ts)}figure = ds.plots.cobweb(system, run)\n"
        return [Section(title="Cobweb", caption=caption, figure=plots.svg(figure, name="cobweb"), code=code)]
    if not np.any(np.ptp(np.asarray(run.flat), axis=0) > 1e-9):
        run, make = results["trajectory"], lines.shown
    try:
        figure = plots.phase_portrait(run)
    except InputError:
        return []
    code = f"{make(run.ts)}figure = ds.plots.phase_portrait(run)\n"
    caption = "The state against itself, after the transient: what the system does for ever."
    if run is results["trajectory"]:
        caption = "The state against itself, from the initial state on."
    turning = ""
    if dimension(system) >= 3 or kind(system) == "delay flow":
        turning = _turning(run, results.get("fixed_points"))
    return [
        Section(
            title="Phase portrait",
            caption=caption,
            figure=plots.svg(figure, name="portrait"),
            code=code,
            interactive=turning,
        )
    ]


def _turning(run: Trajectory, points: Any) -> str:
    """The portrait in space that one can turn, where the states have three coordinates to show; else nothing."""
    try:
        view = plots.projection(run)
        flat = view(np.asarray(run.flat))
        if flat.shape[1] != 3:
            return ""
        marks = view(points.states) if points is not None and len(points) else None
        return plots.phase_portrait_3d(flat, view.names, dots=run.time_unit == "step", marks=marks)
    except InputError:
        return ""


def _optional(make: Callable[..., Section], *args: Any) -> list[Section]:
    """The section, or none where there is nothing to draw."""
    try:
        return [make(*args)]
    except (InputError, KeyError):
        return []


def _return_map(system: AbstractSystem, results: dict[str, Any], lines: Snippets) -> Section:
    if is_discrete(system):
        raise InputError("A map has no maxima between its steps; its portrait says the same.")
    run = results["orbit"]
    figure = plots.return_map(run)
    caption = (
        "Each maximum of one variable against the one before. A curve means that one number decides the next (chaos of "
        "low dimension), a few points a cycle, a closed ring a torus, a cloud noise or many dimensions."
    )
    code = f"{lines.long(run.ts)}figure = ds.plots.return_map(run)\n"
    return Section(title="Return map", caption=caption, figure=plots.svg(figure, name="returns"), code=code)


def widest(run: Trajectory) -> tuple[int, float]:
    """The component that varies most, winding angles by their cosines, and the frequency of that angle (0: none)."""
    flat, turns = np.asarray(run.flat, dtype=float), run.winding()
    column = int(np.argmax(np.where(turns > 0, np.cos(turns * flat), flat).std(axis=0)))
    return column, float(turns[column])


def _power(system: AbstractSystem, results: dict[str, Any], lines: Snippets) -> Section:
    power, run = results["spectrum"], results["orbit"]
    column, turn = widest(run)
    name = f"the cosine of {run.names[column]}" if turn else run.names[column]
    figure = plots.power_spectrum(power, time_unit=system.time_unit)
    caption = f"Power spectrum of {name} on the attractor. Sharp lines are rhythms; a broad floor is chaos or noise."
    seen = f"np.asarray(run.flat)[:, {column}]"
    seen = seen if not turn else f"np.cos({seen})" if turn == 1 else f"np.cos({turn!r} * {seen})"
    code = (
        f"{lines.long(run.ts)}"
        f"power = ds.spectrum({seen}, dt=float(run.ts[1] - run.ts[0]))\n"
        f"figure = ds.plots.power_spectrum(power, time_unit={system.time_unit!r})\n"
    )
    return Section(title="Power spectrum", caption=caption, figure=plots.svg(figure, name="power"), code=code)


def _exponents(results: dict[str, Any], lines: Snippets) -> Section:
    found = results["lyapunov"]
    figure = plots.lyapunov(found)
    return Section(
        title="Lyapunov exponents",
        caption=f"How the running averages of the Lyapunov exponents settle. {found.summary()}",
        figure=plots.svg(figure, name="lyapunov"),
        table=exponents_table(found),
        code=f"{lines.exponents(len(found.exponents))}figure = ds.plots.lyapunov(exponents)\n",
    )


def _equilibria(results: dict[str, Any], lines: Snippets) -> Section:
    points = results["fixed_points"]
    on_attractor = "orbit" in results
    run = results["orbit"] if on_attractor else results["trajectory"]
    figure = plots.equilibria(points, trajectory=run)
    made = (lines.long if on_attractor else lines.shown)(run.ts)
    return Section(
        title="Fixed points",
        caption=f"{points.summary()} Full markers are stable, empty ones unstable.",
        figure=plots.svg(figure, name="fixed-points"),
        table=fixed_points_table(points),
        code=f"{made}{lines.equilibria}figure = ds.plots.equilibria(points, trajectory=run)\n",
    )


def recording_page(
    recording: Recording,
    *,
    target: str,
    sentence: str,
    regime: RegimeFromData,
    results: dict[str, Any],
    settings: dict[str, Any],
    origin: str,
    notes: tuple[str, ...],
    further: Sequence[Section] = (),
) -> Page:
    """The page of a recording; `further` sections come last."""
    head = f"{_IMPORTS}\n{origin}\n"
    data, dt = "recording.values", f"dt={recording.dt!r}"
    unit = f"time_unit={recording.time_unit!r}"
    drawn: list[tuple[str, str, str, str, Callable[[], Any]]] = [
        (
            "Recording",
            "recording",
            "What was recorded.",
            "figure = ds.plots.time_series(recording)",
            lambda: plots.time_series(recording),
        ),
        (
            "Reconstructed state",
            "embedding",
            "The series against its own past: choice of delay (mutual information) and dimension, and the shape that "
            "results.",
            f"found = ds.embedding({data}, {dt})\nfigure = ds.plot(found)",
            lambda: plots.plot(results["embedding"]),
        ),
        (
            "Power spectrum",
            "spectrum",
            "Sharp lines are rhythms; a broad floor is chaos or noise.",
            f"found = ds.spectrum({data}, {dt})\nfigure = ds.plots.power_spectrum(found, {unit})",
            lambda: plots.power_spectrum(results["spectrum"], time_unit=recording.time_unit),
        ),
        (
            "Divergence of neighbours",
            "exponent",
            "How fast states that were close drift apart; the slope of the straight part is the largest Lyapunov "
            "exponent.",
            f"found = ds.exponent_from_data({data}, {dt})\nfigure = ds.plots.divergence(found, {unit})",
            lambda: plots.divergence(results["exponent"], time_unit=recording.time_unit),
        ),
        (
            "Surrogates",
            "surrogates",
            "The data against noise of the same spectrum and distribution: outside the histogram, linear noise does "
            "not explain it.",
            f"found = ds.surrogate_test({data})\nfigure = ds.plot(found)",
            lambda: plots.plot(results["surrogates"]),
        ),
        (
            "Correlation dimension",
            "dimension",
            "Local slopes of the correlation sum: a plateau that stays as the embedding grows is the dimension.",
            f"found = ds.correlation_dimension({data}, {dt})\nfigure = ds.plot(found)",
            lambda: plots.plot(results["dimension"]),
        ),
        (
            "0-1 test",
            "zero_one",
            "Growth rate K for many frequencies: near 1 for chaos, near 0 for regular motion.",
            f"found = ds.zero_one({data})\nfigure = ds.plot(found)",
            lambda: plots.plot(results["zero_one"]),
        ),
        (
            "Recurrence",
            "recurrence",
            "When the state comes back close to where it was: long diagonals mean that it then moves alike again.",
            f"shape = ds.embedding({data}, {dt})\nfound = ds.recurrence(shape)\n"
            "figure = ds.plot(found, embedding=shape)",
            lambda: plots.plot(results["recurrence"], embedding=results["embedding"]),
        ),
    ]
    sections = []
    for title, name, caption, code, draw in drawn:
        if name in results:
            sections += _optional(_drawn, title, name, caption, f"{head}{code}\n", draw)
    sections += further
    count, channels = recording.values.shape
    return judged(
        target,
        sentence,
        regime.verdict,
        subtitle=f"A recording: {count} samples every {recording.dt:g} {recording.time_unit}, {channels} channel"
        f"{'s' if channels > 1 else ''}. {recording.source}",
        sections=sections,
        notes=notes,
        settings=settings,
    )


def _drawn(title: str, name: str, caption: str, code: str, draw: Callable[[], Any]) -> Section:
    return Section(title=title, caption=caption, figure=plots.svg(draw(), name=name), code=code)
