"""From a system to a report: run what applies, in the order in which a person would ask."""

from __future__ import annotations

import math
import time
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._errors import ComputationFailed, InputError
from .._param import parameters
from .._param import settings as static_settings
from .._random import seed_of
from .._types import Key, State
from ..analysis.regime import Attractor, Diagnosis, regime_of
from ..analysis.rhythm import Spectrum, spectrum
from ..analysis.stability import LyapunovSpectrum, lyapunov_spectrum
from ..learn.fitting import as_recorded
from ..series import Trajectory
from ..solve import Progress, fixed_solver, step_for, trajectory
from ..systems import AbstractSystem, dimension, is_discrete, kind, state_variables
from ._code import input_name, origin_of, snippets
from ._pages import system_page, widest
from ._report import Report
from ._sentences import describe_system, short_name

#: Shown at first: solver steps (maps: iterations) of the trajectory, and cycles of a rhythm.
_SHOWN_STEPS, _SHOWN_STEPS_MAP, _SHOWN_CYCLES = 8_000, 400, 12
#: Solver steps (maps: iterations) on the attractor for portrait and power spectrum; samples kept of them.
_LONG_STEPS, _LONG_STEPS_MAP, _LONG_SAMPLES = 60_000, 4_096, 36_000
#: Most exponents shown of a large system.
_EXPONENTS = 16


def report_system(
    system: AbstractSystem,
    *,
    target: str | None = None,
    y0: State = None,
    inputs: Any = None,
    key: Key | None = None,
    t1: float | None = None,
    transient: float | None = None,
    solver: Any = None,
    notes: tuple[str, ...] = (),
    origin: str | None = None,
    progress: bool = False,
) -> Report:
    """Say what kind of dynamical system this is, with every picture and number that supports it.

    Args:
        system: Any system.
        target: Name to show; None takes the class name.
        y0: Initial state; None takes `initial_state()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        t1: End of the trajectory shown; None chooses it from the motion.
        transient: Time left out before attractors are judged; None takes 20,000 solver steps.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        notes: What was assumed on the way in, to be shown.
        origin: Lines of Python that make `system` (and `inputs`, if they say so), for the page; None derives them where
            possible.
        progress: Show progress on standard error.

    Returns:
        A `Report`; `save(folder)` writes page and numbers.

    Raises:
        InputError: For arguments that do not fit the system.
    """
    started = time.perf_counter()
    target = target if target is not None else type(system).__name__
    key = key if key is not None else jax.random.key(0)
    if t1 is not None and not (math.isfinite(t1) and t1 > 0):
        raise InputError(f"`t1` must be a positive time, got {t1}.")
    with Progress(4, f"report on {target}", show=progress) as bar:
        diagnosis = regime_of(system, y0=y0, inputs=inputs, key=key, transient=transient, solver=solver)
        # A system that was learned from samples of a flow is named as the flow.
        diagnosis = as_recorded(system, diagnosis)
        bar.advance(1)
        main = _main(diagnosis)
        run = _shown(system, main, y0, inputs, key, t1, solver)
        orbit = _long(system, main, y0, inputs, key, solver)
        bar.advance(1)
        lyapunov = _exponents(system, main, inputs, key, solver)
        bar.advance(1)
        power = _power(orbit)
        results = {
            "trajectory": run,
            "orbit": orbit,
            "lyapunov": lyapunov,
            "fixed_points": diagnosis.fixed_points,
            "attractors": diagnosis.found,
            "spectrum": power,
            "returns": main.returns if main is not None else None,
        }
        results = {name: value for name, value in results.items() if value is not None}
        bar.advance(1)
    settings = _settings(system, inputs, key, solver, diagnosis)
    sentence = describe_system(short_name(target), diagnosis)
    lines = snippets(
        system,
        origin=origin if origin is not None else origin_of(system, target),
        y0=y0,
        inputs=inputs,
        key=key,
        solver=solver,
        start=main.state if main is not None else None,
    )
    page = system_page(
        system,
        sentence=sentence,
        diagnosis=diagnosis,
        results=results,
        settings=settings,
        lines=lines,
        notes=notes,
        target=target,
    )
    return Report(
        page,
        kind=kind(system),
        dimension=dimension(system),
        verdict=diagnosis.verdict,
        results=results,
        attractors=tuple(a.to_json() for a in diagnosis.attractors),
        seconds=time.perf_counter() - started,
    )


def _main(diagnosis: Diagnosis) -> Attractor | None:
    """The attractor that the pictures show: where the initial state leads, else the most frequent."""
    if not diagnosis.attractors:
        return None
    return next((a for a in diagnosis.attractors if a.home), diagnosis.attractors[0])


