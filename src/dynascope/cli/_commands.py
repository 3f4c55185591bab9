"""The bodies of the commands: each calls one function of the library and puts its answer into words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._errors import RESULTS, InputError
from ..analysis.regime._time import depends_on_time
from ..analysis.stability import FixedPoints, LyapunovSpectrum, Newton, SpeedDescent, lyapunov_spectrum
from ..analysis.stability import fixed_points as find_fixed_points
from ..data import save
from ..series import Events, Recording, SpikeTrains, Trajectory
from ..solve import Tsit5, step_for, trajectory
from ..systems import (
    AbstractInput,
    AbstractSpiking,
    AbstractSystem,
    Constant,
    default_input,
    dimension,
    is_discrete,
    kind,
)
from ._answer import Answer
from ._basins import basins as basins
from ._bifurcations import bifurcations as bifurcations
from ._fit import fit as fit
from ._fit import seconds_of
from ._options import Options
from ._setup import input_of, key_of, output_times, span_of, start_of, stepper
from ._show import complex_number, number, plain, table
from ._study import study as study
from ._sweep import sweep as sweep
from ._targets import read_target, system_of
from ._values import share

_FAILED, _INTERRUPTED = 3, 130
#: Fixed points and components of a state that are shown to people; JSON and files hold all.
_POINTS_SHOWN, _COMPONENTS_SHOWN = 20, 6
#: Outputs from which on a run shows its progress: shorter ones are over before a bar is read.
_LONG = 20_000
#: States of a run from which Newton's method starts too.
_VISITED = 256


def report(target: str, options: Options) -> Answer:
    """The whole report: verdict, page and numbers."""
    found = read_target(target, options)
    # Drawing is slow to load: only a report needs it, and only once its target was read.
    from ..report import report_recording, report_spike_trains, report_spiking, report_system

    _say(found.notes, options)
    folder = options.out if options.out is not None else f"{found.name}-report"
    _check_folder(folder)
    progress = _progress(options)
    if options.budget is not None and not isinstance(found.value, Recording):
        raise InputError(
            f"`--budget` is the time to learn a system from a recording of numbers, but `{target}` is none. "
            "Leave it out."
        )
    if isinstance(found.value, Recording):
        seed, asked = options.seed or 0, seconds_of(options.budget, none=True)
        search: dict[str, Any] = {} if asked is None else {"budget": asked}
        made = report_recording(found.value, target=target, seed=seed, origin=found.origin, progress=progress, **search)
    elif isinstance(found.value, SpikeTrains):
        made = report_spike_trains(found.value, target=target, seed=options.seed or 0, origin=found.origin)
    else:
        system = found.value
        if options.rtol is not None:
            raise InputError(
                "A report steps at a fixed step, so `--rtol` means nothing here. Give the step with `--dt`, or leave "
                "`--rtol` out."
            )
        inputs, assumed = input_of(system, options)
        _say(assumed, options)
        t1, transient = span_of(system, options)
        given: dict[str, Any] = {
            "target": target,
            "y0": start_of(system, options),
            "inputs": inputs,
            "key": key_of(options),
            "notes": (*found.notes, *assumed),
            "origin": found.origin,
            "progress": progress,
        }
        solver = stepper(system, options.dt)
        if isinstance(system, AbstractSpiking):
            # Steps on the command line, as for every map; milliseconds in the report.
            times: dict[str, Any] = {
                k: None if v is None else v * system.dt for k, v in (("t1", t1), ("transient", transient))
            }
            made = report_spiking(system, **given, **times)
        else:
            made = report_system(system, **given, t1=t1, transient=transient, solver=solver)
    files = made.save(folder)
    text = f"{made.summary()}\n\n  page     {files['page']}\n  numbers  {files['json']}, {files['nc']}"
    if "model" in files:
        text += f"\n  model    {files['model']}"
    return Answer({**made.to_json(), **files}, text)


def simulate(target: str, options: Options) -> Answer:
    """A trajectory, written to a file."""
    found, system = system_of(target, options, command="simulate")
    file = Path(options.out if options.out is not None else f"{found.name}.nc")
    _check_file(file, (".nc", ".npz", ".csv"))
    noise = share(options.noise, option="--noise")
    size = dimension(system)
    ts = output_times(system, options, dimension=size)
    inputs, assumed = input_of(system, options)
    _say((*found.notes, *assumed), options)
    grid = ts if ts[0] == 0 else np.concatenate([np.zeros(1, ts.dtype), ts])
    run = trajectory(
        system,
        start_of(system, options),
        grid,
        inputs=inputs,
        key=key_of(options),
        solver=_solver(system, options, float(grid[-1])),
        throw=False,
        progress=_progress(options) and len(grid) > _LONG,
    )
    run = _without_transient(run, float(ts[0]), dropped=len(grid) - len(ts))
    failure = RESULTS[run.result]
    if not len(run.ts):
        return Answer({"error": failure, "exit_code": _code(run.result)}, "", _code(run.result), failure)
    if options.observe:
        run = _observed(system, run, inputs)
    if noise is not None:
        run = _noisy(run, noise, jax.random.fold_in(key_of(options), 2))
    save(run, file)
    facts = {
        "target": target,
        "kind": kind(system),
        "dimension": size,
        "file": str(file),
        "shape": list(np.shape(run.flat)),
        "names": list(run.names),
        "units": list(run.units),
        "t0": plain(run.ts[0]),
        "t1": plain(run.ts[-1]),
        "dt": plain(run.ts[1] - run.ts[0]) if len(run.ts) > 1 else None,
        "time_unit": run.time_unit,
        "result": failure or "successful",
        "seed": options.seed or 0,
        "notes": [*found.notes, *assumed],
    }
    return Answer(facts, _told(run, file), _code(run.result), failure and f"{failure} What was reached is in `{file}`.")


def lyapunov(target: str, options: Options) -> Answer:
    """The Lyapunov spectrum."""
    found, system = system_of(target, options, command="lyapunov")
    if options.out is not None:
        _check_file(Path(options.out), (".nc", ".npz"))
    inputs, assumed = input_of(system, options)
    _say((*found.notes, *assumed), options)
    t1, transient = span_of(system, options)
    rtol = share(options.rtol, option="--rtol")
    precision: dict[str, Any] = {} if rtol is None else {"rtol": rtol}
    spectrum = lyapunov_spectrum(
        system,
        k=options.k,
        y0=start_of(system, options),
        transient=transient,
        duration=t1,
        key=key_of(options),
        inputs=inputs,
        solver=stepper(system, options.dt),
        progress=_progress(options),
        **precision,
    )
    notes = [*found.notes, *assumed]
    if np.any(np.isneginf(spectrum.exponents)):
        notes.append("An exponent of null is minus infinity: the direction is wiped out exactly, as by a reset.")
    notes += _doubts(spectrum)
    unit = f"nats per {_per(system)}"
    facts = {
        "target": target,
        "kind": kind(system),
        "dimension": spectrum.dimension,
        "exponents": plain(spectrum.exponents),
        "stderr": plain(spectrum.stderr),
        "converged": bool(spectrum.converged),
        "kaplan_yorke": plain(spectrum.kaplan_yorke),
        "kaplan_yorke_stderr": plain(spectrum.kaplan_yorke_stderr),
        "entropy_rate": plain(spectrum.entropy_rate),
        "entropy_rate_stderr": plain(spectrum.entropy_rate_stderr),
        "twin": plain(spectrum.twin),
        "twin_stderr": plain(spectrum.twin_stderr),
        "unit": unit,
        "result": RESULTS[spectrum.result] or "successful",
        "notes": notes,
        "settings": plain(spectrum.settings),
    }
    if options.out is not None:
        facts["file"] = str(save(spectrum, options.out))
    return Answer(
        facts, _exponents_told(target, spectrum, unit, options), _code(spectrum.result), RESULTS[spectrum.result]
    )


def fixed_points(target: str, options: Options) -> Answer:
    """Fixed points with eigenvalues and stability."""
    found, system = system_of(target, options, command="fixed-points")
    if options.out is not None:
        _check_file(Path(options.out), (".nc", ".npz"))
    inputs, assumed = input_of(system, options)
    _say((*found.notes, *assumed), options)
    frozen = _frozen_note(system, inputs)
    _say(frozen, options)
    tol = share(options.rtol, option="--rtol")
    large = dimension(system) > 16 and kind(system) in ("flow", "map")
    points = find_fixed_points(
        system,
        starts=_starts(system, inputs, options),
        inputs=inputs,
        key=key_of(options),
        method=None if tol is None else SpeedDescent(tol=tol) if large else Newton(tol=tol),
    )
    rows = [
        {
            "state": plain(points.states[i]),
            "eigenvalues": plain(points.eigenvalues[i]),
            "stability": points.stability[i],
            "residual": plain(points.residuals[i]),
            "error": plain(points.errors[i]),
            "hits": int(points.hits[i]),
        }
        for i in range(len(points))
    ]
    facts = {
        "target": target,
        "kind": kind(system),
        "dimension": dimension(system),
        "names": list(points.names),
        "fixed_points": rows,
        "failed_starts": points.failed_starts,
        "missed_share": plain(points.missed_share),
        "missed_stderr": plain(points.missed_stderr),
        "continuum": points.continuum or None,
        "slow_points": [
            {"state": plain(state), "speed": plain(speed)}
            for state, speed in zip(points.slow_points, points.speeds, strict=True)
        ],
        "summary": points.summary(),
        "result": RESULTS[points.result] or "successful",
        "notes": [*found.notes, *assumed, *frozen],
        "settings": plain(points.settings),
    }
    if options.out is not None:
        facts["file"] = str(save(points, options.out))
    return Answer(facts, _points_told(target, points, options), _code(points.result), RESULTS[points.result])


def _frozen_note(system: AbstractSystem, inputs: Any) -> tuple[str, ...]:
    """That a rule or an input which depends on time stands still while its fixed points are sought."""
    if depends_on_time(system) or (inputs is not None and not isinstance(inputs, Constant)):
        return ("The rule or its input depends on time: these are the fixed points of what it is at t = 0, frozen.",)
    return ()


def _code(result: Any) -> int:
    if result == RESULTS.successful:
        return 0
    return _INTERRUPTED if result == RESULTS.interrupted else _FAILED


def _say(notes: tuple[str, ...], options: Options) -> None:
    if not options.quiet:
        for note in notes:
            print(f"Note: {note}", file=sys.stderr)


def _progress(options: Options) -> bool:
    return not options.quiet and sys.stderr.isatty()


def _check_file(file: Path, suffixes: tuple[str, ...]) -> None:
    """Fail before the work, not after it."""
    if file.suffix.lower() not in suffixes:
        listed = ", ".join(f"`{s}`" for s in suffixes)
        raise InputError(f"`--out {file}` must end in one of {listed}, which says the format.")
    if not file.parent.is_dir():
        raise InputError(f"`--out {file}`: there is no folder `{file.parent}`. Make it first.")


def _check_folder(folder: str) -> None:
    if Path(folder).exists() and not Path(folder).is_dir():
        raise InputError(f"`--out {folder}` is a file, but a report is written into a folder. Give another name.")


def _solver(system: AbstractSystem, options: Options, end: float) -> Any:
    rtol = share(options.rtol, option="--rtol")
    found = kind(system)
    if rtol is not None and found != "flow":
        raise InputError(
            f"`--rtol` sets the error control of flows, but `{type(system).__name__}` is of the kind `{found}`, "
            "which is stepped without it. Leave it out."
        )
    if found not in ("flow", "hybrid"):
        return None
    # The limits on work grow with the time asked for: they are there to stop a run that gets nowhere.
    steps = end / step_for(system)
    if found == "hybrid":
        return stepper(system, end / steps, max_events=int(np.clip(steps / 4, 4096, 1_000_000)))
    most = int(np.clip(100 * steps, 1_000_000, 2_000_000_000))
    return Tsit5(max_steps=most) if rtol is None else Tsit5(rtol=rtol, atol=1e-2 * rtol, max_steps=most)


def _without_transient(run: Trajectory, start: float, *, dropped: int) -> Trajectory:
    """The trajectory from `start` on, and its events from then on."""
    if not dropped:
        return run
    events = run.events
    if events is not None:
        kept = int(events.count)
        times, surfaces = np.asarray(events.times)[:kept], np.asarray(events.surfaces)[:kept]
        late = times >= start
        events = Events(times[late], surfaces[late], np.asarray(int(late.sum())))
    return Trajectory(
        ts=run.ts[dropped:],
        ys=jax.tree.map(lambda leaf: leaf[dropped:], run.ys),
        result=run.result,
        count=max(int(run.count) - dropped, 0),
        events=events,
        stats=run.stats,
        names=run.names,
        units=run.units,
        time_unit=run.time_unit,
        periods=run.periods,
    )


def _observed(system: AbstractSystem, run: Trajectory, inputs: AbstractInput | None) -> Trajectory:
    """What `observe` shows along the trajectory, named after its components."""

    def one(t: Any, y: Any) -> Any:
        u = default_input(system) if inputs is None else inputs(t)
        return ravel_pytree(system.observe(t, y, u))[0]

    seen = np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(run.ts), jax.tree.map(jnp.asarray, run.ys)))
    if type(system).observe is AbstractSystem.observe:
        return _with_states(run, seen, run.names, run.units)
    width = seen.shape[1]
    names = ("observed",) if width == 1 else tuple(f"observed{i}" for i in range(width))
    return _with_states(run, seen, names, ("1",) * width)


def _noisy(run: Trajectory, share_of: float, key: Any) -> Trajectory:
    """The states with Gaussian noise of `share_of` times each variable's standard deviation."""
    flat = np.asarray(run.flat, float)
    draws = np.asarray(jax.random.normal(key, flat.shape))
    return _with_states(run, flat + share_of * flat.std(axis=0) * draws, run.names, run.units)


def _with_states(run: Trajectory, ys: np.ndarray, names: tuple[str, ...], units: tuple[str, ...]) -> Trajectory:
    return Trajectory(
        ts=run.ts,
        ys=ys,
        result=run.result,
        count=run.count,
        events=run.events,
        stats=run.stats,
        names=names,
        units=units,
        time_unit=run.time_unit,
        periods=run.periods if names == run.names else (),
    )


def _starts(system: AbstractSystem, inputs: Any, options: Options) -> Any:
    """States to start from besides the random ones: that of `--y0`, and those visited within `--t1`."""
    y0 = start_of(system, options)
    if options.t1 is None:
        alone = [name for name in ("transient", "dt") if getattr(options, name) is not None]
        if alone:
            raise InputError(f"`--{alone[0]}` needs `--t1`, the time to run before Newton's method starts. Give both.")
        return None if y0 is None else jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], y0)
    ts = output_times(system, options, dimension=dimension(system))
    grid = ts if ts[0] == 0 else np.concatenate([np.zeros(1, ts.dtype), ts])
    run = trajectory(system, y0, grid, inputs=inputs, key=key_of(options))
    chosen = np.unique(np.linspace(len(grid) - len(ts), len(grid) - 1, _VISITED).astype(int))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[chosen]), run.ys)