def _shown(
    system: AbstractSystem, main: Attractor | None, y0: State, inputs: Any, key: Key, t1: float | None, solver: Any
) -> Trajectory:
    """The trajectory from the initial state, as a user would first see it."""
    if is_discrete(system):
        ts: Any = np.arange(0, (round(t1) if t1 else _SHOWN_STEPS_MAP) + 1)
    else:
        end = t1 if t1 is not None else _span(system, main, _SHOWN_STEPS, _SHOWN_CYCLES)
        ts = np.linspace(0.0, end, 4001)
    return trajectory(
        system,
        y0,
        ts,
        inputs=inputs,
        key=key,
        solver=solver if solver is not None else fixed_solver(system),
        throw=False,
    )


def _span(system: AbstractSystem, main: Attractor | None, steps: int, cycles: int) -> float:
    if main is not None and main.returns is not None and main.returns.multiplicity:
        return cycles * float(main.returns.period)
    return steps * step_for(system)


def _long(
    system: AbstractSystem, main: Attractor | None, y0: State, inputs: Any, key: Key, solver: Any
) -> Trajectory | None:
    """A long run on the attractor, evenly sampled; None if it diverges."""
    if main is None:
        return None
    solver = solver if solver is not None else fixed_solver(system)
    start: Any = main.carry
    if is_discrete(system):
        ts: Any = np.arange(_LONG_STEPS_MAP + 1)
    else:
        span = _span(system, main, _LONG_STEPS, 10 * _SHOWN_CYCLES)
        ts = np.linspace(0.0, span, _LONG_SAMPLES + 1)
    if kind(system) == "delay flow":
        start, ts = y0, np.concatenate([ts, ts[-1] + ts[1:]])
    run = trajectory(system, start, ts, inputs=inputs, key=key, solver=solver, throw=False)
    if not run.successful:
        return None
    if kind(system) == "delay flow":
        half = len(ts) // 2
        return eqx.tree_at(lambda r: (r.ts, r.ys), run, (run.ts[half:], jax.tree.map(lambda leaf: leaf[half:], run.ys)))
    return run


def _exponents(
    system: AbstractSystem, main: Attractor | None, inputs: Any, key: Key, solver: Any
) -> LyapunovSpectrum | None:
    """The spectrum on the main attractor: that of the verdict, or for a state at rest a short one."""
    if main is None or any(v.topology == "discrete" for v in state_variables(system)):
        return None
    if main.spectrum is not None:
        return main.spectrum
    k = min(dimension(system), _EXPONENTS) if kind(system) != "delay flow" else None
    try:
        return lyapunov_spectrum(system, k=k, y0=main.carry, transient=0.0, inputs=inputs, key=key, solver=solver)
    except ComputationFailed:
        return None


def _power(orbit: Trajectory | None) -> Spectrum | None:
    """The power spectrum of the most variable component on the attractor; None at rest."""
    if orbit is None:
        return None
    flat = np.asarray(orbit.flat)
    if not np.any(flat.std(axis=0) > 1e-9 * (np.abs(flat).max(axis=0) + 1e-12)):
        return None
    column, turn = widest(orbit)
    line = np.cos(turn * flat[:, column]) if turn else flat[:, column]
    return spectrum(line, dt=float(orbit.ts[1] - orbit.ts[0]))


def _settings(system: AbstractSystem, inputs: Any, key: Key, solver: Any, diagnosis: Diagnosis) -> dict[str, Any]:
    """Parameters, solver, starts and seed: all that is needed to get the same numbers again."""
    values = {}
    for name, (value, metadata) in parameters(system).items():
        unit = "" if metadata["unit"] == "1" else f" {metadata['unit']}"
        array = np.asarray(value)
        values[name] = f"{float(array):.8g}{unit}" if array.ndim == 0 else f"array of shape {array.shape}{unit}"
    solver = solver if solver is not None else fixed_solver(system)
    stepping: dict[str, Any] = {} if solver is None else {"solver": type(solver).__name__}
    if solver is not None and not is_discrete(system):
        inner = getattr(solver, "solver", solver)
        stepping["step"] = float(inner.dt)
    return {
        "parameters": values,
        **({"settings": static_settings(system)} if static_settings(system) else {}),
        **stepping,
        "input": input_name(inputs),
        "seed": seed_of(key),
        "starts": diagnosis.found.starts,
        "region": diagnosis.found.settings["region"],
        "solver_steps": diagnosis.found.settings["solver_steps"],
    }