def _per(system: AbstractSystem) -> str:
    if is_discrete(system):
        return "step"
    return "time unit" if system.time_unit == "1" else system.time_unit


def _told(run: Trajectory, file: Path) -> str:
    flat = np.asarray(run.flat)
    unit = "" if run.time_unit == "1" else f" {run.time_unit}s" if run.time_unit == "step" else f" {run.time_unit}"
    head = f"{file}: {flat.shape[0]} samples of {flat.shape[1]} variable(s), t = {run.ts[0]:g} to {run.ts[-1]:g}{unit}"
    rows: list[tuple[str, ...]] = [("variable", "unit", "least", "mean", "greatest", "deviation")]
    for j, (name, own) in enumerate(zip(run.names[:_COMPONENTS_SHOWN], run.units, strict=False)):
        column = flat[:, j].astype(float)
        rows.append((name, own, *(f"{x:.5g}" for x in (column.min(), column.mean(), column.max(), column.std()))))
    more = len(run.names) - _COMPONENTS_SHOWN
    events = "" if run.events is None else f"\n  {int(run.events.count)} event(s)"
    return f"{head}\n{table(rows, right=(2, 3, 4, 5))}" + (f"\n  and {more} more" if more > 0 else "") + events


def _exponents_told(target: str, spectrum: LyapunovSpectrum, unit: str, options: Options) -> str:
    state = "converged" if spectrum.converged else "NOT converged: run longer (`--t1`) before trusting small exponents"
    rows = [("#", "exponent", "error")]
    for i, (value, error) in enumerate(zip(spectrum.exponents, spectrum.stderr, strict=True)):
        rows.append((str(i + 1), number(float(value), float(error)), f"± {error:.1g}" if np.isfinite(error) else ""))
    lines = [f"{target}: Lyapunov exponents in {unit} ({state})", table(rows, right=(0, 1))]
    dimension_ = "not reached with so few exponents"
    if np.isfinite(spectrum.kaplan_yorke):
        dimension_ = _with_error(spectrum.kaplan_yorke, spectrum.kaplan_yorke_stderr)
    lines += [
        f"  Kaplan-Yorke dimension  {dimension_}",
        f"  entropy rate (at most)  {_with_error(spectrum.entropy_rate, spectrum.entropy_rate_stderr)} {unit}",
    ]
    lines += [f"  {doubt}" for doubt in _doubts(spectrum)]
    return "\n".join(lines + ([f"  written to {options.out}"] if options.out else []))


def _doubts(spectrum: LyapunovSpectrum) -> list[str]:
    """What speaks against trusting a spectrum: signs that are not known, and a twin orbit that parts otherwise."""
    doubts = [spectrum.warning.strip()] if spectrum.warning else []
    if not spectrum.twin_agrees:
        doubts.append(
            f"A second orbit beside the first parts at a rate of {_with_error(spectrum.twin, spectrum.twin_stderr)}, "
            "not at that of the largest exponent: run longer, or with smaller steps."
        )
    return doubts


def _with_error(value: float, error: float) -> str:
    return f"{number(value, error)} ± {error:.1g}" if error > 0 else number(value)


def _points_told(target: str, points: FixedPoints, options: Options) -> str:
    starts = f"{points.settings['starts']} starts"
    if not len(points):
        return f"{target}: {points.summary()}"
    lines = [f"{target}: {len(points)} fixed point(s) from {starts}"]
    # Newton's method ends at 1e-39 rather than at 0: that is not a number to show.
    size = np.abs(points.states).max(axis=0)
    states = np.where(np.abs(points.states) < 1e-12 * np.maximum(size, 1e-12), 0.0, points.states)
    for i in range(min(len(points), _POINTS_SHOWN)):
        state = [f"{n} = {x:.6g}" for n, x in zip(points.names, states[i], strict=True)]
        values = [complex_number(complex(z)) for z in points.eigenvalues[i]]
        lines += [
            "",
            f"  {i + 1}. {points.stability[i]} ({points.hits[i]} starts, residual {points.residuals[i]:.1e})",
            f"     state        {_few(state)}",
            f"     eigenvalues  {_few(values)}",
        ]
    if len(points) > _POINTS_SHOWN:
        lines += ["", f"  and {len(points) - _POINTS_SHOWN} more (`--json` shows all)"]
    lines += ["", f"  {points.search_told()}"]
    return "\n".join(lines + (["", f"  written to {options.out}"] if options.out else []))


def _few(parts: list[str]) -> str:
    more = len(parts) - _COMPONENTS_SHOWN
    return ", ".join(parts[:_COMPONENTS_SHOWN]) + (f", and {more} more" if more > 0 else "")
